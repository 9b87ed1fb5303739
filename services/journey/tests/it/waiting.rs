//! The waiting list, with real reservations: who gets the places that come back, for how long, and what they are told.

use std::{collections::BTreeSet, time::Duration};

use chrono::TimeDelta;
use kernel::{Caller, testing::visitor, values::from_timestamp};
use sky_proto::{
    journey::v1::{self as pb, VisitState, notices_client, waiting_list_client::WaitingListClient},
    payments::v1::Method,
    reservations::v1 as reservations,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, sink::Sink, support::*};

/// One that begins tomorrow.
fn showing(town: &Town) -> &reservations::Showing {
    let tomorrow = minutes(20 * 60);
    town.programme.iter().find(|it| from_timestamp(it.starts_at) > tomorrow).expect("a programme of days")
}

fn joining(town: &Town, people: u32, email: &str) -> pb::JoinWaitingListRequest {
    pb::JoinWaitingListRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing(town).showing_id.clone(),
        party: vec![line("adult", people)],
        language: "de".to_owned(),
        contact: Some(pb::Contact { name: "Caroline Herschel".to_owned(), email: email.to_owned() }),
    }
}

async fn join(town: &Town, caller: &Caller, request: &pb::JoinWaitingListRequest) -> Result<pb::Visit, Status> {
    let mut list = WaitingListClient::new(town.house.channel(caller));
    list.join_waiting_list(request.clone()).await.map(tonic::Response::into_inner)
}

/// One after the other: who came first is a matter of time.
async fn waits(town: &Town, people: u32, email: &str) -> pb::Visit {
    town.house.clock.advance(TimeDelta::seconds(1));
    let visit = join(town, &guest(email), &joining(town, people, email)).await.expect("on the list");
    assert_eq!((visit.state(), visit.party_size, visit.seats.len()), (VisitState::Waiting, people, 0));
    visit
}

/// Whoever waited has said before whom to write to, and the desk need not.
async fn orders(town: &Town, caller: &Caller, visit: &pb::Visit) {
    let request = pb::ConfirmVisitRequest {
        visit_id: visit.visit_id.clone(),
        method: Method::AtDesk.into(),
        contact: None,
        return_url: String::new(),
    };
    client!(town, caller).confirm_visit(request).await.expect("ordered");
}

/// Whoever stands at the desk takes all places that are sold online; answers four pairs of them.
async fn sells_out(town: &Town) -> Vec<pb::Visit> {
    let showing_id = showing(town).showing_id.clone();
    let mut seller = reservations::reservations_client::ReservationsClient::new(town.house.channel(&desk()));
    let told = seller.get_showing(reservations::GetShowingRequest { showing_id }).await.expect("a showing");
    let mut left = told.into_inner().availability.expect("known").free_online - 8;
    let takes = async |people: u32| {
        let showing_id = showing(town).showing_id.clone();
        let wish =
            pb::HoldVisitRequest { showing_id, parking: None, party: vec![line("adult", people)], ..town.wish() };
        town.hold_as(&desk(), &wish).await.expect("held")
    };
    while left > 0 {
        let people = left.min(60);
        let visit = takes(people).await;
        orders(town, &desk(), &visit).await;
        left -= people;
    }
    let mut pairs = Vec::new();
    for _ in 0..4 {
        let visit = takes(2).await;
        orders(town, &desk(), &visit).await;
        pairs.push(town.wait_for(&visit, VisitState::Confirmed).await);
    }
    // It is told within a second; before that somebody could be asked for places that are gone.
    let showing_id = showing(town).showing_id.clone();
    let free = async || {
        let request = reservations::GetShowingRequest { showing_id: showing_id.clone() };
        let told = seller.clone().get_showing(request).await.expect("a showing").into_inner();
        told.availability.expect("known").free_online
    };
    while free().await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    pairs
}

/// So much time passes that whoever could be offered something has been.
async fn settles(town: &Town) {
    for _ in 0..60 {
        town.house.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn states(town: &Town, visits: &[&pb::Visit]) -> Vec<VisitState> {
    let mut states = Vec::new();
    for visit in visits {
        states.push(town.get(visit).await.state());
    }
    states
}

/// What was sent to a visit's visitor, in this order.
async fn letters(town: &Town, visit: &pb::Visit) -> Vec<String> {
    sqlx::query_scalar("select kind from notice where visit_id = $1 and state = 'sent' order by id")
        .bind(id(visit))
        .fetch_all(town.house.pool("journey"))
        .await
        .expect("letters")
}

#[tokio::test]
async fn places_that_come_back_are_held_for_the_first_whom_they_fit() {
    let sink = Sink::start();
    let town = town_with_post(&sink).await;
    let pairs = sells_out(&town).await;
    let three = waits(&town, 3, "three@slough.example").await;
    let first = waits(&town, 2, "first@slough.example").await;
    let second = waits(&town, 2, "second@slough.example").await;
    settles(&town).await;
    assert_eq!(states(&town, &[&three, &first, &second]).await, [VisitState::Waiting; 3], "nothing is left");

    town.cancel(&pairs[0], &desk()).await.expect("cancelled");
    let offered = town.wait_for(&first, VisitState::Held).await;
    settles(&town).await;
    assert_eq!(states(&town, &[&three, &second]).await, [VisitState::Waiting; 2]);
    assert_eq!((offered.seats.len(), offered.total.expect("a price").cents, offered.contact_known), (2, 1700, true));
    let left = from_timestamp(offered.hold_expires_at) - town.house.clock.now();
    assert!(left > TimeDelta::hours(9), "time to hear of it: {left}");

    // Ordered as any visit, by whoever has its link; what it leaves again goes to the next one.
    orders(&town, &opened(&first), &first).await;
    town.wait_for(&first, VisitState::Confirmed).await;
    town.cancel(&first, &opened(&first)).await.expect("cancelled");
    let offered = town.wait_for(&second, VisitState::Held).await;

    settles(&town).await;

    // And what is not ordered in time: here to nobody, because three do not fit.
    town.house.clock.set(from_timestamp(offered.hold_expires_at));
    let over = town.wait_for(&second, VisitState::Expired).await;
    let notice = over.notice.expect("words").de;
    assert!(notice.contains("wer nach Ihnen wartet"), "{notice}");
    settles(&town).await;
    assert_eq!(states(&town, &[&three]).await, [VisitState::Waiting]);
    town.cancel(&pairs[1], &desk()).await.expect("cancelled");
    town.wait_for(&three, VisitState::Held).await;
    settles(&town).await;
    for (visit, expected) in [
        (&first, ["wait_listed", "places_offered", "cancelled"].as_slice()),
        (&second, &["wait_listed", "places_offered", "wait_over"]),
        (&three, &["wait_listed", "places_offered"]),
    ] {
        assert_eq!(letters(&town, visit).await, expected);
    }
}

#[tokio::test]
async fn whoever_leaves_the_list_or_whose_showing_is_off_is_offered_nothing() {
    let town = town().await;
    let pairs = sells_out(&town).await;
    let (leaves, stays) =
        (waits(&town, 2, "leaves@slough.example").await, waits(&town, 2, "stays@slough.example").await);
    assert_eq!(town.cancel(&leaves, &visitor(None)).await.expect_err("not theirs").code(), Code::PermissionDenied);
    let left = town.cancel(&leaves, &opened(&leaves)).await.expect("left");
    assert_eq!(left.state(), VisitState::Expired);
    town.cancel(&pairs[0], &desk()).await.expect("cancelled");
    town.wait_for(&stays, VisitState::Held).await;
    assert_eq!(states(&town, &[&leaves]).await, [VisitState::Expired]);
    // An offer that is given back goes on to the next one, too.
    let next = waits(&town, 2, "next@slough.example").await;
    town.cancel(&stays, &opened(&stays)).await.expect("given back");
    town.wait_for(&next, VisitState::Held).await;

    let late = waits(&town, 2, "late@slough.example").await;
    let request = pb::CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing(&town).showing_id.clone(),
        reason: None,
    };
    client!(town, &desk()).cancel_showing(request).await.expect("off");
    for visit in [&late, &next] {
        let off = town.wait_for(visit, VisitState::Expired).await;
        assert!(off.notice.expect("words").de.contains("fällt aus"));
    }
    let refused = join(&town, &guest("x"), &joining(&town, 2, "x@slough.example")).await.expect_err("off");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
}

#[tokio::test]
async fn the_desk_sees_who_waits_and_whom_it_has_to_ring_up() {
    let town = town().await;
    let pairs = sells_out(&town).await;
    let mut on_the_phone = joining(&town, 2, "");
    on_the_phone.contact = Some(pb::Contact { name: "William Herschel".to_owned(), email: String::new() });
    let rung = join(&town, &desk(), &on_the_phone).await.expect("on the list");
    let mails = waits(&town, 2, "mails@slough.example").await;
    let list = async || {
        let mut client = WaitingListClient::new(town.house.channel(&desk()));
        let request = pb::ListWaitingRequest { showing_id: showing(&town).showing_id.clone() };
        client.list_waiting(request).await.expect("a list").into_inner().parties
    };
    let seen = async || {
        let short = |it: pb::WaitingParty| (it.contact_name, it.has_address, it.people, it.offered_until.is_some());
        list().await.into_iter().map(short).collect::<Vec<_>>()
    };
    let (william, caroline) = ("William Herschel".to_owned(), "Caroline Herschel".to_owned());
    assert_eq!(seen().await, [(william.clone(), false, 2, false), (caroline.clone(), true, 2, false)]);
    town.cancel(&pairs[0], &desk()).await.expect("cancelled");
    let offered = town.wait_for(&rung, VisitState::Held).await;
    assert_eq!(seen().await, [(william, false, 2, true), (caroline.clone(), true, 2, false)]);
    let undelivered = async || {
        let mut notices = notices_client::NoticesClient::new(town.house.channel(&desk()));
        let told = notices.list_undelivered(pb::ListUndeliveredRequest {}).await.expect("listed").into_inner();
        let theirs = told.notices.into_iter().filter(|it| it.visit_id == rung.visit_id);
        theirs.map(|it| it.kind).collect::<Vec<_>>()
    };
    assert_eq!(undelivered().await, ["places_offered"]);

    // Not ordered in time: that is to be told, too, and the list goes on.
    town.house.clock.set(from_timestamp(offered.hold_expires_at));
    assert_eq!(seen().await, [(caroline, true, 2, false)]);
    town.wait_for(&mails, VisitState::Held).await;
    assert_eq!(undelivered().await, ["wait_over"]);
}

#[tokio::test]
async fn nobody_is_offered_anything_shortly_before_the_start() {
    let town = town().await;
    let pairs = sells_out(&town).await;
    let waiting = waits(&town, 2, "late@slough.example").await;
    let starts_at = from_timestamp(showing(&town).starts_at);
    town.house.clock.set(starts_at - TimeDelta::minutes(44));
    town.cancel(&pairs[0], &desk()).await.expect("cancelled");
    settles(&town).await;
    assert_eq!(states(&town, &[&waiting]).await, [VisitState::Waiting], "those at the desk get them");
    town.house.clock.set(starts_at - TimeDelta::minutes(30));
    let over = town.wait_for(&waiting, VisitState::Expired).await;
    assert!(over.notice.expect("words").de.contains("keine passenden Plätze"));
    let refused = join(&town, &guest("x"), &joining(&town, 2, "x@slough.example")).await.expect_err("too late");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
}

#[tokio::test]
async fn what_a_crash_has_left_held_for_one_who_waits_is_let_go_of() {
    let town = town().await;
    let pairs = sells_out(&town).await;
    let waiting = waits(&town, 2, "first@slough.example").await;
    town.cancel(&pairs[0], &desk()).await.expect("cancelled");
    // Asked for, and then whoever asked was gone: reservations holds, and nobody knows.
    let order = reservations::HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: waiting.visit_id.clone(),
        showing_id: waiting.showing_id.clone(),
        party: vec![line("adult", 2)],
        expires_at: Some(kernel::values::timestamp(town.house.clock.now() + TimeDelta::hours(20))),
        seats: Vec::new(),
        channel: reservations::Channel::Online.into(),
        wish: None,
        offered: true,
    };
    let mut seller = reservations::reservations_client::ReservationsClient::new(
        town.house.channel(&Caller::Service("journey".to_owned())),
    );
    // The house's time stands still, so that nobody is asked for meanwhile.
    let held = async || seller.clone().hold_seats(order.clone()).await.is_ok();
    while !held().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let too_long = reservations::HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        expires_at: Some(kernel::values::timestamp(town.house.clock.now() + TimeDelta::hours(26))),
        ..order.clone()
    };
    assert_eq!(seller.hold_seats(too_long).await.expect_err("for days").code(), Code::InvalidArgument);
    let unoffered = reservations::HoldSeatsRequest { offered: false, ..order };
    assert_eq!(seller.hold_seats(unoffered).await.expect_err("a first hold").code(), Code::InvalidArgument);
    // Others give places back as well, so that there is something to ask for.
    town.cancel(&pairs[1], &desk()).await.expect("cancelled");
    let offered = town.wait_for(&waiting, VisitState::Held).await;
    assert_eq!(offered.seats.len(), 2);
    settles(&town).await;
    let held: i64 = sqlx::query_scalar("select count(*) from seat_claim where visit_id = $1")
        .bind(id(&waiting))
        .fetch_one(town.house.pool("reservations"))
        .await
        .expect("counted");
    assert_eq!(held, 2, "two places and no more");
}

#[tokio::test]
async fn an_address_waits_once_for_a_showing_and_a_browser_for_a_few() {
    let town = town().await;
    let request = joining(&town, 2, "caroline@slough.example");
    let caller = guest("one");
    let pressed = futures::future::join_all((0..8).map(|_| join(&town, &caller, &request))).await;
    let same: BTreeSet<String> = pressed.into_iter().map(|it| it.expect("on the list").visit_id).collect();
    assert_eq!(same.len(), 1, "pressed again and again");
    assert!(same.contains(&join(&town, &caller, &request).await.expect("a repeat").visit_id));
    let other = pb::JoinWaitingListRequest { party: vec![line("adult", 3)], ..request.clone() };
    assert_eq!(join(&town, &guest("one"), &other).await.expect_err("another request").code(), Code::InvalidArgument);
    for email in ["Caroline@Slough.example", "caroline+2@slough.example"] {
        let refused = join(&town, &guest("two"), &joining(&town, 2, email)).await.expect_err("the same mailbox");
        assert_eq!(refused.code(), Code::AlreadyExists, "{email}");
    }
    let mut others = town.programme.iter().filter(|it| it.showing_id != showing(&town).showing_id);
    let mut another = || pb::JoinWaitingListRequest {
        showing_id: others.next().expect("another showing").showing_id.clone(),
        ..joining(&town, 2, "caroline@slough.example")
    };
    for _ in 0..4 {
        join(&town, &guest("one"), &another()).await.expect("for another showing");
    }
    let request = another();
    assert_eq!(join(&town, &guest("one"), &request).await.expect_err("enough").code(), Code::ResourceExhausted);
    join(&town, &desk(), &request).await.expect("staff are not limited");
}

#[tokio::test]
async fn bad_wishes_to_wait_name_what_is_wrong() {
    let town = town().await;
    let good = joining(&town, 2, "caroline@slough.example");
    type Change = fn(&mut pb::JoinWaitingListRequest);
    let wrong: [(&str, Change); 9] = [
        ("idempotency_key", |it| it.idempotency_key.clear()),
        ("showing_id", |it| it.showing_id = "tonight".to_owned()),
        ("party", |it| it.party.clear()),
        ("party", |it| it.party = vec![line("adult", 61)]),
        ("party.tariff_class", |it| it.party = vec![line("astronaut", 1)]),
        ("language", |it| it.language = "la".to_owned()),
        ("contact.name", |it| it.contact = None),
        ("contact.email", |it| it.contact = Some(pb::Contact { email: "nobody".to_owned(), ..contact() })),
        ("contact.name", |it| it.contact = Some(pb::Contact { name: "x".repeat(121), ..contact() })),
    ];
    for (field, change) in wrong {
        let mut request = good.clone();
        change(&mut request);
        let refused = join(&town, &guest("x"), &request).await.expect_err(field);
        assert!(
            refused.code() == Code::InvalidArgument && refused.message().starts_with(field),
            "{field}: {refused:?}"
        );
    }
    let unknown = pb::JoinWaitingListRequest { showing_id: Uuid::new_v4().to_string(), ..good.clone() };
    assert_eq!(join(&town, &guest("x"), &unknown).await.expect_err("no showing").code(), Code::NotFound);
    let nobody = pb::JoinWaitingListRequest { contact: None, ..good };
    assert_eq!(join(&town, &desk(), &nobody).await.expect_err("whom to tell").code(), Code::InvalidArgument);
}
