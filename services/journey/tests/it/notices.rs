//! Notices to visitors, through a real SMTP conversation with a server that the test controls: each is sent once,
//! whatever is replayed and wherever it breaks; none is lost.

mod car_park;
mod delays;

use std::time::Duration;

use chrono::TimeDelta;
use kernel::{
    Role,
    testing::staff,
    values::{Text, from_timestamp, timestamp},
};
use sky_proto::{
    journey::v1::{self as pb, VisitState},
    parking::v1::RightConfirmed,
    payments::v1::{Method, PaymentCompleted, PaymentRefunded},
    reservations::v1::{BookingConfirmed, ShowingCancelled},
};
use uuid::Uuid;

use crate::{
    client,
    sink::{Mood, Sink},
    support::*,
};

/// A macro, because the client's type cannot be named.
macro_rules! notices_client {
    ($town:expr, $caller:expr) => {
        sky_proto::journey::v1::notices_client::NoticesClient::new($town.house.channel($caller))
    };
}

/// Lets seconds pass until so many mails have come, and some more: none comes after them.
pub async fn mails(town: &Town, sink: &Sink, count: usize) -> Vec<String> {
    for _ in 0..600 {
        if sink.mails().len() >= count {
            break;
        }
        turn(town, 1).await;
    }
    for _ in 0..15 {
        turn(town, 10).await;
    }
    let mails = sink.mails();
    assert_eq!(mails.len(), count, "{mails:#?}");
    mails
}

pub async fn turn(town: &Town, seconds: i64) {
    town.house.clock.advance(TimeDelta::seconds(seconds));
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Kind, state and attempts of a visit's notices, the oldest first.
pub async fn kept(town: &Town, visit: &pb::Visit) -> Vec<(String, String, i32)> {
    sqlx::query_as("select kind, state, attempts from notice where visit_id = $1 order by made_at, id")
        .bind(id(visit))
        .fetch_all(town.house.pool("journey"))
        .await
        .expect("notices")
}

/// Until the only notice of a visit is in a state.
pub async fn wait_for(town: &Town, visit: &pb::Visit, state: &str) {
    for _ in 0..600 {
        if kept(town, visit).await.last().is_some_and(|(_, is, _)| is == state) {
            return;
        }
        turn(town, 1).await;
    }
    panic!("not {state}: {:?}", kept(town, visit).await);
}

pub fn line<'m>(mail: &'m str, start: &str) -> &'m str {
    mail.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {mail}"))
}

async fn delay(town: &Town, visit: &pb::Visit, minutes: i32) {
    let request = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: visit.showing_id.clone(),
        minutes,
        reason: Some(Text::new("Technik", "A technical check").to_proto()),
        shift_following: false,
        expected_starts_at: None,
    };
    client!(town, &staff(Role::Operator)).delay_showing(request).await.expect("delayed");
    town.house.settle().await;
}

/// Every event of a type that journey has heard of, once more.
pub async fn replay<M: prost::Message + prost::Name + Default>(town: &Town, producer: &str, about: &str) {
    for event in town.house.events::<M>(producer).await {
        town.react_twice(producer, about, &event).await;
    }
}

#[tokio::test]
async fn a_booking_is_confirmed_once_whatever_is_replayed() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    let mail = mails(&town, &sink, 1).await.remove(0);
    for part in ["Guten Tag Caroline Herschel,", "Straßenbahn", "§ 312g", "BEGIN:VCALENDAR", "Stellplatz"] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
    let subject = line(&mail, "Subject:");
    assert!(!subject.contains("Caroline") && !subject.contains(&visit.reference), "{subject}");

    // The link opens this visit; what is kept of it is a hash.
    let secret = mail.split("https://planetarium.example/v/").nth(1).expect("a link");
    let secret: String = secret.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let request = pb::ExchangeLinkRequest { secret };
    let opened = client!(town, &guest("elsewhere")).exchange_link(request).await.expect("opens").into_inner();
    assert_eq!(opened.visit_id, visit.visit_id);

    let about = &visit.visit_id;
    replay::<PaymentCompleted>(&town, "payments", about).await;
    replay::<BookingConfirmed>(&town, "reservations", about).await;
    replay::<RightConfirmed>(&town, "parking", about).await;
    mails(&town, &sink, 1).await;
}

#[tokio::test]
async fn a_cancelled_showing_is_told_with_the_money_that_comes_back() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let visit = town.paid().await;
    mails(&town, &sink, 1).await;
    let request = pb::CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: visit.showing_id.clone(),
        reason: Some(Text::new("Projektor ausgefallen", "Projector fault").to_proto()),
    };
    client!(town, &staff(Role::Operator)).cancel_showing(request).await.expect("cancelled");
    town.wait_for(&visit, VisitState::Refunded).await;
    let mails_ = mails(&town, &sink, 3).await;
    let cancelled = mails_.iter().find(|mail| mail.contains("METHOD:CANCEL")).expect("told");
    assert!(cancelled.contains("Projektor ausgefallen") && cancelled.contains("STATUS:CANCELLED"), "{cancelled}");
    assert!(cancelled.contains("zurück"), "{cancelled}");
    assert!(mails_.iter().any(|mail| mail.contains("Wir haben") && mail.contains("€ zurückgezahlt")), "{mails_:#?}");
    let event = ShowingCancelled { showing_id: visit.showing_id.clone(), reason: None };
    town.react_twice("reservations", &visit.showing_id, &event).await;
    replay::<PaymentRefunded>(&town, "payments", &visit.visit_id).await;
    mails(&town, &sink, 3).await;
}

#[tokio::test]
async fn who_asks_for_plain_german_is_written_to_in_it() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let held = town.held().await;
    let request =
        |language: &str| pb::SetLanguageRequest { visit_id: held.visit_id.clone(), language: language.to_owned() };
    let mut own = notices_client!(town, &guest("test"));
    let refused = own.set_language(request("fr")).await.expect_err("no language of ours");
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    let stranger = notices_client!(town, &guest("stranger")).set_language(request("en")).await.expect_err("not theirs");
    assert_eq!(stranger.code(), tonic::Code::PermissionDenied);
    own.set_language(request("de-x-ls")).await.expect("set");
    let visit = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    town.wait_for(&visit, VisitState::Confirmed).await;
    let mail = mails(&town, &sink, 1).await.remove(0);
    assert!(
        mail.contains("<html lang=\"de-x-ls\">") && mail.contains("Sie haben Karten für das Planetarium."),
        "{mail}"
    );
}

#[tokio::test]
async fn the_day_before_is_told_at_its_hour_and_once() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let tomorrow = town.programme.iter().find(|showing| from_timestamp(showing.starts_at) > minutes(20 * 60));
    let tomorrow = tomorrow.expect("a showing tomorrow").showing_id.clone();
    let held = town.hold(&pb::HoldVisitRequest { showing_id: tomorrow, ..town.wish() }).await.expect("held");
    let visit = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    town.wait_for(&visit, VisitState::Confirmed).await;
    mails(&town, &sink, 1).await;
    town.house.clock.set(minutes(5 * 60 - 2));
    mails(&town, &sink, 2).await;
    let told = sink.mails().remove(1);
    assert!(
        told.contains("Bis morgen") && told.contains("Unser Parkplatz ist nach heutigem Stand erreichbar"),
        "{told}"
    );
    assert!(told.contains("BEGIN:VCALENDAR") && told.contains("STATUS:CONFIRMED"), "{told}");
    // Whoever orders now is told everything at once.
    town.house.clock.advance(TimeDelta::minutes(30));
    let late = town.hold(&pb::HoldVisitRequest { showing_id: visit.showing_id.clone(), ..town.wish() }).await;
    let late = town.confirm(&late.expect("held"), Method::AtDesk).await.expect("ordered");
    town.wait_for(&late, VisitState::Confirmed).await;
    mails(&town, &sink, 3).await;
}

#[tokio::test]
async fn what_the_server_puts_off_is_tried_again_and_what_it_refuses_is_given_up() {
    let sink = Sink::start();
    sink.is(Mood::PutsOff);
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    for _ in 0..200 {
        if sink.offers() >= 2 {
            break;
        }
        turn(&town, 5).await;
    }
    assert!(sink.offers() >= 2 && sink.mails().is_empty());
    sink.is(Mood::Takes);
    mails(&town, &sink, 1).await;
    let (_, state, attempts) = kept(&town, &visit).await.remove(0);
    assert!(state == "sent" && attempts >= 3, "{state} after {attempts}");

    for mood in [Mood::Refuses, Mood::RefusesText] {
        sink.is(mood);
        let refused = town.booked().await;
        wait_for(&town, &refused, "failed").await;
        let failure: String = sqlx::query_scalar("select failure from notice where visit_id = $1")
            .bind(id(&refused))
            .fetch_one(town.house.pool("journey"))
            .await
            .expect("why");
        assert!(failure.starts_with('5') && failure.len() == 3, "a code and nobody's name: {failure}");
        // The post goes on with others.
        sink.is(Mood::Takes);
        let next = town.booked().await;
        wait_for(&town, &next, "sent").await;
    }
}

#[tokio::test]
async fn a_server_that_never_takes_it_is_given_up() {
    let sink = Sink::start();
    sink.is(Mood::PutsOff);
    let town = town_with_post(&sink).await;
    let showing_id = town.programme.last().expect("a showing").showing_id.clone();
    let held = town.hold(&pb::HoldVisitRequest { showing_id, ..town.wish() }).await.expect("held");
    let visit = town.confirm(&held, Method::AtDesk).await.expect("ordered");
    town.wait_for(&visit, VisitState::Confirmed).await;
    for _ in 0..400 {
        if kept(&town, &visit).await[0].1 == "failed" {
            break;
        }
        turn(&town, 300).await;
    }
    assert_eq!(kept(&town, &visit).await[0], ("confirmed".to_owned(), "failed".to_owned(), 8));
}

#[tokio::test]
async fn a_mail_that_was_handed_over_and_not_answered_is_not_sent_again_by_itself() {
    let sink = Sink::start();
    sink.is(Mood::HangsUp);
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    wait_for(&town, &visit, "unsure").await;
    sink.is(Mood::Takes);
    mails(&town, &sink, 1).await;
    assert_eq!(kept(&town, &visit).await[0].1, "unsure");
}

#[tokio::test]
async fn a_line_that_breaks_before_the_text_loses_nothing() {
    let sink = Sink::start();
    sink.is(Mood::HangsUpEarly);
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    for _ in 0..200 {
        if sink.offers() > 0 {
            break;
        }
        turn(&town, 1).await;
    }
    sink.is(Mood::Takes);
    mails(&town, &sink, 1).await;
    assert_eq!(kept(&town, &visit).await[0].1, "sent");
}

#[tokio::test]
async fn after_a_crash_in_the_middle_nothing_is_sent_twice() {
    let sink = Sink::start();
    sink.is(Mood::PutsOff);
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    wait_for(&town, &visit, "waiting").await;
    // As a process leaves it that dies between the claim and the server's answer.
    sqlx::query("update notice set state = 'sending', claimed_at = $1")
        .bind(kernel::clock::wall_now() - TimeDelta::minutes(6))
        .execute(town.house.pool("journey"))
        .await
        .expect("as after a crash");
    sink.is(Mood::Takes);
    wait_for(&town, &visit, "unsure").await;
    mails(&town, &sink, 0).await;
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_lost_until_the_contact_is_erased() {
    let town = town().await;
    let visit = town.booked().await;
    turn(&town, 60).await;
    assert_eq!(kept(&town, &visit).await, [("confirmed".to_owned(), "waiting".to_owned(), 0)]);
    // Without an address there is nothing to wait for.
    let held = town.hold_as(&desk(), &town.wish()).await.expect("held");
    let request = pb::ConfirmVisitRequest {
        visit_id: held.visit_id.clone(),
        method: Method::AtDesk.into(),
        contact: None,
        return_url: String::new(),
    };
    client!(town, &desk()).confirm_visit(request).await.expect("ordered");
    let held = town.wait_for(&held, VisitState::Confirmed).await;
    assert_eq!(kept(&town, &held).await, [("confirmed".to_owned(), "no_address".to_owned(), 0)]);
    // What they stood by is no news to them; that it begins later somebody must tell them, until it is over.
    let listed = async || {
        let list =
            notices_client!(town, &desk()).list_undelivered(pb::ListUndeliveredRequest {}).await.expect("listed");
        let notices = list.into_inner().notices;
        notices.into_iter().map(|it| (it.reference.clone(), it.kind.clone(), it.state())).collect::<Vec<_>>()
    };
    assert!(listed().await.is_empty());
    delay(&town, &held, 10).await;
    let news = (held.reference.clone(), "delayed".to_owned(), pb::NoticeState::NoAddress);
    assert_eq!(listed().await, [news]);
    // Moved back: they never heard of it, and know when it begins.
    delay(&town, &held, -10).await;
    assert!(listed().await.is_empty());
    delay(&town, &held, 15).await;
    let open = notices_client!(town, &desk()).list_undelivered(pb::ListUndeliveredRequest {}).await.expect("listed");
    let notice = open.into_inner().notices.remove(0);
    let tell = async |told| {
        let request = pb::SetToldRequest { notice_id: notice.notice_id.clone(), told };
        notices_client!(town, &desk()).set_told(request).await.expect("noted").into_inner().told_at
    };
    let told_at = tell(true).await;
    assert!(told_at.is_some());
    town.house.clock.advance(TimeDelta::minutes(5));
    assert_eq!(tell(true).await, told_at, "again changes nothing");
    assert_eq!(listed().await.len(), 1, "it can be taken back");
    assert_eq!(tell(false).await, None);
    tell(true).await;
    town.house.clock.advance(TimeDelta::minutes(11));
    assert!(listed().await.is_empty(), "somebody has told them");
    // Who was told the later time hears of the earlier one.
    delay(&town, &held, -15).await;
    assert_eq!(listed().await.len(), 1);
    // The contact goes, and with it all that its owner was told.
    town.house.clock.advance(TimeDelta::days(31));
    for _ in 0..200 {
        if kept(&town, &visit).await.is_empty() {
            return;
        }
        turn(&town, 3600).await;
    }
    panic!("{:?} is left", kept(&town, &visit).await);
}

#[tokio::test]
async fn staff_see_what_did_not_arrive_and_send_it_again() {
    let sink = Sink::start();
    sink.is(Mood::HangsUp);
    let town = town_with_post(&sink).await;
    let visit = town.booked().await;
    wait_for(&town, &visit, "unsure").await;
    sink.is(Mood::Takes);
    let list = notices_client!(town, &desk()).list_undelivered(pb::ListUndeliveredRequest {}).await;
    let list = list.expect("listed").into_inner();
    assert!(list.post_is_set_up && list.late == 0);
    let [notice] = list.notices.as_slice() else { panic!("{list:?}") };
    let nothing = pb::SetToldRequest { notice_id: Uuid::new_v4().to_string(), told: true };
    let refused = notices_client!(town, &desk()).set_told(nothing).await.expect_err("no such notice");
    assert_eq!(refused.code(), tonic::Code::NotFound);
    assert_eq!((notice.state(), notice.reference.as_str()), (pb::NoticeState::Unsure, visit.reference.as_str()));
    let again = pb::ResendNoticeRequest { notice_id: notice.notice_id.clone() };
    let mut client = notices_client!(town, &staff(Role::Operator));
    client.resend_notice(again.clone()).await.expect("again");
    let repeat = client.resend_notice(again).await.expect_err("it waits already");
    assert_eq!(repeat.code(), tonic::Code::FailedPrecondition);
    let told = pb::SetToldRequest { notice_id: notice.notice_id.clone(), told: true };
    assert_eq!(client.set_told(told).await.expect_err("it is on its way").code(), tonic::Code::FailedPrecondition);
    let both = mails(&town, &sink, 2).await;
    assert_eq!(line(&both[0], "Message-ID:"), line(&both[1], "Message-ID:"), "a mailbox sees that it is the same");
    let link = |mail: &str| line(mail, "https://planetarium.example/v/").to_owned();
    assert_eq!(link(&both[0]), link(&both[1]), "the first one's link stays good");
    wait_for(&town, &visit, "sent").await;
    let request = pb::ListNoticesRequest { visit_id: visit.visit_id.clone() };
    let of_visit = client.list_notices(request).await.expect("listed").into_inner();
    assert!(of_visit.has_address && of_visit.notices[0].state() == pb::NoticeState::Sent);

    for (id, code) in [("x", tonic::Code::InvalidArgument), (&*Uuid::new_v4().to_string(), tonic::Code::NotFound)] {
        let refused = client.resend_notice(pb::ResendNoticeRequest { notice_id: id.to_owned() }).await;
        assert_eq!(refused.expect_err("refused").code(), code);
        let refused = client.list_notices(pb::ListNoticesRequest { visit_id: id.to_owned() }).await;
        assert_eq!(refused.expect_err("refused").code(), code);
    }
}

#[tokio::test]
async fn every_kind_can_be_looked_at_and_a_visit_be_put_into_a_calendar() {
    let town = town().await;
    let mut client = notices_client!(town, &desk());
    for kind in [
        "confirmed",
        "not_completed",
        "day_before",
        "delayed",
        "reseated",
        "reissued",
        "cancelled",
        "refunded",
        "parking_suspended",
        "parking_restored",
        "parking_lost",
        "parking_off",
        "meal_moved",
        "meal_changed",
        "meal_asked",
        "meal_settled",
        "meal_off",
        "at_risk",
        "rebooking_offered",
        "rebooked",
    ] {
        for language in ["de", "de-x-ls", "en"] {
            let request = pb::PreviewNoticeRequest { kind: kind.to_owned(), language: language.to_owned() };
            let seen = client.preview_notice(request).await.expect("a preview").into_inner();
            assert!(
                seen.html.contains(&format!("<html lang=\"{language}\">")) && seen.text.contains("Erika"),
                "{kind}"
            );
            assert!(!seen.subject.is_empty());
        }
    }
    for (kind, language, field) in [("x", "de", "kind"), ("confirmed", "fr", "language")] {
        let request = pb::PreviewNoticeRequest { kind: kind.to_owned(), language: language.to_owned() };
        let refused = client.preview_notice(request).await.expect_err("refused");
        assert!(refused.code() == tonic::Code::InvalidArgument && refused.message().starts_with(field), "{refused:?}");
    }

    let visit = town.booked().await;
    let request = pb::GetCalendarRequest { visit_id: visit.visit_id.clone() };
    let mut own = notices_client!(town, &guest("test"));
    let file = own.get_calendar(request.clone()).await.expect("a file").into_inner().calendar;
    assert!(file.starts_with("BEGIN:VCALENDAR") && file.contains("STATUS:CONFIRMED"), "{file}");
    let stranger = notices_client!(town, &guest("stranger")).get_calendar(request).await.expect_err("not theirs");
    assert_eq!(stranger.code(), tonic::Code::PermissionDenied);
}
