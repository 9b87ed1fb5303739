//! How each row of the failure matrix is tried out.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use kernel::{
    Caller, Role,
    clock::wall_now,
    testing::{House, TestBroker},
    values::timestamp,
};
use sky_proto::{
    flow::v1::{
        AdmissionState, CorrectZoneRequest, FindPartyRequest, GetFlowRequest, GetHeadcountRequest, GetShowListRequest,
        IssueSensorTokenRequest, Quality, RezeroZonesRequest, ScanRequest, ScanVerdict, SensorState,
        SetSensorStateRequest, Zone, door_client::DoorClient, flow_client::FlowClient, zones_client::ZonesClient,
    },
    gastro::v1::{
        BeatScreenRequest, ListAffectedRequest, ListTicketsRequest, Order, OrderState, OrderStateChanged,
        SetStationStateRequest, StationState, WatchKitchenRequest, gastro_client::GastroClient,
        kitchen_client::KitchenClient,
    },
    journey::v1::VisitState,
    parking::v1::{Direction, GetSiteRequest, parking_client::ParkingClient},
    payments::v1::{Method, PaymentState},
    signage::v1::{
        Display, DisplayState, GetContentRequest, GetStandbyRequest, HeartbeatRequest, ListDisplaysRequest, Play,
        PriorityClass, PublishMessageRequest, SubmitPlaysRequest, displays_client::DisplaysClient,
        signage_client::SignageClient,
    },
};
use uuid::Uuid;

use super::{band, barrier, feed};
use crate::{
    day::{self, in_time, pay},
    scenario::Family,
    world::{World, furnished, staff, until},
};

/// Everything in one process on a Saturday noon.
async fn open() -> (House, World) {
    furnished(|_| {}).await
}

async fn display(world: &World, id: &str) -> Display {
    let mut signage = SignageClient::new(world.door("signage", &staff(Role::Desk)));
    let displays = signage.list_displays(ListDisplaysRequest {}).await.expect("a list").into_inner().displays;
    displays.into_iter().find(|display| display.display_id == id).expect("the display")
}

async fn words_on(world: &World, id: &str) -> Vec<String> {
    let request = GetContentRequest { display_id: id.to_owned() };
    let mut signage = SignageClient::new(world.door("signage", &staff(Role::Desk)));
    let lines = signage.get_content(request).await.expect("content").into_inner().lines;
    lines.into_iter().map(|line| line.text.unwrap_or_default().de).collect()
}

pub async fn monitor() {
    // As if the house had been open for a minute: presence is judged by the machine's clock.
    let settled = BTreeMap::from([("grace_seconds".to_owned(), toml::Value::Integer(0))]);
    let (house, world) = furnished(|settings| drop(settings.services.insert("signage".to_owned(), settled))).await;
    let (silent, neighbour) = (["dome-door-1", "dome-door-2"], "foyer-3");
    // Whoever looks lets the time go on after which the house looks for silent displays.
    let words_later = || {
        house.clock.advance(TimeDelta::seconds(5));
        words_on(&world, neighbour)
    };
    let device = |id: &str| Caller::Device { id: id.to_owned(), kind: "display".to_owned() };
    let beat = async |id: &str| {
        let request = HeartbeatRequest {
            display_id: id.to_owned(),
            device_time: Some(timestamp(wall_now())),
            time_zone: "Europe/Berlin".to_owned(),
            player: "portal/1".to_owned(),
            last_command_success: true,
            ..Default::default()
        };
        DisplaysClient::new(world.door("signage", &device(id))).heartbeat(request).await.expect("heard");
        let is_heard = |it: &Display| matches!(it.state(), DisplayState::Active | DisplayState::Degraded);
        until("it is there", || display(&world, id), is_heard).await;
    };
    let message = PublishMessageRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        priority_class: PriorityClass::Operations.into(),
        text: Some(kernel::values::Text::new("Nur linke Tür", "Left door only").to_proto()),
        group: "dome-door".to_owned(),
        valid_until: Some(timestamp(house.clock.now() + TimeDelta::hours(4))),
    };
    SignageClient::new(world.door("signage", &staff(Role::Desk))).publish_message(message).await.expect("published");
    for id in [silent[0], silent[1], neighbour] {
        beat(id).await;
    }
    assert!(!words_on(&world, neighbour).await.contains(&"Nur linke Tür".to_owned()));

    // So that nobody has to wait for it, the minute passes in what was noted.
    sqlx::query("update presence set last_seen_at = last_seen_at - interval '61 seconds' where display_id = any($1)")
        .bind(&silent[..])
        .execute(house.pool("signage"))
        .await
        .expect("three beats missed");
    let gone = display(&world, silent[0]).await;
    assert_eq!(gone.state(), DisplayState::Offline);
    assert!(gone.last_seen_at.is_some() && gone.cause.is_some_and(|cause| cause.de.contains("antwortet nicht seit")));
    let has_it = |words: &Vec<String>| words.iter().any(|it| it == "Nur linke Tür");
    until("the neighbour has its message", words_later, has_it).await;
    assert_eq!(display(&world, neighbour).await.standing_in_for, silent);
    // What the player falls back on was given to it before.
    let standby = GetStandbyRequest { display_id: silent[0].to_owned() };
    let mut own = SignageClient::new(world.door("signage", &device(silent[0])));
    let standby = own.get_standby(standby).await.expect("kept by the player").into_inner();
    for kept in [standby.calm, standby.evacuation] {
        assert!(!kept.expect("a picture without the house").lines.is_empty());
    }

    for id in silent {
        beat(id).await;
    }
    until("the neighbour is its own again", words_later, |words| !has_it(words)).await;
    assert!(display(&world, neighbour).await.standing_in_for.is_empty(), "the message itself is not over");
    let play = Play {
        play_id: Uuid::new_v4().to_string(),
        subject: "programme".to_owned(),
        started_at: Some(timestamp(house.clock.now() - TimeDelta::minutes(5))),
        seconds: 60,
        revision: 1,
    };
    for noted in [1, 0] {
        let request = SubmitPlaysRequest { display_id: silent[0].to_owned(), plays: vec![play.clone()] };
        let mut displays = DisplaysClient::new(world.door("signage", &device(silent[0])));
        assert_eq!(displays.submit_plays(request).await.expect("noted").into_inner().noted, noted);
    }
}

/// A house on a broker of its own, and a family that is expected at the door.
async fn with_broker() -> (House, World, TestBroker) {
    let broker = TestBroker::start().await;
    let url = broker.url();
    let (house, world) = furnished(|settings| settings.nats_url = url).await;
    (house, world, broker)
}

pub async fn bus() {
    let (house, world, mut broker) = with_broker().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let reference = family.is_confirmed().await.reference;
    let find = || async {
        let request = FindPartyRequest { reference: reference.clone() };
        FlowClient::new(world.door("flow", &staff(Role::Desk))).find_party(request).await.ok()
    };
    until("the tickets at the door", find, Option::is_some).await;
    let shown = words_on(&world, "dome-door-1").await;

    broker.kill();
    family.moves_admission(AdmissionState::DoorsOpen).await;
    let request = ScanRequest {
        device_id: "desk".to_owned(),
        nonce: Uuid::new_v4().to_string(),
        lane: "dome-1".to_owned(),
        showing_id: family.showing.showing_id.clone(),
        code: family.code().await,
        party_count: 0,
        late_reason: String::new(),
    };
    let mut flow = FlowClient::new(world.door("flow", &staff(Role::Desk)));
    let answer = flow.scan(request).await.expect("a verdict").into_inner();
    assert_eq!((answer.verdict(), answer.admitted_now), (ScanVerdict::Admitted, 4));
    assert_eq!(words_on(&world, "dome-door-1").await, shown, "the last word, not a blank");
    let request = GetContentRequest { display_id: "dome-door-1".to_owned() };
    let mut signage = SignageClient::new(world.door("signage", &staff(Role::Desk)));
    let lines = signage.get_content(request).await.expect("content").into_inner().lines;
    let dated = lines.iter().filter(|line| line.kind == "showing");
    assert!(dated.clone().count() > 0 && dated.clone().all(|line| line.observed_at.is_some()), "{lines:#?}");
    let mut zones = ZonesClient::new(world.door("flow", &staff(Role::Desk)));
    let headcount = zones.get_headcount(GetHeadcountRequest {}).await.expect("for paper").into_inner();
    assert!(headcount.high >= 4 && headcount.as_of.is_some());
    let mut door = DoorClient::new(world.door("flow", &staff(Role::Desk)));
    let day = GetShowListRequest { day: kernel::values::day_of(house.clock.now()).to_string() };
    let paper = door.get_show_list(day).await.expect("the day, for paper").into_inner();
    let printed = paper.showings.iter().find(|it| it.showing_id == family.showing.showing_id).expect("the showing");
    assert!(printed.parties.iter().any(|it| it.reference == reference && (it.people, it.admitted) == (4, 4)));

    broker.restart().await;
    family.sees_on_monitor("dome-door-1", |line| line.status == "doors_open").await;
    until("everybody in on the page", || family.visit(), |visit| visit.admitted == 4).await;
}

pub async fn barrier() {
    let (house, world, mut broker) = with_broker().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    let start = kernel::values::from_timestamp(visit.starts_at);
    house.clock.set(start - TimeDelta::minutes(30));
    broker.kill();
    family.drives(Direction::In).await;
    family.drives(Direction::Out).await;
    broker.restart().await;
    // Both that it came and that it went are told late, in their order: the page ends with the last.
    let left = |visit: &sky_proto::journey::v1::Visit| {
        visit.parking.as_ref().is_some_and(|right| right.state() == sky_proto::parking::v1::RightState::Left)
    };
    until("the car that drove out again, on the page", || family.visit(), left).await;
    barrier::broken_link(&house, &world).await;
}

pub async fn lot() {
    let (house, world) = open().await;
    let site = || async {
        let mut parking = ParkingClient::new(world.door("parking", &staff(Role::Attendant)));
        parking.get_site(GetSiteRequest {}).await.expect("a site").into_inner()
    };
    let known = |site: &sky_proto::parking::v1::Site| site.classes.iter().any(|class| class.occupied.is_some());
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let start = kernel::values::from_timestamp(family.is_confirmed().await.starts_at);
    house.clock.set(start - TimeDelta::minutes(30));
    family.drives(Direction::In).await;
    let counted = site().await;
    assert!(known(&counted), "{counted:#?}");
    let limit = kernel::values::from_timestamp(counted.valid_until);
    assert!(limit > house.clock.now(), "it has one");
    house.clock.set(limit + TimeDelta::seconds(1));
    let stale = site().await;
    assert!(!known(&stale) && stale.observed_at == counted.observed_at, "{stale:#?}");
    family.drives(Direction::Out).await;
    assert!(known(&site().await), "the next record");
    feed::falls_silent(&house, &world).await;
}

async fn foyer(world: &World, house: &House) -> Zone {
    let now = house.clock.now();
    let request = GetFlowRequest {
        from: Some(timestamp(now - TimeDelta::hours(1))),
        until: Some(timestamp(now + TimeDelta::hours(1))),
    };
    let flow = FlowClient::new(world.door("flow", &staff(Role::Desk))).get_flow(request).await.expect("a snapshot");
    flow.into_inner().zones.into_iter().find(|zone| zone.zone_id == "foyer").expect("the foyer")
}

pub async fn sensor() {
    let (house, world) = open().await;
    let operator = staff(Role::Operator);
    let mut zones = ZonesClient::new(world.door("flow", &operator));
    let token = IssueSensorTokenRequest { sensor_id: "foyer-1".to_owned() };
    let token = zones.issue_sensor_token(token).await.expect("a token").into_inner().token;
    let push = async |id: i64, people: i64| {
        let now = house.clock.now();
        let body = serde_json::json!({"logics_data": {"package_info": {"id": id}, "logics": [{"id": 1001, "records": [{
            "from": (now - TimeDelta::minutes(1)).to_rfc3339(), "to": now.to_rfc3339(),
            "counts": [{"name": "balance", "value": people}]}]}]}});
        let url = format!("http://{}/sensors/xovis", house.running.http);
        let request = reqwest::Client::new().post(url).bearer_auth(&token).body(body.to_string());
        assert!(request.send().await.expect("an answer").status().is_success());
    };
    push(1, 40).await;
    let online = SetSensorStateRequest { sensor_id: "foyer-1".to_owned(), state: SensorState::Online.into() };
    zones.set_sensor_state(online).await.expect("at work");
    house.clock.advance(TimeDelta::minutes(1));
    push(2, 42).await;
    let live = foyer(&world, &house).await;
    assert_eq!((live.count, live.quality()), (Some(42), Quality::Live));

    // Two missed intervals are none; three are.
    house.clock.advance(TimeDelta::minutes(2));
    assert_eq!(foyer(&world, &house).await.quality(), Quality::Live);
    house.clock.advance(TimeDelta::seconds(62));
    let silent = until(
        "silence is noticed",
        || async {
            house.clock.advance(TimeDelta::seconds(2));
            foyer(&world, &house).await
        },
        |zone| zone.quality() == Quality::Degraded,
    )
    .await;
    assert_eq!(silent.count, None, "a band, no number");
    let by_hand = CorrectZoneRequest { zone_id: "foyer".to_owned(), count: 30, reason: "counted".to_owned() };
    FlowClient::new(world.door("flow", &operator)).correct_zone(by_hand).await.expect("set");
    assert_eq!(foyer(&world, &house).await.quality(), Quality::Manual);

    house.clock.advance(TimeDelta::hours(8));
    zones.rezero_zones(RezeroZonesRequest { verified_empty: true }).await.expect("found empty");
    let zero = foyer(&world, &house).await;
    assert_eq!((zero.count, zero.quality()), (Some(0), Quality::Manual));
    push(3, 2).await;
    assert_eq!(foyer(&world, &house).await.count, Some(2), "the counter counts again");
    band::is_all_that_visitors_read(&house, &world).await;
}

pub async fn kitchen_screen() {
    let (house, world) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let meal = family.is_confirmed().await.meal.expect("a meal");
    let mut cook = GastroClient::new(world.door("gastro", &staff(Role::Kitchen)));
    let kitchen = || KitchenClient::new(world.door("gastro", &staff(Role::Kitchen)));
    let beat = async || {
        let request = BeatScreenRequest { screen_id: "tablet-1".to_owned(), station_id: String::new() };
        kitchen().beat_screen(request).await.expect("heard");
    };
    let unsent = async || {
        let tickets = kitchen().list_tickets(ListTicketsRequest {}).await.expect("a list").into_inner().tickets;
        tickets.iter().filter(|ticket| ticket.order_id == meal.order_id).count()
    };
    beat().await;
    let mut board = cook.watch_kitchen(WatchKitchenRequest { after_revision: 0 }).await.expect("a board").into_inner();
    let first = board.message().await.expect("good").expect("a board");
    let mine = |orders: &[Order]| orders.iter().filter(|order| order.order_id == meal.order_id).count();
    assert_eq!(mine(&first.orders), 1);
    drop(board);
    // The screen is dead while the order is fired.
    let fire_at = kernel::values::from_timestamp(meal.fire_at);
    house.clock.set(fire_at + TimeDelta::seconds(1));
    let state = |visit: &sky_proto::journey::v1::Visit| visit.meal.as_ref().map(Order::state);
    until("it is fired", || family.visit(), |visit| state(visit) == Some(OrderState::Fired)).await;
    assert_eq!(unsent().await, 0, "the house still believes in the screen");
    // Devices are judged by the machine's clock, so that time is passed in what was noted.
    sqlx::query("update screen set seen_at = seen_at - interval '46 seconds'")
        .execute(house.pool("gastro"))
        .await
        .expect("two beats missed");
    let a_second_later = async || {
        house.clock.set(house.clock.now() + TimeDelta::seconds(1));
        unsent().await
    };
    until("its tickets are for the printer, and red without one", a_second_later, |count| *count > 0).await;
    for _ in 0..2 {
        let request = WatchKitchenRequest { after_revision: first.revision };
        let mut board = cook.watch_kitchen(request).await.expect("another screen").into_inner();
        let now = board.message().await.expect("good").expect("a board");
        assert!(now.revision > first.revision);
        assert_eq!(mine(&now.orders), 1, "once, on whichever screen");
    }
    beat().await;
    assert_eq!(unsent().await, 0, "a screen shows them again");
    let told: Vec<OrderStateChanged> = house.events("gastro").await;
    let fired = told.iter().filter(|it| it.order_id == meal.order_id && it.state() == OrderState::Fired).count();
    assert_eq!(fired, 1, "fired once");
}

pub async fn kitchen_closes() {
    let (house, world) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let meal = family.is_confirmed().await.meal.expect("a meal");
    house.clock.set(kernel::values::from_timestamp(meal.fire_at) - TimeDelta::minutes(10));
    house.settle().await;
    let promised = family.visit().await.meal.expect("a meal");
    let cook = || GastroClient::new(world.door("gastro", &staff(Role::Kitchen)));
    let stations: Vec<String> = {
        let request = WatchKitchenRequest { after_revision: 0 };
        let mut board = cook().watch_kitchen(request).await.expect("a board").into_inner();
        let board = board.message().await.expect("good").expect("a board");
        board.stations.into_iter().map(|station| station.station_id).collect()
    };
    let set = async |state: StationState| {
        for station_id in &stations {
            let request =
                SetStationStateRequest { station_id: station_id.clone(), state: state.into(), delay_minutes: 0 };
            cook().set_station_state(request).await.expect("set");
        }
    };
    let visitor = Caller::Visitor { session: "s".to_owned(), visit: None };
    let slots = async || {
        let (from, until) = (house.clock.now(), house.clock.now() + TimeDelta::hours(6));
        let request =
            sky_proto::gastro::v1::ListSlotsRequest { from: Some(timestamp(from)), until: Some(timestamp(until)) };
        let mut gastro = GastroClient::new(world.door("gastro", &visitor));
        gastro
            .list_slots(request)
            .await
            .expect("slots")
            .into_inner()
            .slots
            .iter()
            .map(|slot| slot.free_seconds)
            .sum::<u32>()
    };
    assert!(slots().await > 0);
    set(StationState::Paused).await;
    assert_eq!(slots().await, 0, "nothing is offered");
    let affected = async || {
        let mut kitchen = KitchenClient::new(world.door("gastro", &staff(Role::Desk)));
        kitchen.list_affected(ListAffectedRequest {}).await.expect("a list").into_inner().orders
    };
    let listed = affected().await;
    let mine = listed.iter().find(|order| order.order_id == promised.order_id).expect("staff see it");
    let offer = mine.affected.clone().expect("what it is offered");
    assert!(offer.later_pickup_at.map(|at| at.seconds) > promised.pickup_at.map(|at| at.seconds), "a later slot");
    until(
        "the visitor is told",
        || family.visit(),
        |visit| visit.notice.as_ref().is_some_and(|notice| notice.de.contains("Küche")),
    )
    .await;
    let still = family.visit().await.meal.expect("a meal");
    assert_eq!((still.state(), still.pickup_at), (promised.state(), promised.pickup_at), "nothing moves unasked");
    set(StationState::Open).await;
    assert!(slots().await > 0, "open again");
    assert!(affected().await.is_empty(), "nobody has to decide any more");
    let kept = family.visit().await.meal.expect("a meal");
    assert_eq!((kept.state(), kept.pickup_at), (promised.state(), promised.pickup_at), "as it was promised");
}

pub async fn payment() {
    let (house, world, provider) = day::open().await;
    provider.set_down(true);
    let family = Family::holds(&world, house.clock.now()).await;
    let ordered = family.orders(Method::Online).await;
    assert_eq!((ordered.state(), ordered.payment_url.as_str()), (VisitState::AwaitingPayment, ""));
    assert_eq!(ordered.payment_state(), PaymentState::Pending, "as the desk sees it");
    assert_eq!(ordered.seats.len(), 4, "kept as held");
    assert!(ordered.parking.is_some() && ordered.meal.is_some());
    provider.set_down(false);
    // The visitor presses the button once more.
    let mut asked = family.orders(Method::Online).await;
    if asked.payment_url.is_empty() {
        let page = || family.visit();
        asked = in_time(&house, "an address to pay at", page, |visit| !visit.payment_url.is_empty()).await;
    }
    pay(&asked).await;
    let paid =
        in_time(&house, "the confirmation", || family.visit(), |visit| visit.state() == VisitState::Confirmed).await;
    assert_eq!(paid.payment_state(), PaymentState::Paid);
    assert_eq!(provider.transactions().len(), 1, "one payment, however often it was asked for");
}
