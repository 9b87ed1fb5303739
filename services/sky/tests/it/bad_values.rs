//! Nonsense in every field of every method of every service: refused with the field's name, and the house stands. No
//! value is a fault of ours, whatever it is.

use std::{
    panic,
    sync::{Arc, Mutex},
    thread,
};

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::noon,
    values::{day_of, timestamp},
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use sky_proto::{
    flow::v1::{ExportAdmissionListRequest, door_client::DoorClient},
    gastro::v1::{OrderLine, PlaceWalkUpRequest, kitchen_client::KitchenClient},
    payments::v1::Method,
};
use tonic::{Code, Status, transport::Channel};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    scenario::{Family, comes_and_pays_at_the_desk},
    world::{World, furnished, staff},
};

const ACCESS: &str = include_str!("access.txt");

/// Longer than any text may be.
const LONG: usize = 100_000;
/// More than any list may have.
const MANY: usize = 10_000;

/// What no value may end in.
const FAULTS: [Code; 6] =
    [Code::Internal, Code::Unknown, Code::Unimplemented, Code::DataLoss, Code::Unavailable, Code::DeadlineExceeded];

/// Somebody who may call a method: the first of these who is let through.
fn callers() -> Vec<(&'static str, Caller)> {
    let device = |kind: &str, id: &str| Caller::Device { id: id.to_owned(), kind: kind.to_owned() };
    vec![
        ("admin", staff(Role::Admin)),
        ("service:journey", Caller::Service("journey".to_owned())),
        ("service:portal", Caller::Service("portal".to_owned())),
        ("service:sky", Caller::Service("sky".to_owned())),
        ("display", device("display", DISPLAY)),
        ("lane", device("lane", LANE)),
    ]
}

const TIME: &str = "google.protobuf.Timestamp";
const DISPLAY: &str = "dome-door-1";
const DEVICE: &str = "one";
const LANE: &str = "in-1";

/// What a field holds when it is another one's turn to be wrong: as the house knows it, so that the other is looked at.
struct Sound {
    visit: String,
    showing: String,
    item: String,
    order: String,
    /// An order at the counter.
    walk_up: String,
}

impl Sound {
    /// A family has booked with bay and meal, and a scanner has taken its list.
    async fn of(world: &World) -> Self {
        let family = Family::holds(world, noon()).await;
        family.orders(Method::AtDesk).await;
        let order = family.is_confirmed().await.meal.expect("a meal").order_id;
        let list = ExportAdmissionListRequest { device_id: DEVICE.to_owned(), day: day_of(noon()).to_string() };
        let mut door = DoorClient::new(world.door("flow", &staff(Role::Operator)));
        door.export_admission_list(list).await.expect("a list");
        let item = "lentil-soup".to_owned();
        let line = OrderLine { item_id: item.clone(), quantity: 1, ..OrderLine::default() };
        let request = PlaceWalkUpRequest { idempotency_key: Uuid::new_v4().to_string(), lines: vec![line] };
        let mut kitchen = KitchenClient::new(world.door("gastro", &staff(Role::Kitchen)));
        let walk_up = kitchen.place_walk_up(request).await.expect("placed").into_inner().order_id;
        Self { visit: family.visit, showing: family.showing.showing_id, item, order, walk_up }
    }

    fn text(&self, method: &str, field: &FieldDescriptor) -> String {
        let name = field.name();
        match (method, name) {
            ("Operations/LoadHouse", "service") => "flow",
            ("Connections/RevokeDeviceToken", "device_id") => "camera-in-1",
            ("Parking/IssueDeviceToken", "device_id") => "camera-in-1",
            ("Programmes/PutSchedule", "from") => "08:00",
            ("Programmes/PutSchedule", "until") => "12:00",
            ("Displays/Heartbeat", "lan_address") => "10.0.7.21",
            ("CounterMoney/NoteGivenBack", "order_id") => &self.walk_up,
            (_, "visit_id") => &self.visit,
            (_, "showing_id") => &self.showing,
            (_, "item_id") => &self.item,
            (_, "order_id") => &self.order,
            (_, "zone_id" | "from_zone_id" | "zone_ids") => "dome",
            (_, "to_zone_id") => "foyer",
            (_, "lift_id") => "lift",
            (_, "sensor_id") => "foyer-1",
            (_, "display_id") => DISPLAY,
            (_, "device_id" | "screen_id" | "playlist_id" | "schedule_id") => DEVICE,
            (_, "lane") => LANE,
            (_, "station_id") => "hot",
            (_, "day" | "first_day" | "last_day") => return day_of(noon()).to_string(),
            (_, "language") => "de",
            (_, "currency") => "EUR",
            (_, "tariff_class") => "adult",
            (_, "return_url") => "http://localhost/visit",
            (_, "email") => "erika@visitors.invalid",
            (_, "time_zone") => "Europe/Berlin",
            (_, "device_kind") => "display",
            (_, "service") => "flow",
            (_, "producer") => "reservations",
            (_, "plate") => "HAL-X 1",
            (_, "group" | "groups") => "foyer",
            (_, "kind") => "confirmed",
            (_, "profile") => "door",
            (_, "claim_code") => "ACDEFG",
            (_, "about") => "",
            (_, name)
                if name.ends_with("_id") || name.ends_with("_ids") || name.ends_with("_key") || name == "nonce" =>
            {
                return Uuid::new_v4().to_string();
            }
            _ => "x",
        }
        .to_owned()
    }

    fn time(&self, field: &FieldDescriptor) -> prost_types::Timestamp {
        let after = match field.name() {
            "at" | "observed_at" | "device_now" | "device_time" | "from" => 0,
            "expires_at" => 5,
            "until" | "valid_until" | "showing_ends_at" => 120,
            _ => 60,
        };
        timestamp(noon() + TimeDelta::minutes(after))
    }

    /// A number or an enum's value, where 1 would not do.
    fn number(method: &str, field: &FieldDescriptor) -> u32 {
        match (method, field.name()) {
            ("Payments/CreatePayment" | "Journey/ConfirmVisit", "method") => 3,
            ("Signage/PublishMessage", "priority_class") => 2,
            ("Gates/ConfirmCommand", "step") => 3,
            ("Parking/SetSiteState" | "Parking/PreviewSiteState", "state") => 2,
            ("Programmes/PutPlaylist.items", "seconds") => 10,
            ("Zones/ReplayDay.thresholds.amber", "rise" | "fall") => 60,
            ("Zones/ReplayDay.thresholds.red", "rise" | "fall") => 80,
            ("Zones/ReplayDay.thresholds.stop", "rise" | "fall") => 100,
            _ => 1,
        }
    }

    /// Fields that go without each other: those of which there may be none beside what is on the path.
    fn goes_without(method: &str, field: &str, wrong: &str) -> bool {
        if field == wrong {
            return false;
        }
        match (method, field) {
            ("Directives/ReportIncident", "lift_id") => true,
            ("Reservations/SetSaleStart" | "WaitingRooms/OpenWaitingRoom", "release_id") => true,
            ("Reservations/SetSaleStart" | "WaitingRooms/OpenWaitingRoom", "showing_id") => wrong == "release_id",
            ("Kitchen/RecordWaste.line", "line") => true,
            (_, "wish") => true,
            ("Journey/HoldVisit" | "Reservations/HoldSeats", "seats") => true,
            (_, "seats") => wrong == "wish",
            (_, "choices") => true,
            _ => false,
        }
    }

    /// One value of a field, with nonsense at the end of the path, if that leads on from here.
    fn value(&self, method: &str, field: &FieldDescriptor, path: &[FieldDescriptor], bad: &Value) -> Value {
        let number = Self::number(method, field);
        match field.kind() {
            Kind::Message(message) if message.full_name() == TIME => time_value(&message, self.time(field)),
            Kind::Message(message) => {
                let inner = format!("{method}.{}", field.name());
                Value::Message(self.message(&inner, &message, path, bad))
            }
            Kind::String => Value::String(self.text(method, field)),
            Kind::Bytes => Value::Bytes(b"x".as_slice().into()),
            Kind::Enum(_) => Value::EnumNumber(number.cast_signed()),
            Kind::Bool => Value::Bool(false),
            Kind::Uint32 => Value::U32(number),
            Kind::Uint64 => Value::U64(number.into()),
            Kind::Int32 | Kind::Sint32 => Value::I32(number.cast_signed()),
            Kind::Int64 | Kind::Sint64 => Value::I64(number.into()),
            other => panic!("{}: {other:?} is new here", field.full_name()),
        }
    }

    fn message(
        &self,
        method: &str,
        about: &MessageDescriptor,
        path: &[FieldDescriptor],
        bad: &Value,
    ) -> DynamicMessage {
        let mut message = DynamicMessage::new(about.clone());
        let wrong = path.first().map_or("", FieldDescriptor::name).to_owned();
        for field in about.fields().filter(|field| !Self::goes_without(method, field.name(), &wrong)) {
            let value = match path {
                [last] if *last == field => bad.clone(),
                [next, rest @ ..] if *next == field => self.value(method, &field, rest, bad),
                _ => self.value(method, &field, &[], bad),
            };
            message.set_field(&field, one_or_list(&field, value));
        }
        message
    }
}

fn one_or_list(field: &FieldDescriptor, value: Value) -> Value {
    if field.is_list() && !matches!(value, Value::List(_)) { Value::List(vec![value]) } else { value }
}

fn time_value(message: &MessageDescriptor, at: prost_types::Timestamp) -> Value {
    let mut time = DynamicMessage::new(message.clone());
    time.set_field_by_name("seconds", Value::I64(at.seconds));
    time.set_field_by_name("nanos", Value::I32(at.nanos));
    Value::Message(time)
}

/// Every field of a message, and of those in it, each by the way to it.
fn paths(about: &MessageDescriptor) -> Vec<Vec<FieldDescriptor>> {
    let mut all = Vec::new();
    for field in about.fields() {
        all.push(vec![field.clone()]);
        if let Kind::Message(inner) = field.kind()
            && inner.full_name() != TIME
        {
            all.extend(paths(&inner).into_iter().map(|rest| [vec![field.clone()], rest].concat()));
        }
    }
    all
}

fn is_id(field: &FieldDescriptor) -> bool {
    let name = field.name();
    name == "nonce" || ["_id", "_ids", "_key"].iter().any(|end| name.ends_with(end))
}

/// The nonsense for a field, each with its name.
fn nonsense(field: &FieldDescriptor) -> Vec<(&'static str, Value)> {
    let time =
        |message: &MessageDescriptor, seconds, nanos| time_value(message, prost_types::Timestamp { seconds, nanos });
    match field.kind() {
        Kind::String => {
            let mut texts = vec![
                ("long", "x".repeat(LONG)),
                ("NUL", "a\0b".to_owned()),
                ("control", "a\u{7}b\u{1b}[2J".to_owned()),
            ];
            if is_id(field) {
                texts.push(("no id", "no id at all, ' or 1=1".to_owned()));
            }
            texts.into_iter().map(|(what, text)| (what, Value::String(text))).collect()
        }
        Kind::Bytes => vec![("long", Value::Bytes(vec![0xfe; LONG].into())), ("NUL", Value::Bytes(vec![0; 3].into()))],
        Kind::Enum(_) => vec![("unknown", Value::EnumNumber(9999)), ("negative", Value::EnumNumber(-1))],
        Kind::Uint32 => vec![("huge", Value::U32(u32::MAX))],
        Kind::Uint64 => vec![("huge", Value::U64(u64::MAX))],
        Kind::Int32 | Kind::Sint32 => vec![("huge", Value::I32(i32::MAX)), ("negative", Value::I32(i32::MIN))],
        Kind::Int64 | Kind::Sint64 => vec![("huge", Value::I64(i64::MAX)), ("negative", Value::I64(i64::MIN))],
        Kind::Message(message) if message.full_name() == TIME => vec![
            ("past all years", time(&message, i64::MAX, 0)),
            ("before all years", time(&message, i64::MIN, 0)),
            ("nanos -1", time(&message, noon().timestamp(), -1)),
        ],
        _ => Vec::new(),
    }
}

/// What a call is answered at once: OK also for a stream that has begun.
async fn call(channel: &Channel, path: &str, bearer: &str, message: &DynamicMessage) -> Status {
    let bytes = message.encode_to_vec();
    let mut framed = vec![0_u8];
    framed.extend(u32::try_from(bytes.len()).expect("shorter").to_be_bytes());
    framed.extend(bytes);
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", bearer)
        .body(tonic::body::Body::new(axum::body::Body::from(framed)))
        .expect("a request");
    match channel.clone().oneshot(request).await {
        Ok(response) => Status::from_header_map(response.headers()).unwrap_or_else(|| Status::ok("")),
        Err(error) => Status::unknown(format!("no answer: {error}")),
    }
}

/// Answers that are right although no field is named.
fn is_meant(method: &str, field: &FieldDescriptor, what: &str, code: Code) -> bool {
    let name = field.name();
    let is_number = matches!(field.kind(), Kind::Uint64) || name == "number";
    match (method, name) {
        // The payer's bill quotes whatever names its caller has for these.
        ("Payments/CreatePayment", "tariff_id" | "tax_id") => what == "no id",
        // Nobody is told which part of a secret was wrong.
        (_, "account" | "password" | "secret" | "pairing_secret" | "device_token") => {
            matches!(code, Code::NotFound | Code::Unauthenticated)
        }
        // Revisions and positions: whoever is ahead of the house waits for it, or is told that there is none.
        _ if is_number => matches!(code, Code::Ok | Code::NotFound),
        // Every entry is answered by itself.
        ("Door/SubmitScans", _) => code == Code::Ok,
        // Cars that have passed, and by a clock that may be wrong.
        ("Gates/SubmitLaneJournal", "device_now" | "entry_id" | "at" | "code" | "bay_class") => code == Code::Ok,
        // What a device says in its own words is shown as far as it can be.
        ("Gates/ReportLane", "fault") => code == Code::Ok,
        ("Gates/ConfirmCommand", "failure") => code == Code::NotFound,
        // The car stands there: it is answered what to do.
        ("Parking/RecordLane", "code") => code == Code::Ok,
        // A count that cannot be is answered with that.
        ("Occupancy/RecordOccupancy", "occupied") => code == Code::Ok,
        // How much of an order there is to throw away is looked at once it is one that was fired.
        ("Kitchen/CancelFired", "waste" | "line") => code == Code::FailedPrecondition,
        // Held against what is due, whatever it is.
        ("Payments/SettleAtDesk", "expected_cents") | ("CounterMoney/NoteGivenBack", "cents") => {
            code == Code::FailedPrecondition
        }
        // Told by the house, never read.
        ("Displays/ReportFaults", "over_at") => code == Code::Ok,
        _ => false,
    }
}

/// Whether an answer names what is wrong, or says that there is no such thing.
fn is_named(status: &Status, path: &[FieldDescriptor]) -> bool {
    let names = |field: &FieldDescriptor| status.message().contains(field.name());
    let is_id = path.last().is_some_and(is_id);
    match status.code() {
        Code::InvalidArgument => path.iter().any(names),
        Code::NotFound => is_id || path.iter().any(names),
        Code::PermissionDenied => is_id,
        _ => false,
    }
}

/// Panics of this test's own thread, on which its house runs.
fn listen_for_panics() -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (me, to, usual) = (thread::current().id(), heard.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == me
            && let Ok(mut heard) = to.lock()
        {
            heard.push(info.to_string());
        }
        usual(info);
    }));
    heard
}

#[tokio::test]
async fn every_method_names_the_field_that_is_wrong() {
    let (house, world) = furnished(|_| {}).await;
    let panics = listen_for_panics();
    let sound = Sound::of(&world).await;
    let pool = DescriptorPool::decode(sky_proto::DESCRIPTORS).expect("our own");
    let channel: Channel = world.bare("flow");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for service in pool.services() {
        for method in service.methods() {
            let name = format!("{}/{}", service.name(), method.name());
            let path = format!("/{}/{}", service.full_name(), method.name());
            let may = ACCESS.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or("admin");
            let caller =
                callers().into_iter().find(|(who, _)| may.split(' ').any(|it| it == *who)).expect("somebody").1;
            let bearer = world.bearer(&caller).expect("an identity");
            for path_to in paths(&method.input()) {
                let field = path_to.last().expect("a field");
                let mut values = nonsense(field);
                if field.is_list() {
                    let one = sound.value(&name, field, &[], &Value::Bool(false));
                    values.push(("many", Value::List(vec![one; MANY])));
                }
                for (what, bad) in values {
                    let message = sound.message(&name, &method.input(), &path_to, &bad);
                    let status = call(&channel, &path, &bearer, &message).await;
                    tried += 1;
                    let is_right = is_named(&status, &path_to) || is_meant(&name, field, what, status.code());
                    if FAULTS.contains(&status.code()) || !is_right {
                        let field: Vec<&str> = path_to.iter().map(FieldDescriptor::name).collect();
                        let message: String = status.message().chars().take(120).collect();
                        wrong.push(format!("{name} {} {what}: {:?} {message:?}", field.join("."), status.code()));
                    }
                }
            }
        }
    }
    assert!(tried > 1500, "{tried} values");
    assert!(wrong.is_empty(), "of {tried} values:\n{}", wrong.join("\n"));
    assert_eq!(*panics.lock().expect("heard"), Vec::<String>::new());
    // And the house still stands.
    for service in house.running.health().await {
        assert!(service.database_ok && service.dead_events == 0, "{service:?}");
    }
    comes_and_pays_at_the_desk(&world, noon() + TimeDelta::days(2)).await;
}
