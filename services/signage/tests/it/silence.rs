//! The rows "Monitor" and "Bus/core" of the house's failure matrix: nothing comes any more, and time goes on. As a
//! table, with the time said in it: each fact vanishes at its end, what is not known reads so, and no display is ever
//! empty.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{testing::noon, values::Text};
use signage::domain::{
    Admission, Arrow, Audience, Base, Bays, Call, Class, Content, Evacuation, Fact, House, HouseState, Known, Message,
    Order, OrderStage, Phase, Places, Plan, Profile, Quality, Setup, Silence, Site, SiteState, Station, StationState,
    View, Way, Zone, ZoneLevel, compose,
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
        viewing_distance_m: 8,
        wayfinding: vec![way.clone()],
        exits: vec![way],
        welcome: Text::new("Willkommen", "Welcome"),
        house: Text::default(),
        sender: String::new(),
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
            last_entry_at: at(30),
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
        Fact::Message(lift_message()),
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
        assert!(known.learn(&fact, false).is_some(), "{fact:?} is new");
        assert!(known.learn(&fact, false).is_none(), "{fact:?} is not, the second time");
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
    known.learn(
        &Fact::House(House { state: HouseState::Evacuating, since: at(1), about: None, exercise: false }),
        false,
    );
    for minutes in [1, 60, 60 * 24 * 7] {
        let content = compose(&view(Profile::Cafe), &known.facts(at(minutes)), at(minutes));
        assert_eq!(content.class, Class::Evacuation, "after {minutes} min");
    }
    known.learn(&Fact::House(House { state: HouseState::Normal, since: at(0), about: None, exercise: false }), false);
    let content = compose(&view(Profile::Cafe), &known.facts(at(2)), at(2));
    assert_eq!(content.class, Class::Evacuation, "a late word of before does not end it");
}

fn silent(known: &mut Known, producer: &str, since: Option<i64>) {
    known.learn(&Fact::Silence(Silence { producer: producer.to_owned(), since: since.map(at) }), false);
}

#[test]
fn what_a_service_told_is_not_of_now_once_it_is_silent_and_is_again_when_it_speaks() {
    // Who falls silent three minutes after the last word, on which display, what it says no more, what it still says.
    let cases: [(&str, Profile, &str, &str); 8] = [
        ("reservations", Profile::Foyer, "17 Plätze", "Sterne"),
        ("flow", Profile::Foyer, "| Einlass |", "17 Plätze"),
        ("flow", Profile::DomeDoor, "| Einlass |", "Sterne"),
        ("flow", Profile::Wayfinding, "fast voll", "Ausgang"),
        ("flow", Profile::Queue, "17 Plätze", "Nummer 7"),
        ("parking", Profile::Parking, "12 frei", "unbekannt"),
        ("gastro", Profile::Cafe, "dauert etwas länger", "42"),
        ("gastro", Profile::Foyer, "unbekannt", "17 Plätze"),
    ];
    for (producer, profile, no_more, still) in cases {
        let mut known = known();
        known.learn(&Fact::Message(Message { withdrawn: true, ..lift_message() }), false);
        known.learn(
            &Fact::Zone(Zone {
                version: 1,
                zone_id: "hall".to_owned(),
                level: ZoneLevel::Busy,
                quality: Quality::Live,
                observed_at: at(0),
                // A counter that goes on saying the same is told once.
                valid_until: Some(at(3)),
                parent: String::new(),
                whole_house: false,
            }),
            false,
        );
        known.learn(
            &Fact::Station(Station {
                station_id: "s".to_owned(),
                name: Text::new("Theke", "Counter"),
                state: StationState::Busy,
                observed_at: at(0),
            }),
            false,
        );
        let mut base = (*view(profile).base).clone();
        base.setup.wayfinding[0].zone = "hall".to_owned();
        let view = View { base: Arc::new(base), standing_in: Vec::new() };
        let look = |known: &Known| compose(&view, &known.facts(at(4)), at(4));
        let before = look(&known);
        assert!(
            words(&before).contains(still) || still == "unbekannt",
            "{producer} on {profile:?}: {}",
            words(&before)
        );
        assert!(before.lines.iter().all(|line| !line.stale), "nobody is silent");
        assert!(!words(&before).contains("ungenau"), "nor is anything a guess: {}", words(&before));

        silent(&mut known, producer, Some(3));
        let content = look(&known);
        let said = words(&content);
        assert!(!said.contains(no_more), "{producer} is silent, and {profile:?} still says {no_more}: {said}");
        assert!(said.contains(still), "{producer} is silent, and {profile:?} no longer says {still}: {said}");
        for line in &content.lines {
            let own = match line.source.as_str() {
                "programme" => ["reservations", "flow"].contains(&producer),
                source => source == producer,
            };
            assert_eq!(line.stale, own, "{producer} on {profile:?}: {line:?}");
            assert!(!line.stale || line.observed_at == at(3), "as of when it was last heard: {line:?}");
        }
        // Said again it does not grow younger.
        silent(&mut known, producer, Some(4));
        assert_eq!(look(&known), content);
        silent(&mut known, producer, None);
        assert_eq!(look(&known), before, "{producer} speaks again");
    }
}

fn lift_message() -> Message {
    Message {
        beside: false,
        gravity: 0,
        hazard: None,
        message_id: Uuid::from_u128(2),
        class: Class::Operations,
        text: Text::new("Aufzug defekt", "Lift fault"),
        group: Some("g".to_owned()),
        published_at: at(0),
        valid_until: at(5),
        withdrawn: false,
        withdrawn_at: None,
        ended_by: None,
        earlier: Vec::new(),
    }
}

#[test]
fn decisions_hold_without_flow_measurements_do_not_and_an_evacuation_is_never_touched() {
    use HouseState::{AdmissionStopped, AllClear, Crowded, Evacuating};
    // State of the house, minutes since, whether it is still said, and whether with its age.
    for (state, minutes, says, stamped) in [
        (Crowded, 4, false, false),
        (AdmissionStopped, 4, true, true),
        (AdmissionStopped, 239, true, true),
        (AdmissionStopped, 240, false, false),
        (AllClear, 29, true, true),
        (AllClear, 30, false, false),
        (Evacuating, 4, true, false),
        (Evacuating, 60 * 24 * 7, true, false),
    ] {
        let mut known = Known::default();
        known.learn(&Fact::House(House { state, since: at(0), about: None, exercise: false }), false);
        silent(&mut known, "flow", Some(3));
        let content = compose(&view(Profile::Foyer), &known.facts(at(minutes)), at(minutes));
        let told = content.lines.iter().filter(|line| line.source == "flow");
        assert_eq!(told.clone().count() > 0, says, "{state:?} after {minutes} min: {content:#?}");
        assert!(told.clone().all(|line| line.stale == stamped), "{state:?} after {minutes} min: {content:#?}");
        assert_eq!(content.class == Class::Evacuation, state == Evacuating);
    }
}

#[test]
fn what_somebody_has_counted_holds_for_as_long_as_flow_said() {
    let mut base = (*view(Profile::Wayfinding).base).clone();
    base.setup.wayfinding[0].zone = "hall".to_owned();
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    let zone = |quality, observed, until| {
        let (zone_id, level) = ("hall".to_owned(), ZoneLevel::Busy);
        let (observed_at, valid_until) = (at(observed), Some(at(until)));
        Fact::Zone(Zone {
            version: 1,
            zone_id,
            level,
            quality,
            observed_at,
            valid_until,
            parent: String::new(),
            whole_house: false,
        })
    };
    let mut known = Known::default();
    known.learn(&zone(Quality::Manual, 0, 15), false);
    let quality = |known: &Known, minutes| compose(&view, &known.facts(at(minutes)), at(minutes)).lines[0].quality;
    assert_eq!(quality(&known, 14), Some(Quality::Manual));
    assert_eq!(quality(&known, 15), Some(Quality::Degraded), "a band from then on");
    known.learn(&zone(Quality::Manual, 10, 25), false);
    assert_eq!(quality(&known, 15), Some(Quality::Manual), "counted again, to the same end");
    silent(&mut known, "flow", Some(12));
    assert_eq!(quality(&known, 24), Some(Quality::Manual));
    assert_eq!(quality(&known, 25), None, "nobody knows");
}
