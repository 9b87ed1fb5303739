//! Reading and writing the values that every contract shares: ids, times, money, texts.
//! Each reader names the field in its error, so that the caller knows what to mend.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use prost_types::Timestamp;
use serde::{Deserialize, Serialize};
use sky_proto::kernel::v1 as pb;
use uuid::{ContextV7, Uuid};

use crate::error::{Code, Coded};

/// A request field that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidField {
    /// The field's name as in the proto.
    pub field: &'static str,
    /// What is wrong and what to send instead.
    pub problem: String,
}

impl Coded for InvalidField {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }
}

impl From<InvalidField> for tonic::Status {
    fn from(invalid: InvalidField) -> Self {
        crate::error::status(&invalid)
    }
}

/// An [`InvalidField`] with its words.
pub fn invalid(field: &'static str, problem: impl Into<String>) -> InvalidField {
    InvalidField { field, problem: problem.into() }
}

/// A UUID in its usual text form.
///
/// # Errors
/// When it is missing or malformed.
pub fn id(field: &'static str, text: &str) -> Result<Uuid, InvalidField> {
    if text.is_empty() {
        return Err(invalid(field, "is missing; send a UUID"));
    }
    Uuid::try_parse(text).map_err(|_| invalid(field, "is not a UUID"))
}

/// A new id, in the order of time: by the house's clock, and of one process' in the order in which they were given.
#[must_use]
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let seconds = now.timestamp().max(0).unsigned_abs();
    Uuid::new_v7(uuid::Timestamp::from_unix(&ORDER, seconds, now.timestamp_subsec_nanos()))
}

/// A short name such as a zone or lane id: 1 to 64 of `a-z A-Z 0-9 _ -`.
///
/// # Errors
/// When it is missing, too long, or has another character.
pub fn slug<'a>(field: &'static str, text: &'a str) -> Result<&'a str, InvalidField> {
    let ok = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if ok { Ok(text) } else { Err(invalid(field, "must be 1 to 64 letters, digits, '-' or '_'")) }
}

/// A text for people of at most `most` characters, trimmed, without control characters; may be empty.
///
/// # Errors
/// When it is too long or has control characters.
pub fn text(field: &'static str, text: &str, most: usize) -> Result<String, InvalidField> {
    let trimmed = text.trim();
    if trimmed.chars().count() > most {
        return Err(invalid(field, format!("is longer than {most} characters")));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(invalid(field, "has control characters"));
    }
    Ok(trimmed.to_owned())
}

/// Which of the pictures that every browser shows these bytes are, by their content: PNG, JPEG or WebP, as in a
/// Content-Type. No SVG: it could carry scripts.
#[must_use]
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    let has = |at: usize, mark: &[u8]| bytes.get(at..at + mark.len()) == Some(mark);
    if has(0, b"\x89PNG\r\n\x1a\n") && has(12, b"IHDR") {
        Some("image/png")
    } else if has(0, b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if has(0, b"RIFF") && has(8, b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

/// An instant that must be there and in years 2000 to 2200.
///
/// # Errors
/// When it is missing or out of range.
pub fn time(field: &'static str, at: Option<Timestamp>) -> Result<DateTime<Utc>, InvalidField> {
    let at = at.ok_or_else(|| invalid(field, "is missing; send a timestamp"))?;
    let time = u32::try_from(at.nanos).ok().and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos));
    match time {
        Some(time) if (946_684_800..7_258_118_400).contains(&time.timestamp()) => Ok(time),
        _ => Err(invalid(field, "is not a time between the years 2000 and 2200")),
    }
}

/// An instant for the wire.
#[must_use]
pub fn timestamp(at: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0) }
}

/// A timestamp that our own services wrote: a missing or absurd one reads as 1970.
#[must_use]
pub fn from_timestamp(at: Option<Timestamp>) -> DateTime<Utc> {
    at.and_then(|at| DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)).unwrap_or_default()
}

/// An enum value that must be known and not UNSPECIFIED.
///
/// # Errors
/// When it is 0 or unknown.
pub fn choice<E: TryFrom<i32>>(field: &'static str, value: i32) -> Result<E, InvalidField> {
    if value == 0 {
        return Err(invalid(field, "is missing"));
    }
    E::try_from(value).map_err(|_| invalid(field, "has a value that is not known"))
}

/// Euro cents.
#[must_use]
pub fn euro(cents: i64) -> pb::Money {
    pb::Money { cents, currency: "EUR".to_owned() }
}

/// A text in the languages of the house, as stored (jsonb) and as read from the house file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// German.
    pub de: String,
    /// English; empty means: show German.
    #[serde(default)]
    pub en: String,
    /// Leichte Sprache; empty means: show German.
    #[serde(default)]
    pub plain: String,
}

impl Text {
    /// German and English.
    pub fn new(de: impl Into<String>, en: impl Into<String>) -> Self {
        Self { de: de.into(), en: en.into(), plain: String::new() }
    }

    /// The same, with what it says in Leichte Sprache.
    #[must_use]
    pub fn plainly(self, plain: impl Into<String>) -> Self {
        Self { plain: plain.into(), ..self }
    }

    /// For the wire.
    #[must_use]
    pub fn to_proto(&self) -> pb::LocalizedText {
        pb::LocalizedText { de: self.de.clone(), en: self.en.clone(), plain: self.plain.clone() }
    }

    /// From our own services; missing reads as empty.
    #[must_use]
    pub fn from_proto(text: Option<pb::LocalizedText>) -> Self {
        text.map(|text| Self { de: text.de, en: text.en, plain: text.plain }).unwrap_or_default()
    }

    /// From a caller: each language at most `most` characters; German must be there if `required`.
    ///
    /// # Errors
    /// When a text is too long, or German is missing.
    pub fn checked(
        field: &'static str,
        text_: Option<pb::LocalizedText>,
        most: usize,
        required: bool,
    ) -> Result<Self, InvalidField> {
        let given = text_.unwrap_or_default();
        let checked = Self {
            de: text(field, &given.de, most)?,
            en: text(field, &given.en, most)?,
            plain: text(field, &given.plain, most)?,
        };
        if required && checked.de.is_empty() {
            return Err(invalid(field, "needs a German text"));
        }
        Ok(checked)
    }
}

/// Kitchen and car park count in quarters of an hour.
pub const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// The beginning of the quarter of an hour that an instant is in.
#[must_use]
pub fn quarter(at: DateTime<Utc>) -> DateTime<Utc> {
    let into = at.timestamp().rem_euclid(QUARTER.num_seconds());
    DateTime::from_timestamp(at.timestamp() - into, 0).unwrap_or(at)
}

/// The day in Halle.
#[must_use]
pub fn day_of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Berlin).date_naive()
}

/// The first instant of a day in Halle. Midnight is never skipped there.
#[must_use]
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    midnight.and_local_timezone(Berlin).earliest().map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

/// The end of a hold: in the future, and not further than `longest` from now.
///
/// # Errors
/// When it is missing, past or too far ahead.
pub fn hold_end(at: Option<Timestamp>, longest: TimeDelta, now: DateTime<Utc>) -> Result<DateTime<Utc>, InvalidField> {
    let at = time("expires_at", at)?;
    if at <= now {
        return Err(invalid("expires_at", "is in the past"));
    }
    if at > now + longest {
        let most = longest.num_minutes();
        return Err(invalid("expires_at", format!("is too far ahead; hold for less than {most} minutes")));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_survives_the_wire() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).expect("in range");
        assert_eq!(time("at", Some(timestamp(at))), Ok(at));
    }

    #[test]
    fn new_ids_have_the_time_of_the_house_and_its_order() {
        let now = DateTime::from_timestamp_millis(1_800_000_000_123).expect("in range");
        let ids: Vec<Uuid> = (0..1000).map(|_| new_id(now)).collect();
        assert!(ids.is_sorted() && ids[0] != ids[1]);
        let at = ids[0].get_timestamp().expect("of time").to_unix();
        assert_eq!(i64::try_from(at.0).expect("small"), now.timestamp());
    }

    #[test]
    fn wrong_values_name_their_field() {
        assert_eq!(id("visit_id", "").expect_err("empty").field, "visit_id");
        assert_eq!(id("visit_id", "abc").expect_err("malformed").field, "visit_id");
        assert!(slug("zone", "a b").is_err());
        assert!(text("reason", "a\u{7}b", 10).is_err());
        assert!(text("reason", "éééé", 3).is_err());
        assert!(time("at", None).is_err());
        assert!(time("at", Some(Timestamp { seconds: i64::MAX, nanos: 0 })).is_err());
        assert!(time("at", Some(Timestamp { seconds: 1_800_000_000, nanos: -1 })).is_err());
    }
}
