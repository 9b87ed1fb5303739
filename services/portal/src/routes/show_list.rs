//! The day on paper: every showing with its parties, to print each morning. From the door's own copy, so that it is there
//! when nothing else is; references and seats, no names.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use sky_proto::flow::v1::{GetShowListRequest, PrintedShowing};

use super::desk::showings;
use crate::{
    edge::{Edge, answer},
    page::{self, DESK, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "show-list.html")]
struct ShowListPage {
    w: Frame,
    day: String,
    time: String,
    /// For the script that says how old the sheet is.
    iso: String,
    /// The day that may be wanted besides.
    other: String,
    other_label: &'static str,
    showings: Vec<Showing>,
}

struct Showing {
    title: String,
    hall: String,
    state: String,
    doors: String,
    starts: String,
    ends: String,
    booked: String,
    assistance: u32,
    parties: Vec<Party>,
}

struct Party {
    reference: String,
    people: u32,
    admitted: u32,
    assistance: u32,
    seats: String,
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    day: String,
}

fn showing(w: &Words, it: PrintedShowing) -> Showing {
    let parties = it.parties.into_iter().map(|party| Party {
        reference: party.reference,
        people: party.people,
        admitted: party.admitted,
        assistance: party.assistance,
        seats: party.seats.join(", "),
    });
    Showing {
        parties: parties.collect(),
        title: w.text(&it.title),
        state: w.t(showings::name_of(it.state)),
        doors: w.time(&it.doors_at),
        starts: w.time(&it.starts_at),
        ends: w.time(&it.ends_at),
        hall: w.hall(&it.hall),
        booked: w.of("paper-booked", it.booked as usize, it.capacity as usize),
        assistance: it.assistance,
    }
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let today = kernel::values::day_of(edge.clock.now());
    let tomorrow = today.succ_opt().unwrap_or(today);
    let list = answer(edge.door(&caller).get_show_list(GetShowListRequest { day: asked.day })).await?;
    let is_tomorrow = list.day == tomorrow.to_string();
    let w = guest.frame(guest.words.t("paper-title"));
    page::page(&ShowListPage {
        day: list.day.parse().map_or_else(|_| list.day.clone(), |day| w.date(day)),
        time: w.time(&list.as_of),
        iso: w.iso(&list.as_of),
        other: if is_tomorrow { today } else { tomorrow }.to_string(),
        other_label: if is_tomorrow { "paper-today" } else { "paper-tomorrow" },
        showings: list.showings.into_iter().map(|it| showing(&w, it)).collect(),
        w,
    })
}
