//! Counts, stays, quotes, and the forecast.

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    testing::{House, staff, visitor},
    values::timestamp,
};
use sky_proto::{
    parking::v1::{
        self as pb, BayClass, Direction, occupancy_client::OccupancyClient, record_occupancy_response::Outcome,
    },
    reservations::v1::{ShowingDelayed, ShowingScheduled},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{client, support::*};

async fn counts(house: &House, key: Uuid, cars: i64, seconds_ago: i64) -> Result<(Outcome, Option<u32>), Status> {
    let request = pb::RecordOccupancyRequest {
        idempotency_key: key.to_string(),
        bay_class: BayClass::Standard.into(),
        occupied: cars,
        observed_at: Some(timestamp(house.clock.now() - TimeDelta::seconds(seconds_ago))),
    };
    let told = OccupancyClient::new(house.channel(&attendant())).record_occupancy(request).await?.into_inner();
    Ok((told.outcome(), told.site.expect("the site").classes[0].occupied))
}

async fn drives(house: &House, direction: Direction, code: &str) {
    let car = pb::RecordLaneRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        lane: if direction == Direction::In { "in-1" } else { "out-1" }.to_owned(),
        direction: direction.into(),
        code: code.to_owned(),
        bay_class: BayClass::Standard.into(),
    };
    client!(house, &attendant()).record_lane(car).await.expect("answered");
}

#[tokio::test]
async fn nonsense_is_unknown_until_somebody_counts_again() {
    let house = house().await;
    drives(&house, Direction::In, "").await;
    house.clock.set(house.clock.now() + TimeDelta::minutes(10));
    let key = Uuid::new_v4();
    assert_eq!(counts(&house, key, 8, 5).await.expect("told"), (Outcome::Taken, Some(8)));
    assert_eq!(counts(&house, key, 8, 5).await.expect("told"), (Outcome::Taken, Some(8)), "the same again");
    for (what, cars, seconds_ago, outcome) in
        [("overtaken", 3, 6, Outcome::Repeated), ("at the same time", 3, 5, Outcome::Repeated)]
    {
        assert_eq!(
            counts(&house, Uuid::new_v4(), cars, seconds_ago).await.expect("told"),
            (outcome, Some(8)),
            "{what}"
        );
    }
    house.clock.set(house.clock.now() + TimeDelta::minutes(20));
    assert_eq!(counts(&house, Uuid::new_v4(), 3, 301).await.expect("told"), (Outcome::Stale, Some(8)));
    for nonsense in [8259, -1] {
        house.clock.set(house.clock.now() + TimeDelta::seconds(10));
        assert_eq!(counts(&house, Uuid::new_v4(), nonsense, 0).await.expect("told"), (Outcome::Nonsense, None));
    }
    // Cars go on being counted, from what was known; it is not told.
    drives(&house, Direction::In, "").await;
    assert_eq!(site(&house).await.classes[0].occupied, None);
    let (_, told) = get(&house, "/open/v1/parking/park-api/v1").await;
    assert!(told["lots"][0].get("free").is_none(), "left out, never 0: {told}");
    house.clock.set(house.clock.now() + TimeDelta::seconds(10));
    assert_eq!(counts(&house, Uuid::new_v4(), 9, 0).await.expect("told"), (Outcome::Taken, Some(9)));
    assert_eq!(disagree(&house).await, 0, "cars by the lanes and by what was put right");

    let bad = pb::RecordOccupancyRequest { idempotency_key: Uuid::new_v4().to_string(), ..Default::default() };
    let refused = OccupancyClient::new(house.channel(&attendant())).record_occupancy(bad).await.expect_err("no class");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_count_of_a_time_that_has_not_come_stands_in_nobodys_way() {
    let house = house().await;
    // A clock that is ahead by a little is believed, as of now.
    assert_eq!(counts(&house, Uuid::new_v4(), 8, -50).await.expect("told"), (Outcome::Taken, Some(8)));
    house.clock.set(house.clock.now() + TimeDelta::seconds(10));
    assert_eq!(counts(&house, Uuid::new_v4(), 7, 0).await.expect("told"), (Outcome::Taken, Some(7)));
    // One that is ahead by hours is not: nobody knows when that was counted.
    house.clock.set(house.clock.now() + TimeDelta::seconds(10));
    let hours = 6 * 3600;
    assert_eq!(counts(&house, Uuid::new_v4(), 30, -hours).await.expect("told"), (Outcome::Nonsense, None));
    house.clock.set(house.clock.now() + TimeDelta::seconds(10));
    assert_eq!(counts(&house, Uuid::new_v4(), 9, 0).await.expect("told"), (Outcome::Taken, Some(9)));
    let told = OccupancyClient::new(house.channel(&attendant())).list_counts(pb::ListCountsRequest {}).await;
    let now = house.clock.now();
    for count in told.expect("told").into_inner().counts {
        assert!(kernel::values::from_timestamp(count.observed_at) <= now, "{count:?}");
    }
    // Such a one was kept with its time in former times.
    sqlx::query("update observation set observed_at = $1 where outcome = 'nonsense'")
        .bind(house.clock.now() + TimeDelta::hours(6))
        .execute(house.pool("parking"))
        .await
        .expect("as it was");
    house.clock.set(house.clock.now() + TimeDelta::seconds(10));
    assert_eq!(counts(&house, Uuid::new_v4(), 10, 0).await.expect("told"), (Outcome::Taken, Some(10)));
    assert_eq!(disagree(&house).await, 0);
}

#[tokio::test]
async fn a_count_that_was_typed_wrongly_is_taken_back_once_and_stays_in_the_record() {
    let house = house().await;
    let mut occupancy = OccupancyClient::new(house.channel(&attendant()));
    drives(&house, Direction::In, "").await;
    drives(&house, Direction::In, "").await;
    let (first, wrong) = (Uuid::new_v4(), Uuid::new_v4());
    counts(&house, first, 5, 5).await.expect("told");
    counts(&house, wrong, 25, 0).await.expect("told");
    let undo = |id: Uuid| pb::UndoCountRequest { count_id: id.to_string() };
    let older = occupancy.undo_count(undo(first)).await.expect_err("somebody has counted since");
    assert_eq!(older.code(), Code::FailedPrecondition);
    // A car leaves before anybody notices.
    drives(&house, Direction::Out, "").await;
    for _ in 0..2 {
        let site = occupancy.undo_count(undo(wrong)).await.expect("taken back").into_inner();
        assert_eq!(site.classes[0].occupied, Some(4), "five, and one has left since");
    }
    let told = occupancy.list_counts(pb::ListCountsRequest {}).await.expect("told").into_inner().counts;
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].occupied, told[0].may_be_undone, told[1].may_be_undone), (25, false, true));
    assert!(told[0].undone_at.is_some() && !told[0].undone_by.is_empty() && told[0].told_by.contains("attendant"));

    // Nonsense made the class unknown: taking it back makes it known again.
    house.clock.set(house.clock.now() + TimeDelta::seconds(10));
    let nonsense = Uuid::new_v4();
    assert_eq!(counts(&house, nonsense, 8259, 0).await.expect("told"), (Outcome::Nonsense, None));
    let site = occupancy.undo_count(undo(nonsense)).await.expect("taken back").into_inner();
    assert_eq!(site.classes[0].occupied, Some(4));
    // What is left is what the lanes have counted.
    occupancy.undo_count(undo(first)).await.expect("taken back");
    assert_eq!(site_cars(&house).await, 1);
    assert_eq!(disagree(&house).await, 0);
    assert_eq!(occupancy.undo_count(undo(Uuid::new_v4())).await.expect_err("none").code(), Code::NotFound);
    let desk = OccupancyClient::new(house.channel(&staff(Role::Desk))).undo_count(undo(first)).await;
    assert_eq!(desk.expect_err("desk").code(), Code::PermissionDenied);
}

async fn site_cars(house: &House) -> u32 {
    site(house).await.classes[0].occupied.expect("known")
}

/// Classes whose cars are not those of the lanes and of what was put right.
pub async fn disagree(house: &House) -> i64 {
    sqlx::query_scalar(
        "select count(*) from bay_class b where b.occupied <> coalesce((select sum(case direction when 'in' then 1 else -1 end)
             from lane_event l where verdict = 'open' and l.class = b.class), 0)
             + coalesce((select sum(correction) from observation o where o.class = b.class), 0)
             + (select count(*) from exit_at_zero z where z.class = b.class)",
    )
    .fetch_one(house.pool("parking"))
    .await
    .expect("verified")
}

async fn get(house: &House, path: &str) -> (reqwest::StatusCode, serde_json::Value) {
    let answer = reqwest::get(format!("http://{}{path}", house.running.http)).await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_stay_is_opened_and_closed_by_its_car() {
    let house = house().await;
    let visit = Uuid::now_v7();
    confirmed_right(&house, visit, Uuid::now_v7()).await;
    let code = right(&house, visit).await.reference;
    drives(&house, Direction::In, "").await;
    drives(&house, Direction::In, &code).await;
    house.clock.set(minutes(90));
    drives(&house, Direction::Out, &code).await;
    let span = pb::ListSessionsRequest { from: Some(timestamp(minutes(0))), until: Some(timestamp(minutes(200))) };
    let mut occupancy = OccupancyClient::new(house.channel(&attendant()));
    let told = occupancy.list_sessions(span).await.expect("told").into_inner().sessions;
    let of = |has_right| told.iter().find(|it| it.has_right == has_right).expect("one");
    assert_eq!(told.len(), 2);
    assert_eq!((of(true).left_at, of(false).left_at), (Some(timestamp(minutes(90))), None));
    drives(&house, Direction::Out, "").await;
    let told = occupancy.list_sessions(span).await.expect("told").into_inner().sessions;
    let stranger = told.iter().find(|it| !it.has_right).expect("one");
    assert!(stranger.exit_is_estimated && stranger.left_at.is_some());
}

#[tokio::test]
async fn a_quote_has_the_tariff_of_its_day_and_free_bays_are_free() {
    let house = house().await;
    let quote = async |class: BayClass| {
        let request = pb::GetQuoteRequest {
            bay_class: class.into(),
            from: Some(timestamp(minutes(60))),
            until: Some(timestamp(minutes(240))),
        };
        OccupancyClient::new(house.channel(&visitor(None))).get_quote(request).await.map(tonic::Response::into_inner)
    };
    let told = quote(BayClass::Standard).await.expect("a quote");
    let free = told.free;
    assert_eq!(
        told.sold_by().collect::<Vec<_>>(),
        [pb::Channel::Online, pb::Channel::Desk, pb::Channel::Partner],
        "by all"
    );
    assert_eq!((told.total.expect("a sum").cents, told.available), (300, true));
    let coach = quote(BayClass::Coach).await.expect("a quote");
    assert_eq!(coach.sold_by().collect::<Vec<_>>(), [pb::Channel::Desk, pb::Channel::Partner]);
    assert_eq!((told.items[0].tariff_id.as_str(), told.items[0].tax_basis_points), ("parking-standard-2026", 1900));
    let told = quote(BayClass::Accessible).await.expect("a quote");
    assert_eq!((told.total.expect("a sum").cents, told.items.len(), told.available), (0, 0, true));
    let stays = async |from: i64, until: i64| {
        let (visit, from, until) = (Uuid::now_v7(), Some(timestamp(minutes(from))), Some(timestamp(minutes(until))));
        hold(&house, &pb::HoldBayRequest { from, until, ..wish(visit, visit) }).await.expect("held");
    };
    stays(60, 90).await;
    stays(200, 230).await;
    assert_eq!(quote(BayClass::Standard).await.expect("a quote").free, free - 1, "one after the other in the same bay");
    stays(75, 230).await;
    assert_eq!(quote(BayClass::Standard).await.expect("a quote").free, free - 2);
    set_capacity(&house, "standard", 0).await;
    let full = quote(BayClass::Standard).await.expect("a quote");
    assert_eq!((full.available, full.free), (false, 0));
    assert_eq!(quote(BayClass::Unspecified).await.expect_err("none").code(), Code::InvalidArgument);
}

/// A showing in two hours, for which ten have a bay.
async fn ten_expected(house: &House) -> Uuid {
    let showing = Uuid::now_v7();
    let scheduled = ShowingScheduled {
        showing_id: showing.to_string(),
        starts_at: Some(timestamp(minutes(120))),
        ends_at: Some(timestamp(minutes(180))),
        ..Default::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &scheduled).await.expect("reacted");
    for _ in 0..10 {
        confirmed_right(house, Uuid::now_v7(), showing).await;
    }
    showing
}

async fn six_hours(house: &House, caller: &Caller) -> pb::Forecast {
    let request = pb::GetForecastRequest { hours: 6 };
    OccupancyClient::new(house.channel(caller)).get_forecast(request).await.expect("told").into_inner()
}

#[tokio::test]
async fn the_forecast_follows_rights_and_a_late_show() {
    let house = house().await;
    let showing = ten_expected(&house).await;
    let forecast = async || six_hours(&house, &staff(Role::Desk)).await;
    // Ten bays in two hours: more will be booked for it.
    let busy = forecast().await;
    sqlx::query("update parking_right set expires_at = expires_at - interval '1 day'")
        .execute(house.pool("parking"))
        .await
        .expect("booked yesterday");
    let told = forecast().await;
    assert_eq!((told.capacity, told.occupancy_known, told.quarters.len()), (40, true, 24));
    assert_eq!((told.quarters[0].free, told.band_percent), (40, 80));
    assert!(busy.quarters[9].free + 2 < told.quarters[9].free, "{:?} {:?}", busy.quarters[9], told.quarters[9]);
    let width = |quarter: &pb::ForecastQuarter| quarter.free_high - quarter.free_low;
    assert!(width(&busy.quarters[9]) > width(&told.quarters[9]), "who books later makes it less sure");
    let full = &told.quarters[9];
    assert!((30..=32).contains(&full.free) && full.free_low <= full.free && full.free <= full.free_high, "{full:?}");
    let came: u32 = told.quarters.iter().map(|quarter| quarter.arrivals).sum();
    assert!((7..=12).contains(&came), "{came} come");
    assert!(told.quarters[15].free >= 39, "{:?}", told.quarters[15]);
    let delayed = ShowingDelayed {
        showing_id: showing.to_string(),
        minutes: 60,
        starts_at: Some(timestamp(minutes(180))),
        ends_at: Some(timestamp(minutes(240))),
        ..Default::default()
    };
    house.react("parking", "reservations", &showing.to_string(), &delayed).await.expect("reacted");
    assert!(forecast().await.quarters[15].free <= 33, "they leave an hour later");
    let refused = OccupancyClient::new(house.channel(&attendant()))
        .get_forecast(pb::GetForecastRequest { hours: 13 })
        .await
        .expect_err("too far");
    assert!(refused.message().starts_with("hours"), "{}", refused.message());
}

#[tokio::test]
async fn the_house_learns_when_its_people_come_and_how_sure_it_can_be() {
    let house = house().await;
    ten_expected(&house).await;
    let forecast = async || six_hours(&house, &attendant()).await;
    let before = forecast().await;
    // Fifty minutes before the start most come, it turns out; and forecasts were off by ten bays.
    sqlx::query(
        "with shown as (insert into known_showing (showing_id, starts_at, ends_at)
             select gen_random_uuid(), $1::timestamptz - interval '2 days', $1::timestamptz - interval '47 hours' returning *)
         insert into parking_right (visit_id, showing_id, class, state, valid_from, valid_until, given_from, given_until,
             expires_at, charges, entered_at, left_at)
         select gen_random_uuid(), showing_id, 'standard', 'left', starts_at, ends_at, starts_at, ends_at, starts_at, '[]',
             starts_at - interval '50 minutes' + n * interval '10 seconds', ends_at + interval '5 minutes'
         from shown, generate_series(1, 60) n",
    )
    .bind(minutes(0))
    .execute(house.pool("parking"))
    .await
    .expect("sixty cars");
    let early = forecast().await;
    // Until a quarter past one: 45 minutes before the start.
    assert!(early.quarters[4].free + 4 < before.quarters[4].free, "{:?} {:?}", early.quarters[4], before.quarters[4]);
    sqlx::query(
        "insert into forecast_kept (due_at, ahead_minutes, expected, spread, actual)
         select $1 - n * interval '15 minutes', 60, 10, 3, 20 from generate_series(1, 50) n",
    )
    .bind(minutes(0))
    .execute(house.pool("parking"))
    .await
    .expect("fifty forecasts");
    let humble = forecast().await;
    let width = |told: &pb::Forecast, place: usize| told.quarters[place].free_high - told.quarters[place].free_low;
    assert!(width(&humble, 4) > width(&early, 4), "{:?} {:?}", humble.quarters[4], early.quarters[4]);
    assert_eq!(width(&humble, 10), width(&early, 10), "of two hours ahead nothing was learnt");
}
