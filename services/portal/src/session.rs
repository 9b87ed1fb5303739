//! Who is looking at a page: the browser's session behind its cookie, and its language. Every handler
//! gets a [`Guest`], which the layer in `http` has put into the request.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use kernel::{Caller, Role, clock::wall_now};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    accounts::Account,
    commands::{self, Of},
    edge::Edge,
    error::Error,
    page::{Area, Frame, own_path},
    problem::Problem,
    store,
    words::Words,
};

/// A browser's session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) staff: Option<Account>,
    pub(crate) device: Option<Device>,
    /// The visit that /visit shows.
    pub(crate) visit: Option<Uuid>,
    pub(crate) has_notice: bool,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A paired device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) kind: String,
}

/// What the next page is to say, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// "good", "bad" or "plain": colour and icon; the text says the same.
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) detail: String,
}

impl Notice {
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self { kind: "good".to_owned(), text: text.into(), detail: String::new() }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { kind: "plain".to_owned(), text: text.into(), detail: String::new() }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self { kind: "bad".to_owned(), text: text.into(), detail: String::new() }
    }

    pub(crate) fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// Whoever sent a request.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) words: Words,
    pub(crate) session: Option<Session>,
    pub(crate) path: String,
    pub(crate) notice: Option<Notice>,
}

impl<S: Sync> FromRequestParts<S> for Guest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self {
            words: Words::default(),
            session: None,
            path: "/".to_owned(),
            notice: None,
        }))
    }
}

impl Guest {
    /// As a visitor who looks around.
    pub(crate) fn visitor(&self) -> Caller {
        let session = self.session.as_ref();
        Caller::Visitor {
            session: session.map_or_else(|| "anonymous".to_owned(), |session| session.id.to_string()),
            visit: session.and_then(|session| session.visit),
        }
    }

    /// As the visitor of one visit, which this session must have booked or opened.
    pub(crate) async fn visitor_of(&self, edge: &Edge, visit: Uuid) -> Result<Caller, Problem> {
        let session = self.session.as_ref().ok_or_else(Problem::not_your_visit)?;
        if session.visit != Some(visit) && !store::has_opened(edge.db.pool(), session.id, visit).await? {
            return Err(Problem::not_your_visit());
        }
        Ok(Caller::Visitor { session: session.id.to_string(), visit: Some(visit) })
    }

    /// As a member of staff with one of these roles, or an admin.
    pub(crate) fn staff(&self, roles: &[Role]) -> Result<Caller, Problem> {
        let account = self.session.as_ref().and_then(|session| session.staff.as_ref()).ok_or_else(Problem::sign_in)?;
        if !account.roles.iter().any(|role| *role == Role::Admin || roles.contains(role)) {
            return Err(Problem::wrong_role());
        }
        Ok(Caller::Staff { account: account.name.clone(), roles: account.roles.clone() })
    }

    /// What every page has around it.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        let staff = self.session.as_ref().and_then(|session| session.staff.as_ref());
        Frame {
            words: self.words,
            title: title.into(),
            path: own_path(&self.path).to_owned(),
            notice: self.notice.clone(),
            areas: staff.map(|account| Area::of(&account.roles)).unwrap_or_default(),
            account: staff.map(|account| account.name.clone()).unwrap_or_default(),
            has_visit: self.session.as_ref().is_some_and(|session| session.visit.is_some()),
            follows_alarm: false,
            alarm: None,
        }
    }

    /// Puts a notice on the next page of this session.
    pub(crate) async fn tell(&self, edge: &Edge, notice: Notice) -> Result<(), Error> {
        let Some(id) = self.session.as_ref().map(|session| session.id) else {
            return Ok(());
        };
        edge.db.transact(move |tx| Box::pin(async move { store::put_notice(tx.conn(), id, &notice).await })).await
    }

    /// The visitor's session, opened now if there is none; then the headers carry its cookie.
    pub(crate) async fn session_for_visits(&self, edge: &Edge) -> Result<(Uuid, HeaderMap), Error> {
        match &self.session {
            Some(session) => Ok((session.id, HeaderMap::new())),
            None => open(edge, Of::Visitor, None).await,
        }
    }

    /// The same for a form with a key of its own: pressed twice before the first answer has brought the cookie, it is one
    /// session's form all the same, and what it asks for is done once.
    pub(crate) async fn session_for_form(&self, edge: &Edge, key: Uuid) -> Result<(Uuid, HeaderMap), Error> {
        if let Some(session) = &self.session {
            return Ok((session.id, HeaderMap::new()));
        }
        let secret = BASE64URL_NOPAD.encode(&edge.keys.fingerprint("session of a form", &key.to_string()));
        let value = secret.clone();
        let opened =
            edge.db.transact(move |tx| Box::pin(async move { commands::session_of_form(tx, &value).await })).await?;
        match opened {
            Some(id) => {
                let seconds = crate::domain::VISITOR_SESSION.num_seconds();
                Ok((id, set_cookie(edge, SESSION, &edge.keys.seal(&secret), seconds)))
            }
            // An old page, whose session this browser has given up: nobody finds that one with it any more.
            None => open(edge, Of::Visitor, None).await,
        }
    }

    /// From now on this session may see a visit, and /visit shows it.
    pub(crate) async fn open_visit(edge: &Edge, session: Uuid, visit: Uuid, link_shown: bool) -> Result<(), Error> {
        let now = wall_now();
        edge.db
            .transact(move |tx| {
                Box::pin(async move { store::open_visit(tx.conn(), session, visit, link_shown, now).await })
            })
            .await
    }
}

/// Opens a session in place of the one before; the headers carry its cookie.
pub(crate) async fn open(edge: &Edge, of: Of, before: Option<Uuid>) -> Result<(Uuid, HeaderMap), Error> {
    let lifetime = match of {
        Of::Visitor => crate::domain::VISITOR_SESSION,
        Of::Staff(_) => crate::domain::STAFF_SESSION,
        Of::Device(_) => crate::domain::DEVICE_SESSION,
    };
    let (id, value) =
        edge.db.transact(move |tx| Box::pin(async move { commands::open_session(tx, of, before).await })).await?;
    Ok((id, set_cookie(edge, SESSION, &edge.keys.seal(&value), lifetime.num_seconds())))
}

/// So much of a device's session may be over before it begins anew.
const RENEWED_AFTER: TimeDelta = TimeDelta::days(30);

/// A paired device stays signed in for as long as it comes back: session and cookie last their whole time anew, and the headers
/// carry the cookie. Otherwise all monitors that were paired on one day would go dark on one day.
pub(crate) async fn renew(edge: &Edge, session: &Session, cookie: &str) -> Result<HeaderMap, Error> {
    let lifetime = crate::domain::DEVICE_SESSION;
    let until = wall_now() + lifetime;
    if session.device.is_none() || until - session.expires_at < RENEWED_AFTER {
        return Ok(HeaderMap::new());
    }
    let id = session.id;
    edge.db.transact(move |tx| Box::pin(async move { store::renew_session(tx.conn(), id, until).await })).await?;
    Ok(set_cookie(edge, SESSION, cookie, lifetime.num_seconds()))
}

/// The session's cookie, the pairing's on a device that waits, and the chosen language.
pub(crate) const SESSION: &str = "sky";
pub(crate) const PAIRING: &str = "sky-pairing";
pub(crate) const LANGUAGE: &str = "sky-lang";

/// `__Host-` binds a cookie to this very host, https and the whole path; browsers take it from
/// `http://localhost` too.
fn cookie_name(edge: &Edge, name: &str) -> String {
    if edge.settings.insecure_cookies { name.to_owned() } else { format!("__Host-{name}") }
}

/// A header that sets a cookie; `seconds` 0 removes it.
pub(crate) fn set_cookie(edge: &Edge, name: &str, value: &str, seconds: i64) -> HeaderMap {
    let secure = if edge.settings.insecure_cookies { "" } else { "; Secure" };
    let name = cookie_name(edge, name);
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let value = HeaderValue::from_str(&text).ok();
    value.into_iter().map(|value| (header::SET_COOKIE, value)).collect()
}

/// Adds cookies beside those that are set already; `extend` would replace them.
pub(crate) fn add_cookies(headers: &mut HeaderMap, cookies: HeaderMap) {
    for value in cookies.into_iter().map(|(_, value)| value) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// A cookie that the browser has sent.
pub(crate) fn cookie(edge: &Edge, headers: &HeaderMap, name: &str) -> Option<String> {
    let wanted = cookie_name(edge, name);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == wanted)
        .map(|(_, value)| value.to_owned())
}
