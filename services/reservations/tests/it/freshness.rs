//! What is told of a showing follows whatever has changed it (how soon is measured where nothing else runs beside it: sky's
//! own test of freshness), and who only reads keeps nobody from selling.

use std::time::{Duration, Instant};

use kernel::{testing::House, values::timestamp};
use sky_proto::{
    journey::v1::VisitCancelled,
    reservations::v1::{self as pb, Availability},
};
use uuid::Uuid;

use crate::{client, support::*};

/// Less than the fifteen seconds after which everything is loaded anew anyway, and enough where every test runs at once.
const SOON: Duration = Duration::from_secs(10);

/// Waits until a showing is told so.
async fn is_told(house: &House, showing: &str, what: &str, is: impl Fn(&Availability) -> bool) {
    let (since, request) = (Instant::now(), pb::GetShowingRequest { showing_id: showing.to_owned() });
    loop {
        let asked = since.elapsed();
        let told = client!(house, &journey()).get_showing(request.clone()).await.expect("told").into_inner();
        let left = told.availability.expect("known");
        if is(&left) {
            return;
        }
        assert!(asked < SOON, "{what}: after {asked:?} it is still told: {left:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_changes_a_showing_is_told_soon() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let [bought, given_up, dropped] = [(); 3].map(|()| Uuid::now_v7());
    for visit in [bought, given_up, dropped] {
        hold(&house, &wish(visit, &showing, 2)).await.expect("held");
    }
    is_told(&house, &showing, "three holds", |it| (it.held, it.sold) == (6, 0)).await;
    let release = pb::ReleaseHoldRequest { visit_id: given_up.to_string() };
    client!(house, &journey()).release_hold(release).await.expect("released");
    is_told(&house, &showing, "a release", |it| (it.held, it.sold) == (4, 0)).await;
    let event = confirmed(bought, &showing);
    house.react("reservations", "journey", &bought.to_string(), &event).await.expect("confirmed");
    is_told(&house, &showing, "a confirmation", |it| (it.held, it.sold) == (2, 2)).await;
    house.clock.set(minutes(11));
    is_told(&house, &showing, "a hold that ran out", |it| (it.held, it.sold) == (0, 2)).await;
    let event = VisitCancelled { visit_id: bought.to_string(), showing_id: showing.clone(), ..Default::default() };
    house.react("reservations", "journey", &bought.to_string(), &event).await.expect("cancelled");
    is_told(&house, &showing, "a cancellation", |it| (it.held, it.sold) == (0, 0)).await;
    let cancel = pb::CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        reason: Some(sky_proto::kernel::v1::LocalizedText { de: "Technik".to_owned(), ..Default::default() }),
    };
    client!(house, &journey()).cancel_showing(cancel).await.expect("cancelled");
    let is_cancelled = |it: &Availability| it.reason() == pb::AvailabilityReason::Cancelled;
    is_told(&house, &showing, "a showing that does not take place", is_cancelled).await;
}

/// Thousands come back to their pages when a portal restarts in a rush.
#[tokio::test]
async fn who_begins_to_watch_is_told_without_asking_the_database() {
    let house = house().await;
    known(&house).await;
    let mut other = house.pool("reservations").begin().await.expect("a transaction");
    sqlx::query("lock table showing in access exclusive mode").execute(&mut *other).await.expect("locked");
    let request = pb::WatchShowingsRequest {
        from: Some(timestamp(minutes(0))),
        until: Some(timestamp(minutes(24 * 60))),
        include_closed: false,
        after_revision: 0,
    };
    let first = async {
        let mut stream = client!(house, &journey()).watch_showings(request).await.expect("a stream").into_inner();
        stream.message().await.expect("it goes on").expect("a first state")
    };
    let first = tokio::time::timeout(SOON, first).await.expect("it waits for the database");
    assert!(!first.showings.is_empty());
    other.rollback().await.expect("given back");
    // And it goes on with what changes.
    let showing = showing(&house).await.showing_id;
    let mut stream = client!(house, &journey()).watch_showings(request).await.expect("a stream").into_inner();
    let before = stream.message().await.expect("it goes on").expect("a first state").revision;
    hold(&house, &wish(Uuid::now_v7(), &showing, 1)).await.expect("held");
    let next = tokio::time::timeout(SOON, stream.message()).await.expect("told");
    let next = next.expect("it goes on").expect("what has changed");
    assert!(next.revision > before && next.showings.iter().any(|it| it.showing_id == showing));
}

#[tokio::test]
async fn seat_plans_and_bookings_are_read_on_none_of_the_sellers_connections() {
    let house = house().await;
    let (visit, showing) = (Uuid::now_v7(), showing(&house).await.showing_id);
    hold(&house, &wish(visit, &showing, 1)).await.expect("held");
    house.react("reservations", "journey", &visit.to_string(), &confirmed(visit, &showing)).await.expect("sold");
    let mut taken = Vec::new();
    for _ in 0..house.settings.pool_size {
        taken.push(house.db("reservations").reader().await.expect("a connection"));
    }
    let plan = pb::GetSeatPlanRequest { showing_id: showing.clone() };
    let reads = async {
        client!(house, &journey()).get_seat_plan(plan).await.expect("a plan");
        booking(&house, visit).await.expect("a booking");
        let unknown = pb::GetShowingRequest { showing_id: Uuid::new_v4().to_string() };
        client!(house, &journey()).get_showing(unknown).await.expect_err("looked for and not found")
    };
    let refused = tokio::time::timeout(SOON, reads).await.expect("they wait for a seller's connection");
    assert_eq!(refused.code(), tonic::Code::NotFound, "{refused}");
}

/// What time alone gives is told by a new revision too; whoever reads that one must not have looked at the clock before.
#[tokio::test]
async fn a_sale_that_begins_while_the_programme_is_read_is_told() {
    let house = house().await;
    let showing = showing(&house).await.showing_id;
    let to_come = "update showing set on_sale_at = $2, next_turn_at = $2, revision = revision + 1,
                       sale_version = sale_version + 1 where id = $1::uuid";
    let to_come = sqlx::query(to_come).bind(&showing).bind(minutes(5));
    to_come.execute(house.pool("reservations")).await.expect("set");
    is_told(&house, &showing, "a sale to come", |it| it.free_online == 0).await;
    let mut other = house.pool("reservations").begin().await.expect("a transaction");
    sqlx::query("lock table showing in access exclusive mode").execute(&mut *other).await.expect("locked");
    house.db("reservations").touch("showings");
    // Who asks whether there is something new, and who reads it.
    let reading = "select count(*) from pg_stat_activity where datname = current_database()
                       and wait_event_type = 'Lock' and query like '%sum(revision)%'";
    while sqlx::query_scalar::<_, i64>(reading).fetch_one(house.pool("reservations")).await.expect("counted") < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    house.clock.set(minutes(5));
    let turned =
        "update showing set next_turn_at = 'infinity', revision = revision + 1, sale_version = sale_version + 1
                  where id = $1::uuid";
    sqlx::query(turned).bind(&showing).execute(&mut *other).await.expect("turned");
    other.commit().await.expect("told");
    is_told(&house, &showing, "a sale that has begun", |it| it.free_online > 0).await;
}
