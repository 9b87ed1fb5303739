//! The kitchen's board: what to make now and next, by fire time, with allergens; as a whole or for one station, each
//! with targets for wet fingers and the last step to take back. And the stations.

pub(crate) mod ahead;
pub(crate) mod counter;
pub(crate) mod decisions;
pub(crate) mod give_back;
pub(crate) mod hand_out;
pub(crate) mod order;
pub(crate) mod system;
mod ticket;

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use futures::StreamExt;
use kernel::{Caller, Role};
use prost_types::Timestamp;
use sky_proto::gastro::v1::{
    BeatScreenRequest, KitchenBoard, MoveOrderRequest, MoveTicketRequest, Order, OrderState, OrderedItem,
    SetStationStateRequest, Station, StationState, UndoMoveRequest, WatchKitchenRequest,
};

use super::{desk_actions::refused, house_alarm};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// The kitchen works here; the desk may look.
const MAY_LOOK: &[Role] = &[Role::Kitchen, Role::Desk, Role::Operator];

#[derive(Template)]
#[template(path = "kitchen.html", blocks = ["live"])]
struct KitchenPage {
    w: Frame,
    /// One station's board; empty: all.
    station: String,
    live: String,
    revision: u64,
    columns: Vec<Column>,
    ahead: Ahead,
    stations: Vec<StationView>,
    decisions: u32,
    unsent: u32,
    /// What the kitchen's own system does not take.
    stuck: u32,
    /// Orders of the counter of which it has still to give money back.
    give_backs: u32,
    observed: String,
    may_work: bool,
    may_hand_out: bool,
}

/// What is still to be made today: dishes by the quarter of an hour in which they are fetched, and by name.
struct Ahead {
    wave: Vec<(String, u32)>,
    to_make: Vec<(u32, String)>,
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
    /// What goes on each tray of a group, and what that is together; one without a name: it is no group.
    trays: Vec<TrayView>,
    together: Vec<String>,
    next: Option<(i32, String)>,
    undo: bool,
    cancelled: bool,
    recalled: bool,
    walk_up: bool,
    /// What the counter gives back; empty: nothing.
    gives_back: String,
    /// Needs a decision, and why.
    affected: String,
    unsent: bool,
}

struct LineView {
    quantity: u32,
    name: String,
    station: String,
    allergens: String,
    traces: String,
}

struct TrayView {
    name: String,
    lines: Vec<LineView>,
}

struct StationView {
    id: String,
    name: String,
    state: String,
    kind: &'static str,
    shape: &'static str,
    is_open: bool,
    is_busy: bool,
    here: bool,
}

pub(super) fn allergens(w: &Words, numbers: &[u32]) -> String {
    let known = numbers.iter().filter(|number| (1..=14).contains(*number));
    known.map(|number| w.t(&format!("allergen-{number}"))).collect::<Vec<_>>().join(", ")
}

/// What a station is called.
fn name_of(w: &Words, id: &str, stations: &[Station]) -> String {
    stations.iter().find(|it| it.station_id == id).map_or_else(|| id.to_owned(), |it| w.text(&it.name))
}

fn line(w: &Words, line: &OrderedItem, stations: &[Station]) -> LineView {
    let name = |id: &String| name_of(w, id, stations);
    LineView {
        quantity: line.quantity,
        name: w.text(&line.name),
        station: std::iter::once(&line.station).chain(&line.also_at).map(name).collect::<Vec<_>>().join(", "),
        allergens: allergens(w, &line.allergens),
        traces: allergens(w, &line.traces),
    }
}

/// The lines by tray, in the order in which the trays come.
fn trays<'o>(w: &Words, lines: impl Iterator<Item = &'o OrderedItem>, stations: &[Station]) -> Vec<TrayView> {
    let mut trays: Vec<TrayView> = Vec::new();
    for it in lines {
        match trays.iter_mut().find(|tray| tray.name == it.tray) {
            Some(tray) => tray.lines.push(line(w, it, stations)),
            None => trays.push(TrayView { name: it.tray.clone(), lines: vec![line(w, it, stations)] }),
        }
    }
    trays
}

/// "12 × Cheese roll", over all trays; empty without any.
fn together(trays: &[TrayView]) -> Vec<String> {
    let mut sums: Vec<(&str, u32)> = Vec::new();
    for line in trays.iter().filter(|_| trays.len() > 1).flat_map(|tray| &tray.lines) {
        match sums.iter_mut().find(|(name, _)| *name == line.name) {
            Some((_, sum)) => *sum = sum.saturating_add(line.quantity),
            None => sums.push((&line.name, line.quantity)),
        }
    }
    sums.into_iter().map(|(name, sum)| format!("{sum} × {name}")).collect()
}

/// Whether a station works on it.
fn is_made_at(line: &OrderedItem, station: &str) -> bool {
    line.station == station || line.also_at.iter().any(|it| it == station)
}

/// What the counter has still to give back of an order that was placed there; empty: nothing.
fn gives_back(w: &Words, order: &Order) -> String {
    order.gives_back.as_ref().map(|_| w.with("gives-back", "money", &w.money(&order.gives_back))).unwrap_or_default()
}

/// How far an order is for whoever looks: as a whole, or one station's part of it.
fn stage(order: &Order, station: &str) -> OrderState {
    let made = matches!(order.state(), OrderState::Fired | OrderState::Preparing);
    let part = order.parts.iter().find(|part| part.station == station);
    part.filter(|_| made).map_or(order.state(), sky_proto::gastro::v1::StationPart::work)
}

/// `now` in seconds since 1970, `today` as a day is written.
fn order(w: &Words, order: &Order, station: &str, stations: &[Station], now: i64, today: &str) -> OrderView {
    let stage = stage(order, station);
    let is_whole = station.is_empty();
    let (kind, next) = match stage {
        OrderState::Fired => ("few", Some((OrderState::Preparing, "order-start"))),
        OrderState::Preparing => ("few", Some((OrderState::Ready, "order-ready"))),
        // A station's part is ready; the number is called with the last one.
        OrderState::Ready if order.state() != OrderState::Ready => ("good", None),
        OrderState::Ready => ("good", Some((OrderState::Collected, "order-collected"))),
        OrderState::Recalled => ("bad", Some((OrderState::Collected, "order-collected"))),
        OrderState::Cancelled => ("bad", None),
        _ => ("plain", None),
    };
    let lines = order.lines.iter().filter(|it| is_whole || is_made_at(it, station));
    let trays = trays(w, lines, stations);
    let parts = order.parts.iter().filter(|part| is_whole || part.station == station);
    // Of other days only what waits for a decision is here.
    let on_day = |at: &Option<Timestamp>| if w.day(at) == today { w.time(at) } else { w.day_and_time(at) };
    OrderView {
        id: order.order_id.clone(),
        number: order.number,
        kind,
        fire: on_day(&order.fire_at),
        pickup: on_day(&order.pickup_at),
        pickup_iso: w.iso(&order.pickup_at),
        together: together(&trays),
        trays,
        next: next.map(|(state, key)| (state.into(), w.t(key))),
        undo: order.undo_until.is_some_and(|until| until.seconds >= now),
        cancelled: order.state() == OrderState::Cancelled,
        recalled: order.state() == OrderState::Recalled,
        walk_up: order.walk_up,
        gives_back: gives_back(w, order),
        affected: order.affected.as_ref().map(|affected| w.text(&affected.reason)).unwrap_or_default(),
        unsent: parts.filter(|part| part.work() != OrderState::Ready).any(|part| part.unsent),
    }
}

fn station(w: &Words, station: &Station, here: &str) -> StationView {
    let (state, kind, shape) = match station.state() {
        StationState::Open => (w.t("station-open"), "good", "●"),
        StationState::Busy => (w.n("station-busy", station.delay_minutes), "few", "▲"),
        StationState::Paused => (w.t("station-paused"), "few", "◼"),
        StationState::Closed | StationState::Unspecified => (w.t("station-closed"), "bad", "✕"),
    };
    StationView {
        id: station.station_id.clone(),
        name: w.text(&station.name),
        state,
        kind,
        shape,
        is_open: station.state() == StationState::Open,
        is_busy: station.state() == StationState::Busy,
        here: station.station_id == here,
    }
}

/// Seconds of a quarter of an hour.
const QUARTER: i64 = 900;

/// The wave that is to come: what the board's orders of later are together, here.
fn ahead(w: &Words, board: &KitchenBoard, at: &str) -> Ahead {
    let (mut wave, mut to_make) = (BTreeMap::<i64, u32>::new(), BTreeMap::<String, u32>::new());
    for order in board.orders.iter().filter(|order| order.state() == OrderState::Scheduled) {
        let quarter = order.pickup_at.map_or(0, |at| at.seconds.div_euclid(QUARTER) * QUARTER);
        for line in order.lines.iter().filter(|line| at.is_empty() || is_made_at(line, at)) {
            *wave.entry(quarter).or_default() += line.quantity;
            *to_make.entry(w.text(&line.name)).or_default() += line.quantity;
        }
    }
    let clock = |(seconds, dishes)| (w.time(&Some(Timestamp { seconds, nanos: 0 })), dishes);
    let mut to_make: Vec<(u32, String)> = to_make.into_iter().map(|(name, dishes)| (dishes, name)).collect();
    to_make.sort_by_key(|(dishes, _)| std::cmp::Reverse(*dishes));
    Ahead { wave: wave.into_iter().map(clock).collect(), to_make }
}

fn view(w: Frame, board: &KitchenBoard, at: &str, (may_work, may_hand_out): (bool, bool)) -> KitchenPage {
    let (now, today) = (board.observed_at.map_or(0, |at| at.seconds), w.day(&board.observed_at));
    let concerns = |it: &&Order| at.is_empty() || it.lines.iter().any(|line| is_made_at(line, at));
    let column = |key: &str, stages: &[OrderState]| Column {
        name: w.t(key),
        orders: board
            .orders
            .iter()
            .filter(concerns)
            .filter(|it| stages.contains(&stage(it, at)))
            .map(|it| order(&w, it, at, &board.stations, now, &today))
            .collect(),
    };
    let columns = vec![
        column("kitchen-now", &[OrderState::Fired, OrderState::Preparing, OrderState::Cancelled]),
        column("kitchen-ready", &[OrderState::Ready, OrderState::Recalled]),
        column("kitchen-later", &[OrderState::Scheduled]),
    ];
    let unsent = |it: &Order| it.parts.iter().any(|part| part.unsent && part.work() != OrderState::Ready);
    let count = |is: &dyn Fn(&Order) -> bool| {
        u32::try_from(board.orders.iter().filter(|it| is(it)).count()).unwrap_or(u32::MAX)
    };
    KitchenPage {
        ahead: ahead(&w, board, at),
        station: at.to_owned(),
        live: if at.is_empty() { "/kitchen/live".to_owned() } else { format!("/kitchen/at/{at}/live") },
        revision: board.revision,
        columns,
        stations: board.stations.iter().map(|it| station(&w, it, at)).collect(),
        decisions: count(&|it: &Order| it.affected.is_some()),
        unsent: count(&unsent),
        stuck: board.stuck_messages,
        give_backs: board.give_backs,
        observed: w.time(&board.observed_at),
        may_work,
        may_hand_out,
        w,
    }
}

pub(super) fn may_work(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff { roles, .. } if roles.contains(&Role::Kitchen) || roles.contains(&Role::Admin))
}

/// Whether somebody works in the kitchen, and whether they hand out.
fn rights(caller: &Caller) -> (bool, bool) {
    let desk = matches!(caller, Caller::Staff { roles, .. } if roles.contains(&Role::Desk));
    let works = may_work(caller);
    (works, works || desk)
}

/// This browser shows a station's tickets, or all: they need no paper.
async fn beat(edge: &Edge, guest: &Guest, caller: &Caller, at: &str) -> Result<(), Problem> {
    let Some(session) = guest.session.as_ref().filter(|_| may_work(caller)) else { return Ok(()) };
    let request = BeatScreenRequest { screen_id: session.id.to_string(), station_id: at.to_owned() };
    Ok(answer(edge.kitchen(caller).beat_screen(request)).await.map(drop)?)
}

async fn show(edge: &Arc<Edge>, guest: &Guest, at: &str) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let board = first(edge.gastro(&caller).watch_kitchen(WatchKitchenRequest { after_revision: 0 })).await?;
    if !at.is_empty() && !board.stations.iter().any(|it| it.station_id == at) {
        return Err(Problem::no_page());
    }
    beat(edge, guest, &caller, at).await?;
    let w = house_alarm::frame(edge, guest, guest.words.t("kitchen-title")).await;
    page::page(&view(w, &board, at, rights(&caller)))
}

async fn follow(edge: &Edge, guest: &Guest, after: After, at: String) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let request = WatchKitchenRequest { after_revision: after.after };
    let boards = answer(edge.gastro(&caller).watch_kitchen(request)).await?;
    let (frame, rights) = (guest.frame(String::new()), rights(&caller));
    let fragments = boards.map(move |board| {
        let board = board?;
        let view = view(frame.clone(), &board, &at, rights);
        Ok(Fragment { revision: board.revision, html: html(view.as_live().render())? })
    });
    Ok(live::respond(edge, fragments))
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    show(&edge, &guest, "").await
}

pub(crate) async fn page_at(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(at): Path<String>,
) -> Result<Response, Problem> {
    show(&edge, &guest, &at).await
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    follow(&edge, &guest, after, String::new()).await
}

pub(crate) async fn live_at(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(at): Path<String>,
    after: After,
) -> Result<Response, Problem> {
    follow(&edge, &guest, after, at).await
}

/// The page's script says that it still shows the board.
pub(crate) async fn alive(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    beat(&edge, &guest, &caller, sent.get("station")).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The board that a form was on.
fn board_of(sent: &Fields) -> String {
    match sent.get("at") {
        at if !at.is_empty() && at.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_') => {
            format!("/kitchen/at/{at}")
        }
        _ => "/kitchen".to_owned(),
    }
}

/// Back with an order on which something was decided: what the counter gives back of it is said at once.
async fn decided(
    edge: &Edge,
    guest: &Guest,
    done: Result<Order, tonic::Status>,
    to: &str,
) -> Result<Response, Problem> {
    if let Ok(order) = &done
        && order.gives_back.is_some()
    {
        let notice = Notice::plain(gives_back(&guest.words, order));
        guest.tell(edge, notice.with(guest.words.n("kitchen-order-title", order.number))).await?;
    }
    back(edge, guest, done, to).await
}

/// Back to the board; a refusal (somebody else was faster) is said on it.
async fn back<T>(edge: &Edge, guest: &Guest, done: Result<T, tonic::Status>, to: &str) -> Result<Response, Problem> {
    match done {
        Ok(_) => Ok(Redirect::to(to).into_response()),
        Err(status) => refused(edge, guest, status, to).await,
    }
}

pub(crate) async fn move_order(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<uuid::Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let (order_id, to, at) = (id.to_string(), sent.choice("to"), sent.get("at").to_owned());
    let is_part = matches!(OrderState::try_from(to), Ok(OrderState::Preparing | OrderState::Ready));
    let done = if sent.is_on("undo") {
        answer(edge.kitchen(&caller).undo_move(UndoMoveRequest { order_id })).await
    } else if is_part && !at.is_empty() {
        answer(edge.kitchen(&caller).move_ticket(MoveTicketRequest { order_id, station_id: at, to })).await
    } else {
        answer(edge.gastro(&caller).move_order(MoveOrderRequest { order_id, to })).await
    };
    back(&edge, &guest, done, &board_of(&sent)).await
}

pub(crate) async fn station_state(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(&[Role::Kitchen])?;
    let delay_minutes = sent.count("busy").ok_or_else(Problem::bad_form)?;
    let state = if delay_minutes > 0 { StationState::Busy.into() } else { sent.choice("state") };
    let request = SetStationStateRequest { station_id: id, state, delay_minutes };
    let done = answer(edge.gastro(&caller).set_station_state(request)).await;
    back(&edge, &guest, done, &board_of(&sent)).await
}

#[cfg(test)]
mod tests {
    use sky_proto::kernel::v1::LocalizedText;

    use super::*;
    use crate::words::Language;

    #[test]
    fn each_board_has_what_its_station_works_on() {
        let w = Words::speaking(Language::German);
        let line = |name: &str, station: &str, also_at: &[&str]| OrderedItem {
            name: Some(LocalizedText { de: name.to_owned(), ..LocalizedText::default() }),
            quantity: 1,
            station: station.to_owned(),
            also_at: also_at.iter().map(|it| (*it).to_owned()).collect(),
            ..OrderedItem::default()
        };
        let lines = vec![line("Pasta", "hot", &["cold"]), line("Kuchen", "cold", &[]), line("Wasser", "bar", &[])];
        let made = Order { lines, state: OrderState::Fired.into(), ..Order::default() };
        let stations = ["bar", "cold", "hot"].map(|id| Station { station_id: id.to_owned(), ..Station::default() });
        let on_board = |station: &str| -> Vec<String> {
            let trays = order(&w, &made, station, &stations, 0, "").trays;
            trays.into_iter().flat_map(|tray| tray.lines).map(|line| line.name).collect()
        };
        assert_eq!(on_board("hot"), ["Pasta"]);
        assert_eq!(on_board("cold"), ["Pasta", "Kuchen"]);
        assert_eq!(on_board("bar"), ["Wasser"]);
        assert_eq!(on_board(""), ["Pasta", "Kuchen", "Wasser"]);
    }
}
