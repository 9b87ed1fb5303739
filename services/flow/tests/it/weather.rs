//! A warning of thunder or storm closes the roof terrace, if staff say so.

use chrono::TimeDelta;
use kernel::{
    testing::House,
    values::{Text, timestamp},
};
use sky_proto::{
    flow::v1::{self as pb, DirectiveKind, MeasureState, directives_client::DirectivesClient},
    signage::v1::{MessageWithdrawn, WarningKind, WarningSeverity, WarningTaken},
};
use uuid::Uuid;

use crate::support::*;

fn warning(id: Uuid, kind: WarningKind, severity: WarningSeverity, until: i64) -> WarningTaken {
    WarningTaken {
        message_id: id.to_string(),
        kind: kind.into(),
        severity: severity.into(),
        text: Some(Text::new("Gewitter", "Thunderstorm").to_proto()),
        valid_until: Some(timestamp(minutes(until))),
    }
}

async fn told(house: &House, warning: &WarningTaken) {
    for _ in 0..2 {
        house.react("flow", "signage", &warning.message_id, warning).await.expect("heard");
    }
}

async fn open(house: &House) -> Vec<pb::Directive> {
    snapshot(house).await.directives
}

#[tokio::test]
async fn a_thunderstorm_proposes_to_close_the_terrace_and_staff_decide() {
    let house = house().await;
    let (mist, thunder) = (Uuid::now_v7(), Uuid::now_v7());
    told(&house, &warning(mist, WarningKind::Unspecified, WarningSeverity::Extreme, 60)).await;
    told(&house, &warning(mist, WarningKind::Storm, WarningSeverity::Minor, 60)).await;
    told(&house, &warning(thunder, WarningKind::Thunderstorm, WarningSeverity::Minor, 60)).await;
    turn_until(&house, "a proposal", async || !open(&house).await.is_empty()).await;
    let proposed = open(&house).await;
    assert_eq!(proposed.len(), 1, "once, and only for what is grave enough");
    let stop = &proposed[0];
    assert_eq!((stop.kind(), stop.state()), (DirectiveKind::StopAdmission, MeasureState::Proposed));
    assert_eq!((stop.from_zone_id.as_str(), stop.proposed_by.as_str()), ("terrace", "weather"));
    assert_eq!(stop.reason.clone().expect("why").de, "Gewitter");
    assert_eq!(stop.valid_until, Some(timestamp(minutes(60))), "as long as the warning");
    // An empty terrace takes its own proposals back, not this one.
    for _ in 0..3 {
        house.clock.advance(TimeDelta::seconds(3));
    }
    let confirm = pb::ConfirmDirectiveRequest { directive_id: stop.directive_id.clone() };
    let active = DirectivesClient::new(house.channel(&desk())).confirm_directive(confirm).await.expect("confirmed");
    assert_eq!(active.into_inner().state(), MeasureState::Active);
    // The warning is taken back: that the terrace is safe again, staff say.
    let over = MessageWithdrawn { message_id: thunder.to_string() };
    house.react("flow", "signage", &over.message_id, &over).await.expect("heard");
    house.clock.set(minutes(30));
    // Another one comes while it holds: the terrace stays closed, without anybody being asked.
    told(&house, &warning(Uuid::now_v7(), WarningKind::Storm, WarningSeverity::Severe, 120)).await;
    turn_until(&house, "as long as the other warning", async || {
        open(&house).await.iter().any(|it| it.valid_until == Some(timestamp(minutes(120))))
    })
    .await;
    house.clock.set(minutes(61));
    correct(&house, "foyer", 97).await;
    turn_until(&house, "turns go on", async || open(&house).await.len() > 1).await;
    let terrace: Vec<_> = open(&house).await.into_iter().filter(|it| it.from_zone_id == "terrace").collect();
    assert_eq!(terrace.len(), 1, "{terrace:?}");
    assert_eq!((&terrace[0].directive_id, terrace[0].state()), (&stop.directive_id, MeasureState::Active));

    // Ended by staff, it is not asked again.
    let end = pb::EndDirectiveRequest { directive_id: stop.directive_id.clone() };
    DirectivesClient::new(house.channel(&desk())).end_directive(end).await.expect("ended");
    correct(&house, "foyer", 0).await;
    turn_until(&house, "turns go on", async || open(&house).await.is_empty()).await;
}

/// A confirmed stop of the terrace, given for half an hour because it was full, or by staff themselves.
async fn stays_closed_while_it_thunders(house: &House, stop: &pb::Directive) {
    let terrace = async || -> Option<pb::Directive> {
        open(house).await.into_iter().find(|it| it.directive_id == stop.directive_id)
    };
    let began = house.clock.now();
    let until = timestamp(began + TimeDelta::minutes(90));
    assert!(stop.valid_until.expect("an end").seconds < until.seconds);
    let thunder = WarningTaken {
        valid_until: Some(until),
        ..warning(Uuid::now_v7(), WarningKind::Thunderstorm, WarningSeverity::Minor, 0)
    };
    told(house, &thunder).await;
    // The rain empties it.
    correct(house, "terrace", 0).await;
    turn_until(house, "as long as the warning", async || {
        terrace().await.is_some_and(|it| it.valid_until == Some(until))
    })
    .await;
    house.clock.set(began + TimeDelta::minutes(89));
    // The foyer's shows that turns are taken.
    correct(house, "foyer", 97).await;
    turn_until(house, "turns go on", async || open(house).await.iter().any(|it| it.from_zone_id == "foyer")).await;
    assert_eq!(terrace().await.map(|it| it.state()), Some(MeasureState::Active), "it thunders");
    correct(house, "foyer", 0).await;
    house.clock.set(began + TimeDelta::minutes(91));
    turn_until(house, "its time is over, and the thunder", async || open(house).await.is_empty()).await;
}

#[tokio::test]
async fn whatever_a_terrace_was_closed_for_it_does_not_open_in_a_thunderstorm() {
    let house = house().await;
    correct(&house, "terrace", 60).await;
    let full = async || open(&house).await.into_iter().find(|it| it.from_zone_id == "terrace");
    turn_until(&house, "the policy proposes", async || full().await.is_some()).await;
    let full = full().await.expect("proposed");
    assert_eq!(full.proposed_by, "policy");
    let confirm = pb::ConfirmDirectiveRequest { directive_id: full.directive_id.clone() };
    DirectivesClient::new(house.channel(&desk())).confirm_directive(confirm).await.expect("confirmed");
    stays_closed_while_it_thunders(&house, &full).await;

    let stop = pb::ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: "terrace".to_owned(),
        confirm: true,
        ..Default::default()
    };
    let own =
        DirectivesClient::new(house.channel(&desk())).propose_directive(stop).await.expect("stopped").into_inner();
    stays_closed_while_it_thunders(&house, &own).await;
}

#[tokio::test]
async fn a_full_terrace_that_staff_have_closed_does_not_open_because_a_warning_is_taken_back() {
    let house = house().await;
    correct(&house, "terrace", 60).await;
    let terrace = async || open(&house).await.into_iter().find(|it| it.from_zone_id == "terrace");
    turn_until(&house, "the policy proposes", async || terrace().await.is_some()).await;
    let full = terrace().await.expect("proposed");
    let mut desk = DirectivesClient::new(house.channel(&desk()));
    let confirm = pb::ConfirmDirectiveRequest { directive_id: full.directive_id.clone() };
    desk.confirm_directive(confirm).await.expect("confirmed");
    let thunder = Uuid::now_v7();
    told(&house, &warning(thunder, WarningKind::Thunderstorm, WarningSeverity::Minor, 120)).await;
    turn_until(&house, "it is held", async || {
        terrace().await.is_some_and(|it| it.valid_until == Some(timestamp(minutes(120))))
    })
    .await;
    // The rain empties it, and is over sooner than was said.
    correct(&house, "terrace", 0).await;
    let over = MessageWithdrawn { message_id: thunder.to_string() };
    house.react("flow", "signage", &over.message_id, &over).await.expect("heard");
    // The foyer's shows that turns are taken.
    correct(&house, "foyer", 97).await;
    turn_until(&house, "turns go on", async || open(&house).await.iter().any(|it| it.from_zone_id == "foyer")).await;
    assert_eq!(terrace().await.map(|it| it.state()), Some(MeasureState::Active), "whoever closed it opens it");
    desk.end_directive(pb::EndDirectiveRequest { directive_id: full.directive_id }).await.expect("ended");
    assert_eq!(terrace().await, None);
}

#[tokio::test]
async fn a_proposal_goes_with_its_warning() {
    let house = house().await;
    let id = Uuid::now_v7();
    told(&house, &warning(id, WarningKind::Storm, WarningSeverity::Moderate, 60)).await;
    turn_until(&house, "a proposal", async || !open(&house).await.is_empty()).await;
    let over = MessageWithdrawn { message_id: id.to_string() };
    for _ in 0..2 {
        house.react("flow", "signage", &over.message_id, &over).await.expect("heard");
    }
    turn_until(&house, "taken back", async || open(&house).await.is_empty()).await;
    // What other messages are taken back, and warnings that are over, change nothing.
    let stranger = MessageWithdrawn { message_id: Uuid::now_v7().to_string() };
    house.react("flow", "signage", &stranger.message_id, &stranger).await.expect("heard");
    told(&house, &warning(Uuid::now_v7(), WarningKind::Storm, WarningSeverity::Extreme, -1)).await;
    correct(&house, "foyer", 97).await;
    turn_until(&house, "turns go on", async || !open(&house).await.is_empty()).await;
    assert!(open(&house).await.iter().all(|it| it.from_zone_id == "foyer"));
}
