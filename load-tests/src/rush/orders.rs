//! Whole orders through gRPC, from the hold to the codes: tickets alone, and visits with a bay and a meal.
//! Every order is one of a browser of its own, because a browser may only hold so much.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use kernel::{Caller, Role, identity::Keys};
use sky_proto::{
    gastro::v1::{OrderLine, OrderState, Pickup},
    journey::v1::{
        ConfirmVisitRequest, Contact, HoldVisitRequest, MealWish, ParkingWish, Visit, VisitState, WatchVisitRequest,
        journey_client::JourneyClient,
    },
    parking::v1::{BayClass, RightState},
    payments::v1::{Means, Method, PaymentState, SettleAtDeskRequest, payments_client::PaymentsClient},
    reservations::v1::{Channel, GetBookingRequest, PartyLine, reservations_client::ReservationsClient},
};
use tonic::{Request, Streaming, transport};
use uuid::Uuid;

use super::{
    Bench,
    callers::{Pace, Steady, come},
    hall, rate_with_p99,
    sell::CONNECTIONS,
};
use crate::{
    house::{House, bearer},
    report::Report,
};

/// Orders at a time.
pub const CALLERS: usize = 64;
/// Longer than this nobody waits for a confirmation.
const PATIENCE: Duration = Duration::from_secs(20);

impl Bench<'_> {
    pub(super) async fn tickets(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut runs, mut paced) = (Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let closed = tickets(self.house, Pace::Closed(CALLERS), self.seconds).await?;
            let at_times = tickets(self.house, closed.paced(), self.seconds).await?;
            println!("tickets {run}: {closed}; {at_times}");
            runs.push(closed);
            paced.push(at_times);
        }
        self.verify().await?;
        report.add(rate_with_p99("tickets", "orders: held, ordered, confirmed, codes", &runs))?;
        report.add(super::paced("tickets", "one order, from its intended start, at 70 % of that rate", &paced))
    }

    pub(super) async fn visit(&self, report: &mut Report) -> anyhow::Result<()> {
        let (mut runs, mut paced) = (Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let closed = visits(self.house, Pace::Closed(CALLERS), self.seconds).await?;
            let at_times = visits(self.house, closed.paced(), self.seconds).await?;
            println!("visit {run}: {closed}; {at_times}");
            runs.push(closed);
            paced.push(at_times);
        }
        self.verify().await?;
        report.add(rate_with_p99("visit", "visits: seat, bay and meal confirmed and paid", &runs))?;
        report.add(super::paced("visit", "one visit, from its intended start, at 70 % of that rate", &paced))
    }
}

/// Orders of one place, over 20 showings of 2,000 places.
pub async fn tickets(house: &House, pace: Pace, seconds: u64) -> anyhow::Result<Steady> {
    let showings = hall::showings(house, 20, 20, 100).await?;
    order(house, showings, false, pace, seconds).await
}

/// Visits with a place, a bay and a meal, over 100 showings of 400 places that start an hour apart: each has
/// its quarters of an hour in the kitchen.
pub async fn visits(house: &House, pace: Pace, seconds: u64) -> anyhow::Result<Steady> {
    let showings = hall::showings_at(house, 100, 20, 20, TimeDelta::days(30), TimeDelta::hours(1)).await?;
    order(house, showings, true, pace, seconds).await
}

async fn order(house: &House, showings: Vec<Uuid>, with_all: bool, pace: Pace, seconds: u64) -> anyhow::Result<Steady> {
    let mut counters = Vec::new();
    for _ in 0..CONNECTIONS {
        counters.push(Counter::open(house).await?);
    }
    let (counters, showings) = (Arc::new(counters), Arc::new(showings));
    come(pace, seconds, move |caller, number| {
        let mut counter = counters[caller % CONNECTIONS].clone();
        let wish = wish(showings[number % showings.len()], with_all, with_all);
        async move {
            let asked = Instant::now();
            let ordered = counter.order(wish).await?;
            if with_all {
                counter.pay(&ordered).await?;
            }
            Ok(asked.elapsed())
        }
    })
    .await
}

/// One adult, with a bay and a meal or without.
pub fn wish(showing: Uuid, with_bay: bool, with_meal: bool) -> HoldVisitRequest {
    let line = |item: &str| OrderLine { item_id: item.to_owned(), quantity: 1, ..OrderLine::default() };
    HoldVisitRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.to_string(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 1, need: 0 }],
        seats: Vec::new(),
        parking: with_bay.then(|| ParkingWish { bay_class: BayClass::Standard.into() }),
        meal: with_meal.then(|| MealWish {
            lines: vec![line("pretzel"), line("water")],
            pickup: Pickup::AfterShowing.into(),
            ..MealWish::default()
        }),
        language: "de".to_owned(),
        channel: Channel::Online.into(),
        wish: None,
    }
}

/// A confirmed visit.
pub struct Ordered {
    /// The browser that may see it.
    pub caller: Caller,
    pub visit: Visit,
    /// The code for door and barrier.
    pub code: String,
}

/// Where orders are given.
#[derive(Clone)]
pub struct Counter {
    journey: JourneyClient<transport::Channel>,
    reservations: ReservationsClient<transport::Channel>,
    payments: PaymentsClient<transport::Channel>,
    keys: Keys,
}

impl Counter {
    /// One with a connection of its own.
    pub async fn open(house: &House) -> anyhow::Result<Self> {
        let connection = house.connection().await?;
        Ok(Self {
            journey: JourneyClient::new(connection.clone()),
            reservations: ReservationsClient::new(connection.clone()),
            payments: PaymentsClient::new(connection),
            keys: house.keys().clone(),
        })
    }

    /// Holds, orders, waits for the confirmation, fetches the codes.
    pub async fn order(&mut self, wish: HoldVisitRequest) -> anyhow::Result<Ordered> {
        let browser = Uuid::new_v4();
        let session = browser.to_string();
        let visitor = Caller::Visitor { session: session.clone(), visit: None };
        let (with_bay, with_meal) = (wish.parking.is_some(), wish.meal.is_some());
        let held = self.journey.hold_visit(self.as_caller(&visitor, wish)?).await?.into_inner();
        let confirm = ConfirmVisitRequest {
            visit_id: held.visit_id.clone(),
            method: Method::AtDesk.into(),
            contact: Some(Contact {
                name: "Erika Muster".to_owned(),
                email: format!("{}@visitors.invalid", browser.simple()),
            }),
            return_url: String::new(),
        };
        let visit = self.journey.confirm_visit(self.as_caller(&visitor, confirm)?).await?.into_inner();
        let visit = match tokio::time::timeout(PATIENCE, self.settled(&visitor, visit)).await {
            Ok(visit) => visit?,
            Err(_) => anyhow::bail!("a visit was not confirmed within {} s", PATIENCE.as_secs()),
        };
        ensure!(visit.state() == VisitState::Confirmed, "a visit is {:?}", visit.state());
        if with_bay {
            let bay = visit.parking.as_ref().map(sky_proto::parking::v1::Right::state);
            ensure!(bay == Some(RightState::Confirmed), "a confirmed visit's bay is {bay:?}");
        }
        if with_meal {
            let meal = visit.meal.as_ref().map(sky_proto::gastro::v1::Order::state);
            ensure!(meal == Some(OrderState::Scheduled), "a confirmed visit's meal is {meal:?}");
        }
        let opened = Caller::Visitor { session, visit: Some(Uuid::try_parse(&visit.visit_id)?) };
        let request = GetBookingRequest { visit_id: visit.visit_id.clone() };
        let booking = self.reservations.get_booking(self.as_caller(&opened, request)?).await?.into_inner();
        ensure!(!booking.visit_code.is_empty(), "a booking has no code");
        ensure!(booking.tickets.iter().all(|ticket| !ticket.code.is_empty()), "a ticket has no code");
        ensure!(booking.tickets.len() == 1, "{} tickets for one person", booking.tickets.len());
        Ok(Ordered { caller: opened, visit, code: booking.visit_code })
    }

    /// What is due is paid at the desk.
    pub async fn pay(&mut self, ordered: &Ordered) -> anyhow::Result<()> {
        let desk = Caller::Staff { account: "load-test".to_owned(), roles: vec![Role::Desk] };
        let settle = SettleAtDeskRequest {
            visit_id: ordered.visit.visit_id.clone(),
            means: Means::Card.into(),
            ..SettleAtDeskRequest::default()
        };
        let payment = self.payments.settle_at_desk(self.as_caller(&desk, settle)?).await?.into_inner();
        ensure!(payment.state() == PaymentState::Paid, "a payment is {:?}", payment.state());
        Ok(())
    }

    /// The visit's page, live.
    pub async fn watch(&mut self, ordered: &Ordered) -> anyhow::Result<Streaming<Visit>> {
        let watch = WatchVisitRequest { visit_id: ordered.visit.visit_id.clone(), after_revision: 0 };
        Ok(self.journey.watch_visit(self.as_caller(&ordered.caller, watch)?).await?.into_inner())
    }

    async fn settled(&mut self, visitor: &Caller, mut visit: Visit) -> anyhow::Result<Visit> {
        if !is_under_way(&visit) {
            return Ok(visit);
        }
        let watch = WatchVisitRequest { visit_id: visit.visit_id.clone(), after_revision: 0 };
        let mut changes = self.journey.watch_visit(self.as_caller(visitor, watch)?).await?.into_inner();
        while is_under_way(&visit) {
            visit = changes.message().await?.context("the visit's stream ended")?;
        }
        Ok(visit)
    }

    fn as_caller<T>(&self, caller: &Caller, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", bearer(&self.keys, caller)?);
        Ok(request)
    }
}

fn is_under_way(visit: &Visit) -> bool {
    matches!(visit.state(), VisitState::Held | VisitState::AwaitingPayment | VisitState::Confirming)
}
