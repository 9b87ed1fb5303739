//! How many people may be where, for an evacuation: one sheet of A4 that is complete in itself. Once it is open it
//! needs no network, says how old it is, and prints.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use sky_proto::flow::v1::{GetHeadcountRequest, HeadcountZone, HouseState, Quality};

use crate::{
    edge::{Edge, answer},
    page::{self, DISPLAYS, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "headcount.html")]
struct HeadcountPage {
    w: Frame,
    rows: Vec<Row>,
    low: u32,
    high: u32,
    day: String,
    time: String,
    /// For the script that says how old the sheet is.
    iso: String,
    oldest: String,
    /// How the sum came about.
    basis: String,
    /// When nobody was found in it; empty: never.
    seen_empty: String,
    assumptions: Vec<String>,
    evacuating: bool,
    /// What it is, in the words of the house: the real thing or a drill.
    alarm: &'static str,
    since: String,
}

struct Row {
    level: String,
    zone: String,
    low: u32,
    high: u32,
    observed: String,
    quality: String,
}

fn row(w: &Words, zone: &HeadcountZone) -> Row {
    Row {
        level: w.text(&zone.level_name),
        zone: w.text(&zone.name),
        low: zone.low,
        high: zone.high,
        observed: w.time(&zone.observed_at),
        quality: w.t(match zone.quality() {
            Quality::Live => "quality-live",
            Quality::Manual => "quality-manual",
            Quality::Degraded => "quality-degraded",
            Quality::Estimated | Quality::Unspecified => "quality-estimated",
        }),
    }
}

/// Storey by storey, as somebody walks through the house.
fn by_storey(w: &Words, zones: &[HeadcountZone]) -> Vec<Row> {
    let mut rows: Vec<Row> = zones.iter().map(|zone| row(w, zone)).collect();
    let storeys: Vec<String> = rows.iter().map(|row| row.level.clone()).collect();
    rows.sort_by_key(|row| storeys.iter().position(|storey| *storey == row.level));
    rows
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    let count = answer(edge.zones(&caller).get_headcount(GetHeadcountRequest {})).await?;
    let w = guest.frame(guest.words.t("headcount-title"));
    let house = count.house.clone().unwrap_or_default();
    page::page(&HeadcountPage {
        rows: by_storey(&w, &count.zones),
        low: count.low,
        high: count.high,
        day: w.day(&count.as_of),
        time: w.time(&count.as_of),
        iso: w.iso(&count.as_of),
        oldest: w.time(&count.oldest),
        basis: w.text(&count.basis_text),
        seen_empty: match count.seen_empty_at {
            Some(_) => w.day_and_time(&count.seen_empty_at),
            None => String::new(),
        },
        assumptions: count.assumptions.into_iter().map(|text| w.text(&Some(text))).collect(),
        evacuating: house.state() == HouseState::Evacuating,
        alarm: if house.exercise { "house-exercise" } else { "house-evacuating" },
        since: w.time(&house.since),
        w,
    })
}
