//! `/pair`: a new monitor shows a code; staff type it at `/displays`; the monitor becomes that display. A
//! monitor that was signed out asks `/pair/state` for a code and shows it over what it still knows.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{clock::wall_now, token};
use serde_json::json;

use crate::{
    commands::{self, Of},
    domain::PAIRING_LIFETIME,
    edge::Edge,
    error::Error,
    page::{Frame, page},
    problem::Problem,
    session::{self, Guest},
    store,
};

#[derive(Template)]
#[template(path = "pair.html")]
struct PairPage {
    w: Frame,
    code: String,
}

/// How far a device is.
enum Step {
    /// It is this display.
    Is(String),
    /// It waits for somebody to type this code.
    Waits(String),
}

/// Where the device stands now, with the cookies to be set.
async fn step(edge: &Edge, guest: &Guest, from: SocketAddr, headers: &HeaderMap) -> Result<(HeaderMap, Step), Problem> {
    if let Some(device) = guest.session.as_ref().and_then(|session| session.device.as_ref()) {
        return Ok((HeaderMap::new(), Step::Is(device.id.clone())));
    }
    if let Some(secret) = session::cookie(edge, headers, session::PAIRING) {
        let given = secret.clone();
        let finished =
            edge.db.transact(move |tx| Box::pin(async move { commands::finish_pairing(tx, &given).await })).await;
        match finished {
            Ok(Some(paired)) => {
                let before = guest.session.as_ref().map(|session| session.id);
                let (_, mut cookies) = session::open(edge, Of::Device(token::hash(&paired.token)), before).await?;
                session::add_cookies(&mut cookies, session::set_cookie(edge, session::PAIRING, "", 0));
                return Ok((cookies, Step::Is(paired.device_id)));
            }
            Ok(None) => {
                if let Some(code) = store::claim_code(edge.db.pool(), &token::hash(&secret), wall_now()).await? {
                    return Ok((HeaderMap::new(), Step::Waits(code)));
                }
            }
            // Run out: begin again below.
            Err(Error::NoSuchPairing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let asker = edge.proxies.asker(Some(from.ip()), headers);
    let begun = edge
        .db
        .transact(move |tx| Box::pin(async move { commands::start_pairing(tx, "display", asker).await }))
        .await?;
    let cookie = session::set_cookie(edge, session::PAIRING, &begun.secret, PAIRING_LIFETIME.num_seconds());
    Ok((cookie, Step::Waits(begun.claim_code)))
}

pub(crate) async fn pair(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (cookies, step) = step(&edge, &guest, from, &headers).await?;
    Ok(match step {
        Step::Is(display) => (cookies, Redirect::to(&format!("/monitor/{display}"))).into_response(),
        Step::Waits(code) => {
            let w = guest.frame(guest.words.t("pair-title"));
            (cookies, page(&PairPage { w, code })?).into_response()
        }
    })
}

/// The same for a page that stays where it is.
pub(crate) async fn state(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (cookies, step) = step(&edge, &guest, from, &headers).await?;
    let state = match step {
        Step::Is(display) => json!({ "monitor": format!("/monitor/{display}") }),
        Step::Waits(code) => json!({ "code": code }),
    };
    Ok((cookies, Json(state)).into_response())
}
