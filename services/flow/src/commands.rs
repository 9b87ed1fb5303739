//! What flow does, each in a given transaction: load, decide, save, tell. No proto, no commit.
//! Lock order: house, admission, tickets, zones by id.

use chrono::{DateTime, Utc};
use kernel::{
    Tx,
    values::{Text, invalid},
};
use uuid::Uuid;

use crate::{
    domain::{
        Admission, AdmissionState, House, HouseState, Quality, Setting, Zone,
        scan::{self, DoorTicket, Judgement, Party, Scanned, Verdict},
    },
    error::Error,
    events, store,
};

/// The topic of the flow's live stream; its only key is the same.
pub(crate) const FLOW_TOPIC: &str = "flow";

fn touch(tx: &mut Tx) {
    tx.touch(FLOW_TOPIC, FLOW_TOPIC);
}

async fn tell_admission(tx: &mut Tx, admission: &Admission) -> Result<(), Error> {
    let event = events::admission_moved(admission, tx.now());
    tx.append(&admission.showing.to_string(), &event).await?;
    touch(tx);
    Ok(())
}

async fn tell_zone(tx: &mut Tx, zone: &Zone) -> Result<(), Error> {
    tx.append(&zone.id, &events::zone_changed(zone)).await?;
    touch(tx);
    Ok(())
}

/// Adds people to a zone (or takes them out); others hear of it when its level changes.
async fn count(tx: &mut Tx, zone: Option<Zone>, people: i64, quality: Quality) -> Result<(), Error> {
    let Some(mut zone) = zone else {
        return Ok(());
    };
    let changed = zone.add(people, quality, tx.now());
    store::save_zone(tx.conn(), &zone).await?;
    touch(tx);
    if changed { tell_zone(tx, &zone).await } else { Ok(()) }
}

/// Sets a zone's count by hand, for the record with who and why.
pub(crate) async fn correct_zone(tx: &mut Tx, id: &str, people: u32, reason: &str, by: &str) -> Result<Zone, Error> {
    let now = tx.now();
    let mut zone = store::lock_zone(tx.conn(), id).await?.ok_or(Error::NoZone)?;
    store::record_correction(tx.conn(), &zone, people, reason, by, now).await?;
    zone.set(people, Quality::Manual, now);
    store::save_zone(tx.conn(), &zone).await?;
    tell_zone(tx, &zone).await?;
    Ok(zone)
}

/// Moves a showing's admission. The state it is in already is no error and changes nothing.
pub(crate) async fn move_admission(tx: &mut Tx, showing: Uuid, to: AdmissionState) -> Result<Admission, Error> {
    let now = tx.now();
    let house = store::house(tx.conn()).await?;
    let mut admission = store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
    if admission.state == to {
        return Ok(admission);
    }
    if !admission.state.next().contains(&to) {
        return Err(Error::NotNext { from: admission.state, to });
    }
    if to.admits() && !house.state.admits() {
        return Err(Error::HouseStopped(house.state));
    }
    if to == AdmissionState::Planned && admission.admitted > 0 {
        return Err(Error::AdmittedAlready);
    }
    admission.move_to(to, now);
    store::save_admission(tx.conn(), &mut admission).await?;
    let people = i64::from(admission.admitted);
    match to {
        AdmissionState::Egress if people > 0 => {
            let (hall, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
            count(tx, hall, -people, Quality::Estimated).await?;
            count(tx, foyer, people, Quality::Estimated).await?;
        }
        // By then they have gone home or to the café; nobody counts them at the main door.
        AdmissionState::Closed if people > 0 => {
            let (_, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
            count(tx, foyer, -people, Quality::Estimated).await?;
        }
        _ => {}
    }
    tell_admission(tx, &admission).await?;
    Ok(admission)
}

/// A scan at a lane.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) lane: String,
    pub(crate) showing: Uuid,
    pub(crate) code: Code,
    pub(crate) party_count: u32,
    pub(crate) late_reason: String,
}

/// What the scanner read.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// A signed ticket of a showing.
    Ticket {
        id: Uuid,
        showing: Uuid,
    },
    /// A signed code of a visit.
    Visit {
        id: Uuid,
        showing: Uuid,
    },
    /// A reference somebody said aloud.
    Reference(String),
    Unknown,
    Forged,
}

/// What the scanner is answered.
#[derive(Clone, Debug)]
pub(crate) struct ScanAnswer {
    pub(crate) judgement: Judgement,
    pub(crate) message: Text,
    pub(crate) party: Option<Party>,
    pub(crate) other: Option<Admission>,
}

/// Locks the lane's showing, so that one scan is answered after the other.
pub(crate) async fn lock_showing(tx: &mut Tx, showing: Uuid) -> Result<Admission, Error> {
    store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)
}

/// Judges a scan and admits whom it lets in. The showing must be locked.
pub(crate) async fn scan(tx: &mut Tx, mut admission: Admission, scan: &Scan) -> Result<ScanAnswer, Error> {
    let now = tx.now();
    let house = store::house(tx.conn()).await?;
    let scanned = find(tx, &scan.code).await?;
    let judgement = scan::judge(&scanned, &admission, house.state, scan.party_count, &scan.late_reason, now).map_err(
        |too_many| invalid("party_count", format!("only {} of this party are still outside", too_many.left)),
    )?;
    let other = match judgement.other {
        Some(other) => store::admission(tx.conn(), other).await?,
        None => None,
    };
    let message = scan::message(&judgement, &scanned, &admission, other.as_ref());
    let mut party = match scanned {
        Scanned::Ticket(party, _) | Scanned::Party(party) => Some(party),
        Scanned::NotHereYet { .. } | Scanned::Unknown | Scanned::Forged => None,
    };
    if let Some(party) = &mut party
        && judgement.verdict == Verdict::Admitted
    {
        admit(tx, &mut admission, party, &judgement.admits, &scan.lane).await?;
    }
    Ok(ScanAnswer { judgement, message, party, other })
}

async fn find(tx: &mut Tx, code: &Code) -> Result<Scanned, Error> {
    Ok(match code {
        Code::Unknown => Scanned::Unknown,
        Code::Forged => Scanned::Forged,
        Code::Ticket { id, showing } => match store::party_of_ticket(tx.conn(), *id).await? {
            Some(party) => Scanned::Ticket(party, *id),
            None => Scanned::NotHereYet { showing: *showing },
        },
        Code::Visit { id, showing } => match store::party(tx.conn(), *id).await? {
            Some(party) => Scanned::Party(party),
            None => Scanned::NotHereYet { showing: *showing },
        },
        Code::Reference(reference) => {
            store::party_of_reference(tx.conn(), reference).await?.map_or(Scanned::Unknown, Scanned::Party)
        }
    })
}

async fn admit(
    tx: &mut Tx,
    admission: &mut Admission,
    party: &mut Party,
    tickets: &[Uuid],
    lane: &str,
) -> Result<(), Error> {
    let now = tx.now();
    // Only who is not in yet: the lock above makes sure of it, this makes sure of the lock.
    if store::admit(tx.conn(), tickets, lane, now).await? != tickets.len() as u64 {
        return Err(Error::ScanInProgress);
    }
    for ticket in party.tickets.iter_mut().filter(|ticket| tickets.contains(&ticket.id)) {
        ticket.admitted = Some((now, lane.to_owned()));
    }
    let people = u32::try_from(tickets.len()).unwrap_or(u32::MAX);
    admission.admitted += people;
    store::save_admission(tx.conn(), admission).await?;
    let event = events::party_admitted(admission, party.visit, tickets, lane, now);
    tx.append(&admission.showing.to_string(), &event).await?;
    let (hall, foyer) = store::lock_zones_of(tx.conn(), &admission.hall).await?;
    count(tx, hall, i64::from(people), Quality::Live).await?;
    count(tx, foyer, -i64::from(people), Quality::Estimated).await?;
    touch(tx);
    Ok(())
}

/// Sets the state of the house.
pub(crate) async fn set_house(tx: &mut Tx, to: HouseState, reason: String, by: String) -> Result<House, Error> {
    let now = tx.now();
    let mut house = store::lock_house(tx.conn()).await?;
    match house.set(to, &by) {
        Setting::Keep => return Ok(house),
        Setting::MustClear => return Err(Error::Evacuating),
        Setting::SamePerson => return Err(Error::SecondPersonNeeded),
        Setting::NothingToClear => return Err(Error::NothingToClear),
        Setting::FirstClear => house.cleared_by = by,
        Setting::Take => {
            house = House { state: to, since: now, by, cleared_by: String::new(), reason, revision: house.revision };
        }
    }
    house.revision += 1;
    store::save_house(tx.conn(), &house).await?;
    tx.append("house", &events::house_state_changed(&house)).await?;
    touch(tx);
    Ok(house)
}

/// A showing's plan, as reservations told it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) showing: Uuid,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) last_entry_at: DateTime<Utc>,
}

/// A showing is in the programme. Once more changes nothing: later plans come as delays.
pub(crate) async fn showing_scheduled(
    tx: &mut Tx,
    plan: Plan,
    title: Text,
    hall: String,
    capacity: u32,
) -> Result<(), Error> {
    let admission = Admission {
        showing: plan.showing,
        title,
        hall,
        state: AdmissionState::Planned,
        scheduled_starts_at: plan.starts_at,
        starts_at: plan.starts_at,
        ends_at: plan.ends_at,
        predicted_end_at: plan.ends_at,
        doors_at: plan.doors_at,
        last_entry_at: plan.last_entry_at,
        capacity,
        booked: 0,
        admitted: 0,
        revision: 1,
    };
    store::add_admission(tx.conn(), &admission).await?;
    touch(tx);
    Ok(())
}

/// A showing has new times. They are absolute, so hearing them again changes nothing.
pub(crate) async fn showing_delayed(tx: &mut Tx, plan: &Plan) -> Result<(), Error> {
    let mut admission = store::lock_admission(tx.conn(), plan.showing).await?.ok_or(Error::NoShowing)?;
    admission.plan(plan.starts_at, plan.ends_at, plan.doors_at, plan.last_entry_at);
    store::save_admission(tx.conn(), &mut admission).await?;
    touch(tx);
    Ok(())
}

/// A showing is cancelled: nobody is admitted any more.
pub(crate) async fn showing_cancelled(tx: &mut Tx, showing: Uuid) -> Result<(), Error> {
    let mut admission = store::lock_admission(tx.conn(), showing).await?.ok_or(Error::NoShowing)?;
    if admission.state == AdmissionState::Cancelled {
        return Ok(());
    }
    admission.state = AdmissionState::Cancelled;
    store::save_admission(tx.conn(), &mut admission).await?;
    tell_admission(tx, &admission).await
}

/// Tickets are issued: the door's own copy.
pub(crate) async fn tickets_issued(tx: &mut Tx, party: &Party) -> Result<(), Error> {
    store::add_party(tx.conn(), party).await?;
    store::raise_revision(tx.conn(), party.showing).await?;
    touch(tx);
    Ok(())
}

/// A party sits elsewhere: its tickets, admitted or not, name their new places.
pub(crate) async fn tickets_reseated(
    tx: &mut Tx,
    visit: Uuid,
    showing: Uuid,
    tickets: &[DoorTicket],
) -> Result<(), Error> {
    store::reseat_party(tx.conn(), visit, tickets).await?;
    store::raise_revision(tx.conn(), showing).await?;
    touch(tx);
    Ok(())
}

/// A booking is cancelled, known here or not: its tickets admit nobody.
pub(crate) async fn tickets_voided(tx: &mut Tx, visit: Uuid, showing: Uuid) -> Result<(), Error> {
    store::void_party(tx.conn(), visit, showing).await?;
    store::raise_revision(tx.conn(), showing).await?;
    touch(tx);
    Ok(())
}
