//! Whoever is called reads it, whatever else is said where they wait.

use std::sync::Arc;

use chrono::NaiveTime;
use kernel::values::Text;
use signage::domain::{
    Class, Content, Facts, House, HouseState, Item, MediaType, Order, OrderStage, Playlist, Profile, Schedule, View,
    compose,
};

use crate::composing::{at, call, late, message, view};

/// Where people wait to be called, and what is called there.
const CALLED: [(Profile, &str); 5] = [
    (Profile::Foyer, "Gäste mit Assistenz bitte zum Einlass"),
    (Profile::Queue, "Nummer 7"),
    (Profile::DomeDoor, "Gäste mit Assistenz bitte zum Einlass"),
    (Profile::RoomDoor, "Gäste mit Assistenz bitte zum Einlass"),
    (Profile::Cafe, "42"),
];

/// A number of the queue, a group and a meal are called; another meal is being made.
fn called(facts: Facts) -> Facts {
    let order = |number: u32, stage| Order { order_id: number.to_string(), number, at: at(0), stage };
    Facts {
        calls: vec![call(Some(7), 20), call(None, 20)],
        orders: vec![order(42, OrderStage::Ready), order(43, OrderStage::Preparing)],
        ..facts
    }
}

fn said(class: Class) -> Facts {
    Facts { messages: vec![message(class, 60, None)], ..Facts::default() }
}

/// Pictures instead of what displays show anyway, all day.
fn playlist() -> Facts {
    let picture =
        Item { media_id: "a".to_owned(), media_type: MediaType::Png, seconds: 10, text: Text::new("Hinweis", "Note") };
    let list = Playlist {
        playlist_id: "list".to_owned(),
        name: Text::new("Bilder", "Pictures"),
        items: vec![picture],
        put_at: at(0),
        removed: false,
    };
    let schedule = Schedule {
        schedule_id: "all-day".to_owned(),
        playlist_id: list.playlist_id.clone(),
        groups: Vec::new(),
        weekdays: 0b111_1111,
        from: NaiveTime::MIN,
        until: NaiveTime::MIN,
        first_day: None,
        last_day: None,
        beside: false,
        put_at: at(0),
        removed: false,
    };
    Facts { playlists: vec![list], schedules: vec![schedule], ..Facts::default() }
}

fn texts(content: &Content) -> Vec<&str> {
    content.lines.iter().map(|line| line.text.de.as_str()).collect()
}

#[test]
fn a_message_or_a_playlist_takes_no_call_off_the_displays() {
    let rows = [
        (playlist(), Class::Scheduled),
        (said(Class::Scheduled), Class::Scheduled),
        (said(Class::Operations), Class::Operations),
    ];
    for (profile, call) in CALLED {
        for (facts, class) in &rows {
            let content = compose(&view(profile), &called(facts.clone()), at(1));
            assert_eq!((content.class, texts(&content)), (*class, vec!["Hinweis", call]), "{profile:?}");
            let alone = call.chars().count() < 10;
            assert_eq!(
                content.lines[1].detail == Text::default(),
                !alone,
                "a bare number says what it is: {profile:?}"
            );
            // The calls end, what is said stays; and no call outlives it under its headline.
            let content = compose(&view(profile), &called(facts.clone()), at(20));
            assert_eq!(texts(&content).contains(&call), profile == Profile::Cafe, "{profile:?}");
            let content = compose(&view(profile), facts, at(1));
            assert_eq!(texts(&content), ["Hinweis"], "{profile:?}: nobody is called");
        }
        let over = compose(&view(profile), &called(said(Class::Operations)), at(61));
        assert_eq!(over.class, Class::Default, "{profile:?}");
    }
}

#[test]
fn a_call_stands_there_once_and_only_where_people_wait_for_it() {
    let facts = called(Facts { showings: vec![late(45, 20)], ..said(Class::Operations) });
    for (profile, call) in CALLED {
        let content = compose(&view(profile), &facts, at(1));
        assert_eq!(texts(&content).iter().filter(|text| **text == call).count(), 1, "{profile:?}: {content:?}");
    }
    for profile in [Profile::Parking, Profile::Wayfinding] {
        let content = compose(&view(profile), &called(said(Class::Operations)), at(1));
        assert!(CALLED.iter().all(|(_, call)| !texts(&content).contains(call)), "{profile:?}");
    }
    // Who stands in for a silent neighbour calls for it.
    let neighbour = Arc::clone(&view(Profile::Queue).base);
    let beside = View { standing_in: vec![neighbour], ..view(Profile::Wayfinding) };
    let content = compose(&beside, &called(said(Class::Scheduled)), at(1));
    assert_eq!(texts(&content).iter().filter(|text| **text == "Nummer 7").count(), 1, "{content:?}");
}

#[test]
fn an_emergency_takes_the_calls_and_nobody_is_called_while_admission_is_stopped() {
    let house = |state| Some(House { state, since: at(0), about: None, exercise: false });
    for (profile, call) in CALLED {
        let urgent = compose(&view(profile), &called(said(Class::Safety)), at(1));
        assert_eq!(texts(&urgent), ["Hinweis"], "{profile:?}");
        for (state, calls) in
            [(HouseState::Evacuating, false), (HouseState::AdmissionStopped, profile == Profile::Cafe)]
        {
            let facts = called(Facts { house: house(state), ..said(Class::Operations) });
            let content = compose(&view(profile), &facts, at(1));
            assert_eq!(texts(&content).contains(&call), calls, "{profile:?}, {state:?}");
        }
    }
}
