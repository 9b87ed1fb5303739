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
    let party = vec![PartyLine { tariff_class: "adult".to_owned(), count: 2, need: String::new() }];
    Visit {
        id: Uuid::from_u128(1),
        state,
        seat_items: vec![item(850)],
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
        booked_starts_at: Some(at(120)),
        booked_ends_at: Some(at(180)),
        ..Visit::begun("visitor:x".to_owned(), Uuid::from_u128(2), party, "de".to_owned(), at(0))
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
