//! What the kitchen's own system has not taken: how often it was tried and why not; sent again at once, or given up with a
//! reason.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::Role;
use sky_proto::gastro::v1::{
    GiveUpKdsMessageRequest, KdsAbout, KdsMessage, KdsMessageState, ListKdsMessagesRequest, SendKdsMessageRequest,
};
use uuid::Uuid;

use super::super::desk_actions::outcome;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

const HERE: &str = "/kitchen/system";
const MAY: &[Role] = &[Role::Kitchen, Role::Operator];

#[derive(Template)]
#[template(path = "kitchen-system.html")]
struct SystemPage {
    w: Frame,
    tells: bool,
    waiting: i64,
    refused: i64,
    messages: Vec<MessageView>,
}

struct MessageView {
    id: String,
    title: String,
    state: String,
    kind: &'static str,
    shape: &'static str,
    made: String,
    attempts: u32,
    problem: String,
    next: String,
    /// Who has given it up, and why; empty: nobody.
    given_up: String,
}

fn view(w: &Words, it: &KdsMessage) -> MessageView {
    let about = w.t(match it.about() {
        KdsAbout::Time => "kds-about-time",
        KdsAbout::Busy => "kds-about-busy",
        KdsAbout::Status | KdsAbout::Unspecified => "kds-about-status",
    });
    let (state, kind, shape) = match it.state() {
        KdsMessageState::Refused => ("kds-state-refused", "bad", "✕"),
        KdsMessageState::GivenUp => ("kds-state-given-up", "plain", "■"),
        KdsMessageState::Waiting | KdsMessageState::Taken | KdsMessageState::Unspecified => {
            ("kds-state-waiting", "few", "▲")
        }
    };
    MessageView {
        id: it.message_id.clone(),
        title: if it.number > 0 { format!("{} · {about}", w.n("kds-order", it.number)) } else { about },
        state: w.t(state),
        kind,
        shape,
        made: it.created_at.map(|at| w.with("kds-made", "time", &w.time(&Some(at)))).unwrap_or_default(),
        attempts: it.attempts,
        problem: it.problem.clone(),
        next: it.next_try_at.map(|at| w.with("kds-next", "time", &w.time(&Some(at)))).unwrap_or_default(),
        given_up: match it.state() {
            KdsMessageState::GivenUp => format!("{}: {}", it.given_up_by, it.given_up_reason),
            _ => String::new(),
        },
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY)?;
    let told = answer(edge.kitchen_system(&caller).list_kds_messages(ListKdsMessagesRequest {})).await?;
    let w = guest.frame(guest.words.t("kds-title"));
    page::page(&SystemPage {
        tells: told.tells,
        waiting: told.waiting.into(),
        refused: told.refused.into(),
        messages: told.messages.iter().map(|it| view(&w, it)).collect(),
        w,
    })
}

/// Tries one at once.
pub(crate) async fn send(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY)?;
    let request = SendKdsMessageRequest { message_id: id.to_string() };
    let sent = answer(edge.kitchen_system(&caller).send_kds_message(request)).await;
    outcome(&edge, &guest, sent, |_| Notice::good(guest.words.t("kds-sent")), HERE).await
}

pub(crate) async fn give_up(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY)?;
    let request = GiveUpKdsMessageRequest { message_id: id.to_string(), reason: sent.get("reason").to_owned() };
    let done = answer(edge.kitchen_system(&caller).give_up_kds_message(request)).await;
    outcome(&edge, &guest, done, |_| Notice::good(guest.words.t("kds-given-up")), HERE).await
}
