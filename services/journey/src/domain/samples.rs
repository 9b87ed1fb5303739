//! A visit for the tables.

use super::*;

pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_863_600 + minute * 60, 0).expect("in range")
}

pub(crate) fn visit(state: State) -> Visit {
    let item = |cents| Item {
        label: Text::new("Erwachsene", "Adults"),
        quantity: 2,
        unit_cents: cents,
        tariff_id: "t".to_owned(),
        tax_id: "x".to_owned(),
        tax_basis_points: 0,
    };
    Visit {
        id: Uuid::from_u128(1),
        maker: "visitor:x".to_owned(),
        state,
        deadline: Some(at(10)),
        revision: 1,
        showing: Uuid::from_u128(2),
        language: "de".to_owned(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 2, need: String::new() }],
        seats: Vec::new(),
        seat_items: vec![item(850)],
        booking: Part::Held,
        bay: Some(Bay {
            class: "BAY_CLASS_STANDARD".to_owned(),
            part: Part::Held,
            from: at(60),
            until: at(240),
            expected_from: None,
            booked_from: at(60),
            rebooked: false,
            items: vec![item(150)],
            suspension: None,
            kept_out: false,
            stops: Stops::default(),
        }),
        meal: None,
        booked_starts_at: Some(at(120)),
        booked_ends_at: Some(at(180)),
        held_at: at(0),
        hold_expires_at: at(10),
        refusal: None,
        contact: Contact::default(),
        method: None,
        money: Money::None,
        payment_url: String::new(),
        payment_expires_at: None,
        ordered_at: None,
        entered_at: None,
        left_at: None,
        admitted: 0,
        notice: Text::default(),
    }
}

pub(crate) fn showing() -> Showing {
    Showing {
        id: Uuid::from_u128(2),
        title: Text::new("Sterne", "Stars"),
        hall: "dome".to_owned(),
        starts_at: at(120),
        ends_at: at(180),
        doors_at: at(100),
        last_entry_at: None,
        predicted_end_at: None,
        admission: Admission::Planned,
        cancelled: false,
        notice: Text::default(),
    }
}

pub(crate) fn meal() -> Meal {
    Meal {
        order_id: "o".to_owned(),
        number: 1,
        part: Part::Confirmed,
        kitchen: Kitchen::Scheduled,
        dishes: Vec::new(),
        pickup: "PICKUP_AFTER".to_owned(),
        pickup_at: at(190),
        booked_pickup_at: at(190),
        fire_at: at(180),
        items: Vec::new(),
        back: 0,
        asked: false,
    }
}
