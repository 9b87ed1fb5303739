//! One showing: choose party, parking and meal, and hold it all or nothing. A refused form comes back
//! with what was typed, the reason, and what would fit instead.

pub(crate) mod bays;
mod combos;
mod gone;
mod hold;
mod live;
mod meal;
mod own;
mod pickups;
#[cfg(test)]
mod samples;
pub(crate) mod seats;
mod trays;
pub(crate) mod waiting_list;
mod wish;

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::{Caller, values::from_timestamp};
use sky_proto::{
    gastro::v1::{GetMenuRequest, ListPickupsRequest, Menu, PickupOffer},
    parking::v1::{GetSiteRequest, Quote, Site, SiteState},
    reservations::v1::{
        AvailabilityReason, Channel, GetSeatPlanRequest, GetShowingRequest, Need, Seat, Showing, seat_wish::Part,
    },
};
use tonic::Status;
use uuid::Uuid;

use bays::Bay;
pub(crate) use hold::{Asked, LONGEST_HOLD, asked, hold, refuse};
pub(crate) use live::live;
use meal::MealForm;
use seats::{SeatRow, rows};
pub(super) use wish::seat_wish;

use super::{
    buyer::{self, Buyer},
    desk::selling,
    programme::{Badge, as_of, availability, change, is_bookable, left},
    waiting_room::{self, Gate, Pass, PassPart},
};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    lately::Lately,
    page::{Frame, page},
    problem::Problem,
    session::Guest,
    words::Words,
};

const NEEDS: [(Need, &str, &str); 5] = [
    (Need::Wheelchair, "need_wheelchair", "need-wheelchair"),
    (Need::Companion, "need_companion", "need-companion"),
    (Need::StepFree, "need_step_free", "need-step-free"),
    (Need::HearingLoop, "need_hearing_loop", "need-hearing-loop"),
    (Need::GuideDog, "need_guide_dog", "need-guide-dog"),
];

const PARTS: [(Part, &str); 3] =
    [(Part::Unspecified, "seat-wish-any"), (Part::Front, "seat-wish-front"), (Part::Back, "seat-wish-back")];

#[derive(Template)]
#[template(path = "showing.html")]
pub(crate) struct ShowingPage {
    w: Frame,
    id: String,
    /// Where the form is sent to.
    action: String,
    /// The quotas to sell from; empty: it is bought online.
    channels: Vec<Choice>,
    title: String,
    description: String,
    day: String,
    starts: String,
    starts_iso: String,
    ends: String,
    doors: String,
    hall: String,
    notice: String,
    change: Option<Badge>,
    availability: Badge,
    left: Vec<String>,
    /// The guest's own visit, which holds all that is held; empty: others hold some of it.
    own_order: String,
    /// Until when whoever was let in by a waiting room may book.
    pass: Option<PassPart>,
    /// As of when that is; empty: now.
    as_of: String,
    /// Empty: the page has its form, or there is nothing to book.
    book_now: String,
    bookable: bool,
    /// Where to wait for the sale; empty: nowhere.
    waiting_room: String,
    /// There is a list to wait on for what comes back.
    waiting_list: bool,
    prices: Vec<Count>,
    needs: Vec<Count>,
    needs_open: bool,
    rows: Vec<SeatRow>,
    seats_open: bool,
    /// No places are chosen: everybody sits where they like.
    free_seating: bool,
    parts: Vec<Choice>,
    aisle: bool,
    bays: Vec<Bay>,
    parking_note: String,
    meal: MealForm,
    key: String,
    errors: Vec<FieldError>,
    refusal: String,
    /// The field it is about, to lead there; empty: none of them.
    refusal_field: String,
    alternatives: Vec<Alternative>,
}

/// A field for a number.
struct Count {
    name: String,
    label: String,
    price: String,
    value: String,
    wrong: bool,
}

/// Whether something was typed that is not nothing.
fn is_some(count: &Count) -> bool {
    !count.value.is_empty() && count.value != "0"
}

/// The field for how many people of a price come.
fn count_field(class: &str) -> String {
    format!("count_{class}")
}

fn is_sold_out(showing: &Showing) -> bool {
    showing.availability.as_ref().is_some_and(|it| it.reason() == AvailabilityReason::SoldOut)
}

struct Choice {
    value: i32,
    label: String,
    chosen: bool,
}

struct FieldError {
    /// The field it links to.
    field: String,
    text: String,
}

struct Alternative {
    text: String,
    showing: String,
}

/// What came back with a refused form.
#[derive(Default)]
pub(crate) struct Refused {
    errors: Vec<FieldError>,
    refusal: String,
    refusal_field: String,
    alternatives: Vec<Alternative>,
}

impl Refused {
    /// Whether the form is refused because of what the party avoids.
    fn asks_about_allergens(&self) -> bool {
        self.errors.iter().any(|error| error.field == "avoid-ok")
    }
}

/// What the form is made of. Menu, car park and seat plan may be missing: then it goes without them.
pub(crate) struct Material {
    pub(crate) showing: Showing,
    menu: Arc<Menu>,
    /// Why there is no menu; None: there is one.
    menu_missing: Option<Status>,
    pickups: Arc<Vec<PickupOffer>>,
    site: Option<SiteState>,
    seats: Vec<Seat>,
    quotes: Arc<Vec<Quote>>,
    /// What the guest was let in with.
    pub(crate) pass: Option<Pass>,
    /// The guest's own visit that holds all that is held.
    own: Option<Uuid>,
}

/// What was told lately for showings' pages.
#[derive(Debug)]
pub(crate) struct Shown {
    /// By the instant on whose day and at whose hour it is.
    menus: Lately<i64, Menu>,
    /// By showing and its times, as the bays.
    pickups: Lately<(String, i64), Vec<PickupOffer>>,
    quotes: Lately<(String, i64), Vec<Quote>>,
    site: Lately<(), Site>,
}

/// Of so many showings what was told is kept.
const KEPT: usize = 500;
/// So old may be what a page shows of the menu and of the car park.
const OLDEST: Duration = Duration::from_secs(1);

impl Shown {
    pub(crate) fn new() -> Self {
        let (menus, pickups) = (Lately::new(KEPT), Lately::new(KEPT));
        Self { menus, pickups, quotes: Lately::new(KEPT), site: Lately::new(1) }
    }
}

/// For the page of a showing.
pub(crate) async fn material(edge: &Edge, caller: &Caller, id: Uuid) -> Result<Material, Problem> {
    told(edge, caller, id, OLDEST).await
}

/// To read what was sent: a meal is ordered from the menu of this moment.
pub(crate) async fn material_for(edge: &Edge, caller: &Caller, id: Uuid, sent: &Fields) -> Result<Material, Problem> {
    told(edge, caller, id, if meal::is_wanted(sent) { Duration::ZERO } else { OLDEST }).await
}

async fn told(edge: &Edge, caller: &Caller, id: Uuid, oldest: Duration) -> Result<Material, Problem> {
    let showing_id = id.to_string();
    let (mut reservations, mut plan) = (edge.reservations(caller), edge.reservations(caller));
    let seat_plan = GetSeatPlanRequest { showing_id: showing_id.clone() };
    let (mut gastro, mut parking) = (edge.gastro(caller), edge.parking(caller));
    let (showing, site) = tokio::join!(
        answer(reservations.get_showing(GetShowingRequest { showing_id: showing_id.clone() })),
        edge.shown.site.told((), OLDEST, answer(parking.get_site(GetSiteRequest {}))),
    );
    let showing = showing?;
    // The menu of its day, as it is after it; most eat then.
    let mut offers = edge.gastro(caller);
    let around = ListPickupsRequest {
        showing_id: showing_id.clone(),
        showing_starts_at: showing.starts_at,
        showing_ends_at: showing.ends_at,
    };
    let offers = async { answer(offers.list_pickups(around)).await.map(|listed| listed.offers) };
    let ends_at = from_timestamp(showing.ends_at).timestamp();
    let (seats, menu, pickups, quotes) = tokio::join!(
        async {
            // Where everybody sits where they like there is no plan to choose from.
            if !showing.numbered {
                return Vec::new();
            }
            answer(plan.get_seat_plan(seat_plan)).await.map(|plan| plan.seats).unwrap_or_default()
        },
        edge.shown.menus.told(ends_at, oldest, answer(gastro.get_menu(GetMenuRequest { at: showing.ends_at }))),
        edge.shown.pickups.told((showing_id, ends_at), oldest, offers),
        async {
            // A car park that has not told its state would let the page wait twice.
            if site.is_ok() { bays::quotes(edge, caller, &showing).await } else { Arc::default() }
        },
    );
    let (menu, menu_missing) = match menu {
        Ok(menu) => (menu, None),
        Err(status) => (Arc::default(), Some(status)),
    };
    Ok(Material {
        seats,
        menu,
        menu_missing,
        pickups: pickups.unwrap_or_default(),
        site: site.ok().map(|site| site.state()),
        quotes,
        pass: None,
        own: None,
        showing,
    })
}

pub(crate) async fn form(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let gate = waiting_room::gate(&edge, &guest, id).await?;
    if let Gate::Wait(room) = gate {
        return waiting_room::lead(&edge, &guest, room).await;
    }
    let mut material = material(&edge, &guest.visitor(), id).await?;
    material.of(&edge, &guest, gate).await;
    let mut showing = fill(&guest, &material, &Fields::default(), Refused::default(), Buyer::Visitor);
    showing.as_of = as_of(&edge, &guest.words, &material.showing);
    if let Gate::NotYet(room) = gate {
        showing.bookable = false;
        showing.waiting_list = false;
        showing.waiting_room = format!("/waiting-room/{room}");
    }
    page(&showing)
}

impl Material {
    /// Why a form that was sent cannot be read: something to eat was chosen in it, and the kitchen has not answered what there
    /// is. Nobody is held places without the meal that they have ordered, and without a word of it.
    fn unread(&self, sent: &Fields) -> Option<&Status> {
        self.menu_missing.as_ref().filter(|_| meal::is_wanted(sent))
    }

    /// What this guest is told besides: until when they may book, and what they hold themselves.
    async fn of(&mut self, edge: &Edge, guest: &Guest, gate: Gate) {
        self.pass = gate.pass();
        self.own = own::holds_all(edge, guest, &self.showing, &mut own::Known::Unasked).await;
        if self.own.is_some() {
            self.showing = own::without_others(std::mem::take(&mut self.showing));
        }
    }
}

pub(crate) fn fill(guest: &Guest, material: &Material, sent: &Fields, refused: Refused, buyer: Buyer) -> ShowingPage {
    let showing = &material.showing;
    let mut w = guest.frame(guest.words.text(&showing.title));
    // The language links ask for the page, also where the form was sent to somewhere else.
    w.path = buyer.page(&showing.showing_id);
    let is_wrong = |name: &str| refused.refusal_field == name || refused.errors.iter().any(|it| it.field == name);
    let count = |name: String, label: String, price: String| Count {
        value: sent.get(&name).to_owned(),
        wrong: is_wrong(&name),
        name,
        label,
        price,
    };
    let chosen_seats = sent.all("seat");
    let (chosen_part, aisle) = (sent.choice("sit"), sent.is_on("aisle"));
    let needs: Vec<Count> =
        NEEDS.iter().map(|(_, name, key)| count((*name).to_owned(), w.t(key), String::new())).collect();
    let mut meal = meal::form(&w, &material.menu, &material.pickups, sent, &count, refused.asks_about_allergens());
    meal.open |= is_wrong("meal");
    ShowingPage {
        id: showing.showing_id.clone(),
        action: buyer.form(&showing.showing_id),
        channels: channels(&w, buyer, showing, sent),
        title: w.text(&showing.title),
        description: w.text(&showing.description),
        day: w.day(&showing.starts_at),
        starts: w.time(&showing.starts_at),
        starts_iso: w.iso(&showing.starts_at),
        ends: w.time(&showing.ends_at),
        doors: w.time(&showing.doors_at),
        hall: w.hall(&showing.hall),
        notice: w.text(&showing.notice),
        change: change(&w, showing),
        availability: material.own.map_or_else(|| availability(&w, showing), |_| own::badge(&w)),
        own_order: material.own.map(|visit| visit.to_string()).unwrap_or_default(),
        pass: material.pass.map(|pass| pass.part(&w)),
        left: left(&w, showing),
        as_of: String::new(),
        free_seating: !showing.numbered,
        book_now: String::new(),
        bookable: match buyer {
            Buyer::Visitor => is_bookable(showing),
            Buyer::Desk => selling::can_sell(showing),
        },
        waiting_room: String::new(),
        waiting_list: buyer == Buyer::Visitor && material.own.is_none() && waiting_list::is_open(showing),
        prices: showing
            .prices
            .iter()
            .map(|price| count(count_field(&price.tariff_class), w.text(&price.label), w.money(&price.price)))
            .collect(),
        // When nothing else is left, whoever books needs it.
        needs_open: is_sold_out(showing) || needs.iter().any(|need| need.wrong || is_some(need)),
        needs,
        rows: rows(&w, &material.seats, &chosen_seats),
        seats_open: !chosen_seats.is_empty() || aisle || chosen_part != 0,
        parts: PARTS
            .iter()
            .map(|(part, key)| {
                let value = i32::from(*part);
                Choice { value, label: w.t(key), chosen: value == chosen_part }
            })
            .collect(),
        aisle,
        bays: bays::bays(&w, buyer, &material.quotes, sent),
        parking_note: match material.site {
            Some(SiteState::Open) => String::new(),
            Some(SiteState::Closed) => w.t("parking-closed"),
            Some(SiteState::Unreachable) => w.t("parking-unreachable"),
            Some(SiteState::Unknown | SiteState::Unspecified) | None => w.t("parking-unknown"),
        },
        meal,
        key: Uuid::new_v4().to_string(),
        errors: refused.errors,
        refusal: refused.refusal,
        refusal_field: refused.refusal_field,
        alternatives: refused.alternatives,
        w,
    }
}

/// The quotas to sell from, each with what is left in it.
fn channels(w: &Words, buyer: Buyer, showing: &Showing, sent: &Fields) -> Vec<Choice> {
    let chosen = buyer.channel(sent.choice("channel")).unwrap_or_else(|| buyer::usual(showing));
    let left = showing.availability.clone().unwrap_or_default();
    let choice = |(channel, key): &(Channel, &str)| Choice {
        value: i32::from(*channel),
        label: format!("{}, {}", w.t(key), w.n("bay-left", buyer::free(&left, *channel))),
        chosen: *channel == chosen,
    };
    buyer.channels().iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meal_is_not_left_out_because_the_kitchen_is_away() {
        let away = Material {
            showing: Showing::default(),
            menu: Arc::default(),
            menu_missing: Some(Status::unavailable("the kitchen is away")),
            pickups: Arc::default(),
            site: None,
            seats: Vec::new(),
            quotes: Arc::default(),
            pass: None,
            own: None,
        };
        for (field, value, is_unread) in [
            ("meal_soup", "1", true),
            ("meal_coffee_small", "x", true),
            ("combo_lunch_1", "2", true),
            ("tray1_1", "soup", true),
            ("meal_soup", "", false),
            ("meal_soup", "0", false),
            ("combo_lunch_1", "0", false),
            ("combo_lunch_1_dish", "soup/", false),
            ("tray1", "window", false),
            ("tray1_1", "", false),
            ("tray1_rows", "3", false),
            ("count_adult", "2", false),
        ] {
            let sent = Fields::of(&[("count_adult", "1"), (field, value)]);
            assert_eq!(away.unread(&sent).is_some(), is_unread, "{field}={value}");
        }
        let there = Material { menu_missing: None, menu: Arc::new(samples::menu()), ..away };
        assert!(there.unread(&Fields::of(&[("meal_soup", "1")])).is_none());
    }
}
