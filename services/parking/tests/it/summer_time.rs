//! The nights on which the clocks change in Halle: on 2027-03-28 two o'clock is three, on 2027-10-31 three is two once
//! more. Days have 23 and 25 hours then, and what is said of a day is meant of all of it.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{testing::House, values::timestamp};
use sky_proto::{
    parking::v1::{self as pb, RightState, SiteState, occupancy_client::OccupancyClient},
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use uuid::Uuid;

use crate::{
    cameras::{plates, set_plate},
    client,
    support::*,
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time with its offset")
}

/// A confirmed right in a window.
async fn booked(house: &House, showing: Uuid, from: DateTime<Utc>, until: DateTime<Utc>) -> Uuid {
    let visit = Uuid::now_v7();
    let wish = pb::HoldBayRequest {
        from: Some(timestamp(from)),
        until: Some(timestamp(until)),
        expires_at: Some(timestamp(house.clock.now() + TimeDelta::minutes(10))),
        ..wish(visit, showing)
    };
    hold(house, &wish).await.expect("held");
    house.react("parking", "journey", &visit.to_string(), &confirmed(visit, showing)).await.expect("confirmed");
    visit
}

#[tokio::test]
async fn a_price_holds_from_the_first_to_the_last_instant_of_its_days() {
    let house = house().await;
    let row = |day: &str, cents: u32| {
        format!(
            "\n[[parking.tariffs]]\nid = \"standard-{day}\"\nclass = \"standard\"\nlabel = {{ de = \"Stellplatz\" }}\n\
             cents = {cents}\ntax = \"parking-ust-2007\"\nvalid_from = \"{day}\"\nsource = \"Test\"\n"
        )
    };
    let days = [("2027-03-28", 411), ("2027-03-29", 412), ("2027-10-31", 421), ("2027-11-01", 422)];
    let rows: String = days.iter().map(|(day, cents)| row(day, *cents)).collect();
    load(&house, &format!("{HOUSE_FILE}{rows}"), false).await.expect("loads");
    for (from, cents) in [
        ("2027-03-27T23:59:59+01:00", 300),
        ("2027-03-28T00:00:00+01:00", 411),
        ("2027-03-28T01:59:59+01:00", 411),
        ("2027-03-28T03:00:00+02:00", 411),
        ("2027-03-28T23:59:59+02:00", 411),
        ("2027-03-29T00:00:00+02:00", 412),
        ("2027-10-30T23:59:59+02:00", 412),
        ("2027-10-31T00:00:00+02:00", 421),
        ("2027-10-31T02:30:00+02:00", 421),
        ("2027-10-31T02:30:00+01:00", 421),
        ("2027-10-31T23:59:59+01:00", 421),
        ("2027-11-01T00:00:00+01:00", 422),
    ] {
        let request = pb::GetQuoteRequest {
            bay_class: pb::BayClass::Standard.into(),
            from: Some(timestamp(at(from))),
            until: Some(timestamp(at(from) + TimeDelta::hours(3))),
        };
        let quote = OccupancyClient::new(house.channel(&attendant())).get_quote(request).await.expect("told");
        assert_eq!(quote.into_inner().total.expect("a sum").cents, cents, "{from}");
    }
}

#[tokio::test]
async fn windows_are_spans_of_time_and_follow_their_showing_across_the_change() {
    let house = house().await;
    for (starts, ends, minutes) in [
        // Half past one in the night, an hour and a half; delayed over the hour that is not there.
        ("2027-03-28T01:30:00+01:00", "2027-03-28T04:00:00+02:00", 45),
        // In the hour that comes twice, and delayed from the first into the second.
        ("2027-10-31T02:15:00+02:00", "2027-10-31T02:45:00+01:00", 60),
    ] {
        let (starts, ends, showing) = (at(starts), at(ends), Uuid::now_v7());
        house.clock.set(starts - TimeDelta::days(1));
        let scheduled = ShowingScheduled {
            showing_id: showing.to_string(),
            starts_at: Some(timestamp(starts)),
            ends_at: Some(timestamp(ends)),
            ..Default::default()
        };
        house.react("parking", "reservations", &showing.to_string(), &scheduled).await.expect("reacted");
        let (early, late) = (TimeDelta::minutes(60), TimeDelta::minutes(30));
        let visit = booked(&house, showing, starts - early, ends + late).await;
        let by = TimeDelta::minutes(minutes);
        let delayed = ShowingDelayed {
            showing_id: showing.to_string(),
            minutes: i32::try_from(minutes).expect("few"),
            starts_at: Some(timestamp(starts + by)),
            ends_at: Some(timestamp(ends + by)),
            ..Default::default()
        };
        for _ in 0..2 {
            house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("reacted");
        }
        let moved = right(&house, visit).await;
        assert_eq!(
            (moved.from, moved.until),
            (Some(timestamp(starts - early + by)), Some(timestamp(ends + late + by))),
            "{starts}"
        );
    }
}

#[tokio::test]
async fn until_further_notice_and_plates_end_with_the_day_in_halle() {
    for (noon, last, first) in [
        ("2027-03-28T12:00:00+02:00", "2027-03-28T23:30:00+02:00", "2027-03-29T00:30:00+02:00"),
        ("2027-10-31T12:00:00+01:00", "2027-10-31T23:30:00+01:00", "2027-11-01T00:30:00+01:00"),
    ] {
        let house = house().await;
        house.clock.set(at(noon));
        let begun = booked(&house, Uuid::now_v7(), at(noon), at(noon) + TimeDelta::hours(2)).await;
        let tonight = booked(&house, Uuid::now_v7(), at(last), at(last) + TimeDelta::minutes(25)).await;
        let tomorrow = booked(&house, Uuid::now_v7(), at(first), at(first) + TimeDelta::hours(2)).await;
        for (place, visit) in [begun, tonight, tomorrow].into_iter().enumerate() {
            set_plate(&house, visit, &format!("HAL-AB {place}1")).await.expect("noted");
        }
        let reason = Some(kernel::values::Text::new("Die Brücke ist gesperrt.", "").to_proto());
        let closed = pb::SetSiteStateRequest { state: SiteState::Unreachable.into(), reason, until: None };
        let site = client!(house, &attendant()).set_site_state(closed).await.expect("set").into_inner();
        assert_eq!(
            (right(&house, tonight).await.state(), right(&house, tomorrow).await.state()),
            (RightState::Suspended, RightState::Confirmed),
            "of today, and of no other day: {noon}"
        );
        let undo = pb::UndoSiteStateRequest { closure_id: site.closure_id };
        client!(house, &attendant()).undo_site_state(undo).await.expect("undone");
        // Two cars come and stay over the end of the day; nobody sees them leave. In its last minutes their plates are
        // known, and in its first ones the day's are forgotten.
        sqlx::query("update parking_right set state = 'checked_in', entered_at = valid_from where visit_id = any($1)")
            .bind([begun, tonight])
            .execute(house.pool("parking"))
            .await
            .expect("in");
        let day_ends = at(first) - TimeDelta::minutes(30);
        turned_at(&house, at(noon) + TimeDelta::hours(3)).await;
        assert_eq!(plates(&house).await, 3, "{noon}");
        house.clock.set(day_ends + TimeDelta::seconds(1));
        let forgotten = async {
            while plates(&house).await != 1 {
                house.clock.set(house.clock.now() + TimeDelta::seconds(61));
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), forgotten).await.expect("forgotten in time");
        assert!(right(&house, tomorrow).await.plate_known, "{noon}");
    }
}

/// The recurring work has turned after an instant.
async fn turned_at(house: &House, now: DateTime<Utc>) {
    house.clock.set(now);
    let (visit, showing) = (Uuid::now_v7(), Uuid::now_v7());
    let wish = pb::HoldBayRequest {
        from: Some(timestamp(now + TimeDelta::hours(48))),
        until: Some(timestamp(now + TimeDelta::hours(49))),
        expires_at: Some(timestamp(now + TimeDelta::milliseconds(500))),
        ..wish(visit, showing)
    };
    hold(house, &wish).await.expect("held");
    let ended = async {
        while right(house, visit).await.state() != RightState::Expired {
            house.clock.set(house.clock.now() + TimeDelta::seconds(61));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("turned in time");
}
