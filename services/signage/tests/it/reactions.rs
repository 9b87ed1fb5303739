//! What other services tell, each twice, late and out of order.

use kernel::values::{Text, timestamp};
use sky_proto::{
    flow::v1::{self as flow, AdmissionState, HouseState},
    gastro::v1 as gastro,
    parking::v1 as parking,
    reservations::v1 as reservations,
    signage::v1 as pb,
};
use uuid::Uuid;

use crate::support::*;

fn statuses(content: &pb::Content) -> Vec<&str> {
    content.lines.iter().map(|line| line.status.as_str()).filter(|status| !status.is_empty()).collect()
}

#[tokio::test]
async fn the_door_follows_admission_and_repeats_change_nothing() {
    let house = house().await;
    let showing = Uuid::now_v7();
    twice(&house, "reservations", &scheduled(showing, 30)).await;
    let door = content(&house, "dome-door-1").await;
    assert_eq!(statuses(&door), ["planned"]);
    assert!(words(&door).contains("Sterne über Halle"), "{}", words(&door));
    let mut revision = door.revision;
    for (state, status) in [
        (AdmissionState::DoorsOpen, "doors_open"),
        (AdmissionState::LastCall, "last_call"),
        (AdmissionState::Running, "running"),
    ] {
        twice(&house, "flow", &moved(showing, state, 10)).await;
        let door = content(&house, "dome-door-1").await;
        assert_eq!(statuses(&door), [status]);
        assert_eq!(door.revision, revision + 1, "one revision a change, none a repeat");
        revision = door.revision;
    }
    twice(&house, "flow", &moved(showing, AdmissionState::Egress, 90)).await;
    // An old word comes late.
    twice(&house, "flow", &moved(showing, AdmissionState::LastCall, 20)).await;
    assert_eq!(statuses(&content(&house, "dome-door-1").await), Vec::<&str>::new());
}

#[tokio::test]
async fn admission_and_places_told_before_the_plan_wait_for_it() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let before = content(&house, "foyer-1").await;
    twice(&house, "flow", &moved(showing, AdmissionState::DoorsOpen, 0)).await;
    let places = reservations::AvailabilityChanged {
        showing_id: showing.to_string(),
        availability: Some(reservations::Availability {
            free_door: 17,
            observed_at: Some(timestamp(minutes(0))),
            ..Default::default()
        }),
    };
    twice(&house, "reservations", &places).await;
    assert_eq!(content(&house, "foyer-1").await.revision, before.revision, "nothing to show yet");
    twice(&house, "reservations", &scheduled(showing, 30)).await;
    let foyer = content(&house, "foyer-1").await;
    assert_eq!(statuses(&foyer), ["doors_open"]);
    assert_eq!(foyer.lines[0].places_left, Some(17));
}

#[tokio::test]
async fn a_delay_is_shown_whichever_comes_first() {
    for delay_first in [false, true] {
        let house = house().await;
        let showing = Uuid::now_v7();
        let (plan, delay) = (scheduled(showing, 30), delayed(showing, 30, 15));
        if delay_first {
            twice(&house, "reservations", &delay).await;
            twice(&house, "reservations", &plan).await;
        } else {
            twice(&house, "reservations", &plan).await;
            twice(&house, "reservations", &delay).await;
        }
        twice(&house, "reservations", &plan).await;
        let door = content(&house, "dome-door-2").await;
        assert_eq!(door.priority_class(), pb::PriorityClass::Operations, "delay first: {delay_first}");
        assert_eq!(statuses(&door), ["delayed"]);
        assert_eq!(door.lines[0].starts_at, Some(timestamp(minutes(45))));
        assert!(words(&door).contains("15 Minuten später"), "{}", words(&door));
        assert!(words(&door).contains("Projektor"), "{}", words(&door));
        assert_eq!(statuses(&content(&house, "foyer-2").await), ["delayed"]);
    }
}

#[tokio::test]
async fn a_delay_that_is_taken_back_is_shown_no_longer() {
    for plan_first in [false, true] {
        let house = house().await;
        let showing = Uuid::now_v7();
        let (plan, delay) = (scheduled(showing, 30), delayed(showing, 30, 15));
        let shorter = reservations::ShowingDelayed { minutes: -5, ..delayed(showing, 30, 10) };
        // An empty reason: nothing is left to explain.
        let back = reservations::ShowingDelayed { minutes: -15, reason: None, ..delayed(showing, 30, 0) };
        let told = if plan_first { [true, false] } else { [false, true] };
        for is_plan in told {
            if is_plan {
                twice(&house, "reservations", &plan).await;
            } else {
                twice(&house, "reservations", &delay).await;
                twice(&house, "reservations", &shorter).await;
                twice(&house, "reservations", &plan).await;
                let door = content(&house, "dome-door-2").await;
                assert_eq!(statuses(&door), ["delayed"]);
                assert_eq!(door.lines[0].starts_at, Some(timestamp(minutes(40))));
                twice(&house, "flow", &moved(showing, AdmissionState::Planned, 5)).await;
                twice(&house, "reservations", &back).await;
            }
        }
        twice(&house, "reservations", &plan).await;
        let door = content(&house, "dome-door-2").await;
        assert_eq!(statuses(&door), ["planned"], "plan first: {plan_first}");
        assert_eq!(door.lines[0].starts_at, Some(timestamp(minutes(30))));
        assert!(!words(&door).contains("später") && !words(&door).contains("Projektor"), "{}", words(&door));
    }
}

#[tokio::test]
async fn a_cancelled_showing_stays_cancelled() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let cancelled = reservations::ShowingCancelled {
        showing_id: showing.to_string(),
        reason: Some(Text::new("Stromausfall", "Power cut").to_proto()),
    };
    twice(&house, "reservations", &cancelled).await;
    twice(&house, "reservations", &scheduled(showing, 30)).await;
    twice(&house, "reservations", &delayed(showing, 30, 10)).await;
    twice(&house, "flow", &moved(showing, AdmissionState::DoorsOpen, 5)).await;
    let door = content(&house, "dome-door-1").await;
    assert_eq!(statuses(&door), ["cancelled"]);
    assert_eq!(door.lines[0].places_left, None);
    assert!(words(&door).contains("Stromausfall"), "{}", words(&door));
}

#[tokio::test]
async fn a_showing_that_is_broken_off_is_told_at_its_door() {
    let house = house().await;
    let showing = Uuid::now_v7();
    twice(&house, "reservations", &scheduled(showing, 60)).await;
    house.clock.set(minutes(90));
    twice(&house, "flow", &moved(showing, AdmissionState::Running, 60)).await;
    // So long after its start a running one is shown to nobody any more.
    twice(&house, "flow", &moved(showing, AdmissionState::Aborted, 90)).await;
    let content = content(&house, "dome-door-1").await;
    assert_eq!(statuses(&content), ["cancelled"]);
    assert!(words(&content).contains("Abgebrochen"), "{}", words(&content));
}

#[tokio::test]
async fn evacuation_stands_above_all_on_every_display_until_it_is_cleared() {
    let house = house().await;
    let showing = Uuid::now_v7();
    twice(&house, "reservations", &scheduled(showing, 30)).await;
    publish(&house, &message(pb::PriorityClass::Safety, "Abstand", "")).await.expect("published");
    twice(&house, "flow", &house_state(HouseState::Evacuating, 2)).await;
    for id in ["foyer-1", "dome-door-1", "way-roof", "parking-1", "parking-2", "cafe-2"] {
        let shown = content(&house, id).await;
        assert_eq!(shown.priority_class(), pb::PriorityClass::Evacuation, "{id}");
        assert!(shown.lines.iter().any(|line| line.step_free), "{id} names a step-free way out");
        assert!(!words(&shown).contains("Abstand"), "classes never interleave");
    }
    // An older word comes late; then the house is cleared.
    twice(&house, "flow", &house_state(HouseState::Normal, 1)).await;
    assert_eq!(content(&house, "foyer-1").await.priority_class(), pb::PriorityClass::Evacuation);
    twice(&house, "flow", &house_state(HouseState::AllClear, 20)).await;
    let clear = content(&house, "foyer-1").await;
    assert_eq!(clear.priority_class(), pb::PriorityClass::Safety);
    assert!(words(&clear).contains("Entwarnung"), "{}", words(&clear));
    twice(&house, "flow", &house_state(HouseState::AdmissionStopped, 30)).await;
    let mut client = crate::client!(house, &operator());
    let told: Vec<pb::MessagePublished> = house.events("signage").await;
    let message_id = told[0].message.clone().expect("a message").message_id;
    client.withdraw_message(pb::WithdrawMessageRequest { message_id }).await.expect("withdrawn");
    assert_eq!(content(&house, "foyer-1").await.priority_class(), pb::PriorityClass::Operations);
    twice(&house, "flow", &house_state(HouseState::Normal, 40)).await;
    assert_eq!(statuses(&content(&house, "foyer-1").await), ["planned"]);
}

#[tokio::test]
async fn what_holds_for_the_whole_house_is_on_all_displays_and_what_holds_for_the_foyer_not_at_the_car_park() {
    let house = house().await;
    let stop = |zone: &str, number| flow::DirectiveChanged {
        directive: Some(flow::Directive {
            directive_id: Uuid::from_u128(number).to_string(),
            kind: flow::DirectiveKind::StopAdmission.into(),
            state: flow::MeasureState::Active.into(),
            from_zone_id: zone.to_owned(),
            text: Some(Text::new("Zurzeit kein Einlass", "No admission").to_proto()),
            active_from: Some(timestamp(minutes(0))),
            revision: 1,
            ..Default::default()
        }),
    };
    let mut staff = crate::client!(house, &operator());
    let displays = staff.list_displays(pb::ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    let told = async || {
        let mut told = Vec::new();
        for display in &displays {
            if words(&content(&house, &display.display_id).await).contains("Zurzeit kein Einlass") {
                told.push(display.display_id.as_str());
            }
        }
        told
    };
    twice(&house, "flow", &stop("foyer", 1)).await;
    let here = told().await;
    assert!(here.contains(&"foyer-1") && here.contains(&"way-ground"), "{here:?}");
    assert!(!here.iter().any(|id| id.starts_with("parking") || id.starts_with("room")), "{here:?}");
    twice(&house, "flow", &stop("house", 2)).await;
    let all: Vec<&str> = displays.iter().map(|display| display.display_id.as_str()).collect();
    assert_eq!(told().await, all);
}

#[tokio::test]
async fn the_whole_house_is_the_zone_that_flow_says_it_is() {
    let house = house().await;
    let file = HOUSE_FILE.replace(", \"house\"]", "]");
    load(&house, &file, false).await.expect("a file whose displays do not name it");
    let told = flow::ZoneChanged {
        zone: Some(flow::Zone {
            zone_id: "house".to_owned(),
            kind: flow::ZoneKind::House.into(),
            level: flow::ZoneLevel::Green.into(),
            observed_at: Some(timestamp(minutes(0))),
            ..Default::default()
        }),
    };
    twice(&house, "flow", &told).await;
    let incident = flow::IncidentChanged {
        incident: Some(flow::Incident {
            incident_id: Uuid::from_u128(3).to_string(),
            state: flow::MeasureState::Active.into(),
            zone_id: "house".to_owned(),
            text: Some(Text::new("Bitte bleiben Sie", "Please stay").to_proto()),
            revision: 1,
            ..Default::default()
        }),
    };
    twice(&house, "flow", &incident).await;
    for id in ["foyer-1", "room-1-door", "parking-2", "cafe-1", "way-roof"] {
        let shown = words(&content(&house, id).await);
        assert!(shown.contains("Bitte bleiben Sie"), "{id}: {shown}");
    }
}

#[tokio::test]
async fn a_full_zone_is_told_by_its_arrow() {
    let house = house().await;
    let zone = |level: flow::ZoneLevel, at| flow::ZoneChanged {
        zone: Some(flow::Zone {
            zone_id: "cafe".to_owned(),
            level: level.into(),
            observed_at: Some(timestamp(minutes(at))),
            ..Default::default()
        }),
    };
    let told = async |event| {
        house.emit("flow", "cafe", event).await;
        house.settle().await;
        words(&content(&house, "way-ground").await).contains("zurzeit voll")
    };
    // Of a counter whose clock is fast, then of one whose clock is right: what flow says later holds.
    assert!(told(zone(flow::ZoneLevel::Stop, 5)).await);
    assert!(!told(zone(flow::ZoneLevel::Amber, 4)).await);
    assert!(told(zone(flow::ZoneLevel::Stop, 3)).await);
    assert!(!told(zone(flow::ZoneLevel::Green, 3)).await);
}

#[tokio::test]
async fn the_car_park_is_told_as_long_as_it_is_known() {
    let house = house().await;
    let site = |state: parking::SiteState, revision, occupied| parking::SiteChanged {
        site: Some(parking::Site {
            site_id: "holzplatz".to_owned(),
            state: state.into(),
            classes: vec![parking::ClassOccupancy {
                bay_class: parking::BayClass::Standard.into(),
                capacity: 40,
                occupied,
                expected: 3,
            }],
            alternatives: vec![parking::Alternative {
                name: "Spitze".to_owned(),
                walk_minutes: 9,
                ..Default::default()
            }],
            observed_at: Some(timestamp(minutes(0))),
            valid_until: Some(timestamp(minutes(10))),
            revision,
            ..Default::default()
        }),
    };
    twice(&house, "parking", &site(parking::SiteState::Open, 3, Some(25))).await;
    twice(&house, "parking", &site(parking::SiteState::Closed, 2, Some(40))).await;
    let shown = content(&house, "parking-1").await;
    assert!(words(&shown).contains("12 frei"), "without those kept for rights: {}", words(&shown));
    assert_eq!(shown.lines[0].valid_until, Some(timestamp(minutes(10))), "the player drops it by itself");
    twice(&house, "parking", &site(parking::SiteState::Open, 4, None)).await;
    assert!(words(&content(&house, "parking-1").await).contains("unbekannt"), "never an old number, never zero");
    twice(&house, "parking", &site(parking::SiteState::Unreachable, 5, None)).await;
    let shown = content(&house, "parking-1").await;
    assert_eq!(shown.priority_class(), pb::PriorityClass::Operations);
    assert!(words(&shown).contains("Spitze | 9 Min. Fußweg"), "{}", words(&shown));
    assert!(!words(&shown).contains("Gesperrt bis"), "until further notice");

    // With its end, told twice, late and out of order; the day stands there when it is another one.
    for (revision, end, said) in [(7, 360, "Gesperrt bis 18:00 Uhr"), (8, 1440 + 360, "Gesperrt bis 29.11., 18:00 Uhr")]
    {
        let mut closed = site(parking::SiteState::Unreachable, revision, None);
        closed.site.as_mut().expect("a site").until = Some(timestamp(minutes(end)));
        twice(&house, "parking", &closed).await;
        twice(&house, "parking", &site(parking::SiteState::Open, 6, Some(1))).await;
        let shown = content(&house, "parking-1").await;
        let line = shown.lines.iter().find(|line| line.text.as_ref().is_some_and(|text| text.de == said));
        let line = line.unwrap_or_else(|| panic!("{said} in {}", words(&shown)));
        assert_eq!(line.valid_until, Some(timestamp(minutes(end))), "no promise outlives its time");
        assert!(words(&shown).contains("Spitze | 9 Min. Fußweg"), "{}", words(&shown));
    }
    twice(&house, "parking", &site(parking::SiteState::Open, 9, Some(1))).await;
    assert!(!words(&content(&house, "parking-1").await).contains("Gesperrt"));
}

#[tokio::test]
async fn a_number_is_called_until_it_is_collected() {
    let house = house().await;
    let order = |state: gastro::OrderState| gastro::OrderStateChanged {
        order_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        number: 42,
        state: state.into(),
        at: Some(timestamp(minutes(0))),
        ..Default::default()
    };
    let station = |state: gastro::StationState| gastro::StationChanged {
        station: Some(gastro::Station {
            station_id: "grill".to_owned(),
            name: Some(Text::new("Grill", "Grill").to_proto()),
            state: state.into(),
            ..Default::default()
        }),
    };
    twice(&house, "gastro", &order(gastro::OrderState::Preparing)).await;
    assert!(words(&content(&house, "cafe-1").await).contains("In Arbeit: 42"));
    twice(&house, "gastro", &order(gastro::OrderState::Ready)).await;
    let called = words(&content(&house, "cafe-1").await);
    assert!(called.contains("42") && !called.contains("In Arbeit"), "{called}");
    twice(&house, "gastro", &order(gastro::OrderState::Recalled)).await;
    assert!(words(&content(&house, "cafe-1").await).contains("▲ Bitte jetzt abholen"), "by shape and word");
    twice(&house, "gastro", &order(gastro::OrderState::Collected)).await;
    twice(&house, "gastro", &order(gastro::OrderState::Ready)).await;
    assert!(!words(&content(&house, "cafe-1").await).contains("42"), "collected is final");
    // Somebody takes the collection back: it is called again.
    let back = gastro::OrderStateChanged { at: Some(timestamp(minutes(1))), ..order(gastro::OrderState::Ready) };
    twice(&house, "gastro", &back).await;
    assert!(words(&content(&house, "cafe-1").await).contains("42"));
    twice(&house, "gastro", &station(gastro::StationState::Paused)).await;
    assert!(words(&content(&house, "cafe-1").await).contains("kurze Pause"));
}

#[tokio::test]
async fn no_number_is_missing_on_the_cafes_monitor_however_many_come_at_once() {
    let house = house().await;
    let tell = async |number: u32, state: gastro::OrderState, minute: i64| {
        let told = gastro::OrderStateChanged {
            order_id: Uuid::from_u128(u128::from(number) << 64).to_string(),
            number,
            state: state.into(),
            at: Some(timestamp(minutes(minute))),
            ..Default::default()
        };
        house.react("signage", "gastro", &told.order_id, &told).await.expect("reacted");
    };
    // A full house comes out: sixty meals are ready, the highest number longest, and fifty are being made.
    for number in 1..=60 {
        tell(number, gastro::OrderState::Ready, 60 - i64::from(number)).await;
    }
    for number in 101..=150 {
        tell(number, gastro::OrderState::Preparing, 60).await;
    }
    let numbers = |content: &pb::Content| -> Vec<u32> {
        let called = content.lines.iter().filter(|line| line.kind == "cafe");
        called.map(|line| line.text.as_ref().expect("a number").de.parse().expect("a number")).collect()
    };
    let shown = content(&house, "cafe-1").await;
    assert_eq!(numbers(&shown), (1..=60).rev().collect::<Vec<_>>(), "all, who waits longest first");
    let making: String = words(&shown).split("In Arbeit: ").skip(1).collect();
    for number in 101..=150 {
        assert!(making.contains(&number.to_string()), "{number} in {making}");
    }
    // Hours later they stand there still, except those that the kitchen has told of.
    house.clock.set(minutes(150));
    tell(60, gastro::OrderState::Collected, 140).await;
    tell(59, gastro::OrderState::Expired, 140).await;
    tell(1, gastro::OrderState::Recalled, 140).await;
    let left: Vec<u32> = std::iter::once(1).chain((2..=58).rev()).collect();
    assert_eq!(numbers(&content(&house, "cafe-1").await), left, "called again comes first");
}

#[tokio::test]
async fn a_called_group_reads_as_flow_says_with_its_rows_and_in_plain_german() {
    let house = house().await;
    let text = Text {
        de: "Gruppe 2, Reihen C–E, bitte zum Einlass.".to_owned(),
        en: "Group 2, rows C–E, please come to the doors.".to_owned(),
        plain: "Gruppe 2: Reihen C–E. Bitte kommen Sie jetzt.".to_owned(),
    };
    let group = flow::CallGroup {
        showing_id: Uuid::from_u128(7).to_string(),
        number: 2,
        text: Some(text.to_proto()),
        ..Default::default()
    };
    let called = flow::GroupCalled {
        group: Some(group),
        hall: "dome".to_owned(),
        at: Some(timestamp(minutes(0))),
        calling: true,
        valid_until: Some(timestamp(minutes(10))),
    };
    twice(&house, "flow", &called).await;
    let shown = content(&house, "dome-door-1").await;
    let line = shown.lines.iter().find(|line| line.kind == "call").expect("the call");
    assert_eq!(line.text, Some(text.to_proto()));
    twice(&house, "flow", &flow::GroupCalled { calling: false, at: Some(timestamp(minutes(1))), ..called }).await;
    assert!(content(&house, "dome-door-1").await.lines.iter().all(|line| line.kind != "call"));
}

#[tokio::test]
async fn a_showing_of_another_day_is_told_with_its_day_until_that_day_begins() {
    let house = house().await;
    // It is Saturday noon: the first one is on Sunday at 20:00, the other one eight days later.
    twice(&house, "reservations", &scheduled(Uuid::from_u128(1), 32 * 60)).await;
    twice(&house, "reservations", &scheduled(Uuid::from_u128(2), (9 * 24 + 8) * 60)).await;
    let days = |content: &pb::Content| -> Vec<String> {
        let day = |line: &pb::Line| line.day.clone().map(|it| [it.de, it.en, it.plain].join("|"));
        content.lines.iter().map(|line| day(line).unwrap_or_default()).collect()
    };
    let foyer = content(&house, "foyer-1").await;
    assert_eq!(days(&foyer), ["So|Sun|Sonntag", "Mo 7.12.|Mon 7 Dec|Montag, 7.12."]);
    assert_eq!(days(&content(&house, "dome-door-1").await), ["So|Sun|Sonntag"]);
    let page = crate::open_formats::get(&house, "/signage/pages/foyer-1", &[]).await.text();
    assert!(page.contains("So 20:00 Sterne") && page.contains("Sun Stars"), "{page}");

    // Midnight, and nobody has told anything.
    house.clock.set(minutes(12 * 60));
    let board = signage::board::Board::default();
    let turn =
        house.transact("signage", move |tx| Box::pin(async move { signage::commands::look_again(tx, &board).await }));
    turn.await.expect("looked");
    let after = content(&house, "foyer-1").await;
    assert_eq!(days(&after), ["", "Mo 7.12.|Mon 7 Dec|Montag, 7.12."]);
    assert!(after.revision > foyer.revision, "monitors are told");
}
