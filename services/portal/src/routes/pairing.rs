//! `/pair`: a new monitor shows a code; staff type it at `/displays`; the monitor becomes that display.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use kernel::clock::wall_now;

use crate::{
    commands::{self, Of},
    domain::PAIRING_LIFETIME,
    edge::Edge,
    error::Error,
    page::{Frame, page},
    problem::Problem,
    secrets,
    session::{self, Guest},
    store,
};

#[derive(Template)]
#[template(path = "pair.html")]
struct PairPage {
    w: Frame,
    code: String,
}

pub(crate) async fn pair(State(edge): State<Arc<Edge>>, guest: Guest, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(device) = guest.session.as_ref().and_then(|session| session.device.as_ref()) {
        return Ok(Redirect::to(&format!("/monitor/{}", device.id)).into_response());
    }
    let w = guest.frame(guest.words.t("pair-title"));
    if let Some(secret) = session::cookie(&edge, &headers, session::PAIRING) {
        let given = secret.clone();
        let finished =
            edge.db.transact(move |tx| Box::pin(async move { commands::finish_pairing(tx, &given).await })).await;
        match finished {
            Ok(Some(paired)) => {
                let before = guest.session.as_ref().map(|session| session.id);
                let (_, mut cookies) = session::open(&edge, Of::Device(secrets::hash(&paired.token)), before).await?;
                session::add_cookies(&mut cookies, session::set_cookie(&edge, session::PAIRING, "", 0));
                return Ok((cookies, Redirect::to(&format!("/monitor/{}", paired.device_id))).into_response());
            }
            Ok(None) => {
                if let Some(code) = store::claim_code(edge.db.pool(), &secrets::hash(&secret), wall_now()).await? {
                    return page(&PairPage { w, code });
                }
            }
            // Run out: begin again below.
            Err(Error::NoSuchPairing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let begun = edge.db.transact(|tx| Box::pin(async move { commands::start_pairing(tx, "display").await })).await?;
    let cookie = session::set_cookie(&edge, session::PAIRING, &begun.secret, PAIRING_LIFETIME.num_seconds());
    Ok((cookie, page(&PairPage { w, code: begun.claim_code })?).into_response())
}
