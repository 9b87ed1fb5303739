//! The seller under pressure: a queue that is full, callers that go away, repeats, orders that cannot be met
//! among others that can.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use sky_proto::{journey::v1::VisitCancelled, reservations::v1 as pb};
use sqlx::PgConnection;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

/// Keeps the seller from writing: somebody else has the showing's row.
pub(crate) async fn block<'c>(house: &kernel::testing::House, showing: &str) -> sqlx::Transaction<'c, sqlx::Postgres> {
    let mut blocker = house.pool("reservations").begin().await.expect("begun");
    let conn: &mut PgConnection = &mut blocker;
    sqlx::query("select 1 from showing where id = $1 for update")
        .bind(Uuid::parse_str(showing).expect("an id"))
        .execute(conn)
        .await
        .expect("locked");
    blocker
}

async fn claimed(house: &kernel::testing::House, showing: &str) -> Vec<(Uuid, String)> {
    sqlx::query_as("select visit_id, seat from seat_claim where showing_id = $1")
        .bind(Uuid::parse_str(showing).expect("an id"))
        .fetch_all(house.pool("reservations"))
        .await
        .expect("claims")
}

fn is_busy(answer: &Result<pb::SeatHold, Status>) -> bool {
    let busy = |status: &Status| {
        status.code() == Code::ResourceExhausted && status.metadata().contains_key("grpc-retry-pushback-ms")
    };
    answer.as_ref().is_err_and(busy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_so_at_once_and_everybody_is_answered() {
    let house = house_with(&[("queue", 100)]).await;
    let showing = showing(&house).await.showing_id;
    let blocker = block(&house, &showing).await;
    // One batch is being written, so many wait behind it, and for the others there is no room.
    let sent_away = AtomicUsize::new(0);
    // A connection carries two hundred calls at a time.
    let clients: Vec<_> = (0..8).map(|_| client!(house, &journey())).collect();
    let orders = (0..100 + 512 + 50).map(|n: usize| {
        let order = wish(Uuid::now_v7(), &showing, 1);
        let (mut client, sent_away) = (clients[n % clients.len()].clone(), &sent_away);
        async move {
            let answer = client.hold_seats(order).await.map(tonic::Response::into_inner);
            sent_away.fetch_add(usize::from(is_busy(&answer)), Ordering::Relaxed);
            answer
        }
    });
    // Not for long: whoever waits for a lock for two seconds gives up.
    let freed = async {
        for _ in 0..300 {
            if sent_away.load(Ordering::Relaxed) >= 50 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        blocker.rollback().await.expect("freed");
    };
    let (answers, ()) = tokio::join!(join_all(orders), freed);
    let busy = answers.iter().filter(|answer| is_busy(answer)).count();
    assert!(busy >= 50, "{busy} were sent away");
    let held = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(held, 86, "and all that is sold online was sold");
    let others = answers.iter().filter_map(|answer| answer.as_ref().err());
    let others: Vec<&Status> = others.filter(|status| status.code() != Code::ResourceExhausted).collect();
    assert!(others.is_empty(), "{} other answers: {:?}", others.len(), others.first());
    assert_eq!(claimed(&house, &showing).await.len(), 86);
}

#[tokio::test]
async fn who_goes_away_while_waiting_leaves_nothing_that_the_key_does_not_find() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let blocker = block(&house, &showing).await;
    let order = wish(Uuid::now_v7(), &showing, 3);
    let given_up = tokio::time::timeout(Duration::from_millis(300), hold(&house, &order)).await;
    assert!(given_up.is_err(), "nobody could be answered");
    blocker.rollback().await.expect("freed");
    let answer = hold(&house, &order).await.expect("the same key finds what was done");
    let seats: HashSet<String> = answer.seats.iter().map(|seat| seat.label.clone()).collect();
    let claims: HashSet<String> = claimed(&house, &showing).await.into_iter().map(|(_, seat)| seat).collect();
    assert_eq!(seats, claims, "held once");
}

#[tokio::test]
async fn a_repeat_gets_its_answer_when_all_is_sold_and_another_request_with_its_key_does_not() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let order = wish(Uuid::now_v7(), &showing, 2);
    let first = hold(&house, &order).await.expect("held");
    let rest = join_all((0..42).map(|_| {
        let order = wish(Uuid::now_v7(), &showing, 2);
        let house = &house;
        async move { hold(house, &order).await }
    }));
    assert!(rest.await.iter().all(Result::is_ok));
    assert_eq!(
        hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect_err("full").code(),
        Code::ResourceExhausted
    );
    let twice = join_all([hold(&house, &order), hold(&house, &order)]).await;
    assert!(twice.into_iter().all(|answer| answer.expect("the first answer") == first));
    let mut other = order.clone();
    other.party[0].count = 1;
    assert_eq!(hold(&house, &other).await.expect_err("the key is used").code(), Code::InvalidArgument);
}

#[tokio::test]
async fn nobody_is_told_to_wait_for_places_that_are_sold_meanwhile() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let all: Vec<Uuid> = (0..43).map(|_| Uuid::now_v7()).collect();
    for visit in &all {
        hold(&house, &wish(*visit, &showing, 2)).await.expect("held");
    }
    let refused = async || {
        let one = wish(Uuid::now_v7(), &showing, 1);
        hold(&house, &one).await.expect_err("full").message().to_owned()
    };
    assert!(refused().await.contains("may come back at 12:10"), "{}", refused().await);
    let longer = pb::ExtendHoldRequest {
        visit_id: all[0].to_string(),
        expires_at: Some(kernel::values::timestamp(minutes(20))),
    };
    client!(house, &journey()).extend_hold(longer).await.expect("extended");
    for visit in &all[1..] {
        house.react("reservations", "journey", &visit.to_string(), &confirmed(*visit, &showing)).await.expect("sold");
    }
    assert!(refused().await.contains("may come back at 12:20"), "{}", refused().await);
    house.react("reservations", "journey", &all[0].to_string(), &confirmed(all[0], &showing)).await.expect("sold");
    assert!(refused().await.contains("choose another showing"), "{}", refused().await);
}

#[tokio::test]
async fn a_repeat_that_this_process_never_heard_of_gets_its_answer_beside_others_that_are_granted() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let order = wish(Uuid::now_v7(), &showing, 3);
    let first = hold(&house, &order).await.expect("held");
    let house = house.restart().await;
    let rest = join_all((0..27).map(|_| {
        let order = wish(Uuid::now_v7(), &showing, 3);
        let house = &house;
        async move { hold(house, &order).await }
    }));
    assert!(rest.await.iter().all(Result::is_ok));
    // Two of 86 are left. While the first of these is written, the others come and are decided together.
    let blocker = block(&house, &showing).await;
    let last = [wish(Uuid::now_v7(), &showing, 1), wish(Uuid::now_v7(), &showing, 1)];
    let behind = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let freed = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            blocker.rollback().await.expect("freed");
        };
        tokio::join!(hold(&house, &order), hold(&house, &last[1]), freed)
    };
    let (opener, (again, closer, ())) = tokio::join!(hold(&house, &last[0]), behind);
    assert_eq!(again.expect("the first answer"), first);
    assert!(opener.is_ok() && closer.is_ok(), "{opener:?} {closer:?}");
}

#[tokio::test]
async fn an_answer_that_another_replica_gives_meanwhile_is_the_answer_here_too() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let others = join_all((0..28).map(|_| {
        let order = wish(Uuid::now_v7(), &showing, 3);
        let house = &house;
        async move { hold(house, &order).await }
    }));
    assert!(others.await.iter().all(Result::is_ok));
    // The last two of 86.
    let order = wish(Uuid::now_v7(), &showing, 2);
    let first = hold(&house, &order).await.expect("held");
    let house = house.restart().await;
    // What else reads places has done so.
    known(&house).await;
    // The other replica's answer is not to be seen before it commits, and until then nobody sees the places.
    let hidden = "update idempotency set key = $1 || '-' where key = $1";
    sqlx::query(hidden).bind(&order.idempotency_key).execute(house.pool("reservations")).await.expect("hidden");
    let mut other = house.pool("reservations").begin().await.expect("begun");
    sqlx::query("lock table seat_claim in access exclusive mode").execute(&mut *other).await.expect("locked");
    let shown = "update idempotency set key = $1 where key = $1 || '-'";
    sqlx::query(shown).bind(&order.idempotency_key).execute(&mut *other).await.expect("shown");
    let commits = async {
        let waits = "select exists (select 1 from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and query like 'select showing_id, seat, visit_id, channel, expires_at%')";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(house.pool("reservations")).await.expect("a look") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        other.commit().await.expect("committed");
    };
    let (again, ()) = tokio::join!(hold(&house, &order), commits);
    assert_eq!(again.expect("the first answer"), first);
}

#[tokio::test]
async fn orders_that_cannot_be_met_do_not_keep_others_from_theirs() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let holder = Uuid::now_v7();
    hold(&house, &wish(holder, &showing, 1)).await.expect("held");
    let blocker = block(&house, &showing).await;
    // All of these are decided together.
    let mut orders: Vec<pb::HoldSeatsRequest> = (0..8).map(|_| wish(Uuid::now_v7(), &showing, 2)).collect();
    orders.push(wish(holder, &showing, 1));
    orders.push({
        let mut order = wish(Uuid::now_v7(), &showing, 1);
        order.party[0].tariff_class = "king".to_owned();
        order
    });
    orders.push({
        let mut order = wish(Uuid::now_v7(), &showing, 1);
        order.party.push(line("adult", 5, pb::Need::Wheelchair));
        order
    });
    orders.push(wish(Uuid::now_v7(), &Uuid::new_v4().to_string(), 1));
    let freed = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        blocker.rollback().await.expect("freed");
    };
    let (answers, ()) = tokio::join!(join_all(orders.iter().map(|order| hold(&house, order))), freed);
    let codes: Vec<Code> =
        answers.iter().map(|answer| answer.as_ref().map_or_else(Status::code, |_| Code::Ok)).collect();
    let refused = [Code::AlreadyExists, Code::InvalidArgument, Code::ResourceExhausted, Code::NotFound];
    assert_eq!((&codes[..8], &codes[8..]), ([Code::Ok; 8].as_slice(), refused.as_slice()));
    assert_eq!(claimed(&house, &showing).await.len(), 17);
}

/// The seller gives up waiting for a lock after two seconds; whoever was decided about then hears so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_batch_waits_too_long_for_its_lock_everybody_may_ask_again_and_nothing_is_half_done() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let blocker = block(&house, &showing).await;
    let orders: Vec<pb::HoldSeatsRequest> = (0..20).map(|_| wish(Uuid::now_v7(), &showing, 2)).collect();
    for answer in join_all(orders.iter().map(|order| hold(&house, order))).await {
        let status = answer.expect_err("nothing could be written");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.message().contains("try again"), "{}", status.message());
    }
    assert_eq!(claimed(&house, &showing).await, []);
    let bookings: i64 = sqlx::query_scalar("select count(*) from booking")
        .fetch_one(house.pool("reservations"))
        .await
        .expect("counted");
    assert_eq!(bookings, 0, "nothing half done");
    blocker.rollback().await.expect("freed");
    // The same keys: nothing was remembered of them but that they may come again.
    for answer in join_all(orders.iter().map(|order| hold(&house, order))).await {
        assert_eq!(answer.expect("held").seats.len(), 2);
    }
    assert_eq!(claimed(&house, &showing).await.len(), 40);
}

/// Whoever keeps a showing locked for long stops the sale of that showing alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_showing_that_somebody_keeps_locked_keeps_no_other_from_being_sold() {
    let house = house().await;
    let programme = programme(&house, &journey(), false).await;
    let mut dome = programme.iter().filter(|showing| showing.hall == "dome").map(|showing| showing.showing_id.clone());
    let (kept, other) = (dome.next().expect("a showing"), dome.next().expect("another one"));
    // Both are known to the seller, so that they are decided and written together.
    for showing in [&kept, &other] {
        hold(&house, &wish(Uuid::now_v7(), showing, 1)).await.expect("held");
    }
    let blocker = block(&house, &kept).await;
    let order = wish(Uuid::now_v7(), &kept, 2);
    // Batch after batch is sold of the other one before the first answer about the locked one.
    let others = async {
        for _ in 0..3 {
            let orders: Vec<_> = (0..4).map(|_| wish(Uuid::now_v7(), &other, 2)).collect();
            for answer in join_all(orders.iter().map(|order| hold(&house, order))).await {
                assert_eq!(answer.expect("held").seats.len(), 2);
            }
        }
    };
    let mut of_kept = Box::pin(hold(&house, &order));
    tokio::select! {
        biased;
        answer = &mut of_kept => panic!("those of the other showing waited with it: {answer:?}"),
        () = others => {}
    }
    // Who comes meanwhile joins those who wait; free again, it is sold to all of them.
    let second = wish(Uuid::now_v7(), &kept, 2);
    let freed = async { blocker.rollback().await.expect("freed") };
    let (first, second, ()) = tokio::join!(of_kept, hold(&house, &second), freed);
    assert_eq!((first.expect("held").seats.len(), second.expect("held").seats.len()), (2, 2));
    hold(&house, &wish(Uuid::now_v7(), &kept, 1)).await.expect("and to those who come later");
    assert_eq!((claimed(&house, &kept).await.len(), claimed(&house, &other).await.len()), (6, 25));
}

/// Whoever keeps a showing locked for long keeps the bookings of that showing alone from being confirmed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_showing_that_somebody_keeps_locked_keeps_no_other_from_being_confirmed() {
    let house = house().await;
    let programme = programme(&house, &journey(), false).await;
    let mut dome = programme.iter().filter(|showing| showing.hall == "dome").map(|showing| showing.showing_id.clone());
    let (kept, other) = (dome.next().expect("a showing"), dome.next().expect("another one"));
    let visits: Vec<(Uuid, &String)> = [&kept, &kept, &other].map(|showing| (Uuid::now_v7(), showing)).into();
    for (visit, showing) in &visits {
        hold(&house, &wish(*visit, showing, 1)).await.expect("held");
    }
    known(&house).await;
    let blocker = block(&house, &kept).await;
    for (visit, showing) in &visits {
        house.emit("journey", &visit.to_string(), confirmed(*visit, showing)).await;
    }
    // One of them is called off again: what is told later of a visit comes after what was set aside of it.
    let cancelled =
        VisitCancelled { visit_id: visits[0].0.to_string(), showing_id: kept.clone(), reason: None, refund: true };
    house.emit("journey", &visits[0].0.to_string(), cancelled).await;
    let booked = async |visit: Uuid| {
        while !booking(&house, visit).await.is_ok_and(|it| it.state() == pb::booking::State::Confirmed) {
            house.clock.advance(chrono::TimeDelta::milliseconds(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Less than a lock is waited for.
    tokio::time::timeout(Duration::from_secs(3), booked(visits[2].0)).await.expect("the other one is confirmed");
    house.settle().await;
    let told: Vec<pb::BookingConfirmed> = house.events("reservations").await;
    assert_eq!(told.len(), 1);
    blocker.rollback().await.expect("freed");
    tokio::time::timeout(Duration::from_secs(10), booked(visits[1].0)).await.expect("then those of the locked one");
    let (confirmed, cancelled) = async {
        loop {
            let confirmed: Vec<pb::BookingConfirmed> = house.events("reservations").await;
            let cancelled: Vec<pb::BookingCancelled> = house.events("reservations").await;
            if confirmed.len() > 2 && !cancelled.is_empty() {
                return (confirmed.len(), cancelled.len());
            }
            house.clock.advance(chrono::TimeDelta::milliseconds(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    .await;
    assert_eq!((confirmed, cancelled), (3, 1));
    let waiting: i64 = sqlx::query_scalar("select count(*) from set_aside")
        .fetch_one(house.pool("reservations"))
        .await
        .expect("counted");
    assert_eq!(waiting, 0);
}

/// Nor the places of holds that ran out from being offered again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_showing_that_somebody_keeps_locked_keeps_no_other_from_being_swept() {
    let house = house().await;
    let programme = programme(&house, &journey(), false).await;
    let mut dome: Vec<String> =
        programme.iter().filter(|it| it.hall == "dome").map(|it| it.showing_id.clone()).take(4).collect();
    for showing in &dome {
        hold(&house, &wish(Uuid::now_v7(), showing, 1)).await.expect("held");
    }
    known(&house).await;
    // They are swept in the order of their ids.
    dome.sort();
    let blockers = [block(&house, &dome[0]).await, block(&house, &dome[1]).await];
    house.clock.advance(chrono::TimeDelta::minutes(11));
    let swept = async {
        while !(claimed(&house, &dome[2]).await.is_empty() && claimed(&house, &dome[3]).await.is_empty()) {
            house.clock.advance(chrono::TimeDelta::milliseconds(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(4), swept).await.expect("the others are swept");
    assert_eq!(claimed(&house, &dome[0]).await.len(), 1);
    for blocker in blockers {
        blocker.rollback().await.expect("freed");
    }
}

/// A queue is bounded by its length and by time: whoever serves it may stand still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_for_their_turn_hears_so_before_they_give_up() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect("held");
    let mut other = house.pool("reservations").begin().await.expect("begun");
    sqlx::query("lock table seat_claim in access exclusive mode").execute(&mut *other).await.expect("locked");
    let (first, second) = (wish(Uuid::now_v7(), &showing, 1), wish(Uuid::now_v7(), &showing, 1));
    let behind = async {
        let serves = "select exists (select 1 from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and query like '%booked as (%')";
        while !sqlx::query_scalar::<_, bool>(serves).fetch_one(house.pool("reservations")).await.expect("a look") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let asked = std::time::Instant::now();
        (hold(&house, &second).await, asked.elapsed())
    };
    let (served, (sent_away, waited)) = tokio::join!(hold(&house, &first), behind);
    assert_eq!(served.expect_err("nothing could be written").code(), Code::Unavailable);
    assert!(is_busy(&sent_away), "{sent_away:?}");
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    other.rollback().await.expect("freed");
    for order in [&first, &second] {
        assert_eq!(hold(&house, order).await.expect("the same key").seats.len(), 1);
    }
}
