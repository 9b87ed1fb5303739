//! The clock of the visit, turned every few seconds for all visits at once: a dozen statements, however many they are.
//! What turns is told once; what a visitor sees is written only when it has changed.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{VISIT_TOPIC, lock};
use crate::{
    domain::{
        Showing, State, Visit,
        clock::{
            ahead::{Lift, PLANNED, Way},
            legs::{self, Estimates, Leg, PACE_SPAN},
            policy::{Policy, minutes},
            risk::{self, Risk, Told},
        },
        missing::{self, MissingParty, Noted, Situation},
        notices::OF_RISK,
    },
    error::Error,
    events,
    store::{
        self,
        clock::{Clocked, Wait},
    },
};

/// Whoever's showing began longer ago has no way ahead any more.
const LATELY: TimeDelta = TimeDelta::hours(2);

/// The house file's part.
pub(crate) async fn set_house(tx: &mut Tx, policy: &Policy, ways: &[Way]) -> Result<(), Error> {
    store::clock::save_policy(tx.conn(), policy).await?;
    store::clock::save_ways(tx.conn(), ways).await
}

/// A lift fails or works again: the pages of those who are on their way change, and of those who plan it.
pub(crate) async fn lift_told(tx: &mut Tx, lift: &Lift, revision: u64) -> Result<(), Error> {
    if store::clock::save_lift(tx.conn(), lift, revision).await? {
        let (since, until) = (tx.now() - LATELY, tx.now() + PLANNED);
        for visit in store::clock::bump_ways(tx.conn(), since, until).await? {
            tx.touch(VISIT_TOPIC, visit.to_string());
        }
    }
    Ok(())
}

/// What the door measures.
pub(crate) async fn waits_told(tx: &mut Tx, waits: &[Wait]) -> Result<(), Error> {
    if waits.is_empty() { Ok(()) } else { store::clock::save_waits(tx.conn(), waits).await }
}

/// A party says in how long it will be at the house, or takes that back. The clock turns at once: whoever has said it
/// sees what it makes of it.
pub(crate) async fn arrival_told(tx: &mut Tx, visit: Uuid, takes: Option<TimeDelta>) -> Result<(), Error> {
    let now = tx.now();
    // As a turn locks them: the clock before the visits.
    store::clock::lock(tx.conn()).await?;
    if lock(tx, visit).await?.state != State::Confirmed {
        return Err(Error::NotComing);
    }
    store::missing::arrival(tx.conn(), visit, takes.map(|takes| now + takes)).await?;
    turn(tx).await
}

/// A showing with the parties that are missing, judged by one rule for staff and visitors.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) booked: Vec<Visit>,
    pub(crate) parties: Vec<MissingParty>,
    pub(crate) situation: Situation,
    pub(crate) before: HashMap<Uuid, Clocked>,
}

/// What is known of the parties of showings. Reads only, and the same statements for one showing as for ten.
pub(crate) async fn judge(
    conn: &mut sqlx::PgConnection,
    showings: &[(Uuid, Option<&Showing>)],
    now: DateTime<Utc>,
) -> Result<Vec<Judged>, Error> {
    let ids: Vec<Uuid> = showings.iter().map(|(id, _)| *id).collect();
    let policy = store::clock::policy(conn).await?;
    let waits = store::clock::waits(conn, now).await?;
    let car_park = store::missing::car_park(conn).await?;
    let mut counts = store::missing::door_counts_of(conn, &ids, now - PACE_SPAN).await?;
    let booked = store::clock::booked(conn, &ids).await?;
    let sights = store::missing::sights(conn, &booked).await?;
    let arrivals = store::missing::arrivals(conn, &booked).await?;
    let visits: Vec<Uuid> = booked.iter().map(|visit| visit.id).collect();
    let clocked = store::clock::clocked(conn, &visits).await?;
    let mut clocked: HashMap<Uuid, Clocked> = clocked.into_iter().map(|it| (it.visit, it)).collect();
    let mut by_showing: HashMap<Uuid, Vec<Visit>> = HashMap::new();
    for visit in booked {
        by_showing.entry(visit.showing).or_default().push(visit);
    }
    let wait = |about: &str| waits.iter().find(|wait| wait.about == about);
    let mut judged = Vec::new();
    for (id, showing) in showings {
        let per_hour = wait(&id.to_string()).map(|wait| wait.per_hour.unsigned_abs());
        let pace = legs::pace(&counts.remove(id).unwrap_or_default(), per_hour);
        let mut takes = Estimates::of(&policy, pace);
        if let Some(told) = &car_park {
            takes.walk = told.walk();
            takes.park = told.park().unwrap_or(takes.park);
        }
        takes.door = wait(&id.to_string()).map(store::clock::door);
        if let Some(wait) = wait(store::clock::DESK) {
            takes.desk = store::clock::estimate(wait);
        }
        let situation = Situation { now, door_closes_at: showing.map(Showing::door_closes_at), takes };
        let booked = by_showing.remove(id).unwrap_or_default();
        let before: HashMap<Uuid, Clocked> = booked
            .iter()
            .filter_map(|visit| clocked.remove(&visit.id))
            // Of a showing that it has left.
            .filter(|it| it.showing == *id)
            .map(|it| (it.visit, it))
            .collect();
        let noted: Vec<Noted> = booked
            .iter()
            .map(|visit| Noted {
                visit: visit.clone(),
                seen_at: sights.get(&visit.id).copied(),
                arrives_at: arrivals.get(&visit.id).copied(),
                risk: before.get(&visit.id).map(|it| (it.risk, it.since)),
            })
            .collect();
        let parties = missing::missing(&noted, &situation);
        judged.push(Judged { booked, parties, situation, before });
    }
    Ok(judged)
}

/// One turn of the clock.
pub(crate) async fn turn(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    store::clock::lock(tx.conn()).await?;
    let policy = store::clock::policy(tx.conn()).await?;
    let (from, until) = (now - minutes(policy.missed_minutes), now + minutes(policy.look_ahead_minutes));
    let showings = store::clock::showings_between(tx.conn(), from, until).await?;
    stop_early(tx, until, &showings).await?;
    if showings.is_empty() {
        return Ok(());
    }
    let all: Vec<(Uuid, Option<&Showing>)> = showings.iter().map(|showing| (showing.id, Some(showing))).collect();
    let judged = judge(tx.conn(), &all, now).await?;
    let mut changed = Vec::new();
    for (showing, judged) in showings.iter().zip(judged) {
        for visit in judged.booked.iter().filter(|visit| visit.state == State::Confirmed) {
            let before = judged.before.get(&visit.id);
            let party = judged.parties.iter().find(|party| party.visit == visit.id);
            let after = clocked(visit, showing, party, before, &policy, now);
            if before.is_none_or(|before| shown(before) != shown(&after)) {
                changed.push((before.map_or(Risk::Unknown, |it| it.risk), after, showing, party.cloned()));
            }
        }
    }
    tell(tx, changed).await
}

/// Whose showing has moved hours away has a clock that nobody turns any more: it stops, and they read the way to plan with.
/// Whoever is still at risk has heard nothing else yet: their showing is turned, however late it is.
async fn stop_early(tx: &mut Tx, until: DateTime<Utc>, turned: &[Showing]) -> Result<(), Error> {
    let turned: Vec<Uuid> = turned.iter().map(|showing| showing.id).collect();
    let stopped = store::clock::stop_later(tx.conn(), until, &turned).await?;
    if !stopped.is_empty() {
        store::clock::bump(tx.conn(), &stopped).await?;
    }
    for visit in stopped {
        tx.touch(VISIT_TOPIC, visit.to_string());
    }
    Ok(())
}

/// How a visit is now; of somebody who is in nothing is ahead.
fn clocked(
    visit: &Visit,
    showing: &Showing,
    party: Option<&MissingParty>,
    before: Option<&Clocked>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Clocked {
    let was = before.map_or(Risk::Unknown, |it| it.risk);
    let runs = showing.door_is_shut(now);
    let risk =
        party.map_or(Risk::InTime, |party| risk::turn(was, &party.facts(showing.door_closes_at() - now, runs), policy));
    Clocked {
        visit: visit.id,
        showing: showing.id,
        risk,
        since: before.filter(|it| it.risk == risk).map_or(now, |it| it.since),
        whereabouts: party.map_or(missing::Whereabouts::PartlyIn, |party| party.whereabouts),
        arrives_at: party.and_then(|party| party.arrives_at),
        legs: party.filter(|_| !runs).map(|party| party.legs.clone()).unwrap_or_default(),
        observed_at: now,
    }
}

type Shown = (Risk, missing::Whereabouts, Option<DateTime<Utc>>, Vec<(&'static str, i64, bool)>);

/// What a visitor reads of it: whole minutes.
fn shown(it: &Clocked) -> Shown {
    let minute = |time: TimeDelta| (time.num_seconds() + 59) / 60;
    let leg = |leg: &Leg| (leg.kind, minute(leg.time), leg.is_known);
    (it.risk, it.whereabouts, it.arrives_at, it.legs.iter().map(leg).collect())
}

/// Writes what has changed, and tells what has turned.
async fn tell(tx: &mut Tx, changed: Vec<(Risk, Clocked, &Showing, Option<MissingParty>)>) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let visits: Vec<Uuid> = changed.iter().map(|(_, it, ..)| it.visit).collect();
    store::clock::bump(tx.conn(), &visits).await?;
    let mut recovered = Vec::new();
    for (before, it, showing, party) in &changed {
        tx.touch(VISIT_TOPIC, it.visit.to_string());
        match risk::told(*before, it.risk) {
            Some(Told::AtRisk) => {
                if let Some(party) = party {
                    let event = events::clock::at_risk(party, showing, it.observed_at);
                    tx.append(&it.visit.to_string(), &event).await?;
                }
            }
            Some(Told::Recovered) => {
                recovered.push(it.visit);
                let event = events::clock::recovered(it, showing, party.as_ref());
                tx.append(&it.visit.to_string(), &event).await?;
            }
            None => {}
        }
    }
    let after: Vec<Clocked> = changed.into_iter().map(|(_, it, ..)| it).collect();
    store::clock::save_clocked(tx.conn(), &after).await?;
    // Nobody who is in time again is still to be told the contrary by a mail that has waited.
    store::notices::withdraw(tx.conn(), &recovered, &OF_RISK).await?;
    store::rebooking::forget_offers(tx.conn(), &recovered).await
}
