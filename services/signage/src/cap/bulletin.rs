//! What goes out as CAP 1.2: evacuations, directives and incidents, warnings of our own. A public-address system, a web page
//! or another house reads it. What is to be said aloud is the instruction, in each language, and nothing else: an alert that
//! only takes another one back has none.

use std::io::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use kernel::values::Text;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::NAMESPACE;
use crate::domain::{
    Class, Evacuated, Evacuation, Measure, Message, Severity, Sort, cleared, exercise, please_note, safety, stay_out,
    wait_for_staff,
};

/// What goes out as an alert.
struct Bulletin {
    /// The same for all alerts about the same.
    id: String,
    /// When it was said: at first, then in other words or until another time. Each of them is an alert of its own.
    said: Vec<DateTime<Utc>>,
    /// When it was taken back.
    cancelled_at: Option<DateTime<Utc>>,
    /// None: until it is taken back.
    expires: Option<DateTime<Utc>>,
    category: &'static str,
    event: &'static str,
    urgency: &'static str,
    severity: &'static str,
    /// Nothing has happened: nobody may act on it.
    exercise: bool,
    /// For whom it is.
    area: Area,
    voices: Vec<Voice>,
}

/// A part of the house; the whole where all is empty.
#[derive(Default)]
struct Area {
    name: Text,
    /// What the value is, and the value: loudspeakers hang in zones, displays in groups.
    code: Option<(&'static str, String)>,
}

/// What some people hear.
struct Voice {
    /// Who; empty: everybody.
    audience: Text,
    /// What they shall do; empty: the instruction says it in words.
    response: &'static str,
    headline: Text,
    /// To be said aloud; empty: nothing is.
    instruction: Text,
}

impl Voice {
    /// To everybody, that something is over.
    fn over(headline: Text) -> Vec<Self> {
        vec![Self { audience: Text::default(), response: "AllClear", headline, instruction: Text::default() }]
    }

    fn to_all(response: &'static str, headline: Text, instruction: Text) -> Vec<Self> {
        vec![Self { audience: Text::default(), response, headline, instruction }]
    }
}

/// A message of ours as an alert; one that was withdrawn as the cancelling of it.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn write(message: &Message, house: &Issuer) -> std::io::Result<Vec<u8>> {
    let urgent = message.class >= Class::Safety;
    let headline = if urgent { safety() } else { please_note() };
    let over = message.withdrawn;
    let bulletin = Bulletin {
        id: message.message_id.to_string(),
        said: [&message.earlier[..], &[message.published_at]].concat(),
        cancelled_at: over.then(|| message.withdrawn_at.unwrap_or(message.published_at)),
        expires: Some(message.valid_until),
        category: if urgent { "Safety" } else { "Other" },
        event: if urgent { "Safety" } else { "Operations" },
        urgency: match urgent {
            _ if over => "Past",
            true => "Immediate",
            false => "Expected",
        },
        severity: match Severity::of(message.gravity) {
            Severity::Extreme => "Extreme",
            Severity::Severe => "Severe",
            Severity::Moderate => "Moderate",
            Severity::Unknown if urgent => "Severe",
            Severity::Minor | Severity::Unknown => "Minor",
        },
        exercise: false,
        area: Area { code: message.group.clone().map(|group| ("display-group", group)), ..Area::default() },
        voices: match over {
            true => Voice::over(headline),
            false => Voice::to_all(if urgent { "Execute" } else { "Monitor" }, headline, message.text.clone()),
        },
    };
    bulletin.write(house)
}

/// A directive or an incident as an alert, other words on it as the update of that, its end as the cancelling of it.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn write_measure(measure: &Measure, house: &Issuer) -> std::io::Result<Vec<u8>> {
    let over = !measure.holds;
    let (event, response) = match measure.sort {
        Sort::Redirect => ("Redirection", "Execute"),
        Sort::Stop => ("Admission stopped", "Avoid"),
        Sort::LostChild => ("Lost child", "Monitor"),
        Sort::Medical => ("Medical incident", "Avoid"),
        Sort::Fault => ("Technical fault", "Monitor"),
        Sort::Other => ("Operations", "Monitor"),
    };
    let (text, step_free) = (&measure.text, &measure.step_free_text);
    // The step-free way is said after it where it is another one, in each language in which anything is said.
    let whole = |language: &str, said: &str| match said {
        "" => String::new(),
        said => format!("{said} {}", of(step_free, language)),
    };
    let instruction = match step_free.de.is_empty() || step_free.de == text.de {
        true => text.clone(),
        false => {
            let [de, en, plain] = languages(text).map(|(language, said)| whole(language, said));
            Text { de, en, plain }
        }
    };
    let bulletin = Bulletin {
        id: measure.measure_id.to_string(),
        said: measure.earlier.iter().copied().chain(measure.told_at.filter(|_| !over)).collect(),
        cancelled_at: measure.ended_at.filter(|_| over),
        expires: measure.valid_until,
        category: if measure.sort == Sort::Medical { "Health" } else { "Safety" },
        event,
        urgency: if over { "Past" } else { "Immediate" },
        severity: "Minor",
        exercise: false,
        area: Area {
            name: measure.zone_name.clone(),
            code: (!measure.zone_id.is_empty()).then(|| ("zone", measure.zone_id.clone())),
        },
        voices: match over {
            true => Voice::over(please_note()),
            false => Voice::to_all(response, please_note(), instruction),
        },
    };
    bulletin.write(house)
}

/// An evacuation of the house as an alert without an end: to those in the house, then to those who are about to come in. One
/// that is over as the cancelling of it, with the all-clear.
///
/// # Errors
/// None that can happen: it is written into memory.
pub fn write_evacuation(evacuated: &Evacuated, house: &Issuer) -> std::io::Result<Vec<u8>> {
    let over = evacuated.ended_at.is_some();
    let named = |headline: Text| if evacuated.exercise { exercise(&headline) } else { headline };
    let voices = if over {
        Voice::to_all("AllClear", named(cleared()), wait_for_staff())
    } else {
        let Evacuation { headline, instruction } = house.evacuation.clone();
        let (stays, keep_out) = stay_out();
        let inside = Text::new("Menschen im Haus", "People in the building");
        let outside = Text::new("Menschen vor dem Haus", "People outside the building");
        vec![
            Voice { audience: inside, response: "Evacuate", headline: named(headline), instruction },
            Voice { audience: outside, response: "Avoid", headline: named(stays), instruction: keep_out },
        ]
    };
    let bulletin = Bulletin {
        id: evacuated.id.to_string(),
        said: vec![evacuated.began_at],
        cancelled_at: evacuated.ended_at,
        expires: None,
        category: "Safety",
        event: "Evacuation",
        urgency: if over { "Past" } else { "Immediate" },
        severity: if over { "Minor" } else { "Extreme" },
        exercise: evacuated.exercise,
        area: Area::default(),
        voices,
    };
    bulletin.write(house)
}

/// Who tells, and of where.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// What the house calls itself.
    pub place: Text,
    /// Who it is in an alert, as its file says; empty: after its name.
    pub sender: String,
    /// What everybody in the house reads, and hears, when it is cleared.
    pub evacuation: Evacuation,
}

impl Issuer {
    /// Who it is in an alert.
    #[must_use]
    pub fn sender(&self) -> String {
        if self.sender.is_empty() { named(&self.place) } else { self.sender.clone() }
    }
}

/// Who we are in an alert of our own, by the house's name: "Planetarium Halle (Saale)" is "planetarium-halle". CAP allows
/// no spaces, no commas.
fn named(place: &Text) -> String {
    let name = place.de.split('(').next().unwrap_or_default().to_lowercase();
    let name = name.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss");
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|it| !it.is_empty()).collect();
    if words.is_empty() { "house".to_owned() } else { words.join("-") }
}

/// The languages of an alert, and what a text is in each; where it says nothing in English or in plain German there is none.
fn languages(text: &Text) -> [(&'static str, &str); 3] {
    [("de-DE", text.de.as_str()), ("en-GB", text.en.as_str()), ("de-x-ls", text.plain.as_str())]
}

/// In this language, else in German.
fn of<'t>(text: &'t Text, language: &str) -> &'t str {
    let said = languages(text).into_iter().find(|(it, said)| *it == language && !said.is_empty());
    said.map_or(text.de.as_str(), |(_, said)| said)
}

impl Bulletin {
    /// With one info a language for each who is spoken to. Written again it is the same alert: its time is that of the act, not of
    /// the writing.
    fn write(&self, house: &Issuer) -> std::io::Result<Vec<u8>> {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, false).replace("+00:00", "-00:00");
        let field = |xml: &mut Writer<Vec<u8>>, name: &str, text: &str| match text {
            "" => Ok(()),
            text => xml.create_element(name).write_text_content(BytesText::new(text)).map(|_| ()),
        };
        let sender = house.sender();
        // The first alert has the id itself, each later one its time as well: a name is never used twice.
        let named = |(index, at): (usize, &DateTime<Utc>)| match index {
            0 => self.id.clone(),
            _ => format!("{}.{}", self.id, at.timestamp_millis()),
        };
        let names: Vec<String> = self.said.iter().enumerate().map(named).collect();
        let last = names.last().map_or(self.id.as_str(), String::as_str);
        let cancels = self.cancelled_at.is_some();
        let before = if cancels { names.len() } else { names.len().saturating_sub(1) };
        let references: Vec<String> = names
            .iter()
            .zip(&self.said)
            .take(before)
            .map(|(name, sent)| format!("{sender},{name},{}", time(*sent)))
            .collect();
        let sent = self.cancelled_at.or_else(|| self.said.last().copied()).map(time).unwrap_or_default();
        let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.create_element("alert").with_attribute(("xmlns", NAMESPACE)).write_inner_content(|xml| {
            let own = if cancels { format!("{last}-cancel") } else { last.to_owned() };
            field(xml, "identifier", &own)?;
            field(xml, "sender", &sender)?;
            field(xml, "sent", &sent)?;
            field(xml, "status", if self.exercise { "Exercise" } else { "Actual" })?;
            let kind = match cancels {
                true => "Cancel",
                false if before > 0 => "Update",
                false => "Alert",
            };
            field(xml, "msgType", kind)?;
            field(xml, "scope", "Public")?;
            field(xml, "references", &references.join(" "))?;
            for voice in &self.voices {
                // What has nothing to be said aloud says its headline to who reads.
                let says = if voice.instruction.de.is_empty() { &voice.headline } else { &voice.instruction };
                for (language, _) in languages(says).into_iter().filter(|(_, said)| !said.is_empty()) {
                    let aloud = if voice.instruction.de.is_empty() { "" } else { of(&voice.instruction, language) };
                    xml.create_element("info").write_inner_content(|xml| {
                        field(xml, "language", language)?;
                        field(xml, "category", self.category)?;
                        field(xml, "event", self.event)?;
                        field(xml, "responseType", voice.response)?;
                        field(xml, "urgency", self.urgency)?;
                        field(xml, "severity", self.severity)?;
                        field(xml, "certainty", "Observed")?;
                        field(xml, "audience", of(&voice.audience, language))?;
                        field(xml, "expires", &self.expires.map(time).unwrap_or_default())?;
                        field(xml, "headline", of(&voice.headline, language))?;
                        field(xml, "instruction", aloud)?;
                        self.area(xml, house, language)
                    })?;
                }
            }
            Ok(())
        })?;
        let mut bytes = xml.into_inner();
        bytes.write_all(b"\n")?;
        Ok(bytes)
    }

    fn area(&self, xml: &mut Writer<Vec<u8>>, house: &Issuer, language: &str) -> std::io::Result<()> {
        let (place, part) = (of(&house.place, language), of(&self.area.name, language));
        let whole = if part.is_empty() { place.to_owned() } else { format!("{place}: {part}") };
        let text = |xml: &mut Writer<Vec<u8>>, name: &str, words: &str| {
            xml.create_element(name).write_text_content(BytesText::new(words)).map(|_| ())
        };
        xml.create_element("area")
            .write_inner_content(|xml| {
                text(xml, "areaDesc", &whole)?;
                if let Some((name, value)) = &self.area.code {
                    xml.create_element("geocode").write_inner_content(|xml| {
                        text(xml, "valueName", name)?;
                        text(xml, "value", value)
                    })?;
                }
                Ok(())
            })
            .map(|_| ())
    }
}
