//! A journey service with two visits in it, one held and one booked: as much as the edge's own part in
//! opening links and confirming orders needs. The real one is tested with the real edge elsewhere.

use std::{
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use kernel::{Access, Caller, Context, Parts, Role, Service, Who, values::euro};
use sky_proto::{
    journey::v1::{self as pb, VisitState, house_server, journey_server},
    payments::v1::Method,
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, metadata::MetadataValue, service::Routes};
use uuid::Uuid;

pub const HELD: Uuid = Uuid::from_u128(0x0190_a5a0_0000_7000_8000_0000_0000_0001);
pub const BOOKED: Uuid = Uuid::from_u128(0x0190_a5a0_0000_7000_8000_0000_0000_0002);
/// Journey can be away for whoever asks for this one.
pub const COMING: Uuid = Uuid::from_u128(0x0190_a5a0_0000_7000_8000_0000_0000_0003);
pub const COMING_SECRET: &str = "cO8mWq3nTz6yRb1kXs5vLd9fHj2pUe7oIa4gYx0tNuK";
pub const SHOWING: &str = "0190a5a0-0000-7000-8000-0000000000a1";
/// Whether it is.
pub static IS_AWAY: AtomicBool = AtomicBool::new(false);
pub const HELD_SECRET: &str = "gq1iJ4cY0v9sUo3aJ0l8Qp5kqg0cUe7rj3sQmW2aXhE";
pub const BOOKED_SECRET: &str = "pZ6tXv1mRk8wBn4cLs7yDf0hGj2qUe5oIa9zTx3vCuM";
pub const NEW_SECRET: &str = "nE0wYb5rKd2xHs9mQf7tLv4gJc1pWz8uRi6oAa3kBsY";
/// Orders under this name are told the first time that too many order.
pub const CAME_TOO_EARLY: &str = "Ada Early";
/// The payment of orders under this name does not begin.
pub const WHILE_PROVIDER_IS_DOWN: &str = "Dora Down";
/// What the house calls itself.
pub const BRAND: &str = "Sternwarte Nirgendwo";
pub const PAY_AT: &str = "https://pay.example/p/1";

/// In a house it takes the place of journey.
pub const JOURNEY: Service = Service {
    name: "journey",
    migrations: || sqlx::migrate::Migrator { ignore_missing: true, ..sqlx::migrate::Migrator::DEFAULT },
    build: |_: Context| {
        Box::pin(async {
            let grpc = Routes::new(journey_server::JourneyServer::new(StandIn::default()))
                .add_service(house_server::HouseServer::new(StandIn::default()));
            Ok(Parts { grpc, access: vec![ACCESS, OF_HOUSE], ..Parts::default() })
        })
    },
};

const ACCESS: Access = Access {
    service: "sky.journey.v1.Journey",
    methods: &[
        ("ConfirmVisit", &[Who::Visitor]),
        ("GetVisit", &[Who::Visitor, Who::Staff(Role::Desk)]),
        ("IssueLink", &[Who::Visitor]),
        ("ExchangeLink", &[Who::Service("portal")]),
    ],
};

const OF_HOUSE: Access =
    Access { service: "sky.journey.v1.House", methods: &[("GetHouseWords", &[Who::Service("portal")])] };

#[tonic::async_trait]
impl house_server::House for StandIn {
    async fn get_house_words(&self, _: Request<pb::GetHouseWordsRequest>) -> Answer<pb::HouseWords> {
        Ok(Response::new(pb::HouseWords { brand: BRAND.to_owned(), ..Default::default() }))
    }
}

#[derive(Debug, Default)]
struct StandIn {
    confirmed: Mutex<Option<pb::ConfirmVisitRequest>>,
    was_busy: AtomicBool,
    provider_is_down: AtomicBool,
}

impl StandIn {
    fn visit(&self, caller: &Caller, id: &str) -> Result<pb::Visit, Status> {
        let id = Uuid::try_parse(id).expect("the edge sends ids");
        caller.may_see_visit(id)?;
        let is_confirmed = self.confirmed.lock().expect("lock").is_some();
        let (state, payment_url) = match id {
            HELD if is_confirmed && self.provider_is_down.load(Ordering::Relaxed) => {
                (VisitState::AwaitingPayment, String::new())
            }
            HELD if is_confirmed => (VisitState::AwaitingPayment, PAY_AT.to_owned()),
            HELD => (VisitState::Held, String::new()),
            COMING if IS_AWAY.load(Ordering::Relaxed) => return Err(Status::unavailable("journey is away")),
            BOOKED | COMING => (VisitState::Confirmed, String::new()),
            _ => return Err(Status::not_found("no such visit")),
        };
        Ok(pb::Visit {
            visit_id: id.to_string(),
            state: state.into(),
            revision: 1,
            party_size: 2,
            total: Some(euro(1900)),
            payment_url,
            payment_method: Method::Online.into(),
            reference: "AB12CD".to_owned(),
            showing_id: if id == COMING { SHOWING.to_owned() } else { String::new() },
            ..Default::default()
        })
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn not_here<T>() -> Answer<T> {
    Err(Status::unimplemented("not in the stand-in"))
}

#[tonic::async_trait]
impl journey_server::Journey for StandIn {
    type WatchVisitStream = Pin<Box<dyn Stream<Item = Result<pb::Visit, Status>> + Send>>;

    async fn exchange_link(&self, request: Request<pb::ExchangeLinkRequest>) -> Answer<pb::ExchangeLinkResponse> {
        let visit = match request.get_ref().secret.as_str() {
            HELD_SECRET => HELD,
            BOOKED_SECRET => BOOKED,
            COMING_SECRET => COMING,
            _ => return Err(Status::not_found("no visit has this link")),
        };
        Ok(Response::new(pb::ExchangeLinkResponse { visit_id: visit.to_string() }))
    }

    async fn get_visit(&self, request: Request<pb::GetVisitRequest>) -> Answer<pb::Visit> {
        self.visit(&Caller::of(&request), &request.get_ref().visit_id).map(Response::new)
    }

    async fn issue_link(&self, request: Request<pb::IssueLinkRequest>) -> Answer<pb::IssueLinkResponse> {
        self.visit(&Caller::of(&request), &request.get_ref().visit_id)?;
        Ok(Response::new(pb::IssueLinkResponse { secret: NEW_SECRET.to_owned() }))
    }

    async fn confirm_visit(&self, request: Request<pb::ConfirmVisitRequest>) -> Answer<pb::Visit> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        self.visit(&caller, &request.visit_id)?;
        for secret in [HELD_SECRET, "@"] {
            assert!(!request.return_url.contains(secret), "{}", request.return_url);
        }
        if request.contact.as_ref().is_some_and(|contact| contact.name == CAME_TOO_EARLY)
            && !self.was_busy.swap(true, Ordering::Relaxed)
        {
            let mut busy = Status::resource_exhausted("very many people are asking at this moment");
            busy.metadata_mut().insert(kernel::error::PUSHBACK, MetadataValue::from_static("1000"));
            return Err(busy);
        }
        let is_named = |name| request.contact.as_ref().is_some_and(|contact| contact.name == name);
        self.provider_is_down.store(is_named(WHILE_PROVIDER_IS_DOWN), Ordering::Relaxed);
        *self.confirmed.lock().expect("lock") = Some(request);
        self.visit(&caller, &HELD.to_string()).map(Response::new)
    }

    async fn hold_visit(&self, _: Request<pb::HoldVisitRequest>) -> Answer<pb::Visit> {
        not_here()
    }

    async fn extend_visit(&self, _: Request<pb::ExtendVisitRequest>) -> Answer<pb::Visit> {
        not_here()
    }

    async fn cancel_visit(&self, _: Request<pb::CancelVisitRequest>) -> Answer<pb::Visit> {
        not_here()
    }

    async fn watch_visit(&self, _: Request<pb::WatchVisitRequest>) -> Answer<Self::WatchVisitStream> {
        not_here()
    }

    async fn list_missing(&self, _: Request<pb::ListMissingRequest>) -> Answer<pb::ListMissingResponse> {
        not_here()
    }

    async fn preview_delay(&self, _: Request<pb::PreviewDelayRequest>) -> Answer<pb::PreviewDelayResponse> {
        not_here()
    }

    async fn delay_showing(&self, _: Request<pb::DelayShowingRequest>) -> Answer<pb::DelayShowingResponse> {
        not_here()
    }

    async fn cancel_showing(&self, _: Request<pb::CancelShowingRequest>) -> Answer<pb::CancelShowingResponse> {
        not_here()
    }
}
