//! Who is missing as the house tells it, what a delay would do, and that it does just that.

use chrono::TimeDelta;
use kernel::{
    Role,
    testing::staff,
    values::{Text, euro, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{AdmissionMoved, AdmissionState, ClockPolicyChanged, PartyAdmitted},
    journey::v1::{self as pb, Clash, Outlook},
    parking::v1::{Site, SiteChanged, VehicleEntered},
    payments::v1::PaymentSettled,
    reservations::v1 as reservations,
};
use tonic::Code;
use uuid::Uuid;

use crate::{
    client,
    support::{Town, desk, town},
};

async fn list(town: &Town, showing: &str) -> pb::ListMissingResponse {
    let request = pb::ListMissingRequest { showing_id: showing.to_owned() };
    client!(town, &desk()).list_missing(request).await.expect("a list").into_inner()
}

async fn preview(town: &Town, showing: &str, minutes: i32) -> Result<pb::PreviewDelayResponse, tonic::Status> {
    let request = pb::PreviewDelayRequest { showing_id: showing.to_owned(), minutes };
    client!(town, &staff(Role::Operator)).preview_delay(request).await.map(tonic::Response::into_inner)
}

/// Waits until a showing starts then: reservations tells it from memory, a moment later.
async fn starts_at(town: &Town, showing: &str, at: chrono::DateTime<chrono::Utc>) {
    let request = || reservations::GetShowingRequest { showing_id: showing.to_owned() };
    let mut client = reservations::reservations_client::ReservationsClient::new(town.house.channel(&desk()));
    let mut found = None;
    for _ in 0..1000 {
        found = client.get_showing(request()).await.expect("a showing").into_inner().starts_at;
        if found == Some(timestamp(at)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{showing} starts at {found:?}, not at {at}");
}

fn where_(list: &pb::ListMissingResponse) -> [u32; 4] {
    assert_eq!(
        list.in_foyer + list.in_car_park + list.on_the_way + list.unknown,
        list.booked - list.admitted,
        "everybody who is missing is somewhere"
    );
    [list.in_foyer, list.in_car_park, list.on_the_way, list.unknown]
}

#[tokio::test]
async fn missing_parties_are_where_they_were_seen() {
    let town = town().await;
    let (first, second) = (town.booked().await, town.booked().await);
    let showing = first.showing_id.clone();
    let opens = from_timestamp(first.starts_at) - TimeDelta::minutes(20);
    town.house.clock.set(opens);
    let before = list(&town, &showing).await;
    assert_eq!(where_(&before), [0, 0, 4, 0], "bays wait for both");
    assert!(before.parties.iter().all(|party| party.outlook() == Outlook::Unknown && party.seen_at.is_none()));

    let site = SiteChanged { site: Some(Site { walk_minutes: 4, ..Site::default() }) };
    town.react_twice("parking", "site", &site).await;
    let entered =
        VehicleEntered { visit_id: first.visit_id.clone(), lane: "in-1".to_owned(), at: Some(timestamp(opens)) };
    town.react_twice("parking", &first.visit_id, &entered).await;
    let nothing_due =
        PaymentSettled { visit_id: second.visit_id.clone(), amount: Some(euro(0)), ..PaymentSettled::default() };
    town.react_twice("payments", &second.visit_id, &nothing_due).await;
    assert_eq!(where_(&list(&town, &showing).await), [0, 2, 2, 0], "nobody has stood at the desk");
    let settled = PaymentSettled { visit_id: second.visit_id.clone(), ..PaymentSettled::default() };
    town.react_twice("payments", &second.visit_id, &settled).await;
    let seen = list(&town, &showing).await;
    assert_eq!(where_(&seen), [2, 2, 0, 0]);
    let [parked, nearby] = &seen.parties[..] else { panic!("two parties in {seen:?}") };
    assert_eq!(
        (parked.visit_id.as_str(), nearby.visit_id.as_str()),
        (first.visit_id.as_str(), second.visit_id.as_str())
    );
    // Three minutes to park, four to walk, two at the desk, nobody or two people before them, two to scan, one to sit.
    assert_eq!(parked.slack_seconds, 20 * 60 - (180 + 240 + 120 + 5 + 10 + 60));
    assert_eq!((nearby.slack_seconds, nearby.outlook()), (20 * 60 - 15 - 60, Outlook::InTime), "they have paid");

    let tickets = (0..2).map(|_| Uuid::new_v4().to_string()).collect();
    let admitted = PartyAdmitted {
        showing_id: showing.clone(),
        visit_id: second.visit_id.clone(),
        ticket_ids: tickets,
        lane: "dome-1".to_owned(),
        at: Some(timestamp(opens)),
        admitted_total: 2,
        booked_total: 4,
    };
    town.react_twice("flow", &showing, &admitted).await;
    town.house.clock.advance(TimeDelta::minutes(61));
    let later = list(&town, &showing).await;
    assert_eq!((later.admitted, where_(&later)), (2, [0, 2, 0, 0]));
    assert_eq!(later.parties[0].outlook(), Outlook::TooLate, "the doors closed long ago: {later:?}");
}

#[tokio::test]
async fn what_a_delay_would_do_is_what_it_does() {
    let town = town().await;
    let visit = town.booked().await;
    let showing = visit.showing_id.clone();
    let start = from_timestamp(visit.starts_at);
    let told = preview(&town, &showing, 55).await.expect("a preview");
    assert_eq!(told.starts_at, Some(timestamp(start + TimeDelta::minutes(55))));
    assert_eq!((told.visits_affected, told.bays_later), (1, 1));
    assert_eq!(told.in_time_then + told.close_then + told.unknown, 2, "nobody is too late");
    assert!(told.following.len() > 1, "55 minutes reach further than one gap: {told:?}");
    assert_eq!(told.following[0].clash(), Clash::Overlap);
    for (at, other) in told.following.iter().enumerate() {
        assert_eq!(other.minutes == 0, other.clash() == Clash::None, "{other:?}");
        assert!(other.minutes > 0 || at + 1 == told.following.len(), "the first untouched one is the last told of");
    }
    starts_at(&town, &showing, start).await;

    let request = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        minutes: 55,
        reason: Some(Text::new("Wir warten auf eine Klasse", "We wait for a class").to_proto()),
        shift_following: true,
        expected_starts_at: Some(timestamp(start)),
    };
    let mut operator = client!(town, &staff(Role::Operator));
    let done = operator.delay_showing(request.clone()).await.expect("delayed").into_inner();
    assert_eq!((done.starts_at, done.ends_at), (told.starts_at, told.ends_at));
    let promised: Vec<_> = told.following.iter().filter(|other| other.minutes > 0).collect();
    assert_eq!(done.following.len(), promised.len());
    for (moved, promised) in done.following.iter().zip(promised) {
        assert_eq!((&moved.showing_id, moved.minutes), (&promised.showing_id, promised.minutes));
        let then = from_timestamp(promised.starts_at) + TimeDelta::minutes(promised.minutes.into());
        assert_eq!(moved.starts_at, Some(timestamp(then)));
        starts_at(&town, &moved.showing_id, then).await;
    }
    assert_eq!(operator.delay_showing(request.clone()).await.expect("repeat").into_inner(), done);
    // The desk had looked at the same preview, and confirms a moment later.
    for shift_following in [true, false] {
        let second =
            pb::DelayShowingRequest { idempotency_key: Uuid::new_v4().to_string(), shift_following, ..request.clone() };
        let refused = operator.delay_showing(second).await.expect_err("it was moved meanwhile");
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    }
    town.house.settle().await;
    starts_at(&town, &showing, start + TimeDelta::minutes(55)).await;
    // Nothing is left to take up: the same again would move the next one as far as this one.
    let again = preview(&town, &showing, 5).await.expect("a preview");
    assert_eq!(again.following[0].minutes, 5);

    // All of it is taken back: whatever moved along comes back.
    let back = preview(&town, &showing, -55).await.expect("a preview");
    assert_eq!((back.starts_at, back.earlier_at_most), (Some(timestamp(start)), 55));
    assert!(back.in_time_then <= back.in_time_now, "nobody gains by it");
    let refused = preview(&town, &showing, -56).await.expect_err("before it was planned");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("cannot begin before"), "{refused}");
    let earlier = pb::DelayShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        minutes: -55,
        expected_starts_at: Some(timestamp(start + TimeDelta::minutes(55))),
        ..request
    };
    let undone = operator.delay_showing(earlier.clone()).await.expect("taken back").into_inner();
    assert_eq!(undone.starts_at, Some(timestamp(start)));
    let moved = |showings: &[pb::MovedShowing], sign: i32| -> Vec<(String, i32)> {
        showings.iter().map(|it| (it.showing_id.clone(), it.minutes * sign)).collect()
    };
    assert_eq!(moved(&undone.following, -1), moved(&done.following, 1));
    assert_eq!(operator.delay_showing(earlier).await.expect("repeat").into_inner(), undone);
    town.house.settle().await;
    starts_at(&town, &showing, start).await;
    for (promised, back) in told.following.iter().zip(&back.following) {
        assert_eq!(promised.minutes, -back.minutes, "as the page said");
        starts_at(&town, &promised.showing_id, from_timestamp(promised.starts_at)).await;
    }
}

#[tokio::test]
async fn a_preview_reckons_with_the_turnover_that_the_door_has_told() {
    let town = town().await;
    let visit = town.booked().await;
    for turnover_minutes in [25, 4] {
        let told = ClockPolicyChanged { egress_minutes: 6, turnover_minutes };
        town.react_twice("flow", "clock", &told).await;
        let preview = preview(&town, &visit.showing_id, 55).await.expect("a preview");
        assert_eq!(preview.turnover_minutes, 6 + turnover_minutes);
        // Between the end before it, as it was planned, and its own start: what is more than the turnover is taken up.
        let next = &preview.following[0];
        let planned = i64::from(next.gap_minutes) + 55;
        let taken_up = (planned - i64::from(6 + turnover_minutes)).max(0);
        assert_eq!(i64::from(next.minutes), (55 - taken_up).max(0), "{next:?}");
    }
}

#[tokio::test]
async fn a_delay_that_was_decided_is_carried_out_whoever_has_gone() {
    let town = town().await;
    let visit = town.booked().await;
    let next = preview(&town, &visit.showing_id, 55).await.expect("a preview").following.remove(0);
    let (start, next_start) = (from_timestamp(visit.starts_at), from_timestamp(next.starts_at));
    let steps = serde_json::json!([
        { "showing": visit.showing_id, "minutes": 55 },
        { "showing": next.showing_id, "minutes": next.minutes },
    ]);
    sqlx::query(
        "insert into delay_plan (idempotency_key, steps, reason, made_at) values ($1, $2, '{\"de\": \"\"}', $3)",
    )
    .bind(Uuid::new_v4())
    .bind(steps)
    .bind(town.house.clock.now())
    .execute(town.house.pool("journey"))
    .await
    .expect("a plan");
    // Not at once: whoever has decided it may still be at work.
    let mut open = 1;
    for _ in 0..1000 {
        town.house.clock.advance(TimeDelta::seconds(5));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        open = sqlx::query_scalar::<_, i64>("select count(*) from delay_plan where not done")
            .fetch_one(town.house.pool("journey"))
            .await
            .expect("counted");
        if open == 0 {
            break;
        }
    }
    assert_eq!(open, 0, "it is not carried out");
    starts_at(&town, &visit.showing_id, start + TimeDelta::minutes(55)).await;
    starts_at(&town, &next.showing_id, next_start + TimeDelta::minutes(next.minutes.into())).await;
}

#[tokio::test]
async fn a_preview_is_refused_with_a_word_on_why() {
    let town = town().await;
    let visit = town.booked().await;
    for minutes in [0, 241, -241] {
        let refused = preview(&town, &visit.showing_id, minutes).await.expect_err("no such delay");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("minutes"), "{refused}");
    }
    assert_eq!(preview(&town, "hall", 5).await.expect_err("no id").code(), Code::InvalidArgument);
    let nobody_s = Uuid::new_v4().to_string();
    assert_eq!(preview(&town, &nobody_s, 5).await.expect_err("unknown").code(), Code::NotFound);
    let running = AdmissionMoved {
        showing_id: visit.showing_id.clone(),
        state: AdmissionState::Running.into(),
        at: visit.starts_at,
        predicted_end_at: visit.ends_at,
    };
    town.react_twice("flow", &visit.showing_id, &running).await;
    let refused = preview(&town, &visit.showing_id, 5).await.expect_err("it runs");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("doors are closed"), "{refused}");
    for shift_following in [false, true] {
        let request = pb::DelayShowingRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: visit.showing_id.clone(),
            minutes: 5,
            shift_following,
            ..pb::DelayShowingRequest::default()
        };
        let refused = client!(town, &staff(Role::Operator)).delay_showing(request).await.expect_err("it runs");
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    }
}
