//! What the desk has to hand out: since when, why, and what to do; one touch notes that it was, another takes that back.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{extract::State, response::Response};
use futures::future::join_all;
use kernel::Caller;
use prost_types::Timestamp;
use sky_proto::{
    journey::v1::GetVisitRequest,
    payments::v1::{ListPayoutsRequest, PayOutPartRequest, Payment, Payout, PayoutCause, TakeBackPayoutRequest},
};

use super::super::desk_actions::outcome;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

const HERE: &str = "/desk/payouts";
const MAY: &[kernel::Role] = &[kernel::Role::Desk];
/// So many visits are looked up for one page.
const MOST: usize = 40;

#[derive(Template)]
#[template(path = "desk-payouts.html")]
struct PayoutsPage {
    w: Frame,
    observed: String,
    open: Vec<PayoutView>,
    open_count: i64,
    open_sum: String,
    /// Of what is open, so many are not listed.
    more: i64,
    paid_out: Vec<PayoutView>,
    unanswered: Vec<PayoutView>,
}

struct PayoutView {
    refund: String,
    visit: String,
    /// As its visitor says it; empty: it cannot be looked up now.
    reference: String,
    amount: String,
    /// Why it is here, and what to do.
    todo: String,
    since: String,
    /// Noted when and by whom.
    noted: String,
    attempts: u32,
    whole: bool,
}

fn moment(w: &Words, at: &Option<Timestamp>) -> String {
    w.day_and_time(at)
}

fn view(w: &Words, it: &Payout, references: &HashMap<String, String>) -> PayoutView {
    let todo = match it.cause() {
        PayoutCause::ProviderRefused => "payout-refused",
        PayoutCause::PaidAtDesk | PayoutCause::Unspecified => "payout-paid-here",
    };
    PayoutView {
        refund: it.refund_id.clone(),
        visit: it.visit_id.clone(),
        reference: references.get(&it.visit_id).cloned().unwrap_or_default(),
        amount: w.money(&it.amount),
        todo: w.t(todo),
        since: moment(w, &it.since),
        noted: match it.paid_out_at {
            Some(_) => format!("{} · {}", w.time(&it.paid_out_at), it.paid_out_by),
            None => String::new(),
        },
        attempts: it.attempts,
        whole: it.whole,
    }
}

/// What visitors call their visits. One that cannot be looked up leaves its line without it.
async fn references(edge: &Edge, caller: &Caller, payouts: &[&Payout]) -> HashMap<String, String> {
    let mut visits: Vec<&str> = payouts.iter().map(|it| it.visit_id.as_str()).collect();
    visits.sort_unstable();
    visits.dedup();
    let look = |visit: String| async move {
        let request = GetVisitRequest { visit_id: visit.clone() };
        let found = answer(edge.journey(caller).get_visit(request)).await.ok()?;
        Some((visit, found.reference))
    };
    let found = join_all(visits.into_iter().take(MOST).map(|visit| look(visit.to_owned()))).await;
    found.into_iter().flatten().collect()
}

pub(crate) async fn list(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY)?;
    let told = answer(edge.payouts(&caller).list_payouts(ListPayoutsRequest {})).await?;
    let all: Vec<&Payout> = told.open.iter().chain(&told.paid_out).chain(&told.unanswered).collect();
    let references = references(&edge, &caller, &all).await;
    let w = guest.frame(guest.words.t("payouts-title"));
    let views = |payouts: &[Payout]| payouts.iter().map(|it| view(&w, it, &references)).collect::<Vec<_>>();
    let open = views(&told.open);
    page(&PayoutsPage {
        observed: w.time(&told.observed_at),
        open_count: told.open_count.into(),
        open_sum: w.money(&told.open_sum),
        more: i64::from(told.open_count) - i64::try_from(open.len()).unwrap_or(i64::MAX),
        open,
        paid_out: views(&told.paid_out),
        unanswered: views(&told.unanswered),
        w,
    })
}

/// The desk has handed it out.
pub(crate) async fn paid_out(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(MAY)?;
    let request =
        PayOutPartRequest { visit_id: sent.get("visit").to_owned(), refund_id: sent.get("refund").to_owned() };
    let noted = answer(edge.payments(&caller).pay_out_part(request)).await;
    let say = |_: Payment| Notice::good(guest.words.t("back-paid-out")).with(guest.words.t("payout-undo-hint"));
    outcome(&edge, &guest, noted, say, HERE).await
}

/// It was not handed out after all.
pub(crate) async fn take_back(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(MAY)?;
    let request =
        TakeBackPayoutRequest { visit_id: sent.get("visit").to_owned(), refund_id: sent.get("refund").to_owned() };
    let taken = answer(edge.payouts(&caller).take_back_payout(request)).await;
    let w = &guest.words;
    let say = |it: Payout| Notice::good(w.with("payout-taken-back", "sum", &w.money(&it.amount)));
    outcome(&edge, &guest, taken, say, HERE).await
}
