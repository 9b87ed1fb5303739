//! A service behind a page is away: the page says so in words, soon, and the edge itself goes on.

use std::time::{Duration, Instant};

use kernel::{
    Caller, Clock, Role,
    testing::{House, free_port, noon, staff},
};
use sky_proto::portal::v1::{self as pb, waiting_rooms_client::WaitingRoomsClient};
use tokio::net::TcpListener;
use tonic::Code;

use crate::{
    access,
    browser::Browser,
    stand_in::{self, BRAND},
    support::house,
};

const ID: &str = "0190a5a0-0000-7000-8000-000000000001";

/// The portal with all other services at one address.
async fn house_with_peers_at(address: &str) -> House {
    let peers = ["flow", "gastro", "journey", "parking", "payments", "reservations", "signage"];
    House::start_with(&[portal::SERVICE], Clock::manual(noon()), |settings| {
        settings.peers = peers.into_iter().map(|peer| (peer.to_owned(), format!("http://{address}"))).collect();
    })
    .await
}

async fn all_pages_say_so(house: &House) {
    let mut admin = Browser::of(house, Role::Admin).await;
    let pages = [
        "/",
        "/showings/{}",
        "/desk",
        "/desk/live",
        "/desk/showings/{}",
        "/desk/showings/{}/hold",
        "/desk/showings/{}/abort",
        "/desk/audit",
        "/desk/conflicts",
        "/desk/counters",
        "/desk/notices",
        "/desk/payouts",
        "/desk/counters/live",
        "/desk/counters/foyer-1",
        "/desk/numbers/7",
        "/desk/replay?day=2026-11-25",
        "/operator",
        "/operator/live",
        "/operator/{}",
        "/kitchen",
        "/kitchen/live",
        "/kitchen/at/hot",
        "/kitchen/at/hot/live",
        "/kitchen/orders/{}",
        "/kitchen/decisions",
        "/kitchen/ahead",
        "/kitchen/ahead?day=2026-11-29",
        "/kitchen/counter",
        "/kitchen/system",
        "/pickup",
        "/pickup/live",
        "/carpark",
        "/carpark/live",
        "/carpark/counts",
        "/displays",
        "/monitor/foyer-1",
        "/monitor/foyer-1/live",
        "/v/pZ6tXv1mRk8wBn4cLs7yDf0hGj2qUe5oIa9zTx3vCuM",
    ];
    for path in pages {
        let page = admin.get(&path.replace("{}", ID)).await;
        assert_eq!(page.status, 503, "{path}");
        page.is_page(503).says("Gerade nicht erreichbar").says("in ein paar Sekunden");
        assert_eq!(page.header("retry-after"), "5", "{path}");
    }
    let deeds = [
        "/showings/{}/hold",
        "/desk/showings/{}/move",
        "/desk/showings/{}/delay",
        "/desk/scan",
        "/desk/house",
        "/desk/zone",
        "/desk/party",
        "/desk/click",
        "/desk/directives",
        "/desk/directives/{}",
        "/desk/incidents",
        "/desk/incidents/{}",
        "/desk/settle",
        "/desk/payouts",
        "/desk/payouts/back",
        "/connections/parking/camera-in-1/token",
        "/connections/parking/camera-in-1/end",
        "/connections/kitchen",
        "/connections/kitchen/{}/end",
        "/kitchen/system/{}/send",
        "/kitchen/system/{}/give-up",
        "/desk/undo",
        "/desk/conflicts",
        "/desk/numbers",
        "/desk/numbers/7",
        "/desk/groups/{}",
        "/desk/showings/{}/groups",
        "/desk/showings/{}/cleaned",
        "/desk/counters/foyer-1",
        "/desk/counters/foyer-1/token",
        "/kitchen/orders/{}",
        "/kitchen/stations/grill",
        "/kitchen/alive",
        "/kitchen/orders/{}/stop",
        "/kitchen/orders/{}/substitute",
        "/kitchen/decisions/{}",
        "/kitchen/tickets/{}",
        "/kitchen/waste",
        "/kitchen/counter",
        "/carpark/lane",
        "/carpark/site",
        "/carpark/counts/undo",
        "/displays/message",
        "/displays/withdraw",
    ];
    for path in deeds {
        let page = admin.post(&path.replace("{}", ID), &[("key", ID)]).await;
        assert_eq!(page.status, 503, "{path}");
    }
    let request = pb::OpenVisitRequest { secret: "x".repeat(43) };
    let refused = access!(house, &Caller::Nobody).open_visit(request).await.expect_err("journey is away");
    assert_eq!(refused.code(), Code::Unavailable);
    // What the edge can do alone it still does; a page of several services has what is there.
    admin.get("/connections").await.is_page(200).says("antwortet gerade nicht").says("Es ist keines gekoppelt");
    admin.get("/accessibility").await.is_page(200);
    assert_eq!(admin.post("/staff/sign-out", &[]).await.location(), "/staff/sign-in");
}

#[tokio::test]
async fn services_that_are_not_known_here_make_pages_in_words() {
    let house = house().await;
    all_pages_say_so(&house).await;
}

#[tokio::test]
async fn services_that_refuse_the_connection_make_pages_in_words() {
    let house = house_with_peers_at(&format!("127.0.0.1:{}", free_port())).await;
    all_pages_say_so(&house).await;
}

#[tokio::test]
async fn a_service_that_hangs_makes_a_page_wait_ten_seconds_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let house = house_with_peers_at(&silent.local_addr().expect("address").to_string()).await;
    let mut admin = Browser::of(&house, Role::Admin).await;
    let waits = ["/", "/showings/{}", "/desk", "/kitchen/live", "/displays", "/v/pZ6tXv1mRk8wBn4cLs7yDf0hGj2"];
    let cookie = admin.session().to_owned();
    let began = Instant::now();
    let pages = waits.map(|path| {
        let mut browser = Browser::new(&house);
        browser.set_cookie("__Host-sky", &cookie);
        async move { browser.get(&path.replace("{}", ID)).await }
    });
    for page in futures::future::join_all(pages).await {
        page.is_page(503).says("Gerade nicht erreichbar");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    admin.get("/accessibility").await.is_page(200);
}

#[tokio::test]
async fn a_form_that_was_sent_while_a_service_is_away_is_not_typed_again() {
    let house = house().await;
    let form = [("key", ID), ("count_adult", "2"), ("meal_tomato-pasta", "1"), ("sit", "1")];
    let page = Browser::new(&house).post(&format!("/showings/{ID}/hold"), &form).await;
    let page = page.is_page(503).says("Gerade nicht erreichbar").says("Ihre Angaben sind noch da");
    assert!(page.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    for (name, value) in form {
        assert!(page.body.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name}");
    }
}

/// The room's page loads itself every five seconds; one time that this fails must not be the last, or a browser without a
/// script is counted as away while the others are let in.
#[tokio::test]
async fn a_waiting_rooms_page_that_cannot_be_made_asks_to_be_loaded_again() {
    let house = house().await;
    let path = format!("/waiting-room/{ID}");
    let mut browser = Browser::new(&house);
    assert_eq!(browser.get(&path).await.is_page(404).header("refresh"), "", "there is no such room to wait in");
    let mut other = house.pool("portal").begin().await.expect("a transaction");
    sqlx::query("lock table waiting_room in access exclusive mode").execute(&mut *other).await.expect("locked");
    let page = browser.get(&path).await;
    assert_eq!(page.is_page(503).header("refresh"), "5");
    assert_eq!(browser.post(&format!("{path}/extend"), &[]).await.header("refresh"), "", "a form is not sent again");
}

/// Every page of a showing asks which rooms are open: one that waits for the database does not keep all others waiting.
#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
#[tokio::test]
async fn while_one_asks_for_the_open_rooms_the_others_go_on_with_what_was_known() {
    let house = house().await;
    let find = || {
        let mut rooms = WaitingRoomsClient::new(house.channel(&Caller::Service("journey".to_owned())));
        async move { rooms.find_waiting_room(pb::FindWaitingRoomRequest { showing_id: ID.to_owned() }).await }
    };
    find().await.expect("there is none");
    let mut other = house.pool("portal").begin().await.expect("a transaction");
    sqlx::query("lock table waiting_room in access exclusive mode").execute(&mut *other).await.expect("locked");
    let soon = Duration::from_millis(250);
    let waits = loop {
        let mut asked = tokio::spawn(find());
        match tokio::time::timeout(soon, &mut asked).await {
            Ok(answer) => drop(answer.expect("asked").expect("as it was known")),
            Err(_) => break asked,
        }
    };
    for _ in 0..3 {
        tokio::time::timeout(soon * 12, find()).await.expect("it waits for the other").expect("as it was known");
    }
    other.rollback().await.expect("given back");
    waits.await.expect("asked").expect("answered at last");
}

/// The same at the desk: a group's order is long.
#[tokio::test]
async fn what_the_desk_has_typed_is_kept_while_a_service_is_away() {
    let house = house().await;
    let mut desk = Browser::of(&house, Role::Desk).await;
    let form = [("key", ID), ("channel", "2"), ("count_adult", "28"), ("seat_wish", "2")];
    let page = desk.post(&format!("/desk/showings/{ID}/sell"), &form).await;
    let page = page.is_page(503).says("Gerade nicht erreichbar").says("Ihre Angaben sind noch da");
    page.says(&format!("action=\"/desk/showings/{ID}/sell\""));
    for (name, value) in form {
        page.says(&format!("name=\"{name}\" value=\"{value}\""));
    }
}

/// As told last: pages of a house that has no name and nobody who answers for it are not to be shown.
#[tokio::test]
async fn a_portal_that_starts_while_journey_is_away_says_whose_it_is() {
    let first = House::start(&[portal::SERVICE, stand_in::JOURNEY]).await;
    Browser::new(&first).get("/accessibility").await.is_page(200).says(BRAND);
    let (settings, _database) = (first.settings.clone(), first.stop().await);
    let second = House::start_with(&[portal::SERVICE], Clock::manual(noon()), |own| {
        own.database_url = settings.database_url;
        own.nats_prefix = settings.nats_prefix;
    })
    .await;
    Browser::new(&second).get("/accessibility").await.is_page(200).says(BRAND);
}

/// A device's pairing is the edge's own: it goes on while signage is away.
#[tokio::test]
async fn pairing_needs_no_other_service() {
    let house = house().await;
    let mut device = access!(house, &Caller::Nobody);
    let request = pb::StartPairingRequest { device_kind: "display".to_owned() };
    let begun = device.start_pairing(request).await.expect("begun").into_inner();
    let request = pb::ApprovePairingRequest { claim_code: begun.claim_code, device_id: "foyer-1".to_owned() };
    access!(house, &staff(Role::Desk)).approve_pairing(request).await.expect("approved");
    let request = pb::FinishPairingRequest { pairing_secret: begun.pairing_secret };
    assert!(device.finish_pairing(request).await.expect("finished").into_inner().approved);
}
