//! The visit's events, each twice and late.

use std::time::Duration;

use kernel::{
    Event,
    ticket_code::Kind,
    values::{from_timestamp, timestamp},
};
use prost::{Message, Name};
use sky_proto::{
    journey::v1::{VisitCancelled, VisitConfirmed, VisitExpired},
    reservations::v1 as pb,
};
use uuid::Uuid;

use crate::{client, support::*};

#[tokio::test]
async fn a_visit_is_confirmed_and_cancelled_once() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await);
    let held = hold(&house, &wish(visit, &showing.showing_id, 3)).await.expect("held");
    house.emit("journey", &visit.to_string(), confirmed(visit, &showing.showing_id)).await;
    house.settle().await;
    twice(&house, visit, &confirmed(visit, &showing.showing_id)).await;
    let told: Vec<pb::BookingConfirmed> = house.events("reservations").await;
    assert_eq!(told.len(), 1);
    let booking = booking(&house, visit).await.expect("booked");
    let mut booked: Vec<_> = booking.tickets.iter().map(|ticket| ticket.seat.clone()).collect();
    booked.sort();
    let mut wanted: Vec<_> = held.seats.iter().map(|seat| seat.label.clone()).collect();
    wanted.sort();
    assert_eq!(booked, wanted);
    let code = house.keys.read_code(&booking.visit_code).expect("our code");
    assert_eq!((code.kind, code.id), (Kind::Visit, visit));
    let ticket = house.keys.read_code(&booking.tickets[0].code).expect("our code");
    assert_eq!((ticket.kind, ticket.id.to_string()), (Kind::Ticket, booking.tickets[0].ticket_id.clone()));

    let cancelled = VisitCancelled {
        visit_id: visit.to_string(),
        showing_id: showing.showing_id.clone(),
        reason: None,
        refund: true,
    };
    twice(&house, visit, &cancelled).await;
    // The old confirmation comes once more: cancelled stays cancelled.
    twice(&house, visit, &confirmed(visit, &showing.showing_id)).await;
    let told: Vec<pb::BookingCancelled> = house.events("reservations").await;
    assert_eq!((told.len(), told[0].ticket_ids.len()), (1, 3));
    let now = get(&house, &showing.showing_id).await.availability.expect("known");
    assert_eq!((now.sold, now.held), (0, 0));
}

#[tokio::test]
async fn a_late_payment_gets_the_same_places_or_others_or_none() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await.showing_id);
    let mut first = wish(visit, &showing, 2);
    first.seats = vec!["C5".to_owned(), "C6".to_owned()];
    hold(&house, &first).await.expect("held");
    house.clock.set(minutes(20));
    twice(&house, visit, &VisitExpired { visit_id: visit.to_string() }).await;
    twice(&house, visit, &confirmed(visit, &showing)).await;
    let seats: Vec<_> = booking(&house, visit).await.expect("booked").tickets.into_iter().map(|t| t.seat).collect();
    assert_eq!(seats, ["C5", "C6"], "nobody had taken them");

    let (late, other) = (Uuid::now_v7(), Uuid::now_v7());
    let wish_for = |visit: Uuid| {
        let mut wish = wish(visit, &showing, 2);
        wish.seats = vec!["D5".to_owned(), "D6".to_owned()];
        wish.expires_at = Some(kernel::values::timestamp(house.clock.now() + chrono::TimeDelta::minutes(10)));
        wish
    };
    hold(&house, &wish_for(late)).await.expect("held");
    house.clock.set(minutes(31));
    // An expired hold is taken over by the next one, without any sweep.
    hold(&house, &wish_for(other)).await.expect("taken over");
    twice(&house, late, &confirmed(late, &showing)).await;
    let seats: Vec<_> = booking(&house, late).await.expect("booked").tickets.into_iter().map(|t| t.seat).collect();
    assert_eq!(seats.len(), 2);
    assert!(!seats.contains(&"D5".to_owned()), "equivalent ones: {seats:?}");

    let unlucky = Uuid::now_v7();
    hold(&house, &{
        let mut wish = wish_for(unlucky);
        wish.seats = vec!["E5".to_owned(), "E6".to_owned()];
        wish
    })
    .await
    .expect("held");
    twice(&house, unlucky, &VisitExpired { visit_id: unlucky.to_string() }).await;
    fill(&house, &showing).await;
    twice(&house, unlucky, &confirmed(unlucky, &showing)).await;
    let told: Vec<pb::BookingRefused> = house.events("reservations").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].visit_id, unlucky.to_string());
}

/// Sells every place that is left, past all quotas.
async fn fill(house: &kernel::testing::House, showing: &str) {
    let visit = Uuid::now_v7();
    let id = Uuid::parse_str(showing).expect("an id");
    sqlx::query(
        "insert into booking (visit_id, showing_id, state, channel, seats, items, held_at, expires_at)
         values ($1, $2, 'confirmed', 'staff', '[]', '[]', $3, $3)",
    )
    .bind(visit)
    .bind(id)
    .bind(minutes(0))
    .execute(house.pool("reservations"))
    .await
    .expect("a booking");
    sqlx::query(
        "insert into seat_claim (showing_id, seat, visit_id, channel, place, expires_at)
         select s.id, l.label, $2, 'staff', 'general', null
         from showing s join layout_seat l on l.layout_id = s.layout_id where s.id = $1
         on conflict do nothing",
    )
    .bind(id)
    .bind(visit)
    .execute(house.pool("reservations"))
    .await
    .expect("filled");
}

#[tokio::test]
async fn time_frees_what_nobody_bought() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await.showing_id);
    hold(&house, &wish(visit, &showing, 5)).await.expect("held");
    let before: Vec<pb::AvailabilityChanged> = house.events("reservations").await;
    let mut now = minutes(11);
    let freed = async {
        loop {
            let told: Vec<pb::AvailabilityChanged> = house.events("reservations").await;
            if told.len() > before.len() {
                return told.last().cloned().expect("one").availability.expect("known");
            }
            now += chrono::TimeDelta::seconds(10);
            house.clock.set(now);
            tokio::task::yield_now().await;
        }
    };
    let freed = tokio::time::timeout(std::time::Duration::from_secs(60), freed).await.expect("swept");
    assert_eq!(freed.held, 0);
}

#[tokio::test]
async fn a_showing_that_no_monitor_shows_yet_is_told_of_once_a_minute() {
    let house = house().await;
    let dome: Vec<pb::Showing> =
        programme(&house, &journey(), false).await.into_iter().filter(|showing| showing.hall == "dome").collect();
    let soon = dome.first().expect("a showing").showing_id.clone();
    let later = dome.iter().find(|it| from_timestamp(it.starts_at) > minutes(6 * 24 * 60)).expect("one in days");
    let later = later.showing_id.clone();
    let told = async |showing: &str| {
        let told: Vec<pb::AvailabilityChanged> = house.events("reservations").await;
        told.iter().filter(|it| it.showing_id == showing).count()
    };
    // The clock goes on by tenths of a second until it is told.
    let is_told = async |showing: &str, times: usize| {
        for _ in 0..6_000 {
            if told(showing).await >= times {
                return;
            }
            house.clock.advance(chrono::TimeDelta::milliseconds(100));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("{showing} is not told of");
    };
    let (soon_before, later_before) = (told(&soon).await, told(&later).await);
    let holds = async || {
        for showing in [&soon, &later] {
            hold(&house, &wish(Uuid::now_v7(), showing, 1)).await.expect("held");
        }
    };
    holds().await;
    is_told(&soon, soon_before + 1).await;
    is_told(&later, later_before + 1).await;
    holds().await;
    is_told(&soon, soon_before + 2).await;
    assert_eq!(told(&later).await, later_before + 1, "nobody waits for it");
    is_told(&later, later_before + 2).await;
    let told: Vec<pb::AvailabilityChanged> = house.events("reservations").await;
    let [.., first, second] = &told.iter().filter(|it| it.showing_id == later).collect::<Vec<_>>()[..] else {
        panic!("told twice")
    };
    let at = |it: &pb::AvailabilityChanged| from_timestamp(it.availability.as_ref().expect("known").observed_at);
    let after = (at(second) - at(first)).num_seconds();
    assert!(after >= 60, "told again after {after} s");
}

/// Whoever changes several showings locks them by their ids. A run of events in another order keeps to that too:
/// while it waits for the first showing, it holds none that the other wants.
#[tokio::test]
async fn a_run_of_confirmations_locks_showings_in_order() {
    let house = house().await;
    let mut showings: Vec<String> =
        programme(&house, &journey(), false).await.into_iter().map(|showing| showing.showing_id).take(2).collect();
    showings.sort();
    let mut run = Vec::new();
    for (showing, pub_seq) in showings.iter().rev().zip(1..) {
        let visit = Uuid::now_v7();
        hold(&house, &wish(visit, showing, 1)).await.expect("held");
        run.push(Event {
            pub_seq,
            event_id: Uuid::now_v7(),
            aggregate_id: visit.to_string(),
            aggregate_version: 1,
            type_name: VisitConfirmed::full_name(),
            payload: confirmed(visit, showing).encode_to_vec(),
            occurred_at: house.clock.now(),
            traceparent: String::new(),
        });
    }

    let lock = "select 1 from showing where id = $1::uuid for update nowait";
    let mut other = house.pool("reservations").begin().await.expect("a transaction");
    sqlx::query(lock).bind(&showings[0]).execute(&mut *other).await.expect("nobody has it");
    let deliver = house.deliver("reservations", "journey", &run);
    let meanwhile = async {
        let waits = "select exists (select 1 from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(house.pool("reservations")).await.expect("looked") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sqlx::query(lock).bind(&showings[1]).execute(&mut *other).await.expect("the run does not have it yet");
        other.rollback().await.expect("given back");
    };
    tokio::join!(deliver, meanwhile);
    let told: Vec<pb::BookingConfirmed> = house.events("reservations").await;
    assert_eq!(told.len(), 2);
}

/// So does a house file with new prices or titles, which changes all of them.
#[tokio::test]
async fn a_house_file_locks_showings_in_order() {
    let house = house().await;
    let mut other = house.pool("reservations").begin().await.expect("a transaction");
    let first = "select id from showing order by id limit 1 for update";
    let first: Uuid = sqlx::query_scalar(first).fetch_one(&mut *other).await.expect("nobody has it");
    // One that a statement without an order comes to before.
    let stored = "select id from showing where ctid < (select ctid from showing where id = $1) order by ctid limit 1";
    let stored: Option<Uuid> =
        sqlx::query_scalar(stored).bind(first).fetch_optional(&mut *other).await.expect("looked");
    let stored = stored.expect("the first by its id is not the first on the disk");
    let renamed = HOUSE_FILE.replace("Der Sternenhimmel heute Nacht", "Der Sternenhimmel heute");
    assert_ne!(renamed, HOUSE_FILE);
    let meanwhile = async {
        let waits = "select exists (select 1 from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(house.pool("reservations")).await.expect("looked") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let lock = "select 1 from showing where id = $1 for update nowait";
        sqlx::query(lock).bind(stored).execute(&mut *other).await.expect("the file's change does not have it yet");
        other.rollback().await.expect("given back");
    };
    let (loaded, ()) = tokio::join!(load(&house, &renamed, false), meanwhile);
    loaded.expect("loads");
    let told = programme(&house, &journey(), false).await;
    let names = told.iter().filter_map(|it| it.title.as_ref()).map(|title| title.de.as_str());
    assert!(names.filter(|name| *name == "Der Sternenhimmel heute").count() > 0, "told at once");
}

#[tokio::test]
async fn places_that_somebody_with_a_faster_clock_took_over_are_looked_for_anew() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await.showing_id);
    hold(&house, &wish(visit, &showing, 2)).await.expect("held");
    // Another replica's clock says that the hold is over, and its seller gives one of the places away.
    let other = Uuid::now_v7();
    sqlx::query(
        "update seat_claim set visit_id = $2, expires_at = $3 where (showing_id, seat) =
             (select showing_id, seat from seat_claim where visit_id = $1 order by seat limit 1)",
    )
    .bind(visit)
    .bind(other)
    .bind(minutes(30))
    .execute(house.pool("reservations"))
    .await
    .expect("taken over");
    let extend = pb::ExtendHoldRequest { visit_id: visit.to_string(), expires_at: Some(timestamp(minutes(20))) };
    let refused = client!(house, &journey()).extend_hold(extend).await.expect_err("it does not have all of them");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);

    let event = confirmed(visit, &showing);
    let again = house.react("reservations", "journey", &visit.to_string(), &event).await.expect_err("later again");
    assert!(again.code.is_transient(), "{again:?}");
    assert!(house.events::<pb::BookingConfirmed>("reservations").await.is_empty());
    house.clock.set(minutes(11));
    twice(&house, visit, &event).await;
    let told: Vec<pb::BookingConfirmed> = house.events("reservations").await;
    assert_eq!(told.len(), 1, "paid and never confirmed nor refused");
    let theirs: i64 = sqlx::query_scalar("select count(*) from seat_claim where visit_id = $1")
        .bind(other)
        .fetch_one(house.pool("reservations"))
        .await
        .expect("counted");
    assert_eq!(theirs, 1, "whoever took it over keeps it");
}

/// Behind all else that keeps a place from being sold twice.
#[tokio::test]
async fn the_last_wall_refuses_a_second_ticket_for_a_place() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await.showing_id);
    hold(&house, &wish(visit, &showing, 1)).await.expect("held");
    house.react("reservations", "journey", &visit.to_string(), &confirmed(visit, &showing)).await.expect("sold");
    let again = "insert into ticket (id, visit_id, showing_id, seat, tariff_class, live)
                 select gen_random_uuid(), visit_id, showing_id, seat, tariff_class, true from ticket where visit_id = $1";
    let refused = sqlx::query(again).bind(visit).execute(house.pool("reservations")).await.expect_err("sold already");
    assert_eq!(kernel::error::broken_constraint(&refused), Some("ticket_one_per_place"), "{refused}");
}
