//! A letter as a mail: text and HTML alike, and the calendar file where there is one.

use askama::Template;
use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::calendar;
use crate::domain::notices::{
    Kind,
    letter::{Block, Letter, Material},
};

/// A mail, ready to be handed over.
pub(crate) struct Mail {
    pub(crate) to: Address,
    pub(crate) bytes: Vec<u8>,
    /// Its name where mails become files: the same however often it is written.
    pub(crate) file: String,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'l> {
    letter: &'l Letter,
}

#[derive(Template)]
#[template(path = "notice.txt", escape = "none")]
struct Plain<'l> {
    letter: &'l Letter,
}

/// The letter as HTML: no pictures, nothing from elsewhere, readable on a narrow screen.
pub(crate) fn html(letter: &Letter) -> askama::Result<String> {
    Html { letter }.render()
}

/// The letter as text.
pub(crate) fn text(letter: &Letter) -> askama::Result<String> {
    Plain { letter }.render()
}

/// The calendar file that goes with a kind of notice.
pub(crate) fn attachment(kind: Kind, material: &Material<'_>, now: DateTime<Utc>) -> Option<String> {
    match kind {
        Kind::Confirmed
        | Kind::DayBefore
        | Kind::Delayed
        | Kind::Earlier
        | Kind::Reseated
        | Kind::Rebooked
        | Kind::MealMoved
        | Kind::ParkingOff
        | Kind::Cancelled => Some(calendar::of(material, now)),
        Kind::NotCompleted
        | Kind::Reissued
        | Kind::Refunded
        | Kind::ParkingSuspended
        | Kind::ParkingRestored
        | Kind::ParkingLost
        | Kind::MealChanged
        | Kind::MealAsked
        | Kind::MealSettled
        | Kind::MealOff
        | Kind::AtRisk
        | Kind::RebookingOffered
        | Kind::WaitListed
        | Kind::PlacesOffered
        | Kind::WaitOver => None,
    }
}

/// The whole mail. An error says why there can be none, for staff.
pub(crate) fn mail(
    from: &Mailbox,
    to: &str,
    id: Uuid,
    kind: Kind,
    at: DateTime<Utc>,
    letter: &Letter,
    calendar: Option<&str>,
) -> Result<Mail, &'static str> {
    let to: Address = to.parse().map_err(|_| "no mail address")?;
    let not_made = |_: askama::Error| "could not be made";
    let both = MultiPart::alternative()
        .singlepart(SinglePart::plain(text(letter).map_err(not_made)?))
        .singlepart(SinglePart::html(html(letter).map_err(not_made)?));
    let body = match calendar {
        Some(calendar) => {
            let method = if kind == Kind::Cancelled { "CANCEL" } else { "PUBLISH" };
            let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={method}"));
            let kind = kind.map_err(|_| "could not be made")?;
            // An attachment and no alternative: as an alternative some programs show the file instead of the letter.
            let file = Attachment::new("visit.ics".to_owned()).body(calendar.to_owned(), kind);
            MultiPart::mixed().multipart(both).singlepart(file)
        }
        None => both,
    };
    let message = Message::builder()
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .date(at.into())
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(&letter.subject)
        // No out-of-office replies (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Content-Language"), letter.lang.to_owned()))
        .multipart(body)
        .map_err(|_| "could not be made")?;
    let file = format!("{}-{}-{id}.eml", at.format("%Y-%m-%dT%H%M"), kind.name());
    Ok(Mail { to, bytes: message.formatted(), file })
}

#[cfg(test)]
mod tests;
