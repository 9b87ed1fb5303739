//! Incidents: reported, confirmed, shown, ended. A lift that fails is one; so is an evacuation, which comes and
//! goes with the state of the house.

pub(crate) mod everybody_out;

use chrono::TimeDelta;
use kernel::{Tx, values::Text};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{directives::rewrite_ways, record, touch_house};
use crate::{
    domain::{
        HouseState,
        directives::{Acks, State},
        incidents::{self, Incident, Kind},
    },
    error::Error,
    events, store,
};

/// What somebody reports.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) kind: Kind,
    pub(crate) zone: String,
    pub(crate) lift: String,
    pub(crate) note: String,
    /// The reporter's own words for displays; empty: the house's.
    pub(crate) text: Text,
    pub(crate) by: String,
}

fn said(incident: &Incident) -> Value {
    json!({"state": incident.state.name(), "kind": incident.kind.name(), "zone": incident.zone, "lift": incident.lift,
        "revision": incident.revision})
}

async fn tell(tx: &mut Tx, incident: &Incident) -> Result<(), Error> {
    let zones = store::zones(tx.conn()).await?;
    tx.append(&incident.id.to_string(), &events::measures::incident_changed(incident, &zones)).await?;
    Ok(())
}

/// Reports an incident; with `confirm` it holds at once.
pub(crate) async fn report(tx: &mut Tx, id: Uuid, report: Report, confirm_: bool) -> Result<Incident, Error> {
    let now = tx.now();
    store::measures::lock(tx.conn()).await?;
    if let Some(before) = store::measures::incident(tx.conn(), id).await? {
        return Ok(before);
    }
    let zones = store::zones(tx.conn()).await?;
    let lifts = store::measures::lifts(tx.conn()).await?;
    let zone = zones.iter().find(|zone| zone.id == report.zone);
    let lift = lifts.iter().find(|lift| lift.id == report.lift);
    if zone.is_none() && !report.zone.is_empty() {
        return Err(Error::NoZone);
    }
    if lift.is_none() && !report.lift.is_empty() {
        return Err(Error::NoLift);
    }
    let (text, step_free_text) = incidents::words(report.kind, zone, lift);
    let incident = Incident {
        id,
        kind: report.kind,
        state: State::Proposed,
        zone: report.zone,
        lift: report.lift,
        text: if report.text.de.is_empty() { text } else { report.text },
        step_free_text,
        note: report.note,
        reported_by: report.by.clone(),
        confirmed_by: String::new(),
        ended_by: String::new(),
        reported_at: now,
        active_from: None,
        ended_at: None,
        acks: Acks::default(),
        revision: 1,
    };
    record(tx, &report.by, "report_incident", incident.id, Value::Null, said(&incident)).await?;
    let incident = if confirm_ {
        activate(tx, incident, &report.by).await?
    } else {
        store::measures::save_incident(tx.conn(), &incident).await?;
        incident
    };
    touch_house(tx).await?;
    Ok(incident)
}

async fn activate(tx: &mut Tx, mut incident: Incident, by: &str) -> Result<Incident, Error> {
    let (now, before) = (tx.now(), said(&incident));
    incident.confirm(by, now);
    store::measures::save_incident(tx.conn(), &incident).await?;
    record(tx, by, "confirm_incident", incident.id, before, said(&incident)).await?;
    if incident.is_public() {
        tell(tx, &incident).await?;
    }
    set_lift(tx, &incident.lift, by).await?;
    Ok(incident)
}

/// Staff say that it is so.
pub(crate) async fn confirm(tx: &mut Tx, id: Uuid, by: &str) -> Result<Incident, Error> {
    store::measures::lock(tx.conn()).await?;
    let incident = store::measures::incident(tx.conn(), id).await?.ok_or(Error::NoIncident)?;
    match incident.state {
        State::Ended => Err(Error::MeasureEnded),
        State::Proposed => {
            let incident = activate(tx, incident, by).await?;
            touch_house(tx).await?;
            Ok(incident)
        }
        State::Confirmed | State::Active | State::AckedByDisplays => Ok(incident),
    }
}

/// It is over. An evacuation ends with the state of the house, by two people.
pub(crate) async fn end(tx: &mut Tx, id: Uuid, by: &str) -> Result<Incident, Error> {
    store::measures::lock(tx.conn()).await?;
    let incident = store::measures::incident(tx.conn(), id).await?.ok_or(Error::NoIncident)?;
    if incident.state == State::Ended {
        return Ok(incident);
    }
    if incident.kind == Kind::Evacuation {
        return Err(Error::Evacuating);
    }
    finish(tx, incident, by).await
}

/// Takes back the end of one, a moment after somebody ended it by mistake.
pub(crate) async fn resume(tx: &mut Tx, id: Uuid, by: &str) -> Result<Incident, Error> {
    let now = tx.now();
    store::measures::lock(tx.conn()).await?;
    let mut incident = store::measures::incident(tx.conn(), id).await?.ok_or(Error::NoIncident)?;
    if incident.state != State::Ended {
        return Ok(incident);
    }
    if !incident.can_resume(now) {
        return Err(Error::EndedForGood);
    }
    let before = said(&incident);
    incident.resume();
    store::measures::save_incident(tx.conn(), &incident).await?;
    record(tx, by, "resume_incident", incident.id, before, said(&incident)).await?;
    if incident.state.shown() && incident.is_public() {
        tell(tx, &incident).await?;
    }
    set_lift(tx, &incident.lift, by).await?;
    touch_house(tx).await?;
    Ok(incident)
}

async fn finish(tx: &mut Tx, mut incident: Incident, by: &str) -> Result<Incident, Error> {
    let (now, before, was_shown) = (tx.now(), said(&incident), incident.state.shown());
    incident.end(by, now);
    store::measures::save_incident(tx.conn(), &incident).await?;
    record(tx, by, "end_incident", incident.id, before, said(&incident)).await?;
    if was_shown && incident.is_public() {
        tell(tx, &incident).await?;
    }
    set_lift(tx, &incident.lift, by).await?;
    touch_house(tx).await?;
    Ok(incident)
}

/// A lift works unless an incident says otherwise; then no step-free way goes over it.
async fn set_lift(tx: &mut Tx, id: &str, by: &str) -> Result<(), Error> {
    if id.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let open = store::measures::incidents(tx.conn(), now).await?;
    let working = !open.iter().any(|incident| incident.lift == id && incident.state.shown());
    let lifts = store::measures::lifts(tx.conn()).await?;
    let Some(mut lift) = lifts.into_iter().find(|lift| lift.id == id && lift.working != working) else {
        return Ok(());
    };
    (lift.working, lift.since) = (working, now);
    lift.revision += 1;
    store::measures::save_lift(tx.conn(), &lift).await?;
    tx.append(id, &events::measures::lift_changed(&lift)).await?;
    record(tx, by, "set_lift", id, json!({"working": !working}), json!({"working": working})).await?;
    rewrite_ways(tx, by).await
}

/// The house has another state: an evacuation is an incident as long as it lasts.
pub(crate) async fn follow_house(tx: &mut Tx, state: HouseState, by: &str) -> Result<Option<Incident>, Error> {
    store::measures::lock(tx.conn()).await?;
    let now = tx.now();
    let open = store::measures::incidents(tx.conn(), now + TimeDelta::days(1)).await?;
    let running = open.into_iter().find(|incident| incident.kind == Kind::Evacuation);
    match (state, running) {
        (HouseState::Evacuating, None) => {
            let evacuation = Report {
                kind: Kind::Evacuation,
                zone: String::new(),
                lift: String::new(),
                note: String::new(),
                text: Text::default(),
                by: by.to_owned(),
            };
            report(tx, kernel::values::new_id(tx.now()), evacuation, true).await.map(Some)
        }
        (HouseState::Evacuating, running) => Ok(running),
        (_, None) => Ok(None),
        (_, Some(running)) => {
            finish(tx, running, by).await?;
            Ok(None)
        }
    }
}
