//! Handing out: whoever stands at the counter finds an order by its number, by the visit's code, by one person's ticket or
//! by its reference, sees what belongs on the tray, says that it was collected, calls it again, and takes either back.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use futures::StreamExt;
use kernel::{
    Caller, Role,
    identity::Keys,
    ticket_code::{Kind, read_reference, reference},
};
use sky_proto::{
    flow::v1::FindPartyRequest,
    gastro::v1::{
        GetOrderRequest, KitchenBoard, MoveOrderRequest, Order, OrderState, UndoMoveRequest, WatchKitchenRequest,
    },
};
use tonic::Code;
use uuid::Uuid;

use super::{
    super::{desk_actions::refused, house_alarm, meal},
    TrayView, back, gives_back, trays,
};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

const MAY_HAND_OUT: &[Role] = &[Role::Kitchen, Role::Desk];
const HERE: &str = "/kitchen/hand-out";
/// A number has so many digits at most; a reference has eight letters, which may all be digits.
const DIGITS: usize = 5;

#[derive(Template)]
#[template(path = "kitchen-hand-out.html", blocks = ["live"])]
struct HandOutPage {
    w: Frame,
    revision: u64,
    found: Option<Found>,
    waiting: Vec<Waiting>,
    observed: String,
}

/// The order that was asked for.
struct Found {
    visit: String,
    id: String,
    number: u32,
    state: String,
    kind: &'static str,
    pickup: String,
    /// What the counter gives back; empty: nothing.
    gives_back: String,
    trays: Vec<TrayView>,
    /// Says that it was collected, and calls it again.
    steps: Vec<(i32, String)>,
    undo: bool,
}

/// A number that waits to be collected.
struct Waiting {
    visit: String,
    number: u32,
    recalled: bool,
}

/// What was typed or scanned.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Number(u32),
    Visit(Uuid),
    /// The code of one person; the tray is the whole party's, and the door knows whose ticket it is.
    Ticket,
    Reference(String),
    Nothing,
}

fn read(keys: &Keys, typed: &str) -> Asked {
    if typed.len() <= DIGITS
        && let Ok(number) = typed.parse()
    {
        return Asked::Number(number);
    }
    match keys.read_code(typed) {
        Ok(code) if code.kind == Kind::Visit => Asked::Visit(code.id),
        Ok(_) => Asked::Ticket,
        Err(_) => read_reference(typed).map_or(Asked::Nothing, Asked::Reference),
    }
}

fn is_ready(order: &Order) -> bool {
    matches!(order.state(), OrderState::Ready | OrderState::Recalled)
}

/// The visit whose order this is; none: no such order is made or waits today.
fn find(board: &KitchenBoard, asked: &Asked) -> Option<String> {
    let is_it = |order: &&Order| match asked {
        Asked::Number(number) => order.number == *number,
        Asked::Reference(typed) => {
            !order.walk_up && Uuid::try_parse(&order.visit_id).is_ok_and(|visit| reference(visit) == *typed)
        }
        Asked::Visit(_) | Asked::Ticket | Asked::Nothing => false,
    };
    // Tomorrow's numbers begin with 1 again: what is ready is meant.
    board.orders.iter().filter(is_it).min_by_key(|order| !is_ready(order)).map(|order| order.visit_id.clone())
}

/// Those that were called again first, then those that wait longest.
fn waiting(board: &KitchenBoard) -> Vec<Waiting> {
    let mut ready: Vec<&Order> = board.orders.iter().filter(|order| is_ready(order)).collect();
    let since = |order: &Order| order.state_at.map_or(0, |at| at.seconds);
    ready.sort_by_key(|order| (order.state() != OrderState::Recalled, since(order), order.number));
    let number = |order: &Order| Waiting {
        visit: order.visit_id.clone(),
        number: order.number,
        recalled: order.state() == OrderState::Recalled,
    };
    ready.into_iter().map(number).collect()
}

fn found(w: &Words, order: &Order, board: &KitchenBoard, now: i64) -> Found {
    let step = |to: OrderState, key: &str| (to.into(), w.t(key));
    let (kind, steps) = match order.state() {
        OrderState::Ready => {
            let again = step(OrderState::Recalled, "hand-out-recall");
            ("good", vec![step(OrderState::Collected, "order-collected"), again])
        }
        OrderState::Recalled => ("bad", vec![step(OrderState::Collected, "order-collected")]),
        OrderState::Expired | OrderState::Cancelled | OrderState::Rejected => ("bad", Vec::new()),
        _ => ("few", Vec::new()),
    };
    let state = if order.state() == OrderState::Recalled { "order-recalled" } else { meal::state(order) };
    Found {
        visit: order.visit_id.clone(),
        id: order.order_id.clone(),
        number: order.number,
        state: w.t(state),
        kind,
        pickup: w.time(&order.pickup_at),
        gives_back: gives_back(w, order),
        trays: trays(w, order.lines.iter(), &board.stations),
        steps,
        undo: matches!(order.state(), OrderState::Collected | OrderState::Recalled)
            && order.undo_until.is_some_and(|until| until.seconds >= now),
    }
}

async fn board(edge: &Edge, caller: &Caller) -> Result<KitchenBoard, Problem> {
    Ok(first(edge.gastro(caller).watch_kitchen(WatchKitchenRequest { after_revision: 0 })).await?)
}

fn view(w: Frame, board: &KitchenBoard, found: Option<Found>) -> HandOutPage {
    HandOutPage { revision: board.revision, found, waiting: waiting(board), observed: w.time(&board.observed_at), w }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_HAND_OUT)?;
    let board = board(&edge, &caller).await?;
    let w = house_alarm::frame(&edge, &guest, guest.words.t("hand-out-title")).await;
    page::page(&view(w, &board, None))
}

pub(crate) async fn page_of(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_HAND_OUT)?;
    let request = GetOrderRequest { visit_id: visit.to_string() };
    let order = match answer(edge.gastro(&caller).get_order(request)).await {
        Ok(order) => order,
        Err(status) => return refused(&edge, &guest, status, HERE).await,
    };
    let board = board(&edge, &caller).await?;
    let w = house_alarm::frame(&edge, &guest, guest.words.t("hand-out-title")).await;
    let found = found(&w, &order, &board, edge.now().timestamp());
    page::page(&view(w, &board, Some(found)))
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_HAND_OUT)?;
    let request = WatchKitchenRequest { after_revision: after.after };
    let boards = answer(edge.gastro(&caller).watch_kitchen(request)).await?;
    let frame = guest.frame(String::new());
    let fragments = boards.map(move |board| {
        let board = board?;
        let view = view(frame.clone(), &board, None);
        Ok(Fragment { revision: board.revision, html: html(view.as_live().render())? })
    });
    Ok(live::respond(&edge, fragments))
}

/// Sent as a form: no code and no reference in an address.
pub(crate) async fn look_up(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_HAND_OUT)?;
    let typed = sent.get("code");
    let asked = read(&edge.keys, typed);
    let visit = match asked {
        Asked::Visit(visit) => Some(visit.to_string()),
        Asked::Ticket => {
            match answer(edge.flow(&caller).find_party(FindPartyRequest { reference: typed.to_owned() })).await {
                Ok(party) => Some(party.visit_id),
                Err(status) if status.code() == Code::NotFound => None,
                Err(status) => return refused(&edge, &guest, status, HERE).await,
            }
        }
        _ => find(&board(&edge, &caller).await?, &asked),
    };
    let Some(visit) = visit else {
        guest.tell(&edge, Notice::bad(guest.words.t("hand-out-none"))).await?;
        return Ok(Redirect::to(HERE).into_response());
    };
    Ok(Redirect::to(&format!("{HERE}/{visit}")).into_response())
}

pub(crate) async fn act(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(visit): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_HAND_OUT)?;
    let order_id = sent.get("order").to_owned();
    let done = if sent.is_on("undo") {
        answer(edge.kitchen(&caller).undo_move(UndoMoveRequest { order_id })).await
    } else {
        answer(edge.gastro(&caller).move_order(MoveOrderRequest { order_id, to: sent.choice("to") })).await
    };
    back(&edge, &guest, done, &format!("{HERE}/{visit}")).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u32, state: OrderState, since: i64, visit: Uuid) -> Order {
        Order {
            number,
            state: state.into(),
            state_at: Some(prost_types::Timestamp { seconds: since, nanos: 0 }),
            visit_id: visit.to_string(),
            ..Order::default()
        }
    }

    #[test]
    fn who_waits_longest_comes_first_and_a_number_is_todays() {
        let visits: Vec<Uuid> = (1..=4).map(Uuid::from_u128).collect();
        let board = KitchenBoard {
            orders: vec![
                order(1, OrderState::Scheduled, 0, visits[0]),
                order(1, OrderState::Ready, 50, visits[1]),
                order(2, OrderState::Ready, 20, visits[2]),
                order(3, OrderState::Recalled, 90, visits[3]),
            ],
            ..KitchenBoard::default()
        };
        let numbers: Vec<u32> = waiting(&board).iter().map(|it| it.number).collect();
        assert_eq!(numbers, [3, 2, 1]);
        let visit = |asked: Asked| find(&board, &asked);
        assert_eq!(visit(Asked::Number(1)), Some(visits[1].to_string()), "not tomorrow's");
        assert_eq!(visit(Asked::Reference(reference(visits[2]))), Some(visits[2].to_string()));
        assert_eq!(visit(Asked::Number(4)), None);
        assert_eq!(visit(Asked::Nothing), None);
    }
}
