//! An invented visit, for showing staff what a notice says.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, day_of};
use uuid::Uuid;

use super::{
    Choice, Facts, Kind, Place,
    letter::{CarPark, Language},
};
use crate::domain::{
    Admission, Bay, Contact, Dish, Item, Kitchen, Meal, Method, Money, Part, PartyLine, Seat, Showing, State, Stops,
    Visit, waiting,
};

/// A visit, its showing, what its notice is about, and the car park.
pub(crate) fn example(kind: Kind, language: Language, now: DateTime<Utc>) -> (Visit, Showing, Facts, CarPark) {
    let showing = showing(now);
    let visit = visit(kind, language, &showing);
    let places = vec![
        Place { name: "Spitze".to_owned(), walk_minutes: 9 },
        Place { name: "Stadtschleuse".to_owned(), walk_minutes: 8 },
    ];
    let reason = match kind {
        Kind::Confirmed
        | Kind::DayBefore
        | Kind::Reseated
        | Kind::Reissued
        | Kind::MealAsked
        | Kind::Refunded
        | Kind::ParkingRestored
        | Kind::MealMoved
        | Kind::MealOff
        | Kind::WaitListed
        | Kind::PlacesOffered => Text::default(),
        Kind::WaitOver => waiting::left(),
        Kind::NotCompleted => text(
            "Die Zeit zum Bezahlen ist abgelaufen.",
            "The time to pay has run out.",
            "Die Zeit zum Bezahlen ist um.",
        ),
        Kind::ParkingOff => text(
            "Zur neuen Zeit ist kein Stellplatz frei.",
            "No bay is free at the new time.",
            "Zur neuen Zeit ist kein Parkplatz frei.",
        ),
        Kind::Earlier => {
            text("Der Projektor läuft wieder.", "The projector works again.", "Der Projektor ist wieder ganz.")
        }
        Kind::Delayed | Kind::Cancelled => {
            text("Der Projektor ist gestört.", "The projector has a fault.", "Der Projektor ist kaputt.")
        }
        Kind::ParkingSuspended | Kind::ParkingLost => {
            text("Die Brücke ist gesperrt.", "The bridge is closed.", "Die Brücke ist zu.")
        }
        Kind::MealChanged => text(
            "Statt Apfelsaft gibt es Traubensaft.",
            "There is grape juice instead of apple juice.",
            "Es gibt keinen Apfelsaft. Sie bekommen Traubensaft.",
        ),
        Kind::MealSettled => text(
            "Die Küche macht Ihr Essen wie bestellt.",
            "The kitchen makes your meal as ordered.",
            "Sie bekommen das Essen, das Sie bestellt haben.",
        ),
        Kind::AtRisk | Kind::RebookingOffered | Kind::Rebooked => Text::default(),
    };
    let was = match kind {
        Kind::MealMoved => Some(showing.ends_at),
        Kind::Earlier => Some(showing.starts_at + TimeDelta::minutes(20)),
        _ => Some(showing.starts_at - TimeDelta::minutes(20)),
    };
    let later = showing.starts_at + TimeDelta::minutes(90);
    let facts = Facts {
        cents: if kind == Kind::MealOff { 1180 } else { 2880 },
        choices: vec![Choice { title: showing.title.clone(), starts_at: later }],
        until: Some(showing.starts_at - TimeDelta::minutes(5)),
        was,
        places: places.clone(),
        reason,
    };
    (visit, showing, facts, CarPark { reachable: true, reason: Text::default(), places })
}

fn text(de: &str, en: &str, plain: &str) -> Text {
    Text { de: de.to_owned(), en: en.to_owned(), plain: plain.to_owned() }
}

/// Tomorrow afternoon.
fn showing(now: DateTime<Utc>) -> Showing {
    let tomorrow = day_of(now + TimeDelta::days(1));
    let two = tomorrow.and_hms_opt(14, 0, 0).and_then(|two| Berlin.from_local_datetime(&two).earliest());
    let starts_at = two.map_or(now, |two| two.with_timezone(&Utc));
    Showing {
        id: Uuid::nil(),
        title: text("Die Sterne über Halle", "The Stars over Halle", "Die Sterne über Halle"),
        hall: "dome".to_owned(),
        starts_at,
        ends_at: starts_at + TimeDelta::minutes(50),
        doors_at: starts_at - TimeDelta::minutes(20),
        last_entry_at: None,
        predicted_end_at: None,
        admission: Admission::Planned,
        cancelled: false,
        notice: Text::default(),
    }
}

fn item(label: Text, quantity: u32, unit_cents: i64) -> Item {
    Item { label, quantity, unit_cents, tariff_id: String::new(), tax_id: String::new(), tax_basis_points: 0 }
}

fn visit(kind: Kind, language: Language, showing: &Showing) -> Visit {
    let is_off = matches!(kind, Kind::Cancelled | Kind::Refunded);
    let pickup_at = showing.ends_at + TimeDelta::minutes(15);
    let (from, until) = (showing.starts_at - TimeDelta::hours(1), showing.ends_at + TimeDelta::hours(1));
    let seat = |label: &str, need: &str| Seat {
        label: label.to_owned(),
        features: Vec::new(),
        tariff_class: "adult".to_owned(),
        need: need.to_owned(),
    };
    let dish = Dish {
        item_id: String::new(),
        name: text("Kartoffelsuppe", "Potato soup", "Kartoffel-Suppe"),
        quantity: 2,
        station: String::new(),
        allergens: Vec::new(),
    };
    Visit {
        id: Uuid::nil(),
        maker: String::new(),
        state: match kind {
            Kind::Refunded => State::Refunded,
            Kind::Cancelled => State::Refunding,
            Kind::NotCompleted | Kind::WaitOver => State::Expired,
            Kind::WaitListed => State::Waiting,
            Kind::PlacesOffered => State::Held,
            _ => State::Confirmed,
        },
        deadline: None,
        revision: 1,
        showing: showing.id,
        language: language.tag().to_owned(),
        party: vec![
            PartyLine { tariff_class: "adult".to_owned(), count: 1, need: String::new() },
            PartyLine { tariff_class: "adult".to_owned(), count: 1, need: "NEED_STEP_FREE".to_owned() },
        ],
        seats: vec![seat("C12", ""), seat("C13", "NEED_STEP_FREE")],
        seat_items: vec![item(text("Erwachsene", "Adults", "Erwachsene"), 2, 850)],
        booking: if is_off { Part::Cancelled } else { Part::Confirmed },
        bay: Some(Bay {
            class: "BAY_CLASS_STANDARD".to_owned(),
            part: if kind == Kind::ParkingOff { Part::Refused } else { Part::Confirmed },
            from,
            until,
            expected_from: None,
            booked_from: from,
            rebooked: false,
            suspension: None,
            kept_out: false,
            stops: Stops::default(),
            items: Vec::new(),
        }),
        meal: Some(Meal {
            order_id: String::new(),
            number: 27,
            part: if kind == Kind::MealOff { Part::Cancelled } else { Part::Confirmed },
            kitchen: Kitchen::Scheduled,
            dishes: vec![dish],
            pickup: "PICKUP_AFTER_SHOWING".to_owned(),
            pickup_at,
            booked_pickup_at: pickup_at,
            fire_at: showing.ends_at,
            items: vec![item(text("Kartoffelsuppe", "Potato soup", "Kartoffel-Suppe"), 2, 590)],
            back: 1180,
            asked: kind == Kind::MealAsked,
        }),
        booked_starts_at: Some(showing.starts_at),
        booked_ends_at: Some(showing.ends_at),
        held_at: showing.starts_at,
        hold_expires_at: showing.starts_at,
        refusal: None,
        contact: Contact { name: "Erika Mustermann".to_owned(), email: String::new() },
        method: Some(Method::Online),
        money: match kind {
            Kind::Refunded => Money::Refunded,
            Kind::NotCompleted => Money::Failed,
            _ => Money::Paid,
        },
        payment_url: String::new(),
        payment_expires_at: None,
        ordered_at: None,
        entered_at: None,
        left_at: None,
        admitted: 0,
        notice: Text::default(),
    }
}
