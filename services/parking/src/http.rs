//! Parking's open data over HTTP: the site for the guides and maps of others. Numbers only, no right and no plate.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use kernel::{Db, open_data};
use serde_json::Value;

use crate::{
    domain::{
        Site,
        open_formats::{self, Place},
    },
    error::Error,
    store,
};

type Format = fn(&Site, &Place, DateTime<Utc>) -> Value;

/// All routes.
pub(crate) fn router(db: Db) -> Router {
    let in_format = |format: Format| {
        get(move |State(db): State<Db>, headers: HeaderMap| async move { tell(&db, format, &headers).await })
    };
    Router::new()
        .route("/open/v1/parking/park-api/v3/parking-sites", in_format(open_formats::park_api_v3))
        .route("/open/v1/parking/park-api/v1", in_format(open_formats::park_api_v1))
        .route("/open/v1/parking/datex-light", in_format(open_formats::datex_light))
        .with_state(db)
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
