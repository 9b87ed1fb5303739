//! Scans at the lanes: one look, one verdict, one statement that writes all of it, for one after the other of those
//! that wait at the same moment; people are counted once for all of them. Nothing is locked before the first verdict:
//! what has changed meanwhile makes the statement fail, and the scan is judged anew.

use std::collections::BTreeMap;

use kernel::{
    Tx,
    combine::{Keyed, refused_or_broken},
    values::{Text, invalid},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{record, touch, zones::count};
use crate::{
    domain::{
        Admission, HouseState, Quality, advice,
        journal::nonce_of_return,
        scan::{self, Asked, Judgement, Kind, Party, Scanned, TooMany, Verdict},
    },
    error::Error,
    events,
    store::{self, NewLine, Wanted},
};

/// A scan at a lane.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) kind: Kind,
    pub(crate) device: String,
    pub(crate) nonce: String,
    pub(crate) lane: String,
    pub(crate) showing: Uuid,
    pub(crate) code: Code,
    pub(crate) party_count: u32,
    pub(crate) late_reason: String,
    /// The account, where staff do it.
    pub(crate) by: String,
    /// Kind and hash of the request.
    pub(crate) asked: Vec<u8>,
}

impl Keyed for Scan {
    fn batch_key(&self) -> Uuid {
        Uuid::new_v5(&self.showing, format!("{} {}", self.device, self.nonce).as_bytes())
    }
}

/// What the scanner read.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// A signed ticket of a showing.
    Ticket {
        id: Uuid,
        showing: Uuid,
        generation: u16,
    },
    /// A signed code of a visit.
    Visit {
        id: Uuid,
        showing: Uuid,
        generation: u16,
    },
    /// A reference somebody said aloud.
    Reference(String),
    Unknown,
    Forged,
}

impl Code {
    /// What is said aloud is not issued anew: it is always the latest.
    pub(crate) const fn generation(&self) -> u16 {
        match self {
            Self::Ticket { generation, .. } | Self::Visit { generation, .. } => *generation,
            Self::Reference(_) | Self::Unknown | Self::Forged => u16::MAX,
        }
    }

    pub(crate) fn wanted(&self) -> Wanted<'_> {
        match self {
            Self::Ticket { id, .. } => Wanted { ticket: Some(*id), ..Wanted::default() },
            Self::Visit { id, .. } => Wanted { visit: Some(*id), ..Wanted::default() },
            Self::Reference(reference) => Wanted { reference: Some(reference), ..Wanted::default() },
            Self::Unknown | Self::Forged => Wanted::default(),
        }
    }

    fn scanned(&self, party: Option<Party>) -> Scanned {
        match (self, party) {
            (Self::Unknown, _) => Scanned::Unknown,
            (Self::Forged, _) => Scanned::Forged,
            (Self::Ticket { id, .. }, Some(party)) => Scanned::Ticket(party, *id),
            (Self::Visit { .. } | Self::Reference(_), Some(party)) => Scanned::Party(party),
            (Self::Ticket { showing, .. } | Self::Visit { showing, .. }, None) => {
                Scanned::NotHereYet { showing: *showing }
            }
            (Self::Reference(_), None) => Scanned::Unknown,
        }
    }
}

/// What the scanner is answered.
#[derive(Clone, Debug)]
pub(crate) struct ScanAnswer {
    pub(crate) judgement: Judgement,
    pub(crate) message: Text,
    pub(crate) party: Option<Party>,
    pub(crate) other: Option<Admission>,
}

/// An answer, or the one that the same scan was given before.
#[derive(Debug)]
pub(crate) enum Answered {
    Now(Box<ScanAnswer>),
    Before(Vec<u8>),
}

/// By how many people the scans of a batch have filled each hall; negative: emptied.
type Steps = BTreeMap<String, i64>;

/// Judges scans, each as those before it have left the door, and counts whom they let in or out. Their answers are in
/// the order of the scans; an error means that nothing was done for any of them.
pub(crate) async fn scan(tx: &mut Tx, scans: &[Scan]) -> Result<Vec<Result<Answered, Error>>, Error> {
    let mut steps = Steps::new();
    let mut answers: Vec<_> = scans.iter().map(|_| None).collect();
    // Showings are locked in the order of their ids, as everybody does who needs several.
    let mut places: Vec<usize> = (0..scans.len()).collect();
    places.sort_by_key(|place| scans[*place].showing);
    for place in places {
        let answer = match judge(tx, &scans[place], &mut steps).await {
            // Some of it is written already.
            Err(Error::ScanInProgress) => return Err(Error::ScanInProgress),
            answer => refused_or_broken(answer)?,
        };
        answers[place] = Some(answer);
    }
    if steps.len() > 1 {
        store::lock_zones(tx.conn()).await?;
    }
    for (hall, people) in steps {
        step_over(tx, &hall, people).await?;
    }
    // A write that has waited for its showing does not see an alarm of meanwhile, which waits for nobody.
    if answers.iter().flatten().any(lets_in) && !store::house(tx.conn()).await?.state.admits() {
        return Err(Error::ScanInProgress);
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Whether a scan that is judged now lets somebody in.
fn lets_in(answer: &Result<Answered, Error>) -> bool {
    let Ok(Answered::Now(answer)) = answer else { return false };
    matches!(answer.judgement.verdict, Verdict::Admitted | Verdict::Readmitted)
}

/// Judges one scan and writes what it moves.
async fn judge(tx: &mut Tx, scan: &Scan, steps: &mut Steps) -> Result<Answered, Error> {
    let now = tx.now();
    let look = store::look(tx.conn(), scan.showing, &scan.device, &scan.nonce, scan.code.wanted(), now)
        .await?
        .ok_or(Error::NoShowing)?;
    if let Some((first, asked)) = look.recorded {
        // What was answered days ago is erased.
        if first.is_empty() {
            return Err(Error::NonceUsed);
        }
        // A scanner that counts its nonces from one again must not let strangers in with an old answer.
        return if asked.is_empty() || asked == scan.asked {
            Ok(Answered::Before(first))
        } else {
            Err(Error::NonceOfAnother)
        };
    }
    if look.ambiguous {
        return Err(Error::TwoParties);
    }
    let (admission, scanned) = (look.admission, scan.code.scanned(look.party));
    let replaced = scan.code.generation() < look.generation;
    let asked = Asked { kind: scan.kind, people: scan.party_count, late_reason: &scan.late_reason, replaced };
    let judgement =
        scan::judge(&scanned, &admission, look.holds, asked, now).map_err(|left| too_many(scan.kind, left))?;
    let other = match judgement.other {
        Some(other) => store::admission(tx.conn(), other).await?,
        None => None,
    };
    // After an evacuation whoever was in comes in again at any lane.
    let kind = if judgement.verdict == Verdict::Readmitted { Kind::Reentry } else { scan.kind };
    let message = advice::message(&judgement, &scanned, &admission, other.as_ref());
    let mut party = match scanned {
        Scanned::Ticket(party, _) | Scanned::Party(party) => Some(party),
        Scanned::NotHereYet { .. } | Scanned::Unknown | Scanned::Forged => None,
    };
    if let Some(party) = &mut party {
        for ticket in party.tickets.iter_mut().filter(|ticket| judgement.tickets.contains(&ticket.id)) {
            match kind {
                Kind::Entry if judgement.again.contains(&ticket.id) => ticket.out = None,
                Kind::Entry => ticket.admitted = Some((now, scan.lane.clone())),
                Kind::Exit => ticket.out = Some(now),
                Kind::Reentry | Kind::Undo => ticket.out = None,
            }
        }
    }
    let answer = ScanAnswer { judgement, message, party, other };
    let bytes = events::scan_answer(&answer);
    let (again, first): (Vec<Uuid>, Vec<Uuid>) =
        answer.judgement.tickets.iter().partition(|id| answer.judgement.again.contains(id));
    let line = NewLine {
        device: &scan.device,
        nonce: &scan.nonce,
        kind,
        showing: scan.showing,
        lane: &scan.lane,
        visit: answer.party.as_ref().map(|party| party.visit),
        verdict: answer.judgement.verdict,
        admitted_now: if kind == Kind::Entry { people(&first) } else { 0 },
        tickets: &first,
        wanted: 0,
        late_reason: &scan.late_reason,
        by: &scan.by,
        reason: "",
        offline: false,
        skew_ms: 0,
        at: now,
        recorded_at: now,
        asked: &scan.asked,
        answer: &bytes,
        undoes: None,
    };
    if !answer.judgement.verdict.moves() {
        store::record(tx.conn(), &line).await?;
        return Ok(Answered::Now(Box::new(answer)));
    }
    // An evacuation may have begun since the look: nobody goes in any more, and out goes everybody at any time.
    let house = (scan.kind != Kind::Exit).then_some(look.holds.house);
    if !again.is_empty() {
        let nonce = nonce_of_return(&scan.device, &scan.nonce);
        let (kind, verdict) = (Kind::Reentry, Verdict::Readmitted);
        let own =
            NewLine { nonce: &nonce, kind, verdict, admitted_now: 0, tickets: &again, asked: &[], answer: &[], ..line };
        write(tx, admission.clone(), &own, house, steps).await?;
    }
    write(tx, admission, &line, house, steps).await?;
    if scan.kind == Kind::Reentry || !scan.late_reason.is_empty() {
        let after = json!({"kind": scan.kind.name(), "people": answer.judgement.tickets.len(), "reason": scan.late_reason,
            "lane": scan.lane, "nonce": scan.nonce});
        // Whoever holds a scanner has no account at it: then it is the device that let in.
        let who = if scan.by.is_empty() { &scan.device } else { &scan.by };
        record(tx, who, "let_in_by_staff", scan.showing, Value::Null, after).await?;
    }
    Ok(Answered::Now(Box::new(answer)))
}

/// Writes a line that moves people, tells it and notes how many.
async fn write(
    tx: &mut Tx,
    mut admission: Admission,
    line: &NewLine<'_>,
    house: Option<HouseState>,
    steps: &mut Steps,
) -> Result<(), Error> {
    let now = tx.now();
    (admission.admitted, admission.booked, admission.revision) =
        store::record_move(tx.conn(), line, &admission, house).await?;
    if line.kind == Kind::Entry
        && let Some(visit) = line.visit
    {
        let event = events::party_admitted(&admission, visit, line.tickets, line.lane, now);
        tx.append(&admission.showing.to_string(), &event).await?;
    }
    if admission.state.has_hall() {
        let people = i64::from(people(line.tickets));
        *steps.entry(admission.hall).or_default() += if line.kind == Kind::Exit { -people } else { people };
    }
    touch(tx);
    Ok(())
}

/// Counts people from the foyer into a hall, or (negative) the other way.
pub(super) async fn step_over(tx: &mut Tx, hall: &str, people: i64) -> Result<(), Error> {
    let (hall, foyer) = store::lock_zones_of(tx.conn(), hall).await?;
    count(tx, hall, people, Quality::Live).await?;
    count(tx, foyer, -people, Quality::Estimated).await
}

fn people(tickets: &[Uuid]) -> i32 {
    i32::try_from(tickets.len()).unwrap_or(i32::MAX)
}

fn too_many(kind: Kind, TooMany { left }: TooMany) -> Error {
    let problem = match kind {
        Kind::Exit => format!("only {left} of this party are inside"),
        Kind::Reentry => format!("only {left} of this party have left"),
        Kind::Entry | Kind::Undo => format!("only {left} of this party are still outside"),
    };
    invalid("party_count", problem).into()
}
