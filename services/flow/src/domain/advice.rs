//! What the person with the scanner is told to do about a verdict.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;

use super::{
    Admission, AdmissionState,
    scan::{Judgement, Scanned, Verdict},
};

/// Short, because the queue is watching.
pub(crate) fn message(
    judgement: &Judgement,
    scanned: &Scanned,
    admission: &Admission,
    other: Option<&Admission>,
) -> Text {
    let time = |at: DateTime<Utc>| at.with_timezone(&Berlin).format("%H:%M").to_string();
    match judgement.verdict {
        Verdict::Admitted | Verdict::Readmitted => match judgement.tickets.len() {
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
        Verdict::ReentryByStaff => Text::new(
            "War schon drin und ist hinausgegangen. Wiedereinlass nur durch das Personal am Empfang.",
            "Was in and has left. Only staff at the front desk can let them in again.",
        ),
        Verdict::Exited => match judgement.tickets.len() {
            1 => Text::new("Hinausgegangen. Karte behalten.", "Has left. Keep the ticket."),
            n => Text::new(
                format!("{n} Personen hinausgegangen. Karten behalten."),
                format!("{n} have left. Keep the tickets."),
            ),
        },
        Verdict::NotInside => Text::new(
            "Mit dieser Karte ist niemand drin. Nicht als Ausgang gezählt.",
            "Nobody is inside with this ticket. Not counted as an exit.",
        ),
        Verdict::NotOutside => Text::new(
            "Mit dieser Karte ist niemand hinausgegangen. Bitte normal scannen.",
            "Nobody has left with this ticket. Please scan it as usual.",
        ),
        Verdict::ZoneStopped => Text::new(
            "Der Einlass hierhin ist angehalten (Anweisung). Bitte warten; Ausnahme nur mit Grund.",
            "Admission here is stopped by a directive. Please wait; an exception needs a reason.",
        ),
        Verdict::Replaced => match &judgement.earlier {
            Some((at, lane)) => {
                let at = time(*at);
                Text::new(
                    format!("Diese Karte wurde ersetzt, eingelassen wurde um {at} an {lane}. Bitte zum Empfang."),
                    format!("This ticket was replaced; admitted at {at} at {lane}. Front desk, please."),
                )
            }
            None => Text::new(
                "Diese Karte wurde ersetzt: bitte die neue zeigen.",
                "This ticket was replaced: please show the new one.",
            ),
        },
        Verdict::Undone => Text::new("Zurückgenommen.", "Taken back."),
        Verdict::Stopped => Text::new("Kein Einlass: Das Haus ist gesperrt.", "No admission: the house is closed."),
    }
}

fn english(text: &Text) -> &str {
    if text.en.is_empty() { &text.de } else { &text.en }
}
