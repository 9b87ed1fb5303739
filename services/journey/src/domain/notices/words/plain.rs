//! Leichte Sprache: short sentences, one thought each, no foreign words, figures as figures.

use super::{Said, Words};
use crate::domain::notices::Kind;

const fn kind(kind: Kind) -> Said {
    let (subject, title, lead) = match kind {
        Kind::Confirmed => (
            "Ihr Besuch am {day} ist gebucht",
            "Ihr Besuch ist gebucht",
            "Sie haben Karten für das Planetarium. Wir freuen uns auf Sie. Hier steht alles Wichtige.",
        ),
        Kind::NotCompleted => (
            "Ihre Bestellung für den {day} hat nicht geklappt",
            "Ihre Bestellung hat nicht geklappt",
            "Sie haben nicht bezahlt. Darum haben Sie keine Karten. Sie können neu bestellen.",
        ),
        Kind::DayBefore => (
            "Morgen: Ihr Besuch am {day}",
            "Bis morgen",
            "Morgen kommen Sie ins Planetarium. Bitte kommen Sie früh genug. Die Tür ist zu, wenn die Vorstellung anfängt.",
        ),
        Kind::Delayed => (
            "Ihr Besuch am {day} beginnt später",
            "Die Vorstellung fängt später an",
            "Die Vorstellung fängt später an. Ihre Karten gelten weiter. Ihr Parkplatz und Ihr Essen passen zur neuen Zeit.",
        ),
        Kind::Earlier => (
            "Ihr Besuch am {day} beginnt doch früher",
            "Die Vorstellung fängt doch früher an",
            "Wir haben Ihnen gesagt: Die Vorstellung fängt später an. Das hat sich geändert. Die Vorstellung fängt früher an. \
             Ihre Karten gelten weiter. Ihr Parkplatz und Ihr Essen passen zur neuen Zeit.",
        ),
        Kind::Reseated => (
            "Ihr Besuch am {day}: Sie haben neue Plätze",
            "Sie haben neue Plätze",
            "Sie sitzen auf anderen Plätzen. Ihre Karten gelten weiter.",
        ),
        Kind::Reissued => (
            "Ihr Besuch am {day}: Sie haben neue Codes",
            "Sie haben neue Codes",
            "Sie haben neue Codes. Die alten Codes gelten nicht mehr. Auch alte Karten aus Papier gelten nicht mehr. Die neuen Codes sind auf der Seite von Ihrem Besuch.",
        ),
        Kind::Cancelled => ("Ihr Besuch am {day} ist abgesagt", "Ihr Besuch ist abgesagt", "Ihr Besuch fällt aus."),
        Kind::Refunded => (
            "Geld zurück für Ihren Besuch am {day}",
            "Sie bekommen Ihr Geld zurück",
            "Sie bekommen Ihr Geld zurück. Sie müssen nichts tun.",
        ),
        Kind::ParkingSuspended => (
            "Anfahrt am {day}: Der Parkplatz geht nicht",
            "Unser Parkplatz geht gerade nicht",
            "Sie können nicht zu unserem Parkplatz fahren. Ihr Besuch findet statt. Bitte parken Sie woanders. Oder fahren \
             Sie mit der Straßenbahn.",
        ),
        Kind::ParkingRestored => (
            "Anfahrt am {day}: Der Parkplatz geht wieder",
            "Unser Parkplatz geht wieder",
            "Sie können wieder zu unserem Parkplatz fahren. Ihr Platz ist frei für Sie.",
        ),
        Kind::ParkingLost => (
            "Anfahrt am {day}: Ihr Parkplatz",
            "Ihr Parkplatz ist nicht mehr frei",
            "Unser Parkplatz geht wieder. Aber Ihr Platz ist nicht mehr frei. Das tut uns leid. Ihr Besuch findet statt. Auf \
             der Seite von Ihrem Besuch steht mehr.",
        ),
        Kind::ParkingOff => (
            "Anfahrt am {day}: Sie haben keinen Parkplatz",
            "Sie haben keinen Parkplatz mehr",
            "Wir haben leider keinen Parkplatz mehr für Sie. Ihr Besuch findet statt.",
        ),
        Kind::MealMoved => (
            "Ihr Essen am {day}: neue Zeit",
            "Ihr Essen hat eine neue Zeit",
            "Sie bekommen Ihr Essen zu einer anderen Zeit.",
        ),
        Kind::MealChanged => {
            ("Ihr Essen am {day}: eine Änderung", "An Ihrem Essen ist etwas anders", "An Ihrem Essen ist etwas anders.")
        }
        Kind::MealAsked => (
            "Ihr Essen am {day}: Bitte wählen Sie",
            "Bitte wählen Sie Ihr Essen",
            "Die Küche kann Ihr Essen nicht kochen. Bitte wählen Sie, was Sie möchten. Das geht auf der Seite von Ihrem Besuch.",
        ),
        Kind::MealSettled => (
            "Ihr Essen am {day}: So geht es weiter",
            "So geht es mit Ihrem Essen weiter",
            "Jetzt ist klar, wann Sie Ihr Essen bekommen.",
        ),
        Kind::MealOff => (
            "Ihr Essen am {day} fällt aus",
            "Ihr Essen fällt aus",
            "Die Küche kann Ihr Essen nicht machen. Das tut uns leid. Ihr Besuch findet statt.",
        ),
        Kind::AtRisk => (
            "Ihr Besuch am {day}: Die Zeit ist knapp",
            "Die Zeit ist knapp",
            "Sie kommen vielleicht zu spät. Die Tür ist zu, wenn die Vorstellung anfängt.",
        ),
        Kind::RebookingOffered => (
            "Ihr Besuch am {day}: eine andere Vorstellung für Sie",
            "Eine andere Vorstellung für Sie",
            "Sie können in eine spätere Vorstellung gehen. Sie sitzen zusammen. Sie wählen auf der Seite von Ihrem Besuch. \
             Ihr Parkplatz und Ihr Essen passen dann auch.",
        ),
        Kind::Rebooked => (
            "Ihr Besuch am {day}: Sie haben neue Karten",
            "Sie gehen in eine andere Vorstellung",
            "Sie gehen jetzt in eine andere Vorstellung. Wenn Platz ist: Parkplatz und Essen passen zur neuen Zeit.",
        ),
        Kind::WaitListed => (
            "Sie warten auf Plätze am {day}",
            "Sie warten auf Plätze",
            "Es gibt gerade keine Plätze. Vielleicht gibt es später Plätze. Dann schreiben wir Ihnen sofort. Sie müssen jetzt \
             nichts bezahlen.",
        ),
        Kind::PlacesOffered => (
            "Plätze für Sie am {day}: Bitte bestellen Sie jetzt",
            "Es gibt Plätze für Sie",
            "Jetzt gibt es Plätze für Sie. Sie müssen die Plätze noch bestellen.",
        ),
        Kind::WaitOver => (
            "Die Warte-Liste für den {day}",
            "Sie warten nicht mehr auf Plätze",
            "Sie warten nicht mehr auf Plätze. Sie müssen nichts bezahlen.",
        ),
    };
    Said { subject, title, lead }
}

pub(super) static WORDS: Words = Words {
    kind,
    weekdays: super::german::WORDS.weekdays,
    months: super::german::WORDS.months,
    day: "{day}. {month}",
    clock: "{time} Uhr",
    hello: "Guten Tag!",
    hello_name: "Guten Tag {name}!",
    link: "Ihr Besuch: Karten und Zeiten",
    link_off: "Die Seite von Ihrer Bestellung",
    link_waiting: "Die Seite von Ihrer Warte-Liste",
    link_order: "Hier bestellen Sie die Plätze",
    order_until: "Bitte bestellen Sie bis {time}. Danach bekommen andere Menschen die Plätze.",
    showing: "Vorstellung",
    when: "Wann?",
    was: "Alte Zeit",
    is_now: "Neue Zeit",
    be_there: "Bitte kommen Sie um",
    people: "Wie viele Menschen?",
    places: "Ihre Plätze",
    free_seating: "Sie sitzen, wo Sie möchten",
    parking: "Parken",
    window: "von {from} bis {until}",
    bays: [
        "Parkplatz",
        "Parkplatz für Menschen mit Behinderung",
        "Parkplatz für Busse",
        "Parkplatz mit Strom",
        "Parkplatz für Familien",
        "Platz für Fahrräder",
    ],
    meal: "Ihr Essen gibt es um",
    dishes: "Ihr Essen",
    meal_number: "Ihre Nummer",
    reference: "Ihre Buchungs-Nummer",
    way: "So kommen Sie zu uns",
    step_free: "Ohne Stufen",
    bring: "Das bringen Sie mit",
    car_park_open: "Sie können zu unserem Parkplatz fahren. Ihr Platz ist frei für Sie.",
    car_park_closed: "Sie können nicht zu unserem Parkplatz fahren.",
    closed_until: "Das dauert wahrscheinlich bis: {time}.",
    closed_open_end: "Wir wissen noch nicht, wie lange das dauert.",
    park_elsewhere: "Hier können Sie parken",
    walk: "{place}: Sie laufen {minutes} Minuten",
    choices: "Diese Vorstellungen gehen",
    choose_until: "Bitte wählen Sie bis {time}.",
    price: "Das kostet es",
    total: "Zusammen",
    paid: "Sie haben schon bezahlt.",
    due: "Bitte zahlen Sie {sum} an der Kasse.",
    comes_back: "Sie bekommen {sum} zurück. Sie müssen nichts tun.",
    comes_back_at_desk: "Sie bekommen {sum} zurück. Das Geld liegt an der Kasse. Nennen Sie dort Ihre Buchungs-Nummer.",
    refunded: "Wir haben {sum} zurück-gezahlt. Es dauert ein paar Tage.",
    refunded_at_desk: "Sie haben {sum} an der Kasse zurück-bekommen.",
    money_back: "Sie bekommen {sum} zurück. Wie, steht bei Ihrem Besuch.",
    nothing_to_pay: "Sie müssen nichts bezahlen.",
    nothing_charged: "Sie müssen nichts bezahlen. Kommt Ihr Geld doch noch? Dann bekommen Sie wieder Karten. Oder Sie bekommen das Geld zurück.",
    no_withdrawal: "Sie können den Besuch absagen, bis die Türen aufgehen. Dann bekommen Sie Ihr Geld zurück. Später geht das \
                    nicht mehr. So steht es im Gesetz: § 312g Abs. 2 Nr. 9 BGB.",
    foot: ["Diese Nachricht gehört zu Ihrem Besuch.", "30 Tage nach dem Besuch löschen wir Ihre Adresse."],
};
