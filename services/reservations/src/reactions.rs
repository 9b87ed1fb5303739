//! What journey's events mean here. Each may come twice and late.

use std::collections::HashSet;

use kernel::{BoxFuture, Db, Event, Failure, Tx, values};
use prost::Name;
use sky_proto::journey::v1::{VisitCancelled, VisitConfirmed, VisitExpired};
use uuid::Uuid;

use crate::{
    commands::{self, Confirmed},
    domain::BookingState,
    error::Error,
    store,
};

/// Whose events these are.
const JOURNEY: &str = "journey";

/// What of journey's events means something here.
pub(crate) const OF_JOURNEY: &[&str] = &[VisitCancelled::NAME, VisitConfirmed::NAME, VisitExpired::NAME];

/// Visits are confirmed, expired or cancelled. What is told of visits to a showing that somebody keeps locked is set aside:
/// the others do not wait for it.
pub(crate) fn from_journey<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        // The aggregate of these events is the visit. The seller, and who tells what is left, lock several showings
        // at once too: all by their ids.
        let visit = |event: &Event| event.aggregate_id.parse::<Uuid>().ok();
        let visits: Vec<Uuid> = run.iter().filter_map(visit).collect();
        let later = commands::lock_showings_of(tx, &visits).await?;
        if later.is_empty() {
            return apply(tx, run).await;
        }
        let waits = |event: &Event| visit(event).filter(|visit| later.contains(visit));
        let aside: Vec<(Uuid, &Event)> = run.iter().filter_map(|event| Some((waits(event)?, event))).collect();
        commands::set_aside(tx, &aside).await?;
        let now: Vec<Event> = run.iter().filter(|event| waits(event).is_none()).cloned().collect();
        apply(tx, &now).await
    })
}

/// What was set aside is done where the showing is free by now: each visit by itself, so that one of which it cannot be done
/// keeps no other. It waits for as long as somebody keeps the lock. What cannot be done although the showing is free is dead
/// at once, and what the domain refuses has no effect, as in its turn.
pub(crate) async fn catch_up(db: &Db) -> Result<(), Failure> {
    let waiting = store::set_aside::waiting(&mut *db.reader().await.map_err(Error::from)?).await?;
    let (mut failed, mut locked) = (Ok(()), HashSet::new());
    for (visit, showing) in waiting {
        if locked.contains(&showing) {
            continue;
        }
        match catch_up_with(db, visit, showing).await {
            Ok(()) => {}
            Err(Undone::Refused(error)) if store::sale::waited_too_long(&error) => {
                locked.insert(showing);
            }
            Err(Undone::Refused(error)) => failed = Err(error.into()),
            Err(Undone::Failed(failure)) if failure.code.is_transient() => failed = Err(failure),
            Err(Undone::Failed(failure)) if failure.code.is_refusal() => {
                tracing::warn!(%visit, reason = failure.message, "event refused by the domain");
                let passed = db
                    .transact(move |tx| Box::pin(async move { commands::take_up(tx, visit, showing).await.map(drop) }));
                if let Err(error) = passed.await {
                    failed = Err(error.into());
                }
            }
            Err(Undone::Failed(failure)) => {
                tracing::error!(
                    %visit, error = failure.message,
                    "what was told of a visit whose showing was locked cannot be done; see `sky dead list`"
                );
                let why =
                    format!("told while its showing was kept locked, and cannot be done since: {}", failure.message);
                let buried = db.transact(move |tx| {
                    let why = why.clone();
                    Box::pin(async move { commands::bury(tx, JOURNEY, visit, &why).await })
                });
                if let Err(error) = buried.await {
                    failed = Err(error.into());
                }
            }
        }
    }
    failed
}

/// What waits of a visit is done, one after the other.
async fn catch_up_with(db: &Db, visit: Uuid, showing: Uuid) -> Result<(), Undone> {
    let mut waits = true;
    while waits {
        let done = db.transact(move |tx| {
            Box::pin(async move {
                let Some(event) = commands::take_up(tx, visit, showing).await? else { return Ok(false) };
                apply(tx, &[event]).await.map(|()| true).map_err(Undone::Failed)
            })
        });
        waits = done.await?;
    }
    Ok(())
}

/// Why what was set aside waits on.
enum Undone {
    Refused(Error),
    Failed(Failure),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Undone {
    fn from(error: sqlx::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// Those that are confirmed one after the other are confirmed together. Their showings must be locked.
fn apply<'t>(tx: &'t mut Tx, run: &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        let mut confirmed = Vec::new();
        for event in run {
            match event.name() {
                VisitConfirmed::NAME => {
                    let told = event.decode::<VisitConfirmed>()?;
                    confirmed.push(Confirmed {
                        visit: values::id("visit_id", &told.visit_id)?,
                        showing: values::id("showing_id", &told.showing_id)?,
                        reference: told.reference,
                    });
                }
                VisitExpired::NAME => {
                    let told = event.decode::<VisitExpired>()?;
                    commands::confirm(tx, std::mem::take(&mut confirmed)).await?;
                    commands::release(tx, values::id("visit_id", &told.visit_id)?, BookingState::Expired).await?;
                }
                VisitCancelled::NAME => {
                    let told = event.decode::<VisitCancelled>()?;
                    commands::confirm(tx, std::mem::take(&mut confirmed)).await?;
                    commands::cancel(tx, values::id("visit_id", &told.visit_id)?).await?;
                }
                _ => {}
            }
        }
        Ok(commands::confirm(tx, confirmed).await?)
    })
}
