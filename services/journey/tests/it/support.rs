//! A test house in which visits can be held, paid and confirmed, and short ways to ask it things.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Clock, Role, Service,
    testing::{House, noon, producer, staff, visitor},
    values::timestamp,
};
use load_tests::fake_provider::FakeProvider;
use prost::Message;
use sky_proto::{
    journey::v1::{self as pb, VisitState, journey_client::JourneyClient},
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
    parking::v1::BayClass,
    payments::v1::Method,
    reservations::v1 as reservations,
};
use tonic::Status;
use uuid::Uuid;

use crate::sink::Sink;

pub struct Town {
    pub house: House,
    pub provider: FakeProvider,
    /// Public showings, by start.
    pub programme: Vec<reservations::Showing>,
}

/// A macro, because the client's type cannot be named.
#[macro_export]
macro_rules! client {
    ($town:expr, $caller:expr) => {
        sky_proto::journey::v1::journey_client::JourneyClient::new($town.house.channel($caller))
    };
}

const SERVICES: [Service; 6] = [
    journey::SERVICE,
    ::reservations::SERVICE,
    parking::SERVICE,
    payments::SERVICE,
    producer("gastro"),
    producer("flow"),
];

pub async fn town() -> Town {
    town_with(&SERVICES).await
}

/// With one of journey's limits set.
pub async fn town_limited(limit: &str, most: i64) -> Town {
    start(&SERVICES, BTreeMap::from([(limit.to_owned(), most.into())])).await
}

/// With one order at most that may wait for places.
pub async fn town_with_a_short_queue() -> Town {
    let queue = BTreeMap::from([("queue".to_owned(), 1.into())]);
    start_with(&SERVICES, BTreeMap::new(), BTreeMap::from([("reservations".to_owned(), queue)])).await
}

/// With a mail server.
pub async fn town_with_post(sink: &Sink) -> Town {
    town_that_mails(sink.port(), "none", &[]).await
}

/// With a mail server at a port, and more of its settings.
pub async fn town_that_mails(port: u16, security: &str, more: &[(&str, &str)]) -> Town {
    let mut smtp = toml::Table::from_iter([
        ("host".to_owned(), "127.0.0.1".into()),
        ("port".to_owned(), i64::from(port).into()),
        ("security".to_owned(), security.into()),
        ("from".to_owned(), "Planetarium Halle <visit@planetarium.example>".into()),
    ]);
    smtp.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    let own = [("smtp".to_owned(), smtp.into()), ("public_url".to_owned(), "https://planetarium.example".into())];
    start(&SERVICES, BTreeMap::from(own)).await
}

mod parts {
    pub const RESERVATIONS: &str = include_str!("../../../../deploy/houses/halle.toml");
    pub const FLOW: &str = include_str!("../../../../deploy/houses/halle.toml");
    pub const GASTRO: &str = include_str!("../../../../deploy/houses/halle.toml");
    pub const PARKING: &str = include_str!("../../../../deploy/houses/halle.toml");
    pub const JOURNEY: &str = include_str!("../../../../deploy/houses/halle.toml");
}

pub async fn town_with(services: &[Service]) -> Town {
    start(services, BTreeMap::new()).await
}

type Own = BTreeMap<String, toml::Value>;

async fn start(services: &[Service], limits: Own) -> Town {
    start_with(services, limits, BTreeMap::new()).await
}

async fn start_with(services: &[Service], limits: Own, mut own: BTreeMap<String, Own>) -> Town {
    let provider = FakeProvider::start(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("provider");
    own.extend([("payments".to_owned(), provider.settings()), ("journey".to_owned(), limits)]);
    let house = House::start_at(services, Clock::manual(noon()), own).await;
    let sky = Caller::Service("sky".to_owned());
    for (service, toml) in [
        ("reservations", parts::RESERVATIONS),
        ("parking", parts::PARKING),
        ("gastro", parts::GASTRO),
        ("flow", parts::FLOW),
        ("journey", parts::JOURNEY),
    ] {
        if services.iter().any(|known| known.name == service && (known.migrations)().iter().next().is_some()) {
            let request =
                LoadHouseRequest { service: service.to_owned(), house_toml: toml.to_owned(), check_only: false };
            OperationsClient::new(house.channel(&sky)).load_house(request).await.expect("house file loads");
        }
    }
    let request = reservations::ListProgrammeRequest {
        from: Some(timestamp(minutes(60))),
        until: Some(timestamp(minutes(3 * 24 * 60))),
        include_closed: false,
    };
    let mut client = reservations::reservations_client::ReservationsClient::new(house.channel(&desk()));
    let mut programme = Vec::new();
    // It is told from memory, within a second; where there is none at all it is not waited for.
    for _ in 0..200 {
        programme = client.list_programme(request).await.expect("programme").into_inner().showings;
        if !programme.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    programme.retain(|showing| {
        showing.hall == "dome"
            && showing.prices.iter().any(|price| price.price.as_ref().is_some_and(|price| price.cents == 850))
    });
    house.settle().await;
    Town { house, provider, programme }
}

pub fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

pub fn desk() -> Caller {
    staff(Role::Desk)
}

/// A visitor in a session of their own.
pub fn guest(session: &str) -> Caller {
    Caller::Visitor { session: session.to_owned(), visit: None }
}

pub fn line(class: &str, count: u32) -> reservations::PartyLine {
    reservations::PartyLine { tariff_class: class.to_owned(), count, need: 0 }
}

pub fn contact() -> pb::Contact {
    pb::Contact { name: "Caroline Herschel".to_owned(), email: "caroline@slough.example".to_owned() }
}

impl Town {
    /// Two adults with a standard bay, for the first showing.
    pub fn wish(&self) -> pb::HoldVisitRequest {
        pb::HoldVisitRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: self.programme[0].showing_id.clone(),
            party: vec![line("adult", 2)],
            seats: Vec::new(),
            parking: Some(pb::ParkingWish { bay_class: BayClass::Standard.into() }),
            meal: None,
            language: "de".to_owned(),
            channel: reservations::Channel::Online.into(),
            wish: None,
        }
    }

    pub async fn hold(&self, wish: &pb::HoldVisitRequest) -> Result<pb::Visit, Status> {
        self.hold_as(&guest("test"), wish).await
    }

    pub async fn hold_as(&self, caller: &Caller, wish: &pb::HoldVisitRequest) -> Result<pb::Visit, Status> {
        let mut client = JourneyClient::new(self.house.channel(caller));
        client.hold_visit(wish.clone()).await.map(tonic::Response::into_inner)
    }

    pub async fn held(&self) -> pb::Visit {
        self.hold(&self.wish()).await.expect("held")
    }

    pub async fn confirm(&self, visit: &pb::Visit, method: Method) -> Result<pb::Visit, Status> {
        let request = pb::ConfirmVisitRequest {
            visit_id: visit.visit_id.clone(),
            method: method.into(),
            contact: Some(contact()),
            return_url: "http://localhost/return".to_owned(),
        };
        client!(self, &guest("test")).confirm_visit(request).await.map(tonic::Response::into_inner)
    }

    /// Held, and to be paid at the desk.
    pub async fn booked(&self) -> pb::Visit {
        let visit = self.confirm(&self.held().await, Method::AtDesk).await.expect("ordered");
        self.wait_for(&visit, VisitState::Confirmed).await
    }

    /// Held and paid online.
    pub async fn paid(&self) -> pb::Visit {
        let visit = self.confirm(&self.held().await, Method::Online).await.expect("ordered");
        self.press(&visit, "pay").await;
        self.wait_for(&visit, VisitState::Confirmed).await
    }

    /// Presses a button on the provider's page.
    pub async fn press(&self, visit: &pb::Visit, button: &str) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("client");
        let answer = client.post(format!("{}/{button}", visit.payment_url)).send().await.expect("pressed");
        assert_eq!(answer.status(), 303);
    }

    pub async fn cancel(&self, visit: &pb::Visit, caller: &Caller) -> Result<pb::Visit, Status> {
        let request = pb::CancelVisitRequest { visit_id: visit.visit_id.clone(), reason: "plans changed".to_owned() };
        client!(self, caller).cancel_visit(request).await.map(tonic::Response::into_inner)
    }

    pub async fn get(&self, visit: &pb::Visit) -> pb::Visit {
        let request = pb::GetVisitRequest { visit_id: visit.visit_id.clone() };
        client!(self, &desk()).get_visit(request).await.expect("a visit").into_inner()
    }

    /// Lets seconds of the house's time pass until the visit is in a state.
    pub async fn wait_for(&self, visit: &pb::Visit, state: VisitState) -> pb::Visit {
        for _ in 0..1000 {
            let now = self.get(visit).await;
            if now.state() == state {
                return now;
            }
            self.house.clock.advance(TimeDelta::seconds(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {state:?} but {:?}", self.get(visit).await);
    }

    pub async fn react_twice<M: Message + prost::Name>(&self, producer: &str, about: &str, event: &M) {
        for _ in 0..2 {
            self.house.react("journey", producer, about, event).await.expect("reacted");
        }
    }

    /// Puts a visit into a state as if the house had stopped there; its deadline is `minute`.
    pub async fn force(&self, visit: &pb::Visit, state: &str, minute: i64) {
        sqlx::query("update visit set state = $2, deadline = $3 where id = $1")
            .bind(id(visit))
            .bind(state)
            .bind(minutes(minute))
            .execute(self.house.pool("journey"))
            .await
            .expect("forced");
    }

    /// Held and sold places of the first showing.
    pub async fn taken(&self) -> (u32, u32) {
        let (held, sold): (i64, i64) = sqlx::query_as(
            "select count(*) filter (where expires_at > $2), count(*) filter (where expires_at is null)
             from seat_claim where showing_id = $1",
        )
        .bind(Uuid::try_parse(&self.programme[0].showing_id).expect("an id"))
        .bind(self.house.clock.now())
        .fetch_one(self.house.pool("reservations"))
        .await
        .expect("claims");
        (u32::try_from(held).expect("few"), u32::try_from(sold).expect("few"))
    }

    /// How many visits are confirmed, expired and cancelled, as the house was told.
    pub async fn told(&self) -> (usize, usize, usize) {
        let confirmed: Vec<pb::VisitConfirmed> = self.house.events("journey").await;
        let expired: Vec<pb::VisitExpired> = self.house.events("journey").await;
        let cancelled: Vec<pb::VisitCancelled> = self.house.events("journey").await;
        (confirmed.len(), expired.len(), cancelled.len())
    }

    pub async fn set_bays(&self, capacity: i32) {
        sqlx::query("update bay_class set capacity = $1 where class = 'standard'")
            .bind(capacity)
            .execute(self.house.pool("parking"))
            .await
            .expect("capacity set");
    }
}

pub fn id(visit: &pb::Visit) -> Uuid {
    Uuid::try_parse(&visit.visit_id).expect("a UUID")
}

pub fn refusal(status: &Status) -> pb::HoldRefused {
    pb::HoldRefused::decode(status.details()).expect("HoldRefused in the details")
}

pub fn opened(visit: &pb::Visit) -> Caller {
    visitor(Some(id(visit)))
}

pub fn step<'v>(visit: &'v pb::Visit, kind: &str) -> &'v pb::Step {
    visit.timeline.iter().find(|step| step.kind == kind).unwrap_or_else(|| panic!("no {kind} in {:?}", visit.timeline))
}
