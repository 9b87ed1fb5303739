//! "Hold the doors": what waiting would cost, shown before it is confirmed, and what taking a delay back would. A page of
//! its own with the answer and one button; the same for desk and operator.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use chrono::TimeDelta;
use kernel::values::{from_timestamp, timestamp};
use serde::Deserialize;
use sky_proto::{
    journey::v1::{
        Clash, DelayShowingRequest, DelayShowingResponse, FollowingShowing, PreviewDelayRequest, PreviewDelayResponse,
    },
    kernel::v1::LocalizedText,
};
use uuid::Uuid;

use super::super::desk_actions::{outcome, reason, refused};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::{Language, Words},
};

/// What people usually ask for.
pub(crate) const USUAL: [i32; 3] = [3, 5, 10];

#[derive(Template)]
#[template(path = "desk-hold.html")]
struct HoldPage {
    w: Frame,
    id: Uuid,
    back: &'static str,
    /// Below 0: earlier again.
    minutes: i32,
    is_earlier: bool,
    /// The same without its sign.
    by: u32,
    /// Other minutes to look at, with and without their sign, and the most that can be asked for.
    usual: Vec<(i32, u32)>,
    most: u32,
    starts: String,
    told: PreviewDelayResponse,
    following: Vec<FollowView>,
    meals: Vec<MealView>,
    meal_count: i64,
    bay_until: String,
    must_shift: bool,
    /// What guests will read, where the showing is put off for a reason of its own; None: the house waits for guests.
    reason: Option<String>,
    key: String,
    /// When it begins as it is now: what is seen here is for that.
    expected: String,
}

struct FollowView {
    starts: String,
    title: String,
    booked: u32,
    minutes: i32,
    by: u32,
    clash: String,
    kind: &'static str,
    shape: &'static str,
}

struct MealView {
    number: u32,
    at: String,
    then: String,
}

/// How long, and where to go back to.
#[derive(Debug, Deserialize)]
pub(crate) struct Ask {
    #[serde(default = "five")]
    minutes: i32,
    /// So many minutes earlier again, instead.
    earlier: Option<i32>,
    #[serde(default)]
    from: String,
    /// Put off, whatever for; empty: no reason is said.
    reason: Option<String>,
}

const fn five() -> i32 {
    5
}

/// As long as a showing may be put off at once.
const LONGEST: u32 = 240;

/// The desk's page of a showing, or the operator's.
fn back(from: &str) -> (&'static str, &'static str) {
    if from == "operator" { ("operator", "/operator") } else { ("desk", "/desk/showings") }
}

fn follow(w: &Words, other: &FollowingShowing) -> FollowView {
    let (clash, kind, shape) = match other.clash() {
        Clash::Overlap => (w.t("hold-clash-overlap"), "bad", "◆"),
        Clash::ShortTurnover => (w.n("hold-clash-turnover", other.gap_minutes), "few", "▲"),
        Clash::None | Clash::Unspecified if other.minutes < 0 => (w.t("earlier-follows"), "good", "●"),
        Clash::None | Clash::Unspecified => (w.t("hold-clash-none"), "good", "●"),
    };
    FollowView {
        starts: w.time(&other.starts_at),
        title: w.text(&other.title),
        booked: other.booked,
        minutes: other.minutes,
        by: other.minutes.unsigned_abs(),
        clash,
        kind,
        shape,
    }
}

/// Looks, changes nothing.
pub(crate) async fn look(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    Query(ask): Query<Ask>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let (from, to) = back(&ask.from);
    let minutes = ask.earlier.map_or(ask.minutes, i32::saturating_neg);
    let request = PreviewDelayRequest { showing_id: id.to_string(), minutes };
    let told = match answer(edge.journey(&caller).preview_delay(request)).await {
        Ok(told) => told,
        Err(status) => return refused(&edge, &guest, status, &format!("{to}/{id}")).await,
    };
    let title = match () {
        () if minutes < 0 => "earlier-title",
        () if ask.reason.is_some() => "delay",
        () => "hold-title",
    };
    let w = guest.frame(guest.words.t(title));
    let (most, usual) = if minutes < 0 {
        let most = told.earlier_at_most;
        let whole = i32::try_from(most).unwrap_or(i32::MAX);
        let less = USUAL.into_iter().filter(|some| *some < whole);
        (most, less.chain([whole]).map(|some| -some).collect::<Vec<_>>())
    } else {
        (LONGEST, USUAL.to_vec())
    };
    let meals = told.meals.iter().map(|meal| MealView {
        number: meal.number,
        at: w.time(&meal.pickup_at),
        then: w.time(&meal.then_at),
    });
    page(&HoldPage {
        id,
        back: from,
        minutes,
        is_earlier: minutes < 0,
        by: minutes.unsigned_abs(),
        usual: usual.into_iter().map(|some| (some, some.unsigned_abs())).collect(),
        most,
        starts: w.time(&told.starts_at),
        following: told.following.iter().map(|other| follow(&w, other)).collect(),
        meal_count: i64::try_from(told.meals.len()).unwrap_or(i64::MAX),
        meals: meals.collect(),
        bay_until: w.time(&told.last_bay_until),
        must_shift: told.following.iter().any(|other| other.minutes != 0),
        reason: ask.reason,
        key: Uuid::new_v4().to_string(),
        expected: (from_timestamp(told.starts_at) - TimeDelta::minutes(minutes.into())).to_rfc3339(),
        told,
        w,
    })
}

/// What visitors read when nothing else was typed.
fn waiting() -> LocalizedText {
    let (german, english) = (Words::speaking(Language::German), Words::speaking(Language::English));
    LocalizedText { de: german.t("hold-reason"), en: english.t("hold-reason"), plain: german.t("hold-reason-plain") }
}

/// The one command that everything follows.
pub(crate) async fn delay(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = DelayShowingRequest {
        idempotency_key: sent.idempotency_key()?,
        showing_id: id.to_string(),
        minutes: sent.get("minutes").parse().unwrap_or(0),
        reason: reason(&sent).or_else(|| sent.is_on("waiting").then(waiting)),
        shift_following: sent.is_on("shift"),
        expected_starts_at: sent.get("expected").parse().ok().map(timestamp),
    };
    let delayed = answer(edge.journey(&caller).delay_showing(request)).await;
    let w = &guest.words;
    let say = |done: DelayShowingResponse| {
        let moved = i64::try_from(done.following.len()).unwrap_or(i64::MAX);
        let mut detail = vec![w.n("desk-visits", done.visits_affected)];
        if moved > 0 {
            detail.push(w.n("hold-moved-too", moved));
        }
        Notice::good(w.with("desk-delayed", "time", &w.time(&done.starts_at))).with(detail.join(" "))
    };
    outcome(&edge, &guest, delayed, say, &format!("{}/{id}", back(sent.get("from")).1)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_the_doors_are_held_is_said_in_german_english_and_plain_german() {
        let LocalizedText { de, en, plain } = waiting();
        for said in [&de, &en, &plain] {
            assert!(said.contains(' ') && said.ends_with('.'), "{said}");
        }
        assert!(plain != de && en != de, "{plain}");
    }
}
