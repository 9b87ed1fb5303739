//! Several replicas of reservations sell the same showing: real processes on one database. And the other way
//! round: a build without the guard (`--features unguarded`) must sell places twice, and the test's own
//! count and `sky verify` must both say so. A check that cannot fail proves nothing.
//!
//! `RACE_SHOWINGS` sets how many showings each race sells (default: two or three; the programme has some forty).

use std::collections::HashMap;

use chrono::TimeDelta;
use kernel::{
    Caller,
    testing::{TestDb, process_clock, settings},
    values::timestamp,
};
use sky_proto::reservations::v1::{
    Channel, ExtendHoldRequest, HoldSeatsRequest, ListProgrammeRequest, PartyLine, Showing,
    reservations_client::ReservationsClient,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tonic::{Code, service::interceptor::InterceptedService};
use uuid::Uuid;

use crate::{
    processes::{sky, start_sellers},
    world::Bearer,
};

pub type Desk = ReservationsClient<InterceptedService<tonic::transport::Channel, Bearer>>;

/// What the sale of some showings came to.
#[derive(Default)]
struct Sold {
    /// As many as the programme offered.
    offered: usize,
    places: usize,
    /// Places that were answered to two visits.
    twice: Vec<String>,
}

/// Waits until each replica has decided on what it saw, and waits to write it.
async fn all_decided(watcher: &mut PgConnection, replicas: usize) {
    let mut waiting = 0;
    for _ in 0..500 {
        waiting = sqlx::query_scalar::<_, i64>(
            "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and query like 'with due as materialized%'",
        )
        .fetch_one(&mut *watcher)
        .await
        .expect("counted");
        if waiting >= replicas as i64 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{waiting} of {replicas} replicas wait to write");
}

/// The programme from tomorrow on.
pub fn next_days() -> ListProgrammeRequest {
    let now = process_clock().now();
    ListProgrammeRequest {
        from: Some(timestamp(now + TimeDelta::days(1))),
        until: Some(timestamp(now + TimeDelta::days(10))),
        include_closed: false,
    }
}

/// At least so many showings of the dome, of the next days.
pub async fn dome_showings(desk: &mut Desk, many: usize) -> Vec<Showing> {
    let mut programme = Vec::new();
    for _ in 0..100 {
        programme = desk.list_programme(next_days()).await.expect("a programme").into_inner().showings;
        programme.retain(|showing| showing.hall == "dome");
        if programme.len() >= many {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    programme
}

async fn sell(replicas: usize, usual: usize, isolation: &str) -> (Sold, bool) {
    let showings = std::env::var("RACE_SHOWINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let db = TestDb::create().await;
    let settings = settings(&db);
    let name = settings.database_url.rsplit('/').next().expect("a name");
    let isolate = format!("alter database \"{name}\" set default_transaction_isolation = '{isolation}'");
    let mut connection = PgConnection::connect(&settings.database_url).await.expect("the database");
    connection.execute(AssertSqlSafe(isolate)).await.expect("altered");
    let mut keeper = PgConnection::connect(&settings.database_url).await.expect("the database");
    let (processes, world) = start_sellers(replicas, &settings).await;
    let journey = Caller::Service("journey".to_owned());
    let mut desk = ReservationsClient::new(world.door("reservations", &journey));
    let programme = dome_showings(&mut desk, showings).await;
    let now = process_clock().now();
    let doors: Vec<_> = processes.addresses[1..]
        .iter()
        .map(|address| ReservationsClient::new(world.door_at(address, &journey)))
        .collect();
    let mut sold = Sold::default();
    for showing in programme.iter().take(showings) {
        sold.offered += showing.availability.as_ref().map_or(0, |it| it.free_online as usize);
        let parties = (0..160).map(|party: u32| {
            let mut replica = doors[party as usize % replicas].clone();
            let mut another = doors[(party as usize + 1) % replicas].clone();
            // All replicas are asked for the same, in the same order: so they decide on the same places.
            let adults = 1 + party / replicas as u32 % 3;
            let order = HoldSeatsRequest {
                idempotency_key: Uuid::new_v4().to_string(),
                visit_id: Uuid::new_v4().to_string(),
                showing_id: showing.showing_id.clone(),
                party: vec![PartyLine { tariff_class: "adult".to_owned(), count: adults, need: 0 }],
                expires_at: Some(timestamp(now + TimeDelta::minutes(10))),
                seats: Vec::new(),
                channel: Channel::Online.into(),
                wish: None,
                offered: false,
            };
            async move {
                // Every tenth asks two replicas at once with the same key. That key would stop the second of two writes
                // that collide, so without the guard nobody does.
                let again = async {
                    if party.is_multiple_of(10) && cfg!(not(feature = "unguarded")) {
                        another.hold_seats(order.clone()).await.ok()
                    } else {
                        None
                    }
                };
                let (first, again) = tokio::join!(replica.hold_seats(order.clone()), again);
                match (first, again) {
                    (Ok(first), Some(again)) => {
                        assert_eq!(first.get_ref(), again.get_ref(), "one key, one answer");
                        Ok(first)
                    }
                    (Err(_), Some(again)) => Ok(again),
                    (first, None) => first,
                }
            }
        });
        let mut holders: HashMap<String, usize> = HashMap::new();
        // The showing's row is kept until all replicas want it: that they collide is no matter of luck then.
        let mut row = keeper.begin_with("begin isolation level read committed").await.expect("begun");
        let lock = sqlx::query("select 1 from reservations.showing where id = $1::uuid for update");
        lock.bind(&showing.showing_id).execute(&mut *row).await.expect("the row");
        let (answers, ()) = tokio::join!(futures::future::join_all(parties), async {
            all_decided(&mut connection, replicas).await;
            row.commit().await.expect("let go");
        });
        for answer in answers {
            match answer {
                Ok(held) => {
                    for seat in held.into_inner().seats {
                        *holders.entry(seat.label).or_default() += 1;
                    }
                }
                // Whoever sees a snapshot older than another's write is told to ask again.
                Err(status) if status.code() == Code::Unavailable && isolation == "repeatable read" => {}
                Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
            }
        }
        sold.places += holders.len();
        sold.twice.extend(holders.into_iter().filter(|(_, times)| *times > 1).map(|(label, _)| label));
    }
    let verify = sky(&settings).arg("verify").output().expect("sky verify runs");
    let verdict = String::from_utf8_lossy(&verify.stdout);
    assert!(verdict.contains("invariants"), "{verdict}{}", String::from_utf8_lossy(&verify.stderr));
    let blames_places = verdict.lines().any(|line| line.starts_with("BROKEN") && line.contains("two visits"));
    assert_eq!(verify.status.success(), !blames_places, "{verdict}");
    (sold, blames_places)
}

#[cfg(not(feature = "unguarded"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_sell_every_place_once() {
    let (sold, blamed) = sell(2, 3, "read committed").await;
    assert!(sold.offered > 0);
    assert_eq!((sold.places, sold.twice.len(), blamed), (sold.offered, 0, false), "{:?}", sold.twice);
}

#[cfg(not(feature = "unguarded"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_replicas_sell_every_place_once() {
    let (sold, blamed) = sell(4, 2, "read committed").await;
    assert!(sold.offered > 0);
    assert_eq!((sold.places, sold.twice.len(), blamed), (sold.offered, 0, false), "{:?}", sold.twice);
}

/// The statement waits for a lock and then looks at what the one before has done, as READ COMMITTED lets it.
/// Where a database is set otherwise, less is sold, and still nothing twice.
#[cfg(not(feature = "unguarded"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_repeatable_read_no_place_is_sold_twice_either() {
    let (sold, blamed) = sell(2, 2, "repeatable read").await;
    assert_eq!((sold.twice.len(), blamed), (0, false), "{:?}", sold.twice);
    assert!((1..=sold.offered).contains(&sold.places), "{} places of {}", sold.places, sold.offered);
}

/// Holds that run out are taken over at one replica in the same moments in which they are extended at the other.
#[cfg(not(feature = "unguarded"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_runs_out_is_extended_or_taken_over_and_never_both() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let (processes, world) = start_sellers(2, &settings).await;
    let journey = Caller::Service("journey".to_owned());
    let [one, other] =
        [1, 2].map(|at: usize| ReservationsClient::new(world.door_at(&processes.addresses[at], &journey)));
    let showing = dome_showings(&mut one.clone(), 1).await.remove(0);
    let free = showing.availability.as_ref().map_or(0, |it| it.free_online);
    let order = |expires_at| HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: Uuid::new_v4().to_string(),
        showing_id: showing.showing_id.clone(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 1, need: 0 }],
        expires_at: Some(timestamp(expires_at)),
        seats: Vec::new(),
        channel: Channel::Online.into(),
        wish: None,
        offered: false,
    };
    // All places, each held a little longer than the one before.
    let first = process_clock().now() + TimeDelta::seconds(6);
    let ends = |number: u32| first + TimeDelta::milliseconds(i64::from(number) * 10);
    let holds = (0..free).map(|number| {
        let (mut replica, order) = (one.clone(), order(ends(number)));
        async move { replica.hold_seats(order).await.expect("held").into_inner() }
    });
    let held = futures::future::join_all(holds).await;
    assert!(process_clock().now() < first, "held before the first one runs out");
    let races = held.iter().zip(0..).map(|(hold, number)| {
        let (mut one, mut other) = (one.clone(), other.clone());
        let extension = ExtendHoldRequest {
            visit_id: hold.visit_id.clone(),
            expires_at: Some(timestamp(first + TimeDelta::minutes(10))),
        };
        let order = order(first + TimeDelta::minutes(10));
        // Now too early, now a little too late.
        let at = ends(number) + TimeDelta::milliseconds(i64::from(number * 37 % 300) - 200);
        async move {
            tokio::time::sleep((at - process_clock().now()).to_std().unwrap_or_default()).await;
            tokio::join!(one.extend_hold(extension), other.hold_seats(order))
        }
    });
    let mut kept: HashMap<String, Vec<String>> = HashMap::new();
    let (mut extended, mut taken) = (0, 0);
    for (hold, (extension, takeover)) in held.iter().zip(futures::future::join_all(races).await) {
        if extension.is_ok() {
            extended += 1;
            kept.insert(hold.visit_id.clone(), hold.seats.iter().map(|seat| seat.label.clone()).collect());
        }
        if let Ok(taker) = takeover {
            taken += 1;
            let taker = taker.into_inner();
            kept.insert(taker.visit_id, taker.seats.into_iter().map(|seat| seat.label).collect());
        }
    }
    assert!(extended > 0 && taken > 0, "a race: {extended} extended, {taken} taken over");
    let mut connection = PgConnection::connect(&settings.database_url).await.expect("the database");
    for (visit, seats) in kept {
        let claims: Vec<String> =
            sqlx::query_scalar("select seat from reservations.seat_claim where visit_id = $1::uuid")
                .bind(&visit)
                .fetch_all(&mut connection)
                .await
                .expect("claims");
        assert_eq!(claims, seats, "whoever was told that it has places has them");
    }
    let verify = sky(&settings).arg("verify").output().expect("sky verify runs");
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}

#[cfg(feature = "unguarded")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_guard_places_are_sold_twice_and_everybody_notices() {
    let (sold, blamed) = sell(2, 2, "read committed").await;
    assert!(!sold.twice.is_empty(), "{} places, none of them twice", sold.places);
    assert!(blamed, "sky verify did not notice {:?}", sold.twice);
}
