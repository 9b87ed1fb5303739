//! German.

use super::{Said, Words};
use crate::domain::notices::Kind;

const fn kind(kind: Kind) -> Said {
    let (subject, title, lead) = match kind {
        Kind::Confirmed => (
            "Ihr Besuch am {day} ist gebucht",
            "Ihr Besuch ist gebucht",
            "wir freuen uns auf Sie. Hier steht alles, was Sie für Ihren Besuch brauchen.",
        ),
        Kind::NotCompleted => (
            "Ihre Bestellung für den {day} ist nicht zustande gekommen",
            "Ihre Bestellung ist nicht zustande gekommen",
            "Ihre Bestellung ist nicht bezahlt worden. Die Plätze sind wieder frei. Sie können neu bestellen, solange es welche gibt.",
        ),
        Kind::DayBefore => (
            "Morgen: Ihr Besuch am {day}",
            "Bis morgen",
            "morgen sehen wir uns. Bitte planen Sie für den Weg etwas Zeit ein: Nach dem Beginn ist kein Einlass mehr.",
        ),
        Kind::Delayed => (
            "Ihr Besuch am {day} beginnt später",
            "Ihre Vorstellung beginnt später",
            "Ihre Vorstellung beginnt später als geplant. Ihre Buchung und Ihre Codes gelten weiter. Stellplatz und \
             Essen sind mit verschoben.",
        ),
        Kind::Earlier => (
            "Ihr Besuch am {day} beginnt doch früher",
            "Ihre Vorstellung beginnt doch früher",
            "Ihre Vorstellung beginnt früher, als wir Ihnen zuletzt gesagt haben, aber nicht früher, als sie geplant war. \
             Ihre Buchung und Ihre Codes gelten weiter. Stellplatz und Essen sind mit verschoben.",
        ),
        Kind::Reseated => (
            "Ihr Besuch am {day}: neue Plätze",
            "Sie haben neue Plätze",
            "wir haben Ihnen andere Plätze gegeben. Ihre Karten und Ihre Codes gelten weiter.",
        ),
        Kind::Reissued => (
            "Ihr Besuch am {day}: neue Codes",
            "Ihre Codes sind neu",
            "Ihre Codes sind neu ausgestellt. Ältere Codes gelten nicht mehr, auch gedruckte nicht. Die neuen stehen auf der Seite Ihres Besuchs.",
        ),
        Kind::Cancelled => {
            ("Ihr Besuch am {day} ist abgesagt", "Ihr Besuch ist abgesagt", "Ihr Besuch findet nicht statt.")
        }
        Kind::Refunded => (
            "Erstattung für Ihren Besuch am {day}",
            "Ihr Geld ist unterwegs",
            "die Erstattung für Ihren Besuch ist veranlasst.",
        ),
        Kind::ParkingSuspended => (
            "Anfahrt am {day}: Parkplatz nicht erreichbar",
            "Unser Parkplatz ist nicht erreichbar",
            "Ihr Stellplatz kann zurzeit nicht angefahren werden. Ihr Besuch findet statt. Bitte parken Sie woanders oder \
             nehmen Sie die Straßenbahn.",
        ),
        Kind::ParkingRestored => (
            "Anfahrt am {day}: Parkplatz wieder erreichbar",
            "Unser Parkplatz ist wieder erreichbar",
            "Sie können unseren Parkplatz wieder anfahren. Ihr Stellplatz gilt.",
        ),
        Kind::ParkingLost => (
            "Anfahrt am {day}: Ihr Stellplatz",
            "Ihr Stellplatz ist vergeben",
            "unser Parkplatz ist wieder erreichbar, aber Ihr Stellplatz wurde inzwischen vergeben. Ihr Besuch findet statt. \
             Auf der Seite Ihres Besuchs steht, was noch frei ist.",
        ),
        Kind::ParkingOff => (
            "Anfahrt am {day}: kein Stellplatz",
            "Für Ihren Besuch gibt es keinen Stellplatz mehr",
            "für Ihren Besuch haben wir leider keinen Stellplatz mehr. Ihr Besuch findet statt.",
        ),
        Kind::MealMoved => (
            "Ihr Essen am {day}: neue Zeit",
            "Ihr Essen hat eine neue Zeit",
            "die Küche hat Ihr Essen auf eine andere Zeit gelegt.",
        ),
        Kind::MealChanged => (
            "Ihr Essen am {day}: eine Änderung",
            "An Ihrem Essen hat sich etwas geändert",
            "die Küche muss an Ihrer Bestellung etwas ändern.",
        ),
        Kind::MealAsked => (
            "Ihr Essen am {day}: Bitte wählen Sie",
            "Ihr Essen: Bitte wählen Sie",
            "die Küche kann Ihr Essen nicht so machen, wie Sie es bestellt haben. Auf der Seite Ihres Besuchs können Sie wählen, was stattdessen geschieht.",
        ),
        Kind::MealSettled => (
            "Ihr Essen am {day}: So geht es weiter",
            "So geht es mit Ihrem Essen weiter",
            "es steht fest, wie es mit Ihrem Essen weitergeht.",
        ),
        Kind::MealOff => (
            "Ihr Essen am {day} entfällt",
            "Ihr Essen entfällt",
            "die Küche kann Ihre Bestellung leider nicht zubereiten. Ihr Besuch findet statt.",
        ),
        Kind::AtRisk => (
            "Ihr Besuch am {day}: Die Zeit wird knapp",
            "Die Zeit wird knapp",
            "nach dem, was wir wissen, kommen Sie vielleicht nicht rechtzeitig an. Nach dem Beginn ist kein Einlass mehr.",
        ),
        Kind::RebookingOffered => (
            "Ihr Besuch am {day}: eine andere Vorstellung für Sie",
            "Eine spätere Vorstellung für Sie",
            "wir haben Plätze nebeneinander in einer späteren Vorstellung für Sie. Auf der Seite Ihres Besuchs können Sie \
             wechseln. Stellplatz und Essen ziehen mit um.",
        ),
        Kind::Rebooked => (
            "Ihr Besuch am {day} ist umgebucht",
            "Ihr Besuch ist umgebucht",
            "Sie haben jetzt Plätze in einer anderen Vorstellung. Stellplatz und Essen ziehen mit um, soweit dort Platz ist.",
        ),
        Kind::WaitListed => (
            "Sie stehen auf der Warteliste für den {day}",
            "Sie stehen auf der Warteliste",
            "wenn Plätze für Sie alle frei werden, halten wir sie für Sie fest und schreiben Ihnen sofort. Bis dahin ist nichts \
             gebucht und nichts zu bezahlen.",
        ),
        Kind::PlacesOffered => (
            "Plätze für Sie am {day}: bitte jetzt bestellen",
            "Es sind Plätze für Sie frei",
            "Sie haben gewartet, und jetzt sind Plätze frei. Wir halten sie für Sie fest. Bestellt sind sie noch nicht.",
        ),
        Kind::WaitOver => (
            "Die Warteliste für den {day}",
            "Sie stehen nicht mehr auf der Warteliste",
            "Sie stehen nicht mehr auf der Warteliste dieser Vorstellung. Zu bezahlen ist nichts.",
        ),
    };
    Said { subject, title, lead }
}

pub(super) static WORDS: Words = Words {
    kind,
    weekdays: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    day: "{day}. {month}",
    clock: "{time} Uhr",
    hello: "Guten Tag,",
    hello_name: "Guten Tag {name},",
    link: "Ihr Besuch mit Codes und Zeiten",
    link_off: "Die Seite Ihrer Bestellung",
    link_waiting: "Wie es steht, und von der Warteliste gehen",
    link_order: "Plätze bestellen",
    order_until: "Bitte bestellen Sie bis {time}. Danach bekommt die Plätze, wer nach Ihnen wartet.",
    showing: "Vorstellung",
    when: "Wann",
    was: "Bisher",
    is_now: "Neu",
    be_there: "Seien Sie da um",
    people: "Personen",
    places: "Plätze",
    free_seating: "freie Platzwahl",
    parking: "Parken",
    window: "von {from} bis {until}",
    bays: [
        "Stellplatz",
        "barrierefreier Stellplatz",
        "Busstellplatz",
        "Stellplatz mit Ladepunkt",
        "Familienstellplatz",
        "Fahrradstellplatz",
    ],
    meal: "Essen abholen um",
    dishes: "Bestellt",
    meal_number: "Nummer",
    reference: "Buchungsnummer",
    way: "So kommen Sie hin",
    step_free: "Ohne Stufen",
    bring: "Das brauchen Sie",
    car_park_open: "Unser Parkplatz ist nach heutigem Stand erreichbar. Ihr Stellplatz ist reserviert.",
    car_park_closed: "Unser Parkplatz ist nach heutigem Stand nicht erreichbar.",
    closed_until: "Voraussichtlich bis {time}.",
    closed_open_end: "Bis auf Weiteres.",
    park_elsewhere: "Hier können Sie parken",
    walk: "{place}: {minutes} Minuten zu Fuß",
    choices: "Diese Vorstellungen sind möglich",
    choose_until: "Bitte wählen Sie bis {time}.",
    price: "Ihre Bestellung",
    total: "Summe",
    paid: "Sie haben schon bezahlt.",
    due: "Bitte zahlen Sie {sum} an der Kasse, bevor Sie in den Saal gehen.",
    comes_back: "Sie bekommen {sum} zurück. Sie müssen nichts tun.",
    comes_back_at_desk: "Sie bekommen {sum} zurück. Sie haben an der Kasse bezahlt; dort liegt das Geld bereit. Bitte nennen Sie Ihre Buchungsnummer.",
    refunded: "Wir haben {sum} zurückgezahlt. Je nach Bank dauert es einige Tage, bis Sie das Geld sehen.",
    refunded_at_desk: "Sie haben {sum} an der Kasse zurückbekommen.",
    money_back: "Die {sum} dafür bekommen Sie zurück. Wie, steht bei Ihrem Besuch.",
    nothing_to_pay: "Sie müssen nichts bezahlen.",
    nothing_charged: "Es ist nichts zu bezahlen. Kommt doch noch Geld bei uns an, bekommen Sie Ihre Plätze wieder oder das Geld zurück.",
    no_withdrawal: "Für Veranstaltungen zu einem festen Termin gibt es kein Widerrufsrecht (§ 312g Abs. 2 Nr. 9 BGB). Bis zum \
                    Einlass können Sie bei uns kostenlos stornieren.",
    foot: [
        "Diese Nachricht gehört zu Ihrem Besuch, sie ist keine Werbung.",
        "Ihre Adresse löschen wir 30 Tage nach dem Besuch.",
    ],
};
