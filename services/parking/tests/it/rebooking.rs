//! A visit goes to another showing, and its bay with it.

use kernel::{testing::House, values::timestamp};
use sky_proto::{
    journey::v1::VisitRebooked,
    parking::v1::{self as pb, RightState},
    reservations::v1::ShowingDelayed,
};
use uuid::Uuid;

use crate::support::*;

/// From a showing at minute 120 to one at minute 240; both take an hour.
fn rebooked(visit: Uuid, from: Uuid, to: Uuid) -> VisitRebooked {
    let at = |minute| Some(timestamp(minutes(minute)));
    VisitRebooked {
        visit_id: visit.to_string(),
        from_showing_id: from.to_string(),
        to_showing_id: to.to_string(),
        starts_at: at(240),
        ends_at: at(300),
        from_starts_at: at(120),
        from_ends_at: at(180),
        has_parking: true,
        ..VisitRebooked::default()
    }
}

async fn twice<M: prost::Name + prost::Message>(house: &House, from: &str, event: &M) {
    for _ in 0..2 {
        house.react("parking", from, "x", event).await.expect("reacted");
    }
}

/// Begin and end in minutes.
fn window(right: &pb::Right) -> (i64, i64) {
    let minute = |at| (kernel::values::from_timestamp(at) - minutes(0)).num_minutes();
    (minute(right.from), minute(right.until))
}

#[tokio::test]
async fn the_right_ends_with_the_new_showing_and_begins_no_later_than_before() {
    let house = house().await;
    let (visit, from, to) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, from).await;
    let before = window(&right(&house, visit).await);
    twice(&house, "journey", &rebooked(visit, from, to)).await;
    let now = right(&house, visit).await;
    assert_eq!((now.state(), now.showing_id.as_str()), (RightState::Confirmed, to.to_string().as_str()));
    assert_eq!(window(&now), (before.0, before.1 + 120), "they come when they come");
    let told: Vec<pb::RightMoved> = house.events("parking").await;
    assert_eq!(told.len(), 1, "told once");
    let minute = |at| (kernel::values::from_timestamp(at) - minutes(0)).num_minutes();
    assert_eq!((&told[0].showing_id, minute(told[0].from)), (&to.to_string(), before.0));
    assert_eq!(minute(told[0].expected_from), before.0 + 120, "they are expected for the new showing");
    // It follows the new showing from now on, and the old one no more.
    let at = |minute| Some(timestamp(minutes(minute)));
    let delayed = |showing: Uuid, starts, ends| ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: 10,
        starts_at: at(starts),
        ends_at: at(ends),
        ..ShowingDelayed::default()
    };
    twice(&house, "reservations", &delayed(from, 130, 190)).await;
    twice(&house, "reservations", &delayed(to, 250, 310)).await;
    assert_eq!(window(&right(&house, visit).await), (before.0, before.1 + 130), "whoever is on the way is on the way");
}

#[tokio::test]
async fn rebooked_and_delayed_again_and_again_the_window_is_the_right_one() {
    let house = house().await;
    let (visit, first) = (Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, first).await;
    let at = |minute| Some(timestamp(minutes(minute)));
    // A bay is booked from an hour before a showing to an hour after it. Showings take an hour.
    let (mut showing, mut starts) = (first, 120);
    let cases = [
        ("a later showing: the beginning stays", None, 240, (60, 360)),
        ("it is delayed", Some(10), 250, (60, 370)),
        ("a later one still", None, 360, (60, 480)),
        ("delayed, too", Some(20), 380, (60, 500)),
        ("and once more", Some(30), 410, (60, 530)),
        ("an earlier one: an hour before it would do, what was given stays", None, 180, (60, 300)),
        ("delayed", Some(30), 210, (60, 330)),
        ("one before what was given: as was booked", None, 110, (50, 230)),
        ("delayed: the barrier opens by now, whoever is on the way is on the way", Some(10), 120, (50, 240)),
    ];
    for (what, delay, then, expected) in cases {
        if let Some(by) = delay {
            let delayed = ShowingDelayed {
                showing_id: showing.to_string(),
                minutes: by,
                starts_at: at(then),
                ends_at: at(then + 60),
                ..ShowingDelayed::default()
            };
            twice(&house, "reservations", &delayed).await;
        } else {
            let to = Uuid::now_v7();
            let moved = VisitRebooked {
                starts_at: at(then),
                ends_at: at(then + 60),
                from_starts_at: at(starts),
                from_ends_at: at(starts + 60),
                ..rebooked(visit, showing, to)
            };
            twice(&house, "journey", &moved).await;
            showing = to;
        }
        starts = then;
        let now = right(&house, visit).await;
        assert_eq!((now.state(), window(&now)), (RightState::Confirmed, expected), "{what}");
    }
}

#[tokio::test]
async fn where_no_bay_is_left_the_visit_is_told() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let (visit, from, to) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, from).await;
    let mut other = wish(Uuid::now_v7(), to);
    (other.from, other.until) = (Some(timestamp(minutes(250))), Some(timestamp(minutes(300))));
    hold(&house, &other).await.expect("held");
    twice(&house, "journey", &rebooked(visit, from, to)).await;
    assert_eq!(right(&house, visit).await.state(), RightState::Expired);
    let told: Vec<pb::RightRefused> = house.events("parking").await;
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn a_car_that_is_in_stays_in() {
    let house = house().await;
    set_capacity(&house, "standard", 1).await;
    let (visit, from, to) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    confirmed_right(&house, visit, from).await;
    let mut other = wish(Uuid::now_v7(), to);
    (other.from, other.until) = (Some(timestamp(minutes(250))), Some(timestamp(minutes(300))));
    hold(&house, &other).await.expect("held");
    sqlx::query("update parking_right set state = 'checked_in', entered_at = $2 where visit_id = $1")
        .bind(visit)
        .bind(minutes(100))
        .execute(house.pool("parking"))
        .await
        .expect("in");
    twice(&house, "journey", &rebooked(visit, from, to)).await;
    let now = right(&house, visit).await;
    assert_eq!((now.state(), now.showing_id), (RightState::CheckedIn, to.to_string()));
    // One that is cancelled is not taken up again, and nobody's right is nobody's business.
    let gone = Uuid::now_v7();
    twice(&house, "journey", &rebooked(gone, from, to)).await;
    assert_eq!(house.events::<pb::RightMoved>("parking").await.len(), 1);
}
