//! What is told of a showing under sale is never older than a second, in every replica, and says truly how
//! old it is: held against the answers that the buyers have had.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller,
    testing::{TestDb, process_clock, settings},
    values::{from_timestamp, timestamp},
};
use sky_proto::reservations::v1::{
    Channel, GetShowingRequest, HoldSeatsRequest, PartyLine, Showing, WatchShowingsRequest,
    reservations_client::ReservationsClient,
};
use uuid::Uuid;

use crate::{
    processes::start_sellers,
    replicas::{dome_showings, next_days},
};

/// What a reader was told, and when it had asked.
struct Told {
    asked_at: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    held: usize,
}

#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_under_sale_is_never_older_than_a_second() {
    // Dropped with this variable, at the end of the test.
    let db = TestDb::create().await;
    let settings = settings(&db);
    let (processes, world) = start_sellers(2, &settings).await;
    let journey = Caller::Service("journey".to_owned());
    let replica = |n: usize| ReservationsClient::new(world.door_at(&processes.addresses[n], &journey));
    let window = next_days();
    let showing = dome_showings(&mut replica(1), 1).await.remove(0).showing_id;

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
                expires_at: Some(timestamp(process_clock().now() + TimeDelta::minutes(10))),
                seats: Vec::new(),
                channel: Channel::Online.into(),
                wish: None,
                offered: false,
            };
            // A machine that runs every test at once may ask to try again; the same key, so the same hold.
            let mut left = 10;
            while let Err(status) = sale.hold_seats(order.clone()).await {
                assert!(left > 0 && status.code() == tonic::Code::Unavailable, "{status}");
                left -= 1;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            answered.push(process_clock().now());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        answered
    });
    let about = move |showing: &Showing, asked_at: DateTime<Utc>| {
        let availability = showing.availability.as_ref().expect("known");
        Told { asked_at, observed_at: from_timestamp(availability.observed_at), held: availability.held as usize }
    };
    let mut reading = Vec::new();
    for n in [1, 2] {
        let (mut door, id) = (replica(n), showing.clone());
        reading.push((
            "one",
            tokio::spawn(async move {
                let mut told = Vec::new();
                while told.last().is_none_or(|it: &Told| it.held < 80) {
                    let asked_at = process_clock().now();
                    let request = GetShowingRequest { showing_id: id.clone() };
                    told.push(about(&door.get_showing(request).await.expect("told").into_inner(), asked_at));
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                told
            }),
        ));
        let (mut door, id) = (replica(n), showing.clone());
        reading.push((
            "the programme",
            tokio::spawn(async move {
                let mut told = Vec::new();
                while told.last().is_none_or(|it: &Told| it.held < 80) {
                    let asked_at = process_clock().now();
                    let all = door.list_programme(window).await.expect("told").into_inner().showings;
                    told.push(about(all.iter().find(|it| it.showing_id == id).expect("in it"), asked_at));
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                told
            }),
        ));
        // Whoever watches asks nothing: at any moment they know what they were told last.
        let (mut door, id) = (replica(n), showing.clone());
        reading.push((
            "who watches",
            tokio::spawn(async move {
                let request = WatchShowingsRequest {
                    from: window.from,
                    until: window.until,
                    include_closed: false,
                    after_revision: 0,
                };
                let mut updates = door.watch_showings(request).await.expect("a stream").into_inner();
                let first = updates.message().await.expect("the stream goes on").expect("all of it").showings;
                let mut known = first.into_iter().find(|it| it.showing_id == id).expect("in it");
                let mut told = Vec::new();
                while told.last().is_none_or(|it: &Told| it.held < 80) {
                    let next = tokio::time::timeout(Duration::from_millis(10), updates.message()).await;
                    if let Ok(update) = next {
                        let update = update.expect("the stream goes on").expect("an update");
                        known = update.showings.into_iter().find(|it| it.showing_id == id).unwrap_or(known);
                    }
                    told.push(about(&known, process_clock().now()));
                }
                told
            }),
        ));
    }
    let answered = selling.await.expect("sold");
    for (who, told) in reading {
        let told = tokio::time::timeout(Duration::from_secs(5), told).await.expect("in time").expect("read");
        assert!(told.len() > 50, "{who}: {} answers", told.len());
        for it in told {
            let sold_before = |at: DateTime<Utc>| answered.iter().filter(|answer| **answer < at).count();
            let a_second_ago = it.asked_at - TimeDelta::seconds(1);
            let then = sold_before(a_second_ago);
            assert!(it.held >= then, "{who}: {} held, but {then} a second ago", it.held);
            let then = sold_before(it.observed_at);
            assert!(it.held >= then, "{who}: {} held is older than {}", it.held, it.observed_at);
            // What is watched is told when it changes, and is as old as its last change.
            let old = it.asked_at - it.observed_at;
            assert!(
                who == "who watches" || it.observed_at >= a_second_ago,
                "{who}: observed {old} before it was asked"
            );
        }
    }
}
