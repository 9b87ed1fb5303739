//! The failure matrix: everything that may fall silent, how the house notices, what visitors and staff see then, and
//! how it recovers. Each row is tried out, on a clock that the test moves and with processes that really die.

mod band;
mod barrier;
mod feed;
mod post;
mod rows;
mod silence;
mod tse;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use kernel::BoxFuture;

/// One row.
struct Row {
    silent: &'static str,
    detect: &'static str,
    visitor: &'static str,
    staff: &'static str,
    recovers: &'static str,
    check: fn() -> BoxFuture<'static, ()>,
}

const ROWS: [Row; 11] = [
    Row {
        silent: "monitor",
        detect: "three missed heartbeats of 20 s",
        visitor: "the stored plan, then the ways; its neighbour shows its message",
        staff: "the display as offline, with since when and who stands in for it",
        recovers: "a heartbeat; the log of what it showed is uploaded and counted once",
        check: || Box::pin(rows::monitor()),
    },
    Row {
        silent: "bus, and with it every other service's word",
        detect: "the player's own watch: each line says when it was observed and until when it holds",
        visitor: "the last plan with its age, never a blank; the door goes on admitting",
        staff: "the desk as before, the headcount and the day's show list to print",
        recovers: "what was told meanwhile is replayed from the log",
        check: || Box::pin(rows::bus()),
    },
    Row {
        silent: "bus and core: only signage and the portal live",
        detect: "signage has heard nothing of a service for 45 s: not on the bus, and its log does not answer",
        visitor: "the plan with \"Stand 14:32\"; no places left, no time to go, no door that is said to be open",
        staff: "the same on the wall; what people have decided stays, an evacuation is not touched",
        recovers: "the first answer: what was told meanwhile is read from the log, and the age is gone",
        check: || Box::pin(silence::core()),
    },
    Row {
        silent: "barrier link",
        detect: "three missed heartbeats of 10 s; a command that nobody acknowledges expires at 30 s",
        visitor: "at the barrier: hold the QR code to the reader, else the intercom; a way out is always open",
        staff: "the lane LINK_LOST or, with a list, LOCAL_LIST; commands as requested, then expired; hand-open count",
        recovers: "the lane's journal: each car counts once, however often it is told",
        check: || Box::pin(rows::barrier()),
    },
    Row {
        silent: "lot feed",
        detect: "a feed's count is older than 5 minutes at the barrier, than 30 elsewhere; the house's own after six hours",
        visitor: "\"unknown\", never an old number and never zero; at the barrier the others' names and ways remain",
        staff: "which feed it is and when it spoke last; when the house's own was observed",
        recovers: "the next record",
        check: || Box::pin(rows::lot()),
    },
    Row {
        silent: "people sensor",
        detect: "three missed intervals",
        visitor: "a band (\"nearly full\") on the signposts and in the open data, never a number",
        staff: "the zone DEGRADED without a number, the counter OFFLINE and what to do; whoever counts sets MANUAL",
        recovers: "zero in a house that somebody has found empty",
        check: || Box::pin(rows::sensor()),
    },
    Row {
        silent: "kitchen screen",
        detect: "two missed heartbeats of 20 s",
        visitor: "nothing changes",
        staff: "its tickets on paper, those that the printer has not acknowledged red; the same board on another screen",
        recovers: "a heartbeat; the board goes on from its revision, and no order is fired twice",
        check: || Box::pin(rows::kitchen_screen()),
    },
    Row {
        silent: "kitchen closes",
        detect: "a station is PAUSED",
        visitor: "nothing is offered that it would have to make; who has ordered may have it later, or the money back",
        staff: "the station on the board, and the list of orders that need a decision",
        recovers: "it is opened again: what was promised is made, and slots are offered",
        check: || Box::pin(rows::kitchen_closes()),
    },
    Row {
        silent: "payment provider",
        detect: "its call fails or takes too long",
        visitor: "the order kept as held",
        staff: "the payment as pending",
        recovers: "the button pressed again asks under the same id: paid once",
        check: || Box::pin(rows::payment()),
    },
    Row {
        silent: "TSE",
        detect: "its call takes too long (10 s, in the configuration)",
        visitor: "a receipt all the same, which says that it is not signed",
        staff: "how many receipts and orders are not signed, each with how often it was asked for",
        recovers: "it is asked again under the same id and looks what became of it: started once, finished once",
        check: || Box::pin(tse::hangs()),
    },
    Row {
        silent: "mail server",
        detect: "its line does not open; it is left alone for 5 s, then longer, up to 5 minutes",
        visitor: "the order confirmed on the page, which has everything that the mail has",
        staff: "how many notices wait for it and since when",
        recovers: "it answers: each notice that still says something is sent once",
        check: || Box::pin(post::is_away()),
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_failure_matrix_holds() {
    let mut broken = Vec::new();
    for row in &ROWS {
        let holds = AssertUnwindSafe((row.check)()).catch_unwind().await.is_ok();
        println!(
            "{}: {}\n  noticed by: {}\n  visitors: {}\n  staff: {}\n  recovers by: {}",
            row.silent,
            if holds { "holds" } else { "BROKEN" },
            row.detect,
            row.visitor,
            row.staff,
            row.recovers
        );
        if !holds {
            broken.push(row.silent);
        }
    }
    assert_eq!(broken, [""; 0]);
}
