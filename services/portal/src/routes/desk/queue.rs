//! Numbers for walk-ins: given out with a slip to print, called, come or absent. A number is all that anybody is
//! called by.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use sky_proto::flow::v1::{
    Chance, FlowSnapshot, IssueQueueNumberRequest, MoveQueueNumberRequest, QueueNumber, QueueNumberState,
    WatchFlowRequest,
};

use super::super::desk_actions::{outcome, refused};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::{Language, Words},
};

/// A walk-in's number.
#[derive(Debug)]
pub(crate) struct NumberView {
    pub(crate) number: u32,
    pub(crate) people: u32,
    pub(crate) state: String,
    pub(crate) kind: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) chance: String,
    /// "13:40"
    pub(crate) since: String,
    /// What may be pressed, the usual one first.
    pub(crate) moves: Vec<(i32, String)>,
}

/// The walk-ins: who is called, who waits, who is next.
#[derive(Debug, Default)]
pub(crate) struct QueueView {
    pub(crate) numbers: Vec<NumberView>,
    /// 0: nobody waits.
    pub(crate) next: u32,
    pub(crate) waiting: i64,
}

fn chance(w: &Words, chance: Chance) -> String {
    w.t(match chance {
        Chance::Likely => "chance-likely",
        Chance::Possible => "chance-possible",
        Chance::Unlikely => "chance-unlikely",
        Chance::Unspecified => "chance-unknown",
    })
}

fn number(w: &Words, it: &QueueNumber) -> NumberView {
    use QueueNumberState::{Called, Missed, Recalled, Served, Unspecified, Waiting, Withdrawn};
    let (key, kind, shape, moves): (_, _, _, &[(QueueNumberState, &str)]) = match it.state() {
        Called => ("queue-called", "good", "●", &[(Served, "queue-here"), (Missed, "queue-not-here")]),
        Recalled => ("queue-recalled", "few", "▲", &[(Served, "queue-here"), (Missed, "queue-not-here")]),
        Missed => ("queue-missed", "bad", "✕", &[(Recalled, "queue-again"), (Withdrawn, "queue-withdraw")]),
        Served => ("queue-served", "plain", "✓", &[]),
        Waiting | Unspecified => {
            ("queue-waiting", "plain", "○", &[(Called, "queue-call"), (Withdrawn, "queue-withdraw")])
        }
        Withdrawn => ("queue-withdrawn", "plain", "−", &[]),
    };
    NumberView {
        number: it.number,
        people: it.people,
        state: w.t(key),
        kind,
        shape,
        chance: chance(w, it.chance()),
        since: w.time(if it.called_at.is_some() { &it.called_at } else { &it.issued_at }),
        moves: moves.iter().map(|(to, key)| ((*to).into(), w.t(key))).collect(),
    }
}

/// Who is called comes first, then by number.
pub(super) fn queue(w: &Words, flow: &FlowSnapshot) -> QueueView {
    let waiting = flow.queue_numbers.iter().filter(|it| it.state() == QueueNumberState::Waiting);
    let mut known: Vec<&QueueNumber> = flow.queue_numbers.iter().collect();
    let rank = |it: &QueueNumber| match it.state() {
        QueueNumberState::Called | QueueNumberState::Recalled => 0,
        QueueNumberState::Missed => 2,
        _ => 1,
    };
    known.sort_by_key(|it| (rank(it), it.number));
    QueueView {
        next: waiting.clone().map(|it| it.number).min().unwrap_or(0),
        waiting: i64::try_from(waiting.count()).unwrap_or(i64::MAX),
        numbers: known.into_iter().map(|it| number(w, it)).collect(),
    }
}

/// Gives one out, and shows its slip.
pub(crate) async fn issue(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = IssueQueueNumberRequest {
        idempotency_key: sent.idempotency_key()?,
        showing_id: sent.get("showing").to_owned(),
        people: sent.count("people").unwrap_or(0),
    };
    match answer(edge.door(&caller).issue_queue_number(request)).await {
        Ok(issued) => Ok(Redirect::to(&format!("/desk/numbers/{}", issued.number)).into_response()),
        Err(status) => refused(&edge, &guest, status, "/desk#queue").await,
    }
}

/// Calls a number, or says whether it has come.
pub(crate) async fn step(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<u32>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = MoveQueueNumberRequest { day: String::new(), number: id, to: sent.choice("to") };
    let moved = answer(edge.door(&caller).move_queue_number(request)).await;
    let w = &guest.words;
    let say = |it: QueueNumber| Notice::good(format!("{}: {}", w.n("queue-number", it.number), number(w, &it).state));
    outcome(&edge, &guest, moved, say, "/desk#queue").await
}

/// What goes over the counter, in both languages. Knows no name.
#[derive(Template)]
#[template(path = "desk-slip.html")]
struct SlipPage {
    w: Frame,
    number: u32,
    people: u32,
    day: String,
    time: String,
    /// For which showing; empty: for any.
    showing: String,
    parts: Vec<SlipPart>,
}

struct SlipPart {
    words: Words,
    chance: String,
}

pub(crate) async fn slip(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<u32>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flow = first(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let known = flow.queue_numbers.iter().find(|it| it.number == id).ok_or_else(Problem::no_page)?;
    let w = guest.frame(guest.words.n("queue-number", id));
    let showing = flow.admissions.iter().find(|it| it.showing_id == known.showing_id);
    page(&SlipPage {
        number: known.number,
        people: known.people,
        day: w.day(&known.issued_at),
        time: w.time(&known.as_of),
        showing: showing.map(|it| format!("{} {}", w.time(&it.starts_at), w.text(&it.title))).unwrap_or_default(),
        parts: [Language::German, Language::English]
            .map(Words::speaking)
            .map(|words| SlipPart { words, chance: chance(&words, known.chance()) })
            .into(),
        w,
    })
}
