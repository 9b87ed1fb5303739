//! Signing in and out, and the way to one's own part of the house.

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Code, Coded};
use serde::Deserialize;

use crate::{
    commands::Of,
    edge::Edge,
    error::Error,
    fields::Fields,
    page::{Area, Frame, own_path, page},
    problem::Problem,
    session::{self, Guest},
    store,
};

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    w: Frame,
    next: String,
    account_typed: String,
    error: String,
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Next {
    next: String,
}

pub(crate) async fn sign_in_page(guest: Guest, Query(next): Query<Next>) -> Result<Response, Problem> {
    page(&SignInPage {
        w: guest.frame(guest.words.t("sign-in-title")),
        next: own_path(&next.next).to_owned(),
        account_typed: String::new(),
        error: String::new(),
    })
}

pub(crate) async fn sign_in(
    State(edge): State<Arc<Edge>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    guest: Guest,
    sent: Fields,
) -> Result<Response, Problem> {
    let next = own_path(sent.get("next")).to_owned();
    let network = edge.proxies.asker(Some(from.ip()), &headers).network();
    let account = match edge.doorman.sign_in(sent.get("account"), sent.get("password"), &network).await {
        Ok(account) => account,
        Err(error) => return refuse(&guest, &sent, next, &error),
    };
    let first = Area::of(&account.roles).first().map_or("/", |area| area.path);
    let before = guest.session.as_ref().map(|session| session.id);
    let (_, cookie) = session::open(&edge, Of::Staff(account.name), before).await?;
    Ok((cookie, Redirect::to(if next.is_empty() { first } else { &next })).into_response())
}

fn refuse(guest: &Guest, sent: &Fields, next: String, error: &Error) -> Result<Response, Problem> {
    let text = match error {
        Error::WrongPassword | Error::Invalid(_) => guest.words.t("sign-in-wrong"),
        Error::TooManyAttempts { seconds } => guest.words.n("sign-in-wait", *seconds),
        other => {
            let code = other.code();
            tracing::error!(error = %other, "sign-in failed");
            return Err(Problem {
                code,
                key: if code == Code::Unavailable { "unavailable" } else { "internal" },
                detail: String::new(),
                name: String::new(),
            });
        }
    };
    let page = page(&SignInPage {
        w: guest.frame(guest.words.t("sign-in-title")),
        next,
        account_typed: sent.get("account").to_owned(),
        error: text,
    })?;
    let status = StatusCode::from_u16(error.code().http()).unwrap_or(StatusCode::UNAUTHORIZED);
    Ok((status, page).into_response())
}

pub(crate) async fn sign_out(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    if let Some(id) = guest.session.as_ref().map(|session| session.id) {
        edge.db.transact(move |tx| Box::pin(async move { store::delete_session(tx.conn(), id).await })).await?;
    }
    Ok((session::set_cookie(&edge, session::SESSION, "", 0), Redirect::to("/staff/sign-in")).into_response())
}

/// One's first area.
pub(crate) async fn home(guest: Guest) -> Result<Response, Problem> {
    let account = guest.session.as_ref().and_then(|session| session.staff.as_ref()).ok_or_else(Problem::sign_in)?;
    let path = Area::of(&account.roles).first().map_or("/", |area| area.path);
    Ok(Redirect::to(path).into_response())
}
