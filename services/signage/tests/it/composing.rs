//! What a display shows, from facts alone: whatever the house is told, one class takes the display.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{testing::noon, values::Text};
use proptest::prelude::*;
use signage::domain::{
    Arrow, Audience, Base, Class, Evacuation, Facts, House, HouseState, Kind, Lift, Measure, Message, Phase, Profile,
    Quality, Setup, Showing, View, Way, Zone, ZoneLevel, compose,
};
use uuid::Uuid;

fn at(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}

fn view(profile: Profile) -> View {
    let exit = Way {
        text: Text::new("Ausgang", "Exit"),
        detail: Text::default(),
        arrow: Arrow::Left,
        step_free: true,
        zone: String::new(),
        lift: String::new(),
    };
    let base = Base {
        groups: vec!["g".to_owned()],
        setup: Setup {
            profile,
            hall: "dome".to_owned(),
            zones: Vec::new(),
            wayfinding: vec![exit.clone()],
            exits: vec![exit],
            welcome: Text::new("Willkommen", "Welcome"),
            evacuation: Evacuation { headline: Text::new("Raus", "Out"), instruction: Text::new("Ruhig", "Calm") },
        },
        configured_at: at(0),
    };
    View { base: Arc::new(base), standing_in: Vec::new() }
}

fn showing(start: i64, phase: Phase, cancelled: bool, audience: Audience) -> Showing {
    Showing {
        showing_id: Uuid::from_u128(start.unsigned_abs().into()),
        title: Text::new("Geburtstag von Kim", "Kim's birthday"),
        hall: "dome".to_owned(),
        audience,
        scheduled_starts_at: Some(at(start)),
        starts_at: at(start),
        ends_at: at(start + 60),
        doors_clock: "14:40".to_owned(),
        delay_minutes: 0,
        cancelled,
        notice: None,
        phase,
        places_left: Some(5),
        observed_at: at(0),
    }
}

fn message(class: Class, end: i64, group: Option<&str>) -> Message {
    Message {
        message_id: Uuid::from_u128(7),
        class,
        text: Text::new("Hinweis", "Note"),
        group: group.map(str::to_owned),
        published_at: at(0),
        valid_until: at(end),
        withdrawn: false,
        withdrawn_at: None,
    }
}

const PROFILES: [Profile; 7] = [
    Profile::Foyer,
    Profile::DomeDoor,
    Profile::Wayfinding,
    Profile::Parking,
    Profile::Cafe,
    Profile::Queue,
    Profile::RoomDoor,
];

#[test]
fn without_any_fact_every_profile_says_something() {
    for profile in PROFILES {
        let content = compose(&view(profile), &Facts::default(), at(0));
        assert_eq!(content.class, Class::Default);
        assert!(!content.lines.is_empty() && !content.headline.de.is_empty(), "{profile:?}");
    }
}

#[test]
fn a_closed_party_s_title_is_never_shown() {
    for profile in [Profile::Foyer, Profile::DomeDoor] {
        let facts =
            Facts { showings: vec![showing(30, Phase::DoorsOpen, false, Audience::Private)], ..Facts::default() };
        let content = compose(&view(profile), &facts, at(0));
        let shown = serde_json::to_string(&content).expect("JSON");
        assert!(!shown.contains("Kim"), "{shown}");
        assert!(content.lines.iter().all(|line| line.places_left.is_none()), "and it is not for sale");
    }
}

#[test]
fn a_neighbour_takes_the_message_and_not_the_arrows() {
    let facts = Facts {
        showings: vec![showing(30, Phase::DoorsOpen, false, Audience::Public)],
        messages: vec![message(Class::Scheduled, 10, Some("doors"))],
        ..Facts::default()
    };
    let part = |profile, group: &str| {
        let mut base = (*view(profile).base).clone();
        base.groups = vec![group.to_owned()];
        Arc::new(base)
    };
    let alone = View { base: part(Profile::Wayfinding, "ways"), standing_in: Vec::new() };
    let door = part(Profile::DomeDoor, "doors");
    // Its arrow is another one than ours: an equal one would be left out as a repetition.
    let mut elsewhere = (*part(Profile::Wayfinding, "others")).clone();
    elsewhere.setup.wayfinding[0].arrow = Arrow::Right;
    elsewhere.setup.wayfinding[0].text = Text::new("Studio", "Studio");
    let way = Arc::new(elsewhere);
    let standing_in = View { standing_in: vec![door, way], ..alone.clone() };
    assert_ne!(alone.id(), standing_in.id());
    let quiet = Facts { messages: Vec::new(), ..facts.clone() };
    let content = compose(&standing_in, &quiet, at(0));
    let kinds: Vec<Kind> = content.lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, [Kind::Wayfinding, Kind::Showing], "its own arrow, the door's showing, nobody else's arrows");
    assert_eq!(content.lines[0].arrow, Some(Arrow::Left));
    assert_eq!(compose(&alone, &facts, at(0)).class, Class::Default, "the message is for the doors");
    assert_eq!(compose(&standing_in, &facts, at(0)).class, Class::Scheduled, "and the door's neighbour takes it");
}

#[test]
fn a_lift_that_fails_takes_the_step_free_way_with_it() {
    let mut base = (*view(Profile::Wayfinding).base).clone();
    base.setup.wayfinding[0].lift = "lift".to_owned();
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    let without = Text::new("Bitte wenden Sie sich an den Empfang", "Please ask at the desk");
    for working in [true, false] {
        let lift = Lift { lift_id: "lift".to_owned(), working, without: without.clone(), since: at(0), revision: 1 };
        let facts = Facts { lifts: vec![lift], ..Facts::default() };
        let line = compose(&view, &facts, at(1)).lines[0].clone();
        assert_eq!((line.step_free, line.detail == without), (working, !working));
    }
}

#[test]
fn signposts_stay_below_what_is_said_and_only_an_emergency_takes_them() {
    let measure = Measure {
        measure_id: Uuid::from_u128(9),
        revision: 1,
        holds: true,
        zone_id: String::new(),
        text: Text::new("Aufzug außer Betrieb", "Lift out of order"),
        step_free_text: Text::default(),
        step_free: false,
        at: at(0),
        valid_until: Some(at(5)),
    };
    let facts = Facts { measures: vec![measure], ..Facts::default() };
    let kinds = |profile, facts: &Facts, minutes| {
        let content = compose(&view(profile), facts, at(minutes));
        (content.class, content.lines.iter().map(|line| line.kind).collect::<Vec<Kind>>())
    };
    let both = vec![Kind::Notice, Kind::Wayfinding];
    assert_eq!(kinds(Profile::Wayfinding, &facts, 1), (Class::Operations, both.clone()));
    assert_eq!(kinds(Profile::Foyer, &facts, 1), (Class::Operations, vec![Kind::Notice]));
    assert_eq!(kinds(Profile::Wayfinding, &facts, 6), (Class::Default, vec![Kind::Wayfinding]), "and it ends");
    let said = Facts { messages: vec![message(Class::Operations, 10, None)], ..Facts::default() };
    assert_eq!(kinds(Profile::Wayfinding, &said, 1), (Class::Operations, both));
    let urgent = Facts { messages: vec![message(Class::Safety, 10, None)], ..Facts::default() };
    assert_eq!(kinds(Profile::Wayfinding, &urgent, 1), (Class::Safety, vec![Kind::Notice]));
}

#[test]
fn a_full_zone_says_how_that_is_known() {
    let mut base = (*view(Profile::Wayfinding).base).clone();
    base.setup.wayfinding[0].zone = "cafe".to_owned();
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    for quality in [Quality::Live, Quality::Manual, Quality::Estimated, Quality::Degraded] {
        let zone =
            Zone { zone_id: "cafe".to_owned(), level: ZoneLevel::Stop, quality, observed_at: at(0), valid_until: None };
        let facts = Facts { zones: vec![zone], ..Facts::default() };
        assert_eq!(compose(&view, &facts, at(1)).lines[0].quality, Some(quality));
    }
    assert_eq!(compose(&view, &Facts::default(), at(1)).lines[0].quality, None, "an arrow is no measurement");
}

#[test]
fn a_message_of_another_group_or_past_its_end_is_not_shown() {
    for (message, class) in [
        (message(Class::Safety, 10, None), Class::Safety),
        (message(Class::Safety, 10, Some("g")), Class::Safety),
        (message(Class::Safety, 10, Some("other")), Class::Default),
        (message(Class::Safety, 0, None), Class::Default),
        (Message { withdrawn: true, ..message(Class::Safety, 10, None) }, Class::Default),
    ] {
        let facts = Facts { messages: vec![message], ..Facts::default() };
        assert_eq!(compose(&view(Profile::Foyer), &facts, at(0)).class, class);
    }
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let phase = prop_oneof![
        Just(Phase::Planned),
        Just(Phase::DoorsOpen),
        Just(Phase::LastCall),
        Just(Phase::Running),
        Just(Phase::Over)
    ];
    let audience = prop_oneof![Just(Audience::Public), Just(Audience::School), Just(Audience::Private)];
    let showings = prop::collection::vec(
        (-120_i64..600, phase, any::<bool>(), audience)
            .prop_map(|(start, phase, cancelled, audience)| showing(start, phase, cancelled, audience)),
        0..6,
    );
    let state = prop_oneof![
        Just(HouseState::Normal),
        Just(HouseState::Crowded),
        Just(HouseState::AdmissionStopped),
        Just(HouseState::Evacuating),
        Just(HouseState::AllClear)
    ];
    let class = prop_oneof![Just(Class::Scheduled), Just(Class::Operations), Just(Class::Safety)];
    let group = prop_oneof![Just(None), Just(Some("g")), Just(Some("other"))];
    let messages = prop::collection::vec(
        (class, -30_i64..90, group).prop_map(|(class, end, group)| message(class, end, group)),
        0..5,
    );
    (showings, prop::option::of(state), messages).prop_map(|(showings, state, messages)| Facts {
        showings,
        house: state.map(|state| House { state, since: at(0), about: None, exercise: false }),
        messages,
        ..Facts::default()
    })
}

proptest! {
    #[test]
    fn one_class_takes_the_display_and_evacuation_is_above_all(facts in any_facts(), now in -60_i64..600) {
        for profile in PROFILES {
            let content = compose(&view(profile), &facts, at(now));
            prop_assert!(!content.lines.is_empty(), "never empty");
            prop_assert!(content.lines.iter().all(|line| line.valid_until.is_none_or(|end| at(now) < end)));
            let evacuating = facts.house.as_ref().is_some_and(|house| house.state == HouseState::Evacuating);
            prop_assert_eq!(content.class == Class::Evacuation, evacuating);
            let spoken: Vec<Class> = facts
                .messages
                .iter()
                .filter(|it| at(now) < it.valid_until && it.group.as_deref() != Some("other"))
                .map(|it| it.class)
                .collect();
            if let Some(highest) = spoken.into_iter().max() {
                prop_assert!(content.class >= highest, "a lower class hides a message");
            }
            let notices = content.lines.iter().filter(|line| line.source == "message").count();
            let of_class = facts.messages.iter().filter(|it| it.class == content.class).count();
            prop_assert!(notices <= of_class, "a message of another class is among the lines");
            prop_assert_eq!(&compose(&view(profile), &facts, at(now)), &content, "pure");
        }
    }
}
