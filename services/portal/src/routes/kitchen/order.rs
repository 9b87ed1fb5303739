//! One order in the kitchen's hands: stopping it with what is thrown away, and what takes the place of a line.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use kernel::Role;
use serde::Deserialize;
use sky_proto::{
    gastro::v1::{
        CancelFiredRequest, KitchenBoard, ListSubstitutesRequest, Order, OrderState, Substitute, SubstituteRequest,
        WasteLine, WatchKitchenRequest,
    },
    kernel::v1::LocalizedText,
};
use uuid::Uuid;

use super::{allergens, back, decided, decisions::reasons, give_back, name_of};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "kitchen-order.html")]
struct OrderPage {
    w: Frame,
    id: String,
    pickup: String,
    begun: bool,
    lines: Vec<Line>,
    parts: Vec<Part>,
    /// What the counter has given back of it.
    given_back: Vec<String>,
    reasons: Vec<(i32, String)>,
    /// For the line that was asked for.
    choices: Option<Choices>,
}

struct Line {
    nth: usize,
    item: String,
    quantity: u32,
    name: String,
    allergens: String,
    traces: String,
    replaceable: bool,
}

struct Part {
    ticket: String,
    station: String,
    unsent: bool,
    printed: bool,
}

struct Choices {
    line: u32,
    replaced: String,
    items: Vec<Choice>,
}

struct Choice {
    item: String,
    name: String,
    allergens: String,
    traces: String,
    /// Changes that were ordered and that this one does not have; empty: none.
    dropped: String,
    /// Number and name of each that the replaced one did not have.
    added: Vec<(u32, String)>,
    /// What the party has named: it cannot be chosen.
    declared: String,
}

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    /// The line that is to be replaced.
    line: Option<u32>,
}

fn find(board: KitchenBoard, id: Uuid) -> Result<Order, Problem> {
    board.orders.into_iter().find(|it| it.order_id == id.to_string()).ok_or_else(Problem::no_page)
}

fn words(w: &Words, texts: &[LocalizedText]) -> String {
    texts.iter().map(|text| w.text(&Some(text.clone()))).collect::<Vec<_>>().join(", ")
}

fn choice(w: &Words, substitute: &Substitute) -> Choice {
    let item = substitute.item.clone().unwrap_or_default();
    Choice {
        name: w.text(&substitute.made_as),
        allergens: allergens(w, &substitute.allergens),
        traces: allergens(w, &substitute.traces),
        dropped: words(w, &substitute.dropped_changes),
        added: substitute.added_allergens.iter().map(|number| (*number, allergens(w, &[*number]))).collect(),
        declared: allergens(w, &substitute.declared_conflicts),
        item: item.item_id,
    }
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let board = first(edge.gastro(&caller).watch_kitchen(WatchKitchenRequest { after_revision: 0 })).await?;
    let stations = board.stations.clone();
    let order = find(board, id)?;
    let w = guest.frame(guest.words.n("kitchen-order-title", order.number));
    let replaceable = matches!(order.state(), OrderState::Scheduled | OrderState::Fired | OrderState::Preparing);
    let choices = match asked.line.filter(|_| replaceable) {
        None => None,
        Some(line) => {
            let request = ListSubstitutesRequest { order_id: id.to_string(), line };
            let list = answer(edge.kitchen(&caller).list_substitutes(request)).await?;
            let replaced = list.replaced.map(|it| w.text(&it.name)).unwrap_or_default();
            Some(Choices { line, replaced, items: list.substitutes.iter().map(|it| choice(&w, it)).collect() })
        }
    };
    let lines = order.lines.iter().enumerate().map(|(nth, line)| Line {
        nth,
        item: line.item_id.clone(),
        quantity: line.quantity,
        name: w.text(&line.name),
        allergens: allergens(&w, &line.allergens),
        traces: allergens(&w, &line.traces),
        replaceable,
    });
    let parts = order.parts.iter().map(|part| Part {
        ticket: part.ticket_id.clone(),
        station: name_of(&w, &part.station, &stations),
        unsent: part.unsent,
        printed: part.printed,
    });
    page::page(&OrderPage {
        id: order.order_id.clone(),
        pickup: w.time(&order.pickup_at),
        begun: !matches!(order.state(), OrderState::Scheduled | OrderState::Cancelled),
        lines: lines.collect(),
        parts: parts.collect(),
        given_back: give_back::history(&w, &order),
        reasons: reasons(&w),
        choices,
        w,
    })
}

pub(crate) async fn stop(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let mut waste = Vec::new();
    // The same dish may stand on several lines: one on each tray of a group, and each size by itself.
    for (nth, item_id) in (0u32..).zip(sent.all("item")) {
        let quantity = sent.count(&format!("waste_{nth}")).ok_or_else(Problem::bad_form)?;
        if quantity > 0 {
            waste.push(WasteLine { item_id, quantity, line: Some(nth) });
        }
    }
    let request = CancelFiredRequest {
        order_id: id.to_string(),
        reason: sent.choice("reason"),
        waste,
        refund: sent.is_on("refund"),
    };
    let done = answer(edge.kitchen(&caller).cancel_fired(request)).await;
    decided(&edge, &guest, done, "/kitchen").await
}

pub(crate) async fn substitute(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let line = sent.count("line").ok_or_else(Problem::bad_form)?;
    let request = SubstituteRequest {
        order_id: id.to_string(),
        line,
        item_id: sent.get("item").to_owned(),
        acknowledged_allergens: sent.all("read").iter().filter_map(|number| number.parse().ok()).collect(),
    };
    match answer(edge.kitchen(&caller).substitute(request)).await {
        Ok(order) => decided(&edge, &guest, Ok(order), "/kitchen").await,
        Err(status) => back::<()>(&edge, &guest, Err(status), &format!("/kitchen/orders/{id}?line={line}")).await,
    }
}
