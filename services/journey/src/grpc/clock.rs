//! Turns the clock of the visits: asks the door what it measures and reservations what is left of the day, outside of
//! transactions, then lets commands decide. Who cannot be asked is done without.

use chrono::TimeDelta;
use kernel::{
    Db,
    values::{self, Text, from_timestamp},
};
use sky_proto::{
    flow::v1::{Estimate, EstimateKind},
    reservations::v1::{Audience, AvailabilityReason, Need, Showing, ShowingState},
};
use uuid::Uuid;

use super::siblings::Siblings;
use crate::{
    commands,
    domain::{clock::policy::minutes, rebooking::Candidate},
    error::Error,
    store::{
        self,
        clock::{DESK, Wait},
    },
};

/// Most visits that are offered something in one turn; the others come in the next one.
const TURN: i64 = 200;
/// So much of the programme is looked at: what is booked began at most so long ago, the day ends within so long.
const BACK: TimeDelta = TimeDelta::hours(4);
const AHEAD: TimeDelta = TimeDelta::hours(18);

/// One turn. Without a showing nearby it is a single statement.
pub(crate) async fn turn(db: &Db, siblings: &Siblings) -> Result<(), Error> {
    let now = db.clock().now();
    let policy = {
        let mut conn = db.reader().await?;
        let policy = store::clock::policy(&mut conn).await?;
        let (from, until) = (now - minutes(policy.missed_minutes), now + minutes(policy.look_ahead_minutes));
        if store::clock::showings_between(&mut conn, from, until).await?.is_empty() {
            return Ok(());
        }
        policy
    };
    let waits: Vec<Wait> = match siblings.waits(now).await {
        Ok(told) => told.iter().filter_map(wait).collect(),
        Err(status) => {
            tracing::debug!(code = ?status.code(), "the door tells no waiting times; usual ones are reckoned with");
            Vec::new()
        }
    };
    db.transact(move |tx| {
        let waits = waits.clone();
        Box::pin(async move {
            commands::clock::waits_told(tx, &waits).await?;
            commands::clock::turn(tx).await
        })
    })
    .await?;
    let since = now - minutes(policy.missed_minutes);
    let (visits, standing) = {
        let mut conn = db.reader().await?;
        (
            store::rebooking::without_offer(&mut conn, since, now, TURN).await?,
            store::rebooking::standing(&mut conn, now).await?,
        )
    };
    if visits.is_empty() && standing.is_empty() {
        return Ok(());
    }
    match candidates(db, siblings).await {
        Ok(candidates) => offer(db, visits, candidates).await,
        Err(status) => {
            tracing::debug!(code = ?status.code(), "reservations does not say what is left of the day");
            Ok(())
        }
    }
}

/// Takes back what is not to be had any more, and offers what there is.
async fn offer(db: &Db, visits: Vec<Uuid>, candidates: Vec<Candidate>) -> Result<(), Error> {
    db.transact(move |tx| {
        let (mut visits, candidates) = (visits.clone(), candidates.clone());
        Box::pin(async move {
            visits.extend(commands::rebooking::look_again(tx, &candidates).await?);
            if visits.is_empty() { Ok(()) } else { commands::rebooking::offer(tx, &visits, &candidates).await }
        })
    })
    .await
}

/// What a visit was offered was refused to it: it sees at once what else there is.
pub(super) async fn offer_another(db: &Db, siblings: &Siblings, visit: Uuid, refused: Uuid) -> Result<(), Error> {
    let Ok(mut candidates) = candidates(db, siblings).await else { return Ok(()) };
    candidates.retain(|it| it.showing != refused);
    db.transact(move |tx| {
        let candidates = candidates.clone();
        Box::pin(async move { commands::rebooking::offer(tx, &[visit], &candidates).await })
    })
    .await
}

fn wait(told: &Estimate) -> Option<Wait> {
    let about = match told.kind() {
        EstimateKind::Desk => DESK.to_owned(),
        EstimateKind::Door => told.showing_id.clone(),
        EstimateKind::Cafe | EstimateKind::Unspecified => return None,
    };
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Some(Wait {
        about,
        seconds: number(told.seconds),
        seconds_low: number(told.seconds_low),
        seconds_high: number(told.seconds_high),
        per_hour: number(told.per_hour),
        people: number(told.people),
        valid_until: from_timestamp(told.valid_until),
    })
}

/// The showings of the day, with what is left of them. That one was broken off we know from the door; reservations do not.
pub(crate) async fn candidates(db: &Db, siblings: &Siblings) -> Result<Vec<Candidate>, tonic::Status> {
    let now = db.clock().now();
    let programme = siblings.whole_programme(now - BACK, now + AHEAD).await?;
    let mut candidates: Vec<Candidate> = programme.into_iter().filter_map(candidate).collect();
    let ids: Vec<Uuid> = candidates.iter().map(|it| it.showing).collect();
    let known = store::many::showings(&mut *db.reader().await.map_err(Error::from)?, &ids).await?;
    for it in &mut candidates {
        it.is_cancelled |= known.get(&it.showing).is_some_and(crate::domain::Showing::is_off);
    }
    Ok(candidates)
}

pub(super) fn candidate(showing: Showing) -> Option<Candidate> {
    let audience = match showing.audience() {
        Audience::Public => "public",
        Audience::School => "school",
        Audience::Private | Audience::Unspecified => "private",
    };
    let availability = showing.availability.clone().unwrap_or_default();
    let need = |of: &sky_proto::reservations::v1::NeedFree| match of.need() {
        Need::Unspecified => None,
        need => Some((need.as_str_name().to_owned(), of.free)),
    };
    Some(Candidate {
        showing: Uuid::try_parse(&showing.showing_id).ok()?,
        is_cancelled: showing.state() == ShowingState::Cancelled,
        is_on_sale: availability.reason() != AvailabilityReason::NotYetOnSale,
        audience,
        starts_at: values::time("starts_at", showing.starts_at).ok()?,
        ends_at: values::time("ends_at", showing.ends_at).ok()?,
        doors_at: values::time("doors_at", showing.doors_at).ok()?,
        prices: showing
            .prices
            .iter()
            .map(|price| (price.tariff_class.clone(), price.price.as_ref().map_or(0, |price| price.cents)))
            .collect(),
        free: availability.free_door,
        together: availability.together,
        needs: availability.needs.iter().filter_map(need).collect(),
        title: Text::from_proto(showing.title),
    })
}
