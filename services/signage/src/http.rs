//! What signage serves openly by HTTP: pictures and films under the hash of their content, SMIL for players that
//! are no browsers of ours, and the house's own warnings as CAP. Nothing personal is ever among it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRef, Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use kernel::{
    Combiner, Db, Remembered,
    open_data::{self, for_ever, knows},
};
use md5::Md5;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    cap,
    domain::{Class, Content, Health, LONGEST_MESSAGE, Message, leave_the_house},
    error::Error,
    ical,
    sightings::Sightings,
    smil::{self, Panel, Part, Whose, widget},
    store::{self, Computed, Said},
};

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Open {
    pub(crate) db: Db,
    pub(crate) sightings: Sightings,
    pub(crate) acknowledgements: Combiner<Said, (), Error>,
    /// The revision of the index that the player of a display fetched last.
    pub(crate) fetched: Arc<Remembered<String, i64>>,
    /// What the player of a display said that it is when it asked for its index last.
    pub(crate) said: Arc<Remembered<String, String>>,
}

impl FromRef<Open> for Db {
    fn from_ref(open: &Open) -> Self {
        open.db.clone()
    }
}

/// All routes.
pub(crate) fn router(open: Open) -> Router {
    Router::new()
        .route("/signage/media/{media_id}", get(media))
        .route("/smil-index", get(index))
        .route("/signage/pages/{display_id}", get(page))
        .route("/signage/pages/{display_id}/page.wgt", get(kept))
        .route("/signage/programme.ics", get(programme))
        .route("/signage/alerts", get(alerts))
        .route("/signage/alerts/{message_id}", get(alert))
        .with_state(open)
}

/// The index of the display whose player asks: it says who it is in its User-Agent, or as a browser in
/// X-Signage-Agent. A player that asks is there; one that asks for something newer than an index has that, and plays it:
/// more such players cannot say. Some name the index by its tag, others only look whether its date has changed: those have
/// what they fetched before.
async fn index(State(open): State<Open>, method: Method, headers: HeaderMap) -> Response {
    let db = &open.db;
    let agent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let said = ["x-signage-agent", "user-agent"].into_iter().filter_map(agent);
    let Some((player, said)) = said.filter_map(|said| Some((smil::player(said)?, said))).next() else {
        return (StatusCode::BAD_REQUEST, "The User-Agent needs the player's id: GAPI/1.0 (UUID:…; NAME:…).")
            .into_response();
    };
    let (display, rendered) = match store::display_of_player(db.pool(), player).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            return (StatusCode::NOT_FOUND, "No display of the house file has this player.").into_response();
        }
        Err(error) => return trouble(&error),
    };
    let shown = match store::shown(db.pool(), &display).await {
        Ok(shown) => shown,
        Err(error) => return trouble(&error),
    };
    let (standby, panel) = match hanging(db, &display).await {
        Ok(found) => found,
        Err(error) => return trouble(&error),
    };
    let origin = origin(&headers);
    let whose = Whose { player, display_id: &display, origin: &origin };
    let index = smil::index(whose, shown.revision, shown.configured_at, &shown.content, &standby, panel);
    let index = match index {
        Ok(index) => index,
        Err(error) => return trouble(&error.into()),
    };
    let tag = tag(&index);
    let changed = shown.computed_at.max(shown.configured_at);
    // By its date alone an index is known only to whoever has fetched this very revision: there may be two in a second.
    let by_date = is_not_newer(&headers, changed) && open.fetched.get(&display) == Some(shown.revision);
    let is_known = names(&headers, &tag) || by_date;
    let has = match is_known {
        true => Some(shown.revision),
        false if headers.contains_key(header::IF_NONE_MATCH) => None,
        false => open.fetched.get(&display),
    };
    open.said.put(display.clone(), said.to_owned());
    open.sightings.note(&display, has.map(|revision| health(said, revision)));
    if let Some(revision) = has.filter(|has| rendered < *has) {
        acknowledge(&open, &display, revision).await;
    }
    if is_known {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    if method != Method::HEAD {
        open.fetched.put(display, shown.revision);
    }
    let mut response = served(smil::MEDIA_TYPE, Some(tag), index);
    response.headers_mut().extend(last_modified(changed));
    response
}

async fn acknowledge(open: &Open, display_id: &str, revision: i64) {
    let said = Said { display_id: display_id.to_owned(), revision };
    if let Err(error) = open.acknowledgements.run(said).await {
        // It asks again in a few seconds.
        tracing::debug!(%error, "a player's word was not noted");
    }
}

/// garlic-player takes the MD5 of a file that it has for its tag, as its own server does: with any other one some versions
/// fetch everything anew each time.
fn tag(file: &[u8]) -> String {
    format!("\"{}\"", HEXLOWER.encode(&Md5::digest(file)))
}

/// Whether the caller names a tag, with its quotes or as garlic-player does: without them.
fn names(asked: &HeaderMap, tag: &str) -> bool {
    knows(asked, tag) || knows(asked, tag.trim_matches('"'))
}

/// Players keep nothing that does not say when it has changed.
fn last_modified(at: DateTime<Utc>) -> Option<(HeaderName, HeaderValue)> {
    let date = HeaderValue::from_str(&at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()?;
    Some((header::LAST_MODIFIED, date))
}

/// Whether the caller has what was so since an instant, by the date that it was told; one that names tags goes by these.
fn is_not_newer(asked: &HeaderMap, changed: DateTime<Utc>) -> bool {
    let since = asked.get(header::IF_MODIFIED_SINCE).and_then(|since| since.to_str().ok());
    let since = since.and_then(|since| DateTime::parse_from_rfc2822(since).ok());
    !asked.contains_key(header::IF_NONE_MATCH) && since.is_some_and(|since| changed.timestamp() <= since.timestamp())
}

/// The house as the player has addressed it ("https://house.example"); empty: it did not say.
fn origin(headers: &HeaderMap) -> String {
    let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let scheme = if proto == Some("https") { "https" } else { "http" };
    open_data::host(headers).map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

/// As much as such a player says of itself: its program, and what it plays.
fn health(agent: &str, revision: i64) -> Health {
    // GAPI/1.0 (UUID:…; NAME:…) garlic-macOS/v0.6.0.679 (MODEL:Garlic)
    let program = agent.split(") ").nth(1).unwrap_or(agent).split(" (").next().unwrap_or_default();
    let name = agent.split("NAME:").nth(1).and_then(|rest| rest.split([';', ')']).next()).unwrap_or_default();
    let short = |text: &str| text.trim().chars().filter(|letter| !letter.is_control()).take(64).collect();
    Health {
        player: short(program),
        device_name: short(name),
        shown_revision: revision.unsigned_abs(),
        last_command_success: true,
        ..Health::default()
    }
}

/// Which page of a display: what it shows in a revision, from an instant (in seconds) on; else one that it keeps.
#[derive(Deserialize)]
struct Wanted {
    /// A player that shows it.
    player: Option<Uuid>,
    revision: Option<i64>,
    from: Option<i64>,
    evacuation: Option<String>,
    fallback: Option<String>,
    /// Of its slides this one; None: all of it.
    slide: Option<usize>,
}

/// What a display says in an evacuation, and its panel.
async fn hanging(db: &Db, display_id: &str) -> Result<(Content, Panel), Error> {
    let (base, metres) = store::standby::setup(db.pool(), display_id).await?;
    let portrait = store::standby::is_portrait(db.pool(), display_id).await?;
    Ok((leave_the_house(&base, db.clock().now()), Panel { metres, portrait }))
}

/// What a display shows, as a page without any script. A player that fetches it shows it now.
async fn page(
    State(open): State<Open>,
    method: Method,
    Path(display_id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (page, shown) = match write_page(&open.db, &display_id, &wanted, None).await {
        Ok(written) => written,
        Err(error) => return no_page(&error),
    };
    if let Some(player) = wanted.player.filter(|_| method != Method::HEAD) {
        looks(&open, player, &display_id, shown.revision).await;
    }
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let mut response = served(smil::PAGE_TYPE, None, page);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// A player has fetched what its display shows: it is there, and that is on it.
async fn looks(open: &Open, player: Uuid, display_id: &str, revision: i64) {
    let Ok(Some((display, rendered))) = store::display_of_player(open.db.pool(), player).await else { return };
    if display != display_id {
        return;
    }
    // The browser in it says nothing of the player.
    open.sightings.note(&display, open.said.get(&display).map(|said| health(&said, revision)));
    if rendered < revision {
        acknowledge(open, &display, revision).await;
    }
}

/// The same for a player to keep.
async fn kept(
    State(db): State<Db>,
    Path(display_id): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let origin = origin(&headers);
    let whose = wanted.player.map(|player| Whose { player, display_id: &display_id, origin: &origin });
    let live = whose.map(|whose| whose.live(wanted.slide.unwrap_or_default()));
    let (page, shown) = match write_page(&db, &display_id, &wanted, live.as_deref()).await {
        Ok(written) => written,
        Err(error) => return no_page(&error),
    };
    let Some(widget) = widget::pack(&page) else {
        tracing::warn!(display_id, "a page is too large to be kept");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let tag = tag(&widget);
    if names(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let mut response = served(widget::MEDIA_TYPE, Some(tag), widget);
    response.headers_mut().extend(last_modified(shown.computed_at.max(shown.configured_at)));
    response
}

fn no_page(error: &Error) -> Response {
    match error {
        Error::NoSuchDisplay(_) => (StatusCode::NOT_FOUND, "There is no such display.").into_response(),
        error => trouble(error),
    }
}

/// `live`: it is for a player to keep, and that lies above it.
async fn write_page(
    db: &Db,
    display_id: &str,
    wanted: &Wanted,
    live: Option<&str>,
) -> Result<(Vec<u8>, Computed), Error> {
    let (standby, panel) = hanging(db, display_id).await?;
    let shown = store::shown(db.pool(), display_id).await?;
    let content = &shown.content;
    let slide = wanted.slide.or(wanted.fallback.as_ref().map(|_| 0));
    let part = Part { slide, panel, live };
    // A player shows a page that it keeps when nothing is left to read; then neither has this.
    let is_live = live.is_none() && wanted.player.is_some();
    let nothing = is_live && content.class != Class::Evacuation && content.lines.iter().all(|it| it.media.is_some());
    let page = if wanted.evacuation.is_some() {
        smil::evacuation(&standby, part)?
    } else if wanted.fallback.is_some() || nothing {
        smil::fallback(content, part)?
    } else {
        // Of another revision than the present one nothing is kept: then it is the present one, from its beginning.
        let from = wanted.from.filter(|_| wanted.revision == Some(shown.revision));
        smil::page(content, from.and_then(|seconds| DateTime::from_timestamp(seconds, 0)), part)?
    };
    Ok((page, shown))
}

/// The programme as a calendar that others subscribe to.
async fn programme(State(db): State<Db>, headers: HeaderMap) -> Response {
    let now = db.clock().now();
    let read = async || {
        let place = store::wall::issuer(db.pool(), now).await?.place;
        Ok::<_, Error>(ical::programme(&store::wall::programme(db.pool(), now).await?, &place.de))
    };
    match read().await {
        Ok(calendar) => {
            let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(calendar.as_bytes())[..12]));
            if knows(&headers, &tag) {
                return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
            }
            served(ical::MEDIA_TYPE, Some(tag), calendar.into_bytes())
        }
        Err(error) => trouble(&error),
    }
}

/// Which warnings there are: the addresses of all that hold, and of those that were taken back lately.
async fn alerts(State(db): State<Db>) -> Response {
    let now = db.clock().now();
    let read = async || {
        let measures = store::wall::measures(db.pool(), now).await?;
        Ok::<_, Error>((store::wall::messages(db.pool()).await?, measures, store::wall::evacuation(db.pool()).await?))
    };
    match read().await {
        Ok((messages, measures, evacuation)) => {
            let warnings = messages.iter().filter(|it| is_warning(it) && (it.withdrawn || it.valid_until > now));
            let evacuation = evacuation.filter(|it| it.ended_at.is_none_or(|ended| now < ended + LONGEST_MESSAGE));
            let ids = evacuation.map(|it| it.id).into_iter().chain(measures.iter().map(|it| it.measure_id));
            let ids = ids.chain(warnings.map(|it| it.message_id));
            let paths: Vec<String> = ids.map(|id| format!("/signage/alerts/{id}")).collect();
            Json(paths).into_response()
        }
        Err(error) => trouble(&error),
    }
}

async fn alert(State(db): State<Db>, Path(message_id): Path<String>) -> Response {
    match write_alert(&db, &message_id).await {
        Ok(Some(xml)) => served(cap::MEDIA_TYPE, None, xml),
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such warning.").into_response(),
        Err(error) => trouble(&error),
    }
}

async fn write_alert(db: &Db, id: &str) -> Result<Option<Vec<u8>>, Error> {
    let evacuation = store::wall::evacuation(db.pool()).await?;
    if let Some(evacuation) = evacuation.filter(|it| it.id.to_string() == id) {
        let house = store::wall::issuer(db.pool(), evacuation.began_at).await?;
        return Ok(Some(cap::write_evacuation(&evacuation, &house)?));
    }
    let measures = store::wall::measures(db.pool(), db.clock().now()).await?;
    if let Some(measure) = measures.iter().find(|it| it.measure_id.to_string() == id) {
        let first = measure.earlier.first().copied().or(measure.told_at).unwrap_or(measure.at);
        let house = store::wall::issuer(db.pool(), first).await?;
        return Ok(Some(cap::write_measure(measure, &house)?));
    }
    let messages = store::wall::messages(db.pool()).await?;
    let found = messages.iter().filter(|it| is_warning(it)).find(|it| it.message_id.to_string() == id);
    let Some(message) = found else { return Ok(None) };
    let first = message.earlier.first().copied().unwrap_or(message.published_at);
    let house = store::wall::issuer(db.pool(), first).await?;
    Ok(Some(cap::write(message, &house)?))
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
        Ok(Some((_, _, uploaded_at))) if is_not_newer(&headers, uploaded_at) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        Ok(Some((media_type, file, uploaded_at))) => {
            let mut response = for_ever(&media_id, &media_type, file, &headers);
            response.headers_mut().extend(last_modified(uploaded_at));
            response
        }
        Ok(None) => (StatusCode::NOT_FOUND, "There is no such picture or film.").into_response(),
        Err(error) => trouble(&error),
    }
}

fn trouble(error: &Error) -> Response {
    tracing::warn!(%error, "not served");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "Not possible now; ask again in a few seconds.")
        .into_response()
}
