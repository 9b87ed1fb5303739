//! The waiting room before a sale, through the portal's pages as browsers without JavaScript use them: who is
//! there before is drawn, who comes later is let in by arrival, and nobody buys past it.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use futures::future::join_all;
use kernel::{Caller, Role, testing::House, values::timestamp};
use reqwest::{Client, StatusCode, redirect::Policy};
use sky_proto::{
    kernel::v1::LocalizedText,
    portal::v1::{
        CloseWaitingRoomRequest, ListWaitingRoomsRequest, OpenWaitingRoomRequest,
        waiting_rooms_client::WaitingRoomsClient,
    },
    reservations::v1::{
        CancelShowingRequest, ListProgrammeRequest, SetSaleStartRequest, reservations_client::ReservationsClient,
    },
};
use sqlx::AssertSqlSafe;
use tonic::Code;
use uuid::Uuid;

use crate::{
    browsers::{Browser, open, open_with},
    scenario::next_showing,
    world::{World, staff},
};

impl Browser {
    pub async fn hold(&self, house: &House, showing: &str) -> (StatusCode, String, String) {
        let key = Uuid::new_v4().to_string();
        let form = [("key", key.as_str()), ("count_adult", "1")];
        self.post(house, &format!("/showings/{showing}/hold"), &form).await
    }

    /// Goes to a showing's page and on to its waiting room.
    pub async fn arrive(&self, house: &House, showing: &str, room: &str) -> String {
        let (_, to, body) = self.hold(house, showing).await;
        assert_eq!(to, room, "{body}");
        let (status, _, body) = self.get(house, room).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    pub async fn is_in(&self, house: &House, showing: &str, room: &str) -> bool {
        let (_, to, _) = self.get(house, room).await;
        to == format!("/showings/{showing}")
    }
}

/// Opens a room before a showing, some minutes ahead of now or with its sale.
pub async fn open_room(house: &House, world: &World, showing: &str, minutes: impl Into<Option<i64>>) -> String {
    let hour = |minutes| timestamp(house.clock.now() + TimeDelta::minutes(minutes));
    let mut desk = WaitingRoomsClient::new(world.door("portal", &staff(Role::Desk)));
    let request = OpenWaitingRoomRequest {
        showing_id: showing.to_owned(),
        release_id: String::new(),
        opens_at: minutes.into().map(hour),
    };
    let room = desk.open_waiting_room(request.clone()).await.expect("opened").into_inner();
    let twice = desk.open_waiting_room(request).await.expect_err("one room before a showing");
    assert_eq!(twice.code(), Code::AlreadyExists);
    // As long as a replica may know of no room.
    tokio::time::sleep(Duration::from_millis(600)).await;
    format!("/waiting-room/{}", room.room_id)
}

/// One turn of the rooms: a second goes by.
pub async fn turn(house: &House) {
    let turned = "select coalesce(sum(revision), 0)::bigint from waiting_room";
    let count =
        || async { sqlx::query_scalar::<_, i64>(turned).fetch_one(house.pool("portal")).await.expect("counted") };
    let before = count().await;
    house.clock.set(house.clock.now() + TimeDelta::seconds(2));
    for _ in 0..150 {
        if count().await > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn execute(house: &House, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(house.pool("portal")).await.expect("executed");
}

#[tokio::test]
async fn those_there_before_are_drawn_and_the_others_come_by_arrival() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 10).await;
    // The page may be read before, but not bought from.
    let (status, _, body) = Browser::new().get(&house, &format!("/showings/{showing}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains(&room) && !body.contains("<form method=\"post\" action=\"/showings"), "{body}");

    let early: Vec<Browser> = (0..40).map(|_| Browser::new()).collect();
    for browser in &early {
        // Twice, in two windows: one place.
        let body = browser.arrive(&house, &showing, &room).await;
        assert!(body.contains("Der Verkauf beginnt am") && !body.contains("Ihr Platz in der Reihe:"), "{body}");
        join_all([browser.get(&house, &room), browser.get(&house, &room)]).await;
    }
    turn(&house).await;
    assert!(!early[0].is_in(&house, &showing, &room).await, "it is not open yet");
    let places: i64 = sqlx::query_scalar("select count(*) from waiting_place")
        .fetch_one(house.pool("portal"))
        .await
        .expect("counted");
    assert_eq!(places, 40, "one place per browser");

    // A second before it opens: the turn above took two. The one that this leap calls for must be over, or it would be one
    // more after the opening.
    house.clock.set(house.clock.now() + TimeDelta::minutes(10) - TimeDelta::seconds(3));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let late: Vec<Browser> = (0..12).map(|_| Browser::new()).collect();
    let in_now = async |all: &[Browser]| {
        let mut inside = Vec::new();
        for (at, browser) in all.iter().enumerate() {
            if browser.is_in(&house, &showing, &room).await {
                inside.push(at);
            }
        }
        inside
    };
    turn(&house).await;
    for browser in &late {
        let (status, to, _) = browser.get(&house, &format!("/showings/{showing}")).await;
        assert_eq!((status, to), (StatusCode::SEE_OTHER, room.clone()), "the page is closed to who has not waited");
        browser.arrive(&house, &showing, &room).await;
    }
    let first = in_now(&early).await;
    assert_eq!(first.len(), 20, "as many as the first turn lets in");
    assert_ne!(first, (0..20).collect::<Vec<_>>(), "drawn, not by arrival");
    turn(&house).await;
    assert_eq!(in_now(&early).await.len(), 40);
    assert_eq!(in_now(&late).await, (0..10).collect::<Vec<_>>(), "of thirty, twenty are early; then by arrival");
    let (_, _, body) = late[11].get(&house, &room).await;
    assert!(body.contains("Ihr Platz in der Reihe: <strong>2</strong>"), "{body}");

    // With the pass the page is there, and it buys.
    let (status, _, body) = early[0].get(&house, &format!("/showings/{showing}")).await;
    assert!(status == StatusCode::OK && body.contains("<form method=\"post\" action=\"/showings"), "{body}");
    let (_, to, body) = early[0].hold(&house, &showing).await;
    assert!(to.starts_with("/order/"), "{to} {body}");
    // A pass runs out; who comes back is the last.
    execute(
        &house,
        "update waiting_place set passed_until = now() - interval '1 second' where passed_until is not null",
    )
    .await;
    let (_, to, _) = early[1].hold(&house, &showing).await;
    assert_eq!(to, room);
    early[1].arrive(&house, &showing, &room).await;
    let (_, _, body) = early[1].get(&house, &room).await;
    assert!(body.contains("Ihr Platz in der Reihe: <strong>3</strong>"), "{body}");
}

#[tokio::test]
async fn a_room_survives_a_restart_follows_the_seller_and_is_closed() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    let browser = Browser::new();
    execute(&house, "update waiting_room set rate = 1").await;
    let others: Vec<Browser> = (0..5).map(|_| Browser::new()).collect();
    for other in &others {
        other.arrive(&house, &showing, &room).await;
    }
    let place = |body: &str| body.split("<strong>").nth(1).and_then(|rest| rest.split('<').next()?.parse::<i64>().ok());
    let before = place(&browser.arrive(&house, &showing, &room).await);
    assert_eq!(before, Some(6));
    let house = house.restart().await;
    let world = World::of(&house);
    let (_, _, body) = browser.get(&house, &room).await;
    assert_eq!(place(&body), Some(6), "{body}");

    // A made-up cookie is a stranger; without any there is no place to keep.
    let forged = Client::builder().redirect(Policy::none()).build().expect("a client");
    let ask = |path: String| forged.get(format!("http://{}{path}", house.running.http)).header("cookie", "sky=made-up");
    let (status, to, _) = Browser::read(ask(room.clone())).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, format!("{room}?came=1").as_str()));
    let (status, _, body) = Browser::read(ask(to)).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && body.contains("Cookie"), "{status} {body}");

    // The seller could not keep up: fewer are let in.
    execute(&house, "update waiting_room set rate = 2, busy_at = now() + interval '1 minute'").await;
    turn(&house).await;
    let mut desk = WaitingRoomsClient::new(world.door("portal", &staff(Role::Operator)));
    let told = desk.list_waiting_rooms(ListWaitingRoomsRequest {}).await.expect("listed").into_inner().rooms;
    assert_eq!((told[0].rate, told[0].waiting, told[0].admitted), (1, 4, 2));

    // The live page says so by itself when it is somebody's turn.
    let live = format!("http://{}{room}/live?after=0", house.running.http);
    let mut live = browser.0.get(live).send().await.expect("a stream");
    let mut said = String::new();
    let mut listen = async |wanted: &str| {
        let until = tokio::time::Instant::now() + Duration::from_secs(60);
        while !said.contains(wanted) {
            let chunk = tokio::time::timeout_at(until, live.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("{wanted} is not in {said}")).expect("a chunk");
            said.push_str(&String::from_utf8_lossy(&chunk.expect("the stream goes on")));
        }
    };
    listen("Ihr Platz in der Reihe").await;
    // A turn in which only what is left changes lets nobody in.
    for _ in 0..10 {
        turn(&house).await;
        let waiting = sqlx::query_scalar::<_, i64>("select count(*) from waiting_place where admitted_at is null");
        if waiting.fetch_one(house.pool("portal")).await.expect("counted") == 0 {
            break;
        }
    }
    listen("data-go").await;

    let room_id = told[0].room_id.clone();
    desk.close_waiting_room(CloseWaitingRoomRequest { room_id: room_id.clone() }).await.expect("closed");
    let again = desk.close_waiting_room(CloseWaitingRoomRequest { room_id }).await.expect_err("closed already");
    assert_eq!(again.code(), Code::NotFound);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(browser.is_in(&house, &showing, &room).await, "it leads on");
    let (_, to, body) = browser.hold(&house, &showing).await;
    assert!(to.starts_with("/order/"), "{body}");
}

#[tokio::test]
async fn rebooking_does_not_lead_past_those_who_wait() {
    let (house, world) = open().await;
    let now = house.clock.now();
    let mut programme = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let booked = next_showing(&world, now).await.showing_id;
    let request = ListProgrammeRequest {
        from: Some(timestamp(now + TimeDelta::hours(2))),
        until: Some(timestamp(now + TimeDelta::days(2))),
        include_closed: false,
    };
    let showings = programme.list_programme(request).await.expect("a programme").into_inner().showings;
    let others: Vec<&str> = showings.iter().map(|it| it.showing_id.as_str()).filter(|id| *id != booked).collect();
    let [rushed, quiet, ..] = others.as_slice() else { panic!("few showings: {others:?}") };

    let browser = Browser::new();
    let (_, order, body) = browser.hold(&house, &booked).await;
    let contact = [("name", "Erika Muster"), ("email", "erika@visitors.invalid"), ("method", "2")];
    assert!(order.starts_with("/order/"), "{body}");
    let (_, to, body) = browser.post(&house, &format!("{order}/confirm"), &contact).await;
    assert_eq!(to, "/visit", "{body}");
    let room = open_room(&house, &world, rushed, 10).await;
    let rebook = async |showing: &str| {
        let key = Uuid::new_v4().to_string();
        browser.post(&house, "/visit/rebook", &[("key", key.as_str()), ("showing", showing)]).await.1
    };
    assert_eq!(rebook(rushed).await, room);
    let (_, _, body) = browser.get(&house, &room).await;
    assert!(body.contains("Vor dieser Vorstellung ist ein Warteraum offen"), "{body}");
    assert_eq!(rebook(quiet).await, "/visit", "nobody waits for that one");
}

/// The rooms as staff see them.
pub async fn told(world: &World) -> Vec<sky_proto::portal::v1::WaitingRoom> {
    let mut desk = WaitingRoomsClient::new(world.door("portal", &staff(Role::Operator)));
    desk.list_waiting_rooms(ListWaitingRoomsRequest {}).await.expect("listed").into_inner().rooms
}

#[tokio::test]
async fn a_whole_release_has_one_room_and_one_pass_opens_all_of_it() {
    let (house, world) = open().await;
    let now = house.clock.now();
    // The house file's release lies further ahead than what is scheduled.
    let joined = sqlx::query(
        "update showing set release_id = 'advent-2026', revision = revision + 1, sale_version = sale_version + 1
         where id in (select id from showing where audience = 'public' and hall = 'dome' and starts_at > $1
                      order by starts_at limit 3)",
    );
    joined.bind(now + TimeDelta::days(2)).execute(house.pool("reservations")).await.expect("joined");
    // It is told within a second.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let mut programme = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let request = ListProgrammeRequest {
        from: Some(timestamp(now)),
        until: Some(timestamp(now + TimeDelta::days(14))),
        include_closed: false,
    };
    let mut outside = programme.list_programme(request).await.expect("a programme").into_inner().showings;
    outside.retain(|it| it.release.is_none() && it.hall == "dome");
    let mut desk = WaitingRoomsClient::new(world.door("portal", &staff(Role::Desk)));
    let request = OpenWaitingRoomRequest {
        showing_id: String::new(),
        release_id: "advent-2026".to_owned(),
        opens_at: Some(timestamp(now + TimeDelta::minutes(10))),
    };
    let never = OpenWaitingRoomRequest {
        opens_at: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        ..request.clone()
    };
    let refused = desk.open_waiting_room(never).await.expect_err("no such time");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let opened = desk.open_waiting_room(request).await.expect("opened").into_inner();
    let ids: Vec<&str> = opened.showing_ids.iter().map(String::as_str).collect();
    assert!(ids.len() > 1, "a release of several showings");
    let room = format!("/waiting-room/{}", opened.room_id);
    tokio::time::sleep(Duration::from_millis(600)).await;
    // Nobody waits for what is not of it.
    let (_, to, body) = Browser::new().hold(&house, &outside.first().expect("another showing").showing_id).await;
    assert!(to.starts_with("/order/"), "{to} {body}");

    // They come by the pages of different showings, into the same room and the same draw.
    let early: Vec<Browser> = (0..40).map(|_| Browser::new()).collect();
    for (at, browser) in early.iter().enumerate() {
        let body = browser.arrive(&house, ids[at % ids.len()], &room).await;
        assert!(body.contains("Der Verkauf beginnt am"), "{body}");
    }
    house.clock.set(now + TimeDelta::minutes(10) - TimeDelta::seconds(3));
    // What there is to sell is a change too, and not yet the turn that lets somebody in.
    turn(&house).await;
    turn(&house).await;
    let mut let_in = Vec::new();
    for (at, browser) in early.iter().enumerate() {
        let (status, _, body) = browser.get(&house, &room).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        if body.contains("Sie sind dran") {
            let leads = ids.iter().all(|id| body.contains(&format!("href=\"/showings/{id}\"")));
            assert!(leads, "to every showing of the release: {body}");
            let_in.push(at);
        } else {
            assert!(body.contains("Ihr Platz in der Reihe:") && body.contains("Voraussichtlich noch"), "{body}");
        }
    }
    assert_eq!(let_in.len(), 20, "as many as the first turn lets in");
    assert_ne!(let_in, (0..20).collect::<Vec<_>>(), "drawn, not by arrival");
    for id in &ids {
        let (status, to, _) = early[let_in[0]].get(&house, &format!("/showings/{id}")).await;
        assert_eq!((status, to.as_str()), (StatusCode::OK, ""), "one pass opens all of them");
        let waits = (0..40).find(|at| !let_in.contains(at)).expect("somebody waits");
        assert_eq!(early[waits].get(&house, &format!("/showings/{id}")).await.1, room);
    }
    let (_, to, body) = early[let_in[1]].hold(&house, ids[1]).await;
    assert!(to.starts_with("/order/"), "{to} {body}");
}

/// Somebody else has the showing's row until the seller has waited for it so long: the seller is slow.
async fn while_locked<T>(house: &House, showing: &str, millis: u64, purchase: impl Future<Output = T>) -> T {
    let mut blocker = house.pool("reservations").begin().await.expect("begun");
    sqlx::query("select 1 from showing where id = $1 for update")
        .bind(Uuid::parse_str(showing).expect("an id"))
        .execute(&mut *blocker)
        .await
        .expect("locked");
    let freed = async {
        let waits = "select exists (select 1 from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock')";
        for _ in 0..2_000 {
            let seen: bool = sqlx::query_scalar(waits).fetch_one(house.pool("reservations")).await.expect("a look");
            if seen {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(millis)).await;
        blocker.rollback().await.expect("let go");
    };
    tokio::join!(purchase, freed).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seller_that_is_slow_or_full_lets_fewer_in() {
    let queue = BTreeMap::from([("queue".to_owned(), toml::Value::Integer(1))]);
    let (house, world) = open_with(BTreeMap::from([("reservations".to_owned(), queue)])).await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    let crowd: Vec<Browser> = (0..75).map(|_| Browser::new()).collect();
    for browser in &crowd {
        browser.arrive(&house, &showing, &room).await;
    }
    turn(&house).await;
    let now = told(&world).await.remove(0);
    assert_eq!((now.admitted, now.waiting, now.rate), (20, 55, 30), "all went well: more next time");
    // A purchase that takes longer than a second.
    let (_, to, body) = while_locked(&house, &showing, 1_300, crowd[0].hold(&house, &showing)).await;
    assert!(to.starts_with("/order/"), "{to} {body}");
    turn(&house).await;
    let now = told(&world).await.remove(0);
    assert_eq!((now.admitted, now.waiting, now.rate), (50, 25, 15), "half as many next time");

    // Purchases that find the queue full: one is decided, one waits, the others are sent away.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let all = futures::future::join_all(crowd[1..9].iter().map(|browser| browser.hold(&house, &showing)));
    let answers = while_locked(&house, &showing, 700, all).await;
    let busy = answers.iter().filter(|(status, ..)| *status == StatusCode::SERVICE_UNAVAILABLE).count();
    assert!(busy > 0, "{:?}", answers.iter().map(|(status, to, _)| (status, to)).collect::<Vec<_>>());
    turn(&house).await;
    let now = told(&world).await.remove(0);
    assert_eq!((now.admitted, now.waiting, now.rate), (65, 10, 7), "and half of that");
    // Who waits is told how long that will take, as fast as it goes now.
    let (_, _, body) = crowd[74].get(&house, &room).await;
    assert!(body.contains("Ihr Platz in der Reihe: <strong>10</strong>"), "{body}");
    assert!(body.contains("Voraussichtlich noch eine Minute"), "{body}");
    execute(&house, "delete from waiting_place where admitted_at is not null and used_at is null").await;
    turn(&house).await;
    let now = told(&world).await.remove(0);
    assert_eq!(now.rate, 17, "it went well again");
}

#[tokio::test]
async fn wheelchair_users_need_not_wait_when_only_their_places_are_left() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    crate::left::sells_out_all_but_protected(&world, &showing).await;
    // What is left is told within a second.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let browser = Browser::new();
    browser.arrive(&house, &showing, &room).await;
    for _ in 0..20 {
        turn(&house).await;
        if told(&world).await[0].outlook == "sold_out" {
            break;
        }
    }
    // As long as a replica may know of the room as it was.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (_, _, body) = browser.get(&house, &room).await;
    assert!(body.contains("Ausverkauft") && body.contains("4 Rollstuhlplätze sind noch frei."), "{body}");
    assert!(body.contains(&format!("href=\"/showings/{showing}\">Rollstuhlplatz buchen")), "{body}");
    let (status, _, form) = browser.get(&house, &format!("/showings/{showing}")).await;
    assert!(status == StatusCode::OK && form.contains("Nur noch Rollstuhlplätze: 4"), "{form}");
    let (_, to, body) = browser.hold(&house, &showing).await;
    assert_eq!(to, room, "for all else one waits: {body}");
    let key = Uuid::new_v4().to_string();
    let more = [("key", key.as_str()), ("count_adult", "6"), ("need_wheelchair", "1"), ("need_companion", "1")];
    let (_, to, body) = browser.post(&house, &format!("/showings/{showing}/hold"), &more).await;
    assert_eq!(to, room, "four more would go past those who wait: {body}");
    let form = [("key", key.as_str()), ("count_adult", "2"), ("need_wheelchair", "1"), ("need_companion", "1")];
    let (_, to, body) = browser.post(&house, &format!("/showings/{showing}/hold"), &form).await;
    assert!(to.starts_with("/order/"), "{to} {body}");
}

#[tokio::test]
async fn a_room_without_an_hour_of_its_own_opens_with_the_sale_also_when_that_is_put_off() {
    let (house, world) = open().await;
    let now = house.clock.now();
    let showing = next_showing(&world, now).await.showing_id;
    let mut seller = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let mut on_sale_in = async |minutes| {
        let request = SetSaleStartRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: showing.clone(),
            release_id: String::new(),
            on_sale_at: Some(timestamp(now + TimeDelta::minutes(minutes))),
        };
        seller.set_sale_start(request).await.expect("set");
        // It is told within a second.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    };
    on_sale_in(10).await;
    let room = open_room(&house, &world, &showing, None).await;
    assert_eq!(told(&world).await[0].opens_at, Some(timestamp(now + TimeDelta::minutes(10))));
    let guest = Browser::new();
    guest.arrive(&house, &showing, &room).await;

    on_sale_in(20).await;
    turn(&house).await;
    assert_eq!(told(&world).await[0].opens_at, Some(timestamp(now + TimeDelta::minutes(20))));
    house.clock.set(now + TimeDelta::minutes(10));
    turn(&house).await;
    assert!(!guest.is_in(&house, &showing, &room).await, "the sale was put off");
    house.clock.set(now + TimeDelta::minutes(20));
    // That places are on sale now is told within a second.
    let mut is_in = false;
    for _ in 0..5 {
        turn(&house).await;
        is_in = is_in || guest.is_in(&house, &showing, &room).await;
    }
    assert!(is_in, "nobody is let in after the sale began");
}

#[tokio::test]
async fn a_room_before_a_cancelled_showing_closes_by_itself() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    let browser = Browser::new();
    browser.arrive(&house, &showing, &room).await;
    let cancel = CancelShowingRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        showing_id: showing.clone(),
        reason: Some(LocalizedText { de: "Technik".to_owned(), en: "Fault".to_owned(), ..Default::default() }),
    };
    let mut journey = ReservationsClient::new(world.door("reservations", &Caller::Service("journey".to_owned())));
    let cancelled = journey.cancel_showing(cancel).await.expect("cancelled").into_inner();
    let left = cancelled.availability.expect("what is left");
    assert_eq!((left.free_online, left.free_door), (0, 0), "of a cancelled showing nothing is free");
    for _ in 0..20 {
        if told(&world).await.is_empty() {
            return;
        }
        turn(&house).await;
    }
    panic!("still open: {:?}", told(&world).await);
}
