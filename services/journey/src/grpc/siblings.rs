//! The other services of the house, as journey asks them: contract in, domain out. Every call has a
//! time limit; nothing here decides.

mod line;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Context, Transport,
    error::too_slow,
    values::{self, Text, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{self as flow, flow_client::FlowClient},
    gastro::v1::{self as gastro, OrderState, gastro_client::GastroClient},
    parking::v1::{
        self as parking, RightState, SiteState, occupancy_client::OccupancyClient, parking_client::ParkingClient,
    },
    payments::v1::{self as payments, payments_client::PaymentsClient},
    reservations::v1::{self as reservations, booking, reservations_client::ReservationsClient},
};
use tokio::sync::Mutex;
use tonic::{Response, Status};
use uuid::Uuid;

pub(super) use line::is_past_the_pages;

use crate::{
    domain::{
        Admission, Bay, Dish, Item, Kitchen, Meal, Method, Part, Seat, Showing, Visit,
        notices::{Place, letter::CarPark},
    },
    events,
    projection::News,
    saga::Asked,
};

/// The longest that anybody may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Other showings are looked for so far ahead …
const COMING_DAYS: TimeDelta = TimeDelta::days(7);
/// … in what may be so old; by the house's clock, which may run faster or be set, it is this old at most.
const LATELY: Duration = Duration::from_millis(500);
const SAME: TimeDelta = TimeDelta::minutes(1);

/// The ways to them.
#[derive(Clone, Debug)]
pub(crate) struct Siblings {
    reservations: Transport,
    parking: Transport,
    gastro: Transport,
    payments: Transport,
    flow: Transport,
    portal: Transport,
    /// What is on from then on, as it was a moment ago.
    lately: Arc<Mutex<Option<Lately>>>,
}

#[derive(Debug)]
struct Lately {
    asked: Instant,
    from: DateTime<Utc>,
    programme: Arc<Vec<reservations::Showing>>,
}

async fn answer<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer.map(Response::into_inner),
        Err(_) => Err(too_slow()),
    }
}

fn items(items: Vec<sky_proto::kernel::v1::ChargedItem>) -> Vec<Item> {
    items.into_iter().map(events::item_of).collect()
}

impl Siblings {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            reservations: context.transport("reservations"),
            parking: context.transport("parking"),
            gastro: context.transport("gastro"),
            payments: context.transport("payments"),
            flow: context.transport("flow"),
            portal: context.transport("portal"),
            lately: Arc::default(),
        }
    }

    fn reservations(&self) -> ReservationsClient<Transport> {
        ReservationsClient::new(self.reservations.clone())
    }

    fn parking(&self) -> ParkingClient<Transport> {
        ParkingClient::new(self.parking.clone())
    }

    fn gastro(&self) -> GastroClient<Transport> {
        GastroClient::new(self.gastro.clone())
    }

    fn payments(&self) -> PaymentsClient<Transport> {
        PaymentsClient::new(self.payments.clone())
    }
}

/// What is told of the way to the house.
impl Siblings {
    /// The car park now; None: nothing is known of it.
    pub(crate) async fn car_park(&self) -> Option<CarPark> {
        let site = answer(self.parking().get_site(parking::GetSiteRequest {})).await.ok()?;
        let reachable = match site.state() {
            SiteState::Open => true,
            SiteState::Closed | SiteState::Unreachable => false,
            SiteState::Unknown | SiteState::Unspecified => return None,
        };
        let places = site
            .alternatives
            .into_iter()
            .map(|place| Place { name: place.name, walk_minutes: place.walk_minutes })
            .collect();
        Some(CarPark { reachable, reason: Text::from_proto(site.reason), places })
    }
}

/// Holding, extending, letting go.
impl Siblings {
    pub(super) async fn showing(&self, id: Uuid) -> Result<Showing, Status> {
        showing_of(id, self.reservations_showing(id).await?)
    }

    pub(super) async fn hold_seats(
        &self,
        request: reservations::HoldSeatsRequest,
    ) -> Result<(Vec<Seat>, Vec<Item>), Status> {
        let hold = answer(self.reservations().hold_seats(request)).await?;
        let seats = hold.seats.into_iter().map(|seat| {
            let need = events::need_name(seat.need());
            let label = events::label(seat.label, seat.free_seating);
            Seat { label, features: seat.features, tariff_class: seat.tariff_class, need }
        });
        Ok((seats.collect(), items(hold.items)))
    }

    pub(super) async fn hold_bay(&self, request: parking::HoldBayRequest) -> Result<Bay, Status> {
        let right = answer(self.parking().hold_bay(request)).await?;
        let from = from_timestamp(right.from);
        Ok(Bay {
            class: right.bay_class().as_str_name().to_owned(),
            part: Part::Held,
            from,
            until: from_timestamp(right.until),
            expected_from: None,
            booked_from: from,
            rebooked: false,
            items: items(right.items),
            suspension: None,
            kept_out: false,
            stops: events::stops_of(right.stops.as_ref()),
        })
    }

    pub(super) async fn hold_meal(&self, request: gastro::HoldOrderRequest) -> Result<Meal, Status> {
        let order = answer(self.gastro().hold_order(request)).await?;
        let pickup = order.pickup().as_str_name().to_owned();
        let pickup_at = from_timestamp(order.pickup_at);
        let dishes = order.lines.into_iter().map(|line| Dish {
            item_id: line.item_id,
            name: Text::from_proto(line.name),
            quantity: line.quantity,
            station: line.station,
            allergens: line.allergens,
        });
        Ok(Meal {
            order_id: order.order_id,
            number: order.number,
            part: Part::Held,
            kitchen: Kitchen::Held,
            dishes: dishes.collect(),
            pickup,
            pickup_at,
            booked_pickup_at: pickup_at,
            fire_at: from_timestamp(order.fire_at),
            items: items(order.items),
            back: 0,
            asked: false,
        })
    }

    /// Lets go of whatever is held for a visit. Who cannot be reached hears of it by event.
    pub(crate) async fn release(&self, visit: Uuid) {
        let visit_id = visit.to_string();
        let (mut parking, mut gastro) = (self.parking(), self.gastro());
        let bay = parking.release_bay(parking::ReleaseBayRequest { visit_id: visit_id.clone() });
        let meal = gastro.release_order(gastro::ReleaseOrderRequest { visit_id });
        let ((), bay, meal) = futures::join!(self.release_seats(visit), answer(bay), answer(meal));
        note_release(visit, bay);
        note_release(visit, meal);
    }

    /// Of a visit that holds nothing else.
    pub(super) async fn release_seats(&self, visit: Uuid) {
        let request = reservations::ReleaseHoldRequest { visit_id: visit.to_string() };
        note_release(visit, answer(self.reservations().release_hold(request)).await);
    }

    /// Holds all parts of a visit until then.
    pub(crate) async fn extend(&self, visit: &Visit, until: DateTime<Utc>) -> Result<(), Status> {
        let (visit_id, expires_at) = (visit.id.to_string(), Some(timestamp(until)));
        let (mut reservations, mut parking, mut gastro) = (self.reservations(), self.parking(), self.gastro());
        let seats = async {
            let request = reservations::ExtendHoldRequest { visit_id: visit_id.clone(), expires_at };
            answer(reservations.extend_hold(request)).await.map(drop)
        };
        let bay = async {
            if visit.bay.is_none() {
                return Ok(());
            }
            let request = parking::ExtendHoldRequest { visit_id: visit_id.clone(), expires_at };
            answer(parking.extend_hold(request)).await.map(drop)
        };
        let meal = async {
            if visit.meal.is_none() {
                return Ok(());
            }
            let request = gastro::ExtendHoldRequest { visit_id: visit_id.clone(), expires_at };
            answer(gastro.extend_hold(request)).await.map(drop)
        };
        let (seats, bay, meal) = futures::join!(seats, bay, meal);
        seats.and(bay).and(meal)
    }
}

/// Asking what became of something.
impl Siblings {
    /// Starts the payment of an ordered visit; how it stands and where to pay.
    pub(super) async fn create_payment(
        &self,
        visit: &Visit,
        method: Method,
        return_url: String,
    ) -> Result<(Asked, String), Status> {
        let (items, amount) = events::charges(&crate::domain::joined(visit.items()));
        let request = payments::CreatePaymentRequest {
            idempotency_key: Uuid::new_v5(&visit.id, b"payment").to_string(),
            visit_id: visit.id.to_string(),
            method: events::method(method).into(),
            items,
            amount,
            return_url,
            expires_at: visit.payment_expires_at.map(timestamp),
        };
        let payment = answer(self.payments().create_payment(request)).await?;
        Ok((asked(&payment), payment.redirect_url))
    }

    /// How a visit's payment stands; None: there is none.
    pub(crate) async fn payment(&self, visit: Uuid) -> Result<Option<Asked>, Status> {
        let request = payments::GetPaymentRequest { visit_id: visit.to_string() };
        known(answer(self.payments().get_payment(request)).await)
    }

    /// The same, after payments has asked its provider.
    pub(crate) async fn check_payment(&self, visit: Uuid) -> Result<Option<Asked>, Status> {
        let request = payments::CheckPaymentRequest { visit_id: visit.to_string() };
        known(answer(self.payments().check_payment(request)).await)
    }

    /// What reservations says of a visit's booking; None: nothing new, or no answer.
    pub(crate) async fn booking(&self, visit: Uuid) -> Option<News> {
        let request = reservations::GetBookingRequest { visit_id: visit.to_string() };
        let booking = answer(self.reservations().get_booking(request)).await.ok()?;
        match booking.state() {
            booking::State::Unspecified => None,
            booking::State::Cancelled => Some(News::BookingCancelled),
            booking::State::Confirmed => {
                Some(News::BookingConfirmed { seats: booking.tickets.into_iter().map(seat).collect() })
            }
        }
    }

    /// What parking says of a visit's right.
    pub(crate) async fn right(&self, visit: Uuid) -> Option<News> {
        let request = parking::GetRightRequest { visit_id: visit.to_string() };
        let right = answer(self.parking().get_right(request)).await.ok()?;
        match right.state() {
            // One that ran out may still be taken again, once parking hears that the visit is confirmed.
            RightState::Unspecified | RightState::Held | RightState::Expired => None,
            RightState::Confirmed
            | RightState::Suspended
            | RightState::CheckedIn
            | RightState::Left
            | RightState::NoShow => {
                Some(News::RightConfirmed { from: from_timestamp(right.from), until: from_timestamp(right.until) })
            }
            RightState::Cancelled => Some(News::RightCancelled),
        }
    }

    /// What gastro says of a visit's order.
    pub(crate) async fn order(&self, visit: Uuid) -> Option<News> {
        let request = gastro::GetOrderRequest { visit_id: visit.to_string() };
        let order = answer(self.gastro().get_order(request)).await.ok()?;
        match order.state() {
            OrderState::Unspecified | OrderState::Held => None,
            // Without a number it was never confirmed: gastro may still take it, once it hears that the visit is.
            OrderState::Expired if order.number == 0 => None,
            OrderState::Cancelled => Some(News::OrderState { number: order.number, kitchen: Kitchen::Cancelled }),
            OrderState::Rejected => Some(News::OrderRefused {
                reason: Text::new("Die Küche hat keine Zeit mehr frei.", "The kitchen has no time left.")
                    .plainly("Die Küche hat keine Zeit mehr."),
            }),
            OrderState::Scheduled
            | OrderState::Fired
            | OrderState::Preparing
            | OrderState::Ready
            | OrderState::Recalled
            | OrderState::Collected
            | OrderState::Expired => Some(News::OrderScheduled {
                order_id: order.order_id,
                number: order.number,
                pickup_at: from_timestamp(order.pickup_at),
                fire_at: from_timestamp(order.fire_at),
            }),
        }
    }
}

fn asked(payment: &payments::Payment) -> Asked {
    Asked {
        money: events::money_of(payment.state()),
        // Parts that went back before are not what is told to be back now.
        cents: payment.refunded.as_ref().or(payment.amount.as_ref()).map_or(0, |amount| amount.cents),
        paid_at: payment.paid_at.map(|at| from_timestamp(Some(at))),
    }
}

fn known(payment: Result<payments::Payment, Status>) -> Result<Option<Asked>, Status> {
    match payment {
        Ok(payment) => Ok(Some(asked(&payment))),
        Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}

/// What would fit instead, and what happens to a whole showing.
impl Siblings {
    /// The showings of the coming days, half a second old at most. In a rush thousands ask for them in that time; they are
    /// asked for once, and who does not answer contributes nothing.
    pub(super) async fn programme_lately(&self, from: DateTime<Utc>) -> Arc<Vec<reservations::Showing>> {
        let mut lately = self.lately.lock().await;
        let is_same = |it: &&Lately| it.asked.elapsed() < LATELY && (from - it.from).abs() < SAME;
        if let Some(known) = lately.as_ref().filter(is_same) {
            return known.programme.clone();
        }
        let request = reservations::ListProgrammeRequest {
            from: Some(timestamp(from)),
            until: Some(timestamp(from + COMING_DAYS)),
            include_closed: false,
        };
        let told = answer(self.reservations().list_programme(request)).await;
        let programme = Arc::new(told.map_or_else(|_| Vec::new(), |told| told.showings));
        *lately = Some(Lately { asked: Instant::now(), from, programme: programme.clone() });
        programme
    }

    /// Closed showings too.
    pub(super) async fn whole_programme(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<reservations::Showing>, Status> {
        let request = reservations::ListProgrammeRequest {
            from: Some(timestamp(from)),
            until: Some(timestamp(until)),
            include_closed: true,
        };
        Ok(answer(self.reservations().list_programme(request)).await?.showings)
    }

    /// A showing in reservations' own words, with its hall.
    pub(super) async fn reservations_showing(&self, id: Uuid) -> Result<reservations::Showing, Status> {
        answer(self.reservations().get_showing(reservations::GetShowingRequest { showing_id: id.to_string() })).await
    }

    pub(super) async fn site(&self) -> Result<parking::Site, Status> {
        answer(self.parking().get_site(parking::GetSiteRequest {})).await
    }

    /// What is left of a kind of bay from then until then.
    pub(super) async fn bays(
        &self,
        class: parking::BayClass,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<parking::Quote, Status> {
        let (from, until) = (Some(timestamp(from)), Some(timestamp(until)));
        let request = parking::GetQuoteRequest { bay_class: class.into(), from, until };
        answer(OccupancyClient::new(self.parking.clone()).get_quote(request)).await
    }

    pub(super) async fn delay_showing(
        &self,
        request: reservations::DelayShowingRequest,
    ) -> Result<reservations::Showing, Status> {
        answer(self.reservations().delay_showing(request)).await
    }

    pub(super) async fn cancel_showing(
        &self,
        request: reservations::CancelShowingRequest,
    ) -> Result<reservations::Showing, Status> {
        answer(self.reservations().cancel_showing(request)).await
    }
}

/// For the clock of the visit.
impl Siblings {
    /// The waiting times that the door measures.
    pub(super) async fn waits(&self, now: DateTime<Utc>) -> Result<Vec<flow::Estimate>, Status> {
        let span = TimeDelta::hours(3);
        let request = flow::GetFlowRequest { from: Some(timestamp(now - span)), until: Some(timestamp(now + span)) };
        Ok(answer(FlowClient::new(self.flow.clone()).get_flow(request)).await?.estimates)
    }

    /// Gives a booked visit places in another showing; the key makes it once.
    pub(super) async fn move_booking(&self, id: Uuid, visit: Uuid, to: Uuid) -> Result<Vec<Seat>, Status> {
        let request = reservations::MoveBookingRequest {
            idempotency_key: id.to_string(),
            visit_id: visit.to_string(),
            showing_id: to.to_string(),
            channel: reservations::Channel::Door.into(),
        };
        let booking = answer(self.reservations().move_booking(request)).await?;
        Ok(booking.tickets.into_iter().map(seat).collect())
    }
}

fn note_release<T>(visit: Uuid, released: Result<T, Status>) {
    if let Err(status) = released {
        tracing::debug!(visit = %visit, reason = status.message(), "not released by call; the event does it");
    }
}

fn seat(ticket: reservations::Ticket) -> Seat {
    let need = events::need_name(ticket.need());
    let label = events::label(ticket.seat, ticket.free_seating);
    Seat { label, features: Vec::new(), tariff_class: ticket.tariff_class, need }
}

/// Our copy of a showing, from what reservations says of it.
pub(super) fn showing_of(id: Uuid, showing: reservations::Showing) -> Result<Showing, Status> {
    Ok(Showing {
        id,
        title: Text::from_proto(showing.title),
        hall: showing.hall,
        starts_at: values::time("starts_at", showing.starts_at)?,
        ends_at: values::time("ends_at", showing.ends_at)?,
        doors_at: values::time("doors_at", showing.doors_at)?,
        last_entry_at: showing.last_entry_at.map(|at| from_timestamp(Some(at))),
        predicted_end_at: None,
        admission: Admission::Planned,
        cancelled: false,
        notice: Text::default(),
    })
}
