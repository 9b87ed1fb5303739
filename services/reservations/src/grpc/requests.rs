//! What was sent, read and checked.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{self, InvalidField, invalid};
use prost_types::Timestamp;
use sky_proto::reservations::v1 as pb;
use uuid::Uuid;

use super::{view::LONGEST_WINDOW, watch::Window};
use crate::{
    commands::OnSale,
    domain::{
        Channel, LARGEST_PARTY, Need, PartyLine,
        hall::{Part, Preference},
        sale::Wish,
    },
    seller::Order,
};

/// The longest hold from now on, with a minute for the way here.
const LONGEST_FIRST_HOLD: TimeDelta = TimeDelta::minutes(16);
/// Of what is offered to somebody who has to hear of it first: a day, and as long as a payment takes.
const LONGEST_OFFER: TimeDelta = TimeDelta::hours(25);
const MOST_PARTY_LINES: usize = 20;

pub(crate) fn window(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    closed_too: bool,
) -> Result<Window, InvalidField> {
    let (from, until) = (values::time("from", from)?, values::time("until", until)?);
    if until <= from {
        return Err(invalid("until", "must be later than `from`"));
    }
    if until - from > LONGEST_WINDOW {
        return Err(invalid("until", "is more than 62 days after `from`"));
    }
    Ok(Window { from, until, closed_too })
}

pub(crate) fn extension(at: Option<Timestamp>, now: DateTime<Utc>) -> Result<DateTime<Utc>, InvalidField> {
    let at = values::time("expires_at", at)?;
    if at <= now { Err(invalid("expires_at", "is in the past")) } else { Ok(at) }
}

fn need(value: i32) -> Result<Option<Need>, InvalidField> {
    match pb::Need::try_from(value) {
        Ok(pb::Need::Unspecified) => Ok(None),
        Ok(pb::Need::Wheelchair) => Ok(Some(Need::Wheelchair)),
        Ok(pb::Need::Companion) => Ok(Some(Need::Companion)),
        Ok(pb::Need::HearingLoop) => Ok(Some(Need::HearingLoop)),
        Ok(pb::Need::StepFree) => Ok(Some(Need::StepFree)),
        Ok(pb::Need::GuideDog) => Ok(Some(Need::GuideDog)),
        Err(_) => Err(invalid("party", "has a need that is not known")),
    }
}

pub(crate) fn channel(value: i32) -> Result<Channel, InvalidField> {
    match values::choice("channel", value)? {
        pb::Channel::Online => Ok(Channel::Online),
        pb::Channel::Door => Ok(Channel::Door),
        pb::Channel::Staff => Ok(Channel::Staff),
        pb::Channel::School => Ok(Channel::School),
        pb::Channel::Unspecified => Err(invalid("channel", "is missing")),
    }
}

fn party(lines: &[pb::PartyLine]) -> Result<Vec<PartyLine>, InvalidField> {
    if lines.is_empty() {
        return Err(invalid("party", "is empty; say who comes"));
    }
    if lines.len() > MOST_PARTY_LINES {
        return Err(invalid("party", format!("has more than {MOST_PARTY_LINES} lines; join equal ones")));
    }
    let mut party = Vec::new();
    for line in lines {
        if !(1..=LARGEST_PARTY).contains(&line.count) {
            return Err(invalid("party", format!("has a count of {}; send 1 to {LARGEST_PARTY}", line.count)));
        }
        let class = values::slug("party", &line.tariff_class)?.to_owned();
        party.push(PartyLine { class, count: line.count, need: need(line.need)? });
    }
    if party.iter().map(|line| line.count).sum::<u32>() > LARGEST_PARTY {
        return Err(invalid("party", format!("has more than {LARGEST_PARTY} people; book in several parts")));
    }
    let with = |need: Need| -> u32 { party.iter().filter(|line| line.need == Some(need)).map(|line| line.count).sum() };
    if with(Need::Companion) > with(Need::Wheelchair) {
        return Err(invalid("party", "has more companion places than wheelchair places"));
    }
    Ok(party)
}

/// Chosen places, none twice.
pub(crate) fn labels(sent: &[String]) -> Result<Vec<String>, InvalidField> {
    let mut seats = Vec::new();
    if sent.len() > LARGEST_PARTY as usize {
        return Err(invalid("seats", format!("has more than {LARGEST_PARTY} places")));
    }
    for label in sent {
        let label = values::slug("seats", label)?.to_owned();
        if seats.contains(&label) {
            return Err(invalid("seats", format!("has {label} twice")));
        }
        seats.push(label);
    }
    Ok(seats)
}

/// Some tickets of a party, none twice.
pub(crate) fn tickets(sent: &[String]) -> Result<Vec<Uuid>, InvalidField> {
    let mut tickets = Vec::new();
    if sent.len() > LARGEST_PARTY as usize {
        return Err(invalid("ticket_ids", format!("are more than {LARGEST_PARTY}")));
    }
    for id in sent {
        let id = values::id("ticket_ids", id)?;
        if tickets.contains(&id) {
            return Err(invalid("ticket_ids", format!("have {id} twice")));
        }
        tickets.push(id);
    }
    Ok(tickets)
}

/// Where a party would like to sit.
pub(crate) fn preference(wish: Option<&pb::SeatWish>, chosen: &[String]) -> Result<Preference, InvalidField> {
    let Some(wish) = wish else { return Ok(Preference::default()) };
    let part = match pb::seat_wish::Part::try_from(wish.part) {
        Ok(pb::seat_wish::Part::Unspecified) => None,
        Ok(pb::seat_wish::Part::Front) => Some(Part::Front),
        Ok(pb::seat_wish::Part::Back) => Some(Part::Back),
        Err(_) => return Err(invalid("wish.part", "is not known; send FRONT, BACK or nothing")),
    };
    let preference = Preference { aisle: wish.aisle, part };
    if preference.is_none() || chosen.is_empty() {
        Ok(preference)
    } else {
        Err(invalid("wish", "goes only without chosen seats; send one of the two"))
    }
}

/// What a start of sale is set for.
pub(crate) fn on_sale(request: &pb::SetSaleStartRequest) -> Result<OnSale, InvalidField> {
    match (request.showing_id.is_empty(), request.release_id.is_empty()) {
        (false, true) => Ok(OnSale::Showing(values::id("showing_id", &request.showing_id)?)),
        (true, false) => Ok(OnSale::Release(values::slug("release_id", &request.release_id)?.to_owned())),
        (true, true) => Err(invalid("showing_id", "is missing; name a showing or a release")),
        (false, false) => Err(invalid("release_id", "goes only without a showing; send one of the two")),
    }
}

/// An order for places. That its hold has not run out is asked by the seller: a late repeat gets the first
/// answer all the same.
pub(crate) fn order(request: &pb::HoldSeatsRequest, now: DateTime<Utc>) -> Result<Order, InvalidField> {
    Ok(Order {
        key: values::id("idempotency_key", &request.idempotency_key)?,
        request_hash: kernel::db::request_hash(request),
        wish: wish(request, now)?,
    })
}

fn wish(request: &pb::HoldSeatsRequest, now: DateTime<Utc>) -> Result<Wish, InvalidField> {
    let expires_at = values::time("expires_at", request.expires_at)?;
    let (longest, problem) = match request.offered {
        false => (LONGEST_FIRST_HOLD, "is too far ahead; hold for 15 minutes at most and extend"),
        true => (LONGEST_OFFER, "is too far ahead; offer for 25 hours at most"),
    };
    if expires_at > now + longest {
        return Err(invalid("expires_at", problem));
    }
    let party = party(&request.party)?;
    let people: u32 = party.iter().map(|line| line.count).sum();
    let seats = labels(&request.seats)?;
    if !seats.is_empty() && seats.len() != people as usize {
        return Err(invalid("seats", format!("has {} places for {people} people", seats.len())));
    }
    Ok(Wish {
        visit: values::id("visit_id", &request.visit_id)?,
        showing: values::id("showing_id", &request.showing_id)?,
        party,
        preference: preference(request.wish.as_ref(), &seats)?,
        seats,
        channel: channel(request.channel)?,
        expires_at,
    })
}
