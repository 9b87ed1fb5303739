//! What the displays say, in German, English and Leichte Sprache. Short: to be read from ten metres.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;

use super::{Alternative, Audience, Line, Quality, Showing, SiteState, Status};

fn say(de: impl Into<String>, en: impl Into<String>, plain: impl Into<String>) -> Text {
    Text { de: de.into(), en: en.into(), plain: plain.into() }
}

pub(super) fn next_showings() -> Text {
    say("Nächste Vorstellungen", "Next showings", "Das läuft als Nächstes")
}

/// Above what changes the day of those who are here.
#[must_use]
pub fn please_note() -> Text {
    say("Bitte beachten", "Please note", "Wichtig")
}

/// Above what they must act upon.
#[must_use]
pub fn safety() -> Text {
    say("Sicherheitshinweis", "Safety notice", "Wichtig für Ihre Sicherheit")
}

/// That it is a drill.
#[must_use]
pub fn exercise(headline: &Text) -> Text {
    let before = |word: &str, text: &str| if text.is_empty() { String::new() } else { format!("{word}: {text}") };
    say(before("Übung", &headline.de), before("Drill", &headline.en), before("Wir üben", &headline.plain))
}

/// For those who are not in the house: headline and what to do.
#[must_use]
pub fn stay_out() -> (Text, Text) {
    (
        say("Das Haus wird geräumt", "The building is being evacuated", "Alle müssen das Haus verlassen"),
        say(
            "Bitte betreten Sie das Haus nicht. Halten Sie Eingänge und Zufahrten frei.",
            "Please do not enter the building. Keep entrances and driveways clear.",
            "Bitte gehen Sie nicht in das Haus. Bitte machen Sie Platz vor den Türen.",
        ),
    )
}

/// The danger is over.
#[must_use]
pub fn cleared() -> Text {
    say("Entwarnung", "All clear", "Die Gefahr ist vorbei")
}

/// What to do then.
#[must_use]
pub fn wait_for_staff() -> Text {
    say(
        "Bitte warten Sie auf die Mitarbeitenden, bevor Sie das Haus betreten.",
        "Please wait for our staff before you enter the building.",
        "Bitte warten Sie. Wir holen Sie ab.",
    )
}

pub(super) fn admission_stopped() -> Text {
    say("Einlass angehalten", "Admission paused", "Bitte warten")
}

pub(super) fn please_wait() -> Text {
    say(
        "Bitte warten Sie einen Moment. Ihr Platz bleibt Ihnen.",
        "Please wait a moment. Your seat is kept.",
        "Bitte warten Sie. Ihr Platz ist sicher.",
    )
}

pub(super) fn crowded() -> Text {
    say("Es ist gerade sehr voll.", "It is very busy at the moment.", "Es sind gerade viele Menschen hier.")
}

pub(super) fn way() -> Text {
    say("Wegweiser", "Directions", "Hier geht es lang")
}

/// Of a way over a lift, where nobody says whether it works.
pub(super) fn lift_unheard(was_out: bool) -> Text {
    if was_out {
        return say(
            "Der Aufzug war zuletzt außer Betrieb. Ob er wieder fährt, ist nicht bekannt. Bitte fragen Sie uns.",
            "The lift was last reported out of order. Whether it works again is not known. Please ask us.",
            "Der Aufzug war kaputt. Fährt er wieder? Das wissen wir nicht. Bitte fragen Sie uns.",
        );
    }
    say(
        "Ob der Aufzug fährt, ist gerade nicht bekannt. Bitte fragen Sie uns.",
        "Whether the lift works is not known right now. Please ask us.",
        "Fährt der Aufzug? Das wissen wir gerade nicht. Bitte fragen Sie uns.",
    )
}

pub(super) fn zone_stop() -> Text {
    say("zurzeit voll – bitte warten", "full at the moment – please wait", "Hier ist es voll. Bitte warten.")
}

/// One after the other, in each language.
pub(super) fn both(first: Text, second: &Text) -> Text {
    if *second == Text::default() {
        return first;
    }
    let join = |first: &str, second: &str| format!("{first} · {second}");
    let easy = |text: &Text| if text.plain.is_empty() { text.de.clone() } else { text.plain.clone() };
    let has_easy = !first.plain.is_empty() || !second.plain.is_empty();
    Text {
        plain: if has_easy { join(&easy(&first), &easy(second)) } else { String::new() },
        de: join(&first.de, &second.de),
        en: join(&first.en, &second.en),
    }
}

pub(super) fn zone_busy() -> Text {
    say("fast voll", "nearly full", "fast voll")
}

/// The state of a showing; `late_until`: so long late guests are let in.
pub(super) fn status(status: Status, late_until: Option<DateTime<Utc>>) -> Text {
    match status {
        Status::Planned => say("Nächste Vorstellung", "Next showing", "Das läuft als Nächstes"),
        Status::DoorsOpen => say("Einlass", "Doors open", "Sie können hineingehen"),
        Status::LastCall => say("Letzter Aufruf", "Last call", "Bitte gehen Sie jetzt hinein"),
        Status::Running => {
            if let Some(until) = late_until {
                let at = until.with_timezone(&Berlin).format("%H:%M");
                let plain = format!("Die Vorstellung läuft schon. Sie können noch hinein: bis {at} Uhr.");
                return say(
                    format!("Läuft – Einlass noch bis {at} Uhr"),
                    format!("Running – late entry until {at}"),
                    plain,
                );
            }
            say("Läuft – kein Einlass mehr", "Running – no late entry", "Die Vorstellung läuft schon. Die Tür ist zu.")
        }
        Status::Delayed => say("Beginnt später", "Starts later", "Die Vorstellung beginnt später"),
        Status::Cancelled => say("Fällt aus", "Cancelled", "Die Vorstellung fällt aus"),
    }
}

/// What a line tells in figures and states, for pages that have no badges: places left, how good a count is, its age.
/// The state of a showing is in its second line.
#[must_use]
pub fn figures(line: &Line) -> Vec<Text> {
    let places = line.places_left.map(|left| match left {
        0 => say("ausverkauft", "sold out", "Es gibt keine Plätze mehr"),
        1 => say("1 Platz frei", "1 place left", "Es gibt noch 1 Platz"),
        _ => say(format!("{left} Plätze frei"), format!("{left} places left"), format!("Es gibt noch {left} Plätze")),
    });
    let quality = match line.quality {
        Some(Quality::Estimated) => Some(say("geschätzt", "estimated", "ungefähr")),
        Some(Quality::Degraded) => Some(say("ungenau", "not exact", "nicht genau")),
        Some(Quality::Live | Quality::Manual) | None => None,
    };
    let stand = line.stale.then(|| {
        let at = line.observed_at.with_timezone(&Berlin).format("%H:%M");
        say(format!("Stand {at}"), format!("as of {at}"), format!("Das war um {at} Uhr so"))
    });
    places.into_iter().chain(quality).chain(stand).collect()
}

/// The title as it may be shown: a closed party's could name people.
pub(super) fn title(showing: &Showing) -> Text {
    match showing.audience {
        Audience::Public | Audience::School => showing.title.clone(),
        Audience::Private => say("Geschlossene Gesellschaft", "Private event", "Nur für eingeladene Gäste"),
    }
}

/// The second line of a showing: its state, how late it is, and why.
pub(super) fn detail(showing: &Showing, now: Status, late_until: Option<DateTime<Utc>>) -> Text {
    let mut text = match now {
        Status::Planned | Status::Delayed => {
            let at = &showing.doors_clock;
            say(format!("Einlass ab {at} Uhr"), format!("Doors {at}"), format!("Tür auf: {at} Uhr"))
        }
        Status::DoorsOpen | Status::LastCall | Status::Running | Status::Cancelled => status(now, late_until),
    };
    let late = showing.late_minutes();
    if late > 0 && now != Status::Cancelled && now != Status::Running {
        add(
            &mut text,
            &say(format!("{late} Minuten später"), format!("{late} minutes late"), format!("{late} Minuten später")),
        );
    }
    if matches!(now, Status::Delayed | Status::Cancelled)
        && let Some(notice) = &showing.notice
    {
        add(&mut text, notice);
    }
    text
}

fn add(text: &mut Text, more: &Text) {
    if more.de.is_empty() {
        return;
    }
    let or_german = |other: &str| if other.is_empty() { more.de.clone() } else { other.to_owned() };
    text.de = format!("{} · {}", text.de, more.de);
    text.en = format!("{} · {}", text.en, or_german(&more.en));
    text.plain = format!("{} · {}", text.plain, or_german(&more.plain));
}

pub(super) fn parking() -> Text {
    say("Parkplatz", "Car park", "Parkplatz")
}

pub(super) fn parking_closed(state: SiteState) -> Text {
    match state {
        SiteState::Unreachable => {
            say("Parkplatz nicht erreichbar", "Car park cannot be reached", "Sie kommen nicht zum Parkplatz")
        }
        SiteState::Closed | SiteState::Open | SiteState::Unknown => {
            say("Parkplatz geschlossen", "Car park closed", "Der Parkplatz ist zu")
        }
    }
}

/// Weekdays from Monday on: short, in English, and in full for plain German.
const WEEKDAYS: [(&str, &str, &str); 7] = [
    ("Mo", "Mon", "Montag"),
    ("Di", "Tue", "Dienstag"),
    ("Mi", "Wed", "Mittwoch"),
    ("Do", "Thu", "Donnerstag"),
    ("Fr", "Fri", "Freitag"),
    ("Sa", "Sat", "Samstag"),
    ("So", "Sun", "Sonntag"),
];
/// From then on a weekday alone may be that of another week.
const WEEK: TimeDelta = TimeDelta::days(7);

/// The day of something, where it is another one than that of `now`; empty: it is the same. Its weekday and not "tomorrow":
/// a monitor without its line, which keeps what it has, is right after midnight too.
pub(super) fn day(at: DateTime<Utc>, now: DateTime<Utc>) -> Text {
    let (day, today) = (at.with_timezone(&Berlin).date_naive(), now.with_timezone(&Berlin).date_naive());
    if day == today {
        return Text::default();
    }
    let (de, en, plain) = WEEKDAYS[day.weekday() as usize];
    if (day - today).abs() < WEEK {
        return say(de, en, plain);
    }
    let date = day.format("%-d.%-m.");
    say(format!("{de} {date}"), format!("{en} {}", day.format("%-d %b")), format!("{plain}, {date}"))
}

/// The end of a closure, with its day if that is another one than that of the closure.
pub(super) fn closed_until(until: DateTime<Utc>, told_at: DateTime<Utc>) -> Text {
    let (until, told_at) = (until.with_timezone(&Berlin), told_at.with_timezone(&Berlin));
    let clock = until.format("%H:%M");
    if until.date_naive() == told_at.date_naive() {
        return say(
            format!("Gesperrt bis {clock} Uhr"),
            format!("Closed until {clock}"),
            format!("Bis {clock} Uhr können Sie hier nicht parken"),
        );
    }
    let day = until.format("%-d.%-m.");
    say(
        format!("Gesperrt bis {day}, {clock} Uhr"),
        format!("Closed until {}, {clock}", until.format("%-d %B")),
        format!("Bis {day}, {clock} Uhr können Sie hier nicht parken"),
    )
}

pub(super) fn parking_elsewhere() -> Text {
    say("Bitte parken Sie hier:", "Please park here:", "Hier können Sie parken:")
}

pub(super) fn alternative(place: &Alternative) -> (Text, Text) {
    let minutes = place.walk_minutes;
    (
        say(place.name.clone(), place.name.clone(), place.name.clone()),
        say(format!("{minutes} Min. Fußweg"), format!("{minutes} min walk"), format!("{minutes} Minuten zu Fuß")),
    )
}

pub(super) fn free_elsewhere(name: &str, free: u32) -> Text {
    say(
        format!("{name}: {free} Plätze frei"),
        format!("{name}: {free} spaces free"),
        format!("{name}: {free} freie Plätze"),
    )
}

pub(super) fn bays(class: &str) -> Text {
    match class {
        "standard" => say("Pkw", "Cars", "Autos"),
        "accessible" => say("Barrierefreie Plätze", "Accessible bays", "Plätze für Menschen mit Behinderung"),
        "family" => say("Familienplätze", "Family bays", "Plätze für Familien"),
        "coach" => say("Busse", "Coaches", "Busse"),
        "ev" => say("Ladeplätze", "Charging bays", "Plätze für Elektro-Autos"),
        other => say(other, other, other),
    }
}

/// Not known reads "unknown": never an old number, never zero.
pub(super) fn free(free: Option<u32>) -> Text {
    match free {
        Some(0) => say("besetzt", "full", "Hier ist alles voll"),
        Some(count) => say(format!("{count} frei"), format!("{count} free"), format!("{count} freie Plätze")),
        None => say("unbekannt", "unknown", "Wir wissen es gerade nicht"),
    }
}

pub(super) fn occupancy() -> Text {
    say("Freie Plätze", "Free bays", "Freie Plätze")
}

pub(super) fn collect() -> Text {
    say("Bitte abholen", "Ready to collect", "Ihr Essen ist fertig")
}

pub(super) fn cafe() -> Text {
    say("Café", "Café", "Café")
}

pub(super) fn number(number: u32) -> Text {
    say(number.to_string(), number.to_string(), number.to_string())
}

/// A number that has waited for long: by shape and word.
pub(super) fn recalled() -> Text {
    say("▲ Bitte jetzt abholen", "▲ Please collect now", "▲ Bitte jetzt holen")
}

pub(super) fn being_made(numbers: &[u32]) -> Text {
    let numbers = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    say(format!("In Arbeit: {numbers}"), format!("Being made: {numbers}"), format!("Wir kochen noch: {numbers}"))
}

pub(super) fn longer() -> Text {
    say("dauert etwas länger", "takes a little longer", "dauert länger")
}

pub(super) fn cafe_open() -> Text {
    say("Das Café ist geöffnet.", "The café is open.", "Das Café ist offen.")
}

pub(super) fn cafe_closed() -> Text {
    say("Das Café ist geschlossen.", "The café is closed.", "Das Café ist zu.")
}

pub(super) fn cafe_paused() -> Text {
    say("Das Café macht eine kurze Pause.", "The café is on a short break.", "Das Café macht Pause.")
}

pub(super) fn pause() -> Text {
    say("kurze Pause", "short break", "macht Pause")
}

pub(super) fn closed() -> Text {
    say("geschlossen", "closed", "zu")
}

pub(super) fn your_turn() -> Text {
    say("Diese Nummern sind dran", "Now serving these numbers", "Diese Nummern sind jetzt dran")
}

/// Of one number, where the headline says something else.
pub(super) fn is_up() -> Text {
    say("ist jetzt dran", "now being served", "ist jetzt dran")
}

pub(super) fn queue_number(number: u32) -> Text {
    say(format!("Nummer {number}"), format!("Number {number}"), format!("Nummer {number}"))
}

pub(super) fn today_here() -> Text {
    say("Heute in diesem Raum", "Today in this room", "Das ist heute in diesem Raum")
}

/// For staff: since when a display is silent.
pub(super) fn silent(since: DateTime<Utc>) -> Text {
    let at = since.with_timezone(&Berlin).format("%H:%M");
    Text::new(format!("antwortet nicht seit {at} Uhr"), format!("silent since {at}"))
}

pub(super) fn alarm() -> Text {
    Text::new(
        "zeigt den Weg hinaus: sein Alarmkontakt hat ausgelöst",
        "shows the way out: its alarm contact has closed",
    )
}

pub(super) fn faults(count: u32) -> Text {
    Text::new(format!("{count} Störung(en) gemeldet"), format!("{count} fault(s) reported"))
}

pub(super) fn skew(seconds: i64) -> Text {
    Text::new(format!("Uhr geht {seconds:+} s falsch"), format!("clock is off by {seconds:+} s"))
}

pub(super) fn behind() -> Text {
    Text::new("zeigt noch den alten Inhalt", "still shows the old content")
}
