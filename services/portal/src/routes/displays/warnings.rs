//! Official warnings: the feeds that the house reads by itself, whether they answer, and a form for what reaches the desk
//! some other way.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, clock::wall_now, values::from_timestamp};
use sky_proto::signage::v1::{
    ImportCapRequest, ImportNinaRequest, ImportNinaResponse, ImportedAlert, ListFeedsRequest, WarningFeed,
};
use tonic::Status;

use super::feed_problem;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, DESK, Frame},
    problem::Problem,
    refusal,
    session::{Guest, Notice},
    words::{Language, Words},
};

const HERE: &str = "/displays/warnings";

#[derive(Template)]
#[template(path = "displays-warnings.html")]
struct WarningsPage {
    w: Frame,
    feeds: Vec<FeedView>,
}

/// A feed and how it is.
struct FeedView {
    name: String,
    state: String,
    kind: &'static str,
    /// "vor 12 s"; may be empty.
    heard: String,
    warnings: String,
    /// What was wrong with its last answer; may be empty.
    problem: String,
}

pub(super) async fn feeds(edge: &Edge, caller: &Caller) -> Result<Vec<WarningFeed>, Problem> {
    Ok(answer(edge.alerts(caller).list_feeds(ListFeedsRequest {})).await?.feeds)
}

fn view(w: &Words, it: WarningFeed) -> FeedView {
    let (key, kind) = match &it {
        it if it.asked_at.is_none() => ("feed-new", "plain"),
        it if it.silent => ("feed-silent", "bad"),
        it if !it.problem.is_empty() => ("feed-problem", "few"),
        _ => ("feed-good", "good"),
    };
    let seconds = it.heard_at.map(|at| (wall_now() - from_timestamp(Some(at))).num_seconds().max(0));
    let heard = |seconds: i64| match seconds {
        ..120 => w.n("heard-seconds", seconds),
        _ => w.n("heard-minutes", seconds / 60),
    };
    FeedView {
        name: it.name,
        state: w.t(key),
        kind,
        heard: seconds.map(heard).unwrap_or_default(),
        warnings: w.n("feed-warnings", it.warnings),
        problem: feed_problem::said(w, &it.problem),
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let w = guest.frame(guest.words.t("warnings-title"));
    let feeds = feeds(&edge, &caller).await?.into_iter().map(|it| view(&w, it)).collect();
    page::page(&WarningsPage { w, feeds })
}

/// Takes what was pasted: one CAP alert, or a list of the warning app.
pub(crate) async fn import(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let (text, w) = (sent.get("warning"), &guest.words);
    let mut alerts = edge.alerts(&caller);
    let taken: Result<ImportNinaResponse, Status> = if text.starts_with('<') {
        let request = ImportCapRequest { alert: text.as_bytes().to_vec() };
        answer(alerts.import_cap(request)).await.map(|it| ImportNinaResponse { alerts: vec![it], problems: Vec::new() })
    } else {
        answer(alerts.import_nina(ImportNinaRequest { list: text.as_bytes().to_vec() })).await
    };
    let notice = match taken {
        Ok(taken) => said(w, &taken),
        Err(status) if Code::from_grpc(status.code()) == Code::InvalidArgument => {
            let why = if w.language == Language::English { status.message() } else { "" };
            Notice::bad(w.t("warning-refused")).with(why)
        }
        Err(status) => refusal::notice(w, status)?,
    };
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to(HERE).into_response())
}

/// What became of it, in one sentence for each kind.
fn said(w: &Words, taken: &ImportNinaResponse) -> Notice {
    let shown = taken.alerts.iter().filter(|it| !it.message_id.is_empty()).count();
    let ended: usize = taken.alerts.iter().map(|it| it.ended_message_ids.len()).sum();
    let count = |some: usize| i64::try_from(some).unwrap_or(i64::MAX);
    let mut words = Vec::new();
    if ended > 0 {
        words.push(w.n("warnings-ended", count(ended)));
    }
    let not_ended: usize = taken.alerts.iter().map(|it| it.not_ended_message_ids.len()).sum();
    if not_ended > 0 {
        words.push(w.n("warnings-not-ended", count(not_ended)));
    }
    let mut reasons: Vec<&str> = taken.alerts.iter().map(|it: &ImportedAlert| reason(&it.not_shown)).collect();
    reasons.sort_unstable();
    reasons.dedup();
    // That it takes an earlier one back is said by what it has ended.
    let said = |key: &&str| !key.is_empty() && (*key != "warning-not-cancel" || ended + not_ended == 0);
    words.extend(reasons.into_iter().filter(said).map(|key| w.t(key)));
    if !taken.problems.is_empty() {
        words.push(w.n("warnings-problems", count(taken.problems.len())));
    }
    let text = words.join(" ");
    match (shown, ended) {
        (0, 0) => Notice::bad(w.t("warnings-none")).with(text),
        (0, _) => Notice::good(text),
        _ => Notice::good(w.n("warnings-shown", count(shown))).with(text),
    }
}

/// The key of the reason for which signage shows a warning on no display.
fn reason(not_shown: &str) -> &'static str {
    match not_shown {
        "" => "",
        "it is an exercise, a test or a draft" => "warning-not-exercise",
        "it takes an earlier one back" => "warning-not-cancel",
        "it says nothing" => "warning-not-words",
        "it is over" => "warning-not-over",
        _ => "warning-not-machines",
    }
}
