//! What a party says of its way, against the real house: it counts at once, for its visitor and for staff alike.

use chrono::TimeDelta;
use sky_proto::journey::v1::{self as pb, Risk, arrivals_client::ArrivalsClient};
use tonic::Code;
use uuid::Uuid;

use crate::{
    client,
    clock::{before, seen, turns},
    support::{Town, desk, guest, town},
};

async fn tell(
    town: &Town,
    caller: &kernel::Caller,
    visit: &str,
    minutes: Option<u32>,
) -> Result<pb::Visit, tonic::Status> {
    let request = pb::TellArrivalRequest { visit_id: visit.to_owned(), minutes };
    let mut arrivals = ArrivalsClient::new(town.house.channel(caller));
    arrivals.tell_arrival(request).await.map(tonic::Response::into_inner)
}

fn drive(visit: &pb::Visit) -> pb::Leg {
    let ahead = visit.clock.clone().expect("a clock").ahead;
    ahead.into_iter().filter_map(|it| it.leg).find(|leg| leg.kind == "drive").expect("a drive")
}

#[tokio::test]
async fn what_a_party_says_counts_at_once_until_it_was_wrong() {
    let town = town().await;
    let visit = town.paid().await;
    before(&town, &visit, 45);
    turns(&town, &visit, Risk::Unknown).await;
    let told = tell(&town, &guest("test"), &visit.visit_id, Some(20)).await.expect("told");
    let clock = told.clock.clone().expect("a clock");
    let leg = drive(&told);
    assert_eq!((leg.unknown, leg.uncertainty_seconds), (false, 300), "a quarter of twenty minutes");
    assert!((1190..=1200).contains(&leg.seconds), "{leg:?}");
    assert_eq!((clock.risk(), clock.whereabouts.as_str()), (Risk::InTime, "on_the_way"));
    let request = pb::ListMissingRequest { showing_id: visit.showing_id.clone() };
    let list = client!(town, &desk()).list_missing(request.clone()).await.expect("a list").into_inner();
    assert_eq!((list.parties[0].arrives_at, list.on_the_way), (clock.arrives_at, 2), "staff read the same");
    assert_eq!(list.parties[0].outlook(), pb::Outlook::InTime);

    // They are held up: at risk long before anybody would have missed them, and offered the next showing.
    let late = tell(&town, &guest("test"), &visit.visit_id, Some(60)).await.expect("told");
    assert_eq!(late.clock.as_ref().map(pb::VisitClock::risk), Some(Risk::AtRisk));
    assert!(late.revision > told.revision, "whoever watches hears of it");
    let events: Vec<pb::VisitAtRisk> = town.house.events("journey").await;
    assert_eq!(events.len(), 1);
    // Taken back: nobody knows.
    let back = tell(&town, &desk(), &visit.visit_id, None).await.expect("taken back");
    assert_eq!((drive(&back).unknown, back.clock.expect("a clock").arrives_at), (true, None));

    // Said, and nobody came: the word is worth nothing three minutes later.
    tell(&town, &desk(), &visit.visit_id, Some(1)).await.expect("told");
    town.house.clock.advance(TimeDelta::minutes(5));
    seen(&town, &visit, "unknown again", |now| now.clock.is_some() && drive(now).unknown).await;
}

#[tokio::test]
async fn a_way_that_cannot_be_and_a_visit_that_is_not_theirs_are_refused() {
    let town = town().await;
    let visit = town.paid().await;
    before(&town, &visit, 45);
    let code = |answer: Result<pb::Visit, tonic::Status>| answer.expect_err("refused").code();
    for minutes in [0, 241, u32::MAX] {
        assert_eq!(code(tell(&town, &guest("test"), &visit.visit_id, Some(minutes)).await), Code::InvalidArgument);
    }
    assert_eq!(code(tell(&town, &guest("test"), "x", Some(5)).await), Code::InvalidArgument);
    assert_eq!(code(tell(&town, &guest("somebody else"), &visit.visit_id, Some(5)).await), Code::PermissionDenied);
    assert_eq!(code(tell(&town, &desk(), &Uuid::new_v4().to_string(), Some(5)).await), Code::NotFound);
    let held = town.hold(&town.wish()).await.expect("held");
    assert_eq!(code(tell(&town, &guest("test"), &held.visit_id, Some(5)).await), Code::FailedPrecondition);
}
