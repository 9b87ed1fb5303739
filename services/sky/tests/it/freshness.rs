//! What is told of a showing under sale is never older than a second, in every replica, and says truly how
//! old it is: held against the answers that the buyers have had.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller,
    testing::{TestDb, settings},
    values::{from_timestamp, timestamp},
};
use sky_proto::reservations::v1::{
    Channel, GetShowingRequest, HoldSeatsRequest, ListProgrammeRequest, PartyLine,
    reservations_client::ReservationsClient,
};
use uuid::Uuid;

use crate::{processes::start, world::ALL};

/// What a reader was told, and when it had asked.
struct Told {
    asked_at: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    held: usize,
}

#[expect(clippy::disallowed_methods, reason = "real processes run on real time")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_under_sale_is_never_older_than_a_second() {
    // Dropped with this variable, at the end of the test.
    let db = TestDb::create().await;
    let settings = settings(&db);
    let others: Vec<&'static str> =
        ALL.iter().map(|service| service.name).filter(|name| *name != "reservations").collect();
    let (processes, world) = start(&[&others, &["reservations"], &["reservations"]], &settings).await;
    let journey = Caller::Service("journey".to_owned());
    let replica = |n: usize| ReservationsClient::new(world.door_at(&processes.addresses[n], &journey));
    let now = Utc::now();
    let window = ListProgrammeRequest {
        from: Some(timestamp(now + TimeDelta::days(1))),
        until: Some(timestamp(now + TimeDelta::days(7))),
        include_closed: false,
    };
    let mut showings = Vec::new();
    for _ in 0..100 {
        showings = replica(1).list_programme(window).await.expect("a programme").into_inner().showings;
        showings.retain(|showing| showing.hall == "dome");
        if !showings.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let showing = showings.first().expect("a showing").showing_id.clone();

    let mut sale = replica(1);
    let id = showing.clone();
    let selling = tokio::spawn(async move {
        let mut answered = Vec::new();
        for _ in 0..80 {
            let order = HoldSeatsRequest {
                idempotency_key: Uuid::new_v4().to_string(),
                visit_id: Uuid::new_v4().to_string(),
                showing_id: id.clone(),
                party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 1, need: 0 }],
                expires_at: Some(timestamp(Utc::now() + TimeDelta::minutes(10))),
                seats: Vec::new(),
                channel: Channel::Online.into(),
                wish: None,
            };
            // A machine that runs every test at once may ask to try again; the same key, so the same hold.
            let mut left = 10;
            while let Err(status) = sale.hold_seats(order.clone()).await {
                assert!(left > 0 && status.code() == tonic::Code::Unavailable, "{status}");
                left -= 1;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            answered.push(Utc::now());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        answered
    });
    let reading = [1, 2].map(|n| {
        let (mut door, id) = (replica(n), showing.clone());
        tokio::spawn(async move {
            let mut told = Vec::new();
            let mut held = 0;
            while held < 80 {
                let asked_at = Utc::now();
                let request = GetShowingRequest { showing_id: id.clone() };
                let availability = door.get_showing(request).await.expect("told").into_inner().availability;
                let availability = availability.expect("known");
                held = availability.held as usize;
                told.push(Told { asked_at, observed_at: from_timestamp(availability.observed_at), held });
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            told
        })
    });
    let answered = selling.await.expect("sold");
    for told in reading {
        let told = tokio::time::timeout(Duration::from_secs(5), told).await.expect("in time").expect("read");
        assert!(told.len() > 50, "{} answers", told.len());
        for it in told {
            let sold_before = |at: DateTime<Utc>| answered.iter().filter(|answer| **answer < at).count();
            let a_second_ago = it.asked_at - TimeDelta::seconds(1);
            assert!(
                it.held >= sold_before(a_second_ago),
                "{} held, but {} a second ago",
                it.held,
                sold_before(a_second_ago)
            );
            assert!(it.held >= sold_before(it.observed_at), "{} held is older than {}", it.held, it.observed_at);
            assert!(it.observed_at >= a_second_ago, "observed {} before it was asked", it.asked_at - it.observed_at);
        }
    }
}
