//! What is on, as far ahead as the house schedules, and the pages about the site itself.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{NaiveDate, TimeDelta};
use kernel::values::{from_timestamp, timestamp};
use sky_proto::reservations::v1::{
    Availability, AvailabilityReason, ListProgrammeRequest, Need, Showing, ShowingState,
};

use super::AHEAD;
use crate::{
    edge::{Edge, answer},
    page::{Frame, page},
    problem::Problem,
    session::Guest,
    words::{Words, in_halle},
};

/// A mark with a colour; the word says the same.
#[derive(Debug)]
pub(crate) struct Badge {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// Whether something can be booked, and why not.
pub(crate) fn availability(w: &Words, showing: &Showing) -> Badge {
    let (free, reason, until) = showing.availability.as_ref().map_or_else(
        || (0, AvailabilityReason::Unspecified, None),
        |availability| (availability.free_online, availability.reason(), availability.held_until),
    );
    match reason {
        AvailabilityReason::Free => Badge { kind: "good", text: w.n("places-free", free) },
        AvailabilityReason::Few => Badge { kind: "few", text: w.n("places-few", free) },
        AvailabilityReason::AllHeld => Badge { kind: "few", text: w.with("places-held", "time", &w.time(&until)) },
        AvailabilityReason::SoldOut => match wheelchair_left(showing) {
            0 => Badge { kind: "bad", text: w.t("places-sold-out") },
            left => Badge { kind: "few", text: w.n("places-wheelchair-only", left) },
        },
        AvailabilityReason::Cancelled => Badge { kind: "bad", text: w.t("places-cancelled") },
        AvailabilityReason::Past => Badge { kind: "plain", text: w.t("places-past") },
        AvailabilityReason::NotPublic => Badge { kind: "plain", text: w.t("places-not-public") },
        AvailabilityReason::NotYetOnSale => {
            let at = w.day_and_time(&showing.on_sale_at);
            Badge { kind: "plain", text: w.with("places-not-yet", "time", &at) }
        }
        AvailabilityReason::Unspecified => Badge { kind: "plain", text: w.t("places-unknown") },
    }
}

/// Places for wheelchair users, which nobody else is sold.
fn wheelchair_left(showing: &Showing) -> u32 {
    showing.availability.as_ref().map_or(0, |availability| availability.wheelchair_free)
}

const LEFT: [(Need, &str, &str); 5] = [
    (Need::Wheelchair, "left-wheelchair", "left-wheelchair-held"),
    (Need::Companion, "left-companion", "left-companion-held"),
    (Need::StepFree, "left-step-free", "left-step-free-held"),
    (Need::HearingLoop, "left-hearing-loop", "left-hearing-loop-held"),
    (Need::GuideDog, "left-guide-dog", "left-guide-dog-held"),
];

/// What is left for needs and for parties, or when it may come back. Of a showing that is sold out, what is left alone.
pub(crate) fn left(w: &Words, showing: &Showing) -> Vec<String> {
    let is_open = |reason: AvailabilityReason| {
        use AvailabilityReason::{AllHeld, Few, Free, SoldOut};
        matches!(reason, Free | Few | AllHeld | SoldOut)
    };
    let Some(availability) = showing.availability.as_ref().filter(|it| is_open(it.reason())) else {
        return Vec::new();
    };
    let mut left = Vec::new();
    for (wanted, free, held) in LEFT {
        let Some(need) = availability.needs.iter().find(|need| need.need() == wanted) else { continue };
        if need.held_until.is_some() {
            left.push(w.with(held, "time", &w.time(&need.held_until)));
        } else if need.free > 0 || availability.reason() != AvailabilityReason::SoldOut {
            left.push(w.n(free, need.free));
        }
    }
    left.extend(availability.together.filter(|most| *most > 0).map(|most| w.n("left-together", most)));
    left
}

/// Figures that are older than this, in seconds of the machine's time, say as of when they are.
const FRESH: i64 = 5;

/// As of when that is, if it is not of now; empty: it is.
pub(crate) fn as_of(edge: &Edge, w: &Words, showing: &Showing) -> String {
    let observed_at = showing.availability.as_ref().and_then(|availability| availability.observed_at);
    let fresh = TimeDelta::seconds(FRESH * i64::from(edge.clock.speed()));
    match observed_at {
        Some(at) if edge.now() - from_timestamp(Some(at)) > fresh => {
            w.with("places-as-of", "time", &w.time(&observed_at))
        }
        _ => String::new(),
    }
}

/// Delayed or cancelled.
pub(crate) fn change(w: &Words, showing: &Showing) -> Option<Badge> {
    match showing.state() {
        ShowingState::Delayed => {
            Some(Badge { kind: "few", text: w.with("showing-delayed", "time", &w.time(&showing.scheduled_starts_at)) })
        }
        ShowingState::Cancelled => Some(Badge { kind: "bad", text: w.t("showing-cancelled") }),
        ShowingState::OnSale | ShowingState::Unspecified => None,
    }
}

/// True when the booking form has a point: also when only places for wheelchair users are left.
pub(crate) fn is_bookable(showing: &Showing) -> bool {
    match showing.availability.as_ref().map(Availability::reason) {
        Some(AvailabilityReason::Free | AvailabilityReason::Few | AvailabilityReason::AllHeld) => true,
        Some(AvailabilityReason::SoldOut) => wheelchair_left(showing) > 0,
        _ => false,
    }
}

#[derive(Template)]
#[template(path = "programme.html")]
struct ProgrammePage {
    w: Frame,
    days: Vec<Day>,
}

struct Day {
    name: String,
    short: String,
    iso: String,
    showings: Vec<Entry>,
}

struct Entry {
    id: String,
    title: String,
    description: String,
    starts: String,
    starts_iso: String,
    ends: String,
    hall: String,
    notice: String,
    from_price: String,
    change: Option<Badge>,
    availability: Badge,
    bookable: bool,
}

fn entry(w: &Words, showing: &Showing) -> Entry {
    let cheapest = showing.prices.iter().filter_map(|price| price.price.as_ref()).map(|price| price.cents);
    Entry {
        id: showing.showing_id.clone(),
        title: w.text(&showing.title),
        description: w.text(&showing.description),
        starts: w.time(&showing.starts_at),
        starts_iso: w.iso(&showing.starts_at),
        ends: w.time(&showing.ends_at),
        hall: w.hall(&showing.hall),
        notice: w.text(&showing.notice),
        from_price: cheapest.filter(|cents| *cents > 0).min().map(|cents| w.cents(cents)).unwrap_or_default(),
        change: change(w, showing),
        availability: availability(w, showing),
        bookable: is_bookable(showing),
    }
}

pub(crate) async fn programme(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let w = guest.frame(guest.words.t("programme-title"));
    let now = edge.now();
    let request =
        ListProgrammeRequest { from: Some(timestamp(now)), until: Some(timestamp(now + AHEAD)), include_closed: false };
    let mut showings = answer(edge.reservations(&guest.visitor()).list_programme(request)).await?.showings;
    showings.sort_by_key(|showing| from_timestamp(showing.starts_at));
    let mut days: Vec<(NaiveDate, Day)> = Vec::new();
    for showing in &showings {
        let date = in_halle(from_timestamp(showing.starts_at));
        if days.last().is_none_or(|(last, _)| *last != date) {
            days.push((
                date,
                Day { name: w.date(date), short: w.short_date(date), iso: date.to_string(), showings: Vec::new() },
            ));
        }
        if let Some((_, day)) = days.last_mut() {
            day.showings.push(entry(&w, showing));
        }
    }
    page(&ProgrammePage { w, days: days.into_iter().map(|(_, day)| day).collect() })
}

#[derive(Template)]
#[template(path = "accessibility.html")]
struct Accessibility {
    w: Frame,
    /// Where to write to.
    house: String,
}

pub(crate) async fn accessibility(guest: Guest) -> Result<Response, Problem> {
    let house = guest.words.house_and_address();
    page(&Accessibility { w: guest.frame(guest.words.t("accessibility-title")), house })
}

#[derive(Template)]
#[template(path = "imprint.html")]
struct Imprint {
    w: Frame,
}

/// Who answers for these pages (§ 5 DDG).
pub(crate) async fn imprint(guest: Guest) -> Result<Response, Problem> {
    page(&Imprint { w: guest.frame(guest.words.t("imprint-title")) })
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct Privacy {
    w: Frame,
}

pub(crate) async fn privacy(guest: Guest) -> Result<Response, Problem> {
    page(&Privacy { w: guest.frame(guest.words.t("privacy-title")) })
}
