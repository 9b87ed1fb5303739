//! Who did what to the monitors and when: messages, warnings, set-up, pictures, what runs when.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use sky_proto::signage::v1::ListAuditRequest;

use crate::{
    edge::{Edge, answer},
    page::{self, DESK, Frame},
    problem::Problem,
    session::Guest,
};

/// Acts on one page.
const ACTS: u32 = 50;

#[derive(Template)]
#[template(path = "displays-audit.html")]
struct AuditPage {
    w: Frame,
    entries: Vec<EntryView>,
    /// 0: there are none.
    older: u64,
}

/// Which page of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Before {
    before: u64,
}

struct EntryView {
    at: String,
    who: String,
    act: String,
    about: String,
    what: String,
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(before): Query<Before>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = ListAuditRequest { before_id: before.before, limit: ACTS, about: String::new() };
    let list = answer(edge.signage(&caller).list_audit(request)).await?;
    let w = guest.frame(guest.words.t("displays-audit-title"));
    let entries = list.entries.into_iter().map(|entry| EntryView {
        at: w.day_and_time(&entry.at),
        who: entry.who,
        act: entry.act,
        about: entry.about,
        what: entry.what,
    });
    page::page(&AuditPage { entries: entries.collect(), older: list.next_before_id, w })
}
