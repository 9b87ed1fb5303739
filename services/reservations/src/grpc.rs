//! The gRPC face of reservations: reads and checks what was sent, calls commands, answers. No decisions.

mod requests;
pub(crate) mod view;
mod watch;

use std::pin::Pin;

use futures::Stream;
use kernel::{
    Access, Caller, Db, Role, Who,
    identity::Keys,
    values::{self, Text, invalid},
};
use sky_proto::reservations::v1::{self as pb, reservations_server::Reservations};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::view::View;
use crate::{
    commands,
    domain::BookingState,
    error::Error,
    events,
    seller::Seller,
    store::{self, bookings, claims, codes, sale::Plans},
};

/// The programme is public.
const PUBLIC: &[Who] = &[
    Who::Visitor,
    Who::Staff(Role::Desk),
    Who::Staff(Role::Operator),
    Who::Staff(Role::Kitchen),
    Who::Staff(Role::Attendant),
    Who::Device("display"),
    Who::AnyService,
];
const JOURNEY: &[Who] = &[Who::Service("journey")];
const DESK: &[Who] = &[Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.reservations.v1.Reservations",
    methods: &[
        ("ListProgramme", PUBLIC),
        ("GetShowing", PUBLIC),
        ("GetSeatPlan", PUBLIC),
        ("WatchShowings", PUBLIC),
        ("HoldSeats", JOURNEY),
        ("ExtendHold", JOURNEY),
        ("ReleaseHold", JOURNEY),
        (
            "GetBooking",
            &[
                Who::Service("journey"),
                Who::Service("portal"),
                Who::Visitor,
                Who::Staff(Role::Desk),
                Who::Staff(Role::Operator),
            ],
        ),
        // Staff use journey's commands of the same names, which move everything else too.
        ("DelayShowing", JOURNEY),
        ("CancelShowing", JOURNEY),
        ("Reseat", DESK),
        ("SetSaleStart", DESK),
        ("BlockSeats", DESK),
        ("ReissueCodes", DESK),
        ("MoveBooking", JOURNEY),
    ],
};

/// The server.
#[derive(Debug)]
pub(crate) struct ReservationsGrpc {
    db: Db,
    keys: Keys,
    view: View,
    seller: Seller,
}

impl ReservationsGrpc {
    pub(crate) const fn new(db: Db, keys: Keys, view: View, seller: Seller) -> Self {
        Self { db, keys, view, seller }
    }

    // What is only read waits for a connection of the readers' own: those of [`Db::reader`] are the seller's.

    async fn get(&self, id: Uuid) -> Result<pb::Showing, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let showing = store::showing(&mut conn, id).await?;
        let now = self.db.clock().now();
        view::offered(&mut conn, &mut Plans::new(), &[showing], now).await?.pop().ok_or(Error::NoShowing)
    }

    /// Why places are not sold is for staff.
    async fn seat_plan(&self, id: Uuid, reasons_too: bool) -> Result<pb::SeatPlan, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let showing = store::showing(&mut conn, id).await?;
        let mut taken = claims::taken(&mut conn, id, self.db.clock().now()).await?;
        let seats = store::seats(&mut conn, &showing.layout).await?;
        if !reasons_too {
            taken.values_mut().flatten().for_each(String::clear);
        }
        let told = seats.iter().map(|it| {
            let taken = taken.get(&it.label);
            events::seat(it, taken.is_none(), taken.and_then(Option::as_ref))
        });
        Ok(pb::SeatPlan { showing_id: id.to_string(), seats: told.collect() })
    }

    async fn booking(&self, visit: Uuid) -> Result<pb::Booking, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let booking = bookings::booking(&mut conn, visit).await?.ok_or(Error::NoBooking)?;
        if !matches!(booking.state, BookingState::Confirmed | BookingState::Cancelled) {
            return Err(Error::NoBooking);
        }
        let showing = store::showing(&mut conn, booking.showing).await?;
        let tickets = bookings::tickets(&mut conn, visit).await?;
        let generations = codes::generations(&mut conn, visit).await?;
        Ok(events::booking(&showing, &booking, &tickets, &generations, &self.keys))
    }
}

fn may_see(caller: &Caller, closed_too: bool) -> Result<(), Status> {
    if closed_too && matches!(caller, Caller::Visitor { .. } | Caller::Device { .. }) {
        return Err(Status::permission_denied("Closed showings are for staff; ask without include_closed."));
    }
    Ok(())
}

#[tonic::async_trait]
impl Reservations for ReservationsGrpc {
    type WatchShowingsStream = Pin<Box<dyn Stream<Item = Result<pb::ShowingsUpdate, Status>> + Send>>;

    async fn list_programme(
        &self,
        request: Request<pb::ListProgrammeRequest>,
    ) -> Result<Response<pb::ListProgrammeResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        may_see(&caller, request.include_closed)?;
        let window = requests::window(request.from, request.until, request.include_closed)?;
        let showings = match self.view.list(&window, self.db.clock().now()) {
            Some(showings) => showings,
            None => {
                let mut showings = view::programme(&self.db, window.from, window.until).await?;
                showings.retain(|showing| window.shows(showing));
                showings
            }
        };
        Ok(Response::new(pb::ListProgrammeResponse { showings }))
    }

    async fn get_showing(&self, request: Request<pb::GetShowingRequest>) -> Result<Response<pb::Showing>, Status> {
        let id = values::id("showing_id", &request.into_inner().showing_id)?;
        let showing = match self.view.showing(&id.to_string(), self.db.clock().now()) {
            Some(showing) => showing,
            None => self.get(id).await?,
        };
        Ok(Response::new(showing))
    }

    async fn get_seat_plan(&self, request: Request<pb::GetSeatPlanRequest>) -> Result<Response<pb::SeatPlan>, Status> {
        let is_staff = matches!(Caller::of(&request), Caller::Staff { .. });
        let id = values::id("showing_id", &request.into_inner().showing_id)?;
        Ok(Response::new(self.seat_plan(id, is_staff).await?))
    }

    async fn watch_showings(
        &self,
        request: Request<pb::WatchShowingsRequest>,
    ) -> Result<Response<Self::WatchShowingsStream>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        may_see(&caller, request.include_closed)?;
        let window = requests::window(request.from, request.until, request.include_closed)?;
        Ok(Response::new(Box::pin(self.view.watch(window, request.after_revision).await?)))
    }

    async fn hold_seats(&self, request: Request<pb::HoldSeatsRequest>) -> Result<Response<pb::SeatHold>, Status> {
        let request = request.into_inner();
        let order = requests::order(&request, self.db.clock().now())?;
        let held = self.seller.hold(order).await?;
        Ok(Response::new(events::held(&held)?))
    }

    async fn extend_hold(&self, request: Request<pb::ExtendHoldRequest>) -> Result<Response<pb::SeatHold>, Status> {
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        let expires_at = requests::extension(request.expires_at, self.db.clock().now())?;
        let booking = self.db.transact(move |tx| Box::pin(commands::extend(tx, visit, expires_at))).await?;
        Ok(Response::new(events::seat_hold(&booking)))
    }

    async fn release_hold(
        &self,
        request: Request<pb::ReleaseHoldRequest>,
    ) -> Result<Response<pb::ReleaseHoldResponse>, Status> {
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        self.db.transact(move |tx| Box::pin(commands::release(tx, visit, BookingState::Released))).await?;
        Ok(Response::new(pb::ReleaseHoldResponse {}))
    }

    async fn get_booking(&self, request: Request<pb::GetBookingRequest>) -> Result<Response<pb::Booking>, Status> {
        let caller = Caller::of(&request);
        let visit = values::id("visit_id", &request.into_inner().visit_id)?;
        caller.may_see_visit(visit)?;
        Ok(Response::new(self.booking(visit).await?))
    }

    async fn delay_showing(&self, request: Request<pb::DelayShowingRequest>) -> Result<Response<pb::Showing>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let id = values::id("showing_id", &request.showing_id)?;
        if request.minutes == 0 || !(-240..=240).contains(&request.minutes) {
            return Err(invalid("minutes", "must be 1 to 240, or -240 to -1 to begin earlier again").into());
        }
        let reason = Text::checked("reason", request.reason.clone(), 200, false)?;
        let expected = request.expected_starts_at.map(|at| values::time("expected_starts_at", Some(at))).transpose()?;
        // What was expected is no part of what was asked for: a repeat finds its answer whatever it expects by then.
        let request = pb::DelayShowingRequest { expected_starts_at: None, ..request };
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    let showing = commands::lock_showing(tx, id).await?;
                    // Only that it was done is remembered: the answer is the showing as it is now.
                    let done: Option<pb::ReleaseHoldResponse> = tx.first_answer("DelayShowing", key, &request).await?;
                    if done.is_none() {
                        if expected.is_some_and(|expected| expected != showing.starts_at) {
                            return Err(Error::MovedMeanwhile(showing.starts_at));
                        }
                        commands::delay_showing(tx, showing, request.minutes, reason).await?;
                        tx.remember("DelayShowing", key, &request, &pb::ReleaseHoldResponse {}).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(Response::new(self.get(id).await?))
    }

    async fn cancel_showing(
        &self,
        request: Request<pb::CancelShowingRequest>,
    ) -> Result<Response<pb::Showing>, Status> {
        let request = request.into_inner();
        values::id("idempotency_key", &request.idempotency_key)?;
        let id = values::id("showing_id", &request.showing_id)?;
        let reason = Text::checked("reason", request.reason, 200, false)?;
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    let showing = commands::lock_showing(tx, id).await?;
                    commands::cancel_showing(tx, showing, reason).await
                })
            })
            .await?;
        Ok(Response::new(self.get(id).await?))
    }

    async fn reseat(&self, request: Request<pb::ReseatRequest>) -> Result<Response<pb::Booking>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let visit = values::id("visit_id", &request.visit_id)?;
        let seats = requests::labels(&request.seats)?;
        let preference = requests::preference(request.wish.as_ref(), &seats)?;
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    // Only that it was done is remembered: the answer is the booking as it is now.
                    let done: Option<pb::ReleaseHoldResponse> = tx.first_answer("Reseat", key, &request).await?;
                    if done.is_none() {
                        commands::reseat(tx, visit, &seats, preference).await?;
                        tx.remember("Reseat", key, &request, &pb::ReleaseHoldResponse {}).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(Response::new(self.booking(visit).await?))
    }

    async fn reissue_codes(&self, request: Request<pb::ReissueCodesRequest>) -> Result<Response<pb::Booking>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let visit = values::id("visit_id", &request.visit_id)?;
        let tickets = requests::tickets(&request.ticket_ids)?;
        let reason = values::text("reason", &request.reason, 200)?;
        if reason.is_empty() {
            return Err(invalid("reason", "is missing; say in a few words why").into());
        }
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    // Codes are never stored: the answer is the booking as it is now.
                    let done: Option<pb::ReleaseHoldResponse> = tx.first_answer("ReissueCodes", key, &request).await?;
                    if done.is_none() {
                        commands::reissue(tx, visit, &tickets, &reason, &by).await?;
                        tx.remember("ReissueCodes", key, &request, &pb::ReleaseHoldResponse {}).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(Response::new(self.booking(visit).await?))
    }

    async fn move_booking(&self, request: Request<pb::MoveBookingRequest>) -> Result<Response<pb::Booking>, Status> {
        let request = request.into_inner();
        let id = values::id("idempotency_key", &request.idempotency_key)?;
        let visit = values::id("visit_id", &request.visit_id)?;
        let to = values::id("showing_id", &request.showing_id)?;
        let it = commands::Move { id, visit, to, channel: requests::channel(request.channel)? };
        self.db
            .transact(move |tx| {
                Box::pin(async move {
                    // Only that it was done is remembered: the answer is the booking as it is now.
                    let done: Option<pb::ReleaseHoldResponse> = tx.first_answer("MoveBooking", id, &request).await?;
                    if done.is_none() {
                        commands::move_booking(tx, it).await?;
                        tx.remember("MoveBooking", id, &request, &pb::ReleaseHoldResponse {}).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(Response::new(self.booking(visit).await?))
    }

    async fn block_seats(&self, request: Request<pb::BlockSeatsRequest>) -> Result<Response<pb::SeatPlan>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let id = values::id("showing_id", &request.showing_id)?;
        let seats = requests::labels(&request.seats)?;
        if seats.is_empty() {
            return Err(invalid("seats", "is empty; choose the places").into());
        }
        let reason = values::text("reason", &request.reason, 200)?;
        let blocked = request.blocked;
        self.db
            .transact(move |tx| {
                let (seats, reason, by) = (seats.clone(), reason.clone(), by.clone());
                Box::pin(async move { commands::set_blocked(tx, id, &seats, blocked, (&reason, &by)).await })
            })
            .await?;
        Ok(Response::new(self.seat_plan(id, true).await?))
    }

    async fn set_sale_start(
        &self,
        request: Request<pb::SetSaleStartRequest>,
    ) -> Result<Response<pb::SetSaleStartResponse>, Status> {
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let of = requests::on_sale(&request)?;
        let on_sale_at = values::time("on_sale_at", request.on_sale_at)?;
        let answer = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    if let Some(first) = tx.first_answer("SetSaleStart", key, &request).await? {
                        return Ok(first);
                    }
                    let showings = commands::set_sale_start(tx, &of, on_sale_at).await?;
                    let answer = pb::SetSaleStartResponse { showings: u32::try_from(showings).unwrap_or(u32::MAX) };
                    tx.remember("SetSaleStart", key, &request, &answer).await?;
                    Ok::<_, Error>(answer)
                })
            })
            .await?;
        Ok(Response::new(answer))
    }
}
