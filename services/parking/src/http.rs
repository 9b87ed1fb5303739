//! Parking over HTTP: cameras push here, and the guides and maps of others read the site. What is told is numbers only,
//! no right and no plate.

mod apds;
mod cameras;
mod feeds;
mod ocpi;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, get, patch, post},
};
use chrono::{DateTime, Utc};
use kernel::{Context, Db, identity::Keys, open_data};
use serde_json::Value;

use crate::{
    commands::connections,
    domain::{
        Site,
        open_formats::{self, Place},
    },
    error::Error,
    store,
};

type Format = fn(&Site, &Place, DateTime<Utc>) -> Value;

/// What every route has at hand.
#[derive(Clone)]
struct Edge {
    db: Db,
    keys: Keys,
}

/// All routes.
pub(crate) fn router(context: &Context) -> Router {
    let in_format = |format: Format| {
        get(move |State(edge): State<Edge>, headers: HeaderMap| async move { tell(&edge.db, format, &headers).await })
    };
    Router::new()
        .route("/open/v1/parking/park-api/v3/parking-sites", in_format(open_formats::park_api_v3))
        .route("/open/v1/parking/park-api/v1", in_format(open_formats::park_api_v1))
        .route("/open/v1/parking/datex-light", in_format(open_formats::datex_light))
        .route("/open/v1/parking/fiware", in_format(open_formats::fiware::off_street_parking))
        .route("/apds/v4/places", get(apds::places))
        .route("/apds/v4/rights/specifications", get(apds::specifications))
        .route("/apds/v4/rights/assigned", get(apds::assigned).post(apds::assign))
        .route("/apds/v4/rights/assigned/{id}", delete(apds::cancel))
        .route("/apds/v4/sessions", get(apds::sessions).post(apds::session))
        .route("/ocpi/2.3.0/locations/{country}/{party}/{location}/{evse}", patch(ocpi::take))
        .route("/lanes/plate-recognizer", post(cameras::take))
        .route("/feeds/park-api", post(feeds::take_park_api))
        .route("/feeds/datex2", post(feeds::take_datex))
        .with_state(Edge { db: context.db.clone(), keys: context.keys.clone() })
}

/// Something has spoken with a good token. That is written down at most once a minute.
async fn heard(db: &Db, device: &str) -> Result<(), Error> {
    let since = db.clock().now() - connections::EVERY;
    let known = {
        let mut conn = db.pool().acquire().await?;
        store::connections::spoke_since(&mut conn, device, since).await?
    };
    if known {
        return Ok(());
    }
    let device = device.to_owned();
    db.transact(move |tx| {
        let device = device.clone();
        Box::pin(async move { connections::spoke(tx, &device).await })
    })
    .await
}

/// Where what was sent is wrong, without what stands there: it may be a plate.
fn without_values(error: &serde_json::Error) -> String {
    format!("{:?} at line {}, column {}", error.classify(), error.line(), error.column())
}

async fn tell(db: &Db, format: Format, asked: &HeaderMap) -> Response {
    match look(db).await {
        Ok(Some((site, place))) => open_data::answer(&format(&site, &place, db.clock().now()), asked),
        Ok(None) => (StatusCode::NOT_FOUND, "The house file does not say where the car park is: [parking.place].")
            .into_response(),
        Err(error) => open_data::reply(Err(error), asked),
    }
}

async fn look(db: &Db) -> Result<Option<(Site, Place)>, Error> {
    let mut conn = db.pool().acquire().await?;
    let site = store::site(&mut conn, db.clock().now()).await?;
    Ok(store::place(&mut conn).await?.map(|place| (site, place)))
}
