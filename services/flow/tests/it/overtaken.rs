//! An alarm waits for nobody: what was judged before it, and is written after it has begun, lets nobody in and takes nothing
//! back.

use std::time::Duration;

use kernel::{
    Role,
    testing::{House, staff},
    ticket_code::Kind,
};
use sky_proto::flow::v1::{self as pb, AdmissionState, HouseState, ScanVerdict, door_client::DoorClient};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

/// Whoever writes tickets waits, whoever looks at them goes on.
const TICKETS: &str = "lock table door_ticket in share mode";
/// Whoever writes a showing's admission waits.
const SHOWING: &str = "select 1 from admission for update";

/// Does something that waits for a lock, while an alarm begins; then the lock is let go.
async fn overtaken<T>(house: &House, lock: &'static str, act: impl Future<Output = T>) -> T {
    let pool = house.pool("flow");
    let mut busy = pool.begin().await.expect("begun");
    sqlx::query(lock).execute(&mut *busy).await.expect("locked");
    let alarm = async {
        let waits = "select exists (select from pg_stat_activity
            where wait_event_type = 'Lock' and datname = current_database())";
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !sqlx::query_scalar::<_, bool>(waits).fetch_one(pool).await.expect("asked") {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.expect("it is about to be written");
        let evacuate = pb::SetHouseStateRequest { state: HouseState::Evacuating.into(), ..Default::default() };
        client!(house, &desk()).set_house_state(evacuate).await.expect("evacuating");
        busy.rollback().await.expect("let go");
    };
    tokio::join!(act, alarm).0
}

async fn a_scan_is_frozen(lock: &'static str) {
    let house = house().await;
    let (showing, _, tickets) = open(&house).await;
    let request = scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing));
    let answer = overtaken(&house, lock, scan(&house, &request)).await;
    assert_eq!(answer.expect("a verdict").verdict(), ScanVerdict::Stopped);
    assert_eq!((snapshot(&house).await.admissions[0].admitted, count(&house, "dome").await), (0, 0));
}

#[tokio::test]
async fn a_scan_that_was_judged_before_an_alarm_lets_nobody_in_after_it_has_begun() {
    a_scan_is_frozen(TICKETS).await;
}

#[tokio::test]
async fn a_scan_that_waits_for_its_showing_while_an_alarm_begins_lets_nobody_in() {
    a_scan_is_frozen(SHOWING).await;
}

#[tokio::test]
async fn an_undo_that_an_alarm_overtakes_is_frozen_as_scans_are() {
    for lock in [TICKETS, SHOWING] {
        let house = house().await;
        let (showing, _, tickets) = open(&house).await;
        let first = scan_of(showing, &code(&house, Kind::Ticket, tickets[0], showing));
        scan(&house, &first).await.expect("in");
        let undo = pb::UndoScanRequest { device_id: first.device_id, nonce: first.nonce, reason: "wrong".to_owned() };
        let mut door = DoorClient::new(house.channel(&desk()));
        let refused = overtaken(&house, lock, door.undo_scan(undo)).await.expect_err("frozen");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(count(&house, "dome").await, 1, "who is counted stays counted");
    }
}

#[tokio::test]
async fn a_start_that_an_alarm_overtakes_is_not_taken_back() {
    let house = house().await;
    let (showing, ..) = open(&house).await;
    move_to(&house, showing, AdmissionState::Running).await.expect("begun");
    let step_id = snapshot(&house).await.undoable.remove(0).step_id;
    assert!(!Uuid::parse_str(&step_id).expect("an id").is_nil());
    let mut operator = DoorClient::new(house.channel(&staff(Role::Operator)));
    let undo = operator.undo_step(pb::UndoStepRequest { step_id });
    assert_eq!(overtaken(&house, SHOWING, undo).await.expect_err("no doors open").code(), Code::FailedPrecondition);
    assert_eq!(snapshot(&house).await.admissions[0].state(), AdmissionState::Running);
}
