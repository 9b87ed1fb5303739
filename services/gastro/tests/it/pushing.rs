//! The kitchen's own system over HTTP, a real server each time: away first, then slow, then there. What it is told comes
//! to it of each order in its order, and nothing is lost.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};
use kernel::testing::House;
use serde_json::{Value, json};
use sky_proto::gastro::v1 as pb;
use uuid::Uuid;

use crate::support::*;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Fails,
    Hangs,
    Takes,
    /// Takes everything but what is about orders' states.
    RefusesStates,
}

/// A message that came in.
#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    pub key: String,
    pub body: Value,
}

#[derive(Clone)]
pub struct System {
    mood: Arc<Mutex<Mood>>,
    /// Whatever came, and what of it was taken.
    pub came: Arc<Mutex<Vec<Got>>>,
    pub taken: Arc<Mutex<Vec<Got>>>,
}

async fn take(State(system): State<System>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["authorization"], "Bearer kitchen-secret");
    let got = Got {
        path: uri.path().to_owned(),
        key: headers["idempotency-key"].to_str().expect("ASCII").to_owned(),
        body: serde_json::from_slice(&body).expect("JSON"),
    };
    let mood = *system.mood.lock().expect("lock");
    system.came.lock().expect("lock").push(got.clone());
    match mood {
        Mood::Fails => StatusCode::BAD_GATEWAY.into_response(),
        Mood::Hangs => std::future::pending().await,
        Mood::RefusesStates if got.path.starts_with("/kds/orderStatus/") => {
            StatusCode::UNPROCESSABLE_ENTITY.into_response()
        }
        Mood::Takes | Mood::RefusesStates => {
            system.taken.lock().expect("lock").push(got);
            StatusCode::OK.into_response()
        }
    }
}

impl System {
    pub async fn start(mood: Mood) -> (Self, String) {
        let system = Self { mood: Arc::new(Mutex::new(mood)), came: Arc::default(), taken: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/kds/orderStatus/{order}", post(take))
            .route("/kds/prepTime", post(take))
            .route("/kds/busy", post(take))
            .with_state(system.clone());
        kernel::Tasks::default().spawn(async move { axum::serve(listener, router).await });
        (system, url)
    }

    pub fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("lock") = mood;
    }

    pub fn came(&self) -> usize {
        self.came.lock().expect("lock").len()
    }

    /// What was taken of an order: its codes in order.
    pub fn codes(&self, order: &str) -> Vec<i64> {
        let taken = self.taken.lock().expect("lock");
        taken.iter().filter(|got| got.body["orderId"] == order).filter_map(|got| got.body["status"].as_i64()).collect()
    }
}

pub async fn house_told(url: &str) -> House {
    let house = house_with(&[("kds_url", url), ("kds_token", "kitchen-secret")]).await;
    until(&house, "the system is known", async || {
        sqlx::query_scalar("select exists (select from kds_push_on)")
            .fetch_one(house.pool("gastro"))
            .await
            .expect("a row")
    })
    .await;
    house
}

/// What was tried is tried again now instead of after its pause.
pub async fn try_again_now(house: &House) {
    sqlx::query("update kds_push set next_try_at = 'epoch' where next_try_at is not null")
        .execute(house.pool("gastro"))
        .await
        .expect("set");
}

pub async fn waiting(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from kds_push where next_try_at is not null")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_system_that_was_away_gets_everything_in_its_order_and_once() {
    let (system, url) = System::start(Mood::Fails).await;
    let house = house_told(&url).await;
    let visit = Uuid::now_v7();
    let order = scheduled_meal(&house, visit, Uuid::now_v7()).await;
    until(&house, "it was tried", async || system.came() > 0).await;
    set_busy(&house, "hot", 15).await.expect("busy");
    until_state(&house, visit, minutes(105), pb::OrderState::Fired).await;
    for to in [pb::OrderState::Preparing, pb::OrderState::Ready, pb::OrderState::Collected] {
        step(&house, &order.order_id, to).await.expect("a step");
    }
    assert!(waiting(&house).await >= 4, "nothing is lost meanwhile");

    // It takes the connection and says nothing: given up after a few seconds, and sent again.
    system.becomes(Mood::Hangs);
    let before = system.came();
    try_again_now(&house).await;
    until(&house, "it hangs", async || system.came() > before).await;
    until(&house, "it was given up", async || {
        let slow: i64 = sqlx::query_scalar("select count(*) from kds_push where problem like '%in time%'")
            .fetch_one(house.pool("gastro"))
            .await
            .expect("a count");
        slow > 0
    })
    .await;

    system.becomes(Mood::Takes);
    until(&house, "all is taken", async || {
        try_again_now(&house).await;
        waiting(&house).await == 0
    })
    .await;
    let codes = system.codes(&order.order_id);
    assert_eq!(codes.last(), Some(&90), "{codes:?}");
    assert!(codes.is_sorted() && codes.contains(&20) && codes.contains(&70), "in its order: {codes:?}");
    let taken = system.taken.lock().expect("lock").clone();
    let mut keys: Vec<&str> = taken.iter().map(|got| got.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), taken.len(), "each was taken once");
    let first = system.came.lock().expect("lock")[0].clone();
    let same = taken.iter().find(|got| got.path == "/kds/prepTime").expect("the first one").key.clone();
    assert_eq!(first.key, same, "sent again under the same key");
    let busy = taken.iter().find(|got| got.path == "/kds/busy").expect("told");
    let expected = json!({"accountId": "planetarium-halle", "locationId": "astrogastro",
        "channelLinkId": "digital-sky", "status": "BUSY", "delay": 15});
    assert_eq!(busy.body, expected);
    let status = taken.iter().find(|got| got.body["status"] == 70).expect("told");
    assert_eq!(status.path, format!("/kds/orderStatus/{}", order.order_id));
    assert_eq!(status.body, json!({"orderId": order.order_id, "status": 70, "reason": ""}));
}

#[tokio::test]
async fn what_it_refuses_for_good_stops_nothing_else() {
    let (system, url) = System::start(Mood::RefusesStates).await;
    let house = house_told(&url).await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let order = scheduled_meal(&house, first, Uuid::now_v7()).await;
    until_state(&house, first, minutes(105), pb::OrderState::Fired).await;
    for to in [pb::OrderState::Preparing, pb::OrderState::Ready] {
        step(&house, &order.order_id, to).await.expect("a step");
    }
    set_busy(&house, "hot", 5).await.expect("busy");
    let mut later = wish(second, Uuid::now_v7());
    later.showing_starts_at = Some(kernel::values::timestamp(house.clock.now() + chrono::TimeDelta::minutes(10)));
    later.showing_ends_at = Some(kernel::values::timestamp(house.clock.now() + chrono::TimeDelta::minutes(60)));
    later.expires_at = Some(kernel::values::timestamp(house.clock.now() + chrono::TimeDelta::minutes(9)));
    hold(&house, &later).await.expect("held");
    twice(&house, "journey", &confirmed(second, Uuid::now_v7())).await;
    until(&house, "the rest is taken", async || waiting(&house).await == 0).await;
    let taken = system.taken.lock().expect("lock").len();
    assert!(taken >= 3, "both orders' times, and how busy it is: {taken}");
    let refused: i64 = sqlx::query_scalar("select count(*) from kds_push where problem like '%422%'")
        .fetch_one(house.pool("gastro"))
        .await
        .expect("a count");
    assert_eq!(refused, 1, "kept, with the reason");
}

#[tokio::test]
async fn without_a_system_nothing_is_written_down_for_it() {
    let house = house().await;
    scheduled_meal(&house, Uuid::now_v7(), Uuid::now_v7()).await;
    set_busy(&house, "hot", 15).await.expect("busy");
    let rows: i64 =
        sqlx::query_scalar("select count(*) from kds_push").fetch_one(house.pool("gastro")).await.expect("a count");
    assert_eq!(rows, 0);
}
