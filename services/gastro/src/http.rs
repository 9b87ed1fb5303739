//! Gastro's open data over HTTP: the menu for search engines and the guides of others.

mod kds;

use axum::{
    Router,
    extract::{Query, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use chrono_tz::Europe::Berlin;
use kernel::{Db, open_data};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    domain::public_menu::{self, Language},
    error::Error,
    store,
};

/// All routes.
pub(crate) fn router(db: Db) -> Router {
    Router::new()
        .route("/open/v1/gastro/menu", get(menu))
        .route("/kds/orderStatus/{order}", post(kds::order_status))
        .route("/kds/prepTimes", get(kds::prep_times))
        .route("/kds/busy", get(kds::busy))
        .with_state(db)
}

#[derive(Deserialize)]
struct Wanted {
    /// "en"; anything else is German.
    #[serde(default)]
    lang: String,
}

/// `GET /open/v1/gastro/menu?lang=en`
async fn menu(State(db): State<Db>, Query(wanted): Query<Wanted>, asked: HeaderMap) -> Response {
    let language = if wanted.lang == "en" { Language::English } else { Language::German };
    open_data::reply(today(&db, language).await, &asked)
}

async fn today(db: &Db, language: Language) -> Result<Value, Error> {
    let now = db.clock().now().with_timezone(&Berlin).naive_local();
    let mut conn = db.pool().acquire().await?;
    Ok(public_menu::schema_org(&store::menu::of_day(&mut conn, now.date()).await?, now.time(), language))
}
