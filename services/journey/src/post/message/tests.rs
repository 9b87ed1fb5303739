//! Mails as they travel: one set of headers, whatever is in the letter.

use super::*;
use crate::domain::{
    Contact, State,
    notices::{
        Facts,
        letter::{self, HouseWords},
    },
    samples::{at, showing, visit},
};

fn written(name: &str, title: &str, kind: Kind) -> String {
    let mut visit = visit(State::Confirmed);
    visit.contact = Contact { name: name.to_owned(), email: "caroline@slough.example".to_owned() };
    let (mut showing, house) = (showing(), HouseWords::default());
    showing.title = kernel::values::Text::new(title, title);
    let material = Material { visit: &visit, showing: &showing, house: &house, car_park: None, link: "https://h/v/x" };
    let letter = letter::compose(kind, &Facts::default(), &material);
    let calendar = attachment(kind, &material, at(0));
    let from = "Planetarium Halle <visit@planetarium.example>".parse().expect("an address");
    let mail = mail(&from, &visit.contact.email, Uuid::from_u128(9), kind, at(0), &letter, calendar.as_deref());
    String::from_utf8(mail.expect("made").bytes).expect("a mail is ASCII")
}

fn headers(mail: &str) -> Vec<&str> {
    mail.split("\r\n\r\n")
        .next()
        .expect("headers")
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .collect()
}

#[test]
fn a_mail_has_text_html_and_a_calendar_file() {
    let mail = written("Caroline Herschel", "Sterne", Kind::Confirmed);
    for part in [
        "Message-ID: <00000000-0000-0000-0000-000000000009@planetarium.example>",
        "To: caroline@slough.example",
        "Auto-Submitted: auto-generated",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "text/calendar; charset=utf-8; method=PUBLISH",
        "filename=\"visit.ics\"",
    ] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
    assert!(!headers(&mail).join("\n").contains("Caroline H"), "no name in the headers");
    assert!(written("C", "S", Kind::DayBefore).contains("text/calendar; charset=utf-8; method=PUBLISH"));
    assert!(!written("C", "S", Kind::Reissued).contains("text/calendar"));
}

#[test]
fn nothing_in_a_letter_becomes_a_header_or_a_part() {
    let honest = written("Caroline", "Sterne", Kind::Confirmed);
    let evil = written("Eve\r\nBcc: all@example.com\r\n\r\n<script>", "X\r\nSubject: sale\r\n--bound", Kind::Confirmed);
    let names = |mail: &str| {
        let lines = headers(mail).into_iter().map(|line| line.split(':').next().expect("a name").to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(names(&honest), names(&evil));
    let html = evil.split("<!doctype html>").nth(1).expect("an HTML part");
    assert!(html.contains("&#60;script&#62;") && !html.contains("<script>"), "{html}");
    let from = "a@house.example".parse().expect("an address");
    let letter = letter::Letter {
        lang: "de",
        subject: "s\r\nBcc: x".to_owned(),
        title: String::new(),
        blocks: Vec::new(),
        foot: Vec::new(),
    };
    let mail = |to: &str| mail(&from, to, Uuid::nil(), Kind::Confirmed, at(0), &letter, None);
    let made = String::from_utf8(mail("a@b.example").expect("made").bytes).expect("ASCII");
    assert!(!headers(&made).iter().any(|line| line.starts_with("Bcc")), "{made}");
    for to in
        ["a@b.example\r\nRCPT TO:<x@y.example>", "a@b.example>, <x@y.example", "a b@c.example", "", "a@b.example\n"]
    {
        assert!(mail(to).is_err(), "{to:?}");
    }
}
