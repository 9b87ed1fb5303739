//! What the pages of a rush owe to people, as browsers without JavaScript use them: a button pressed twice, a page loaded
//! again, enough time, and an honest word on what is left.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Role, testing::House, values::timestamp};
use reqwest::StatusCode;
use sky_proto::{
    portal::v1::{ListWaitingRoomsRequest, OpenWaitingRoomRequest, waiting_rooms_client::WaitingRoomsClient},
    reservations::v1::{
        BlockSeatsRequest, GetSeatPlanRequest, GetShowingRequest, ListProgrammeRequest, Seat,
        reservations_client::ReservationsClient,
    },
};
use uuid::Uuid;

use crate::{
    browsers::{Browser, open, open_with},
    scenario::next_showing,
    waiting_room::{execute, open_room, turn},
    world::{World, staff, until},
};

/// How many visits are held.
async fn held(house: &House) -> i64 {
    let held = sqlx::query_scalar("select count(*) from visit where state = 'held'");
    held.fetch_one(house.pool("journey")).await.expect("counted")
}

/// Blocks general places until so many are left online.
async fn leave(world: &World, showing: &str, places: usize) {
    let mut desk = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
    let plan = desk.get_seat_plan(GetSeatPlanRequest { showing_id: showing.to_owned() }).await.expect("a plan");
    let is_kept = |seat: &Seat| seat.features.iter().any(|it| it == "wheelchair" || it == "companion");
    let free = plan.into_inner().seats.into_iter().filter(|seat| seat.free && !is_kept(seat));
    let mut free: Vec<String> = free.map(|seat| seat.label).collect();
    // Door and staff have sixteen of them.
    free.truncate(free.len() - 16 - places);
    for seats in free.chunks(60) {
        let request = BlockSeatsRequest {
            showing_id: showing.to_owned(),
            seats: seats.to_vec(),
            blocked: true,
            reason: "Test".to_owned(),
        };
        desk.block_seats(request).await.expect("blocked");
    }
    // It is told within a second.
    for _ in 0..150 {
        let told = desk.get_showing(GetShowingRequest { showing_id: showing.to_owned() }).await.expect("told");
        if told.into_inner().availability.expect("known").free_online as usize == places {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not {places} places are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_without_a_session_that_presses_twice_holds_once() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let (action, key) = (format!("/showings/{showing}/hold"), Uuid::new_v4().to_string());
    let form = [("key", key.as_str()), ("count_adult", "2")];
    // No request has a cookie: the first answer, which brings it, has not come when the button is pressed again.
    let (one, two) = (Browser::new(), Browser::new());
    let (first, second) = tokio::join!(one.post(&house, &action, &form), two.post(&house, &action, &form));
    let mut orders = Vec::new();
    for (browser, (status, to, body)) in [(&one, first), (&two, second)] {
        // Asked while the first one is being answered: the same form again, which gets that answer.
        let to =
            if status == StatusCode::SERVICE_UNAVAILABLE { browser.post(&house, &action, &form).await.1 } else { to };
        assert!(to.starts_with("/order/"), "{status} {to} {body}");
        let (status, _, page) = browser.get(&house, &to).await;
        assert_eq!(status, StatusCode::OK, "both answers open the order: {page}");
        orders.push(to);
    }
    assert_eq!(orders[0], orders[1]);
    assert_eq!(held(&house).await, 1);

    // Later nobody gets that session with the key of a page.
    execute(&house, "update session set expires_at = expires_at - interval '3 minutes'").await;
    let (_, other, body) = Browser::new().post(&house, &action, &form).await;
    assert!(other.starts_with("/order/") && other != orders[0], "{other} {body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_is_loaded_again_stays_one() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    leave(&world, &showing, 2).await;
    let action = format!("/showings/{showing}/hold");
    let order =
        async |browser: &Browser, key: &str| browser.post(&house, &action, &[("key", key), ("count_adult", "2")]).await;
    let key = || Uuid::new_v4().to_string();
    let (lucky, late, refused) = (Browser::new(), Browser::new(), key());
    let (_, taken, body) = order(&lucky, &key()).await;
    assert!(taken.starts_with("/order/"), "{body}");
    let (status, _, first) = order(&late, &refused).await;
    assert!(status.is_client_error() && first.contains("role=\"alert\""), "{status} {first}");
    lucky.post(&house, &format!("{taken}/cancel"), &[]).await;
    let (status, to, again) = order(&late, &refused).await;
    assert!(status.is_client_error() && again.contains("role=\"alert\""), "{status} {to} {again}");
    assert_eq!(held(&house).await, 0, "loading a page again takes no places");
    let (_, to, body) = order(&late, &key()).await;
    assert!(to.starts_with("/order/"), "the form on that page does: {body}");
}

/// What a page says is left of a pass, in milliseconds.
fn left(page: &str) -> i64 {
    let left = page.split("data-left=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse().ok());
    left.unwrap_or_else(|| panic!("no time is told: {page}"))
}

#[tokio::test]
async fn a_pass_says_until_when_and_lasts_longer_when_asked_to() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    let browser = Browser::new();
    browser.arrive(&house, &showing, &room).await;
    turn(&house).await;
    let (status, _, page) = browser.get(&house, &format!("/showings/{showing}")).await;
    assert!(status == StatusCode::OK && page.contains("Sie können buchen bis <time"), "{page}");
    assert!((500_000..=600_000).contains(&left(&page)) && page.contains("Mehr Zeit"), "{page}");

    let key = Uuid::new_v4().to_string();
    let form = [("key", key.as_str()), ("count_adult", "3"), ("time", "more")];
    let more = async || browser.post(&house, &format!("/showings/{showing}/hold"), &form).await;
    let was_let_in = async |ago: &str, left: &str| {
        let times = format!(
            "update waiting_place set admitted_at = now() - interval '{ago}', passed_until = now() + interval '{left}'"
        );
        execute(&house, &times).await;
    };
    was_let_in("9 minutes", "1 minute").await;
    let (status, _, page) = more().await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!((500_000..=600_000).contains(&left(&page)), "ten minutes from now on: {}", left(&page));
    assert!(page.contains("id=\"count_adult\" name=\"count_adult\"") && page.contains("value=\"3\""), "{page}");
    // Not for ever: others wait.
    was_let_in("25 minutes", "1 minute").await;
    let (_, _, page) = more().await;
    assert!((200_000..=300_000).contains(&left(&page)), "{}", left(&page));
    assert!(page.contains("Länger geht es nicht") && !page.contains("Mehr Zeit"), "{page}");
    // Nor when it is over.
    was_let_in("11 minutes", "-1 second").await;
    let (_, to, _) = more().await;
    assert_eq!(to, room);
    let (_, to, _) = browser.post(&house, &format!("{room}/extend"), &[]).await;
    assert_eq!(to, room);
    assert!(!browser.is_in(&house, &showing, &room).await);
}

#[tokio::test]
async fn whoever_waits_in_vain_is_told_so() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    execute(&house, "update waiting_room set rate = 1").await;
    let waiting: Vec<Browser> = (0..20).map(|_| Browser::new()).collect();
    for browser in &waiting {
        browser.arrive(&house, &showing, &room).await;
    }
    let last = waiting.last().expect("many");
    // Nobody knows yet how long that takes, so it is not called soon.
    let (_, _, page) = last.get(&house, &room).await;
    assert!(page.contains("Ihr Platz in der Reihe: <strong>20</strong>"), "{page}");
    assert!(page.contains("Sie stehen in der Reihe") && !page.contains("Gleich sind Sie dran"), "{page}");
    let told = async |words: &str| {
        for _ in 0..10 {
            turn(&house).await;
            let (_, _, page) = last.get(&house, &room).await;
            if page.contains(words) {
                return page;
            }
        }
        panic!("{words:?} is not told");
    };
    leave(&world, &showing, 3).await;
    let page = told("Noch freie Plätze: <strong>3</strong>").await;
    assert!(page.contains("Wahrscheinlich reichen die Plätze nicht bis zu Ihnen"), "{page}");
    assert!(!page.contains("Gleich sind Sie dran") && !page.contains("Etwa"), "{page}");
    let mut next = String::new();
    for browser in &waiting {
        let (_, _, page) = browser.get(&house, &room).await;
        if page.contains("Ihr Platz in der Reihe: <strong>1</strong>") {
            next = page;
        }
    }
    assert!(next.contains("Gleich sind Sie dran") && !next.contains("Wahrscheinlich"), "{next}");
    leave(&world, &showing, 0).await;
    told("Ausverkauft").await;
}

#[tokio::test]
async fn a_room_before_a_release_closes_when_the_last_of_it_has_begun() {
    let (house, world) = open().await;
    let release = "insert into release (id, name, first_day, last_day, titles, on_sale_at, file_on_sale_at)
                   select 'last-days', name, first_day, last_day, titles, on_sale_at, file_on_sale_at from release limit 1";
    sqlx::query(release).execute(house.pool("reservations")).await.expect("a release");
    let joined: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "update showing set release_id = 'last-days', revision = revision + 1, sale_version = sale_version + 1
         where id in (select id from showing where audience = 'public' and hall = 'dome' and starts_at > $1
                      order by starts_at limit 2) returning starts_at",
    )
    .bind(house.clock.now())
    .fetch_all(house.pool("reservations"))
    .await
    .expect("joined");
    let last = *joined.iter().max().expect("showings");
    let window = ListProgrammeRequest {
        from: Some(timestamp(house.clock.now())),
        until: Some(timestamp(last + TimeDelta::minutes(1))),
        include_closed: false,
    };
    let released = || async {
        let mut programme = ReservationsClient::new(world.door("reservations", &staff(Role::Desk)));
        let showings = programme.list_programme(window).await.expect("a programme").into_inner().showings;
        showings.into_iter().filter_map(|it| it.release).filter(|it| it.release_id == "last-days").count()
    };
    until("what is of the release is told", released, |told| *told == 2).await;
    let request = OpenWaitingRoomRequest {
        showing_id: String::new(),
        release_id: "last-days".to_owned(),
        opens_at: Some(timestamp(house.clock.now())),
    };
    let desk = || WaitingRoomsClient::new(world.door("portal", &staff(Role::Desk)));
    let room = desk().open_waiting_room(request).await.expect("opened").into_inner();
    assert_eq!(room.showing_ids.len(), 2);
    turn(&house).await;
    let open =
        || async { desk().list_waiting_rooms(ListWaitingRoomsRequest {}).await.expect("listed").into_inner().rooms };
    assert_eq!(open().await.len(), 1, "there is something to wait for");
    house.clock.set(last + TimeDelta::minutes(1));
    for _ in 0..20 {
        if open().await.is_empty() {
            return;
        }
        turn(&house).await;
    }
    panic!("still open: {:?}", open().await);
}

#[tokio::test]
async fn what_one_holds_oneself_is_not_told_as_held_by_others() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    leave(&world, &showing, 2).await;
    let page = format!("/showings/{showing}");
    let (mine, other) = (Browser::new(), Browser::new());
    let key = Uuid::new_v4().to_string();
    let (_, order, body) =
        mine.post(&house, &format!("{page}/hold"), &[("key", key.as_str()), ("count_adult", "2")]).await;
    assert!(order.starts_with("/order/"), "{body}");
    let reads = async |browser: &Browser, words: &str| {
        for _ in 0..150 {
            let (_, _, body) = browser.get(&house, &page).await;
            if body.contains(words) {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{words:?} is not on the page");
    };
    let theirs = reads(&other, "Gerade alle reserviert").await;
    assert!(!theirs.contains(&order), "{theirs}");
    let own = reads(&mine, "haben Sie selbst reserviert").await;
    assert!(own.contains(&format!("href=\"{order}\"")) && !own.contains("Gerade alle reserviert"), "{own}");
    // So does the live page, also when it comes back with a revision that this house does not know yet.
    let live = format!("http://{}{page}/live", house.running.http);
    let mut live = mine.0.get(live).header("last-event-id", u32::MAX.to_string()).send().await.expect("a stream");
    let mut said = String::new();
    while !said.contains("haben Sie selbst reserviert") {
        let chunk = tokio::time::timeout(Duration::from_secs(20), live.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("only {said}")).expect("a chunk");
        said.push_str(&String::from_utf8_lossy(&chunk.expect("the stream goes on")));
    }
    assert!(said.contains(&order), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_left_keeps_nobody_waiting_and_who_is_there_is_not_passed_over() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 0).await;
    // More than the first turn lets in, all of them before the two who stay.
    let gone: Vec<Browser> = (0..25).map(|_| Browser::new()).collect();
    let (reloads, follows) = (Browser::new(), Browser::new());
    for browser in gone.iter().chain([&reloads, &follows]) {
        browser.arrive(&house, &showing, &room).await;
    }
    execute(&house, "update waiting_place set seen_at = now() - interval '10 minutes'").await;
    // One page loads itself again, the other is told by a stream that was open all the time.
    reloads.get(&house, &room).await;
    let stream = follows.0.get(format!("http://{}{room}/live?after=0", house.running.http)).send();
    let mut stream = stream.await.expect("a stream");
    let there = async || {
        let there = "select count(*) from waiting_place where seen_at > now() - interval '1 minute'";
        sqlx::query_scalar::<_, i64>(there).fetch_one(house.pool("portal")).await.expect("counted")
    };
    let until = tokio::time::Instant::now() + Duration::from_secs(60);
    while there().await < 2 {
        tokio::time::timeout_at(until, stream.chunk()).await.expect("they are there").expect("it goes on");
    }
    let (_, _, page) = reloads.get(&house, &room).await;
    assert!(page.contains("Ihr Platz in der Reihe: <strong>1</strong>"), "of those who are there: {page}");
    turn(&house).await;
    let mut desk = WaitingRoomsClient::new(world.door("portal", &staff(Role::Operator)));
    let told = desk.list_waiting_rooms(ListWaitingRoomsRequest {}).await.expect("listed").into_inner().rooms;
    assert_eq!((told[0].waiting, told[0].admitted), (0, 2), "nobody who has left was let in or is counted");
    for browser in [&reloads, &follows] {
        assert!(browser.is_in(&house, &showing, &room).await, "those who were there are let in");
    }

    // Who comes back has the place that they had, before whoever came since.
    let later = Browser::new();
    later.arrive(&house, &showing, &room).await;
    let (_, _, page) = gone[24].get(&house, &room).await;
    assert!(page.contains("Ihr Platz in der Reihe: <strong>1</strong>"), "{page}");
    let (_, _, page) = later.get(&house, &room).await;
    assert!(page.contains("Ihr Platz in der Reihe: <strong>2</strong>"), "{page}");
    turn(&house).await;
    assert!(gone[24].is_in(&house, &showing, &room).await, "and is let in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_pages_are_open_is_written_down_together() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let room = open_room(&house, &world, &showing, 10).await;
    let crowd: Vec<Browser> = (0..30).map(|_| Browser::new()).collect();
    for browser in &crowd {
        browser.arrive(&house, &showing, &room).await;
    }
    let count = async |what: &str| {
        let counted = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(format!("select {what} from waiting_place")));
        counted.fetch_one(house.pool("portal")).await.expect("counted")
    };
    assert_eq!(count("count(distinct xmin::text)").await, 30, "each came by itself");
    execute(&house, "update waiting_place set seen_at = now() - interval '10 minutes'").await;
    let live = format!("http://{}{room}/live?after=0", house.running.http);
    let open = futures::future::join_all(crowd.iter().map(|browser| browser.0.get(&live).send())).await;
    for _ in 0..500 {
        if count("count(*) filter (where seen_at > now() - interval '1 minute')").await == 30 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count("count(*) filter (where seen_at > now() - interval '1 minute')").await, 30);
    let times = count("count(distinct xmin::text)").await;
    assert!(times < 10, "30 who are there were written down in {times} transactions");
    drop(open);
}

#[tokio::test]
async fn who_orders_more_than_one_contact_may_is_told_what_helps() {
    let limits = BTreeMap::from([("places_per_contact".to_owned(), toml::Value::Integer(2))]);
    let (house, world) = open_with(BTreeMap::from([("journey".to_owned(), limits)])).await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let contact = [("name", "Erika Muster"), ("email", "erika@visitors.invalid"), ("method", "2")];
    let orders = async |people: &str| {
        let (browser, key) = (Browser::new(), Uuid::new_v4().to_string());
        let form = [("key", key.as_str()), ("count_adult", people)];
        let (_, order, body) = browser.post(&house, &format!("/showings/{showing}/hold"), &form).await;
        assert!(order.starts_with("/order/"), "{body}");
        browser.post(&house, &format!("{order}/confirm"), &contact).await
    };
    let (_, to, body) = orders("2").await;
    assert_eq!(to, "/visit", "{body}");
    let (status, _, body) = orders("1").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{body}");
    assert!(body.contains("Bitte wählen Sie weniger Plätze."), "{body}");
}
