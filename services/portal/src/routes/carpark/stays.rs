//! The stays of the last twelve hours: which class, since when, with a booking or without, and how sure the exit is. No
//! plate, no name, no code.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{from_timestamp, timestamp};
use sky_proto::parking::v1::{ListSessionsRequest, Session};

use super::{SITE, class};
use crate::{
    edge::{Edge, answer},
    page::{self, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

/// Before that, nobody at the lane needs them.
const SPAN: TimeDelta = TimeDelta::hours(12);

#[derive(Template)]
#[template(path = "carpark-stays.html")]
struct StaysPage {
    w: Frame,
    as_of: String,
    here: usize,
    stays: Vec<StayView>,
}

struct StayView {
    class: String,
    came: String,
    /// Empty: still here.
    left: String,
    /// "2:05" hours
    lasted: String,
    booked: bool,
    guessed: bool,
}

/// "2:05"
fn hours(time: TimeDelta) -> String {
    let minutes = time.num_minutes().max(0);
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn view(w: &Words, stay: &Session, now: DateTime<Utc>) -> StayView {
    let (came, left) = (from_timestamp(stay.entered_at), stay.left_at.map(|at| from_timestamp(Some(at))));
    StayView {
        class: class(w, stay.bay_class()),
        came: w.time(&stay.entered_at),
        left: stay.left_at.map(|at| w.time(&Some(at))).unwrap_or_default(),
        lasted: hours(left.unwrap_or(now) - came),
        booked: stay.has_right,
        guessed: stay.exit_is_estimated,
    }
}

/// `GET /carpark/stays`
pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(SITE)?;
    let now = edge.now();
    let span = ListSessionsRequest { from: Some(timestamp(now - SPAN)), until: Some(timestamp(now)) };
    let stays = answer(edge.occupancy(&caller).list_sessions(span)).await?.sessions;
    let mut w = guest.frame(guest.words.t("stays-title"));
    w.path = "/carpark".to_owned();
    page::page(&StaysPage {
        as_of: w.clock(now),
        here: stays.iter().filter(|stay| stay.left_at.is_none()).count(),
        stays: stays.iter().map(|stay| view(&w, stay, now)).collect(),
        w,
    })
}
