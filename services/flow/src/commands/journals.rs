//! A scanner that had no network brings its journal. Every entry is a line of the log, once; who is in follows
//! from all lines of a party together, so that it does not matter which journal comes first.

mod undone;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Tx;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Code, incidents::everybody_out, parties::write_changes, record, touch};
use crate::{
    domain::{
        Admission, HouseState, journal,
        journal::{Line, nonce_of_return},
        scan::{DoorTicket, Kind, Party, Verdict, coming},
    },
    error::Error,
    events,
    store::{self, ConflictKind, KnownLine, NewConflict, NewLine, codes::Reissued},
};

pub(crate) use undone::{Undone, entry_undone};

/// A scan as a scanner noted it, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) nonce: String,
    pub(crate) kind: Kind,
    pub(crate) lane: String,
    pub(crate) showing: Uuid,
    pub(crate) code: Code,
    /// By the house's clock.
    pub(crate) at: DateTime<Utc>,
    /// What the scanner decided.
    pub(crate) verdict: Verdict,
    /// With a party's code: how many.
    pub(crate) people: u32,
    pub(crate) late_reason: String,
}

/// Whose journal it is.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    pub(crate) device: String,
    /// The account, where staff bring it.
    pub(crate) by: String,
    /// By how much the scanner's clock is behind the house's.
    pub(crate) skew: TimeDelta,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Recorded,
    Repeated,
    /// Counted, and let in more than once or when admission had ended: the line in the desk's list.
    Conflict(Uuid),
    /// The house does not agree: the line in the desk's list.
    Disputed(Uuid),
    /// Not a code of this house. If somebody was let in with it: the line in the desk's list.
    Forged(Option<Uuid>),
    Invalid(String),
}

/// A journal has come. Refused for a scanner that never took a list: whoever it is keeps it and asks staff.
pub(crate) async fn journal_came(
    tx: &mut Tx,
    journal: &Journal,
    device_now: DateTime<Utc>,
    entries: usize,
) -> Result<(), Error> {
    let now = tx.now();
    if store::house(tx.conn()).await?.state == HouseState::Evacuating {
        return Err(Error::JournalWaits);
    }
    if !store::has_list(tx.conn(), &journal.device).await? {
        return Err(Error::UnknownScanner);
    }
    store::record_journal(tx.conn(), journal, device_now, entries, now).await?;
    let who = if journal.by.is_empty() { &journal.device } else { &journal.by };
    let after = json!({"entries": entries, "skew_ms": journal.skew.num_milliseconds()});
    record(tx, who, "submit_scans", &journal.device, Value::Null, after).await
}

/// A scan of a journal that let somebody in whose booking was not here.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) conflict: Uuid,
    pub(crate) journal: Journal,
    pub(crate) entry: Entry,
}

/// Who settles a dispute when a late booking explains it.
const ITSELF: &str = "flow";

/// Under which a scan of a journal is in the desk's list, if the house does not agree with it.
pub(super) fn dispute_id(device: &str, nonce: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{device}/{nonce}").as_bytes())
}

/// Under which a scan has a second line in the log. It follows from the first one, so that it has no third.
fn second_nonce(device: &str, nonce: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{device}/{nonce}").as_bytes()).to_string()
}

/// A scan that the house had judged, when its answer did not reach the scanner, which decided by itself: what is still to
/// be noted of that. None: both have said the same.
///
/// Whom the scanner let in beyond whom the house did went through the door all the same. Whom it turned away stays
/// counted, because nobody knows whether they came in by another door; that it did stands in the log.
fn decided_otherwise(device: &str, entry: &Entry, by_house: u32) -> Option<Entry> {
    let by_scanner = match &entry.code {
        _ if !entry.verdict.moves() => 0,
        Code::Ticket { .. } => 1,
        Code::Visit { .. } | Code::Reference(_) | Code::Unknown | Code::Forged => entry.people.max(1),
    };
    let nonce = second_nonce(device, &entry.nonce);
    match by_scanner.checked_sub(by_house) {
        Some(0) => None,
        Some(people) => Some(Entry { nonce, people: people.min(entry.people), ..entry.clone() }),
        None => (by_scanner == 0).then(|| Entry { nonce, ..entry.clone() }),
    }
}

/// Bookings have come: scans of journals that waited for them are counted, at the time when they were made, by lines
/// of their own. Their showings must be locked.
pub(super) async fn settle_waiting(tx: &mut Tx, parties: &[Party]) -> Result<(), Error> {
    for mut waiting in store::codes::waited_for(tx.conn(), parties).await? {
        waiting.entry.nonce = second_nonce(&waiting.journal.device, &waiting.entry.nonce);
        let settled = match merge(tx, &waiting.journal, std::slice::from_ref(&waiting.entry)).await?.pop() {
            // What speaks against it now is a dispute of its own.
            Some(Outcome::Recorded | Outcome::Repeated | Outcome::Conflict(_) | Outcome::Disputed(_)) => true,
            Some(Outcome::Forged(_) | Outcome::Invalid(_)) | None => false,
        };
        if settled {
            let now = tx.now();
            store::resolve_conflicts(tx.conn(), &[waiting.conflict], "the booking has come", ITSELF, now).await?;
        }
    }
    Ok(())
}

/// Merges some entries; answers what became of each, in their order.
pub(crate) async fn merge(tx: &mut Tx, journal: &Journal, entries: &[Entry]) -> Result<Vec<Outcome>, Error> {
    let mut found = Vec::new();
    for entry in entries {
        // Of several with one reference none is taken: it becomes a conflict that staff look into.
        found.push(match store::party_wanted(tx.conn(), entry.code.wanted(), Some(entry.showing), entry.at).await {
            Err(Error::TwoParties) => None,
            found => found?,
        });
    }
    let mut showings: Vec<Uuid> = entries.iter().map(|entry| entry.showing).collect();
    showings.extend(found.iter().flatten().map(|party| party.showing));
    store::lock_admissions(tx.conn(), &showings).await?;
    store::raise_revisions(tx.conn(), &showings).await?;
    let ids: Vec<Uuid> =
        entries.iter().filter_map(|entry| entry.code.wanted().ticket.or(entry.code.wanted().visit)).collect();
    let reissued = store::codes::reissued(tx.conn(), &ids).await?;
    let everybody_out_at = store::headcount::everybody_out_at(tx.conn()).await?;
    let (admissions, parties) = (HashMap::new(), HashMap::new());
    let mut merge = Merge { journal, admissions, parties, reissued, everybody_out_at };
    for showing in showings {
        if let Some(admission) = store::admission(tx.conn(), showing).await? {
            merge.admissions.insert(showing, admission);
        }
    }
    let mut visits: Vec<Uuid> = found.iter().flatten().map(|party| party.visit).collect();
    visits.sort_unstable();
    visits.dedup();
    let mut lines = store::lines_of(tx.conn(), &visits).await?;
    for visit in &visits {
        // Again, now that nobody else changes it.
        if let Some(party) = store::party(tx.conn(), *visit).await? {
            merge.parties.insert(*visit, (party, lines.remove(visit).unwrap_or_default()));
        }
    }
    let second: Vec<String> = entries.iter().map(|entry| second_nonce(&journal.device, &entry.nonce)).collect();
    let again: Vec<String> = entries.iter().map(|entry| nonce_of_return(&journal.device, &entry.nonce)).collect();
    let nonces = entries.iter().map(|entry| &entry.nonce).chain(&second).chain(&again);
    let nonces: Vec<&str> = nonces.map(String::as_str).collect();
    let mut known: HashMap<String, KnownLine> = store::known_nonces(tx.conn(), &journal.device, &nonces).await?;
    let mut outcomes = Vec::new();
    for ((entry, again), party) in entries.iter().zip(&again).zip(found) {
        let visit = party.map(|party| party.visit);
        let new = match known.insert(entry.nonce.clone(), KnownLine::Settled) {
            None => Some(entry.clone()),
            Some(KnownLine::Settled) => None,
            Some(KnownLine::Judged(by_house)) => {
                let returned = known.get(again).map_or(0, KnownLine::people);
                decided_otherwise(&journal.device, entry, by_house + returned)
                    .filter(|second| known.insert(second.nonce.clone(), KnownLine::Settled).is_none())
            }
        };
        outcomes.push(match new {
            Some(new) => merge.add(tx, &new, visit).await?,
            None => Outcome::Repeated,
        });
    }
    touch(tx);
    Ok(outcomes)
}

/// What is locked and known while entries are merged.
struct Merge<'j> {
    journal: &'j Journal,
    admissions: HashMap<Uuid, Admission>,
    parties: HashMap<Uuid, (Party, Vec<Line>)>,
    reissued: HashMap<Uuid, Reissued>,
    everybody_out_at: Option<DateTime<Utc>>,
}

impl Merge<'_> {
    async fn add(&mut self, tx: &mut Tx, entry: &Entry, visit: Option<Uuid>) -> Result<Outcome, Error> {
        if !self.admissions.contains_key(&entry.showing) {
            return Ok(Outcome::Invalid("showing_id: is not known at the door".to_owned()));
        }
        let verdict = match &entry.code {
            Code::Forged => Verdict::Forged,
            Code::Unknown => Verdict::Unknown,
            Code::Ticket { .. } | Code::Visit { .. } | Code::Reference(_) => entry.verdict,
        };
        if matches!(entry.code, Code::Forged | Code::Unknown) {
            if !entry.verdict.moves() {
                self.record(tx, entry, visit, verdict, 0, &[]).await?;
                return Ok(Outcome::Forged(None));
            }
            // Somebody is in (or out) with it: staff must hear of that.
            let conflict = self.dispute(tx, entry, visit, verdict, ConflictKind::Forged).await?;
            return Ok(Outcome::Forged(Some(conflict)));
        }
        if !verdict.moves() {
            self.record(tx, entry, visit, verdict, 0, &[]).await?;
            return Ok(Outcome::Recorded);
        }
        let Some((party, _)) = visit.and_then(|visit| self.parties.get(&visit)) else {
            let conflict = self.dispute(tx, entry, None, Verdict::Unknown, ConflictKind::Unknown).await?;
            let now = tx.now();
            store::codes::wait(tx.conn(), self.journal, entry, conflict, now).await?;
            return Ok(Outcome::Disputed(conflict));
        };
        if self.is_replaced(entry) {
            let conflict = self.dispute(tx, entry, visit, Verdict::Replaced, ConflictKind::Replaced).await?;
            return Ok(Outcome::Disputed(conflict));
        }
        let ticket = match &entry.code {
            Code::Ticket { id, .. } => Some(*id),
            _ => None,
        };
        let good = party.tickets.iter().any(|known| known.live && ticket.is_none_or(|id| known.id == id));
        if party.cancelled || !good {
            let conflict = self.dispute(tx, entry, visit, Verdict::Cancelled, ConflictKind::Cancelled).await?;
            return Ok(Outcome::Disputed(conflict));
        }
        if party.showing != entry.showing {
            let conflict = self.dispute(tx, entry, visit, Verdict::WrongShowing, ConflictKind::WrongShowing).await?;
            return Ok(Outcome::Disputed(conflict));
        }
        // Of those who may come in: of a cancelled party nobody may, and staff must hear of whoever did.
        if ticket.is_none() && !(1..=party.size().max(1)).contains(&entry.people) {
            let problem = format!("party_count: must be 1 to {}, the party's size", party.size());
            return Ok(Outcome::Invalid(problem));
        }
        // Whoever was let in again after everybody was out: the scanner's list said that they had not come yet.
        let wanted: Vec<&DoorTicket> =
            party.tickets.iter().filter(|known| ticket.is_none_or(|id| known.id == id)).collect();
        let all = self.everybody_out_at.filter(|_| entry.kind == Kind::Entry);
        let needed = if ticket.is_some() { 1 } else { entry.people };
        let back = u32::try_from(coming(&wanted, all, entry.at).0.len()).unwrap_or(u32::MAX).min(needed);
        let visit = party.visit;
        if back == 0 {
            return self.count(tx, entry, visit, ticket, false).await;
        }
        let again = Entry { kind: Kind::Reentry, verdict: Verdict::Readmitted, ..entry.clone() };
        if back == needed {
            return self.count(tx, &again, visit, ticket, true).await;
        }
        // With others of the party, who come for the first time.
        let nonce = nonce_of_return(&self.journal.device, &entry.nonce);
        self.count(tx, &Entry { nonce, people: back, ..again }, visit, None, true).await?;
        self.count(tx, &Entry { people: needed - back, ..entry.clone() }, visit, None, false).await
    }

    /// Whether its code had been issued anew by then.
    fn is_replaced(&self, entry: &Entry) -> bool {
        let wanted = entry.code.wanted();
        let reissued = wanted.ticket.or(wanted.visit).and_then(|id| self.reissued.get(&id));
        entry.kind == Kind::Entry
            && reissued.is_some_and(|new| entry.code.generation() < new.generation && entry.at >= new.at)
    }

    /// Counts an entry: the party as it is with all lines, this one among them.
    /// `with_all`: they come in again as everybody does, and nobody at the door has decided anything.
    async fn count(
        &mut self,
        tx: &mut Tx,
        entry: &Entry,
        visit: Uuid,
        ticket: Option<Uuid>,
        with_all: bool,
    ) -> Result<Outcome, Error> {
        let now = tx.now();
        let Some((party, lines)) = self.parties.get_mut(&visit) else { return Err(Error::NoParty) };
        let Some(admission) = self.admissions.get_mut(&party.showing) else { return Err(Error::NoShowing) };
        let before = party.clone();
        let double_before = journal::settle(&mut party.tickets.clone(), lines);
        lines.push(Line {
            kind: entry.kind,
            at: entry.at,
            device: self.journal.device.clone(),
            nonce: entry.nonce.clone(),
            lane: entry.lane.clone(),
            tickets: ticket.into_iter().collect(),
            wanted: if ticket.is_some() { 0 } else { entry.people },
        });
        let mut double = journal::settle(&mut party.tickets, lines);
        if let Some(all) = self.everybody_out_at.filter(|all| entry.at < *all)
            && let Some(line) = everybody_out::late_line(tx, party, lines, all, &entry.nonce).await?
        {
            lines.push(line);
            double = journal::settle(&mut party.tickets, lines);
        }
        let after = party.clone();
        let was_shut = admission.was_shut(entry.at);
        write_changes(tx, admission, &before, &after).await?;
        let admitted = i64::from(after.admitted()) - i64::from(before.admitted());
        self.record(tx, entry, Some(visit), entry.verdict, i32::try_from(admitted).unwrap_or(0), ticket.as_slice())
            .await?;
        // As where the house answers at once.
        if (entry.kind == Kind::Reentry && !with_all) || !entry.late_reason.is_empty() {
            let who = if self.journal.by.is_empty() { &self.journal.device } else { &self.journal.by };
            let act = json!({"kind": entry.kind.name(), "people": admitted, "reason": entry.late_reason,
                "lane": entry.lane, "nonce": entry.nonce});
            record(tx, who, "let_in_by_staff", entry.showing, Value::Null, act).await?;
        }
        if entry.kind != Kind::Entry {
            return Ok(Outcome::Recorded);
        }
        // Whom a line counts that names no tickets may have changed, too: another ticket is double then.
        store::drop_doubles(tx.conn(), visit, &double).await?;
        let mut conflict = None;
        if was_shut {
            let id = dispute_id(&self.journal.device, &entry.nonce);
            let new = NewConflict { ticket, ..self.conflict(entry, Some(visit), id) };
            let new = NewConflict { kind: ConflictKind::AfterAdmission, ..new };
            store::add_conflict(tx.conn(), &new, now).await?;
            conflict = Some(id);
        }
        for id in double {
            if ticket == Some(id) || !double_before.contains(&id) {
                let new = self.conflict(entry, Some(visit), id);
                let new = NewConflict { kind: ConflictKind::Double, ticket: Some(id), ..new };
                store::add_conflict(tx.conn(), &new, now).await?;
                conflict = Some(id);
            }
        }
        Ok(conflict.map_or(Outcome::Recorded, Outcome::Conflict))
    }

    /// Somebody was let in with a code that the house would have refused: written down, not counted, for staff. Answers the
    /// line in their list.
    async fn dispute(
        &mut self,
        tx: &mut Tx,
        entry: &Entry,
        visit: Option<Uuid>,
        verdict: Verdict,
        kind: ConflictKind,
    ) -> Result<Uuid, Error> {
        let now = tx.now();
        self.record(tx, entry, visit, verdict, 0, &[]).await?;
        let id = dispute_id(&self.journal.device, &entry.nonce);
        store::add_conflict(tx.conn(), &NewConflict { kind, ..self.conflict(entry, visit, id) }, now).await?;
        Ok(id)
    }

    fn conflict<'e>(&'e self, entry: &'e Entry, visit: Option<Uuid>, id: Uuid) -> NewConflict<'e> {
        NewConflict {
            id,
            kind: ConflictKind::Unknown,
            showing: entry.showing,
            visit,
            ticket: None,
            device: &self.journal.device,
            nonce: &entry.nonce,
        }
    }

    async fn record(
        &self,
        tx: &mut Tx,
        entry: &Entry,
        visit: Option<Uuid>,
        verdict: Verdict,
        admitted_now: i32,
        tickets: &[Uuid],
    ) -> Result<(), Error> {
        let recorded_at = tx.now();
        // What the scanner gets that asks for this nonce again when it has a network.
        let answer = events::recorded_answer(verdict, entry.people.max(u32::from(!tickets.is_empty())));
        let line = NewLine {
            device: &self.journal.device,
            nonce: &entry.nonce,
            kind: entry.kind,
            showing: entry.showing,
            lane: &entry.lane,
            visit,
            verdict,
            admitted_now,
            tickets,
            wanted: if tickets.is_empty() && verdict.moves() { entry.people } else { 0 },
            late_reason: &entry.late_reason,
            by: &self.journal.by,
            reason: "",
            offline: true,
            skew_ms: self.journal.skew.num_milliseconds(),
            at: entry.at,
            recorded_at,
            asked: &[],
            answer: &answer,
            undoes: None,
        };
        store::record(tx.conn(), &line).await
    }
}
