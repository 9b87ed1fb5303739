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
    told(&house, &warning(Uuid::now_v7(), WarningKind::Storm, WarningSeverity::Severe, 120)).await;
    turn_until(&house, "its time is over, and another warning holds", async || {
        house.clock.set(minutes(61).max(house.clock.now()));
        open(&house).await.first().is_some_and(|it| it.state() == MeasureState::Proposed)
    })
    .await;
    let second = open(&house).await.remove(0);
    assert_ne!(second.directive_id, stop.directive_id);

    // Turned down, it is not asked again.
    let end = pb::EndDirectiveRequest { directive_id: second.directive_id };
    DirectivesClient::new(house.channel(&desk())).end_directive(end).await.expect("turned down");
    correct(&house, "foyer", 97).await;
    turn_until(&house, "turns go on", async || !open(&house).await.is_empty()).await;
    assert!(open(&house).await.iter().all(|it| it.from_zone_id == "foyer"));
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
