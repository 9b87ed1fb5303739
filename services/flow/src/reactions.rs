//! What others' events mean here: showings and tickets at the door, displays that show what they were told, devices that
//! are heard no more. Each may come twice and late.

use kernel::{
    BoxFuture, Event, Failure, Tx,
    values::{self, InvalidField, Text, invalid},
};
use prost::Name;
use sky_proto::{
    portal::v1::{DevicePairingChanged, PairingState},
    reservations::v1::{
        Audience, BookingCancelled, BookingConfirmed, BookingMoved, BookingReissued, BookingReseated, IssuedTicket,
        Need, ReissuedCode, ShowingCancelled, ShowingDelayed, ShowingScheduled,
    },
    signage::v1::{
        DisplayAcknowledged, DisplaysConcerned, MessageWithdrawn, WarningKind, WarningSeverity, WarningTaken,
    },
};

use uuid::Uuid;

use crate::{
    commands::{self, Plan},
    domain::{
        directives::Answer,
        scan::{DoorTicket, Party},
        weather::{self, Warning},
    },
};

/// Locks the showings that a run of events is about, in the order that everybody keeps: each event would lock its
/// own as it comes, after its tickets.
async fn lock_showings(tx: &mut Tx, events: &[Event]) -> Result<(), Failure> {
    let mut showings = Vec::new();
    for event in events {
        // What cannot be read fails in its reaction.
        let told = match event.name() {
            BookingConfirmed::NAME => event.decode().map(|told: BookingConfirmed| told.showing_id),
            BookingReseated::NAME => event.decode().map(|told: BookingReseated| told.showing_id),
            BookingCancelled::NAME => event.decode().map(|told: BookingCancelled| told.showing_id),
            BookingMoved::NAME => event.decode().map(|told: BookingMoved| {
                showings.extend(Uuid::try_parse(&told.from_showing_id));
                told.showing_id
            }),
            ShowingScheduled::NAME => event.decode().map(|told: ShowingScheduled| told.showing_id),
            ShowingDelayed::NAME => event.decode().map(|told: ShowingDelayed| told.showing_id),
            ShowingCancelled::NAME => event.decode().map(|told: ShowingCancelled| told.showing_id),
            _ => continue,
        };
        showings.extend(told.ok().and_then(|id| Uuid::try_parse(&id).ok()));
    }
    Ok(commands::lock_showings(tx, &showings).await?)
}

/// What of reservations' events means something here.
pub(crate) const OF_RESERVATIONS: &[&str] = &[
    BookingCancelled::NAME,
    BookingConfirmed::NAME,
    BookingMoved::NAME,
    BookingReissued::NAME,
    BookingReseated::NAME,
    ShowingCancelled::NAME,
    ShowingDelayed::NAME,
    ShowingScheduled::NAME,
];

/// Showings and tickets. What is issued to one party after the other is copied at once.
pub(crate) fn from_reservations<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        lock_showings(tx, run).await?;
        let mut issued = Vec::new();
        for event in run {
            if event.name() == BookingConfirmed::NAME {
                issued.push(party(&event.decode::<BookingConfirmed>()?)?);
            } else {
                commands::tickets_issued(tx, &std::mem::take(&mut issued)).await?;
                one(tx, event).await?;
            }
        }
        Ok(commands::tickets_issued(tx, &issued).await?)
    })
}

fn one<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        match event.name() {
            ShowingScheduled::NAME => {
                let told = event.decode::<ShowingScheduled>()?;
                let plan = Plan {
                    showing: values::id("showing_id", &told.showing_id)?,
                    starts_at: values::time("starts_at", told.starts_at)?,
                    ends_at: values::time("ends_at", told.ends_at)?,
                    doors_at: values::time("doors_at", told.doors_at)?,
                    last_entry_at: values::time("last_entry_at", told.last_entry_at)?,
                };
                let is_public = told.audience() == Audience::Public;
                let title = Text::from_proto(told.title);
                commands::showing_scheduled(tx, plan, title, told.hall, told.capacity, is_public).await?;
            }
            ShowingDelayed::NAME => {
                let told = event.decode::<ShowingDelayed>()?;
                let plan = Plan {
                    showing: values::id("showing_id", &told.showing_id)?,
                    starts_at: values::time("starts_at", told.starts_at)?,
                    ends_at: values::time("ends_at", told.ends_at)?,
                    doors_at: values::time("doors_at", told.doors_at)?,
                    last_entry_at: values::time("last_entry_at", told.last_entry_at)?,
                };
                commands::showing_delayed(tx, &plan).await?;
            }
            ShowingCancelled::NAME => {
                let told = event.decode::<ShowingCancelled>()?;
                commands::showing_cancelled(tx, values::id("showing_id", &told.showing_id)?).await?;
            }
            BookingReseated::NAME => {
                let told = event.decode::<BookingReseated>()?;
                let (visit, showing) =
                    (values::id("visit_id", &told.visit_id)?, values::id("showing_id", &told.showing_id)?);
                commands::tickets_reseated(tx, visit, showing, &tickets(&told.tickets)?).await?;
            }
            BookingMoved::NAME => {
                let told = event.decode::<BookingMoved>()?;
                let visit = values::id("visit_id", &told.visit_id)?;
                let (from, to) = (
                    values::id("from_showing_id", &told.from_showing_id)?,
                    values::id("showing_id", &told.showing_id)?,
                );
                commands::tickets_moved(tx, visit, from, to, &tickets(&told.tickets)?).await?;
            }
            BookingReissued::NAME => {
                let told = event.decode::<BookingReissued>()?;
                let at = values::time("at", told.at)?;
                commands::codes_reissued(tx, &generations(&told.codes)?, at).await?;
            }
            BookingCancelled::NAME => {
                let told = event.decode::<BookingCancelled>()?;
                let visit = values::id("visit_id", &told.visit_id)?;
                commands::tickets_voided(tx, visit, values::id("showing_id", &told.showing_id)?).await?;
            }
            _ => {}
        }
        Ok(())
    })
}

fn party(told: &BookingConfirmed) -> Result<Party, InvalidField> {
    Ok(Party {
        visit: values::id("visit_id", &told.visit_id)?,
        showing: values::id("showing_id", &told.showing_id)?,
        reference: told.reference.clone(),
        cancelled: false,
        tickets: tickets(&told.tickets)?,
    })
}

fn tickets(issued: &[IssuedTicket]) -> Result<Vec<DoorTicket>, InvalidField> {
    let mut tickets = Vec::new();
    for ticket in issued {
        // A hearing loop needs no hand at the door.
        let assistance = matches!(ticket.need(), Need::Wheelchair | Need::StepFree | Need::GuideDog);
        let id = values::id("ticket_id", &ticket.ticket_id)?;
        // Where seating is free, nobody at the door sends anybody to a seat, and no row is called.
        let seat = if ticket.free_seating { String::new() } else { ticket.seat.clone() };
        tickets.push(DoorTicket { id, seat, assistance, live: true, admitted: None, out: None });
    }
    Ok(tickets)
}

fn generations(codes: &[ReissuedCode]) -> Result<Vec<(Uuid, u16)>, InvalidField> {
    let read = |code: &ReissuedCode| {
        let generation = u16::try_from(code.generation).map_err(|_| invalid("generation", "is more than 65535"))?;
        Ok((values::id("id", &code.id)?, generation))
    };
    codes.iter().map(read).collect()
}

/// What of signage's events means something here.
pub(crate) const OF_SIGNAGE: &[&str] =
    &[DisplayAcknowledged::NAME, DisplaysConcerned::NAME, MessageWithdrawn::NAME, WarningTaken::NAME];

/// Displays that show a directive or an incident, or are to show it; and official warnings. What displays answer one after
/// the other is kept at once.
pub(crate) fn from_signage<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let mut answers = Vec::new();
        for event in run {
            if event.name() == DisplayAcknowledged::NAME {
                let told = event.decode::<DisplayAcknowledged>()?;
                answers.push(Answer {
                    about: values::id("about_id", &told.about_id)?,
                    revision: told.about_revision,
                    rendered_at: values::time("rendered_at", told.rendered_at)?,
                    display: told.display_id,
                });
            } else {
                commands::directives::acknowledged(tx, &std::mem::take(&mut answers)).await?;
                of_signage(tx, event).await?;
            }
        }
        Ok(commands::directives::acknowledged(tx, &answers).await?)
    })
}

fn of_signage<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        match event.name() {
            DisplaysConcerned::NAME => {
                let told = event.decode::<DisplaysConcerned>()?;
                let about = values::id("about_id", &told.about_id)?;
                commands::directives::concerned(tx, about, told.about_revision, &told.display_ids).await?;
            }
            WarningTaken::NAME => {
                if let Some(warning) = warning(event)? {
                    commands::weather::warned(tx, &warning).await?;
                }
            }
            // Of whatever message; most are no warnings.
            MessageWithdrawn::NAME => {
                let told = event.decode::<MessageWithdrawn>()?;
                commands::weather::over(tx, values::id("message_id", &told.message_id)?).await?;
            }
            _ => {}
        }
        Ok(())
    })
}

/// What of the portal's events means something here.
pub(crate) const OF_PORTAL: &[&str] = &[DevicePairingChanged::NAME];

/// A device's pairing has ended. A new one ends the one before it, of whatever kind that was.
pub(crate) fn from_portal<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() != DevicePairingChanged::NAME {
            return Ok(());
        }
        let told = event.decode::<DevicePairingChanged>()?;
        if matches!(told.state(), PairingState::Paired | PairingState::Revoked) {
            let device = values::slug("device_id", &told.device_id)?;
            kernel::ended::end(tx, device, values::time("at", told.at)?).await?;
        }
        Ok(())
    })
}

/// None: of something that closes nothing.
fn warning(event: &Event) -> Result<Option<Warning>, Failure> {
    let told = event.decode::<WarningTaken>()?;
    let kind = match told.kind() {
        WarningKind::Thunderstorm => weather::Kind::Thunderstorm,
        WarningKind::Storm => weather::Kind::Storm,
        WarningKind::Unspecified => return Ok(None),
    };
    let severity = match told.severity() {
        WarningSeverity::Extreme => weather::Severity::Extreme,
        WarningSeverity::Severe => weather::Severity::Severe,
        WarningSeverity::Moderate => weather::Severity::Moderate,
        WarningSeverity::Minor | WarningSeverity::Unspecified => weather::Severity::Minor,
    };
    Ok(Some(Warning {
        id: values::id("message_id", &told.message_id)?,
        kind,
        severity,
        text: Text::from_proto(told.text),
        told_at: event.occurred_at,
        valid_until: values::time("valid_until", told.valid_until)?,
    }))
}
