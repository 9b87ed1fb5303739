//! The café's board: numbers in preparation and numbers to be collected, large, and nothing else. For a monitor, and
//! for whoever wants to look.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use futures::StreamExt;
use kernel::Caller;
use sky_proto::gastro::v1::{PickupBoard, WatchPickupRequest};

use crate::{
    edge::{Edge, answer, first},
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    session::Guest,
};

/// As many as can be read from the tables.
const MOST: usize = 18;

#[derive(Template)]
#[template(path = "pickup.html", blocks = ["live"])]
struct PickupPage {
    w: Frame,
    revision: u64,
    ready: Vec<(u32, bool)>,
    preparing: Vec<u32>,
    delay: u32,
    resting: bool,
    observed: String,
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
        ready: board.ready.iter().take(MOST).map(|it| (it.number, it.recalled)).collect(),
        preparing: board.preparing.iter().take(MOST).copied().collect(),
        delay: board.delay_minutes,
        resting: board.resting,
        observed: w.time(&board.observed_at),
        w,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = who(&guest);
    let board = first(edge.kitchen(&caller).watch_pickup(WatchPickupRequest { after_revision: 0 })).await?;
    page::page(&view(guest.frame(guest.words.t("pickup-title")), &board))
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
