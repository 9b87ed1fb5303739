//! A database that was restored from a copy knows less than the displays have seen: they are told so, and begin anew.

use std::time::Duration;

use kernel::{
    testing::House,
    values::{Text, timestamp},
};
use sky_proto::{
    flow::v1 as flow,
    gastro::v1 as gastro,
    parking::v1 as parking,
    signage::v1::{self as pb, display_update::Update},
};
use tokio_stream::StreamExt;
use uuid::Uuid;

use crate::{client, support::*};

const PATIENCE: Duration = Duration::from_secs(20);

const COPY: [&str; 3] = [
    "create table copy_view as select * from view",
    "create table copy_display as select * from display",
    "create table copy_board as select * from board",
];
const RESTORE: [&str; 4] = [
    "delete from fact where key like 'message/%'",
    "update view v set content = c.content, class = c.class, revision = c.revision, computed_at = c.computed_at
     from copy_view c where c.view_id = v.view_id",
    "update display d set view_since = c.view_since from copy_display c where c.display_id = d.display_id",
    "update board set version = c.version, setup_version = c.setup_version, asked = c.asked from copy_board c",
];

async fn watch(house: &House, after_revision: u64) -> tonic::Streaming<pb::DisplayUpdate> {
    let request = pb::WatchDisplayRequest { display_id: "cafe-1".to_owned(), after_revision };
    client!(house, &display("cafe-1")).watch_display(request).await.expect("watched").into_inner()
}

/// The next content, and whether the house has begun anew with it.
async fn next(stream: &mut tonic::Streaming<pb::DisplayUpdate>) -> (pb::Content, bool) {
    let content = async {
        loop {
            let update = stream.next().await.expect("goes on").expect("good");
            if let Some(Update::Content(content)) = update.update {
                return (content, update.anew);
            }
        }
    };
    tokio::time::timeout(PATIENCE, content).await.expect("in time")
}

async fn sql(house: &House, statements: &[&'static str]) {
    for statement in statements {
        sqlx::query(*statement).execute(house.pool("signage")).await.expect(statement);
    }
}

#[tokio::test]
async fn a_display_that_is_ahead_of_the_house_begins_anew() {
    let house = house().await;
    let now = content(&house, "cafe-1").await;
    let mut ahead = watch(&house, now.revision + 1000).await;
    let (told, anew) = next(&mut ahead).await;
    assert_eq!((told.revision, anew), (now.revision, true));
    let mut behind = watch(&house, now.revision - 1).await;
    assert!(!next(&mut behind).await.1, "one that is behind has only missed something");
    publish(&house, &message(pb::PriorityClass::Operations, "Neues", "cafe")).await.expect("published");
    let (news, anew) = next(&mut ahead).await;
    assert!(words(&news).contains("Neues") && !anew, "from then on it goes on as usual");
}

#[tokio::test]
async fn a_process_that_lives_on_with_a_restored_database_tells_what_is_true_there() {
    let house = house().await;
    sql(&house, &COPY).await;
    for n in 0..3 {
        let said = message(pb::PriorityClass::Operations, &format!("Nur im neuen Stand {n}"), "cafe");
        publish(&house, &said).await.expect("published");
    }
    let mut stream = watch(&house, 0).await;
    let (seen, _) = next(&mut stream).await;
    assert!(words(&seen).contains("Nur im neuen Stand 2"));
    sql(&house, &RESTORE).await;
    let (restored, anew) = next(&mut stream).await;
    assert!(anew && restored.revision < seen.revision, "{} after {}", restored.revision, seen.revision);
    assert!(!words(&restored).contains("Nur im neuen Stand"), "{}", words(&restored));
    // And goes on from there, also in what this process has in its memory.
    publish(&house, &message(pb::PriorityClass::Operations, "Danach", "cafe")).await.expect("published");
    let (after, anew) = next(&mut stream).await;
    assert!(words(&after).contains("Danach") && !words(&after).contains("Nur im neuen Stand") && !anew);
}

#[tokio::test]
async fn a_change_that_follows_the_restored_copy_at_once_hides_nothing() {
    let house = house().await;
    sql(&house, &COPY).await;
    let said = message(pb::PriorityClass::Operations, "Nur im neuen Stand", "cafe");
    publish(&house, &said).await.expect("published");
    let mut stream = watch(&house, 0).await;
    let (seen, _) = next(&mut stream).await;
    assert!(words(&seen).contains("Nur im neuen Stand"));
    // The copy is put back while somebody waits to say something: with that, the wall is as far as it was before.
    let mut restoring = house.pool("signage").begin().await.expect("begun");
    for statement in ["select from board for update"].into_iter().chain(RESTORE) {
        sqlx::query(statement).execute(&mut *restoring).await.expect(statement);
    }
    let elsewhere = message(pb::PriorityClass::Operations, "Anderswo", "foyer");
    let (said, ()) = tokio::join!(publish(&house, &elsewhere), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        restoring.commit().await.expect("restored");
    });
    said.expect("published");
    let (restored, anew) = next(&mut stream).await;
    assert!(anew && !words(&restored).contains("Nur im neuen Stand"), "{}", words(&restored));
}

fn lost_child(revision: u64, state: flow::MeasureState) -> flow::IncidentChanged {
    flow::IncidentChanged {
        incident: Some(flow::Incident {
            incident_id: Uuid::from_u128(7).to_string(),
            kind: flow::IncidentKind::LostChild.into(),
            state: state.into(),
            text: Some(Text::new("Wir suchen ein Kind", "We are looking for a child").to_proto()),
            active_from: Some(timestamp(minutes(0))),
            revision,
            ..Default::default()
        }),
    }
}

fn lift(revision: u64, working: bool) -> flow::LiftChanged {
    flow::LiftChanged {
        lift: Some(flow::Lift {
            lift_id: "lift".to_owned(),
            working,
            since: Some(timestamp(minutes(0))),
            without: Some(Text::new("Bitte am Empfang melden", "Please ask at the desk").to_proto()),
            revision,
            ..Default::default()
        }),
    }
}

fn cafe(level: flow::ZoneLevel) -> flow::ZoneChanged {
    flow::ZoneChanged {
        zone: Some(flow::Zone {
            zone_id: "cafe".to_owned(),
            level: level.into(),
            observed_at: Some(timestamp(minutes(0))),
            ..Default::default()
        }),
    }
}

fn site(revision: u64, state: parking::SiteState) -> parking::SiteChanged {
    parking::SiteChanged {
        site: Some(parking::Site {
            site_id: "holzplatz".to_owned(),
            state: state.into(),
            observed_at: Some(timestamp(minutes(0))),
            valid_until: Some(timestamp(minutes(60))),
            revision,
            ..Default::default()
        }),
    }
}

#[tokio::test]
async fn what_is_told_after_the_teller_was_restored_from_a_copy_is_believed() {
    let house = house().await;
    let shown = async |id: &str| {
        house.settle().await;
        words(&content(&house, id).await)
    };
    let calm = [shown("way-ground").await, shown("parking-1").await, shown("foyer-1").await];
    house.emit("flow", "7", lost_child(9, flow::MeasureState::Active)).await;
    house.emit("flow", "lift", lift(9, false)).await;
    for level in [flow::ZoneLevel::Green, flow::ZoneLevel::Amber, flow::ZoneLevel::Stop] {
        house.emit("flow", "cafe", cafe(level)).await;
    }
    house.emit("parking", "holzplatz", site(9, parking::SiteState::Closed)).await;
    let told = [shown("way-ground").await, shown("parking-1").await, shown("foyer-1").await];
    assert!(told[0].contains("zurzeit voll") && told[0].contains("Bitte am Empfang melden"), "{}", told[0]);
    assert!(told[2].contains("Wir suchen ein Kind"), "{}", told[2]);

    // As after a restore: what they tell next goes on in their logs, and has numbers of before.
    for statement in [
        "update outbox set aggregate_id = 'cafe of before' where aggregate_id = 'cafe'",
        "update aggregate_head set version = 0 where aggregate_id = 'cafe'",
    ] {
        sqlx::query(statement).execute(house.pool("flow")).await.expect(statement);
    }
    house.emit("flow", "7", lost_child(3, flow::MeasureState::Ended)).await;
    house.emit("flow", "lift", lift(3, true)).await;
    house.emit("flow", "cafe", cafe(flow::ZoneLevel::Green)).await;
    house.emit("parking", "holzplatz", site(3, parking::SiteState::Open)).await;
    assert_eq!(shown("way-ground").await, calm[0], "the zone and the lift");
    assert!(!shown("foyer-1").await.contains("Wir suchen ein Kind"));
    assert_ne!(shown("parking-1").await, told[1], "the car park is open");

    // What comes in no order is still judged by its number.
    house.react("signage", "flow", "lift", &lift(2, false)).await.expect("reacted");
    assert_eq!(shown("way-ground").await, calm[0]);
}

#[tokio::test]
async fn what_is_told_after_the_tellers_clock_was_set_back_is_believed() {
    let house = house().await;
    let shown = async |id: &str| {
        house.settle().await;
        words(&content(&house, id).await)
    };
    let grill = |state: gastro::StationState| gastro::StationChanged {
        station: Some(gastro::Station {
            station_id: "grill".to_owned(),
            name: Some(Text::new("Grill", "Grill").to_proto()),
            state: state.into(),
            ..Default::default()
        }),
    };
    house.emit("gastro", "grill", grill(gastro::StationState::Open)).await;
    let open = shown("cafe-1").await;
    house.emit("gastro", "grill", grill(gastro::StationState::Closed)).await;
    assert_ne!(shown("cafe-1").await, open, "it is closed");
    house.emit("flow", "house", house_state(flow::HouseState::AdmissionStopped, 0)).await;
    let stopped = shown("foyer-1").await;
    // Somebody puts the clock right, an hour back.
    house.clock.advance(chrono::TimeDelta::hours(-1));
    house.emit("gastro", "grill", grill(gastro::StationState::Open)).await;
    house.emit("flow", "house", house_state(flow::HouseState::Evacuating, -60)).await;
    house.settle().await;
    let evacuated = content(&house, "foyer-1").await;
    assert_eq!(evacuated.priority_class(), pb::PriorityClass::Evacuation, "after {stopped}");
    house.emit("flow", "house", house_state(flow::HouseState::AllClear, -59)).await;
    house.emit("flow", "house", house_state(flow::HouseState::Normal, -58)).await;
    assert_eq!(shown("cafe-1").await, open);
    // What comes in no order is still judged by its time.
    house.react("signage", "flow", "house", &house_state(flow::HouseState::Evacuating, -100)).await.expect("reacted");
    assert_eq!(shown("cafe-1").await, open);
}
