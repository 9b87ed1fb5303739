//! The way to the mail server as it is in a house: TLS from the first byte or after STARTTLS, a password, an authority of
//! the town's own; and a server that is not there, not what it says, or does not know us. Nothing is lost, nothing sent
//! in the open, and each notice once.

use chrono::TimeDelta;
use kernel::testing::free_port;
use sky_proto::journey::v1 as pb;

use crate::{
    notices::{kept, mails, turn, wait_for},
    sink::{ACCOUNT, Line, Mood, Sink, tls_file},
    support::*,
};

struct Secret(std::path::PathBuf);

impl Secret {
    /// A file as secrets are mounted, with a line break at its end.
    fn of(password: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sky-password-{}", uuid::Uuid::new_v4()));
        std::fs::write(&path, format!("{password}\n")).expect("written");
        Self(path)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A town whose mail server is this one, with a password and with or without its authority.
async fn town_at(sink: &Sink, password: &str, is_trusted: bool) -> Town {
    let secret = Secret::of(password);
    let (file, authority) = (secret.0.display().to_string(), tls_file("authority.pem").display().to_string());
    let mut settings = vec![("user", ACCOUNT.0), ("password_file", &file)];
    if is_trusted {
        settings.push(("ca_file", &authority));
    }
    let security = if sink.line() == Line::Tls { "tls" } else { "starttls" };
    town_that_mails(sink.port(), security, &settings).await
}

/// Until somebody has come to the server so often.
async fn comes(town: &Town, sink: &Sink, times: usize) {
    for _ in 0..600 {
        if sink.greetings() >= times {
            return;
        }
        turn(town, 1).await;
    }
    panic!("nobody came {times} times, but {}", sink.greetings());
}

#[tokio::test]
async fn a_mail_goes_over_tls_with_a_password_either_way() {
    for line in [Line::Tls, Line::StartTls] {
        let sink = Sink::start_at(0, line);
        let town = town_at(&sink, ACCOUNT.1, true).await;
        let visit = town.booked().await;
        let mail = mails(&town, &sink, 1).await.remove(0);
        assert!(mail.contains("Guten Tag Caroline Herschel,"), "{line:?}: {mail}");
        assert_eq!(kept(&town, &visit).await, [("confirmed".to_owned(), "sent".to_owned(), 1)], "{line:?}");
    }
}

#[tokio::test]
async fn whoever_does_not_know_us_or_is_not_who_we_mean_gets_no_mail() {
    for (line, password, is_trusted) in [
        (Line::Tls, "a wrong one", true),
        (Line::StartTls, "a wrong one", true),
        (Line::Tls, ACCOUNT.1, false),
        (Line::StartTls, ACCOUNT.1, false),
    ] {
        let sink = Sink::start_at(0, line);
        let town = town_at(&sink, password, is_trusted).await;
        let visit = town.booked().await;
        comes(&town, &sink, 2).await;
        // It is the house's own trouble: no attempt is counted, and the notice goes out once somebody has mended it.
        assert_eq!(kept(&town, &visit).await, [("confirmed".to_owned(), "waiting".to_owned(), 0)], "{line:?}");
        assert_eq!((sink.offers(), sink.mails().len()), (0, 0), "{line:?}: no address is told to a stranger");
        turn(&town, 60).await;
        let desk = desk();
        let mut client = sky_proto::journey::v1::notices_client::NoticesClient::new(town.house.channel(&desk));
        let list = client.list_undelivered(pb::ListUndeliveredRequest {}).await.expect("listed").into_inner();
        assert_eq!(list.late, 1, "staff see that it waits");
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_in_the_open() {
    let sink = Sink::start();
    let town = town_that_mails(sink.port(), "starttls", &[]).await;
    let visit = town.booked().await;
    comes(&town, &sink, 2).await;
    assert_eq!(kept(&town, &visit).await, [("confirmed".to_owned(), "waiting".to_owned(), 0)]);
    assert_eq!((sink.offers(), sink.mails().len()), (0, 0));
}

#[tokio::test]
async fn a_server_that_is_away_for_hours_gets_each_notice_once() {
    let port = free_port();
    let town = town_that_mails(port, "none", &[]).await;
    let showing_id = town.programme.last().expect("a showing").showing_id.clone();
    let mut visits = Vec::new();
    for _ in 0..2 {
        let wish = pb::HoldVisitRequest { showing_id: showing_id.clone(), ..town.wish() };
        let held = town.hold(&wish).await.expect("held");
        let visit = town.confirm(&held, sky_proto::payments::v1::Method::AtDesk).await.expect("ordered");
        visits.push(town.wait_for(&visit, pb::VisitState::Confirmed).await);
    }
    // Not so long that the day before is told too.
    for _ in 0..22 {
        town.house.clock.advance(TimeDelta::minutes(12));
        turn(&town, 0).await;
    }
    let is = |state: &str, attempts| [("confirmed".to_owned(), state.to_owned(), attempts)];
    for visit in &visits {
        assert_eq!(kept(&town, visit).await, is("waiting", 0), "kept, not given up");
    }
    let sink = Sink::start_at(port, Line::Plain);
    mails(&town, &sink, 2).await;
    for visit in &visits {
        assert_eq!(kept(&town, visit).await, is("sent", 1));
    }
}

#[tokio::test]
async fn a_greylisted_mail_is_taken_later_and_a_refused_one_is_never_sent_again() {
    let sink = Sink::start_at(0, Line::StartTls);
    sink.is(Mood::PutsOff);
    let town = town_at(&sink, ACCOUNT.1, true).await;
    let visit = town.booked().await;
    for _ in 0..300 {
        if sink.offers() >= 2 {
            break;
        }
        turn(&town, 5).await;
    }
    sink.is(Mood::Takes);
    mails(&town, &sink, 1).await;
    let (_, state, attempts) = kept(&town, &visit).await.remove(0);
    assert!(state == "sent" && attempts >= 3, "{state} after {attempts}");

    sink.is(Mood::Refuses);
    let refused = town.booked().await;
    wait_for(&town, &refused, "failed").await;
    sink.is(Mood::Takes);
    let offers = sink.offers();
    for _ in 0..20 {
        turn(&town, 60).await;
    }
    assert_eq!(sink.offers(), offers, "nobody is asked about it again");
    assert_eq!(kept(&town, &refused).await, [("confirmed".to_owned(), "failed".to_owned(), 1)]);
}
