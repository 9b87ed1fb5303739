//! Who is missing, as staff read it: by what is known, and the party with the least time first.

use futures::future::join_all;
use kernel::Caller;
use sky_proto::{
    flow::v1::Admission,
    journey::v1::{ListMissingRequest, ListMissingResponse, MissingParty, Outlook},
    parking::v1::BayClass,
    reservations::v1::Need,
};

use crate::{
    edge::{Edge, answer},
    words::Words,
};

/// A party somebody waits for.
#[derive(Debug)]
pub(crate) struct PartyView {
    pub(crate) reference: String,
    pub(crate) showing: String,
    pub(crate) missing: u32,
    pub(crate) size: u32,
    pub(crate) whereabouts: String,
    /// "12 min", "−3 min"; empty: nothing can be said.
    pub(crate) slack: String,
    /// Of somebody who is not here: the least that it can be.
    pub(crate) best_case: bool,
    pub(crate) outlook: String,
    pub(crate) kind: &'static str,
    pub(crate) shape: &'static str,
    /// The house has told its visitors that it is late.
    pub(crate) at_risk: bool,
    /// Needs and a coach, in words.
    pub(crate) marks: Vec<String>,
}

/// A showing's missing people.
#[derive(Debug, Default)]
pub(crate) struct MissingView {
    pub(crate) booked: u32,
    pub(crate) admitted: u32,
    pub(crate) foyer: u32,
    pub(crate) car_park: u32,
    pub(crate) on_the_way: u32,
    pub(crate) unknown: u32,
    pub(crate) pace: String,
    pub(crate) parties: Vec<PartyView>,
    /// How many parties more than are shown.
    pub(crate) more: i64,
    /// Journey does not answer: nothing of this is known.
    pub(crate) away: bool,
}

const fn outlook(outlook: Outlook) -> (&'static str, &'static str, &'static str) {
    match outlook {
        Outlook::InTime => ("outlook-in-time", "good", "●"),
        Outlook::Close => ("outlook-close", "few", "▲"),
        Outlook::TooLate => ("outlook-too-late", "bad", "◆"),
        Outlook::Unknown | Outlook::Unspecified => ("outlook-unknown", "plain", "○"),
    }
}

fn marks(w: &Words, party: &MissingParty) -> Vec<String> {
    let need = |need| match need {
        Need::Wheelchair => Some("mark-wheelchair"),
        Need::Companion => Some("mark-companion"),
        Need::HearingLoop => Some("mark-hearing-loop"),
        Need::StepFree => Some("mark-step-free"),
        Need::GuideDog => Some("mark-guide-dog"),
        Need::Unspecified => None,
    };
    let coach = (party.bay_class() == BayClass::Coach).then_some("mark-coach");
    party.needs().filter_map(need).chain(coach).map(|key| w.t(key)).collect()
}

fn party(w: &Words, showing: &str, party: &MissingParty) -> PartyView {
    let (key, kind, shape) = outlook(party.outlook());
    let here = matches!(party.whereabouts.as_str(), "partly_in" | "in_foyer" | "in_car_park");
    let minutes = party.slack_seconds.div_euclid(60);
    PartyView {
        reference: party.reference.clone(),
        showing: showing.to_owned(),
        missing: party.size.saturating_sub(party.admitted),
        size: party.size,
        whereabouts: if party.arrives_at.is_some() {
            w.with("whereabouts-arrives", "time", &w.time(&party.arrives_at))
        } else {
            w.t(match party.whereabouts.as_str() {
                "in_car_park" => "whereabouts-car-park",
                "in_foyer" => "whereabouts-foyer",
                "partly_in" => "whereabouts-partly-in",
                "on_the_way" => "whereabouts-on-the-way",
                _ => "whereabouts-unknown",
            })
        },
        slack: format!("{}{} min", if minutes < 0 { "−" } else { "" }, minutes.abs()),
        best_case: !here && party.arrives_at.is_none(),
        outlook: w.t(key),
        kind,
        shape,
        at_risk: party.at_risk_since.is_some(),
        marks: marks(w, party),
    }
}

fn beyond(all: usize, most: usize) -> i64 {
    i64::try_from(all.saturating_sub(most)).unwrap_or(i64::MAX)
}

/// The view of one list; of its parties the first `most`.
pub(crate) fn view(w: &Words, showing: &str, list: &ListMissingResponse, most: usize) -> MissingView {
    let pace = if list.pace_is_measured { "missing-pace-measured" } else { "missing-pace-usual" };
    MissingView {
        booked: list.booked,
        admitted: list.admitted,
        foyer: list.in_foyer,
        car_park: list.in_car_park,
        on_the_way: list.on_the_way,
        unknown: list.unknown,
        pace: w.n(pace, list.people_in_ten_minutes),
        parties: list.parties.iter().take(most).map(|missing| party(w, showing, missing)).collect(),
        more: beyond(list.parties.len(), most),
        away: false,
    }
}

/// The list of one showing; away when journey does not answer.
pub(crate) async fn of(edge: &Edge, caller: &Caller, w: &Words, admission: &Admission, most: usize) -> MissingView {
    let request = ListMissingRequest { showing_id: admission.showing_id.clone() };
    match answer(edge.journey(caller).list_missing(request)).await {
        Ok(list) => view(w, &w.time(&admission.starts_at), &list, most),
        Err(status) => {
            tracing::debug!(code = ?status.code(), "the desk does not know who is missing");
            MissingView { away: true, ..MissingView::default() }
        }
    }
}

/// The lists of several showings as one: the next showing's parties first.
pub(crate) async fn of_all(
    edge: &Edge,
    caller: &Caller,
    w: &Words,
    admissions: &[&Admission],
    most: usize,
) -> MissingView {
    let lists = join_all(admissions.iter().map(|admission| of(edge, caller, w, admission, usize::MAX))).await;
    let mut all = MissingView::default();
    for list in lists {
        all.booked += list.booked;
        all.admitted += list.admitted;
        all.foyer += list.foyer;
        all.car_park += list.car_park;
        all.on_the_way += list.on_the_way;
        all.unknown += list.unknown;
        all.away |= list.away;
        if all.pace.is_empty() {
            all.pace = list.pace;
        }
        all.parties.extend(list.parties);
    }
    all.more = beyond(all.parties.len(), most);
    all.parties.truncate(most);
    all
}
