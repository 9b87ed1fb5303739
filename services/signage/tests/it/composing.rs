//! What a display shows, from facts alone: whatever the house is told, one class takes the display.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{testing::noon, values::Text};
use proptest::prelude::*;
use signage::domain::{
    Arrow, Audience, Base, Call, Class, Evacuation, Fact, Facts, House, HouseState, Kind, Known, Measure, Message,
    Phase, Profile, Quality, Record, Setup, Showing, Silence, Status, View, Way, Zone, ZoneLevel, compose,
};
use uuid::Uuid;

pub fn at(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}

pub fn view(profile: Profile) -> View {
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
            viewing_distance_m: 8,
            wayfinding: vec![exit.clone()],
            exits: vec![exit],
            welcome: Text::new("Willkommen", "Welcome"),
            house: Text::default(),
            sender: String::new(),
            evacuation: Evacuation { headline: Text::new("Raus", "Out"), instruction: Text::new("Ruhig", "Calm") },
        },
        configured_at: at(0),
    };
    View { base: Arc::new(base), standing_in: Vec::new() }
}

pub fn showing(start: i64, phase: Phase, cancelled: bool, audience: Audience) -> Showing {
    Showing {
        showing_id: Uuid::from_u128(start.unsigned_abs().into()),
        title: Text::new("Geburtstag von Kim", "Kim's birthday"),
        hall: "dome".to_owned(),
        audience,
        scheduled_starts_at: Some(at(start)),
        starts_at: at(start),
        ends_at: at(start + 60),
        doors_clock: "14:40".to_owned(),
        last_entry_at: Some(at(start)),
        delay_minutes: 0,
        cancelled,
        notice: None,
        phase,
        places_left: Some(5),
        observed_at: at(0),
    }
}

pub fn message(class: Class, end: i64, group: Option<&str>) -> Message {
    Message {
        message_id: Uuid::from_u128(7),
        class,
        beside: false,
        gravity: 0,
        hazard: None,
        text: Text::new("Hinweis", "Note"),
        group: group.map(str::to_owned),
        published_at: at(0),
        valid_until: at(end),
        withdrawn: false,
        withdrawn_at: None,
        ended_by: None,
        earlier: Vec::new(),
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

pub fn measure(zone: &str) -> Measure {
    Measure {
        measure_id: Uuid::from_u128(9),
        revision: 1,
        holds: true,
        zone_id: zone.to_owned(),
        text: Text::new("Aufzug außer Betrieb", "Lift out of order"),
        step_free_text: Text::default(),
        step_free: false,
        at: at(0),
        valid_until: Some(at(5)),
        ..Measure::default()
    }
}

#[test]
fn signposts_stay_below_what_is_said_and_only_an_emergency_takes_them() {
    let facts = Facts { measures: vec![measure("")], ..Facts::default() };
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
    let planned = Facts { messages: vec![message(Class::Scheduled, 10, None)], ..Facts::default() };
    let below = vec![Kind::Notice, Kind::Wayfinding];
    assert_eq!(kinds(Profile::Wayfinding, &planned, 1), (Class::Scheduled, below), "nor does what is planned");
    let urgent = Facts { messages: vec![message(Class::Safety, 10, None)], ..Facts::default() };
    assert_eq!(kinds(Profile::Wayfinding, &urgent, 1), (Class::Safety, vec![Kind::Notice]));
}

fn zone(id: &str, parent: &str) -> Zone {
    Zone {
        zone_id: id.to_owned(),
        level: ZoneLevel::Stop,
        quality: Quality::Live,
        observed_at: at(0),
        version: 1,
        valid_until: None,
        parent: parent.to_owned(),
        whole_house: parent.is_empty(),
    }
}

#[test]
fn of_two_words_on_a_zone_the_later_one_holds_whatever_the_clocks_say() {
    let mut known = Known::default();
    let mut level = |level, version, minutes| {
        let zone = Zone { level, version, observed_at: at(minutes), ..zone("cafe", "") };
        known.learn(&Fact::Zone(zone), false);
        known.facts(at(60)).zones[0].level
    };
    assert_eq!(level(ZoneLevel::Stop, 3, 30), ZoneLevel::Stop);
    assert_eq!(level(ZoneLevel::Busy, 4, 10), ZoneLevel::Busy, "its counter's clock is slow");
    assert_eq!(level(ZoneLevel::Stop, 3, 30), ZoneLevel::Busy, "told again");
    assert_eq!(level(ZoneLevel::Free, 2, 50), ZoneLevel::Busy, "told late");
    assert_eq!(level(ZoneLevel::Busy, 4, 10), ZoneLevel::Busy);
    assert_eq!(level(ZoneLevel::Free, 5, 10), ZoneLevel::Free);
}

#[test]
fn a_full_zone_says_how_that_is_known() {
    let mut base = (*view(Profile::Wayfinding).base).clone();
    base.setup.wayfinding[0].zone = "cafe".to_owned();
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    for quality in [Quality::Live, Quality::Manual, Quality::Estimated, Quality::Degraded] {
        let zone = Zone { quality, ..zone("cafe", "") };
        let facts = Facts { zones: vec![zone], ..Facts::default() };
        assert_eq!(compose(&view, &facts, at(1)).lines[0].quality, Some(quality));
    }
    assert_eq!(compose(&view, &Facts::default(), at(1)).lines[0].quality, None, "an arrow is no measurement");
    // What else there is, is there also when it is full.
    let mut base = (*view.base).clone();
    base.setup.wayfinding[0].detail = Text::new("auch barrierefreies WC", "also accessible toilet");
    base.setup.wayfinding[0].detail.plain = "auch Toilette für Rollstuhl".to_owned();
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    for (level, says) in [
        (ZoneLevel::Free, ["auch barrierefreies WC", "also accessible toilet", "auch Toilette für Rollstuhl"]),
        (
            ZoneLevel::Busy,
            [
                "fast voll · auch barrierefreies WC",
                "nearly full · also accessible toilet",
                "fast voll · auch Toilette für Rollstuhl",
            ],
        ),
        (
            ZoneLevel::Stop,
            [
                "zurzeit voll – bitte warten · auch barrierefreies WC",
                "full at the moment – please wait · also accessible toilet",
                "Hier ist es voll. Bitte warten. · auch Toilette für Rollstuhl",
            ],
        ),
    ] {
        let facts = Facts { zones: vec![Zone { level, ..zone("cafe", "") }], ..Facts::default() };
        let detail = &compose(&view, &facts, at(1)).lines[0].detail;
        assert_eq!([&detail.de, &detail.en, &detail.plain], says);
    }
}

#[test]
fn a_measure_concerns_the_displays_of_its_zone_of_what_lies_in_it_and_of_the_whole_house() {
    let mut base = (*view(Profile::Foyer).base).clone();
    base.setup.zones = vec!["room".to_owned()];
    let view = View { base: Arc::new(base), standing_in: Vec::new() };
    let zones = [zone("room", "upper"), zone("upper", "all"), zone("cafe", "ground"), zone("all", "")];
    // Which zones flow has told of, what the measure is about, whether this display says it.
    for (told, about, says) in [
        (&zones[..], "room", true),
        (&zones[..], "upper", true),
        (&zones[..], "all", true),
        (&zones[3..], "all", true),
        (&zones[..], "cafe", false),
        (&zones[..], "ground", false),
        (&zones[..0], "upper", false),
        // Words that crossed each other: in a circle nobody waits for ever.
        (&[zone("room", "upper"), zone("upper", "room")][..], "cafe", false),
    ] {
        let mut known: Known = told.iter().cloned().map(Record::Zone).collect();
        known.learn(&Fact::Measure(measure(about)), false);
        for silent in [false, true] {
            if silent {
                known.learn(&Fact::Silence(Silence { producer: "flow".to_owned(), since: Some(at(1)) }), false);
            }
            let class = compose(&view, &known.facts(at(2)), at(2)).class;
            assert_eq!(class == Class::Operations, says, "{about}, flow silent: {silent}");
        }
    }
}

pub fn late(start: i64, by: i64) -> Showing {
    Showing { scheduled_starts_at: Some(at(start - by)), ..showing(start, Phase::Planned, false, Audience::Public) }
}

/// The class of a display and the status of each of its lines.
fn statuses(profile: Profile, facts: &Facts, minutes: i64) -> (Class, Vec<Option<Status>>) {
    let content = compose(&view(profile), facts, at(minutes));
    (content.class, content.lines.iter().map(|line| line.status).collect())
}

#[test]
fn late_and_cancelled_showings_stand_above_what_is_planned_for_as_long_as_they_are_news() {
    let on_time = showing(90, Phase::Planned, false, Audience::Public);
    let planned = vec![message(Class::Scheduled, 6000, None)];
    let cancelled = Showing { observed_at: at(0), ..showing(45, Phase::Planned, true, Audience::Public) };
    let (delayed_one, on_time_one, cancelled_one) =
        (Some(Status::Delayed), Some(Status::Planned), Some(Status::Cancelled));
    for profile in [Profile::Foyer, Profile::Queue] {
        let facts = |changed: &Showing| Facts {
            showings: vec![on_time.clone(), changed.clone()],
            messages: planned.clone(),
            ..Facts::default()
        };
        let (delayed, gone) = (facts(&late(45, 20)), facts(&cancelled));
        let whole = |status| (Class::Operations, vec![status, on_time_one]);
        assert_eq!(statuses(profile, &delayed, 0), whole(delayed_one), "{profile:?}: nothing of the list is lost");
        assert_eq!(statuses(profile, &gone, 59), whole(cancelled_one), "{profile:?}");
        // Nobody has said that it began: it is no news any more. A cancellation is none after latecomers have come.
        for facts in [&delayed, &gone] {
            assert_eq!(
                statuses(profile, facts, 60),
                (Class::Scheduled, vec![None]),
                "{profile:?} says what is planned"
            );
        }
        // What happens in the evening keeps nothing off the screen, nor what has begun.
        let begun = Showing { phase: Phase::Running, ..late(45, 20) };
        for other in [late(45 + 2 * 60, 20), begun, on_time.clone()] {
            assert_eq!(statuses(profile, &facts(&other), 45).0, Class::Scheduled, "{profile:?}: {other:?}");
        }
    }
}

pub fn call(number: Option<u32>, minutes: i64) -> Call {
    Call {
        call_id: format!("{number:?}"),
        number,
        hall: "dome".to_owned(),
        text: Text::new("Gäste mit Assistenz bitte zum Einlass", "Guests with assistance, please come to the doors"),
        calling: true,
        at: at(0),
        valid_until: Some(at(minutes)),
    }
}

#[test]
fn whoever_is_called_reads_it_also_while_a_showing_is_late() {
    for (profile, called) in
        [(Profile::DomeDoor, call(None, 10)), (Profile::RoomDoor, call(None, 10)), (Profile::Queue, call(Some(7), 10))]
    {
        for (start, by, class) in [(45, 20, Class::Operations), (45, 0, Class::Default)] {
            let facts = Facts { showings: vec![late(start, by)], calls: vec![called.clone()], ..Facts::default() };
            let kinds = |minutes| -> Vec<Kind> {
                let content = compose(&view(profile), &facts, at(minutes));
                assert_eq!(content.class, class, "{profile:?}");
                content.lines.iter().map(|line| line.kind).collect()
            };
            assert!(kinds(1).contains(&Kind::Call), "{profile:?}, {by} min late");
            assert_eq!(kinds(1).contains(&Kind::Showing), class == Class::Operations || profile != Profile::Queue);
            assert_eq!(kinds(10), [Kind::Showing], "{profile:?}: the call ends, the showing stays");
        }
    }
}

#[test]
fn a_warning_that_leaves_time_stands_above_what_a_display_says_and_takes_none() {
    let warning = |class| Message { beside: true, ..message(class, 60, None) };
    let open = showing(10, Phase::DoorsOpen, false, Audience::Public);
    let shown = |profile, messages: Vec<Message>, house: Option<HouseState>| {
        let house = house.map(|state| House { state, since: at(0), about: None, exercise: false });
        let facts = Facts { showings: vec![open.clone()], messages, house, ..Facts::default() };
        let content = compose(&view(profile), &facts, at(1));
        let lines: Vec<String> = content.lines.iter().map(|line| format!("{}:{:?}", line.source, line.kind)).collect();
        (content.class, content.headline.de, lines.join(" "))
    };
    for class in [Class::Operations, Class::Scheduled] {
        let (shown_class, headline, lines) = shown(Profile::DomeDoor, vec![warning(class)], None);
        let (before, own, _) = shown(Profile::DomeDoor, Vec::new(), None);
        assert_eq!((shown_class, &headline), (before, &own), "the door tells on that it is open");
        assert_eq!(lines, "warning:Notice programme:Showing");
    }
    for profile in PROFILES {
        let before = shown(profile, Vec::new(), None);
        let (class, headline, lines) = shown(profile, vec![warning(Class::Operations)], None);
        assert_eq!((class, &headline), (before.0, &before.1), "{profile:?}");
        assert_eq!(lines, format!("warning:Notice {}", before.2), "{profile:?}");
    }
    // With what staff say of the day of everybody; and gone where people must act.
    let (class, _, lines) =
        shown(Profile::Foyer, vec![message(Class::Operations, 60, None), warning(Class::Scheduled)], None);
    assert_eq!((class, lines.as_str()), (Class::Operations, "warning:Notice message:Notice"));
    let (class, _, lines) =
        shown(Profile::Foyer, vec![message(Class::Safety, 60, None), warning(Class::Operations)], None);
    assert_eq!((class, lines.as_str()), (Class::Safety, "message:Notice"));
    let (class, _, lines) = shown(Profile::Foyer, vec![warning(Class::Operations)], Some(HouseState::Evacuating));
    assert_eq!(class, Class::Evacuation);
    assert!(!lines.contains("warning"), "{lines}");
    // However many there are, the display keeps most of its room.
    let many = (1..6).map(|id| Message { message_id: Uuid::from_u128(id), ..warning(Class::Scheduled) }).collect();
    assert_eq!(shown(Profile::DomeDoor, many, None).2, "warning:Notice warning:Notice programme:Showing");
    // The gravest stays, however many others came after it.
    let of = |id: u128, gravity: u8| Message {
        message_id: Uuid::from_u128(id),
        gravity,
        text: Text::new(format!("gravity {gravity}"), ""),
        ..warning(Class::Operations)
    };
    let facts = Facts { messages: vec![of(1, 3), of(2, 2), of(3, 2), of(4, 2)], ..Facts::default() };
    let content = compose(&view(Profile::DomeDoor), &facts, at(0));
    assert_eq!(content.lines.first().map(|line| line.text.de.as_str()), Some("gravity 3"), "{content:?}");
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
