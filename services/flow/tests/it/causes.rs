//! Why people are sent elsewhere, as displays say it.

use chrono::TimeDelta;
use kernel::{testing::House, values::timestamp};
use sky_proto::flow::v1::{
    self as pb, DirectiveKind, IncidentKind, MeasureState, RedirectCause, directives_client::DirectivesClient,
};
use tonic::Code;

use crate::{
    directives::{at_once, directive, end, propose, report, report_of, wish},
    support::*,
};

#[tokio::test]
async fn displays_say_why_people_are_sent_elsewhere_for_as_long_as_it_is_so() {
    let house = house().await;
    let redirect = propose(&house, at_once(DirectiveKind::Redirect, "room-1", "foyer")).await.expect("holds");
    let said = async || directive(&house, &redirect.directive_id).await.text.expect("a text");
    let plainly = said().await;
    assert!(plainly.de.ends_with(": Foyer.") && !plainly.plain.contains("voll"), "no reason is made up: {plainly:?}");
    let stop = propose(&house, at_once(DirectiveKind::StopAdmission, "room-1", "")).await.expect("stopped");
    let why = said().await;
    assert!(why.de.contains("zurzeit kein Einlass") && why.en.contains("no admission"), "{why:?}");
    end(&house, &stop.directive_id).await.expect("ended");
    assert_eq!(said().await, plainly, "nor is one kept that is over");
    let fault = report(&house, &desk(), report_of(IncidentKind::TechnicalFault, "lift")).await.expect("a fault");
    assert!(said().await.en.contains("lift is out of order"), "{:?}", said().await);
    let over = pb::EndIncidentRequest { incident_id: fault.incident_id };
    DirectivesClient::new(house.channel(&desk())).end_incident(over).await.expect("it works");
    assert_eq!(said().await, plainly);
    correct(&house, "cafe", 60).await;
    let full = propose(&house, wish(DirectiveKind::Redirect, "cafe", "foyer")).await.expect("proposed");
    assert!(full.text.expect("a text").de.contains("ist voll"));
}

/// What displays say of a directive, in German.
async fn said(house: &House, id: &str) -> String {
    directive(house, id).await.text.expect("a text").de
}

#[tokio::test]
async fn a_stop_for_later_is_a_reason_from_its_beginning_to_its_end() {
    let house = house().await;
    let redirect = propose(&house, at_once(DirectiveKind::Redirect, "room-1", "foyer")).await.expect("holds");
    let said = async || said(&house, &redirect.directive_id).await;
    let begins = house.clock.now() + TimeDelta::minutes(10);
    let later = pb::ProposeDirectiveRequest {
        active_from: Some(timestamp(begins)),
        minutes: 5,
        ..at_once(DirectiveKind::StopAdmission, "room-1", "")
    };
    let stop = propose(&house, later).await.expect("confirmed for later");
    assert_eq!(stop.state(), MeasureState::Confirmed);
    assert!(!said().await.contains("kein Einlass"), "people are let in until then: {}", said().await);
    house.clock.set(begins);
    turn_until(&house, "it begins", async || said().await.contains("zurzeit kein Einlass")).await;
    assert_eq!(directive(&house, &stop.directive_id).await.state(), MeasureState::Active);
    house.clock.advance(TimeDelta::minutes(5));
    turn_until(&house, "it ends", async || !said().await.contains("kein Einlass")).await;
    let told = house.events::<pb::DirectiveChanged>("flow").await;
    let redirects =
        told.iter().filter_map(|it| it.directive.as_ref()).filter(|it| it.directive_id == redirect.directive_id);
    let revisions: Vec<u64> = redirects.map(|it| it.revision).collect();
    assert!(revisions.is_sorted() && revisions.len() == 3, "displays hear of each change: {revisions:?}");
}

#[tokio::test]
async fn what_ends_at_the_same_time_as_its_reason_stays_ended() {
    let house = house().await;
    // The stop is the newer one: its turn comes first.
    let short = |kind, to| pb::ProposeDirectiveRequest { minutes: 5, ..at_once(kind, "room-1", to) };
    let redirect = propose(&house, short(DirectiveKind::Redirect, "foyer")).await.expect("holds");
    let stop = propose(&house, short(DirectiveKind::StopAdmission, "")).await.expect("stopped");
    house.clock.advance(TimeDelta::minutes(5));
    let over = async |id: &str| directive(&house, id).await.state() == MeasureState::Ended;
    turn_until(&house, "both end", async || over(&redirect.directive_id).await && over(&stop.directive_id).await).await;
    let told = house.events::<pb::DirectiveChanged>("flow").await;
    let of_redirect =
        told.iter().filter_map(|it| it.directive.as_ref()).filter(|it| it.directive_id == redirect.directive_id);
    let revisions: Vec<u64> = of_redirect.map(|it| it.revision).collect();
    assert!(revisions.is_sorted_by(|a, b| a < b), "no revision is told twice: {revisions:?}");
}

#[tokio::test]
async fn a_zone_that_fills_up_or_empties_rewrites_why_people_are_sent_on() {
    let house = house().await;
    let redirect = propose(&house, at_once(DirectiveKind::Redirect, "cafe", "foyer")).await.expect("holds");
    let said = async || said(&house, &redirect.directive_id).await;
    assert!(!said().await.contains("voll"), "{}", said().await);
    correct(&house, "cafe", 60).await;
    turn_until(&house, "it says that it is full", async || said().await.contains("ist voll")).await;
    // Some go and others come: displays do not say something else each time.
    for count in [2, 60, 2] {
        correct(&house, "cafe", count).await;
        let soon = house.clock.now() + TimeDelta::seconds(20);
        turn_until(&house, "some turns pass", async || house.clock.now() >= soon).await;
        assert!(said().await.contains("ist voll"), "{}", said().await);
    }
    // What is not full does not make it longer.
    house.clock.advance(TimeDelta::minutes(2));
    correct(&house, "cafe", 42).await;
    house.clock.advance(TimeDelta::minutes(2));
    let soon = house.clock.now() + TimeDelta::seconds(30);
    turn_until(&house, "nor is that said for much longer than it is so", async || !said().await.contains("voll")).await;
    assert!(house.clock.now() < soon);
    let acts: Vec<String> = audit(&house, &redirect.directive_id).await.into_iter().map(|act| act.act).collect();
    assert_eq!(acts, ["rewrite_way", "rewrite_way", "propose_directive"]);
}

#[tokio::test]
async fn staff_say_why_and_that_is_said_whatever_the_house_knows() {
    let house = house().await;
    let cleaned = pb::ProposeDirectiveRequest {
        cause: RedirectCause::Cleaning.into(),
        ..at_once(DirectiveKind::Redirect, "cafe", "foyer")
    };
    let redirect = propose(&house, cleaned).await.expect("holds");
    assert_eq!(redirect.cause(), RedirectCause::Cleaning);
    correct(&house, "cafe", 60).await;
    let later = propose(&house, at_once(DirectiveKind::Redirect, "room-1", "foyer")).await.expect("holds");
    let stop = propose(&house, at_once(DirectiveKind::StopAdmission, "room-1", "")).await.expect("stopped");
    end(&house, &stop.directive_id).await.expect("ended");
    let text = directive(&house, &redirect.directive_id).await.text.expect("a text");
    assert!(text.de.contains("wird gerade gereinigt") && text.en.contains("being cleaned"), "{text:?}");
    assert!(text.plain.contains("sauber gemacht"), "{text:?}");
    assert_eq!(later.cause(), RedirectCause::Unspecified);
    for (request, why) in [
        (pb::ProposeDirectiveRequest { cause: 99, ..at_once(DirectiveKind::Redirect, "dome", "foyer") }, "not known"),
        (
            pb::ProposeDirectiveRequest {
                cause: RedirectCause::Full.into(),
                ..at_once(DirectiveKind::StopAdmission, "dome", "")
            },
            "for a redirect only",
        ),
    ] {
        let refused = propose(&house, request).await.expect_err("refused");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(why), "{}", refused.message());
    }
}
