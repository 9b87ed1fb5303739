//! Orders at the counter: what is wanted, when it can be there, and a number. Paid on the counter's own till.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use kernel::Role;
use sky_proto::gastro::v1::{
    GetMenuRequest, Menu, OrderLine, PlaceWalkUpRequest, PreviewWalkUpRequest, PreviewWalkUpResponse,
};
use uuid::Uuid;

use super::super::desk_actions::{outcome, refused};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    session::{Guest, Notice},
};

const MAY_ORDER: &[Role] = &[Role::Kitchen, Role::Desk];

#[derive(Template)]
#[template(path = "kitchen-counter.html")]
struct CounterPage {
    w: Frame,
    key: String,
    items: Vec<Item>,
    /// When it would be there, and what it costs; empty before it was asked.
    earliest: String,
    total: String,
}

struct Item {
    id: String,
    name: String,
    price: String,
    allergens: String,
    available: bool,
    wanted: u32,
}

fn view(w: Frame, menu: &Menu, sent: &Fields, preview: Option<&PreviewWalkUpResponse>) -> CounterPage {
    let item = |item: &sky_proto::gastro::v1::MenuItem| Item {
        id: item.item_id.clone(),
        name: w.text(&item.name),
        price: w.money(&item.price),
        allergens: super::allergens(&w, &item.allergens),
        available: item.available,
        wanted: sent.count(&format!("item_{}", item.item_id)).unwrap_or_default(),
    };
    let items = menu.items.iter().map(item).collect();
    let earliest = preview.map(|preview| w.time(&preview.pickup_at)).unwrap_or_default();
    let total = preview.map(|preview| w.money(&preview.total)).unwrap_or_default();
    CounterPage { key: Uuid::new_v4().to_string(), items, earliest, total, w }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_ORDER)?;
    let menu = answer(edge.gastro(&caller).get_menu(GetMenuRequest::default())).await?;
    let w = guest.frame(guest.words.t("counter-title"));
    page::page(&view(w, &menu, &Fields::default(), None))
}

/// Shows the earliest time, or places the order: by the button that was pressed.
pub(crate) async fn order(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    const HERE: &str = "/kitchen/counter";
    let caller = guest.staff(MAY_ORDER)?;
    let menu = answer(edge.gastro(&caller).get_menu(GetMenuRequest::default())).await?;
    let mut lines = Vec::new();
    for item in &menu.items {
        let quantity = sent.count(&format!("item_{}", item.item_id)).ok_or_else(Problem::bad_form)?;
        if quantity > 0 {
            lines.push(OrderLine { item_id: item.item_id.clone(), quantity, ..Default::default() });
        }
    }
    if lines.is_empty() {
        guest.tell(&edge, Notice::bad(guest.words.t("counter-nothing"))).await?;
        return Ok(axum::response::IntoResponse::into_response(axum::response::Redirect::to(HERE)));
    }
    if sent.is_on("place") {
        let request = PlaceWalkUpRequest { idempotency_key: sent.idempotency_key()?, lines };
        let done = answer(edge.kitchen(&caller).place_walk_up(request)).await;
        let w = guest.words;
        let say = |order: sky_proto::gastro::v1::Order| {
            Notice::good(w.n("counter-placed", order.number)).with(w.with(
                "counter-at",
                "time",
                &w.time(&order.pickup_at),
            ))
        };
        return outcome(&edge, &guest, done, say, HERE).await;
    }
    match answer(edge.kitchen(&caller).preview_walk_up(PreviewWalkUpRequest { lines })).await {
        Ok(preview) => {
            let mut w = guest.frame(guest.words.t("counter-title"));
            HERE.clone_into(&mut w.path);
            page::page(&view(w, &menu, &sent, Some(&preview)))
        }
        Err(status) => refused(&edge, &guest, status, HERE).await,
    }
}
