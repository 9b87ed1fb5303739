//! Orders at the counter: every press adds to the ticket or changes it, and shows what it costs and when it can be there;
//! the last one gives it a number. Paid on the counter's own till. Works without any script.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, Role};
use prost::Message;
use serde::Deserialize;
use sky_proto::gastro::v1::{
    Combo, GetMenuRequest, MealRefused, Menu, MenuItem, ModifierGroup, OrderLine, OrderState, PlaceWalkUpRequest,
    PreviewWalkUpRequest, PreviewWalkUpResponse, TakeBackWalkUpRequest, WatchKitchenRequest,
};
use tonic::Status;
use uuid::Uuid;

use super::{
    super::{
        desk_actions::outcome,
        house_alarm,
        menu_words::{none_now, served},
    },
    give_back::{self, GiveBack},
    ticket::{self, Ticket},
};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    order_code,
    page::{self, Frame},
    problem::Problem,
    refusal,
    session::{Guest, Notice},
    words::Words,
};

pub(super) const MAY_ORDER: &[Role] = &[Role::Kitchen, Role::Desk];
pub(super) const HERE: &str = "/kitchen/counter";

#[derive(Template)]
#[template(path = "kitchen-counter.html")]
struct CounterPage {
    w: Frame,
    key: String,
    sections: Vec<Section>,
    lines: Vec<Line>,
    /// For the next press.
    written: String,
    past: Vec<String>,
    pieces: u32,
    /// Empty: it cannot be ordered like this.
    ready: String,
    total: String,
    /// Why it cannot.
    refusal: String,
    placed: Option<Placed>,
    /// Orders of which money goes back, whatever has become of them.
    back: Vec<GiveBack>,
}

/// The order that was just placed, as long as it can be taken back.
struct Placed {
    id: String,
    number: u32,
    pickup: String,
}

struct Section {
    name: String,
    dishes: Vec<Dish>,
}

struct Dish {
    id: String,
    name: String,
    /// One per size: code, label and price.
    adds: Vec<(String, String, String)>,
    facts: String,
    none: String,
}

struct Line {
    quantity: u32,
    name: String,
    /// What is different about it, or in it.
    notes: String,
    groups: Vec<Group>,
    open: bool,
}

struct Group {
    name: String,
    toggles: Vec<Toggle>,
}

struct Toggle {
    press: String,
    label: String,
    on: bool,
}

fn dish(w: &Words, item: &MenuItem) -> Dish {
    let name = w.text(&item.name);
    let adds = if item.variants.is_empty() {
        vec![(item.item_id.clone(), name.clone(), w.money(&item.price))]
    } else {
        let size = item.variants.iter().map(|it| {
            let label = format!("{name}, {}", w.text(&it.name));
            (format!("{}:{}", item.item_id, it.variant_id), label, w.money(&it.price))
        });
        size.collect()
    };
    let (allergens, traces) = (super::allergens(w, &item.allergens), super::allergens(w, &item.traces));
    let mut facts = Vec::new();
    if !allergens.is_empty() {
        facts.push(format!("{} {allergens}", w.t("allergens")));
    }
    if !traces.is_empty() {
        facts.push(w.with("allergen-traces", "name", &traces));
    }
    Dish {
        id: item.item_id.clone(),
        adds,
        name,
        facts: facts.join(" · "),
        none: none_now(w, item.unavailable(), &item.day_parts),
    }
}

fn combo(w: &Words, combo: &Combo) -> Dish {
    let name = w.text(&combo.name);
    Dish {
        id: combo.combo_id.clone(),
        adds: vec![(combo.combo_id.clone(), name.clone(), w.money(&combo.price))],
        name,
        facts: [w.text(&combo.description), served(w, &combo.day_parts)].join(" ").trim().to_owned(),
        none: none_now(w, combo.unavailable(), &combo.day_parts),
    }
}

fn sections(w: &Words, menu: &Menu) -> Vec<Section> {
    let of = |category: &str| menu.items.iter().filter(|it| it.category == category).map(|it| dish(w, it)).collect();
    let mut sections = vec![
        Section { name: w.t("menu-food"), dishes: of("food") },
        Section { name: w.t("menu-drinks"), dishes: of("drink") },
        Section { name: w.t("menu-combos"), dishes: menu.combos.iter().map(|it| combo(w, it)).collect() },
    ];
    for section in &mut sections {
        section.dishes.sort_by_key(|dish| !dish.none.is_empty());
    }
    sections.retain(|section| !section.dishes.is_empty());
    sections
}

/// The changes of an item as toggles; `press` says what a press on one asks for.
fn toggles(w: &Words, item: &MenuItem, chosen: &[String], press: impl Fn(&str) -> String) -> Vec<Group> {
    let group = |group: &ModifierGroup| {
        let toggles = group.modifiers.iter().map(|it| {
            let price = it.price.as_ref().map(|_| format!(" + {}", w.money(&it.price))).unwrap_or_default();
            Toggle {
                press: press(&it.modifier_id),
                label: format!("{}{price}", w.text(&it.name)),
                on: chosen.contains(&it.modifier_id),
            }
        });
        Group { name: w.text(&group.name), toggles: toggles.collect() }
    };
    item.modifier_groups.iter().map(group).collect()
}

/// What is different about an item.
fn changes(w: &Words, item: &MenuItem, chosen: &[String]) -> Vec<String> {
    let all = item.modifier_groups.iter().flat_map(|group| &group.modifiers);
    all.filter(|it| chosen.contains(&it.modifier_id)).map(|it| w.text(&it.name)).collect()
}

fn line_of_item(w: &Words, item: &MenuItem, line: &OrderLine, nth: usize) -> Line {
    let size = item.variants.iter().find(|it| it.variant_id == line.variant_id).or_else(|| item.variants.first());
    let notes = size.map(|it| w.text(&it.name)).into_iter().chain(changes(w, item, &line.modifier_ids));
    let notes: Vec<String> = notes.collect();
    let groups = toggles(w, item, &line.modifier_ids, |id| format!("change {nth} {id}"));
    Line { quantity: line.quantity, name: w.text(&item.name), notes: notes.join(", "), groups, open: false }
}

fn line_of_combo(w: &Words, menu: &Menu, combo: &Combo, line: &OrderLine, nth: usize) -> Line {
    let mut notes = Vec::new();
    let mut groups = Vec::new();
    for component in &combo.components {
        let choice = line.choices.iter().find(|it| it.component_id == component.component_id);
        let of = &component.component_id;
        let mut options = Vec::new();
        for option in component.options.iter().filter(|option| option.available) {
            let on = choice.is_some_and(|it| (&it.item_id, &it.variant_id) == (&option.item_id, &option.variant_id));
            let label = w.text(&option.name);
            let item = OrderLine {
                item_id: option.item_id.clone(),
                variant_id: option.variant_id.clone(),
                ..OrderLine::default()
            };
            if on {
                notes.push(label.clone());
            }
            options.push(Toggle { press: format!("choose {nth} {of} {}", order_code::write(&item)), label, on });
        }
        groups.push(Group { name: w.text(&component.name), toggles: options });
        let item = choice.and_then(|it| menu.items.iter().find(|item| item.item_id == it.item_id));
        if let Some((choice, item)) = choice.zip(item) {
            notes.extend(changes(w, item, &choice.modifier_ids));
            let of_item = toggles(w, item, &choice.modifier_ids, |id| format!("vary {nth} {of} {id}"));
            let named = |group: Group| Group { name: format!("{}: {}", w.text(&item.name), group.name), ..group };
            groups.extend(of_item.into_iter().map(named));
        }
    }
    Line { quantity: line.quantity, name: w.text(&combo.name), notes: notes.join(", "), groups, open: false }
}

fn line(w: &Words, menu: &Menu, line: &OrderLine, nth: usize) -> Line {
    if let Some(combo) = menu.combos.iter().find(|it| it.combo_id == line.item_id) {
        return line_of_combo(w, menu, combo, line, nth);
    }
    match menu.items.iter().find(|it| it.item_id == line.item_id) {
        Some(item) => line_of_item(w, item, line, nth),
        // Taken off the menu meanwhile: it can still be taken off the ticket.
        None => Line {
            quantity: line.quantity,
            name: line.item_id.clone(),
            notes: String::new(),
            groups: Vec::new(),
            open: false,
        },
    }
}

/// Why something cannot be ordered like this: in the guest's words where gastro has them.
fn why(w: &Words, status: &Status) -> String {
    let told = MealRefused::decode(status.details()).ok().filter(|_| !status.details().is_empty());
    let reason = told.map(|told| w.text(&told.reason)).unwrap_or_default();
    if reason.is_empty() { refusal::sentence(w, status) } else { reason }
}

/// The time and the price, or why there is none.
async fn preview(
    edge: &Edge,
    caller: &Caller,
    w: &Words,
    ticket: &Ticket,
) -> Result<Result<PreviewWalkUpResponse, String>, Problem> {
    let request = PreviewWalkUpRequest { lines: ticket.lines.clone() };
    match answer(edge.kitchen(caller).preview_walk_up(request)).await {
        Ok(preview) => Ok(Ok(preview)),
        Err(status) => {
            let code = Code::from_grpc(status.code());
            if code.is_refusal() || code == Code::InvalidArgument {
                Ok(Err(why(w, &status)))
            } else {
                Err(status.into())
            }
        }
    }
}

async fn view(
    edge: &Arc<Edge>,
    guest: &Guest,
    caller: &Caller,
    menu: &Menu,
    ticket: Ticket,
    key: String,
) -> Result<CounterPage, Problem> {
    let mut w = house_alarm::frame(edge, guest, guest.words.t("counter-title")).await;
    HERE.clone_into(&mut w.path);
    let (mut ready, mut total, mut refusal) = (String::new(), String::new(), String::new());
    if !ticket.lines.is_empty() {
        match preview(edge, caller, &w, &ticket).await? {
            Ok(it) => {
                (ready, total) = (w.time(&it.pickup_at), w.money(&it.total));
                // Who hears the page instead of seeing it hears this first.
                w.title = format!("{total}, {}: {}", w.with("counter-ready", "time", &ready), w.title);
            }
            Err(why) => refusal = why,
        }
    }
    let mut lines: Vec<Line> = ticket.lines.iter().enumerate().map(|(nth, it)| line(&w, menu, it, nth)).collect();
    if let Some(line) = ticket.open.and_then(|nth| lines.get_mut(nth)) {
        line.open = true;
    }
    Ok(CounterPage {
        key,
        sections: sections(&w, menu),
        lines,
        written: ticket::write(&ticket.lines),
        pieces: ticket.pieces(),
        past: ticket.past,
        ready,
        total,
        refusal,
        placed: None,
        back: give_back::list(edge, caller, &w).await?,
        w,
    })
}

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    /// The order that was just placed.
    placed: Option<Uuid>,
}

/// The order that was placed, while nobody has begun to make it.
async fn placed(edge: &Edge, caller: &Caller, w: &Words, id: Uuid) -> Result<Option<Placed>, Problem> {
    let board = first(edge.gastro(caller).watch_kitchen(WatchKitchenRequest { after_revision: 0 })).await?;
    let waits = |state| matches!(state, OrderState::Scheduled | OrderState::Fired);
    let order = board.orders.into_iter().find(|it| it.order_id == id.to_string() && it.walk_up && waits(it.state()));
    Ok(order.map(|it| Placed { id: it.order_id.clone(), number: it.number, pickup: w.time(&it.pickup_at) }))
}

async fn menu(edge: &Edge, caller: &Caller) -> Result<Menu, Problem> {
    Ok(answer(edge.gastro(caller).get_menu(GetMenuRequest::default())).await?)
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_ORDER)?;
    let menu = menu(&edge, &caller).await?;
    let mut page = view(&edge, &guest, &caller, &menu, Ticket::default(), Uuid::new_v4().to_string()).await?;
    if let Some(id) = asked.placed {
        page.placed = placed(&edge, &caller, &page.w, id).await?;
    }
    page::page(&page)
}

/// One press: the page again, or the order with its number.
pub(crate) async fn order(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_ORDER)?;
    let mut ticket = Ticket::sent(&sent);
    if sent.get("press") == "place" && !ticket.lines.is_empty() {
        let request = PlaceWalkUpRequest { idempotency_key: sent.idempotency_key()?, lines: ticket.lines.clone() };
        return match answer(edge.kitchen(&caller).place_walk_up(request)).await {
            Ok(order) => Ok(Redirect::to(&format!("{HERE}?placed={}", order.order_id)).into_response()),
            Err(problem) if matches!(problem.code(), tonic::Code::Unauthenticated | tonic::Code::Unavailable) => {
                Err(problem.into())
            }
            // The page says why. A key that was used before for another ticket is no good any more; after any other
            // refusal it stays, so that pressing again orders once.
            Err(problem) => {
                let key = match problem.code() {
                    tonic::Code::InvalidArgument => Uuid::new_v4().to_string(),
                    _ => sent.get("key").to_owned(),
                };
                page::page(&again(&edge, &guest, &caller, ticket, key).await?)
            }
        };
    }
    let menu = menu(&edge, &caller).await?;
    ticket.press(&menu, sent.get("press"));
    let key = Uuid::try_parse(sent.get("key")).map_err(|_| Problem::bad_form())?;
    page::page(&view(&edge, &guest, &caller, &menu, ticket, key.to_string()).await?)
}

/// The ticket that was not taken, with what the kitchen says of it now.
async fn again(
    edge: &Arc<Edge>,
    guest: &Guest,
    caller: &Caller,
    ticket: Ticket,
    key: String,
) -> Result<CounterPage, Problem> {
    let menu = menu(edge, caller).await?;
    let mut page = view(edge, guest, caller, &menu, ticket, key).await?;
    if page.refusal.is_empty() {
        page.refusal = guest.words.t("counter-changed");
    }
    Ok(page)
}

/// Takes an order back that nobody has begun to make.
pub(crate) async fn take_back(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_ORDER)?;
    let request = TakeBackWalkUpRequest { order_id: id.to_string() };
    let done = answer(edge.kitchen(&caller).take_back_walk_up(request)).await;
    let say = |order: sky_proto::gastro::v1::Order| {
        Notice::good(guest.words.n("counter-taken-back", order.number)).with(super::gives_back(&guest.words, &order))
    };
    outcome(&edge, &guest, done, say, HERE).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn a_guest_at_the_counter_is_told_of_traces_too() {
        let w = Words::speaking(Language::German);
        let item = |allergens: &[u32], traces: &[u32]| MenuItem {
            allergens: allergens.to_vec(),
            traces: traces.to_vec(),
            ..MenuItem::default()
        };
        assert_eq!(dish(&w, &item(&[9], &[7, 8])).facts, "Enthält: Sellerie · Spuren von Milch, Schalenfrüchte");
        assert_eq!(dish(&w, &item(&[], &[7])).facts, "Spuren von Milch");
        assert_eq!(dish(&w, &item(&[], &[])).facts, "");
    }
}
