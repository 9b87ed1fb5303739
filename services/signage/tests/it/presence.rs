//! Whether a display is there and well: as a table, with the time said in it. The row "Monitor" of the house's
//! failure matrix, and what a silent display's neighbour does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    clock::wall_now,
    testing::{House, noon},
    values::{from_timestamp, timestamp},
};
use signage::domain::{Absence, Health, Pairing, Presence, State, away, state};
use sky_proto::signage::v1::{self as pb, displays_client::DisplaysClient};

use crate::{acknowledgements::look, support::*};

fn well() -> Presence {
    Presence {
        pairing: Pairing::Paired,
        last_seen_at: Some(noon()),
        health: Some(Health { shown_revision: 5, ..Health::default() }),
        faults: 0,
        revision: 5,
        revised_for: TimeDelta::minutes(10),
        rendered: 5,
        retired: false,
        asks_seldom: false,
    }
}

fn after(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

#[test]
fn the_states_of_a_display() {
    type Change = fn(&mut Presence);
    let cases: [(&str, Change, i64, State); 21] = [
        ("well", |_| {}, 0, State::Active),
        ("one heartbeat missed", |_| {}, 21, State::Active),
        ("two missed", |_| {}, 41, State::Active),
        ("just before the third", |_| {}, 59, State::Active),
        ("three missed", |_| {}, 60, State::Offline),
        ("silent for a day", |_| {}, 86_400, State::Offline),
        ("no device", |it| (it.pairing, it.last_seen_at) = (Pairing::None, None), 86_400, State::Unclaimed),
        ("approved", |it| (it.pairing, it.last_seen_at) = (Pairing::Approved, None), 0, State::Pending),
        ("fetched its token, said nothing yet", |it| it.last_seen_at = None, 86_400, State::Pending),
        ("revoked while it talks", |it| it.pairing = Pairing::Revoked, 0, State::Revoked),
        ("taken down", |it| it.retired = true, 0, State::Retired),
        ("a fault", |it| it.faults = 1, 0, State::Degraded),
        ("a fault, and silent", |it| it.faults = 1, 60, State::Offline),
        ("clock fast", |it| it.health.as_mut().expect("health").skew_millis = 2_001, 0, State::Degraded),
        ("clock slow", |it| it.health.as_mut().expect("health").skew_millis = -60_000, 0, State::Degraded),
        ("behind for long", |it| it.revision = 6, 0, State::Degraded),
        ("asks once a minute", |it| it.asks_seldom = true, 119, State::Active),
        ("has not asked twice", |it| it.asks_seldom = true, 120, State::Offline),
        (
            "asks once a minute, revised since",
            |it| (it.asks_seldom, it.revision, it.revised_for) = (true, 6, TimeDelta::seconds(90)),
            0,
            State::Active,
        ),
        ("asks, and has not got it", |it| (it.asks_seldom, it.revision) = (true, 6), 0, State::Degraded),
        ("just revised", |it| (it.revision, it.revised_for) = (6, TimeDelta::seconds(5)), 0, State::Active),
    ];
    for (name, change, seconds, expected) in cases {
        let mut it = well();
        change(&mut it);
        let (is, cause) = state(&it, after(seconds));
        assert_eq!(is, expected, "{name}");
        let explained = cause.is_some_and(|cause| !cause.de.is_empty() && !cause.en.is_empty());
        assert_eq!(explained, matches!(is, State::Degraded | State::Offline), "{name}: staff read why");
    }
}

#[test]
fn a_paired_display_that_never_says_its_health_is_judged_by_its_silence_alone() {
    let it = Presence { health: None, rendered: 0, ..well() };
    assert_eq!(state(&it, after(0)).0, State::Active);
    assert_eq!(state(&it, after(60)).0, State::Offline);
}

#[test]
fn how_often_and_how_long_a_display_was_silent() {
    let silent = |from: i64, until: Option<i64>| Absence { from: after(from), until: until.map(after) };
    let all = [silent(900, None), silent(500, Some(560)), silent(-100, Some(40)), silent(-300, Some(0))];
    assert_eq!(away(&all, after(0), after(1000)), (3, TimeDelta::seconds(100 + 60 + 40)), "only what was after it");
    assert_eq!(away(&[], after(0), after(1000)), (0, TimeDelta::zero()));
}

/// One heartbeat, written at once.
async fn beat(house: &House, id: &str) {
    let request = pb::HeartbeatRequest {
        display_id: id.to_owned(),
        device_time: Some(timestamp(wall_now())),
        player: "portal/1".to_owned(),
        ..Default::default()
    };
    DisplaysClient::new(house.channel(&display(id))).heartbeat(request).await.expect("heard");
    listed(house, id).await;
}

#[tokio::test]
async fn staff_see_when_a_display_was_silent_and_for_how_long_in_a_week() {
    let house = house().await;
    let absences = async || {
        let request = pb::ListAbsencesRequest { display_id: "cafe-1".to_owned() };
        DisplaysClient::new(house.channel(&operator())).list_absences(request).await.expect("a list").into_inner()
    };
    beat(&house, "cafe-1").await;
    look(&house, Duration::ZERO).await;
    assert_eq!(absences().await, pb::ListAbsencesResponse::default(), "it was there all the time");

    // It hangs for hours, was heard of ten minutes ago, and then not any more.
    let hours = "update display set hung_at = hung_at - interval '3 hours'";
    sqlx::query(hours).execute(house.pool("signage")).await.expect("time passed");
    let earlier = "update presence set last_seen_at = last_seen_at - interval '10 minutes' returning last_seen_at";
    let gone: DateTime<Utc> = sqlx::query_scalar(earlier).fetch_one(house.pool("signage")).await.expect("set");
    look(&house, Duration::ZERO).await;
    look(&house, Duration::ZERO).await;
    let silent = absences().await;
    assert_eq!((silent.times_in_a_week, silent.absences.len()), (1, 1), "once, however often one looks");
    assert_eq!(from_timestamp(silent.absences[0].from), gone);
    assert!(silent.absences[0].until.is_none() && silent.seconds_in_a_week >= 600, "it still is: {silent:?}");

    beat(&house, "cafe-1").await;
    look(&house, Duration::ZERO).await;
    let heard = absences().await;
    let until = from_timestamp(heard.absences[0].until);
    assert_eq!(heard.seconds_in_a_week, (until - gone).num_seconds().unsigned_abs(), "it has ended");
    assert!(until > gone + TimeDelta::minutes(10));

    // A week later it counts no more, and after 35 days it is forgotten.
    let shift = async |days: i32| {
        sqlx::query("update absence set silent_from = silent_from - make_interval(days => $1), silent_until = silent_until - make_interval(days => $1)")
            .bind(days)
            .execute(house.pool("signage"))
            .await
            .expect("time passed");
    };
    shift(8).await;
    let old = absences().await;
    assert_eq!((old.absences.len(), old.times_in_a_week, old.seconds_in_a_week), (1, 0, 0));
    shift(28).await;
    assert_eq!(absences().await.absences.len(), 0);
    let board = signage::board::Board::default();
    let tidied =
        house.transact("signage", move |tx| Box::pin(async move { signage::commands::tidy(tx, &board).await }));
    tidied.await.expect("tidied");
    let kept: i64 =
        sqlx::query_scalar("select count(*) from absence").fetch_one(house.pool("signage")).await.expect("counted");
    assert_eq!(kept, 0);

    // One that is taken down while it is silent is not awaited: its absence ends with it.
    sqlx::query(earlier).execute(house.pool("signage")).await.expect("set");
    look(&house, Duration::ZERO).await;
    let without = HOUSE_FILE.replace("\"cafe-1\"", "\"cafe-9\"");
    load(&house, &without, false).await.expect("applied");
    let open: i64 = sqlx::query_scalar("select count(*) from absence where silent_until is null")
        .fetch_one(house.pool("signage"))
        .await
        .expect("counted");
    assert_eq!(open, 0);

    // Hung again it is missed from then on, whether it was silent when it was taken down …
    let since_hung = async || {
        let hung = wall_now();
        load(&house, HOUSE_FILE, false).await.expect("hung again");
        let hangs = wall_now();
        load(&house, HOUSE_FILE, false).await.expect("nothing new");
        look(&house, Duration::ZERO).await;
        let silent = absences().await;
        let (from, until) = (from_timestamp(silent.absences[0].from), silent.absences[0].until);
        assert!(until.is_none() && from >= hung && from <= hangs, "since {from}, hung at {hung}: {silent:?}");
    };
    since_hung().await;
    // … or lay in a cupboard for weeks after that.
    beat(&house, "cafe-1").await;
    look(&house, Duration::ZERO).await;
    load(&house, &without, false).await.expect("taken down");
    let weeks = "update presence set last_seen_at = last_seen_at - interval '20 days'";
    sqlx::query(weeks).execute(house.pool("signage")).await.expect("time passed");
    since_hung().await;
}
