//! What is left on the menu, for those behind the counter: one touch says that something is sold out, another takes it
//! back. And the receipts that wait for their signature.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Role};
use sky_proto::gastro::v1::{
    GetMenuRequest, ListUnsignedReceiptsRequest, MenuItem, OrderRecord, SetStockRequest, Unavailable,
};

use super::{
    desk_actions::refused,
    receipt::{self, ReceiptView},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{Frame, page},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// The kitchen works here; the desk may look.
const MAY_LOOK: &[Role] = &[Role::Kitchen, Role::Desk];

#[derive(Template)]
#[template(path = "stock.html")]
struct StockPage {
    w: Frame,
    items: Vec<ItemView>,
    may_work: bool,
    unsigned: Vec<ReceiptView>,
    unsigned_orders: Vec<OrderRecordView>,
    unsigned_count: usize,
}

/// An order that the security unit has not signed.
struct OrderRecordView {
    title: String,
    transaction: String,
    attempts: u32,
}

struct ItemView {
    id: String,
    name: String,
    state: String,
    kind: &'static str,
    sold_out: bool,
    left: String,
}

fn item(w: &Words, item: &MenuItem) -> ItemView {
    let sold_out = item.unavailable() == Unavailable::SoldOut;
    let (kind, state) = match item.portions_left {
        _ if sold_out => ("bad", w.t("menu-sold-out")),
        Some(left) if item.low_stock => ("few", w.n("menu-few", left)),
        Some(left) => ("good", w.n("stock-left", left)),
        None => ("good", w.t("stock-uncounted")),
    };
    ItemView {
        id: item.item_id.clone(),
        name: w.text(&item.name),
        state,
        kind,
        sold_out,
        left: item.portions_left.map(|left| left.to_string()).unwrap_or_default(),
    }
}

/// `GET /kitchen/menu`
pub(crate) async fn show(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let (mut menu, mut receipts) = (edge.gastro(&caller), edge.gastro(&caller));
    let (menu, unsigned) = tokio::join!(
        answer(menu.get_menu(GetMenuRequest::default())),
        answer(receipts.list_unsigned_receipts(ListUnsignedReceiptsRequest {})),
    );
    let w = guest.frame(guest.words.t("stock-title"));
    let unsigned = unsigned?;
    let order = |it: &OrderRecord| OrderRecordView {
        title: w.with("unsigned-order", "number", &it.number.to_string()),
        transaction: it.transaction_id.clone(),
        attempts: it.attempts,
    };
    page(&StockPage {
        items: menu?.items.iter().map(|it| item(&w, it)).collect(),
        may_work: works(&caller),
        unsigned_count: unsigned.receipts.len() + unsigned.orders.len(),
        unsigned_orders: unsigned.orders.iter().map(order).collect(),
        unsigned: unsigned.receipts.iter().map(|it| receipt::view(&w, it)).collect(),
        w,
    })
}

fn works(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff { roles, .. } if roles.contains(&Role::Kitchen) || roles.contains(&Role::Admin))
}

/// `POST /kitchen/menu/{item}`: sold out, not sold out, or so many left.
pub(crate) async fn set(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let w = guest.words;
    let portions_left = match sent.get("left") {
        "" => None,
        text => match text.parse() {
            Ok(left) => Some(left),
            Err(_) => {
                guest.tell(&edge, Notice::bad(w.t("error-number"))).await?;
                return Ok(Redirect::to("/kitchen/menu").into_response());
            }
        },
    };
    let request = SetStockRequest { item_id: id, at: None, sold_out: sent.is_on("sold_out"), portions_left };
    match answer(edge.gastro(&caller).set_stock(request)).await {
        Ok(item) => {
            let key = if item.unavailable() == Unavailable::SoldOut { "stock-is-out" } else { "stock-is-there" };
            guest.tell(&edge, Notice::good(w.with(key, "name", &w.text(&item.name)))).await?;
            Ok(Redirect::to("/kitchen/menu").into_response())
        }
        Err(status) => refused(&edge, &guest, status, "/kitchen/menu").await,
    }
}
