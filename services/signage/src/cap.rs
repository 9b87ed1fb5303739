//! The Common Alerting Protocol 1.2, in and out, and the shape in which the German warning app gives it. Whatever
//! comes is bounded and checked; nothing in it is trusted.

mod bulletin;

use chrono::{DateTime, Utc};
use kernel::values::{InvalidField, invalid};
use quick_xml::{events::Event, name::ResolveResult, reader::NsReader};
use serde::Deserialize;

pub use bulletin::{Issuer, write, write_evacuation, write_measure};

use crate::domain::{Alert, AlertInfo, AlertStatus, AlertType, Severity, Urgency};

/// The media type of an alert.
pub const MEDIA_TYPE: &str = "application/cap+xml";
const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
/// The longest alert.
const LONGEST: usize = 256 << 10;
/// The longest list of the warning app.
const LONGEST_LIST: usize = 1 << 20;
const DEEPEST: usize = 10;
const INFOS: usize = 20;

/// An element with what is in it.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn get(&self, name: &str) -> &str {
        self.children.iter().find(|child| child.name == name).map_or("", |child| child.text.trim())
    }
}

fn wrong(problem: impl Into<String>) -> InvalidField {
    invalid("alert", problem)
}

/// Reads an alert.
///
/// # Errors
/// Too long, not XML, not CAP 1.2, or without what an alert must have; the sentence says which.
pub fn read(xml: &[u8]) -> Result<Alert, InvalidField> {
    if xml.len() > LONGEST {
        return Err(wrong("is longer than 256 kB"));
    }
    let xml = std::str::from_utf8(xml).map_err(|_| wrong("is not UTF-8"))?;
    let root = tree(xml.trim_start_matches('\u{feff}'))?;
    if root.name != "alert" {
        return Err(wrong("has no <alert> of CAP 1.2 as its root"));
    }
    let (identifier, sender) = (name(&root, "identifier")?, name(&root, "sender")?);
    let status = match root.get("status") {
        "Actual" => AlertStatus::Actual,
        "Exercise" | "System" | "Test" | "Draft" => AlertStatus::NotActual,
        _ => return Err(wrong("has no <status> that is known")),
    };
    let kind = match root.get("msgType") {
        "Alert" => AlertType::Alert,
        "Update" => AlertType::Update,
        "Cancel" => AlertType::Cancel,
        "Ack" | "Error" => AlertType::Other,
        _ => return Err(wrong("has no <msgType> that is known")),
    };
    // What is not for everybody is not for a display.
    if root.get("scope") != "Public" {
        return Err(wrong("is not public"));
    }
    let references = root.get("references").split_whitespace().filter_map(|reference| {
        let mut parts = reference.splitn(3, ',');
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    });
    let mut infos = Vec::new();
    for info in root.children.iter().filter(|child| child.name == "info").take(INFOS) {
        infos.push(AlertInfo {
            language: info.get("language").to_lowercase(),
            severity: severity(info.get("severity")),
            urgency: urgency(info.get("urgency")),
            event: clean(info.get("event")),
            headline: match info.get("headline") {
                "" => clean(info.get("event")),
                headline => clean(headline),
            },
            instruction: clean(info.get("instruction")),
            expires: match info.get("expires") {
                "" => None,
                text => Some(time("expires", text)?),
            },
        });
    }
    let sent = time("sent", root.get("sent"))?;
    Ok(Alert { identifier, sender, sent, status, kind, references: references.collect(), infos })
}

/// A good identifier or sender of an alert.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_letter =
        |letter: char| !letter.is_whitespace() && !letter.is_control() && !matches!(letter, ',' | '<' | '&');
    !text.is_empty() && text.len() <= 200 && text.chars().all(is_letter)
}

fn name(root: &Element, field: &str) -> Result<String, InvalidField> {
    let text = root.get(field);
    if is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(wrong(format!("has no good <{field}>: no spaces, commas, < or &")))
    }
}

fn time(field: &str, text: &str) -> Result<DateTime<Utc>, InvalidField> {
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| wrong(format!("has no good <{field}>")))?.to_utc();
    let good = (946_684_800..7_258_118_400).contains(&at.timestamp());
    if good { Ok(at) } else { Err(wrong(format!("has a <{field}> that is not between the years 2000 and 2200"))) }
}

fn urgency(text: &str) -> Urgency {
    match text {
        "Immediate" => Urgency::Immediate,
        "Expected" | "Future" | "Past" => Urgency::NotNow,
        _ => Urgency::Unknown,
    }
}

fn severity(text: &str) -> Severity {
    match text {
        "Extreme" => Severity::Extreme,
        "Severe" => Severity::Severe,
        "Moderate" => Severity::Moderate,
        "Minor" => Severity::Minor,
        _ => Severity::Unknown,
    }
}

/// Without control characters.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The document as a tree; elements of other namespaces are left out. No document type: it could define entities.
fn tree(xml: &str) -> Result<Element, InvalidField> {
    let broken = |error: quick_xml::Error| wrong(format!("is no well-formed XML: {error}"));
    let mut reader = NsReader::from_str(xml);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(broken)?;
        let ours = matches!(namespace, ResolveResult::Bound(namespace) if namespace.as_ref() == NAMESPACE);
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err(wrong("is nested too deeply"));
                }
                let name = if ours { start.local_name().as_ref().to_owned() } else { String::new() };
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(start) if ours => {
                let name = start.local_name().as_ref().to_owned();
                if let Some(parent) = open.last_mut() {
                    parent.children.push(Element { name, ..Element::default() });
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { break };
                let Some(parent) = open.last_mut() else { return Err(wrong("has an end without a beginning")) };
                parent.children.push(element);
            }
            Event::Text(text) => add(&mut open, &text.xml10_content()),
            Event::CData(text) => add(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let letter = match reference.resolve_char_ref().map_err(broken)? {
                    Some(letter) => letter,
                    None => match &*reference {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return Err(wrong("has an entity that is not known")),
                    },
                };
                add(&mut open, letter.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err(wrong("has a document type; CAP has none")),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if open.len() != 1 {
        return Err(wrong("ends in the middle"));
    }
    let mut document = open.pop().unwrap_or_default();
    document.children.pop().ok_or_else(|| wrong("is empty"))
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    payload: Payload,
    #[serde(default, rename = "i18nTitle")]
    title: std::collections::HashMap<String, String>,
    sent: String,
    #[serde(default)]
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default)]
    headline: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    severity: String,
    msg_type: String,
}

/// Reads a list of the warning app; each entry by itself, so that one bad record does not hide the others.
///
/// # Errors
/// When it is no list at all.
pub fn read_list(json: &[u8]) -> Result<Vec<Result<Alert, InvalidField>>, InvalidField> {
    if json.len() > LONGEST_LIST {
        return Err(invalid("list", "is longer than 1 MB"));
    }
    let entries: Vec<serde_json::Value> =
        serde_json::from_slice(json).map_err(|error| invalid("list", format!("is no JSON array: {error}")))?;
    Ok(entries.into_iter().map(entry).collect())
}

fn entry(value: serde_json::Value) -> Result<Alert, InvalidField> {
    let entry: Listed =
        serde_json::from_value(value).map_err(|error| invalid("list", format!("has a bad entry: {error}")))?;
    if entry.id.is_empty() || entry.id.len() > 200 || entry.payload.kind != "ALERT" {
        return Err(invalid("list", "has an entry that is no alert"));
    }
    let kind = match entry.payload.data.msg_type.as_str() {
        "Alert" => AlertType::Alert,
        "Update" => AlertType::Update,
        "Cancel" => AlertType::Cancel,
        _ => AlertType::Other,
    };
    let sender = entry.payload.data.provider;
    let expires = entry.expires.as_deref().map(|text| time("expires", text)).transpose()?;
    let info = |language: &str, headline: &str| AlertInfo {
        language: language.to_owned(),
        severity: severity(&entry.payload.data.severity),
        urgency: Urgency::Unknown,
        event: String::new(),
        headline: clean(headline),
        instruction: String::new(),
        expires,
    };
    let german = entry.title.get("de").unwrap_or(&entry.payload.data.headline);
    let mut infos = vec![info("de", german)];
    infos.extend(entry.title.get("en").filter(|title| !title.is_empty()).map(|title| info("en", title)));
    Ok(Alert {
        // The app updates and cancels an entry under its own id.
        references: vec![(sender.clone(), entry.id.clone())],
        identifier: entry.id,
        sender,
        sent: time("sent", &entry.sent)?,
        status: AlertStatus::Actual,
        kind,
        infos,
    })
}
