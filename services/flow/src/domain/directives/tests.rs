//! Which directives contradict each other, and what displays say without a lift.

use super::{
    super::{
        incidents,
        zones::{Kind as ZoneKind, Quality, tests::zone},
    },
    *,
};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn zones() -> Vec<Zone> {
    let mut zones = vec![
        zone("foyer", ZoneKind::Room, "ground", 0),
        zone("cafe", ZoneKind::Room, "ground", 0),
        zone("room", ZoneKind::Room, "upper", 0),
        zone("tower", ZoneKind::Room, "upper", 0),
        zone("ground", ZoneKind::Level, "house", 0),
        zone("upper", ZoneKind::Level, "house", 0),
        zone("house", ZoneKind::House, "", 0),
    ];
    zones[3].step_free = false;
    zones
}

fn lift(working: bool) -> Lift {
    Lift {
        id: "lift".to_owned(),
        name: Text::new("Aufzug", "lift"),
        levels: vec!["ground".to_owned(), "upper".to_owned()],
        without: Text::new("Bleiben Sie hier; wir kommen.", "Stay here; we will come."),
        working,
        since: at(0),
        revision: 1,
    }
}

pub(crate) fn directive(kind: Kind, from: &str, to: &str) -> Directive {
    let words = words(kind, Cause::Unknown, (from, to), &zones(), &[lift(true)]);
    Directive {
        id: Uuid::now_v7(),
        kind,
        state: State::Active,
        from: from.to_owned(),
        to: to.to_owned(),
        text: words.text,
        step_free_text: words.step_free_text,
        step_free: words.step_free,
        lift: words.lift,
        reason: Text::default(),
        stated: None,
        by_policy: false,
        proposed_by: String::new(),
        confirmed_by: String::new(),
        ended_by: String::new(),
        proposed_at: at(0),
        active_from: at(0),
        ended_at: None,
        valid_until: at(30),
        warned: false,
        acks: Acks::default(),
        revision: 2,
    }
}

#[test]
fn directives_that_contradict_each_other_are_refused() {
    use Kind::{OpenOverflow, Redirect, StopAdmission};
    let open = [directive(Redirect, "foyer", "cafe"), directive(StopAdmission, "room", "")];
    let refused = |kind, from: &str, to: &str| check(None, kind, from, to, &open, &zones()).err();
    let name = |zone: &str| format!("The {zone}");
    let table = [
        (Redirect, "foyer", "foyer", Some(Contradiction::Itself(name("foyer")))),
        (Redirect, "foyer", "tower", Some(Contradiction::TwoWays(name("foyer"), name("cafe")))),
        (Redirect, "foyer", "cafe", Some(Contradiction::Again(name("foyer")))),
        (Redirect, "cafe", "room", Some(Contradiction::IntoStopped(name("room")))),
        (OpenOverflow, "cafe", "room", Some(Contradiction::IntoStopped(name("room")))),
        (StopAdmission, "cafe", "", Some(Contradiction::StopsTarget(name("cafe")))),
        (StopAdmission, "room", "", Some(Contradiction::Again(name("room")))),
        (Redirect, "cafe", "foyer", Some(Contradiction::Circle("The cafe → The foyer → The cafe".to_owned()))),
        (StopAdmission, "foyer", "", None),
        (Redirect, "cafe", "tower", None),
        (OpenOverflow, "foyer", "tower", None),
    ];
    for (kind, from, to, expected) in table {
        assert_eq!(refused(kind, from, to), expected, "{kind:?} {from} {to}");
    }
    let proposed = Directive { state: State::Proposed, ..directive(Redirect, "cafe", "tower") };
    assert_eq!(check(None, Redirect, "cafe", "room", &[proposed], &zones()), Ok(()), "a proposal binds nobody");
    let mut long = vec![directive(Redirect, "foyer", "cafe"), directive(Redirect, "cafe", "room")];
    let circle = check(None, Redirect, "room", "foyer", &long, &zones()).expect_err("round by three");
    assert_eq!(circle, Contradiction::Circle("The room → The foyer → The cafe → The room".to_owned()));
    // A circle that this one does not close must not be followed for ever.
    long.push(directive(OpenOverflow, "room", "cafe"));
    assert_eq!(check(None, OpenOverflow, "tower", "cafe", &long, &zones()), Ok(()));
    // Two ways out of one zone, of which either may be the one that leads back.
    let mut two = [directive(Redirect, "foyer", "cafe"), directive(OpenOverflow, "foyer", "tower")];
    for _ in 0..2 {
        two.reverse();
        let circle = check(None, Redirect, "tower", "foyer", &two, &zones()).expect_err("round");
        assert_eq!(circle, Contradiction::Circle("The tower → The foyer → The tower".to_owned()));
    }
}

/// The foyer and the café are on the ground floor, room and tower on the upper one.
#[test]
fn a_stop_holds_for_all_that_lies_in_the_stopped_zone() {
    use Kind::{OpenOverflow, Redirect, StopAdmission};
    let check = |holds: &Directive, kind, from: &str, to: &str, hall: bool| {
        let mut zones = zones();
        if hall {
            "hall:tower".clone_into(&mut zones[3].filled_by);
        }
        check(None, kind, from, to, std::slice::from_ref(holds), &zones).err()
    };
    let upper = || Some(Contradiction::IntoStopped("The upper".to_owned()));
    let stop = directive(StopAdmission, "upper", "");
    for (kind, from, to, hall, expected) in [
        (Redirect, "foyer", "room", false, upper()),
        (OpenOverflow, "foyer", "room", false, upper()),
        (Redirect, "foyer", "upper", false, upper()),
        (Redirect, "room", "upper", false, upper()),
        (Redirect, "foyer", "cafe", false, None),
        (Redirect, "room", "cafe", false, None),
        // Within the storey nobody is added; a hall's doors admit nobody all the same.
        (Redirect, "room", "tower", false, None),
        (Redirect, "room", "tower", true, upper()),
    ] {
        assert_eq!(check(&stop, kind, from, to, hall), expected, "{kind:?} {from} {to}, hall: {hall}");
    }
    let of = |zone: &str| Some(Contradiction::StopsTarget(format!("The {zone}")));
    for (from, to, stopped, expected) in [
        ("foyer", "room", "upper", of("upper")),
        ("foyer", "room", "house", None),
        ("foyer", "room", "tower", None),
        ("foyer", "room", "ground", None),
        ("room", "tower", "upper", None),
        ("foyer", "upper", "room", None),
    ] {
        let lead = directive(Redirect, from, to);
        assert_eq!(check(&lead, StopAdmission, stopped, "", false), expected, "{from} to {to}, stop {stopped}");
    }
}

#[test]
fn the_policy_leads_nobody_on_into_what_has_become_full() {
    let by_policy = |directive: Directive| Directive { proposed_by: BY_POLICY.to_owned(), ..directive };
    let mut ended = by_policy(directive(Kind::Redirect, "foyer", "room"));
    ended.end("anna", at(1));
    let known = [
        by_policy(directive(Kind::Redirect, "foyer", "room")),
        by_policy(directive(Kind::OpenOverflow, "tower", "room")),
        by_policy(directive(Kind::StopAdmission, "room", "")),
        directive(Kind::Redirect, "foyer", "room"),
        ended,
    ];
    let found = |zone: usize, people: u32| {
        let mut zones = zones();
        zones[zone].set(people, Quality::Live, at(0));
        let ids: Vec<Uuid> = into_full(&known, &zones).iter().map(|directive| directive.id).collect();
        ids
    };
    assert!(found(2, 94).is_empty(), "below red");
    assert_eq!(found(2, 95), [known[0].id, known[1].id], "what staff ordered is theirs to end");
    assert_eq!(found(5, 95), [known[0].id], "its storey is full; within that nobody is added");
    let against = |zone: &str| into_stop(zone, &known, &zones());
    assert_eq!(against("upper"), [known[0].id], "its own speaks not against a stop");
    assert_eq!(against("room"), [known[0].id, known[1].id]);
    assert!(against("ground").is_empty());
    let overflow = |to: &str| Rule {
        zone: "foyer".to_owned(),
        group: String::new(),
        when: Level::Red,
        kind: Kind::OpenOverflow,
        to: to.to_owned(),
        valid_for: TimeDelta::minutes(30),
        auto: false,
    };
    let mut stop = Directive { state: State::Proposed, ..directive(Kind::StopAdmission, "upper", "") };
    assert!(leads_into_stop(&overflow("room"), &[stop.clone()], &zones()), "also while it is only proposed");
    assert!(!leads_into_stop(&overflow("cafe"), &[stop.clone()], &zones()));
    stop.end("anna", at(1));
    assert!(!leads_into_stop(&overflow("room"), &[stop], &zones()));
}

#[test]
fn nobody_is_sent_where_it_is_full() {
    let mut full = zones();
    full[1].set(96, Quality::Live, at(0));
    let refused = check(None, Kind::Redirect, "foyer", "cafe", &[], &full);
    assert_eq!(refused, Err(Contradiction::ToFull("The cafe".to_owned())));
    let mut storey = zones();
    storey[5].set(100, Quality::Live, at(0));
    let refused = check(None, Kind::Redirect, "foyer", "room", &[], &storey);
    assert_eq!(refused, Err(Contradiction::ToFull("The room".to_owned())), "its storey is full");
    assert_eq!(check(None, Kind::Redirect, "tower", "room", &[], &storey), Ok(()), "within the storey nobody is added");
}

#[test]
fn a_lift_that_fails_rewrites_the_step_free_way() {
    let mut up = directive(Kind::Redirect, "foyer", "room");
    assert!(up.step_free && up.lift == "lift");
    assert_eq!(up.step_free_text.en, "The room: step-free by the lift.");
    up.state = State::AckedByDisplays;
    up.acks = Acks { by: vec![("d".to_owned(), at(1))], concerned: vec!["d".to_owned()] };
    assert!(up.say(words(up.kind, Cause::Lift, ("foyer", "room"), &zones(), &[lift(false)])));
    assert!(!up.step_free);
    assert_eq!((up.step_free_text.en.as_str(), up.revision), ("Stay here; we will come.", 3));
    assert_eq!((up.state, up.acks.by.len()), (State::Active, 0), "to be shown and answered anew");
    assert!(
        !up.say(words(up.kind, Cause::Lift, ("foyer", "room"), &zones(), &[lift(false)])),
        "once more changes nothing"
    );
    let level = directive(Kind::Redirect, "foyer", "cafe");
    assert!(level.step_free && level.step_free_text == level.text, "no lift on the way");
    let steps = directive(Kind::Redirect, "foyer", "tower");
    assert!(!steps.step_free && steps.step_free_text.de.contains("nur über Stufen"));
    let second = Lift { id: "second".to_owned(), ..lift(true) };
    let other = words(Kind::Redirect, Cause::Unknown, ("foyer", "room"), &zones(), &[lift(false), second]);
    assert!(other.step_free && other.lift == "second", "another lift that works");
}

#[test]
fn a_redirect_says_why_and_only_what_the_house_knows() {
    let way = ("foyer", "room");
    let why = |by_policy, way, open: &[Directive], zones: &[Zone], works| {
        cause(None, by_policy, way, open, zones, &[lift(works)])
    };
    let mut full = zones();
    full[0].set(95, Quality::Live, at(0));
    let mut ended = directive(Kind::StopAdmission, "foyer", "");
    ended.state = State::Ended;
    let stops = [directive(Kind::StopAdmission, "ground", "")];
    assert_eq!(why(false, way, &[ended], &zones(), true), Cause::Unknown, "nobody is told that it is full");
    assert_eq!(why(true, way, &[], &zones(), true), Cause::Full);
    assert_eq!(why(false, way, &stops, &full, false), Cause::Full);
    assert_eq!(why(false, way, &stops, &zones(), false), Cause::Stopped, "its storey is");
    let later = Directive { state: State::Confirmed, ..directive(Kind::StopAdmission, "ground", "") };
    assert_eq!(why(false, way, &[later], &zones(), true), Cause::Unknown, "until it begins people are let in");
    let stated = cause(Some(Stated::Cleaning), true, way, &stops, &full, &[lift(false)]);
    assert_eq!(stated, Cause::Stated(Stated::Cleaning), "what staff say comes first");
    assert_eq!(why(false, way, &[], &zones(), false), Cause::Lift);
    assert_eq!(why(false, ("foyer", "cafe"), &[], &zones(), false), Cause::Unknown, "no lift on the way");

    let said = |cause| words(Kind::Redirect, cause, way, &zones(), &[lift(true)]).text;
    let table = [
        (Cause::Full, "ist voll", "is full", "voll"),
        (Cause::Stopped, "kein Einlass", "no admission", "nicht hinein"),
        (Cause::Lift, "Aufzug", "lift", "Aufzug"),
        (Cause::Stated(Stated::Full), "ist voll", "is full", "voll"),
        (Cause::Stated(Stated::Cleaning), "gereinigt", "cleaned", "sauber"),
        (Cause::Stated(Stated::Fault), "Störung", "fault", "kaputt"),
        (Cause::Stated(Stated::Private), "geschlossene Gesellschaft", "private event", "Einladung"),
        (Cause::Stated(Stated::LongWait), "lange Wartezeit", "long wait", "lange warten"),
    ];
    let plainly = said(Cause::Unknown);
    assert!(!format!("{plainly:?}").contains("voll") && !plainly.en.contains("full"), "{plainly:?}");
    for (cause, de, en, plain) in table {
        let text = said(cause);
        assert!(text.de.contains(de) && text.en.contains(en) && text.plain.contains(plain), "{text:?}");
        assert!(text.de.starts_with(&plainly.de) && text.en.starts_with(&plainly.en), "{text:?}");
    }
}

#[test]
fn displays_say_something_of_every_directive_and_public_incident() {
    for kind in [Kind::Redirect, Kind::StopAdmission, Kind::OpenOverflow] {
        let said = words(kind, Cause::Unknown, ("foyer", "cafe"), &zones(), &[]);
        for text in [&said.text, &said.step_free_text] {
            assert!(!text.de.is_empty() && !text.en.is_empty() && !text.plain.is_empty(), "{kind:?}");
        }
    }
    let zones = zones();
    let (child, _) = incidents::words(incidents::Kind::LostChild, Some(&zones[0]), None);
    assert!(!child.de.contains("foyer"), "nobody is told where to look for a child");
    let (fault, without) = incidents::words(incidents::Kind::TechnicalFault, None, Some(&lift(true)));
    assert!(fault.de.contains("Aufzug") && without.de.contains("wir kommen"));
    assert_eq!(incidents::words(incidents::Kind::TechnicalFault, None, None).0, Text::default(), "for staff alone");
}

#[test]
fn the_policy_proposes_once_per_filling_and_asks_from_red_on() {
    let rule = Rule {
        zone: "foyer".to_owned(),
        group: String::new(),
        when: Level::Amber,
        kind: Kind::Redirect,
        to: "cafe".to_owned(),
        valid_for: TimeDelta::minutes(20),
        auto: true,
    };
    let amber = |since| Reached { level: Level::Amber, since: at(since) };
    assert!(!rule.due(Reached { level: Level::Green, since: at(0) }, &[]));
    assert!(rule.due(amber(5), &[]));
    assert!(!rule.due(amber(5), &[directive(Kind::Redirect, "foyer", "cafe")]));
    let mut turned_down = directive(Kind::Redirect, "foyer", "cafe");
    turned_down.end("anna", at(6));
    assert!(!rule.due(amber(5), &[turned_down.clone()]), "staff said no");
    assert!(rule.due(amber(20), &[turned_down]), "it filled up anew");
    let mut into_full = directive(Kind::Redirect, "foyer", "cafe");
    into_full.end(BY_POLICY, at(6));
    assert!(rule.due(amber(5), &[into_full]), "nobody said no: there may be room again");
    assert!(rule.confirms_itself(Level::Amber) && !rule.confirms_itself(Level::Red));
    assert!(!Rule { auto: false, ..rule }.confirms_itself(Level::Amber));
}

#[test]
fn what_the_policy_ordered_stays_as_long_as_a_zone_or_its_escape_group_calls_for_it() {
    let own = Rule {
        zone: "foyer".to_owned(),
        group: String::new(),
        when: Level::Stop,
        kind: Kind::StopAdmission,
        to: String::new(),
        valid_for: TimeDelta::minutes(30),
        auto: false,
    };
    let group = Rule { group: "main-exit".to_owned(), when: Level::Red, ..own.clone() };
    let is = |level| Reached { level, since: at(0) };
    let by_policy =
        Directive { by_policy: true, proposed_by: BY_POLICY.to_owned(), ..directive(Kind::StopAdmission, "foyer", "") };
    let by_staff = directive(Kind::StopAdmission, "foyer", "");
    let ended = Directive { state: State::Ended, ..by_policy.clone() };
    let another =
        Directive { by_policy: true, proposed_by: BY_POLICY.to_owned(), ..directive(Kind::Redirect, "foyer", "cafe") };
    let known = [by_policy, by_staff, ended, another];
    for (zone, group_is, ends) in [
        (Level::Stop, Level::Red, false),
        (Level::Green, Level::Red, false),
        (Level::Stop, Level::Green, false),
        (Level::Red, Level::Amber, true),
        (Level::Green, Level::Green, true),
    ] {
        let left: Vec<Uuid> =
            left(&[(&own, is(zone)), (&group, is(group_is))], &known).iter().map(|it| it.id).collect();
        let expected = if ends { vec![known[0].id] } else { Vec::new() };
        assert_eq!(left, expected, "zone {zone:?}, group {group_is:?}");
    }
}
