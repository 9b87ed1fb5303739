//! What speaks to the house from outside: cameras, feeds, partners, lane controllers, scanners and kitchen systems; what
//! each may do, when it spoke last, and who gave it its token. Tokens are issued and ended here. One service that is away
//! hides its own part alone.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::{Caller, Role};
use prost_types::Timestamp;
use sky_proto::{
    gastro::v1::{IssueKdsTokenRequest, KdsToken, ListKdsTokensRequest, ListKdsTokensResponse, RevokeKdsTokenRequest},
    parking::v1::{
        Connection, ConnectionKind, IssueDeviceTokenRequest, ListConnectionsRequest, RevokeDeviceTokenRequest,
        TokenStep,
    },
};
use tonic::Status;
use uuid::Uuid;

use super::desk_actions::{outcome, refused};
use crate::{
    commands,
    edge::{Edge, answer},
    fields::Fields,
    page::{self, Frame, STAFF},
    problem::Problem,
    session::{Guest, Notice},
    store,
    words::Words,
};

const HERE: &str = "/connections";

#[derive(Template)]
#[template(path = "connections.html")]
struct ConnectionsPage {
    w: Frame,
    observed: String,
    parts: Vec<PartView>,
    /// Issues and ends tokens.
    may_issue: bool,
    /// Pairs devices and ends pairings.
    may_pair: bool,
    /// The kitchen's own system is told over HTTP: when it took something last. Empty: there is none.
    kitchen_told: String,
}

/// One kind of thing.
struct PartView {
    id: &'static str,
    title: String,
    /// What it may do.
    may: String,
    /// Its service is away.
    away: bool,
    items: Vec<ItemView>,
    /// Said when there are none.
    none: String,
}

struct ItemView {
    id: String,
    name: String,
    detail: String,
    state: String,
    kind: &'static str,
    shape: &'static str,
    /// Empty: never.
    seen: String,
    /// Where a new token is issued; empty: not here.
    issue: String,
    /// Where it is ended; empty: it has ended.
    revoke: String,
    /// Of what kind, for the page that shows the token.
    what: &'static str,
    history: Vec<String>,
}

fn is_one_of(caller: &Caller, roles: &[Role]) -> bool {
    let works = |role: &Role| *role == Role::Admin || roles.contains(role);
    matches!(caller, Caller::Staff { roles, .. } if roles.iter().any(works))
}

/// "Sa 28.11. 12:04"
fn moment(w: &Words, at: &Option<Timestamp>) -> String {
    match at {
        Some(_) => w.day_and_time(at),
        None => String::new(),
    }
}

/// Its state in words, colour and shape.
fn state(w: &Words, is_good: bool, is_used: bool) -> (String, &'static str, &'static str) {
    match (is_good, is_used) {
        (true, true) => (w.t("connection-good"), "good", "●"),
        (true, false) => (w.t("connection-unused"), "few", "◆"),
        (false, _) => (w.t("connection-none"), "plain", "○"),
    }
}

/// The kinds that parking knows, in their order: id, keys of title and of what it may do, name for the token's page.
const PARKING: [(ConnectionKind, &str, &str, &str); 4] = [
    (ConnectionKind::Camera, "cameras", "connections-camera", "connections-camera-may"),
    (ConnectionKind::Feed, "feeds", "connections-feed", "connections-feed-may"),
    (ConnectionKind::Apds, "apds", "connections-apds", "connections-apds-may"),
    (ConnectionKind::Ocpi, "ocpi", "connections-ocpi", "connections-ocpi-may"),
];

fn of_parking(w: &Words, it: &Connection, what: &'static str) -> ItemView {
    let (state, kind, shape) = state(w, it.has_token, it.last_used_at.is_some());
    let act = |act: &sky_proto::parking::v1::TokenAct| {
        let step = if act.step() == TokenStep::Revoked { "connection-ended" } else { "connection-issued" };
        format!("{} · {}: {}", moment(w, &act.at), act.by, w.t(step))
    };
    ItemView {
        id: it.device_id.clone(),
        name: it.device_id.clone(),
        detail: if it.lane.is_empty() { String::new() } else { w.with("connection-lane", "lane", &it.lane) },
        state,
        kind,
        shape,
        seen: moment(w, &it.last_used_at),
        issue: format!("{HERE}/parking/{}/token", it.device_id),
        revoke: if it.has_token { format!("{HERE}/parking/{}/end", it.device_id) } else { String::new() },
        what,
        history: it.acts.iter().map(act).collect(),
    }
}

fn parking(w: &Words, told: &Result<Vec<Connection>, Status>) -> Vec<PartView> {
    let part = |(kind, id, title, may): (ConnectionKind, &'static str, &str, &str)| PartView {
        id,
        title: w.t(title),
        may: w.t(may),
        away: told.is_err(),
        items: told.iter().flatten().filter(|it| it.kind() == kind).map(|it| of_parking(w, it, id)).collect(),
        none: w.t("connections-none-named"),
    };
    PARKING.into_iter().map(part).collect()
}

fn device(w: &Words, it: &store::Paired) -> ItemView {
    let timestamp = |at: chrono::DateTime<chrono::Utc>| Some(kernel::values::timestamp(at));
    let is_good = it.revoked_at.is_none();
    let (state, kind, shape) = state(w, is_good, it.used_at.is_some());
    let paired = format!("{} · {}: {}", moment(w, &timestamp(it.paired_at)), it.approved_by, w.t("connection-paired"));
    let ended = it
        .revoked_at
        .map(|at| format!("{} · {}: {}", moment(w, &timestamp(at)), it.revoked_by, w.t("connection-ended")));
    ItemView {
        id: format!("{}-{}", it.device_id, it.paired_at.timestamp()),
        name: it.device_id.clone(),
        detail: w.t(if it.kind == "lane" { "connection-is-lane" } else { "connection-is-scanner" }),
        state: if is_good { state } else { w.t("connection-over") },
        kind,
        shape,
        seen: it.used_at.map(|at| moment(w, &timestamp(at))).unwrap_or_default(),
        issue: String::new(),
        revoke: if is_good { format!("{HERE}/devices/{}/end", it.device_id) } else { String::new() },
        what: "devices",
        history: ended.into_iter().chain([paired]).collect(),
    }
}

fn kitchen_system(w: &Words, it: &KdsToken) -> ItemView {
    let is_good = it.revoked_at.is_none();
    let (state, kind, shape) = state(w, is_good, it.last_used_at.is_some());
    let issued = format!("{} · {}: {}", moment(w, &it.issued_at), it.issued_by, w.t("connection-issued"));
    let ended = it
        .revoked_at
        .as_ref()
        .map(|_| format!("{} · {}: {}", moment(w, &it.revoked_at), it.revoked_by, w.t("connection-ended")));
    ItemView {
        id: it.token_id.clone(),
        name: if it.name.is_empty() { w.t("connection-nameless") } else { it.name.clone() },
        detail: String::new(),
        state: if is_good { state } else { w.t("connection-over") },
        kind,
        shape,
        seen: moment(w, &it.last_used_at),
        issue: String::new(),
        revoke: if is_good { format!("{HERE}/kitchen/{}/end", it.token_id) } else { String::new() },
        what: "kitchen",
        history: ended.into_iter().chain([issued]).collect(),
    }
}

fn kitchen(w: &Words, told: &Result<ListKdsTokensResponse, Status>) -> PartView {
    PartView {
        id: "kitchen",
        title: w.t("connections-kitchen"),
        may: w.t("connections-kitchen-may"),
        away: told.is_err(),
        items: told.iter().flat_map(|it| &it.tokens).map(|it| kitchen_system(w, it)).collect(),
        none: w.t("connections-none-issued"),
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let w = guest.frame(guest.words.t("connections-title"));
    let (mut of_parking, mut of_gastro) = (edge.connections(&caller), edge.kitchen_system(&caller));
    let (named, tokens) = tokio::join!(
        answer(of_parking.list_connections(ListConnectionsRequest {})),
        answer(of_gastro.list_kds_tokens(ListKdsTokensRequest {})),
    );
    let named = named.map(|told| told.connections);
    let devices = store::devices(edge.db.pool(), kernel::clock::wall_now()).await?;
    let mut parts = parking(&w, &named);
    parts.push(PartView {
        id: "devices",
        title: w.t("connections-devices"),
        may: w.t("connections-devices-may"),
        away: false,
        items: devices.iter().filter(|it| it.kind != "display").map(|it| device(&w, it)).collect(),
        none: w.t("connections-none-paired"),
    });
    parts.push(kitchen(&w, &tokens));
    let told = tokens.as_ref().is_ok_and(|it| it.tells);
    let taken = tokens.as_ref().ok().and_then(|it| it.last_taken_at);
    page::page(&ConnectionsPage {
        observed: w.clock(edge.now()),
        parts,
        may_issue: is_one_of(&caller, &[Role::Operator]),
        may_pair: is_one_of(&caller, &[Role::Desk]),
        kitchen_told: match (told, taken) {
            (false, _) => String::new(),
            (true, Some(_)) => w.with("connections-told-last", "time", &moment(&w, &taken)),
            (true, None) => w.t("connections-told-never"),
        },
        w,
    })
}

#[derive(Template)]
#[template(path = "connections-token.html")]
struct TokenPage {
    w: Frame,
    name: String,
    token: String,
    /// How it is sent, and where to.
    header: &'static str,
    paths: &'static [&'static str],
}

fn how(what: &str) -> (&'static str, &'static [&'static str]) {
    const BEARER: &str = "Authorization: Bearer …";
    match what {
        "cameras" => (BEARER, &["POST /lanes/plate-recognizer"]),
        "feeds" => (BEARER, &["POST /feeds/park-api", "POST /feeds/datex2"]),
        "apds" => {
            (BEARER, &["GET /apds/v4/rights/specifications", "POST /apds/v4/rights/assigned", "POST /apds/v4/sessions"])
        }
        "ocpi" => ("Authorization: Token …", &["PATCH /ocpi/2.3.0/locations/{country}/{party}/{location}/{evse}"]),
        _ => (BEARER, &["POST /kds/orderStatus/{orderId}", "GET /kds/prepTimes", "GET /kds/busy"]),
    }
}

/// A new token, shown once: it is on this page and nowhere else.
fn shown(guest: &Guest, name: String, token: String, what: &str) -> Result<Response, Problem> {
    let mut w = guest.frame(guest.words.t("connection-token"));
    // The language links cannot issue it again.
    HERE.clone_into(&mut w.path);
    let (header, paths) = how(what);
    page::page(&TokenPage { w, name, token, header, paths })
}

/// Of a camera, a feed or a partner.
pub(crate) async fn issue(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let request = IssueDeviceTokenRequest { device_id: id.clone() };
    match answer(edge.parking(&caller).issue_device_token(request)).await {
        Ok(issued) => shown(&guest, id, issued.token, sent.get("what")),
        Err(status) => refused(&edge, &guest, status, HERE).await,
    }
}

/// Of a camera, a feed or a partner.
pub(crate) async fn end(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let request = RevokeDeviceTokenRequest { device_id: id };
    let ended = answer(edge.connections(&caller).revoke_device_token(request)).await;
    let say = |it: Connection| Notice::good(guest.words.with("connection-ended-now", "name", &it.device_id));
    outcome(&edge, &guest, ended, say, HERE).await
}

/// Of a kitchen system, under a name of staff's choosing.
pub(crate) async fn issue_kitchen(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let name = sent.get("name").to_owned();
    let request = IssueKdsTokenRequest { name: name.clone() };
    match answer(edge.kitchen(&caller).issue_kds_token(request)).await {
        Ok(issued) => shown(&guest, name, issued.token, "kitchen"),
        Err(status) => refused(&edge, &guest, status, HERE).await,
    }
}

/// Of a kitchen system.
pub(crate) async fn end_kitchen(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(STAFF)?;
    let request = RevokeKdsTokenRequest { token_id: id.to_string() };
    let ended = answer(edge.kitchen_system(&caller).revoke_kds_token(request)).await;
    let say = |it: KdsToken| Notice::good(guest.words.with("connection-ended-now", "name", &it.name));
    outcome(&edge, &guest, ended, say, HERE).await
}

/// A lane controller or a scanner shows a code, and staff type it.
pub(crate) async fn pair(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let by = guest.staff(&[Role::Desk])?.for_the_record();
    let device = sent.get("device").to_owned();
    let paired = edge.approve_pairing(sent.get("claim_code"), &device, by).await.map_err(Status::from);
    let say = |()| Notice::good(guest.words.with("connection-paired-now", "name", &device));
    outcome(&edge, &guest, paired, say, HERE).await
}

/// The pairing of a lane controller or a scanner ends.
pub(crate) async fn end_device(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let by = guest.staff(&[Role::Desk])?.for_the_record();
    let device = kernel::values::slug("device", &id)?.to_owned();
    edge.db.transact(move |tx| Box::pin(async move { commands::revoke_device(tx, &device, &by).await })).await?;
    let say = |()| Notice::good(guest.words.with("connection-ended-now", "name", &id));
    outcome(&edge, &guest, Ok(()), say, HERE).await
}
