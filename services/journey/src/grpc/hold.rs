//! Holding a visit: everything or nothing. The visit is recorded first, so that whatever happens
//! afterwards somebody lets go of what was held.

use chrono::{DateTime, Utc};
use kernel::{
    Caller, Code, Db,
    error::{REASON, is_busy},
    values::{Text, timestamp},
};
use prost::Message;
use sky_proto::{
    gastro::v1::{HoldOrderRequest, MealRefused},
    journey::v1 as pb,
    parking::v1::{self as parking, BayClass, HoldBayRequest},
    reservations::v1::{Channel, HoldSeatsRequest, PartyLine, SeatWish},
};
use tonic::{Request, Status};

use super::{
    alternatives, load_visit,
    requests::part_key,
    sibling,
    siblings::{Siblings, is_past_the_pages},
};
use crate::{
    commands::holds::{self, Declined, Finished, Given, Wish},
    counters::Counters,
    domain::{Bay, Meal, PARKING_MARGIN, Refusal, Showing, State, Visit},
    error::Error,
    events, store,
};

/// A checked wish for a visit.
pub(super) struct Wanted {
    pub(super) wish: Wish,
    pub(super) party: Vec<PartyLine>,
    pub(super) seats: Vec<String>,
    pub(super) seat_wish: Option<SeatWish>,
    pub(super) bay: Option<BayClass>,
    pub(super) meal: Option<pb::MealWish>,
    pub(super) channel: Channel,
}

/// The part that was not given, and why.
struct NotGiven {
    part: &'static str,
    status: Status,
    showing: Option<Showing>,
}

/// With this the portal's own pages mark what somebody asks whom they have not let in.
const BEHIND_A_LINE: &str = "sky-behind-a-line";

/// Whether somebody may have a place in a line that has not come to its turn, or none at all.
pub(super) fn may_be_behind_a_line<T>(request: &Request<T>) -> bool {
    request.metadata().contains_key(BEHIND_A_LINE) || is_past_the_pages(&Caller::of(request))
}

/// Refuses who would go past those who wait for a showing. A repeat is answered as the first time, whatever stands before
/// the showing by now.
pub(super) async fn not_past_a_line(
    db: &Db,
    siblings: &Siblings,
    may_be_behind: bool,
    wish: &Wish,
) -> Result<(), Error> {
    if may_be_behind && !store::has_asked(&mut *db.reader().await?, &wish.maker, wish.key, wish.showing).await? {
        siblings.no_line_before(wish.showing).await?;
    }
    Ok(())
}

/// Holds it, or answers what was refused and what would fit instead. A repeat answers the first visit.
pub(super) async fn hold(
    db: &Db,
    siblings: &Siblings,
    counters: &Counters,
    wanted: Wanted,
) -> Result<pb::Visit, Error> {
    let visit = counters.begin.run(wanted.wish.clone()).await?;
    let id = visit.id;
    if visit.state != State::Holding {
        return load_visit(db, id).await;
    }
    let error = match ask(siblings, &visit, &wanted).await {
        Ok(given) => match counters.finish.run(Finished { visit, given }).await {
            Ok((visit, showing)) => return Ok(events::visit(&visit, Some(&showing))),
            Err(error) => error,
        },
        Err(not_given) => {
            // Who was asked for nothing holds nothing: no event has to tell anybody to let go.
            let holds_nothing = not_given.showing.is_none() || wanted.bay.is_none() && wanted.meal.is_none();
            // Nor does who hears that too many ask: whoever is sent away so is never served.
            let is_sent_away = is_busy(&not_given.status);
            let error = refusal(siblings, &visit, &wanted, not_given, db.clock().now()).await;
            let refusal = refusal_of(&error);
            if holds_nothing && (refusal.is_some() || is_sent_away) {
                counters.decline.run(Declined { visit, refusal }).await?;
                return Err(error);
            }
            error
        }
    };
    let kept = refusal_of(&error);
    db.transact(move |tx| Box::pin(holds::refuse(tx, id, kept))).await?;
    siblings.release(id).await;
    Err(error)
}

/// What is kept of an error for a repeat; None: it was no refusal.
fn refusal_of(error: &Error) -> Option<Refusal> {
    if let Error::HoldRefused(refusal) = error { Some((**refusal).clone()) } else { None }
}

/// Asks all services at once.
async fn ask(siblings: &Siblings, visit: &Visit, wanted: &Wanted) -> Result<Given, NotGiven> {
    let showing =
        siblings.showing(visit.showing).await.map_err(|status| NotGiven { part: "seats", status, showing: None })?;
    let seats = siblings.hold_seats(HoldSeatsRequest {
        idempotency_key: part_key(visit.id, "seats"),
        visit_id: visit.id.to_string(),
        showing_id: visit.showing.to_string(),
        party: wanted.party.clone(),
        expires_at: Some(timestamp(visit.hold_expires_at)),
        seats: wanted.seats.clone(),
        channel: wanted.channel.into(),
        wish: wanted.seat_wish,
        offered: false,
    });
    let (seats, bay, meal) =
        futures::join!(seats, bay(siblings, visit, wanted, &showing), meal(siblings, visit, wanted, &showing));
    let not_given = |part| {
        let showing = Some(showing.clone());
        move |status| NotGiven { part, status, showing }
    };
    let (seats, seat_items) = seats.map_err(not_given("seats"))?;
    let bay = bay.map_err(not_given("parking"))?;
    let meal = meal.map_err(not_given("meal"))?;
    Ok(Given { showing, seats, seat_items, bay, meal })
}

/// From when until when a visit's car stands.
pub(super) fn bay_window(showing: &Showing) -> (DateTime<Utc>, DateTime<Utc>) {
    (showing.starts_at - PARKING_MARGIN, showing.end() + PARKING_MARGIN)
}

/// Through whom a bay is sold.
pub(super) const fn bay_channel(channel: Channel) -> parking::Channel {
    match channel {
        Channel::Online | Channel::Unspecified => parking::Channel::Online,
        Channel::Door | Channel::Staff | Channel::School => parking::Channel::Desk,
    }
}

async fn bay(siblings: &Siblings, visit: &Visit, wanted: &Wanted, showing: &Showing) -> Result<Option<Bay>, Status> {
    let Some(class) = wanted.bay else { return Ok(None) };
    let (from, until) = bay_window(showing);
    let request = HoldBayRequest {
        idempotency_key: part_key(visit.id, "parking"),
        visit_id: visit.id.to_string(),
        showing_id: visit.showing.to_string(),
        bay_class: class.into(),
        from: Some(timestamp(from)),
        until: Some(timestamp(until)),
        expires_at: Some(timestamp(visit.hold_expires_at)),
        channel: bay_channel(wanted.channel).into(),
    };
    siblings.hold_bay(request).await.map(Some)
}

async fn meal(siblings: &Siblings, visit: &Visit, wanted: &Wanted, showing: &Showing) -> Result<Option<Meal>, Status> {
    let Some(meal) = &wanted.meal else { return Ok(None) };
    siblings.hold_meal(order("meal", visit, wanted, meal, showing)).await.map(Some)
}

/// What the kitchen is asked to hold.
pub(super) fn order(
    key: &str,
    visit: &Visit,
    wanted: &Wanted,
    meal: &pb::MealWish,
    showing: &Showing,
) -> HoldOrderRequest {
    HoldOrderRequest {
        idempotency_key: part_key(visit.id, key),
        visit_id: visit.id.to_string(),
        showing_id: visit.showing.to_string(),
        showing_starts_at: Some(timestamp(showing.starts_at)),
        showing_ends_at: Some(timestamp(showing.ends_at)),
        lines: meal.lines.clone(),
        pickup: meal.pickup,
        expires_at: Some(timestamp(visit.hold_expires_at)),
        avoid_allergens: meal.avoid_allergens.clone(),
        allergens_acknowledged: meal.allergens_acknowledged,
        people: wanted.party.iter().map(|line| line.count).sum(),
        pickup_at: meal.pickup_at,
    }
}

/// A refusal in the service's own words, with what would fit; a failure stays a failure.
async fn refusal(
    siblings: &Siblings,
    visit: &Visit,
    wanted: &Wanted,
    not_given: NotGiven,
    now: DateTime<Utc>,
) -> Error {
    let NotGiven { part, status, showing } = not_given;
    let code = Code::from_grpc(status.code());
    let is_final =
        !is_busy(&status) && (code == Code::InvalidArgument || code.is_refusal() && code != Code::PermissionDenied);
    if !is_final {
        return sibling(&status);
    }
    let alternatives = match (part, &showing) {
        _ if code == Code::InvalidArgument => Vec::new(),
        ("seats", _) => alternatives::showings(siblings, wanted, showing.as_ref(), now).await,
        ("parking", _) => alternatives::arrival(siblings, wanted, showing.as_ref()).await,
        (_, Some(showing)) => alternatives::meals(siblings, visit, wanted, showing).await,
        (_, None) => Vec::new(),
    };
    let (told, places) = match part {
        "seats" => events::refused::places(&status).unzip(),
        "parking" => (reason_of_bay(&status), None),
        _ => (reason_of_meal(part, &status), None),
    };
    Error::HoldRefused(Box::new(Refusal {
        part: part.to_owned(),
        code: status.code() as i32,
        message: status.message().to_owned(),
        reason: told.unwrap_or_else(|| reason(part, code)),
        alternatives,
        places,
    }))
}

/// Bays that the house does not sell this way.
fn reason_of_bay(status: &Status) -> Option<Text> {
    let sold_elsewhere = status.metadata().get(REASON).is_some_and(|name| name == "SoldElsewhere");
    sold_elsewhere.then(|| Text {
        de: "Diese Stellplätze vergibt die Kasse. Rufen Sie dort an, oder wählen Sie einen anderen Stellplatz."
            .to_owned(),
        en: "Such bays are given by the desk. Ring it up, or choose another bay.".to_owned(),
        plain: "Diesen Stell-Platz bekommen Sie nur an der Kasse. Rufen Sie die Kasse an.".to_owned(),
    })
}

/// Gastro says why in the guest's words, where it can.
fn reason_of_meal(part: &str, status: &Status) -> Option<Text> {
    if part != "meal" || status.details().is_empty() {
        return None;
    }
    let told = MealRefused::decode(status.details()).ok()?;
    let mut reason = Text::from_proto(told.reason);
    let names: Vec<Text> = told.instead.into_iter().map(|name| Text::from_proto(Some(name))).collect();
    if !names.is_empty() {
        let list = |of: fn(&Text) -> &str| names.iter().map(of).collect::<Vec<_>>().join(", ");
        reason.de = format!("{} Stattdessen gibt es: {}.", reason.de, list(|name| &name.de));
        let english = list(|name| if name.en.is_empty() { &name.de } else { &name.en });
        reason.en = format!("{} There is instead: {english}.", reason.en);
    }
    Some(reason).filter(|reason| !reason.de.is_empty())
}

fn reason(part: &str, code: Code) -> Text {
    match (part, code) {
        (_, Code::InvalidArgument) => {
            Text::new("Die Angaben passen nicht zum Angebot.", "The request does not fit what is offered.")
                .plainly("Das geht so nicht. Bitte wählen Sie neu.")
        }
        ("seats", Code::NotFound) => Text::new("Diese Vorstellung gibt es nicht.", "There is no such showing.")
            .plainly("Diese Vorstellung gibt es nicht."),
        ("seats", Code::ResourceExhausted) => Text::new(
            "Für diese Vorstellung sind nicht mehr genug passende Plätze frei.",
            "Not enough suitable places are left for this showing.",
        )
        .plainly("Es gibt nicht mehr genug Plätze."),
        ("seats", _) => Text::new("Diese Vorstellung ist jetzt nicht buchbar.", "This showing cannot be booked now.")
            .plainly("Für diese Vorstellung gibt es jetzt keine Karten."),
        ("parking", Code::ResourceExhausted) => Text::new(
            "Für diese Zeit ist kein passender Stellplatz mehr frei.",
            "No suitable bay is left for this time.",
        )
        .plainly("Es ist kein Parkplatz mehr frei."),
        ("parking", _) => {
            Text::new("Der Parkplatz nimmt zurzeit keine Buchungen an.", "The car park takes no bookings now.")
                .plainly("Sie können jetzt keinen Parkplatz bestellen.")
        }
        (_, Code::ResourceExhausted) => {
            Text::new("Die Küche hat zu dieser Zeit nichts mehr frei.", "The kitchen has no time left then.")
                .plainly("Die Küche hat um diese Zeit keine Zeit mehr.")
        }
        _ => Text::new("Dieses Essen ist jetzt nicht bestellbar.", "This meal cannot be ordered now.")
            .plainly("Dieses Essen gibt es jetzt nicht."),
    }
}
