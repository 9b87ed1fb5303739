//! A test house with the real displays in it, and short ways to tell it things and to look at it.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Role,
    testing::{House, noon, producer, staff},
    values::{Text, timestamp},
};
use sky_proto::{
    flow::v1 as flow,
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
    reservations::v1 as reservations,
    signage::v1::{self as pb, signage_client::SignageClient},
};
use tonic::Status;
use uuid::Uuid;

pub const HOUSE_FILE: &str = include_str!("../../../../deploy/houses/halle.toml");

pub async fn house() -> House {
    let house = House::start(&[
        signage::SERVICE,
        producer("reservations"),
        producer("flow"),
        producer("parking"),
        producer("gastro"),
        producer("portal"),
    ])
    .await;
    load(&house, HOUSE_FILE, false).await.expect("house file loads");
    house
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($house:expr, $caller:expr) => {
        sky_proto::signage::v1::signage_client::SignageClient::new($house.channel($caller))
    };
}

pub async fn load(house: &House, toml: &str, check_only: bool) -> Result<String, Status> {
    let request = LoadHouseRequest { service: "signage".to_owned(), house_toml: toml.to_owned(), check_only };
    OperationsClient::new(house.channel(&Caller::Service("sky".to_owned())))
        .load_house(request)
        .await
        .map(|answer| answer.into_inner().summary)
}

pub fn display(id: &str) -> Caller {
    Caller::Device { id: id.to_owned(), kind: "display".to_owned() }
}

pub fn operator() -> Caller {
    staff(Role::Operator)
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

pub async fn content(house: &House, display_id: &str) -> pb::Content {
    SignageClient::new(house.channel(&operator()))
        .get_content(pb::GetContentRequest { display_id: display_id.to_owned() })
        .await
        .expect("a content")
        .into_inner()
}

pub async fn listed(house: &House, display_id: &str) -> pb::Display {
    SignageClient::new(house.channel(&operator()))
        .list_displays(pb::ListDisplaysRequest {})
        .await
        .expect("a list")
        .into_inner()
        .displays
        .into_iter()
        .find(|display| display.display_id == display_id)
        .expect("the display")
}

/// All German words of a content.
pub fn words(content: &pb::Content) -> String {
    let german = |text: &Option<sky_proto::kernel::v1::LocalizedText>| text.clone().unwrap_or_default().de;
    let lines = content.lines.iter().flat_map(|line| [german(&line.text), german(&line.detail)]);
    std::iter::once(german(&content.headline)).chain(lines).collect::<Vec<_>>().join(" | ")
}

/// A showing in the dome from noon + `start` min, of an hour.
pub fn scheduled(showing: Uuid, start: i64) -> reservations::ShowingScheduled {
    reservations::ShowingScheduled {
        showing_id: showing.to_string(),
        title: Some(Text::new("Sterne über Halle", "Stars over Halle").to_proto()),
        hall: "dome".to_owned(),
        starts_at: Some(timestamp(minutes(start))),
        ends_at: Some(timestamp(minutes(start + 60))),
        doors_at: Some(timestamp(minutes(start - 20))),
        last_entry_at: Some(timestamp(minutes(start))),
        capacity: 110,
        audience: reservations::Audience::Public.into(),
    }
}

pub fn delayed(showing: Uuid, start: i64, by: i64) -> reservations::ShowingDelayed {
    reservations::ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: i32::try_from(by).expect("small"),
        starts_at: Some(timestamp(minutes(start + by))),
        ends_at: Some(timestamp(minutes(start + by + 60))),
        doors_at: Some(timestamp(minutes(start + by - 20))),
        last_entry_at: Some(timestamp(minutes(start + by))),
        reason: Some(Text::new("Projektor", "Projector").to_proto()),
    }
}

pub fn moved(showing: Uuid, state: flow::AdmissionState, at: i64) -> flow::AdmissionMoved {
    flow::AdmissionMoved {
        showing_id: showing.to_string(),
        state: state.into(),
        at: Some(timestamp(minutes(at))),
        predicted_end_at: None,
    }
}

pub fn house_state(state: flow::HouseState, since: i64) -> flow::HouseStateChanged {
    let house = flow::House { state: state.into(), since: Some(timestamp(minutes(since))), ..Default::default() };
    flow::HouseStateChanged { house: Some(house), ..Default::default() }
}

/// Tells signage an event twice.
pub async fn twice<M: prost::Name + prost::Message>(house: &House, from: &str, event: &M) {
    for _ in 0..2 {
        house.react("signage", from, "it", event).await.expect("reacted");
    }
}

pub fn message(class: pb::PriorityClass, words: &str, group: &str) -> pb::PublishMessageRequest {
    pb::PublishMessageRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        priority_class: class.into(),
        text: Some(Text::new(words, words).to_proto()),
        group: group.to_owned(),
        valid_until: Some(timestamp(minutes(60))),
    }
}

pub async fn publish(house: &House, request: &pb::PublishMessageRequest) -> Result<pb::Message, Status> {
    SignageClient::new(house.channel(&operator()))
        .publish_message(request.clone())
        .await
        .map(tonic::Response::into_inner)
}

/// What was answered by HTTP.
pub struct Answer {
    pub status: u16,
    headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let of = |line: &&str| line.split_once(':').is_some_and(|(it, _)| it.eq_ignore_ascii_case(name));
        self.headers.lines().find(of).and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }
}

/// One HTTP request, as a plain player would make it.
pub async fn http(house: &House, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: signage\r\nConnection: close\r\n{headers}\r\n");
    let mut line = tokio::net::TcpStream::connect(house.running.http).await.expect("a connection");
    line.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await.expect("an answer");
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let headers = String::from_utf8(answer[..end].to_vec()).expect("ASCII");
    let status = headers.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
    Answer { status, headers, body: answer[end + 4..].to_vec() }
}
