//! What the showing clock proposes, as staff meet it: why, since when, and "not yet"; breaking a showing off, with what
//! follows from it said before; and the hall that is clean again.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use kernel::values::from_timestamp;
use serde::Deserialize;
use sky_proto::flow::v1::{Admission, AdmissionState, ReportCleanedRequest};
use uuid::Uuid;

use super::{
    super::desk_actions::{from, outcome},
    admission,
    showings::Row,
};
use crate::{
    commands,
    edge::{Edge, answer},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    store,
    words::Words,
};

/// What the clock proposes for a showing.
#[derive(Debug)]
pub(crate) struct ProposalView {
    pub(crate) to: i32,
    pub(crate) why: String,
    /// It is time.
    pub(crate) is_due: bool,
    /// "13:58": nobody is reminded before then, and who said so; empty: not put off.
    pub(crate) put_off: String,
}

/// The proposal of a showing, if anything follows.
pub(super) fn proposal(w: &Words, it: &Admission, now: DateTime<Utc>) -> Option<ProposalView> {
    let proposed = it.proposal.as_ref()?;
    Some(ProposalView {
        to: proposed.to,
        why: w.text(&proposed.why),
        is_due: from_timestamp(proposed.due_at) <= now,
        put_off: String::new(),
    })
}

/// What is put off now; when that is not known, everything is proposed.
pub(crate) async fn put_off(edge: &Edge) -> Vec<store::PutOff> {
    store::all_put_off(edge.db.pool(), edge.now()).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "what is put off could not be read");
        Vec::new()
    })
}

/// Takes the reminder from a row whose step somebody has put off.
pub(crate) fn quiet(w: &Words, row: Row, put_off: &[store::PutOff]) -> Row {
    let Some(proposal) = row.proposal else { return row };
    let known = put_off.iter().find(|it| it.step == proposal.to && it.showing_id.to_string() == row.id);
    let proposal = match known {
        Some(it) => {
            ProposalView { is_due: false, put_off: format!("{} ({})", w.clock(it.until), it.by_whom), ..proposal }
        }
        None => proposal,
    };
    Row { is_due: row.is_due && known.is_none(), proposal: Some(proposal), ..row }
}

/// "Not yet."
pub(crate) async fn later(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let by = guest.staff(DESK)?.for_the_record();
    let step = AdmissionState::try_from(sent.choice("to")).unwrap_or_default();
    if step == AdmissionState::Unspecified {
        return Err(Problem::bad_form());
    }
    edge.db.transact(move |tx| Box::pin(async move { commands::put_off(tx, id, step.into(), by).await })).await?;
    Ok(Redirect::to(from(&sent)).into_response())
}

/// The hall is clean.
pub(crate) async fn cleaned(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let cleaned = answer(edge.door(&caller).report_cleaned(ReportCleanedRequest { showing_id: id.to_string() })).await;
    let say = |_| Notice::good(guest.words.t("cleaned-done"));
    outcome(&edge, &guest, cleaned, say, from(&sent)).await
}

/// Where to go back to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
}

#[derive(Template)]
#[template(path = "desk-abort.html")]
struct AbortPage {
    w: Frame,
    id: Uuid,
    title: String,
    starts: String,
    inside: u32,
    from: &'static str,
    can_abort: bool,
    to: i32,
}

/// What follows when a showing is broken off, before it is.
pub(crate) async fn abort(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let admission = admission(&edge, &caller, id).await?;
    let w = guest.frame(guest.words.t("abort-title"));
    page(&AbortPage {
        id,
        title: w.text(&admission.title),
        starts: w.time(&admission.starts_at),
        inside: admission.admitted.saturating_sub(admission.outside),
        from: if asked.from == "operator" { "operator" } else { "desk" },
        can_abort: can_abort(admission.state()),
        to: AdmissionState::Aborted.into(),
        w,
    })
}

/// Only what has begun is broken off; before that it is cancelled.
pub(super) const fn can_abort(state: AdmissionState) -> bool {
    matches!(state, AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running)
}
