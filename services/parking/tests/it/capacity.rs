//! No class is given to more than it has, at any instant: not by many at once, not by a delay, not past our own code.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::{testing::House, values::timestamp};
use proptest::{
    prelude::{Strategy, any},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use sky_proto::{
    parking::v1 as pb,
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

/// The bays that live rights have been given, counted by hand, and what the database has counted.
async fn given(house: &House) -> (BTreeMap<DateTime<Utc>, i64>, BTreeMap<DateTime<Utc>, i64>) {
    let by_hand = "select slot_at, count(*) from parking_right, bay_quarters(given_from, given_until) slot_at
                   where state in ('held', 'confirmed', 'checked_in') group by 1";
    let counted = "select slot_at, given::bigint from bay_use where given > 0";
    let mut found = Vec::new();
    for query in [by_hand, counted] {
        let rows: Vec<(DateTime<Utc>, i64)> =
            sqlx::query_as(query).fetch_all(house.pool("parking")).await.expect("counted");
        found.push(rows.into_iter().collect());
    }
    let counted = found.pop().expect("two");
    (found.pop().expect("two"), counted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_in_windows_of_all_kinds_never_get_more_than_there_is() {
    let house = house().await;
    set_capacity(&house, "standard", 7).await;
    let windows = proptest::collection::vec((0_i64..500, 1_i64..400, any::<bool>()), 300);
    let windows = windows.new_tree(&mut TestRunner::deterministic()).expect("windows").current();
    let asked = windows.into_iter().map(|(from, long, leaves)| {
        let mut client = client!(house, &journey());
        let mut wish = wish(Uuid::now_v7(), Uuid::now_v7());
        (wish.from, wish.until) = (Some(timestamp(minutes(90 + from))), Some(timestamp(minutes(90 + from + long))));
        async move {
            let release = pb::ReleaseBayRequest { visit_id: wish.visit_id.clone() };
            match client.hold_bay(wish).await {
                Ok(_) if leaves => client.release_bay(release).await.map(|_| false),
                Ok(_) => Ok(true),
                Err(status) if status.code() == Code::ResourceExhausted => Ok(false),
                Err(status) => Err(status),
            }
        }
    });
    let kept = futures::future::try_join_all(asked).await.expect("held or full");
    assert!(kept.iter().filter(|kept| **kept).count() >= 7);
    let (by_hand, counted) = given(&house).await;
    assert_eq!(by_hand, counted);
    assert!(counted.values().all(|bays| *bays <= 7) && counted.values().any(|bays| *bays == 7), "{counted:?}");
}

#[tokio::test]
async fn a_later_end_takes_no_bay_that_is_anothers() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let (stays, comes, showing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let scheduled = ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(120))),
        ends_at: Some(timestamp(minutes(180))),
        ..Default::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &scheduled).await.expect("known");
    confirmed_right(&house, stays, showing).await;
    let mut next = wish(comes, Uuid::now_v7());
    (next.from, next.until) = (Some(timestamp(minutes(255))), Some(timestamp(minutes(300))));
    hold(&house, &next).await.expect("one after the other");

    let delayed = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: 40,
        starts_at: Some(timestamp(minutes(160))),
        ends_at: Some(timestamp(minutes(220))),
        ..Default::default()
    };
    for _ in 0..2 {
        house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("moved");
    }
    let moved = right(&house, stays).await;
    assert_eq!(moved.until, Some(timestamp(minutes(280))), "nobody is thrown out");
    assert_eq!(moved.without_bay_from, Some(timestamp(minutes(255))));
    let (by_hand, counted) = given(&house).await;
    assert_eq!(by_hand, counted);
    assert!(counted.values().all(|bays| *bays == 1));

    // The other one gives up: the next word about the end finds the bay free.
    let release = pb::ReleaseBayRequest { visit_id: comes.to_string() };
    client!(house, &journey()).release_bay(release).await.expect("released");
    let delayed = ShowingDelayed { ends_at: Some(timestamp(minutes(221))), ..delayed };
    house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("moved");
    assert_eq!(right(&house, stays).await.without_bay_from, None);
}

#[tokio::test]
async fn the_database_itself_refuses_one_more() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    confirmed_right(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    let past_our_code = "insert into parking_right select (jsonb_populate_record(null::parking_right,
        to_jsonb(r) || jsonb_build_object('visit_id', gen_random_uuid()))).* from parking_right r";
    let refused = sqlx::query(past_our_code).execute(house.pool("parking")).await.expect_err("full");
    let refused = refused.into_database_error().expect("a constraint");
    assert_eq!(refused.constraint(), Some("bay_use_within"));
}

#[tokio::test]
async fn more_than_there_are_may_be_given_where_the_house_says_so() {
    let house = house().await;
    let (before, bays) = HOUSE_FILE.split_once("class = \"standard\"\ncount = ").expect("standard bays");
    let (_, after) = bays.split_once('\n').expect("a line");
    let overbooked = format!("{before}class = \"standard\"\ncount = 2\noverbooking_percent = 50\n{after}");
    load(&house, &overbooked, false).await.expect("loads");
    for _ in 0..3 {
        hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect("half as many again");
    }
    let full = hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect_err("a fourth");
    assert_eq!(full.code(), Code::ResourceExhausted);
    let too_much = overbooked.replace("overbooking_percent = 50", "overbooking_percent = 101");
    let refused = load(&house, &too_much, true).await.expect_err("too much");
    assert!(refused.message().contains("overbooking_percent"), "{}", refused.message());
}
