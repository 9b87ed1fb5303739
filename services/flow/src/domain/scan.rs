//! The verdict on a scan. Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Admission, AdmissionState, HouseState};

/// A ticket as the door has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DoorTicket {
    pub(crate) id: Uuid,
    pub(crate) seat: String,
    pub(crate) assistance: bool,
    pub(crate) live: bool,
    pub(crate) admitted: Option<(DateTime<Utc>, String)>,
    /// Has left before the end, since then, and may come back.
    pub(crate) out: Option<DateTime<Utc>>,
}

impl DoorTicket {
    pub(crate) const fn is_inside(&self) -> bool {
        self.admitted.is_some() && self.out.is_none()
    }
}

/// What a line of the scan log does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    Exit,
    Reentry,
    /// Takes another line back.
    Undo,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Entry, Self::Exit, Self::Reentry, Self::Undo];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Reentry => "reentry",
            Self::Undo => "undo",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A visit's party as the door has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) visit: Uuid,
    pub(crate) showing: Uuid,
    pub(crate) reference: String,
    pub(crate) cancelled: bool,
    pub(crate) tickets: Vec<DoorTicket>,
}

impl Party {
    pub(crate) fn size(&self) -> u32 {
        count(self.tickets.iter().filter(|ticket| ticket.live))
    }

    pub(crate) fn admitted(&self) -> u32 {
        count(self.tickets.iter().filter(|ticket| ticket.admitted.is_some()))
    }

    /// Of those admitted, who are out again for now.
    pub(crate) fn outside(&self) -> u32 {
        count(self.tickets.iter().filter(|ticket| ticket.out.is_some()))
    }
}

fn count<'a>(tickets: impl Iterator<Item = &'a DoorTicket>) -> u32 {
    u32::try_from(tickets.count()).unwrap_or(u32::MAX)
}

/// What was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// One person's ticket of a known party.
    Ticket(Party, Uuid),
    /// A whole party, or so many of it.
    Party(Party),
    /// Signed by this house, for that showing, but its booking has not arrived here.
    NotHereYet {
        showing: Uuid,
    },
    /// Not one of our codes.
    Unknown,
    Forged,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Admitted,
    AlreadyAdmitted,
    WrongShowing,
    TooEarly,
    TooLate,
    Cancelled,
    Unknown,
    Forged,
    Stopped,
    /// A directive stops admission to the hall, or to what it lies in; staff may say why not now.
    ZoneStopped,
    /// Its code was issued anew; this one is the old one.
    Replaced,
    /// Has left; comes in again with staff only.
    ReentryByStaff,
    Exited,
    NotInside,
    Readmitted,
    NotOutside,
    /// Of an undo.
    Undone,
}

impl Verdict {
    pub(crate) const ALL: [Self; 17] = [
        Self::Admitted,
        Self::AlreadyAdmitted,
        Self::WrongShowing,
        Self::TooEarly,
        Self::TooLate,
        Self::Cancelled,
        Self::Unknown,
        Self::Forged,
        Self::Stopped,
        Self::ZoneStopped,
        Self::Replaced,
        Self::ReentryByStaff,
        Self::Exited,
        Self::NotInside,
        Self::Readmitted,
        Self::NotOutside,
        Self::Undone,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// Whether somebody went through the door.
    pub(crate) const fn moves(self) -> bool {
        matches!(self, Self::Admitted | Self::Exited | Self::Readmitted)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::AlreadyAdmitted => "already_admitted",
            Self::WrongShowing => "wrong_showing",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Forged => "forged",
            Self::Stopped => "stopped",
            Self::ZoneStopped => "zone_stopped",
            Self::Replaced => "replaced",
            Self::ReentryByStaff => "reentry_by_staff",
            Self::Exited => "exited",
            Self::NotInside => "not_inside",
            Self::Readmitted => "readmitted",
            Self::NotOutside => "not_outside",
            Self::Undone => "undone",
        }
    }
}

/// A verdict and whom it lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// Tickets that are let in (or out) now.
    pub(crate) tickets: Vec<Uuid>,
    /// With `Admitted`: those of them who were in before everybody was out, and come with others who were not.
    pub(crate) again: Vec<Uuid>,
    /// With `AlreadyAdmitted` and `Replaced`: when and where.
    pub(crate) earlier: Option<(DateTime<Utc>, String)>,
    /// With `WrongShowing`: the right one.
    pub(crate) other: Option<Uuid>,
}

impl Judgement {
    const fn plain(verdict: Verdict) -> Self {
        Self { verdict, tickets: Vec::new(), again: Vec::new(), earlier: None, other: None }
    }
}

/// More people of a party than there are left to let in (or out).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) left: u32,
}

/// What a scan asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) kind: Kind,
    /// How many of the party; 0: all that are left.
    pub(crate) people: u32,
    /// Why staff let in somebody who is late, or into a zone that is stopped; empty: they do not.
    pub(crate) late_reason: &'a str,
    /// The code that was scanned has been issued anew since.
    pub(crate) replaced: bool,
}

/// What holds at the door beside the showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) house: HouseState,
    /// A directive stops admission to the hall, or to what it lies in.
    pub(crate) zone_stopped: bool,
    /// When staff say that everybody was out of the house: the end of an evacuation.
    pub(crate) everybody_out_at: Option<DateTime<Utc>>,
}

/// Of those wanted at a time, who comes in again because everybody was out (as they came in first, without staff), and who
/// comes for the first time.
pub(crate) fn coming<'t>(
    wanted: &[&'t DoorTicket],
    everybody_out_at: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> (Vec<&'t DoorTicket>, Vec<&'t DoorTicket>) {
    let all = everybody_out_at.filter(|all| *all <= at);
    let live = || wanted.iter().filter(|ticket| ticket.live).copied();
    let again = live().filter(|ticket| ticket.out.is_some_and(|out| all.is_some_and(|all| out <= all))).collect();
    (again, live().filter(|ticket| ticket.admitted.is_none()).collect())
}

/// Judges a scan at a lane that admits to `admission`. The most urgent reason wins: danger, then
/// whether it is a ticket at all, then whether it is good here, then whether it was used, then the time.
pub(crate) fn judge(
    scanned: &Scanned,
    admission: &Admission,
    holds: Holds,
    asked: Asked<'_>,
    now: DateTime<Utc>,
) -> Result<Judgement, TooMany> {
    // Out is always possible.
    if asked.kind != Kind::Exit && !holds.house.admits() {
        return Ok(Judgement::plain(Verdict::Stopped));
    }
    let (party, wanted): (&Party, Vec<&DoorTicket>) = match scanned {
        Scanned::Unknown => return Ok(Judgement::plain(Verdict::Unknown)),
        Scanned::Forged => return Ok(Judgement::plain(Verdict::Forged)),
        Scanned::NotHereYet { showing } if *showing != admission.showing => {
            return Ok(Judgement { other: Some(*showing), ..Judgement::plain(Verdict::WrongShowing) });
        }
        Scanned::NotHereYet { .. } => return Ok(Judgement::plain(Verdict::Unknown)),
        Scanned::Ticket(party, id) => (party, party.tickets.iter().filter(|ticket| ticket.id == *id).collect()),
        Scanned::Party(party) => (party, party.tickets.iter().filter(|ticket| ticket.live).collect()),
    };
    if asked.replaced && asked.kind != Kind::Exit {
        let earlier = wanted.iter().filter_map(|ticket| ticket.admitted.clone()).max();
        return Ok(Judgement { earlier, ..Judgement::plain(Verdict::Replaced) });
    }
    if party.showing != admission.showing && !party.cancelled {
        return Ok(Judgement { other: Some(party.showing), ..Judgement::plain(Verdict::WrongShowing) });
    }
    match asked.kind {
        Kind::Exit => exit(&wanted, asked.people),
        Kind::Reentry => reentry(&wanted, admission, holds.zone_stopped, asked),
        Kind::Entry | Kind::Undo => {
            let (again, new) = coming(&wanted, holds.everybody_out_at, now);
            if again.is_empty() || party.cancelled {
                return entry(party, &wanted, admission, holds.zone_stopped, asked, now);
            }
            let returning = count(again.iter().copied());
            let returned =
                reentry(&again, admission, holds.zone_stopped, Asked { people: asked.people.min(returning), ..asked })?;
            if returned.verdict != Verdict::Readmitted || (1..=returning).contains(&asked.people) {
                return Ok(returned);
            }
            // The others of the party come in with them, if they may.
            let rest = Asked { people: asked.people.saturating_sub(returning), ..asked };
            let first = if new.is_empty() {
                Judgement::plain(Verdict::AlreadyAdmitted)
            } else {
                entry(party, &new, admission, holds.zone_stopped, rest, now)
                    .map_err(|TooMany { left }| TooMany { left: returning + left })?
            };
            match first.verdict {
                Verdict::Admitted => {
                    let tickets = [returned.tickets.as_slice(), &first.tickets].concat();
                    Ok(Judgement { tickets, again: returned.tickets, ..first })
                }
                _ if asked.people == 0 => Ok(returned),
                _ => Err(TooMany { left: returning }),
            }
        }
    }
}

fn entry(
    party: &Party,
    wanted: &[&DoorTicket],
    admission: &Admission,
    zone_stopped: bool,
    asked: Asked<'_>,
    now: DateTime<Utc>,
) -> Result<Judgement, TooMany> {
    if party.cancelled || !wanted.iter().any(|ticket| ticket.live) || admission.state == AdmissionState::Cancelled {
        return Ok(Judgement::plain(Verdict::Cancelled));
    }
    let waiting = wanted.iter().filter(|ticket| ticket.live && ticket.admitted.is_none()).copied().collect::<Vec<_>>();
    if waiting.is_empty() {
        let earlier = wanted.iter().filter_map(|ticket| ticket.admitted.clone()).max();
        let left = wanted.iter().any(|ticket| ticket.out.is_some());
        let verdict = if left { Verdict::ReentryByStaff } else { Verdict::AlreadyAdmitted };
        return Ok(Judgement { earlier, ..Judgement::plain(verdict) });
    }
    if admission.state == AdmissionState::Planned {
        return Ok(Judgement::plain(Verdict::TooEarly));
    }
    // Only the operator's start closes the doors, but for late guests where there are such; after the last entry staff must
    // say why.
    if !admission.admits(now) {
        return Ok(Judgement::plain(Verdict::TooLate));
    }
    if zone_stopped && asked.late_reason.is_empty() {
        return Ok(Judgement::plain(Verdict::ZoneStopped));
    }
    if now > admission.last_entry_at && asked.late_reason.is_empty() {
        return Ok(Judgement::plain(Verdict::TooLate));
    }
    some_of(&waiting, asked.people, Verdict::Admitted)
}

fn exit(wanted: &[&DoorTicket], people: u32) -> Result<Judgement, TooMany> {
    let inside = wanted.iter().filter(|ticket| ticket.is_inside()).copied().collect::<Vec<_>>();
    if inside.is_empty() {
        return Ok(Judgement::plain(Verdict::NotInside));
    }
    some_of(&inside, people, Verdict::Exited)
}

fn reentry(
    wanted: &[&DoorTicket],
    admission: &Admission,
    zone_stopped: bool,
    asked: Asked<'_>,
) -> Result<Judgement, TooMany> {
    let outside = wanted.iter().filter(|ticket| ticket.out.is_some()).copied().collect::<Vec<_>>();
    if outside.is_empty() {
        return Ok(Judgement::plain(Verdict::NotOutside));
    }
    if !admission.state.admits() && admission.state != AdmissionState::Running {
        return Ok(Judgement::plain(Verdict::TooLate));
    }
    if zone_stopped && asked.late_reason.is_empty() {
        return Ok(Judgement::plain(Verdict::ZoneStopped));
    }
    some_of(&outside, asked.people, Verdict::Readmitted)
}

/// So many of these, or all.
fn some_of(tickets: &[&DoorTicket], people: u32, verdict: Verdict) -> Result<Judgement, TooMany> {
    let left = count(tickets.iter().copied());
    if people > left {
        return Err(TooMany { left });
    }
    let now = if people == 0 { left } else { people };
    let tickets = tickets.iter().take(now as usize).map(|ticket| ticket.id).collect();
    Ok(Judgement { tickets, ..Judgement::plain(verdict) })
}
