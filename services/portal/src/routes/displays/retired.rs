//! Monitors that were taken down: the house file no longer has them. They come back with it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use kernel::values::from_timestamp;
use sky_proto::signage::v1::{Display, ListRetiredRequest};

use crate::{
    edge::{Edge, answer},
    page::{self, DISPLAYS, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "displays-retired.html")]
struct RetiredPage {
    w: Frame,
    monitors: Vec<Retired>,
}

struct Retired {
    id: String,
    name: String,
    location: String,
    /// "Samstag, 28. November 12:00"
    since: String,
    /// When its device was last heard; may be empty.
    heard: String,
}

fn view(w: &Words, it: Display) -> Retired {
    let when = |at: Option<prost_types::Timestamp>| match at {
        Some(_) => format!("{} {}", w.day(&at), w.clock(from_timestamp(at))),
        None => String::new(),
    };
    Retired {
        name: w.text(&it.name),
        since: when(it.retired_at),
        heard: when(it.last_seen_at),
        location: it.location,
        id: it.display_id,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    let retired = answer(edge.devices(&caller).list_retired(ListRetiredRequest {})).await?.displays;
    let w = guest.frame(guest.words.t("retired-title"));
    page::page(&RetiredPage { monitors: retired.into_iter().map(|it| view(&w, it)).collect(), w })
}
