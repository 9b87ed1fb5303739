//! What other services' events mean for visits. Each may come twice, late, and in another order than
//! those of other services; those of unknown visits mean nothing here.

mod kitchen;
mod money;
mod seen;

use kernel::{
    BoxFuture, Event, Failure, Tx,
    values::{self, InvalidField, Text},
};
use prost::Name;
use prost_types::Timestamp;
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState, AdmissionUndone, ClockPolicyChanged, LiftChanged, PartyAdmitted},
    gastro::v1::{
        OrderAffected, OrderMoved, OrderRefundDue, OrderRefused, OrderScheduled, OrderSettled, OrderStateChanged,
        OrderSubstituted,
    },
    parking::v1::{
        RightCancelled, RightConfirmed, RightLost, RightMoved, RightRefused, RightRestored, RightSuspended,
        SiteChanged, VehicleEntered, VehicleLeft,
    },
    payments::v1::{PartRefundChanged, PaymentCompleted, PaymentFailed, PaymentRefunded, PaymentSettled, PaymentState},
    reservations::v1::{
        BookingCancelled, BookingConfirmed, BookingMoved, BookingRefused, BookingReissued, BookingReseated,
        ShowingCancelled, ShowingDelayed, ShowingScheduled,
    },
};
use uuid::Uuid;

use crate::{
    commands::{self, rebooking, showings},
    domain::{Admission, Times},
    events,
    projection::News,
};

fn visit(id: &str) -> Result<Uuid, InvalidField> {
    values::id("visit_id", id)
}

fn showing(id: &str) -> Result<Uuid, InvalidField> {
    values::id("showing_id", id)
}

fn times(
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    doors_at: Option<Timestamp>,
    last_entry_at: Option<Timestamp>,
) -> Result<Times, InvalidField> {
    Ok(Times {
        starts_at: values::time("starts_at", starts_at)?,
        ends_at: values::time("ends_at", ends_at)?,
        doors_at: values::time("doors_at", doors_at)?,
        last_entry_at: last_entry_at.map(|at| values::time("last_entry_at", Some(at))).transpose()?,
    })
}

/// News of visits that wait to be told together. Whatever is not news of a visit is done in its turn.
#[derive(Default)]
struct Waiting(Vec<(Uuid, News)>);

impl Waiting {
    fn add(&mut self, visit_id: &str, news: News) -> Result<(), InvalidField> {
        self.0.push((visit(visit_id)?, news));
        Ok(())
    }

    async fn tell(&mut self, tx: &mut Tx) -> Result<(), Failure> {
        Ok(commands::hear_all(tx, &std::mem::take(&mut self.0)).await?)
    }
}

/// What of payments' events means something here.
pub(crate) const OF_PAYMENTS: &[&str] = &[
    PaymentCompleted::NAME,
    PaymentFailed::NAME,
    PaymentSettled::NAME,
    PaymentRefunded::NAME,
    PartRefundChanged::NAME,
];

/// Money came, failed, or went back.
pub(crate) fn from_payments<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        seen::from_payments(tx, run).await?;
        let mut waiting = Waiting::default();
        for event in run {
            if money::is_about(event) {
                waiting.tell(tx).await?;
                money::told(tx, event).await?;
                continue;
            }
            match event.name() {
                PaymentCompleted::NAME => {
                    let told = event.decode::<PaymentCompleted>()?;
                    let due = told.state() == PaymentState::DueAtDesk;
                    let at = told.at.map(|at| values::from_timestamp(Some(at)));
                    waiting.add(&told.visit_id, News::Paid { due, at })?;
                }
                PaymentFailed::NAME => {
                    let told = event.decode::<PaymentFailed>()?;
                    waiting.add(&told.visit_id, News::PaymentFailed { reason: Text::from_proto(told.reason) })?;
                }
                PaymentSettled::NAME => {
                    waiting.add(&event.decode::<PaymentSettled>()?.visit_id, News::Settled)?;
                }
                PaymentRefunded::NAME => {
                    let told = event.decode::<PaymentRefunded>()?;
                    let cents = told.amount.map_or(0, |amount| amount.cents);
                    waiting.add(&told.visit_id, News::Refunded { cents })?;
                }
                _ => {}
            }
        }
        waiting.tell(tx).await
    })
}

/// What of reservations' events means something here.
pub(crate) const OF_RESERVATIONS: &[&str] = &[
    ShowingScheduled::NAME,
    ShowingDelayed::NAME,
    ShowingCancelled::NAME,
    BookingConfirmed::NAME,
    BookingReseated::NAME,
    BookingMoved::NAME,
    BookingReissued::NAME,
    BookingRefused::NAME,
    BookingCancelled::NAME,
];

/// Showings move or are cancelled; bookings are confirmed, refused or cancelled.
pub(crate) fn from_reservations<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let mut waiting = Waiting::default();
        for event in run {
            match event.name() {
                ShowingScheduled::NAME => {
                    let told = event.decode::<ShowingScheduled>()?;
                    let title = Text::from_proto(told.title);
                    let times = times(told.starts_at, told.ends_at, told.doors_at, told.last_entry_at)?;
                    waiting.tell(tx).await?;
                    showings::scheduled(tx, showing(&told.showing_id)?, &title, &told.hall, times).await?;
                }
                ShowingDelayed::NAME => {
                    let told = event.decode::<ShowingDelayed>()?;
                    let reason = Text::from_proto(told.reason);
                    let times = times(told.starts_at, told.ends_at, told.doors_at, told.last_entry_at)?;
                    waiting.tell(tx).await?;
                    showings::delayed(tx, showing(&told.showing_id)?, times, &reason, event.occurred_at).await?;
                }
                ShowingCancelled::NAME => {
                    let told = event.decode::<ShowingCancelled>()?;
                    let reason = Text::from_proto(told.reason);
                    waiting.tell(tx).await?;
                    showings::cancelled(tx, showing(&told.showing_id)?, &reason).await?;
                }
                BookingConfirmed::NAME => {
                    let told = event.decode::<BookingConfirmed>()?;
                    let seats = told.tickets.into_iter().map(events::seat_of_ticket).collect();
                    waiting.add(&told.visit_id, News::BookingConfirmed { seats })?;
                }
                BookingReseated::NAME => {
                    let told = event.decode::<BookingReseated>()?;
                    let seats = told.tickets.into_iter().map(events::seat_of_ticket).collect();
                    waiting.add(&told.visit_id, News::BookingReseated { seats })?;
                }
                BookingMoved::NAME => {
                    let told = event.decode::<BookingMoved>()?;
                    let (id, visit) = (values::id("move_id", &told.move_id)?, visit(&told.visit_id)?);
                    let seats: Vec<_> = told.tickets.iter().cloned().map(events::seat_of_ticket).collect();
                    waiting.tell(tx).await?;
                    rebooking::moved(tx, id, visit, &seats).await?;
                    money::of_places(tx, visit, id, told).await?;
                }
                BookingReissued::NAME => {
                    let told = event.decode::<BookingReissued>()?;
                    let at = told.at.map_or(event.occurred_at, |at| values::from_timestamp(Some(at)));
                    waiting.add(&told.visit_id, News::BookingReissued { at })?;
                }
                BookingRefused::NAME => {
                    let told = event.decode::<BookingRefused>()?;
                    waiting.add(&told.visit_id, News::BookingRefused { reason: Text::from_proto(told.reason) })?;
                }
                BookingCancelled::NAME => {
                    let told = event.decode::<BookingCancelled>()?;
                    waiting.add(&told.visit_id, News::BookingCancelled)?;
                }
                _ => {}
            }
        }
        waiting.tell(tx).await
    })
}

/// What of parking's events means something here.
pub(crate) const OF_PARKING: &[&str] = &[
    RightConfirmed::NAME,
    RightRefused::NAME,
    RightMoved::NAME,
    RightCancelled::NAME,
    RightSuspended::NAME,
    RightLost::NAME,
    RightRestored::NAME,
    VehicleEntered::NAME,
    VehicleLeft::NAME,
    SiteChanged::NAME,
];

/// A bay is given, refused or moved; a vehicle has come or gone.
pub(crate) fn from_parking<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        seen::from_parking(tx, run).await?;
        let mut waiting = Waiting::default();
        for event in run {
            let mut stops = None;
            let (about, news) = match event.name() {
                RightConfirmed::NAME => {
                    let told = event.decode::<RightConfirmed>()?;
                    stops = told.stops;
                    let (from, until) = (values::time("from", told.from)?, values::time("until", told.until)?);
                    (told.visit_id, News::RightConfirmed { from, until })
                }
                RightRefused::NAME => {
                    let told = event.decode::<RightRefused>()?;
                    (told.visit_id, News::RightRefused { reason: Text::from_proto(told.reason) })
                }
                RightMoved::NAME => {
                    let told = event.decode::<RightMoved>()?;
                    stops = told.stops;
                    let (from, until) = (values::time("from", told.from)?, values::time("until", told.until)?);
                    let showing = if told.showing_id.is_empty() { None } else { Some(showing(&told.showing_id)?) };
                    let expected_from = told.expected_from.map(|at| values::from_timestamp(Some(at)));
                    (told.visit_id, News::RightMoved { from, until, showing, expected_from })
                }
                RightCancelled::NAME => (event.decode::<RightCancelled>()?.visit_id, News::RightCancelled),
                RightSuspended::NAME => {
                    let told = event.decode::<RightSuspended>()?;
                    let mut suspension = events::suspension::read(told.suspension)?;
                    suspension.closure = told.closure_id;
                    suspension.since = Some(event.occurred_at);
                    (told.visit_id, News::RightSuspended { suspension })
                }
                RightLost::NAME => {
                    let told = event.decode::<RightLost>()?;
                    let mut suspension = events::suspension::read(told.suspension)?;
                    suspension.since = Some(event.occurred_at);
                    (told.visit_id, News::RightSuspended { suspension })
                }
                RightRestored::NAME => {
                    let told = event.decode::<RightRestored>()?;
                    let (from, until) = (values::time("from", told.from)?, values::time("until", told.until)?);
                    let class = told.bay_class().as_str_name().to_owned();
                    stops = told.stops;
                    (told.visit_id, News::RightRestored { at: event.occurred_at, class, from, until })
                }
                VehicleEntered::NAME => {
                    let told = event.decode::<VehicleEntered>()?;
                    (told.visit_id, News::VehicleEntered { at: values::time("at", told.at)? })
                }
                VehicleLeft::NAME => {
                    let told = event.decode::<VehicleLeft>()?;
                    (told.visit_id, News::VehicleLeft { at: values::time("at", told.at)? })
                }
                _ => continue,
            };
            if stops.is_some() {
                waiting.add(&about, News::CoachStops { stops: events::stops_of(stops.as_ref()) })?;
            }
            waiting.add(&about, news)?;
        }
        waiting.tell(tx).await
    })
}

/// What of gastro's events means something here.
pub(crate) const OF_GASTRO: &[&str] = &[
    OrderScheduled::NAME,
    OrderRefused::NAME,
    OrderMoved::NAME,
    OrderStateChanged::NAME,
    OrderRefundDue::NAME,
    OrderAffected::NAME,
    OrderSettled::NAME,
    OrderSubstituted::NAME,
];

/// A meal is scheduled, refused, moved, or a step further.
pub(crate) fn from_gastro<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        seen::from_gastro(tx, run).await?;
        let mut waiting = Waiting::default();
        for event in run {
            if money::is_about(event) {
                waiting.tell(tx).await?;
                money::told(tx, event).await?;
                continue;
            }
            let (about, news) = match event.name() {
                OrderScheduled::NAME => {
                    let told = event.decode::<OrderScheduled>()?;
                    let news = News::OrderScheduled {
                        order_id: told.order_id,
                        number: told.number,
                        pickup_at: values::time("pickup_at", told.pickup_at)?,
                        fire_at: values::time("fire_at", told.fire_at)?,
                    };
                    (told.visit_id, news)
                }
                OrderRefused::NAME => {
                    let told = event.decode::<OrderRefused>()?;
                    (told.visit_id, News::OrderRefused { reason: Text::from_proto(told.reason) })
                }
                OrderMoved::NAME => {
                    let told = event.decode::<OrderMoved>()?;
                    let news = News::OrderMoved {
                        pickup_at: values::time("pickup_at", told.pickup_at)?,
                        fire_at: values::time("fire_at", told.fire_at)?,
                    };
                    (told.visit_id, news)
                }
                OrderStateChanged::NAME => {
                    let told = event.decode::<OrderStateChanged>()?;
                    let Some(kitchen) = events::kitchen_of(told.state()) else { continue };
                    (told.visit_id, News::OrderState { number: told.number, kitchen })
                }
                _ => match kitchen::news(event)? {
                    Some(news) => news,
                    None => continue,
                },
            };
            waiting.add(&about, news)?;
        }
        waiting.tell(tx).await
    })
}

/// What of flow's events means something here.
pub(crate) const OF_FLOW: &[&str] =
    &[PartyAdmitted::NAME, AdmissionUndone::NAME, AdmissionMoved::NAME, LiftChanged::NAME, ClockPolicyChanged::NAME];

/// The door lets people in and moves on.
pub(crate) fn from_flow<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        seen::from_flow(tx, event).await?;
        match event.name() {
            PartyAdmitted::NAME => {
                let told = event.decode::<PartyAdmitted>()?;
                commands::admitted(tx, visit(&told.visit_id)?, &ticket_ids(&told.ticket_ids)?).await?;
            }
            AdmissionUndone::NAME => {
                let told = event.decode::<AdmissionUndone>()?;
                commands::not_admitted(tx, visit(&told.visit_id)?, &ticket_ids(&told.ticket_ids)?).await?;
            }
            AdmissionMoved::NAME => {
                let told = event.decode::<AdmissionMoved>()?;
                let Some(admission) = admission(told.state()) else { return Ok(()) };
                let end = match told.predicted_end_at {
                    Some(at) => Some(values::time("predicted_end_at", Some(at))?),
                    None => None,
                };
                showings::admission_moved(tx, showing(&told.showing_id)?, admission, end).await?;
            }
            _ => {}
        }
        Ok(())
    })
}

fn ticket_ids(told: &[String]) -> Result<Vec<Uuid>, InvalidField> {
    told.iter().map(|ticket| values::id("ticket_ids", ticket)).collect()
}

const fn admission(state: AdmissionState) -> Option<Admission> {
    match state {
        AdmissionState::Unspecified => None,
        AdmissionState::Planned => Some(Admission::Planned),
        AdmissionState::DoorsOpen => Some(Admission::DoorsOpen),
        AdmissionState::LastCall => Some(Admission::LastCall),
        AdmissionState::Running => Some(Admission::Running),
        AdmissionState::Egress => Some(Admission::Egress),
        AdmissionState::Turnover => Some(Admission::Turnover),
        AdmissionState::Closed => Some(Admission::Closed),
        AdmissionState::Cancelled => Some(Admission::Cancelled),
        AdmissionState::Aborted => Some(Admission::Aborted),
    }
}
