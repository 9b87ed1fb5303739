//! When all displays have acknowledged: each that is to show it, and not only as many as that.

use chrono::TimeDelta;
use kernel::{
    testing::{House, producer},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{self as pb, DirectiveKind, MeasureState, directives_client::DirectivesClient},
    signage::v1::{DisplayAcknowledged, DisplaysConcerned},
};
use uuid::Uuid;

use crate::support::*;

/// A display says that it shows this.
pub async fn shown(house: &House, about: &str, revision: u64, display: &str) {
    let answer = DisplayAcknowledged {
        about_id: about.to_owned(),
        about_revision: revision,
        display_id: display.to_owned(),
        rendered_at: Some(timestamp(house.clock.now())),
    };
    house.react("flow", "signage", about, &answer).await.expect("heard");
}

/// These displays, and no others, are to show this.
pub async fn concerned(house: &House, about: &str, revision: u64, displays: &[&str]) {
    let told = DisplaysConcerned {
        about_id: about.to_owned(),
        about_revision: revision,
        display_ids: displays.iter().map(ToString::to_string).collect(),
    };
    house.react("flow", "signage", about, &told).await.expect("heard");
}

async fn stop(house: &House, zone: &str) -> pb::Directive {
    let stop = pb::ProposeDirectiveRequest {
        idempotency_key: Uuid::now_v7().to_string(),
        kind: DirectiveKind::StopAdmission.into(),
        from_zone_id: zone.to_owned(),
        confirm: true,
        ..Default::default()
    };
    DirectivesClient::new(house.channel(&desk())).propose_directive(stop).await.expect("stopped").into_inner()
}

async fn is(house: &House) -> (MeasureState, Vec<String>, u32) {
    let directive = snapshot(house).await.directives.remove(0);
    let by = directive.acknowledgements.iter().map(|it| it.display_id.clone()).collect();
    (directive.state(), by, directive.displays_concerned)
}

#[tokio::test]
async fn the_answer_of_a_display_that_fell_silent_does_not_stand_for_another_one_s() {
    let house = house().await;
    let stop = stop(&house, "cafe").await;
    let (id, revision) = (stop.directive_id.as_str(), stop.revision);
    concerned(&house, id, revision, &["cafe-1", "foyer-1", "way-ground"]).await;
    shown(&house, id, revision, "cafe-1").await;
    // It dies; two are left, and one of them answers: two answers, but not of these two.
    concerned(&house, id, revision, &["foyer-1", "way-ground"]).await;
    shown(&house, id, revision, "foyer-1").await;
    assert_eq!(is(&house).await, (MeasureState::Active, vec!["foyer-1".to_owned()], 2), "way-ground is missing");
    shown(&house, id, revision, "way-ground").await;
    assert_eq!(is(&house).await.0, MeasureState::AckedByDisplays);
    // It comes back, has said so before, and counts again.
    concerned(&house, id, revision, &["cafe-1", "foyer-1", "way-ground"]).await;
    assert_eq!((is(&house).await.0, is(&house).await.2), (MeasureState::AckedByDisplays, 3));
    // One that was switched on since has not.
    concerned(&house, id, revision, &["cafe-1", "foyer-1", "upper-1", "way-ground"]).await;
    assert_eq!(is(&house).await.0, MeasureState::Active);
    // It falls silent without a word: all others have answered.
    concerned(&house, id, revision, &["cafe-1", "foyer-1", "way-ground"]).await;
    assert_eq!(is(&house).await.0, MeasureState::AckedByDisplays);
    // No display can show it: nobody has.
    concerned(&house, id, revision, &[]).await;
    assert_eq!(is(&house).await, (MeasureState::Active, Vec::new(), 0));
}

#[tokio::test]
async fn what_is_told_late_or_of_an_older_revision_changes_nothing() {
    let house = house().await;
    let stop = stop(&house, "cafe").await;
    let (id, revision) = (stop.directive_id.as_str(), stop.revision);
    // The answer before the question.
    shown(&house, id, revision, "cafe-1").await;
    assert_eq!(is(&house).await.0, MeasureState::Active, "whom it concerns is not known yet");
    concerned(&house, id, revision, &["cafe-1"]).await;
    concerned(&house, id, revision - 1, &["cafe-1", "foyer-1"]).await;
    assert_eq!(is(&house).await.0, MeasureState::AckedByDisplays);
    let end = pb::EndDirectiveRequest { directive_id: id.to_owned() };
    DirectivesClient::new(house.channel(&desk())).end_directive(end).await.expect("ended");
    concerned(&house, id, revision + 1, &[]).await;
    concerned(&house, &Uuid::now_v7().to_string(), 1, &["cafe-1"]).await;
    assert!(snapshot(&house).await.directives.is_empty(), "what is over is not woken");
}

/// In an evacuation every display answers within the same second.
#[tokio::test]
async fn all_displays_that_answer_at_once_are_heard() {
    let house = House::start(&[flow::SERVICE, producer("reservations"), producer("signage")]).await;
    load(&house, HOUSE_FILE).await.expect("house file loads");
    let stop = stop(&house, "cafe").await;
    let displays: Vec<String> = (0..200).map(|at| format!("wall-{at}")).collect();
    let names: Vec<&str> = displays.iter().map(String::as_str).collect();
    concerned(&house, &stop.directive_id, stop.revision, &names).await;
    for display in displays.iter().rev() {
        let answer = DisplayAcknowledged {
            about_id: stop.directive_id.clone(),
            about_revision: stop.revision,
            display_id: display.clone(),
            rendered_at: Some(timestamp(house.clock.now())),
        };
        house.emit("signage", &stop.directive_id, answer).await;
    }
    house.settle().await;
    let (state, by, _) = is(&house).await;
    assert_eq!((state, by.len()), (MeasureState::AckedByDisplays, 200));
}

#[tokio::test]
async fn what_displays_said_is_forgotten_long_after_it_is_over() {
    let house = house().await;
    let kept = async || -> (i64, i64, i64) {
        sqlx::query_as(
            "select (select count(*) from directive), (select count(*) from measure_ack),
                 (select count(*) from measure_concern)",
        )
        .fetch_one(house.pool("flow"))
        .await
        .expect("counted")
    };
    let (over, lasted) = (stop(&house, "cafe").await, stop(&house, "foyer").await);
    for directive in [&over, &lasted] {
        concerned(&house, &directive.directive_id, directive.revision, &["cafe-1"]).await;
        shown(&house, &directive.directive_id, directive.revision, "cafe-1").await;
    }
    let end = pb::EndDirectiveRequest { directive_id: over.directive_id };
    DirectivesClient::new(house.channel(&desk())).end_directive(end).await.expect("ended");
    // The other one ends by itself when its time is over, which is not noticed before then.
    house.clock.advance(TimeDelta::days(119));
    turn_until(&house, "the day is looked at", async || true).await;
    assert_eq!(kept().await, (2, 2, 2));
    // It is looked at every hour, and an hour may begin in the moment in which the clock is moved.
    let forgotten = async {
        while kept().await != (1, 1, 1) {
            house.clock.advance(TimeDelta::hours(1));
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), forgotten).await.expect("it is forgotten");
}
