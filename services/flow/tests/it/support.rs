//! A test house with the real zones in it, one showing and its tickets.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Role,
    testing::{House, noon, producer, staff},
    ticket_code::{Kind, TicketCode, reference},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{self as pb, directives_client::DirectivesClient, flow_client::FlowClient},
    kernel::v1::{LoadHouseRequest, LocalizedText, operations_client::OperationsClient},
    reservations::v1::{BookingConfirmed, IssuedTicket, Need, ShowingDelayed, ShowingScheduled},
};
use tonic::Status;
use uuid::Uuid;

pub const HOUSE_FILE: &str = include_str!("../../../../deploy/houses/halle.toml");

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($house:expr, $caller:expr) => {
        sky_proto::flow::v1::flow_client::FlowClient::new($house.channel($caller))
    };
}

pub async fn house() -> House {
    let house = House::start(&[flow::SERVICE, producer("reservations")]).await;
    load(&house, HOUSE_FILE).await.expect("house file loads");
    house
}

pub async fn load(house: &House, toml: &str) -> Result<String, Status> {
    let request = LoadHouseRequest { service: "flow".to_owned(), house_toml: toml.to_owned(), check_only: false };
    OperationsClient::new(house.channel(&Caller::Service("sky".to_owned())))
        .load_house(request)
        .await
        .map(|answer| answer.into_inner().summary)
}

pub fn desk() -> Caller {
    staff(Role::Desk)
}

pub fn scanner(id: &str) -> Caller {
    Caller::Device { id: id.to_owned(), kind: "scanner".to_owned() }
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

/// A showing in the dome from 13:00 to 13:50.
pub fn scheduled(showing: Uuid) -> ShowingScheduled {
    ShowingScheduled {
        showing_id: showing.to_string(),
        title: Some(LocalizedText { de: "Reise".to_owned(), ..Default::default() }),
        hall: "dome".to_owned(),
        starts_at: Some(timestamp(minutes(60))),
        ends_at: Some(timestamp(minutes(110))),
        doors_at: Some(timestamp(minutes(40))),
        last_entry_at: Some(timestamp(minutes(60))),
        capacity: 110,
        audience: 1,
    }
}

pub fn delayed(showing: Uuid, by: i64) -> ShowingDelayed {
    ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: i32::try_from(by).expect("small"),
        starts_at: Some(timestamp(minutes(60 + by))),
        ends_at: Some(timestamp(minutes(110 + by))),
        doors_at: Some(timestamp(minutes(40 + by))),
        last_entry_at: Some(timestamp(minutes(60 + by))),
        reason: None,
    }
}

pub fn booking(visit: Uuid, showing: Uuid, tickets: &[Uuid]) -> BookingConfirmed {
    BookingConfirmed {
        visit_id: visit.to_string(),
        showing_id: showing.to_string(),
        reference: reference(visit),
        tickets: tickets
            .iter()
            .enumerate()
            .map(|(place, id)| IssuedTicket {
                ticket_id: id.to_string(),
                seat: format!("C{}", place + 1),
                tariff_class: "adult".to_owned(),
                need: Need::Unspecified.into(),
                free_seating: false,
            })
            .collect(),
        valid_from: Some(timestamp(minutes(-600))),
        valid_until: Some(timestamp(minutes(1600))),
    }
}

pub async fn told<M: prost::Name + prost::Message>(house: &House, about: Uuid, event: &M) {
    house.react("flow", "reservations", &about.to_string(), event).await.expect("reacted");
}

/// A showing with its doors open and a party of three: (showing, visit, tickets).
pub async fn open(house: &House) -> (Uuid, Uuid, Vec<Uuid>) {
    let (showing, visit) = (Uuid::now_v7(), Uuid::now_v7());
    let tickets: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    told(house, showing, &scheduled(showing)).await;
    told(house, visit, &booking(visit, showing, &tickets)).await;
    house.clock.set(minutes(45));
    move_to(house, showing, pb::AdmissionState::DoorsOpen).await.expect("doors open");
    (showing, visit, tickets)
}

pub async fn move_to(house: &House, showing: Uuid, to: pb::AdmissionState) -> Result<pb::Admission, Status> {
    let request = pb::MoveAdmissionRequest { showing_id: showing.to_string(), to: to.into() };
    FlowClient::new(house.channel(&staff(Role::Operator)))
        .move_admission(request)
        .await
        .map(tonic::Response::into_inner)
}

pub fn code(house: &House, kind: Kind, id: Uuid, showing: Uuid) -> String {
    let code = TicketCode { kind, id, showing, not_before: minutes(-600), not_after: minutes(1600), generation: 1 };
    house.keys.issue_code(&code)
}

pub fn scan_of(showing: Uuid, code: &str) -> pb::ScanRequest {
    pb::ScanRequest {
        device_id: "scanner-1".to_owned(),
        nonce: Uuid::new_v4().to_string(),
        lane: "dome-1".to_owned(),
        showing_id: showing.to_string(),
        code: code.to_owned(),
        party_count: 0,
        late_reason: String::new(),
    }
}

pub async fn scan(house: &House, request: &pb::ScanRequest) -> Result<pb::ScanResponse, Status> {
    FlowClient::new(house.channel(&scanner(&request.device_id)))
        .scan(request.clone())
        .await
        .map(tonic::Response::into_inner)
}

pub async fn snapshot(house: &House) -> pb::FlowSnapshot {
    let request = pb::GetFlowRequest { from: Some(timestamp(minutes(-60))), until: Some(timestamp(minutes(1000))) };
    client!(house, &desk()).get_flow(request).await.expect("a snapshot").into_inner()
}

pub async fn count(house: &House, zone: &str) -> u32 {
    snapshot(house)
        .await
        .zones
        .into_iter()
        .find(|known| known.zone_id == zone)
        .expect("a zone")
        .count
        .expect("a number")
}

pub async fn zone(house: &House, id: &str) -> pb::Zone {
    snapshot(house).await.zones.into_iter().find(|zone| zone.zone_id == id).expect("a zone")
}

/// Somebody has counted.
pub async fn correct(house: &House, zone: &str, count: u32) {
    let request = pb::CorrectZoneRequest { zone_id: zone.to_owned(), count, reason: "counted".to_owned() };
    client!(house, &desk()).correct_zone(request).await.expect("set");
}

/// What stands in the audit log about something, the newest first.
pub async fn audit(house: &House, about: &str) -> Vec<pb::AuditEntry> {
    let request = pb::ListAuditRequest { about: about.to_owned(), ..Default::default() };
    DirectivesClient::new(house.channel(&desk())).list_audit(request).await.expect("a page").into_inner().entries
}

/// Lets time pass in steps of two seconds, which is what zones take a turn in, until something holds.
pub async fn turn_until(house: &House, what: &str, holds: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            house.clock.advance(TimeDelta::seconds(2));
            // A turn takes a moment; time goes on only when none was under way.
            for _ in 0..10 {
                if holds().await {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
        }
    });
    assert!(waited.await.is_ok(), "never: {what}");
}
