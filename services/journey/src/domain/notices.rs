//! What visitors are told by e-mail: which notice follows from which change, when it goes out, and when it is given up.
//! A notice keeps what it is about and never what it says: that is made of the visit as it is when it is sent.

mod example;
mod kind;
pub(crate) mod letter;
mod moved;
mod news;
#[cfg(test)]
mod tests;
mod words;

use chrono::{DateTime, Days, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, day_of};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use example::example;
pub(crate) use kind::{Kind, OF_RISK};
pub(crate) use moved::{NewStart, delayed, said_as};

use super::{Admission, Bay, Kitchen, Part, Showing, State, Suspension, Visit, sum};

/// A meal that moves by less than this against its showing is no news: the visit's page shows it.
const MEAL_MOVES: TimeDelta = TimeDelta::minutes(10);
/// So often is tried what the mail server puts off.
pub(crate) const MOST_ATTEMPTS: u32 = 8;
/// The day before is not told any more when the showing is so near.
const TOO_NEAR: TimeDelta = TimeDelta::hours(2);

/// How far a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Waiting,
    /// The conversation with the mail server has begun.
    UnderWay,
    /// The mail server has taken it.
    Sent,
    /// Given up.
    Failed,
    /// Nobody knows whether the mail server has taken it: it is not sent again unless staff say so.
    Unsure,
    /// Something newer says more, or it came too late.
    Overtaken,
    NoAddress,
}

impl Sending {
    pub(crate) const ALL: [Self; 7] =
        [Self::Waiting, Self::UnderWay, Self::Sent, Self::Failed, Self::Unsure, Self::Overtaken, Self::NoAddress];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unsure => "unsure",
            Self::Overtaken => "overtaken",
            Self::NoAddress => "no_address",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Another place to park.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) walk_minutes: u32,
}

/// Another showing that would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) title: Text,
    pub(crate) starts_at: DateTime<Utc>,
}

/// What the visit's row does not say. No personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    /// Why, in the words of whoever decided.
    pub(crate) reason: Text,
    /// What it was before.
    pub(crate) was: Option<DateTime<Utc>>,
    pub(crate) places: Vec<Place>,
    pub(crate) choices: Vec<Choice>,
    /// Until when something may be chosen.
    pub(crate) until: Option<DateTime<Utc>>,
    /// What comes back.
    pub(crate) cents: i64,
}

/// A notice that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) visit: Uuid,
    pub(crate) kind: Kind,
    pub(crate) about: String,
    pub(crate) facts: Facts,
    pub(crate) state: Sending,
}

impl Wanted {
    /// `about` is what makes it another notice than one of the same kind before.
    pub(crate) fn new(visit: &Visit, kind: Kind, about: impl Into<String>, facts: Facts) -> Self {
        let state = if visit.contact.email.is_empty() { Sending::NoAddress } else { Sending::Waiting };
        Self { visit: visit.id, kind, about: about.into(), facts, state }
    }

    pub(crate) fn send_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.kind.quiet()
    }
}

/// A notice as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) kind: Kind,
    pub(crate) facts: Facts,
    pub(crate) state: Sending,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) send_at: DateTime<Utc>,
    pub(crate) attempts: u32,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) failure: String,
    /// Somebody of the house has told them in person.
    pub(crate) told_at: Option<DateTime<Utc>>,
}

/// An instant as what a notice is about.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

const fn is_ordered(state: State) -> bool {
    matches!(state, State::AwaitingPayment | State::Confirming | State::Confirmed)
}

const fn is_off(state: State) -> bool {
    matches!(state, State::Cancelled | State::Refunding | State::Refunded)
}

/// What a visitor is told of a change of their visit. The showing is asked for where a meal has moved.
pub(crate) fn following(before: &Visit, after: &Visit, showing: Option<&Showing>) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let mut tell = |kind, about: &str, facts| wanted.push(Wanted::new(after, kind, about, facts));
    if after.state == State::Confirmed && before.state != State::Confirmed {
        tell(Kind::Confirmed, "", Facts::default());
    }
    if after.state == State::Expired && before.state == State::AwaitingPayment {
        tell(Kind::NotCompleted, "", Facts { reason: after.notice.clone(), ..Facts::default() });
    }
    if after.state == State::Expired && before.is_on_waiting_list() {
        tell(Kind::WaitOver, "", Facts { reason: after.notice.clone(), ..Facts::default() });
    }
    if is_off(after.state) && is_ordered(before.state) {
        let cents = if gives_back(before, after) { sum(&after.items()) } else { 0 };
        tell(Kind::Cancelled, "", Facts { reason: after.notice.clone(), cents, ..Facts::default() });
    }
    if after.state != State::Confirmed || before.state != State::Confirmed || after.admitted >= after.size() {
        return wanted;
    }
    if before.showing == after.showing && places(before) != places(after) {
        // Which change it is: places that were given before may be given again.
        tell(Kind::Reseated, &after.revision.to_string(), Facts::default());
    }
    if let Some((kind, about, facts)) = parking(before, after) {
        tell(kind, &about, facts);
    }
    let (Some(was), Some(is)) = (&before.meal, &after.meal) else { return wanted };
    if was.dishes != is.dishes {
        let dishes: Vec<&str> = is.dishes.iter().map(|dish| dish.item_id.as_str()).collect();
        // Which change it is: what was there before may come again.
        let about = format!("{} {}", dishes.join(" "), after.revision);
        tell(Kind::MealChanged, &about, said_since(before, after));
    }
    let made = matches!(is.kitchen, Kitchen::Collected | Kitchen::Expired);
    if was.part == Part::Confirmed && is.part == Part::Cancelled && !made {
        tell(Kind::MealOff, "", Facts { cents: is.back, ..Facts::default() });
    } else if is.part == Part::Confirmed
        && was.pickup_at != is.pickup_at
        && showing.is_some_and(|showing| meal_left_its_showing(after, showing))
    {
        let facts = Facts { was: Some(was.pickup_at), ..Facts::default() };
        tell(Kind::MealMoved, &format!("{} {}", instant(is.pickup_at), after.revision), facts);
    }
    wanted
}

/// Whether a visit has been called off, and its money goes back.
pub(crate) fn gives_back(before: &Visit, after: &Visit) -> bool {
    is_ordered(before.state) && matches!(after.state, State::Refunding | State::Refunded)
}

/// So much is back.
pub(crate) fn refunded(before: &Visit, after: &Visit, cents: i64) -> Option<Wanted> {
    let is_back = after.state == State::Refunded && before.state != State::Refunded;
    is_back.then(|| Wanted::new(after, Kind::Refunded, "", Facts { cents, ..Facts::default() }))
}

fn places(visit: &Visit) -> Vec<&str> {
    let mut labels: Vec<&str> = visit.seats.iter().map(|seat| seat.label.as_str()).collect();
    labels.sort_unstable();
    labels
}

/// What the visit's page says now and did not say before.
fn said_since(before: &Visit, after: &Visit) -> Facts {
    let rest = |was: &str, is: &str| is.strip_prefix(was).unwrap_or(is).trim().to_owned();
    let (was, is) = (&before.notice, &after.notice);
    let reason = Text { de: rest(&was.de, &is.de), en: rest(&was.en, &is.en), plain: rest(&was.plain, &is.plain) };
    Facts { reason, ..Facts::default() }
}

/// The kitchen cannot make the meal as ordered, and its visitor may choose on the visit's page. Each question is told
/// once, however many there are about one meal.
pub(crate) fn kitchen_asks(visit: &Visit, question: &str, reason: Text) -> Option<Wanted> {
    let about = format!("asks {}", which(question, visit.meal.as_ref()?.pickup_at));
    let facts = Facts { reason, ..Facts::default() };
    (visit.state == State::Confirmed).then(|| Wanted::new(visit, Kind::MealAsked, about, facts))
}

/// Which question of the kitchen it is. Those that were asked before they had names are told apart by the pickup.
fn which(question: &str, pickup_at: DateTime<Utc>) -> String {
    if question.is_empty() { instant(pickup_at) } else { question.to_owned() }
}

/// The kitchen has decided, and the meal is neither off nor another one: those are told with what has changed.
pub(crate) fn kitchen_says(before: &Visit, after: &Visit, question: &str, text: &Text) -> Option<Wanted> {
    let (was, is) = (before.meal.as_ref()?, after.meal.as_ref()?);
    let stays = was.part == Part::Confirmed && is.part == Part::Confirmed && was.dishes == is.dishes;
    (after.state == State::Confirmed && stays && before.notice != after.notice).then(|| {
        let facts = Facts { reason: text.clone(), ..Facts::default() };
        Wanted::new(after, Kind::MealSettled, format!("{} {}", which(question, is.pickup_at), text.de), facts)
    })
}

/// Codes of the party were issued anew at that time.
pub(crate) fn reissued(visit: &Visit, at: DateTime<Utc>) -> Option<Wanted> {
    let comes = visit.state == State::Confirmed && visit.booking == Part::Confirmed && visit.admitted < visit.size();
    comes.then(|| Wanted::new(visit, Kind::Reissued, instant(at), Facts::default()))
}

/// The bay can no longer be used, or again, or never: each closure of the car park is told once. One that is prolonged or
/// changed is another closure, and told if the letter says anything else than the one before.
fn parking(before: &Visit, after: &Visit) -> Option<(Kind, String, Facts)> {
    let (old, new) = (before.bay.as_ref()?, after.bay.as_ref()?);
    if old.part == Part::Confirmed && matches!(new.part, Part::Refused | Part::Cancelled) {
        return Some((Kind::ParkingOff, after.showing.to_string(), said_since(before, after)));
    }
    let (was, is) = (old.suspension.as_ref(), new.suspension.as_ref());
    let closure = was.map(|it| &it.closure).filter(|id| !id.is_empty()).or(is.map(|it| &it.closure)).cloned();
    let facts = |it: &Suspension| Facts {
        reason: it.reason.clone(),
        places: it.alternatives.iter().map(|(name, walk)| Place { name: name.clone(), walk_minutes: *walk }).collect(),
        until: it.until,
        ..Facts::default()
    };
    let (kind, facts) = match (was, is) {
        (was, Some(is)) if is.lost && !was.is_some_and(|was| was.lost) => (Kind::ParkingLost, facts(is)),
        (None, Some(is)) => (Kind::ParkingSuspended, facts(is)),
        (Some(was), Some(is)) if was.closure != is.closure && !is.lost && facts(was) != facts(is) => {
            return Some((Kind::ParkingSuspended, is.closure.clone(), facts(is)));
        }
        (Some(_), None) => (Kind::ParkingRestored, Facts::default()),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some((kind, closure.unwrap_or_default(), facts))
}

/// The meal has moved by more than its showing has: the kitchen is why. During the showing its end moves all the time.
fn meal_left_its_showing(visit: &Visit, showing: &Showing) -> bool {
    let (Some(meal), Some(booked)) = (&visit.meal, visit.booked_starts_at) else { return false };
    let explained = meal.booked_pickup_at + (showing.starts_at - booked);
    !showing.admission.reached(Admission::Running) && (meal.pickup_at - explained).abs() >= MEAL_MOVES
}

/// Whether it still says something when its turn comes. Nobody is told that they are expected when they are not.
pub(crate) fn is_still_true(notice: &Notice, visit: &Visit, showing: &Showing, now: DateTime<Utc>) -> bool {
    let comes = matches!(visit.state, State::Confirming | State::Confirmed);
    let ahead = comes && now < showing.end();
    let meal = || visit.meal.as_ref().map(|meal| meal.part);
    match notice.kind {
        Kind::Cancelled | Kind::Refunded => is_off(visit.state) && now < notice.made_at + TimeDelta::days(7),
        Kind::WaitListed => visit.state == State::Waiting && now < showing.starts_at,
        Kind::PlacesOffered => visit.state == State::Held && notice.facts.until.is_none_or(|until| now < until),
        Kind::NotCompleted | Kind::WaitOver => visit.state == State::Expired && now < showing.starts_at,
        Kind::Confirmed | Kind::Rebooked => ahead,
        Kind::Reseated | Kind::Reissued => ahead && visit.admitted < visit.size(),
        Kind::ParkingOff => {
            let is_off = |bay: &Bay| matches!(bay.part, Part::Refused | Part::Cancelled);
            ahead && visit.entered_at.is_none() && visit.bay.as_ref().is_some_and(is_off)
        }
        Kind::DayBefore | Kind::Delayed | Kind::Earlier => {
            // Moved and moved back before anybody was told: there is nothing to tell.
            let is_news = notice.facts.was != Some(showing.starts_at);
            is_news && ahead && !showing.is_off() && !showing.admission.reached(Admission::Running)
        }
        Kind::ParkingSuspended | Kind::ParkingLost => {
            ahead && visit.entered_at.is_none() && visit.bay.as_ref().is_some_and(|bay| bay.suspension.is_some())
        }
        Kind::ParkingRestored => ahead && visit.entered_at.is_none() && visit.bay.as_ref().is_some_and(Bay::is_usable),
        Kind::MealMoved | Kind::MealChanged | Kind::MealAsked | Kind::MealSettled => {
            ahead && meal() == Some(Part::Confirmed)
        }
        Kind::MealOff => ahead && meal() == Some(Part::Cancelled),
        Kind::AtRisk => ahead && !showing.is_off() && visit.admitted < visit.size() && now < showing.starts_at,
        // Also to those who have missed the start.
        Kind::RebookingOffered => {
            ahead
                && !showing.is_off()
                && visit.admitted < visit.size()
                && notice.facts.until.is_none_or(|until| now < until)
        }
    }
}

/// How long the mail server is left alone after so many attempts; None: it is given up.
pub(crate) fn next_attempt(attempts: u32) -> Option<TimeDelta> {
    (attempts < MOST_ATTEMPTS).then(|| TimeDelta::seconds(30) * 3_i32.pow(attempts.saturating_sub(1).min(5)))
}

/// When the visitors of a showing are told what comes on the next day: at this time of the day before, in Halle.
pub(crate) fn day_before(starts_at: DateTime<Utc>, at: NaiveTime) -> Option<DateTime<Utc>> {
    let day = day_of(starts_at).checked_sub_days(Days::new(1))?;
    Berlin.from_local_datetime(&day.and_time(at)).earliest().map(|at| at.with_timezone(&Utc))
}

/// Showings that begin between these two may be the next day's, or what a pause has left of them.
pub(crate) fn days_ahead(now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    (now + TOO_NEAR, now + TimeDelta::days(2))
}
