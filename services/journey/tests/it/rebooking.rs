//! A visit that will not make it goes to another showing: with places all the time, once, wherever it stops on the way.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::staff,
    values::{day_of, from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::PartyAdmitted,
    journey::v1::{self as pb, Risk, VisitState, rebooking_client::RebookingClient},
    parking::v1::{RightRestored, RightSuspended, SiteState, Suspension},
    reservations::v1::{self as reservations, MoveBookingRequest, reservations_client::ReservationsClient},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    clock::{before, seen, turns},
    support::{Town, desk, guest, id, line, town},
};

async fn accept(town: &Town, caller: &Caller, request: &pb::AcceptRebookingRequest) -> Result<pb::Visit, Status> {
    let mut client = RebookingClient::new(town.house.channel(caller));
    client.accept_rebooking(request.clone()).await.map(tonic::Response::into_inner)
}

async fn options(town: &Town, caller: &Caller, visit: &pb::Visit) -> Result<Vec<pb::RebookingOption>, Status> {
    let request = pb::OfferRebookingRequest { visit_id: visit.visit_id.clone() };
    let mut client = RebookingClient::new(town.house.channel(caller));
    client.offer_rebooking(request).await.map(|answer| answer.into_inner().options)
}

fn to(visit: &pb::Visit, showing: &str) -> pb::AcceptRebookingRequest {
    pb::AcceptRebookingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: visit.visit_id.clone(),
        showing_id: showing.to_owned(),
    }
}

/// A visit at risk, with what it is offered.
async fn at_risk(town: &Town) -> pb::Visit {
    let visit = town.paid().await;
    before(town, &visit, 9);
    turns(town, &visit, Risk::AtRisk).await;
    seen(town, &visit, "offered anything", |now| now.offer.is_some()).await
}

/// The showings in which a visit has places.
async fn places(town: &Town, visit: &pb::Visit) -> Vec<(String, i64)> {
    sqlx::query_as("select showing_id::text, count(*) from seat_claim where visit_id = $1 group by 1 order by 1")
        .bind(id(visit))
        .fetch_all(town.house.pool("reservations"))
        .await
        .expect("claims")
}

async fn rebooked(town: &Town) -> Vec<pb::VisitRebooked> {
    town.house.events("journey").await
}

async fn wait_moved(town: &Town, visit: &pb::Visit, showing: &str) -> pb::Visit {
    seen(town, visit, "moved", |now| now.showing_id == showing).await
}

/// Writes a move down as somebody did who has gone since.
async fn begun(town: &Town, visit: &pb::Visit, showing: &str) -> Uuid {
    let key = Uuid::new_v4();
    sqlx::query(
        "insert into rebooking (id, visit_id, from_showing, to_showing, state, by, asked_at)
         values ($1, $2, $3::uuid, $4::uuid, 'moving', 'visitor', $5)",
    )
    .bind(key)
    .bind(id(visit))
    .bind(Uuid::try_parse(&visit.showing_id).expect("an id"))
    .bind(Uuid::try_parse(showing).expect("an id"))
    .bind(town.house.clock.now())
    .execute(town.house.pool("journey"))
    .await
    .expect("begun");
    key
}

#[tokio::test]
async fn a_visit_at_risk_takes_the_offer_and_keeps_codes_and_price() {
    let town = town().await;
    let visit = at_risk(&town).await;
    let offer = visit.offer.clone().expect("an offer");
    assert!(from_timestamp(offer.starts_at) > from_timestamp(visit.starts_at));
    let told: Vec<pb::RebookingOffered> = town.house.events("journey").await;
    assert_eq!(told.len(), 1, "told once, however often the clock turns");
    assert_eq!(told[0].to_showing_id, offer.showing_id);
    assert_eq!(options(&town, &guest("test"), &visit).await.expect("options")[0].showing_id, offer.showing_id);

    let wish = to(&visit, &offer.showing_id);
    let moved = accept(&town, &guest("test"), &wish).await.expect("moved");
    assert_eq!((&moved.showing_id, moved.seats.len()), (&offer.showing_id, 2));
    assert_eq!((moved.starts_at, &moved.reference, &moved.total), (offer.starts_at, &visit.reference, &visit.total));
    assert!(moved.notice.as_ref().is_some_and(|notice| notice.en.contains("rebooked")), "{:?}", moved.notice);
    assert!(moved.clock.is_none() && moved.offer.is_none(), "its clock begins anew");
    assert_eq!(places(&town, &visit).await, [(offer.showing_id.clone(), 2)]);
    assert_eq!(accept(&town, &guest("test"), &wish).await.expect("the same").showing_id, offer.showing_id);
    let other = to(&visit, &visit.showing_id);
    let reused = pb::AcceptRebookingRequest { idempotency_key: wish.idempotency_key.clone(), ..other };
    assert_eq!(
        accept(&town, &guest("test"), &reused).await.expect_err("another request").code(),
        Code::InvalidArgument
    );
    town.house.settle().await;
    let events = rebooked(&town).await;
    assert_eq!(events.len(), 1, "the answer and reservations' event say it once");
    assert_eq!((&events[0].from_showing_id, &events[0].to_showing_id), (&visit.showing_id, &offer.showing_id));
    assert_eq!(events[0].from_starts_at, visit.starts_at);
    let told: Vec<String> = sqlx::query_scalar(
        "select kind from notice where visit_id = $1 and kind like 'rebook%' order by made_at, kind desc",
    )
    .bind(id(&visit))
    .fetch_all(town.house.pool("journey"))
    .await
    .expect("notices");
    assert_eq!(told, ["rebooking_offered", "rebooked"], "each once");
    assert!(events[0].has_parking && !events[0].has_meal);
}

#[tokio::test]
async fn a_move_that_was_left_is_carried_out_wherever_it_stopped() {
    let town = town().await;
    let visit = at_risk(&town).await;
    let target = visit.offer.clone().expect("an offer").showing_id;
    // Stopped before reservations was asked.
    begun(&town, &visit, &target).await;
    let moved = wait_moved(&town, &visit, &target).await;
    assert_eq!(places(&town, &visit).await, [(target.clone(), 2)]);
    // Stopped after reservations had moved it, on the way back.
    let key = begun(&town, &moved, &visit.showing_id).await;
    let later = town
        .programme
        .iter()
        .find(|it| from_timestamp(it.starts_at) > from_timestamp(moved.starts_at))
        .expect("another one");
    sqlx::query("update rebooking set to_showing = $2 where id = $1")
        .bind(key)
        .bind(Uuid::try_parse(&later.showing_id).expect("an id"))
        .execute(town.house.pool("journey"))
        .await
        .expect("elsewhere");
    let request = reservations::MoveBookingRequest {
        idempotency_key: key.to_string(),
        visit_id: visit.visit_id.clone(),
        showing_id: later.showing_id.clone(),
        channel: reservations::Channel::Door.into(),
    };
    let journey = Caller::Service("journey".to_owned());
    reservations::reservations_client::ReservationsClient::new(town.house.channel(&journey))
        .move_booking(request)
        .await
        .expect("moved");
    wait_moved(&town, &visit, &later.showing_id).await;
    assert_eq!(places(&town, &visit).await, [(later.showing_id.clone(), 2)]);
    town.house.settle().await;
    assert_eq!(rebooked(&town).await.len(), 2, "each once");
    // Told once more, late, it changes nothing.
    let again = reservations::BookingMoved {
        visit_id: visit.visit_id.clone(),
        from_showing_id: target.clone(),
        showing_id: later.showing_id.clone(),
        move_id: key.to_string(),
        ..reservations::BookingMoved::default()
    };
    town.react_twice("reservations", &visit.visit_id, &again).await;
    let unknown = reservations::BookingMoved { move_id: Uuid::new_v4().to_string(), ..again };
    town.react_twice("reservations", &visit.visit_id, &unknown).await;
    assert_eq!(town.get(&visit).await.seats.len(), 2);
    assert_eq!(rebooked(&town).await.len(), 2);
}

/// Somebody else takes what is left of a showing.
async fn sells_out(town: &Town, target: &str) {
    for _ in 0..4 {
        let mut wish = town.wish();
        target.clone_into(&mut wish.showing_id);
        (wish.parking, wish.party) = (None, vec![line("adult", 25)]);
        wish.channel = reservations::Channel::Staff.into();
        town.hold_as(&desk(), &wish).await.expect("held");
    }
    for size in [2, 1] {
        let mut wish = town.wish();
        target.clone_into(&mut wish.showing_id);
        (wish.parking, wish.party) = (None, vec![line("adult", size)]);
        wish.channel = reservations::Channel::Staff.into();
        let _ = town.hold_as(&desk(), &wish).await;
    }
}

#[tokio::test]
async fn a_visit_that_cannot_move_keeps_its_places_and_says_why() {
    let town = town().await;
    let visit = at_risk(&town).await;
    let target = visit.offer.clone().expect("an offer").showing_id;
    sells_out(&town, &target).await;
    let wish = to(&visit, &target);
    let refused = accept(&town, &guest("test"), &wish).await.expect_err("full");
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let again = accept(&town, &guest("test"), &wish).await.expect_err("the first answer");
    assert_eq!((again.code(), again.message()), (refused.code(), refused.message()));
    assert_eq!(places(&town, &visit).await, [(visit.showing_id.clone(), 2)]);
    assert_eq!(town.get(&visit).await.showing_id, visit.showing_id);
    assert!(rebooked(&town).await.is_empty());
    let instead = town.get(&visit).await.offer.expect("what there is instead, at once");
    assert_ne!(instead.showing_id, target);
}

#[tokio::test]
async fn an_offer_whose_places_are_gone_is_replaced_before_it_is_pressed() {
    let town = town().await;
    let visit = at_risk(&town).await;
    let target = visit.offer.clone().expect("an offer").showing_id;
    sells_out(&town, &target).await;
    let other = |now: &pb::Visit| now.offer.as_ref().is_some_and(|offer| offer.showing_id != target);
    let now = seen(&town, &visit, "offered another showing", other).await;
    let moved = accept(&town, &guest("test"), &to(&visit, &now.offer.expect("an offer").showing_id)).await;
    assert_eq!(moved.expect("moved").seats.len(), 2);
}

#[tokio::test]
async fn who_may_move_a_visit_and_when() {
    let town = town().await;
    let visit = town.paid().await;
    let (first, second) = (&town.programme[0], &town.programme[1]);
    let day = |it: &reservations::Showing| day_of(from_timestamp(it.starts_at));
    let another_day = town.programme.iter().find(|it| day(it) > day(first)).expect("a showing on another day");
    let guest_ = guest("test");
    let refused = accept(&town, &guest_, &to(&visit, &second.showing_id)).await.expect_err("in time");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("still time"), "{refused}");
    assert_eq!(options(&town, &guest_, &visit).await.expect_err("in time").code(), Code::FailedPrecondition);
    assert_eq!(options(&town, &guest("other"), &visit).await.expect_err("theirs").code(), Code::PermissionDenied);
    let stolen = accept(&town, &guest("other"), &to(&visit, &second.showing_id)).await.expect_err("theirs");
    assert_eq!(stolen.code(), Code::PermissionDenied);
    for (request, said) in [
        (to(&visit, &first.showing_id), "for this showing already"),
        (to(&visit, "x"), "showing_id"),
        (
            pb::AcceptRebookingRequest { idempotency_key: "1".to_owned(), ..to(&visit, &second.showing_id) },
            "idempotency_key",
        ),
        (to(&visit, &Uuid::new_v4().to_string()), "none of the visit's options"),
        (to(&visit, &another_day.showing_id), "none of the visit's options"),
    ] {
        let refused = accept(&town, &desk(), &request).await.expect_err(said);
        assert!(refused.message().contains(said), "{said}: {refused}");
    }
    assert_eq!(places(&town, &visit).await, [(first.showing_id.clone(), 2)]);
    // The desk may, for whoever asks; both who press at once get the same.
    assert!(!options(&town, &desk(), &visit).await.expect("options").is_empty());
    let (wish, same) = (to(&visit, &second.showing_id), to(&visit, &second.showing_id));
    let caller = desk();
    let (one, other) = futures::join!(accept(&town, &caller, &wish), accept(&town, &caller, &same));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    town.house.settle().await;
    assert_eq!(places(&town, &visit).await, [(second.showing_id.clone(), 2)]);
    assert_eq!(rebooked(&town).await.len(), 1);
    let back = accept(&town, &desk(), &to(&visit, &first.showing_id)).await.expect_err("an earlier one");
    assert_eq!(back.code(), Code::FailedPrecondition);

    let inside = town.paid().await;
    let admitted = PartyAdmitted {
        showing_id: inside.showing_id.clone(),
        visit_id: inside.visit_id.clone(),
        ticket_ids: vec![Uuid::new_v4().to_string()],
        at: Some(timestamp(town.house.clock.now())),
        ..PartyAdmitted::default()
    };
    town.react_twice("flow", &inside.showing_id, &admitted).await;
    let refused = accept(&town, &desk(), &to(&inside, &second.showing_id)).await.expect_err("one is in");
    assert!(refused.message().contains("stays together"), "{refused}");
}

#[tokio::test]
async fn who_will_not_make_it_takes_no_showing_that_is_none_of_the_options() {
    let town = town().await;
    let visit = at_risk(&town).await;
    let today = day_of(from_timestamp(visit.starts_at));
    let another_day = town.programme.iter().find(|it| day_of(from_timestamp(it.starts_at)) > today);
    let another_day = another_day.expect("a showing on another day").showing_id.clone();
    let next = options(&town, &guest("test"), &visit).await.expect("options").remove(0).showing_id;
    // It is sold from a later time on.
    let start = reservations::SetSaleStartRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: next.clone(),
        release_id: String::new(),
        on_sale_at: Some(timestamp(town.house.clock.now() + TimeDelta::minutes(30))),
    };
    let operator = staff(Role::Operator);
    ReservationsClient::new(town.house.channel(&operator)).set_sale_start(start).await.expect("set");
    let told = async {
        while options(&town, &guest("test"), &visit).await.expect("options").iter().any(|it| it.showing_id == next) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("no option any more");
    for showing in [another_day, next] {
        let refused = accept(&town, &guest("test"), &to(&visit, &showing)).await.expect_err("not offered");
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        assert!(refused.message().contains("none of the visit's options"), "{refused}");
    }
    assert_eq!(places(&town, &visit).await, [(visit.showing_id.clone(), 2)]);
}

/// Its window begins with the new showing's only: another car stands there until then.
#[tokio::test]
async fn who_was_rebooked_and_finds_the_car_park_shut_is_judged_by_the_new_bay() {
    let town = town().await;
    let (visit, _other) = (town.paid().await, town.paid().await);
    town.house.settle().await;
    let bay = visit.parking.clone().expect("a bay");
    town.set_bays(1).await;
    let today = day_of(from_timestamp(visit.starts_at));
    let is_after = |it: &&reservations::Showing| {
        let starts_at = from_timestamp(it.starts_at);
        day_of(starts_at) == today && starts_at > from_timestamp(bay.until) + TimeDelta::hours(2)
    };
    let target = town.programme.iter().find(is_after).expect("one in the evening");
    accept(&town, &desk(), &to(&visit, &target.showing_id)).await.expect("moved");
    let from = |now: &pb::Visit| now.parking.as_ref().map(|bay| from_timestamp(bay.from)).expect("a bay");
    let moved = seen(&town, &visit, "with a bay for the evening", |now| from(now) > from_timestamp(bay.until)).await;
    let parking = moved.timeline.iter().find(|step| step.kind == "parking").expect("a step");
    assert!(!parking.moved, "it is what they have booked: {parking:?}");

    // Of the time that they have to come, the car park is shut for more than a third.
    let time_to_come = from_timestamp(moved.starts_at) - from(&moved);
    town.house.clock.set(from(&moved));
    let suspended = RightSuspended {
        visit_id: visit.visit_id.clone(),
        closure_id: "c1".to_owned(),
        suspension: Some(Suspension { state: SiteState::Closed.into(), ..Suspension::default() }),
        ..RightSuspended::default()
    };
    town.react_twice("parking", &visit.visit_id, &suspended).await;
    town.house.clock.advance(time_to_come * 2 / 5);
    let there = moved.parking.clone().expect("a bay");
    let restored = RightRestored {
        visit_id: visit.visit_id.clone(),
        bay_class: there.bay_class,
        from: there.from,
        until: there.until,
        stops: None,
    };
    town.react_twice("parking", &visit.visit_id, &restored).await;
    town.house.clock.set(from_timestamp(there.until));
    seen(&town, &visit, "paid back for the bay", |now| !now.refunds.is_empty()).await;
}

#[tokio::test]
async fn a_visit_that_was_called_off_while_it_moved_stays_called_off() {
    let town = town().await;
    let visit = town.paid().await;
    let target = town.programme[1].showing_id.clone();
    let key = begun(&town, &visit, &target).await;
    town.force(&visit, "cancelled", 60).await;
    let said = town.get(&visit).await.notice;
    let request = MoveBookingRequest {
        idempotency_key: key.to_string(),
        visit_id: visit.visit_id.clone(),
        showing_id: target.clone(),
        channel: reservations::Channel::Online.into(),
    };
    let journey = Caller::Service("journey".to_owned());
    ReservationsClient::new(town.house.channel(&journey)).move_booking(request).await.expect("moved");
    town.house.settle().await;
    let now = town.get(&visit).await;
    assert_eq!(
        (now.state(), now.notice),
        (VisitState::Cancelled, said),
        "nobody is told that the tickets go on being good"
    );
    assert!(rebooked(&town).await.is_empty());
}
