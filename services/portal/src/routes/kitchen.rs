//! The kitchen's board: what to make now and next, by fire time, with allergens; and the stations.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use futures::StreamExt;
use kernel::{Caller, Role};
use sky_proto::gastro::v1::{
    KitchenBoard, MoveOrderRequest, Order, OrderState, SetStationStateRequest, StationState, WatchKitchenRequest,
};

use super::desk_actions::refused;
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    session::Guest,
    words::Words,
};

/// The kitchen works here; the desk may look.
const MAY_LOOK: &[Role] = &[Role::Kitchen, Role::Desk, Role::Operator];

#[derive(Template)]
#[template(path = "kitchen.html", blocks = ["live"])]
struct KitchenPage {
    w: Frame,
    revision: u64,
    columns: Vec<Column>,
    stations: Vec<StationView>,
    observed: String,
    may_work: bool,
}

struct Column {
    name: String,
    orders: Vec<OrderView>,
}

struct OrderView {
    id: String,
    number: u32,
    kind: &'static str,
    fire: String,
    pickup: String,
    pickup_iso: String,
    lines: Vec<LineView>,
    next: Option<(i32, String)>,
    cancelled: bool,
}

struct LineView {
    quantity: u32,
    name: String,
    station: String,
    allergens: String,
}

struct StationView {
    id: String,
    name: String,
    state: String,
    kind: &'static str,
    open: bool,
    to: i32,
    label: String,
}

fn order(w: &Words, order: &Order) -> OrderView {
    let (kind, next) = match order.state() {
        OrderState::Fired => ("few", Some((OrderState::Preparing, "order-start"))),
        OrderState::Preparing => ("few", Some((OrderState::Ready, "order-ready"))),
        OrderState::Ready => ("good", Some((OrderState::Collected, "order-collected"))),
        OrderState::Cancelled => ("bad", None),
        _ => ("plain", None),
    };
    OrderView {
        id: order.order_id.clone(),
        number: order.number,
        kind,
        fire: w.time(&order.fire_at),
        pickup: w.time(&order.pickup_at),
        pickup_iso: w.iso(&order.pickup_at),
        lines: order
            .lines
            .iter()
            .map(|line| LineView {
                quantity: line.quantity,
                name: w.text(&line.name),
                station: line.station.clone(),
                allergens: line
                    .allergens
                    .iter()
                    .filter(|number| (1..=14).contains(*number))
                    .map(|number| w.t(&format!("allergen-{number}")))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
            .collect(),
        next: next.map(|(state, key)| (state.into(), w.t(key))),
        cancelled: order.state() == OrderState::Cancelled,
    }
}

fn view(w: Frame, board: &KitchenBoard, may_work: bool) -> KitchenPage {
    let column = |key: &str, states: &[OrderState]| Column {
        name: w.t(key),
        orders: board.orders.iter().filter(|it| states.contains(&it.state())).map(|it| order(&w, it)).collect(),
    };
    let columns = vec![
        column("kitchen-now", &[OrderState::Fired, OrderState::Preparing, OrderState::Cancelled]),
        column("kitchen-ready", &[OrderState::Ready]),
        column("kitchen-later", &[OrderState::Scheduled]),
    ];
    let stations = board
        .stations
        .iter()
        .map(|station| {
            let open = station.state() == StationState::Open;
            let (state, kind, to, label) = match station.state() {
                StationState::Open => ("station-open", "good", StationState::Paused, "station-pause"),
                StationState::Paused => ("station-paused", "few", StationState::Open, "station-resume"),
                StationState::Closed | StationState::Unspecified => {
                    ("station-closed", "bad", StationState::Open, "station-resume")
                }
            };
            StationView {
                id: station.station_id.clone(),
                name: w.text(&station.name),
                state: w.t(state),
                kind,
                open,
                to: to.into(),
                label: w.t(label),
            }
        })
        .collect();
    KitchenPage { revision: board.revision, columns, stations, observed: w.time(&board.observed_at), may_work, w }
}

fn may_work(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff { roles, .. } if roles.contains(&Role::Kitchen) || roles.contains(&Role::Admin))
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let board = first(edge.gastro(&caller).watch_kitchen(WatchKitchenRequest { after_revision: 0 })).await?;
    page::page(&view(guest.frame(guest.words.t("kitchen-title")), &board, may_work(&caller)))
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let request = WatchKitchenRequest { after_revision: after.after };
    let boards = answer(edge.gastro(&caller).watch_kitchen(request)).await?;
    let (frame, works) = (guest.frame(String::new()), may_work(&caller));
    let fragments = boards.map(move |board| {
        let board = board?;
        let view = view(frame.clone(), &board, works);
        Ok(Fragment { revision: board.revision, html: html(view.as_live().render())? })
    });
    Ok(live::respond(&edge, fragments))
}

/// Back to the board; a refusal (somebody else was faster) is said on it.
async fn back<T>(edge: &Edge, guest: &Guest, done: Result<T, tonic::Status>) -> Result<Response, Problem> {
    match done {
        Ok(_) => Ok(Redirect::to("/kitchen").into_response()),
        Err(status) => refused(edge, guest, status, "/kitchen").await,
    }
}

pub(crate) async fn move_order(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<uuid::Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let request = MoveOrderRequest { order_id: id.to_string(), to: sent.choice("to") };
    let done = answer(edge.gastro(&caller).move_order(request)).await;
    back(&edge, &guest, done).await
}

pub(crate) async fn station(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let request = SetStationStateRequest { station_id: id, state: sent.choice("state") };
    let done = answer(edge.gastro(&caller).set_station_state(request)).await;
    back(&edge, &guest, done).await
}
