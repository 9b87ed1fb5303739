//! Refused places in the words of the contract, and in the guest's: which, why, and what to do. Decides nothing.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, timestamp};
use sky_proto::reservations::v1::{self as pb, seats_refused::Reason};

use crate::{
    domain::{Need, sale::Unaccompanied},
    error::Error,
};

/// Why places were refused, as their guest reads it; None: that is no guest's matter.
pub(crate) fn seats_refused(error: &Error) -> Option<pb::SeatsRefused> {
    let told = |why: Reason, text: Text| pb::SeatsRefused {
        why: why.into(),
        reason: Some(text.to_proto()),
        ..pb::SeatsRefused::default()
    };
    Some(match error {
        Error::Unaccompanied(lacking) => pb::SeatsRefused {
            tariff_class: lacking.class.clone(),
            ..told(Reason::Unaccompanied, unaccompanied(lacking))
        },
        Error::NotEnough { left, held_until } => pb::SeatsRefused {
            left: *left,
            held_until: held_until.map(timestamp),
            ..told(Reason::NotEnough, not_enough(*left, *held_until))
        },
        Error::NeedNotFree { need, held_until } => pb::SeatsRefused {
            need: super::need(Some(*need)).into(),
            held_until: held_until.map(timestamp),
            ..told(Reason::NeedFull, need_full(*need, *held_until))
        },
        Error::FreeSeating => told(
            Reason::FreeSeating,
            text(
                "Hier ist freie Platzwahl: Bitte keine Plätze angeben, Sie setzen sich, wohin Sie möchten.",
                "Seating is free here: please choose no places, you sit where you like.",
                "Sie können im Saal sitzen, wo Sie möchten. Bitte wählen Sie hier keine Plätze.",
            ),
        ),
        Error::SeatsTaken(seats) => pb::SeatsRefused { seats: seats.clone(), ..told(Reason::Taken, taken(seats)) },
        Error::SeatsNotSold(seats) => {
            let list = seats.join(", ");
            let words = text(
                format!("Für diese Vorstellung nicht im Verkauf: {list}. Bitte andere Plätze wählen."),
                format!("Not sold for this showing: {list}. Please choose other places."),
                format!("Diese Plätze verkaufen wir nicht: {list}. Bitte wählen Sie andere Plätze."),
            );
            pb::SeatsRefused { seats: seats.clone(), ..told(Reason::NotSold, words) }
        }
        Error::SeatProtected(seat) => pb::SeatsRefused {
            seats: vec![seat.clone()],
            ..told(
                Reason::Protected,
                text(
                    format!(
                        "{seat} ist für Menschen im Rollstuhl und ihre Begleitung freigehalten. Bitte einen anderen \
                         Platz wählen oder bei „Besondere Plätze“ sagen, dass Sie ihn brauchen."
                    ),
                    format!(
                        "{seat} is kept for wheelchair users and their companions. Please choose another place, or say \
                         under “Special places” that you need it."
                    ),
                    format!("{seat} ist ein Platz für Menschen im Rollstuhl. Bitte wählen Sie einen anderen Platz."),
                ),
            )
        },
        Error::NoSuchSeat(seat) => pb::SeatsRefused {
            seats: vec![seat.clone()],
            ..told(
                Reason::UnknownSeat,
                text(
                    format!("Den Platz {seat} gibt es in diesem Saal nicht. Bitte einen anderen wählen."),
                    format!("There is no place {seat} in this hall. Please choose another one."),
                    format!("Den Platz {seat} gibt es nicht. Bitte wählen Sie einen anderen Platz."),
                ),
            )
        },
        Error::SeatsDoNotFit(need) => {
            pb::SeatsRefused { need: super::need(Some(*need)).into(), ..told(Reason::DoNotFit, do_not_fit(*need)) }
        }
        Error::NotYetOnSale(at) => {
            pb::SeatsRefused { on_sale_at: Some(timestamp(*at)), ..told(Reason::NotYetOnSale, not_yet(*at)) }
        }
        Error::Cancelled => told(
            Reason::Cancelled,
            text(
                "Diese Vorstellung fällt aus. Bitte eine andere wählen.",
                "This showing is cancelled. Please choose another one.",
                "Die Vorstellung fällt aus. Bitte wählen Sie eine andere.",
            ),
        ),
        Error::Begun => told(
            Reason::Begun,
            text(
                "Diese Vorstellung hat schon begonnen. Bitte eine spätere wählen.",
                "This showing has begun already. Please choose a later one.",
                "Die Vorstellung läuft schon. Bitte wählen Sie eine andere.",
            ),
        ),
        Error::NotPublic => told(
            Reason::NotPublic,
            text(
                "Diese Vorstellung ist geschlossen. Der Empfang bucht sie für Schulen und Gruppen.",
                "This showing is closed to the public. The front desk books it for schools and groups.",
                "Diese Vorstellung ist nur für Gruppen. Fragen Sie uns am Empfang.",
            ),
        ),
        Error::NotTogether => told(
            Reason::NotTogether,
            text(
                "So viele Plätze nebeneinander sind dort nicht frei. Bitte eine andere Vorstellung wählen.",
                "So many places side by side are not free there. Please choose another showing.",
                "So viele Plätze nebeneinander gibt es dort nicht mehr.",
            ),
        ),
        _ => return None,
    })
}

fn text(de: impl Into<String>, en: impl Into<String>, plain: impl Into<String>) -> Text {
    Text { plain: plain.into(), ..Text::new(de, en) }
}

/// As people in the house read it.
fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Berlin).format("%H:%M").to_string()
}

/// In the words of the house's own prices.
fn unaccompanied(lacking: &Unaccompanied) -> Text {
    let list = |of: fn(&Text) -> &str| lacking.with.iter().map(of).collect::<Vec<_>>().join(", ");
    let (de, en) = (list(|label| &label.de), list(|label| &label.en));
    let (each_de, each_en) =
        if lacking.one_each { (" Für jede Person eine andere.", " One for each of them.") } else { ("", "") };
    let Text { de: who, en: who_en, .. } = &lacking.who;
    text(
        format!(
            "„{who}“ lässt sich nur gemeinsam mit einer dieser Karten buchen: {de}.{each_de} Hat Ihre Begleitung schon Karten, \
             hilft die Kasse."
        ),
        format!(
            "“{who_en}” is booked only together with one of these tickets: {en}.{each_en} If they have tickets already, the \
             front desk helps."
        ),
        format!("„{who}“ geht nicht allein. Bitte buchen Sie dazu: {de}.{each_de} Oder fragen Sie uns an der Kasse."),
    )
}

fn not_enough(left: u32, held_until: Option<DateTime<Utc>>) -> Text {
    let (de, en) = match left {
        0 => ("Ausverkauft.".to_owned(), "Sold out.".to_owned()),
        1 => ("Nur noch 1 Platz frei.".to_owned(), "Only 1 place is left.".to_owned()),
        n => (format!("Nur noch {n} Plätze frei."), format!("Only {n} places are left.")),
    };
    let plain = if left == 0 { "Es gibt keine freien Plätze mehr.".to_owned() } else { de.clone() };
    match held_until.map(clock) {
        Some(at) => text(
            format!("{de} Plätze, die andere gerade reserviert haben, werden vielleicht um {at} Uhr wieder frei."),
            format!("{en} Places held by others may come back at {at}."),
            format!("{plain} Vielleicht werden um {at} Uhr wieder Plätze frei."),
        ),
        None if left == 0 => text(
            format!("{de} Bitte eine andere Vorstellung wählen."),
            format!("{en} Please choose another showing."),
            format!("{plain} Bitte wählen Sie eine andere Vorstellung."),
        ),
        None => text(
            format!("{de} Bitte weniger Personen oder eine andere Vorstellung wählen."),
            format!("{en} Please choose fewer people or another showing."),
            format!("{plain} Bitte wählen Sie weniger Personen oder eine andere Vorstellung."),
        ),
    }
}

const fn need_name(need: Need) -> (&'static str, &'static str) {
    match need {
        Need::Wheelchair => ("Rollstuhlplatz", "wheelchair place"),
        Need::Companion => ("Begleitplatz neben dem Rollstuhlplatz", "companion place beside the wheelchair place"),
        Need::HearingLoop => ("Platz mit Hörschleife", "seat in the hearing loop"),
        Need::StepFree => ("stufenlos erreichbarer Platz", "step-free seat"),
        Need::GuideDog => ("Platz mit Raum für einen Hund", "seat with room for a guide dog"),
    }
}

fn need_full(need: Need, held_until: Option<DateTime<Utc>>) -> Text {
    let (de, en) = need_name(need);
    if let Some(at) = held_until.map(clock) {
        return text(
            format!(
                "Für diese Vorstellung ist gerade kein {de} frei. Was andere reserviert haben, wird vielleicht um {at} \
                 Uhr wieder frei."
            ),
            format!("No {en} is free for this showing now. What others hold may come back at {at}."),
            format!("Gerade ist kein {de} frei. Vielleicht wird um {at} Uhr wieder etwas frei."),
        );
    }
    text(
        format!(
            "Für diese Vorstellung ist kein {de} mehr frei. Bitte eine andere Vorstellung wählen oder den Empfang \
             fragen."
        ),
        format!("No {en} is left for this showing. Please choose another showing or ask the front desk."),
        format!("Es gibt keinen {de} mehr. Bitte wählen Sie eine andere Vorstellung. Oder fragen Sie uns."),
    )
}

fn taken(seats: &[String]) -> Text {
    let list = seats.join(", ");
    if let [seat] = seats {
        return text(
            format!("Der Platz {seat} ist inzwischen vergeben. Bitte einen anderen wählen."),
            format!("Place {seat} has been taken meanwhile. Please choose another one."),
            format!("Der Platz {seat} ist schon weg. Bitte wählen Sie einen anderen Platz."),
        );
    }
    text(
        format!("Diese Plätze sind inzwischen vergeben: {list}. Bitte andere wählen."),
        format!("These places have been taken meanwhile: {list}. Please choose others."),
        format!("Diese Plätze sind schon weg: {list}. Bitte wählen Sie andere Plätze."),
    )
}

fn do_not_fit(need: Need) -> Text {
    let (de, en) = need_name(need);
    text(
        format!(
            "Unter den gewählten Plätzen fehlt ein {de}. Bitte einen wählen, oder keinen Platz: Dann suchen wir \
             passende aus."
        ),
        format!("The chosen places lack a {en}. Please choose one, or choose none and we find places that fit."),
        format!("Es fehlt ein {de}. Bitte wählen Sie einen. Oder wir suchen die Plätze für Sie aus."),
    )
}

fn not_yet(at: DateTime<Utc>) -> Text {
    let local = at.with_timezone(&Berlin);
    let (day, time) = (local.format("%d.%m.%Y"), local.format("%H:%M"));
    text(
        format!("Der Verkauf im Internet beginnt am {day} um {time} Uhr."),
        format!("This showing is sold online from {} at {time} on.", local.format("%-d %b %Y")),
        format!("Sie können ab dem {day} um {time} Uhr kaufen."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn every_refusal_of_places_says_which_and_why() {
        let held_until = Some(at("2026-11-28T13:32:00Z"));
        let seats = |labels: &[&str]| labels.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let table = [
            (
                Error::Unaccompanied(Box::new(Unaccompanied {
                    class: "companion".to_owned(),
                    who: Text::new("Begleitperson", "Companion"),
                    with: vec![Text::new("Erwachsene", "Adult"), Text::new("Ermäßigt", "Reduced")],
                    one_each: true,
                })),
                Reason::Unaccompanied,
                "„Begleitperson“",
                "Erwachsene, Ermäßigt. Für jede Person eine andere.",
            ),
            (Error::NotEnough { left: 0, held_until }, Reason::NotEnough, "Ausverkauft.", "um 14:32 Uhr"),
            (Error::NotEnough { left: 0, held_until: None }, Reason::NotEnough, "Ausverkauft.", "andere Vorstellung"),
            (Error::NotEnough { left: 1, held_until }, Reason::NotEnough, "Nur noch 1 Platz frei.", "um 14:32 Uhr"),
            (
                Error::NotEnough { left: 3, held_until: None },
                Reason::NotEnough,
                "Nur noch 3 Plätze",
                "weniger Personen",
            ),
            (
                Error::NeedNotFree { need: Need::Wheelchair, held_until: None },
                Reason::NeedFull,
                "kein Rollstuhlplatz",
                "Empfang",
            ),
            (
                Error::NeedNotFree { need: Need::Wheelchair, held_until },
                Reason::NeedFull,
                "gerade kein Rollstuhlplatz",
                "um 14:32 Uhr",
            ),
            (Error::FreeSeating, Reason::FreeSeating, "freie Platzwahl", "keine Plätze angeben"),
            (Error::SeatsTaken(seats(&["C12"])), Reason::Taken, "Der Platz C12", "einen anderen"),
            (Error::SeatsTaken(seats(&["C12", "C13"])), Reason::Taken, "C12, C13", "andere"),
            (Error::SeatsNotSold(seats(&["D4"])), Reason::NotSold, "D4", "andere"),
            (Error::SeatProtected("W1".to_owned()), Reason::Protected, "W1 ist für Menschen im Rollstuhl", "wählen"),
            (Error::NoSuchSeat("Z9".to_owned()), Reason::UnknownSeat, "Den Platz Z9", "nicht"),
            (Error::SeatsDoNotFit(Need::Wheelchair), Reason::DoNotFit, "fehlt ein Rollstuhlplatz", "passende"),
            (Error::NotYetOnSale(at("2026-12-01T09:00:00Z")), Reason::NotYetOnSale, "01.12.2026", "10:00 Uhr"),
            (Error::Cancelled, Reason::Cancelled, "fällt aus", "andere"),
            (Error::Begun, Reason::Begun, "begonnen", "spätere"),
            (Error::NotPublic, Reason::NotPublic, "geschlossen", "Empfang"),
        ];
        for (error, why, which, what_to_do) in table {
            let told = seats_refused(&error).expect("a guest's matter");
            assert_eq!(told.why(), why, "{error}");
            let reason = told.reason.expect("in words");
            assert!(reason.de.contains(which) && reason.de.contains(what_to_do), "{}", reason.de);
            assert!(!reason.en.is_empty() && !reason.plain.is_empty(), "{reason:?}");
        }
        assert_eq!(seats_refused(&Error::NotBooked), None);
    }
}
