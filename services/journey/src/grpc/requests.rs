//! Reading requests: every field checked and named. Decides nothing.

use std::collections::HashSet;

use kernel::{
    Caller,
    values::{self, InvalidField, invalid},
};
use lettre::Address;
use prost::Message;
use sha2::{Digest, Sha256};
use sky_proto::{
    gastro::v1::Pickup,
    journey::v1 as pb,
    parking::v1::BayClass,
    payments::v1 as payments,
    reservations::v1::{Channel, Need, PartyLine, SeatWish, seat_wish},
};
use tonic::Status;
use uuid::Uuid;

use super::hold::Wanted;
use crate::{
    commands::holds::Wish,
    domain::{self, Contact, Method, limits::Limits},
    events,
    saga::By,
};

const MOST_PEOPLE: u32 = 60;
const MOST_LINES: usize = 30;
/// A class, each with a dish, a drink and a dessert on a tray of its own.
const MOST_MEAL_LINES: usize = 150;
const LANGUAGES: [&str; 3] = ["de", "de-x-ls", "en"];

pub(super) fn party(lines: &[PartyLine]) -> Result<Vec<domain::PartyLine>, InvalidField> {
    if lines.is_empty() {
        return Err(invalid("party", "is empty; say who comes"));
    }
    if lines.len() > MOST_LINES {
        return Err(invalid("party", format!("has more than {MOST_LINES} lines")));
    }
    let mut party = Vec::with_capacity(lines.len());
    for line in lines {
        if !(1..=MOST_PEOPLE).contains(&line.count) {
            return Err(invalid("party.count", format!("must be 1 to {MOST_PEOPLE}")));
        }
        let need = Need::try_from(line.need).map_err(|_| invalid("party.need", "has a value that is not known"))?;
        party.push(domain::PartyLine {
            tariff_class: values::slug("party.tariff_class", &line.tariff_class)?.to_owned(),
            count: line.count,
            need: events::need_name(need),
        });
    }
    if party.iter().map(|line| line.count).sum::<u32>() > MOST_PEOPLE {
        return Err(invalid("party", format!("is larger than {MOST_PEOPLE}; ask the desk for a group booking")));
    }
    Ok(party)
}

pub(super) fn language(tag: &str) -> Result<(), InvalidField> {
    let is_ours = LANGUAGES.contains(&tag);
    if is_ours { Ok(()) } else { Err(invalid("language", "must be \"de\", \"de-x-ls\" or \"en\"")) }
}

fn seats(seats: &[String], people: u32) -> Result<(), InvalidField> {
    if seats.is_empty() {
        return Ok(());
    }
    if u32::try_from(seats.len()) != Ok(people) {
        return Err(invalid("seats", format!("must be as many as the party, {people}, or none")));
    }
    for seat in seats {
        values::slug("seats", seat)?;
    }
    if seats.iter().collect::<HashSet<_>>().len() != seats.len() {
        return Err(invalid("seats", "names a place twice"));
    }
    Ok(())
}

/// Where the party would like to sit; whoever chooses the places has said it already.
fn seat_wish(wish: Option<SeatWish>, seats: &[String]) -> Result<Option<SeatWish>, InvalidField> {
    let Some(wish) = wish else { return Ok(None) };
    seat_wish::Part::try_from(wish.part).map_err(|_| invalid("wish.part", "has a value that is not known"))?;
    if !seats.is_empty() {
        return Err(invalid("wish", "does not go with chosen places; send one of the two"));
    }
    Ok(Some(wish))
}

fn meal(wish: &pb::MealWish) -> Result<pb::MealWish, InvalidField> {
    if wish.lines.is_empty() {
        return Err(invalid("meal.lines", "is empty; choose something or leave the meal out"));
    }
    if wish.lines.len() > MOST_MEAL_LINES {
        return Err(invalid("meal.lines", format!("are more than {MOST_MEAL_LINES}")));
    }
    for line in &wish.lines {
        values::slug("meal.lines.item_id", &line.item_id)?;
        if !(1..=MOST_PEOPLE).contains(&line.quantity) {
            return Err(invalid("meal.lines.quantity", format!("must be 1 to {MOST_PEOPLE}")));
        }
    }
    values::choice::<Pickup>("meal.pickup", wish.pickup)?;
    wish.pickup_at.map(|at| values::time("meal.pickup_at", Some(at))).transpose()?;
    Ok(wish.clone())
}

/// What is hashed to recognise a repeat. What a party cannot eat is left out: the hash is kept with the visit, and of
/// fourteen allergens there are so few sets that whoever reads it could try them all. Whoever changes nothing but that
/// sends a new key with it.
fn without_health_data(request: &pb::HoldVisitRequest) -> pb::HoldVisitRequest {
    let mut kept = request.clone();
    if let Some(meal) = &mut kept.meal {
        meal.avoid_allergens.clear();
    }
    kept
}

/// A wish for a visit.
pub(super) fn hold(
    request: pb::HoldVisitRequest,
    caller: &Caller,
    maker: String,
    limits: Option<Limits>,
) -> Result<Wanted, Status> {
    let key = values::id("idempotency_key", &request.idempotency_key)?;
    let showing = values::id("showing_id", &request.showing_id)?;
    let party = party(&request.party)?;
    seats(&request.seats, party.iter().map(|line| line.count).sum())?;
    let seat_wish = seat_wish(request.wish, &request.seats)?;
    let bay = match &request.parking {
        Some(wish) => Some(values::choice::<BayClass>("parking.bay_class", wish.bay_class)?),
        None => None,
    };
    let meal = request.meal.as_ref().map(meal).transpose()?;
    language(&request.language)?;
    let channel = values::choice("channel", request.channel)?;
    if channel != Channel::Online && matches!(caller, Caller::Visitor { .. }) {
        return Err(Status::permission_denied("Visitors book from the online quota."));
    }
    let request_hash = Sha256::digest(without_health_data(&request).encode_to_vec()).to_vec();
    Ok(Wanted {
        wish: Wish { maker, key, request_hash, showing, party, language: request.language, limits },
        party: request.party,
        seats: request.seats,
        seat_wish,
        bay,
        meal,
        channel,
    })
}

pub(super) fn method(value: i32) -> Result<Method, InvalidField> {
    match values::choice("method", value)? {
        payments::Method::Free => Ok(Method::Free),
        payments::Method::AtDesk => Ok(Method::AtDesk),
        payments::Method::Online => Ok(Method::Online),
        payments::Method::Unspecified => Err(invalid("method", "is missing")),
    }
}

/// Name and e-mail; at the desk both may be empty.
pub(super) fn contact(contact: &pb::Contact, by: By) -> Result<Contact, InvalidField> {
    let name = values::text("contact.name", &contact.name, 120)?;
    let email = values::text("contact.email", &contact.email, 254)?;
    let needed = by == By::Visitor;
    if needed && name.is_empty() {
        return Err(invalid("contact.name", "is missing"));
    }
    // As whoever sends the mail reads it, so that none is taken to which none can be written.
    let looks_right = email.parse::<Address>().is_ok_and(|address| {
        let house = address.domain();
        house.contains('.') && house.split('.').all(|part| !part.is_empty() && !part.starts_with('-'))
    });
    if (needed || !email.is_empty()) && !looks_right {
        return Err(invalid("contact.email", "is not an e-mail address"));
    }
    Ok(Contact { name, email })
}

/// The key under which a part of a visit is held.
pub(super) fn part_key(visit: Uuid, part: &str) -> String {
    Uuid::new_v5(&visit, part.as_bytes()).to_string()
}
