//! Very many are buying at this moment, or a service is away: a page that keeps what was typed and tries again by itself,
//! and without a script has a button for it.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::error::REASON;
use tonic::Status;

use crate::{
    fields::{AGAIN, Fields},
    page::{Frame, page as render},
    problem::Problem,
    session::Guest,
};

/// The longest pause before another try, in seconds.
const LONGEST: u32 = 16;

#[derive(Template)]
#[template(path = "busy.html")]
struct BusyPage {
    w: Frame,
    /// What stands for the visitor: what was typed is still there.
    kept: String,
    action: String,
    fields: Vec<(String, String)>,
    seconds: u32,
    /// The form can be changed before it is sent again.
    can_change: bool,
}

/// The button was pressed twice, and the first time is still being answered: the same form gets that answer.
pub(crate) fn is_under_way(status: &Status) -> bool {
    status.metadata().get(REASON).is_some_and(|reason| reason == "InProgress")
}

/// Too many ask: sends the same form again, to the same address, twice as late each time.
pub(crate) fn page(guest: &Guest, sent: &Fields, action: String, can_change: bool) -> Result<Response, Problem> {
    again(guest, sent, action, can_change, ["busy-title", "busy-kept"])
}

/// The same while a service that the form needs is away.
pub(crate) fn away(guest: &Guest, sent: &Fields, action: String, can_change: bool) -> Result<Response, Problem> {
    again(guest, sent, action, can_change, ["problem-unavailable", "away-kept"])
}

fn again(
    guest: &Guest,
    sent: &Fields,
    action: String,
    can_change: bool,
    [title, kept]: [&str; 2],
) -> Result<Response, Problem> {
    let tries = sent.count(AGAIN).unwrap_or(0).min(10) + 1;
    let seconds = 2_u32.saturating_pow(tries).min(LONGEST);
    let mut fields: Vec<(String, String)> = sent.pairs().filter(|(name, _)| *name != AGAIN).map(owned).collect();
    fields.push((AGAIN.to_owned(), tries.to_string()));
    let mut w = guest.frame(guest.words.t(title));
    // The language links cannot send the form again.
    w.path = "/".to_owned();
    let page = render(&BusyPage { kept: w.t(kept), w, action, fields, seconds, can_change })?;
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
