//! What signage serves openly by HTTP: pictures and films under the hash of their content, SMIL for players that
//! are no browsers of ours, and the house's own warnings as CAP. Nothing personal is ever among it.

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use kernel::{
    Db,
    open_data::{for_ever, knows},
    values::Text,
};

use crate::{
    cap,
    domain::{Class, Message},
    error::Error,
    smil, store,
};

/// All routes.
pub(crate) fn router(db: Db) -> Router {
    Router::new()
        .route("/signage/media/{media_id}", get(media))
        .route("/smil-index", get(index))
        .route("/signage/pages/{display_id}", get(page))
        .route("/signage/alerts", get(alerts))
        .route("/signage/alerts/{message_id}", get(alert))
        .with_state(db)
}

/// The index of the display whose player asks: it says who it is in its User-Agent, or as a browser in
/// X-Signage-Agent.
async fn index(State(db): State<Db>, headers: HeaderMap) -> Response {
    let agent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(player) =
        agent("x-signage-agent").and_then(smil::player).or_else(|| agent("user-agent").and_then(smil::player))
    else {
        return (StatusCode::BAD_REQUEST, "The User-Agent needs the player's id: GAPI/1.0 (UUID:…; NAME:…).")
            .into_response();
    };
    let display = match store::display_of_player(db.pool(), player).await {
        Ok(Some(display_id)) => display_id,
        Ok(None) => {
            return (StatusCode::NOT_FOUND, "No display of the house file has this player.").into_response();
        }
        Err(error) => return trouble(&error),
    };
    let shown = match store::shown(db.pool(), &display).await {
        Ok(shown) => shown,
        Err(error) => return trouble(&error),
    };
    let tag = format!("\"{display}-{}\"", shown.revision);
    if knows(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    match smil::index(&display, shown.revision, &shown.content) {
        Ok(index) => served(smil::MEDIA_TYPE, Some(tag), index),
        Err(error) => trouble(&error.into()),
    }
}

/// What a display shows, as a page without any script.
async fn page(State(db): State<Db>, Path(display_id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let shown = match store::shown(db.pool(), &display_id).await {
        Ok(shown) => shown,
        Err(Error::NoSuchDisplay(_)) => return (StatusCode::NOT_FOUND, "There is no such display.").into_response(),
        Err(error) => return trouble(&error),
    };
    let page = match query.as_deref() {
        Some("fallback") => smil::fallback(&shown.content),
        _ => smil::page(&shown.content, shown.computed_at),
    };
    match page {
        Ok(page) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            let mut response = served("application/xhtml+xml", None, page);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            response
        }
        Err(error) => trouble(&error.into()),
    }
}

/// Which warnings there are: the addresses of all that hold, and of those that were taken back lately.
async fn alerts(State(db): State<Db>) -> Response {
    let now = db.clock().now();
    match store::wall::messages(db.pool()).await {
        Ok(messages) => {
            let paths: Vec<String> = messages
                .iter()
                .filter(|it| is_warning(it) && (it.withdrawn || it.valid_until > now))
                .map(|it| format!("/signage/alerts/{}", it.message_id))
                .collect();
            Json(paths).into_response()
        }
        Err(error) => trouble(&error),
    }
}

async fn alert(State(db): State<Db>, Path(message_id): Path<String>) -> Response {
    let messages = match store::wall::messages(db.pool()).await {
        Ok(messages) => messages,
        Err(error) => return trouble(&error),
    };
    let found = messages.iter().filter(|it| is_warning(it)).find(|it| it.message_id.to_string() == message_id);
    let Some(message) = found else {
        return (StatusCode::NOT_FOUND, "There is no such warning.").into_response();
    };
    match cap::write(message, &Text::new("Planetarium Halle (Saale)", "Planetarium Halle (Saale)")) {
        Ok(xml) => served(cap::MEDIA_TYPE, None, xml),
        Err(error) => trouble(&error.into()),
    }
}

/// What is planned is no warning.
fn is_warning(message: &Message) -> bool {
    message.class > Class::Scheduled
}

fn served(media_type: &'static str, tag: Option<String>, body: Vec<u8>) -> Response {
    let mut response =
        ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-cache")], body).into_response();
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

async fn media(State(db): State<Db>, Path(media_id): Path<String>, headers: HeaderMap) -> Response {
    match store::media::file(db.pool(), &media_id).await {
        Ok(Some((media_type, file))) => for_ever(&media_id, &media_type, file, &headers),
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such picture or film.").into_response(),
        Err(error) => trouble(&error),
    }
}

fn trouble(error: &Error) -> Response {
    tracing::warn!(%error, "not served");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "Not possible now; ask again in a few seconds.")
        .into_response()
}
