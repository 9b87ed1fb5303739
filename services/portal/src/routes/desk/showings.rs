//! A showing as the desk and the operator see it: how full, how far, and what comes next as one big button.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::from_timestamp;
use sky_proto::flow::v1::{Admission, AdmissionState};

use super::{
    clock::{ProposalView, can_abort, proposal},
    waits::WaitView,
};
use crate::words::Words;

/// One showing.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) hall: String,
    pub(crate) starts: String,
    pub(crate) starts_iso: String,
    pub(crate) ends: String,
    pub(crate) doors: String,
    pub(crate) delayed: u32,
    /// So many minutes earlier it can begin again.
    pub(crate) earlier: i64,
    pub(crate) state: String,
    pub(crate) state_kind: &'static str,
    pub(crate) state_shape: &'static str,
    /// "Beginn in 12 Minuten"
    pub(crate) clock: String,
    pub(crate) booked: u32,
    pub(crate) admitted: u32,
    pub(crate) missing: u32,
    pub(crate) capacity: u32,
    /// The usual next step first.
    pub(crate) moves: Vec<Move>,
    pub(crate) can_wait: bool,
    /// The next step is due: its button is the one that is looked for.
    pub(crate) is_due: bool,
    /// None: nothing follows.
    pub(crate) proposal: Option<ProposalView>,
    /// The hall is to be cleaned, and nobody has said that it is.
    pub(crate) can_clean: bool,
    /// "14:32"; empty: not reported clean.
    pub(crate) cleaned: String,
    pub(crate) can_abort: bool,
    /// Of those let in, who are out again for now.
    pub(crate) outside: u32,
    /// Until everybody is in; None: the doors are closed, or it is not asked here.
    pub(crate) wait: Option<WaitView>,
}

/// A button that moves the admission.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) to: i32,
    pub(crate) label: String,
    pub(crate) main: bool,
}

const fn state_of(state: AdmissionState) -> (&'static str, &'static str, &'static str) {
    match state {
        AdmissionState::Unspecified | AdmissionState::Planned => ("admission-planned", "plain", "○"),
        AdmissionState::DoorsOpen => ("admission-doors-open", "good", "●"),
        AdmissionState::LastCall => ("admission-last-call", "few", "▲"),
        AdmissionState::Running => ("admission-running", "plain", "▶"),
        AdmissionState::Egress => ("admission-egress", "plain", "↗"),
        AdmissionState::Turnover => ("admission-turnover", "plain", "↻"),
        AdmissionState::Closed => ("admission-closed", "plain", "✓"),
        AdmissionState::Cancelled => ("admission-cancelled", "bad", "✕"),
        AdmissionState::Aborted => ("admission-aborted", "bad", "✕"),
    }
}

/// The word for a state as it was sent; one that is not known here reads as planned.
pub(crate) fn name_of(state: i32) -> &'static str {
    state_of(AdmissionState::try_from(state).unwrap_or_default()).0
}

/// The buttons for a state; the usual next one first.
fn moves(w: &Words, admission: &Admission) -> Vec<Move> {
    let to: &[(AdmissionState, &str)] = match admission.state() {
        AdmissionState::Planned => &[(AdmissionState::DoorsOpen, "move-doors-open")],
        // Opened by mistake: back, as long as nobody is in.
        AdmissionState::DoorsOpen if admission.admitted == 0 => &[
            (AdmissionState::LastCall, "move-last-call"),
            (AdmissionState::Running, "move-running"),
            (AdmissionState::Planned, "move-planned"),
        ],
        AdmissionState::DoorsOpen => {
            &[(AdmissionState::LastCall, "move-last-call"), (AdmissionState::Running, "move-running")]
        }
        AdmissionState::LastCall => {
            &[(AdmissionState::Running, "move-running"), (AdmissionState::DoorsOpen, "move-doors-again")]
        }
        AdmissionState::Running => &[(AdmissionState::Egress, "move-egress")],
        AdmissionState::Egress | AdmissionState::Aborted => &[(AdmissionState::Turnover, "move-turnover")],
        AdmissionState::Turnover => &[(AdmissionState::Closed, "move-closed")],
        AdmissionState::Unspecified | AdmissionState::Closed | AdmissionState::Cancelled => &[],
    };
    to.iter()
        .enumerate()
        .map(|(at, (state, key))| Move { to: (*state).into(), label: w.t(key), main: at == 0 })
        .collect()
}

/// Whole minutes until then; what is past is 0.
pub(crate) fn minutes_until(at: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    ((at - now).num_seconds().max(0) + 59) / 60
}

/// "in 9 minutes"; from two hours on, where nobody counts minutes, "in 6 h 03 min".
fn wait(w: &Words, minutes: i64) -> String {
    if minutes < 120 {
        return w.n("desk-in-minutes", minutes);
    }
    let (hours, rest) = (minutes / 60, minutes % 60);
    format!("in {hours} h {rest:02} min")
}

/// What the showing waits for, and how long.
fn clock(w: &Words, admission: &Admission, now: DateTime<Utc>) -> String {
    let (key, at) = match admission.state() {
        AdmissionState::Planned => ("operator-doors-in", admission.doors_at),
        AdmissionState::DoorsOpen | AdmissionState::LastCall => ("operator-starts-in", admission.starts_at),
        AdmissionState::Running => ("operator-ends-in", admission.ends_at),
        AdmissionState::Turnover if admission.cleaned_at.is_none() => {
            ("operator-turnover-in", admission.turnover_until)
        }
        _ => return String::new(),
    };
    format!("{} {}", w.t(key), wait(w, minutes_until(from_timestamp(at), now)))
}

/// People are let in, or will be.
pub(crate) const fn is_before_start(state: AdmissionState) -> bool {
    matches!(state, AdmissionState::Planned | AdmissionState::DoorsOpen | AdmissionState::LastCall)
}

/// Its doors open within these minutes, or are late.
const SOON: TimeDelta = TimeDelta::minutes(2);

/// The next step is due as the clock sees it, by the plan, or people are on the move.
fn is_due(admission: &Admission, now: DateTime<Utc>) -> bool {
    if let Some(proposed) = &admission.proposal {
        return from_timestamp(proposed.due_at) <= now + SOON;
    }
    match admission.state() {
        AdmissionState::Planned => from_timestamp(admission.doors_at) <= now + SOON,
        AdmissionState::Running => from_timestamp(admission.ends_at) <= now + SOON,
        _ => true,
    }
}

pub(crate) fn row(w: &Words, admission: &Admission, now: DateTime<Utc>) -> Row {
    let state = admission.state();
    let (key, state_kind, state_shape) = state_of(state);
    Row {
        id: admission.showing_id.clone(),
        title: w.text(&admission.title),
        hall: w.hall(&admission.hall),
        starts: w.time(&admission.starts_at),
        starts_iso: w.iso(&admission.starts_at),
        ends: w.time(&admission.ends_at),
        doors: w.time(&admission.doors_at),
        delayed: admission.delayed_minutes,
        earlier: if is_before_start(state) {
            let ahead = (from_timestamp(admission.starts_at) - now).num_minutes().max(0);
            ahead.min(admission.delayed_minutes.into())
        } else {
            0
        },
        state: w.t(key),
        state_kind,
        state_shape,
        clock: clock(w, admission, now),
        booked: admission.booked,
        admitted: admission.admitted,
        missing: admission.booked.saturating_sub(admission.admitted),
        capacity: admission.capacity,
        moves: moves(w, admission),
        can_wait: is_before_start(state),
        is_due: is_due(admission, now),
        proposal: proposal(w, admission, now),
        can_clean: admission.cleaned_at.is_none()
            && matches!(state, AdmissionState::Egress | AdmissionState::Turnover | AdmissionState::Aborted),
        cleaned: if admission.cleaned_at.is_some() { w.time(&admission.cleaned_at) } else { String::new() },
        can_abort: can_abort(state),
        outside: admission.outside,
        wait: None,
    }
}
