//! The rows "Monitor" and "Bus/core" of the house's failure matrix: nothing comes any more, and time goes on. As a
//! table, with the time said in it: each fact vanishes at its end, what is not known reads so, and no display is ever
//! empty.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{testing::noon, values::Text};
use signage::domain::{
    Admission, Arrow, Audience, Base, Bays, Call, Class, Content, Evacuation, Fact, House, HouseState, Known, Message,
    Order, OrderStage, Phase, Places, Plan, Profile, Setup, Site, SiteState, View, Way, compose,
};
use uuid::Uuid;

fn at(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}

fn view(profile: Profile) -> View {
    let way = Way {
        text: Text::new("Ausgang", "Exit"),
        detail: Text::default(),
        arrow: Arrow::Left,
        step_free: true,
        zone: String::new(),
        lift: String::new(),
    };
    let setup = Setup {
        profile,
        hall: "dome".to_owned(),
        zones: Vec::new(),
        wayfinding: vec![way.clone()],
        exits: vec![way],
        welcome: Text::new("Willkommen", "Welcome"),
        evacuation: Evacuation { headline: Text::new("Raus", "Out"), instruction: Text::new("Ruhig", "Calm") },
    };
    let base = Base { groups: vec!["g".to_owned()], setup, configured_at: at(0) };
    View { base: Arc::new(base), standing_in: Vec::new() }
}

/// All that was told before the silence.
fn known() -> Known {
    let showing_id = Uuid::from_u128(1);
    let order = Order { order_id: "o".to_owned(), number: 42, at: at(0), stage: OrderStage::Ready };
    let facts = [
        Fact::Plan(Plan {
            showing_id,
            title: Text::new("Sterne", "Stars"),
            hall: "dome".to_owned(),
            audience: Audience::Public,
            starts_at: at(30),
            ends_at: at(90),
            doors_at: at(10),
            told_at: at(-600),
        }),
        Fact::Places(Places { showing_id, left: 17, observed_at: at(0) }),
        Fact::Admission(Admission { showing_id, phase: Some(Phase::DoorsOpen), predicted_end_at: None, at: at(0) }),
        Fact::Site(Site {
            site_id: "p".to_owned(),
            state: SiteState::Open,
            reason: Text::default(),
            closed_until: None,
            bays: vec![Bays { class: "standard".to_owned(), free: Some(12) }],
            alternatives: Vec::new(),
            observed_at: at(0),
            valid_until: Some(at(10)),
            site_revision: 1,
        }),
        Fact::Counter(order),
        Fact::Message(Message {
            message_id: Uuid::from_u128(2),
            class: Class::Operations,
            text: Text::new("Aufzug defekt", "Lift fault"),
            group: Some("g".to_owned()),
            published_at: at(0),
            valid_until: at(5),
            withdrawn: false,
            withdrawn_at: None,
        }),
        Fact::Call(Call {
            call_id: "d/7".to_owned(),
            number: Some(7),
            hall: String::new(),
            text: Text::new("Nummer 7", "Number 7"),
            calling: true,
            at: at(0),
            valid_until: Some(at(8)),
        }),
    ];
    let mut known = Known::default();
    for fact in facts {
        assert!(known.learn(&fact).is_some(), "{fact:?} is new");
        assert!(known.learn(&fact).is_none(), "{fact:?} is not, the second time");
    }
    known
}

fn words(content: &Content) -> String {
    let lines = content.lines.iter().flat_map(|line| {
        let places = line.places_left.map(|places| format!("{places} Plätze")).unwrap_or_default();
        [line.text.de.clone(), line.detail.de.clone(), places]
    });
    std::iter::once(content.headline.de.clone()).chain(lines).collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_a_display_still_says_when_nothing_comes_any_more() {
    let known = known();
    // Profile, minutes since the last word, what it says, what it must no longer say.
    let cases: [(Profile, i64, &str, &str); 14] = [
        (Profile::Foyer, 4, "Aufzug defekt", "Willkommen"),
        (Profile::Foyer, 5, "Sterne", "Aufzug defekt"),
        (Profile::Foyer, 89, "Sterne", "Aufzug defekt"),
        (Profile::Foyer, 90, "Willkommen", "Sterne"),
        (Profile::DomeDoor, 6, "Einlass", "Aufzug"),
        (Profile::DomeDoor, 90, "Willkommen", "Einlass"),
        (Profile::Parking, 9, "12 frei", "unbekannt"),
        (Profile::Parking, 10, "unbekannt", "12"),
        (Profile::Parking, 60 * 24, "unbekannt", "12"),
        (Profile::Cafe, 60 * 4 - 1, "42", "Willkommen"),
        (Profile::Cafe, 60 * 4, "Willkommen", "42"),
        (Profile::Queue, 7, "Nummer 7", "Willkommen"),
        (Profile::Queue, 8, "Sterne", "Nummer 7"),
        (Profile::Wayfinding, 60 * 24 * 30, "Ausgang", "Sterne"),
    ];
    for (profile, minutes, says, not) in cases {
        let content = compose(&view(profile), &known.facts(at(minutes)), at(minutes));
        let words = words(&content);
        assert!(words.contains(says), "{profile:?} after {minutes} min says {words}, not {says}");
        assert!(!words.contains(not), "{profile:?} after {minutes} min still says {not}: {words}");
    }
}

#[test]
fn however_long_the_silence_nothing_is_past_its_end_and_no_display_is_empty() {
    let (known, profiles) = (
        known(),
        [
            Profile::Foyer,
            Profile::DomeDoor,
            Profile::Wayfinding,
            Profile::Parking,
            Profile::Cafe,
            Profile::Queue,
            Profile::RoomDoor,
        ],
    );
    for profile in profiles {
        for minutes in 0..60 * 26 {
            let now = at(minutes);
            let content = compose(&view(profile), &known.facts(now), now);
            assert!(!content.lines.is_empty() && !content.headline.de.is_empty(), "{profile:?} after {minutes} min");
            let stale = content.lines.iter().find(|line| line.valid_until.is_some_and(|end| end <= now));
            assert!(stale.is_none(), "{profile:?} after {minutes} min: {stale:?}");
        }
    }
}

#[test]
fn an_evacuation_does_not_run_out() {
    let mut known = known();
    known.learn(&Fact::House(House { state: HouseState::Evacuating, since: at(1), about: None }));
    for minutes in [1, 60, 60 * 24 * 7] {
        let content = compose(&view(Profile::Cafe), &known.facts(at(minutes)), at(minutes));
        assert_eq!(content.class, Class::Evacuation, "after {minutes} min");
    }
    known.learn(&Fact::House(House { state: HouseState::Normal, since: at(0), about: None }));
    let content = compose(&view(Profile::Cafe), &known.facts(at(2)), at(2));
    assert_eq!(content.class, Class::Evacuation, "a late word of before does not end it");
}
