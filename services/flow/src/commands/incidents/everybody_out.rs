//! Everybody had left the house in an evacuation that is over. Nobody is scanned out then, so staff say it afterwards (after
//! a false alarm of three minutes, in which all stayed, they do not): whoever was in counts as out from the all-clear on, by
//! lines of their own in the log, and comes in again once at any lane.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use serde_json::json;
use uuid::Uuid;

use super::super::{record, touch, undo::undo_scan, zones::count};
use crate::{
    domain::{
        HouseState, Quality,
        journal::{Line, settle},
        scan::{DoorTicket, Kind, Party, Verdict},
    },
    error::Error,
    store::{self, NewLine},
};

/// In whose name the log says it.
const DEVICE: &str = "everybody-out";
const LANE: &str = "house";
/// Nobody waits longer outside for a showing of that day.
const RECENT: TimeDelta = TimeDelta::hours(12);

/// Of these tickets, those that were in at that time and are out by the line that says so now: who was put out by one before
/// and has come in again is in, and so is who went out by themselves and was let in again after the all-clear.
fn left_behind(tickets: &[DoorTicket], lines: &[Line], at: DateTime<Utc>) -> Vec<Uuid> {
    let was_in =
        |ticket: &&DoorTicket| ticket.is_inside() && ticket.admitted.as_ref().is_some_and(|(since, _)| *since < at);
    let inside: Vec<Uuid> = tickets.iter().filter(was_in).map(|ticket| ticket.id).collect();
    let (mut settled, mut lines) = (tickets.to_vec(), lines.to_vec());
    lines.push(line_of("", &inside, at));
    settle(&mut settled, &lines);
    let is_out = |ticket: &DoorTicket| inside.contains(&ticket.id) && ticket.out == Some(at);
    settled.into_iter().filter(is_out).map(|ticket| ticket.id).collect()
}

/// The line that says so of a party, and how the journal reads it.
fn line_of(nonce: &str, tickets: &[Uuid], at: DateTime<Utc>) -> Line {
    let (device, lane) = (DEVICE.to_owned(), LANE.to_owned());
    Line { kind: Kind::Exit, at, device, nonce: nonce.to_owned(), lane, tickets: tickets.to_vec(), wanted: 0 }
}

const fn row<'a>(party: &Party, line: &'a Line, by: &'a str, recorded_at: DateTime<Utc>) -> NewLine<'a> {
    NewLine {
        device: DEVICE,
        nonce: line.nonce.as_str(),
        kind: Kind::Exit,
        showing: party.showing,
        lane: LANE,
        visit: Some(party.visit),
        verdict: Verdict::Exited,
        admitted_now: 0,
        tickets: line.tickets.as_slice(),
        wanted: 0,
        late_reason: "",
        by,
        reason: "",
        offline: false,
        skew_ms: 0,
        at: line.at,
        recorded_at,
        asked: &[],
        answer: &[],
        undoes: None,
    }
}

/// Staff say it. Again changes nothing. Answers how many count as out now who did not before.
pub(crate) async fn report(tx: &mut Tx, by: &str) -> Result<u32, Error> {
    let now = tx.now();
    if store::lock_house(tx.conn()).await?.state == HouseState::Evacuating {
        return Err(Error::ScansFrozen);
    }
    let evacuation = store::headcount::evacuation(tx.conn(), now - RECENT).await?;
    let at = evacuation.and_then(|it| it.over_at).ok_or(Error::NoEvacuationOver)?;
    let before = store::headcount::everybody_out_at(tx.conn()).await?;
    store::headcount::save_everybody_out(tx.conn(), Some(at)).await?;
    let act = kernel::values::new_id(now);
    let (mut people, mut left) = (0, Vec::new());
    let showings = store::headcount::with_people_in(tx.conn()).await?;
    for showing in showings {
        let admission = store::admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
        let parties = store::parties_of(tx.conn(), showing).await?;
        let visits: Vec<Uuid> = parties.iter().map(|party| party.visit).collect();
        let lines = store::lines_of(tx.conn(), &visits).await?;
        let mut of_hall = 0_i64;
        for party in parties {
            let known = lines.get(&party.visit).map_or(&[][..], Vec::as_slice);
            let tickets = left_behind(&party.tickets, known, at);
            if tickets.is_empty() {
                continue;
            }
            let nonce = Uuid::new_v5(&act, party.visit.as_bytes()).to_string();
            let line = line_of(&nonce, &tickets, at);
            store::record_move(tx.conn(), &row(&party, &line, by, now), &admission, None).await?;
            of_hall += i64::try_from(tickets.len()).unwrap_or(0);
        }
        people += u32::try_from(of_hall).unwrap_or(0);
        if admission.state.has_hall() && of_hall > 0 {
            left.push((admission.hall, of_hall));
        }
    }
    store::lock_zones(tx.conn()).await?;
    for (hall, people) in left {
        // They went outside, and not into the foyer.
        let (hall, _) = store::lock_zones_of(tx.conn(), &hall).await?;
        count(tx, hall, -people, Quality::Live).await?;
    }
    if people > 0 || before != Some(at) {
        let after = json!({"out_since": at, "people": people});
        record(tx, by, "report_everybody_out", "house", json!({"out_since": before}), after).await?;
    }
    touch(tx);
    Ok(people)
}

/// It was not so. Whoever has not come in again since is in as before. Answers how many those are.
pub(crate) async fn take_back(tx: &mut Tx, by: &str) -> Result<u32, Error> {
    if store::lock_house(tx.conn()).await?.state == HouseState::Evacuating {
        return Err(Error::ScansFrozen);
    }
    let Some(at) = store::headcount::everybody_out_at(tx.conn()).await? else { return Ok(0) };
    store::headcount::with_people_in(tx.conn()).await?;
    let lines = store::headcount::still_out(tx.conn(), DEVICE, at).await?;
    store::lock_zones(tx.conn()).await?;
    let mut people = 0;
    for (nonce, hall, out) in lines {
        // What the undo takes off the foyer they had never been counted into.
        let (_, foyer) = store::lock_zones_of(tx.conn(), &hall).await?;
        count(tx, foyer, out.into(), Quality::Estimated).await?;
        undo_scan(tx, DEVICE, &nonce, "not everybody was out", by).await?;
        people += out;
    }
    store::headcount::save_everybody_out(tx.conn(), None).await?;
    record(tx, by, "take_back_everybody_out", "house", json!({"out_since": at}), json!({"people": people})).await?;
    touch(tx);
    Ok(people)
}

/// A journal tells of people who had come in before everybody was out: they went out with all. Their showing must be locked;
/// answers the line that says so, which is in the log then.
pub(in crate::commands) async fn late_line(
    tx: &mut Tx,
    party: &Party,
    lines: &[Line],
    at: DateTime<Utc>,
    nonce: &str,
) -> Result<Option<Line>, Error> {
    let now = tx.now();
    let tickets = left_behind(&party.tickets, lines, at);
    if tickets.is_empty() {
        return Ok(None);
    }
    let nonce = Uuid::new_v5(&party.visit, nonce.as_bytes()).to_string();
    let line = line_of(&nonce, &tickets, at);
    store::record(tx.conn(), &row(party, &line, "", now)).await?;
    Ok(Some(line))
}
