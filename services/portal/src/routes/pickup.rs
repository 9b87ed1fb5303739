//! The café's board: numbers in preparation and numbers to be collected, large, and nothing else. For a monitor, and
//! for whoever wants to look.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use futures::StreamExt;
use kernel::Caller;
use sky_proto::gastro::v1::{PickupBoard, WatchPickupRequest};

use super::house_alarm;
use crate::{
    alarm::AlarmView,
    edge::{Edge, answer, first},
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    session::Guest,
};

/// So many numbers are as large as they go; more of them are smaller, so that nobody's number is missing.
const LARGE: usize = 18;
const MIDDLE: usize = 45;

/// How large numbers are when there are so many of them.
const fn size(numbers: usize) -> &'static str {
    if numbers <= LARGE {
        "large"
    } else if numbers <= MIDDLE {
        "middle"
    } else {
        "small"
    }
}

#[derive(Template)]
#[template(path = "pickup.html", blocks = ["live"])]
struct PickupPage {
    w: Frame,
    revision: u64,
    ready: Vec<(u32, bool)>,
    ready_size: &'static str,
    preparing: Vec<u32>,
    preparing_size: &'static str,
    delay: u32,
    resting: bool,
    observed: String,
    /// That the house is to be left, with its language; empty: it is not.
    alarms: Vec<(&'static str, AlarmView)>,
}

/// A paired monitor, or anybody: there is nothing but numbers.
fn who(guest: &Guest) -> Caller {
    let device = guest.session.as_ref().and_then(|session| session.device.as_ref());
    match device {
        Some(device) => Caller::Device { id: device.id.clone(), kind: device.kind.clone() },
        None => guest.visitor(),
    }
}

fn view(w: Frame, board: &PickupBoard) -> PickupPage {
    PickupPage {
        revision: board.revision,
        ready: board.ready.iter().map(|it| (it.number, it.recalled)).collect(),
        ready_size: size(board.ready.len()),
        preparing: board.preparing.clone(),
        preparing_size: size(board.preparing.len()),
        delay: board.delay_minutes,
        resting: board.resting,
        observed: w.time(&board.observed_at),
        alarms: Vec::new(),
        w,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = who(&guest);
    let board = first(edge.kitchen(&caller).watch_pickup(WatchPickupRequest { after_revision: 0 })).await?;
    let mut page = view(guest.frame(guest.words.t("pickup-title")), &board);
    page.alarms = house_alarm::in_both(&edge, &guest.words).await;
    page::page(&page)
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    let caller = who(&guest);
    let request = WatchPickupRequest { after_revision: after.after };
    let boards = answer(edge.kitchen(&caller).watch_pickup(request)).await?;
    let frame = guest.frame(String::new());
    let fragments = boards.map(move |board| {
        let board = board?;
        Ok(Fragment { revision: board.revision, html: html(view(frame.clone(), &board).as_live().render())? })
    });
    Ok(live::respond(&edge, fragments))
}

#[cfg(test)]
mod tests {
    use sky_proto::gastro::v1::PickupNumber;

    use super::*;

    #[test]
    fn no_number_is_missing_however_many_there_are() {
        for (count, size) in
            [(1, "large"), (18, "large"), (19, "middle"), (45, "middle"), (46, "small"), (110, "small")]
        {
            let board = PickupBoard {
                ready: (1..=count).map(|number| PickupNumber { number, recalled: false }).collect(),
                preparing: (1000..1000 + count).collect(),
                ..PickupBoard::default()
            };
            let page = view(Frame::default(), &board).as_live().render().expect("a page");
            assert!(page.contains(&format!("<ol class=\"{size}\">")), "{count}");
            for number in (1..=count).chain(1000..1000 + count) {
                assert!(page.contains(&format!("<b>{number}</b>")), "{number} of {count}");
            }
        }
    }
}
