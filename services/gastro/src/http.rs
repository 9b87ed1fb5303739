//! Gastro's open data over HTTP: the menu for search engines and the guides of others, and the pictures in it.

mod kds;

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRef, Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
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

/// What the routes have at hand.
#[derive(Clone, Debug)]
struct Open {
    db: Db,
    /// Where browsers find this house; empty: where the request went to.
    public_url: Arc<str>,
}

impl FromRef<Open> for Db {
    fn from_ref(open: &Open) -> Self {
        open.db.clone()
    }
}

/// All routes.
pub(crate) fn router(db: Db, public_url: &str) -> Router {
    Router::new()
        .route("/open/v1/gastro/menu", get(menu))
        .route("/gastro/pictures/{picture_id}", get(picture))
        .route("/kds/orderStatus/{order}", post(kds::order_status))
        .route("/kds/prepTimes", get(kds::prep_times))
        .route("/kds/prepTime", post(kds::prep_time))
        .route("/kds/busy", get(kds::busy).post(kds::told_busy))
        .with_state(Open { db, public_url: public_url.trim_end_matches('/').into() })
}

#[derive(Deserialize)]
struct Wanted {
    /// "en"; anything else is German.
    #[serde(default)]
    lang: String,
}

/// `GET /open/v1/gastro/menu?lang=en`
async fn menu(State(open): State<Open>, Query(wanted): Query<Wanted>, asked: HeaderMap) -> Response {
    let language = if wanted.lang == "en" { Language::English } else { Language::German };
    let base = match &*open.public_url {
        // Else addresses are those of the house itself.
        "" => open_data::host(&asked).map(|host| format!("http://{host}")).unwrap_or_default(),
        url => url.to_owned(),
    };
    let told = today(&open.db, language, &base).await;
    let is_menu = told.is_ok();
    let mut response = open_data::reply(told, &asked);
    if is_menu {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/ld+json"));
    }
    response
}

async fn today(db: &Db, language: Language, base: &str) -> Result<Value, Error> {
    let now = db.clock().now().with_timezone(&Berlin).naive_local();
    let mut conn = db.pool().acquire().await?;
    Ok(public_menu::schema_org(&store::menu::of_day(&mut conn, now.date()).await?, now.time(), language, base))
}

/// `GET /gastro/pictures/{hash}`
async fn picture(State(db): State<Db>, Path(picture_id): Path<String>, asked: HeaderMap) -> Response {
    match stored(&db, &picture_id).await {
        Ok(Some((media_type, file))) => open_data::for_ever(&picture_id, &media_type, file, &asked),
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such picture.").into_response(),
        Err(error) => {
            tracing::warn!(%error, "a picture could not be given");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response()
        }
    }
}

async fn stored(db: &Db, picture_id: &str) -> Result<Option<(String, Vec<u8>)>, Error> {
    // Its name is the hash of what is in it, in hexadecimal digits; the database takes no NUL for a text at all.
    if !picture_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    store::pictures::file(&mut *db.pool().acquire().await?, picture_id).await
}
