//! Finding a booking for somebody who has no code at hand: by the reference they say, or by name. Sent as a form and
//! never a link: no name in an address. Journey keeps a record of each look by name.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use futures::future::join_all;
use kernel::{Caller, Code, ticket_code::read_reference};
use sky_proto::{
    flow::v1::{Admission, AdmissionState, FindPartyRequest, Party, WatchFlowRequest},
    journey::v1::{FindByNameRequest, GetVisitRequest, NamedVisit, Visit},
    payments::v1::{GetPaymentRequest, PaymentState},
};
use uuid::Uuid;

use super::{
    super::{
        arrival::{self, ArrivalView},
        desk_actions::{self, refused},
        elsewhere,
        notices::{self, PartyNotices},
        plate::{self, AT_DESK},
        rebooking::{self, OptionView},
        refunds::{self, RefundView},
        visit,
    },
    at_work,
};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    page::{DESK, Frame, page},
    problem::Problem,
    session::Guest,
    words::Words,
};

/// The next showings; who comes tomorrow has time to find their reference.
const MOST_SHOWINGS: usize = 6;

/// What was typed is a reference, or a name. A name has no figures in it.
fn is_reference(typed: &str) -> bool {
    read_reference(typed).is_some() || typed.contains(|letter: char| letter.is_ascii_digit())
}

pub(crate) async fn find(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let typed = sent.get("reference").to_owned();
    if !is_reference(&typed) {
        return by_name(&edge, &guest, &caller, typed).await;
    }
    match answer(edge.flow(&caller).find_party(FindPartyRequest { reference: typed })).await {
        Ok(party) => party_page(&edge, &guest, &caller, party).await,
        Err(status) => refused(&edge, &guest, status, "/desk").await,
    }
}

#[derive(Template)]
#[template(path = "party.html")]
struct PartyPage {
    w: Frame,
    reference: String,
    visit: String,
    /// Under which name it was ordered; empty: none, or not for this role.
    name: String,
    size: u32,
    admitted: u32,
    cancelled: bool,
    seats: String,
    /// Some of them have places of their own, and may get others.
    can_reseat: bool,
    title: String,
    starts: String,
    showing: String,
    due: String,
    due_cents: i64,
    refunds: Vec<RefundView>,
    parking: String,
    /// Whether a plate is noted for its bay; None: there is no bay, or not for this role.
    plate: Option<bool>,
    /// Bays that it may have in place of the one that was given away.
    bays: Vec<(i32, String)>,
    meal: String,
    /// When they will be here, while they are not.
    arrival: Option<ArrivalView>,
    /// Showings of the day that it could go to; None: it cannot be moved.
    rebook: Option<Vec<OptionView>>,
    /// What they were told; None: not known now.
    told: Option<PartyNotices>,
    key: String,
}

/// What the door knows of a party's places: by name, or that seating is free.
fn seats(w: &Frame, seats: &[String]) -> String {
    let mut named: Vec<String> = seats.iter().filter(|seat| !seat.is_empty()).cloned().collect();
    if named.len() < seats.len() {
        named.push(w.t("free-seating"));
    }
    named.join(", ")
}

async fn party_page(edge: &Edge, guest: &Guest, caller: &Caller, party: Party) -> Result<Response, Problem> {
    let request = GetVisitRequest { visit_id: party.visit_id.clone() };
    // The door's own copy is enough to help somebody while journey is away.
    let known = answer(edge.journey(caller).get_visit(request)).await.unwrap_or_default();
    let told = notices::of_party(edge, &guest.words, caller, &party.visit_id).await;
    let mut w = guest.frame(party.reference.clone());
    w.path = "/desk".to_owned();
    let rebook = if party.cancelled || party.admitted > 0 {
        None
    } else {
        rebooking::options(edge, caller, &w, &party.visit_id).await
    };
    let due = due_at_desk(edge, caller, &known).await;
    let (plate, bays) = match guest.staff(AT_DESK) {
        Ok(_) => {
            let left = elsewhere::view(&w, &known).filter(|it| it.lost).map(|it| it.left);
            (plate::is_noted(edge, caller, &known).await, left.unwrap_or_default())
        }
        Err(_) => (None, Vec::new()),
    };
    page(&PartyPage {
        reference: party.reference,
        visit: party.visit_id,
        name: known.contact_name.clone(),
        showing: party.showing_id,
        size: party.size,
        admitted: party.admitted,
        cancelled: party.cancelled,
        can_reseat: !party.cancelled && party.seats.iter().any(|seat| !seat.is_empty()),
        seats: seats(&w, &party.seats),
        title: w.text(&known.title),
        starts: w.time(&known.starts_at),
        told,
        due: due.map(|cents| w.cents(cents)).unwrap_or_default(),
        due_cents: due.unwrap_or(0),
        refunds: refunds::of_visit(&w, &known),
        parking: visit::parking(&w, &known),
        plate,
        bays,
        meal: visit::meal_time(&w, &known),
        arrival: arrival::view(&w, &known),
        rebook,
        key: Uuid::new_v4().to_string(),
        w,
    })
}

/// What the desk is to take: what payments would take now, for journey may hear a moment later that it became less.
pub(super) async fn due_at_desk(edge: &Edge, caller: &Caller, visit: &Visit) -> Option<i64> {
    if visit.payment_state() != PaymentState::DueAtDesk {
        return None;
    }
    let request = GetPaymentRequest { visit_id: visit.visit_id.clone() };
    match answer(edge.payments(caller).get_payment(request)).await {
        Ok(payment) => Some(desk_actions::due(&payment)),
        Err(_) => Some(visit.total.as_ref().map_or(0, |total| total.cents)),
    }
}

#[derive(Template)]
#[template(path = "desk-found.html")]
struct FoundPage {
    w: Frame,
    visits: Vec<FoundView>,
    /// Journey, which alone knows names, is away: nobody knows whether there are more.
    away: bool,
    more: bool,
    key: String,
}

struct FoundView {
    reference: String,
    name: String,
    when: String,
    title: String,
    showing: String,
    size: u32,
    admitted: u32,
    /// The doors of its showing are open and somebody is still to come in.
    can_enter: bool,
}

fn found(w: &Words, showing: &Admission, visit: NamedVisit) -> FoundView {
    let open = matches!(showing.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall);
    FoundView {
        when: w.time(&showing.starts_at),
        title: w.text(&showing.title),
        showing: showing.showing_id.clone(),
        can_enter: open && visit.admitted < visit.people,
        reference: visit.reference,
        name: visit.name,
        size: visit.people,
        admitted: visit.admitted,
    }
}

async fn by_name(edge: &Edge, guest: &Guest, caller: &Caller, name: String) -> Result<Response, Problem> {
    let flow = first(edge.flow(caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let showings: Vec<&Admission> = at_work(edge, &flow).into_iter().take(MOST_SHOWINGS).collect();
    let answers = join_all(showings.iter().map(|showing| {
        let request = FindByNameRequest { showing_id: showing.showing_id.clone(), name: name.clone() };
        let mut contacts = edge.contacts(caller);
        async move { answer(contacts.find_by_name(request)).await }
    }))
    .await;
    let mut w = guest.frame(guest.words.t("lookup-title"));
    // The language links cannot send the name again.
    w.path = "/desk".to_owned();
    let (mut visits, mut more, mut away) = (Vec::new(), false, false);
    for (showing, list) in showings.into_iter().zip(answers) {
        let list = match list {
            Ok(list) => list,
            // Journey's own showings may be fewer than the door's.
            Err(status) if Code::from_grpc(status.code()) == Code::NotFound => continue,
            Err(status) if Code::from_grpc(status.code()) == Code::Unavailable => {
                away = true;
                continue;
            }
            Err(status) => return refused(edge, guest, status, "/desk").await,
        };
        more |= list.more;
        visits.extend(list.visits.into_iter().map(|visit| found(&w, showing, visit)));
    }
    page(&FoundPage { visits, away, more, key: Uuid::new_v4().to_string(), w })
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn a_reference_has_figures_and_a_name_has_none() {
        for reference in ["K7QM-3F9A", "k7qm3f9a", "K7QM", "12"] {
            assert!(is_reference(reference), "{reference}");
        }
        for name in ["Erika", "Müller-Lüdenscheidt", "de la Cruz", "Ng", ""] {
            assert!(!is_reference(name), "{name}");
        }
    }
}
