//! The verdict on a scan. Pure.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
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
}

impl Verdict {
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
        }
    }
}

/// A verdict and whom it lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// Tickets admitted now.
    pub(crate) admits: Vec<Uuid>,
    /// With `AlreadyAdmitted`: when and where.
    pub(crate) earlier: Option<(DateTime<Utc>, String)>,
    /// With `WrongShowing`: the right one.
    pub(crate) other: Option<Uuid>,
}

impl Judgement {
    const fn plain(verdict: Verdict) -> Self {
        Self { verdict, admits: Vec::new(), earlier: None, other: None }
    }
}

/// More people of a party than are left outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) left: u32,
}

/// Judges a scan at a lane that admits to `admission`. The most urgent reason wins: danger, then
/// whether it is a ticket at all, then whether it is good here, then whether it was used, then the time.
pub(crate) fn judge(
    scanned: &Scanned,
    admission: &Admission,
    house: HouseState,
    party_count: u32,
    late_reason: &str,
    now: DateTime<Utc>,
) -> Result<Judgement, TooMany> {
    if !house.admits() {
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
    if party.cancelled || !wanted.iter().any(|ticket| ticket.live) || admission.state == AdmissionState::Cancelled {
        return Ok(Judgement::plain(Verdict::Cancelled));
    }
    if party.showing != admission.showing {
        return Ok(Judgement { other: Some(party.showing), ..Judgement::plain(Verdict::WrongShowing) });
    }
    let outside: Vec<&DoorTicket> = wanted.iter().filter(|ticket| ticket.admitted.is_none()).copied().collect();
    if outside.is_empty() {
        let earlier = wanted.iter().filter_map(|ticket| ticket.admitted.clone()).max();
        return Ok(Judgement { earlier, ..Judgement::plain(Verdict::AlreadyAdmitted) });
    }
    if admission.state == AdmissionState::Planned {
        return Ok(Judgement::plain(Verdict::TooEarly));
    }
    // Only the operator's start closes the doors; after the planned last entry staff must say why.
    if !admission.state.admits() || (now > admission.last_entry_at && late_reason.is_empty()) {
        return Ok(Judgement::plain(Verdict::TooLate));
    }
    let left = count(outside.iter().copied());
    if party_count > left {
        return Err(TooMany { left });
    }
    let now_in = if party_count == 0 { left } else { party_count };
    let admits = outside.iter().take(now_in as usize).map(|ticket| ticket.id).collect();
    Ok(Judgement { admits, ..Judgement::plain(Verdict::Admitted) })
}

/// What the person with the scanner is told to do: short, because the queue is watching.
pub(crate) fn message(
    judgement: &Judgement,
    scanned: &Scanned,
    admission: &Admission,
    other: Option<&Admission>,
) -> Text {
    let time = |at: DateTime<Utc>| at.with_timezone(&Berlin).format("%H:%M").to_string();
    match judgement.verdict {
        Verdict::Admitted => match judgement.admits.len() {
            1 => Text::new("Willkommen.", "Welcome."),
            n => Text::new(format!("Willkommen: {n} Personen."), format!("Welcome: {n} people.")),
        },
        Verdict::AlreadyAdmitted => {
            let (at, lane) = judgement.earlier.clone().unwrap_or_default();
            let at = time(at);
            Text::new(
                format!("Schon eingelassen um {at} an {lane}. Bitte zum Empfang schicken."),
                format!("Already admitted at {at} at {lane}. Please send to the front desk."),
            )
        }
        Verdict::WrongShowing => match other {
            Some(other) => Text::new(
                format!("Andere Vorstellung: {} um {}.", other.title.de, time(other.starts_at)),
                format!("Another showing: {} at {}.", english(&other.title), time(other.starts_at)),
            ),
            None => Text::new("Andere Vorstellung.", "Another showing."),
        },
        Verdict::TooEarly => Text::new(
            format!("Der Einlass ist noch nicht offen, geplant um {}.", time(admission.doors_at)),
            format!("The doors are not open yet, planned for {}.", time(admission.doors_at)),
        ),
        Verdict::TooLate if admission.state.admits() => Text::new(
            "Die Einlasszeit ist vorbei. Nacheinlass nur mit Grund.",
            "Admission time is over. Late admission needs a reason.",
        ),
        Verdict::TooLate => Text::new(
            "Die Vorstellung läuft. Kein Einlass mehr; bitte am Empfang umbuchen.",
            "The showing has begun. No more admission; please rebook at the front desk.",
        ),
        Verdict::Cancelled if admission.state == AdmissionState::Cancelled => {
            Text::new("Die Vorstellung fällt aus. Bitte zum Empfang.", "The showing is cancelled. Front desk, please.")
        }
        Verdict::Cancelled => Text::new(
            "Diese Buchung ist storniert. Bitte zum Empfang.",
            "This booking is cancelled. Front desk, please.",
        ),
        Verdict::Unknown if matches!(scanned, Scanned::NotHereYet { .. }) => Text::new(
            "Die Karte ist echt, die Buchung hier aber noch nicht da. In 10 Sekunden noch einmal scannen.",
            "The ticket is genuine but its booking is not here yet. Scan again in 10 seconds.",
        ),
        Verdict::Unknown => Text::new(
            "Keine Karte dieses Hauses. Bitte zum Empfang.",
            "Not a ticket of this house. Front desk, please.",
        ),
        Verdict::Forged => Text::new(
            "Diese Karte stammt nicht von uns. Bitte zum Empfang.",
            "This ticket was not issued by us. Front desk, please.",
        ),
        Verdict::Stopped => Text::new("Kein Einlass: Das Haus ist gesperrt.", "No admission: the house is closed."),
    }
}

fn english(text: &Text) -> &str {
    if text.en.is_empty() { &text.de } else { &text.en }
}
