//! Missing parties and what a delay does, in the words of the contract.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    ticket_code::reference,
    values::{Text, timestamp},
};
use sky_proto::{journey::v1 as pb, parking::v1::BayClass, reservations::v1::Need};

use crate::domain::{
    Visit,
    clock::legs::Leg,
    delay::{Clash, Follower, MovedMeal},
    missing::{MissingParty, Outlook, Situation, Whereabouts},
};

/// Never less than nothing.
pub(super) fn seconds(time: TimeDelta) -> u32 {
    u32::try_from(time.num_seconds().max(0)).unwrap_or(u32::MAX)
}

/// By how many minutes a showing moves; below 0: earlier.
pub(crate) fn shift(time: TimeDelta) -> i32 {
    i32::try_from(time.num_minutes()).unwrap_or(i32::MAX)
}

/// How long.
pub(crate) fn minutes(time: TimeDelta) -> u32 {
    u32::try_from(time.num_minutes().max(0)).unwrap_or(u32::MAX)
}

pub(super) fn leg(leg: &Leg) -> pb::Leg {
    pb::Leg {
        kind: leg.kind.to_owned(),
        seconds: seconds(leg.time),
        uncertainty_seconds: seconds(leg.uncertainty),
        unknown: !leg.is_known,
    }
}

const fn outlook(outlook: Outlook) -> pb::Outlook {
    match outlook {
        Outlook::InTime => pb::Outlook::InTime,
        Outlook::Close => pb::Outlook::Close,
        Outlook::TooLate => pb::Outlook::TooLate,
        Outlook::Unknown => pb::Outlook::Unknown,
    }
}

fn party(party: &MissingParty) -> pb::MissingParty {
    let bay = party.bay_class.as_deref().and_then(BayClass::from_str_name).unwrap_or_default();
    pb::MissingParty {
        visit_id: party.visit.to_string(),
        reference: reference(party.visit),
        size: party.size,
        admitted: party.admitted,
        whereabouts: party.whereabouts.name().to_owned(),
        assistance: !party.needs.is_empty(),
        slack_seconds: party.slack.num_seconds(),
        uncertainty_seconds: seconds(party.uncertainty),
        legs: party.legs.iter().map(leg).collect(),
        needs: party.needs.iter().filter_map(|need| Need::from_str_name(need)).map(i32::from).collect(),
        bay_class: bay.into(),
        outlook: outlook(party.outlook).into(),
        seen_at: party.seen_at.map(timestamp),
        at_risk_since: party.at_risk_since.map(timestamp),
        arrives_at: party.arrives_at.map(timestamp),
    }
}

/// The whole list of a showing.
pub(crate) fn list<'v>(
    booked: impl Iterator<Item = &'v Visit> + Clone,
    parties: &[MissingParty],
    at: &Situation,
) -> pb::ListMissingResponse {
    let people = |where_: &[Whereabouts]| {
        parties.iter().filter(|party| where_.contains(&party.whereabouts)).map(MissingParty::missing).sum()
    };
    let pace = at.takes.pace.per_person.num_milliseconds().max(1);
    pb::ListMissingResponse {
        booked: booked.clone().map(Visit::size).sum(),
        admitted: booked.map(|visit| visit.admitted).sum(),
        in_foyer: people(&[Whereabouts::Foyer, Whereabouts::PartlyIn]),
        in_car_park: people(&[Whereabouts::CarPark]),
        on_the_way: people(&[Whereabouts::OnTheWay]),
        unknown: people(&[Whereabouts::Unknown]),
        door_closes_at: at.door_closes_at.map(timestamp),
        observed_at: Some(timestamp(at.now)),
        people_in_ten_minutes: u32::try_from(600_000 / pace).unwrap_or(u32::MAX),
        pace_is_measured: at.takes.pace.is_measured,
        parties: parties.iter().map(party).collect(),
    }
}

/// A showing that a delay reaches.
pub(crate) fn following(follower: &Follower, title: &Text, booked: u32) -> pb::FollowingShowing {
    let clash = match follower.clash {
        Clash::None => pb::Clash::None,
        Clash::ShortTurnover => pb::Clash::ShortTurnover,
        Clash::Overlap => pb::Clash::Overlap,
    };
    pb::FollowingShowing {
        showing_id: follower.showing.id.to_string(),
        title: Some(title.to_proto()),
        starts_at: Some(timestamp(follower.showing.starts_at)),
        minutes: shift(follower.shift),
        gap_minutes: i32::try_from(follower.gap.num_minutes()).unwrap_or(i32::MIN),
        clash: clash.into(),
        booked,
    }
}

pub(crate) fn moved_meal(meal: &MovedMeal) -> pb::MovedMeal {
    let at = |at: DateTime<Utc>| Some(timestamp(at));
    pb::MovedMeal { number: meal.number, pickup_at: at(meal.pickup_at), then_at: at(meal.then_at) }
}
