//! The failure matrix: everything that may fall silent, how the house notices, what visitors and staff see then, and
//! how it recovers. Each row is tried out, on a clock that the test moves and with processes that really die; what a
//! row promises and nobody has built yet stands beside it.

mod barrier;
mod post;
mod rows;

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
    /// Of this row, what nobody has built: it belongs to arrival and table. Empty: nothing.
    open: &'static str,
}

const ROWS: [Row; 9] = [
    Row {
        silent: "monitor",
        detect: "three missed heartbeats of 20 s",
        visitor: "the stored plan, then the ways; its neighbour shows its message",
        staff: "the display as offline, with since when and who stands in for it",
        recovers: "a heartbeat; the log of what it showed is uploaded and counted once",
        check: || Box::pin(rows::monitor()),
        open: "",
    },
    Row {
        silent: "bus, and with it every other service's word",
        detect: "the player's own watch: each line says when it was observed and until when it holds",
        visitor: "the last plan with its age, never a blank; the door goes on admitting",
        staff: "the desk as before, the headcount to print",
        recovers: "what was told meanwhile is replayed from the log",
        check: || Box::pin(rows::bus()),
        open: "",
    },
    Row {
        silent: "barrier link",
        detect: "three missed heartbeats of 10 s; a command that nobody acknowledges expires at 30 s",
        visitor: "the barrier opens for a code; a way out is always open",
        staff: "the lane LINK_LOST or, with a list, LOCAL_LIST; commands as requested, then expired; hand-open count",
        recovers: "the lane's journal: each car counts once, however often it is told",
        check: || Box::pin(rows::barrier()),
        open: "intercom",
    },
    Row {
        silent: "lot feed",
        detect: "a count past its limit",
        visitor: "\"unknown\", never an old number and never zero",
        staff: "when it was observed",
        recovers: "the next record",
        check: || Box::pin(rows::lot()),
        open: "a limit of 5 minutes; feeds hold for 30, the house's own count for six hours",
    },
    Row {
        silent: "people sensor",
        detect: "three missed intervals",
        visitor: "a band",
        staff: "the zone DEGRADED without a number, the counter OFFLINE and what to do; whoever counts sets MANUAL",
        recovers: "zero in a house that somebody has found empty",
        check: || Box::pin(rows::sensor()),
        open: "",
    },
    Row {
        silent: "kitchen screen",
        detect: "two missed heartbeats of 20 s",
        visitor: "nothing changes",
        staff: "its tickets on paper, those that the printer has not acknowledged red; the same board on another screen",
        recovers: "a heartbeat; the board goes on from its revision, and no order is fired twice",
        check: || Box::pin(rows::kitchen_screen()),
        open: "",
    },
    Row {
        silent: "kitchen closes",
        detect: "a station is PAUSED",
        visitor: "nothing is offered that it would have to make; who has ordered may have it later, or the money back",
        staff: "the station on the board, and the list of orders that need a decision",
        recovers: "it is opened again: what was promised is made, and slots are offered",
        check: || Box::pin(rows::kitchen_closes()),
        open: "",
    },
    Row {
        silent: "payment provider",
        detect: "its call fails or takes too long",
        visitor: "the order kept as held",
        staff: "the payment as pending",
        recovers: "the button pressed again asks under the same id: paid once",
        check: || Box::pin(rows::payment()),
        open: "the TSE and its queue of unsigned receipts",
    },
    Row {
        silent: "mail server",
        detect: "its line does not open; it is left alone for 5 s, then longer, up to 5 minutes",
        visitor: "the order confirmed on the page, which has everything that the mail has",
        staff: "how many notices wait for it and since when",
        recovers: "it answers: each notice that still says something is sent once",
        check: || Box::pin(post::is_away()),
        open: "",
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
        if !row.open.is_empty() {
            println!("  not built: {}", row.open);
        }
        if !holds {
            broken.push(row.silent);
        }
    }
    assert_eq!(broken, [""; 0]);
}
