//! One showing: choose party, parking and meal, and hold it all or nothing. A refused form comes back
//! with what was typed, the reason, and what would fit instead.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, values};
use prost::Message;
use sky_proto::{
    gastro::v1::{GetMenuRequest, MenuItem, OrderLine, Pickup},
    journey::v1::{
        CancelVisitRequest, GetVisitRequest, HoldRefused, HoldVisitRequest, MealWish, ParkingWish, VisitState,
    },
    parking::v1::{BayClass, GetSiteRequest, SiteState},
    reservations::v1::{Channel, GetSeatPlanRequest, GetShowingRequest, Need, Seat, Showing},
};
use tonic::Status;
use uuid::Uuid;

use super::programme::{Badge, availability, change, hall, is_bookable};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{Frame, page},
    party,
    problem::Problem,
    session::Guest,
};

/// The most people of one booking; the service says no to more too.
const MOST_PEOPLE: u32 = 60;

const NEEDS: [(Need, &str, &str); 5] = [
    (Need::Wheelchair, "need_wheelchair", "need-wheelchair"),
    (Need::Companion, "need_companion", "need-companion"),
    (Need::StepFree, "need_step_free", "need-step-free"),
    (Need::HearingLoop, "need_hearing_loop", "need-hearing-loop"),
    (Need::GuideDog, "need_guide_dog", "need-guide-dog"),
];

const BAYS: [(BayClass, &str); 4] = [
    (BayClass::Unspecified, "bay-none"),
    (BayClass::Standard, "bay-standard"),
    (BayClass::Accessible, "bay-accessible"),
    (BayClass::Ev, "bay-ev"),
];

#[derive(Template)]
#[template(path = "showing.html")]
struct ShowingPage {
    w: Frame,
    id: String,
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
    bookable: bool,
    prices: Vec<Count>,
    needs: Vec<Count>,
    needs_open: bool,
    rows: Vec<SeatRow>,
    seats_open: bool,
    bays: Vec<Choice>,
    parking_note: String,
    dishes: Vec<Dish>,
    meal_open: bool,
    pickups: Vec<Choice>,
    key: String,
    errors: Vec<FieldError>,
    refusal: String,
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

struct Choice {
    value: i32,
    label: String,
    chosen: bool,
}

struct Dish {
    count: Count,
    description: String,
    allergens: String,
    diets: String,
    available: bool,
}

struct SeatRow {
    name: String,
    seats: Vec<SeatChoice>,
}

struct SeatChoice {
    label: String,
    number: u32,
    /// The whole truth in words: row, seat, features, free or taken.
    name: String,
    special: bool,
    free: bool,
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
struct Refused {
    errors: Vec<FieldError>,
    refusal: String,
    alternatives: Vec<Alternative>,
}

/// What the form is made of. Menu, car park and seat plan may be missing: then it goes without them.
struct Material {
    showing: Showing,
    menu: Vec<MenuItem>,
    site: Option<SiteState>,
    seats: Vec<Seat>,
}

async fn material(edge: &Edge, caller: &Caller, id: Uuid) -> Result<Material, Problem> {
    let showing_id = id.to_string();
    let (mut reservations, mut plan) = (edge.reservations(caller), edge.reservations(caller));
    let (mut gastro, mut parking) = (edge.gastro(caller), edge.parking(caller));
    let (showing, menu, site, seats) = tokio::join!(
        answer(reservations.get_showing(GetShowingRequest { showing_id: showing_id.clone() })),
        answer(gastro.get_menu(GetMenuRequest {})),
        answer(parking.get_site(GetSiteRequest {})),
        answer(plan.get_seat_plan(GetSeatPlanRequest { showing_id: showing_id.clone() })),
    );
    let showing = showing?;
    Ok(Material {
        seats: seats.ok().filter(|_| showing.numbered).map(|plan| plan.seats).unwrap_or_default(),
        menu: menu.map(|menu| menu.items).unwrap_or_default(),
        site: site.ok().map(|site| site.state()),
        showing,
    })
}

pub(crate) async fn form(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let material = material(&edge, &guest.visitor(), id).await?;
    page(&fill(&guest, &material, &Fields::default(), Refused::default()))
}

fn fill(guest: &Guest, material: &Material, sent: &Fields, refused: Refused) -> ShowingPage {
    let showing = &material.showing;
    let w = guest.frame(guest.words.text(&showing.title));
    let is_wrong = |name: &str| refused.errors.iter().any(|error| error.field == name);
    let count = |name: String, label: String, price: String| Count {
        value: sent.get(&name).to_owned(),
        wrong: is_wrong(&name),
        name,
        label,
        price,
    };
    let chosen_bay = sent.choice("parking");
    let chosen_pickup = match sent.choice("pickup") {
        0 => i32::from(Pickup::AfterShowing),
        pickup => pickup,
    };
    let chosen_seats = sent.all("seat");
    let needs: Vec<Count> =
        NEEDS.iter().map(|(_, name, key)| count((*name).to_owned(), w.t(key), String::new())).collect();
    let mut dishes: Vec<Dish> = material.menu.iter().map(|item| dish(&w, item, &count)).collect();
    dishes.sort_by_key(|dish| !dish.available);
    ShowingPage {
        id: showing.showing_id.clone(),
        title: w.text(&showing.title),
        description: w.text(&showing.description),
        day: w.day(&showing.starts_at),
        starts: w.time(&showing.starts_at),
        starts_iso: w.iso(&showing.starts_at),
        ends: w.time(&showing.ends_at),
        doors: w.time(&showing.doors_at),
        hall: hall(&w, &showing.hall),
        notice: w.text(&showing.notice),
        change: change(&w, showing),
        availability: availability(&w, showing),
        bookable: is_bookable(showing),
        prices: showing
            .prices
            .iter()
            .map(|price| count(format!("count_{}", price.tariff_class), w.text(&price.label), w.money(&price.price)))
            .collect(),
        needs_open: needs.iter().any(|need| need.wrong || is_some(need)),
        needs,
        rows: rows(&w, &material.seats, &chosen_seats),
        seats_open: !chosen_seats.is_empty(),
        bays: BAYS
            .iter()
            .map(|(bay, key)| {
                let value = i32::from(*bay);
                Choice { value, label: w.t(key), chosen: value == chosen_bay }
            })
            .collect(),
        parking_note: match material.site {
            Some(SiteState::Open) => String::new(),
            Some(SiteState::Closed) => w.t("parking-closed"),
            Some(SiteState::Unreachable) => w.t("parking-unreachable"),
            Some(SiteState::Unknown | SiteState::Unspecified) | None => w.t("parking-unknown"),
        },
        meal_open: dishes.iter().any(|dish| dish.count.wrong || is_some(&dish.count)),
        dishes,
        pickups: [(Pickup::BeforeShowing, "pickup-before"), (Pickup::AfterShowing, "pickup-after")]
            .map(|(pickup, key)| {
                let value = i32::from(pickup);
                Choice { value, label: w.t(key), chosen: value == chosen_pickup }
            })
            .into(),
        key: Uuid::new_v4().to_string(),
        errors: refused.errors,
        refusal: refused.refusal,
        alternatives: refused.alternatives,
        w,
    }
}

fn dish(w: &Frame, item: &MenuItem, count: &impl Fn(String, String, String) -> Count) -> Dish {
    let allergen = |number: &u32| match number {
        1..=14 => w.t(&format!("allergen-{number}")),
        other => other.to_string(),
    };
    let mut allergens: Vec<String> = item.allergens.iter().map(allergen).collect();
    allergens.extend(item.traces.iter().map(|number| w.with("allergen-traces", "name", &allergen(number))));
    let diet = |name: &String| match name.as_str() {
        "vegan" => w.t("diet-vegan"),
        "vegetarian" => w.t("diet-vegetarian"),
        "gluten_free" => w.t("diet-gluten-free"),
        "halal" => w.t("diet-halal"),
        other => other.to_owned(),
    };
    Dish {
        count: count(format!("meal_{}", item.item_id), w.text(&item.name), w.money(&item.price)),
        description: w.text(&item.description),
        allergens: allergens.join(", "),
        diets: item.diets.iter().map(diet).collect::<Vec<_>>().join(", "),
        available: item.available,
    }
}

fn rows(w: &Frame, seats: &[Seat], chosen: &[String]) -> Vec<SeatRow> {
    let mut rows: Vec<SeatRow> = Vec::new();
    for seat in seats {
        let features: Vec<String> = seat.features.iter().map(|feature| feature_name(w, feature)).collect();
        let mut name = format!("{}, {} {}", w.with("seat-row", "row", &seat.row), w.t("seat"), seat.number);
        for feature in features.iter().filter(|feature| !feature.is_empty()) {
            name.push_str(", ");
            name.push_str(feature);
        }
        let choice = SeatChoice {
            special: seat.features.iter().any(|feature| feature == "wheelchair" || feature == "companion"),
            chosen: chosen.contains(&seat.label),
            label: seat.label.clone(),
            number: seat.number,
            name: format!("{name}, {}", w.t(if seat.free { "seat-free" } else { "seat-taken" })),
            free: seat.free,
        };
        match rows.iter_mut().find(|row| row.name == seat.row) {
            Some(row) => row.seats.push(choice),
            None => rows.push(SeatRow { name: seat.row.clone(), seats: vec![choice] }),
        }
    }
    rows
}

pub(crate) fn feature_name(w: &Frame, feature: &str) -> String {
    match feature {
        "wheelchair" => w.t("feature-wheelchair"),
        "companion" => w.t("feature-companion"),
        "hearing_loop" => w.t("feature-hearing-loop"),
        "step_free" => w.t("feature-step-free"),
        "guide_dog" => w.t("feature-guide-dog"),
        "aisle" => w.t("feature-aisle"),
        _ => String::new(),
    }
}

pub(crate) async fn hold(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
    sent: Fields,
) -> Result<Response, Problem> {
    let material = material(&edge, &guest.visitor(), id).await?;
    let request = match wish(&guest, &material, &sent)? {
        Ok(request) => request,
        Err(errors) => {
            let refused = Refused { errors, ..Refused::default() };
            let page = page(&fill(&guest, &material, &sent, refused))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (session, cookie) = guest.session_for_visits(&edge).await?;
    let before = guest.session.as_ref().and_then(|session| session.visit);
    let caller = Caller::Visitor { session: session.to_string(), visit: None };
    match answer(edge.journey(&caller).hold_visit(request)).await {
        Ok(visit) => {
            let visit_id = values::id("visit_id", &visit.visit_id)?;
            Guest::open_visit(&edge, session, visit_id, false).await?;
            if let Some(before) = before.filter(|before| *before != visit_id) {
                release(&edge, session, before).await;
            }
            Ok((cookie, Redirect::to(&format!("/order/{visit_id}"))).into_response())
        }
        Err(status) => refuse(&guest, &material, &sent, &status, cookie),
    }
}

/// A visitor who went back and chose anew does not keep the first places from others.
async fn release(edge: &Edge, session: Uuid, visit: Uuid) {
    let caller = Caller::Visitor { session: session.to_string(), visit: Some(visit) };
    let visit_id = visit.to_string();
    let found = answer(edge.journey(&caller).get_visit(GetVisitRequest { visit_id: visit_id.clone() })).await;
    if found.is_ok_and(|visit| visit.state() == VisitState::Held) {
        let request = CancelVisitRequest { visit_id, reason: "chosen anew".to_owned() };
        if let Err(status) = answer(edge.journey(&caller).cancel_visit(request)).await {
            tracing::debug!(code = ?status.code(), "a hold was not given up; it will run out");
        }
    }
}

/// What was chosen, or what is wrong with it.
fn wish(
    guest: &Guest,
    material: &Material,
    sent: &Fields,
) -> Result<Result<HoldVisitRequest, Vec<FieldError>>, Problem> {
    let w = &guest.words;
    let mut errors = Vec::new();
    let mut number = |name: String| {
        sent.count(&name).filter(|count| *count <= MOST_PEOPLE).unwrap_or_else(|| {
            errors.push(FieldError { field: name, text: w.t("error-number") });
            0
        })
    };
    let classes = material.showing.prices.iter().map(|price| price.tariff_class.clone());
    let counts: Vec<(String, u32)> = classes.map(|class| (class.clone(), number(format!("count_{class}")))).collect();
    let needs: Vec<(Need, u32)> = NEEDS.iter().map(|(need, name, _)| (*need, number((*name).to_owned()))).collect();
    let lines: Vec<OrderLine> = material
        .menu
        .iter()
        .map(|item| OrderLine { item_id: item.item_id.clone(), quantity: number(format!("meal_{}", item.item_id)) })
        .filter(|line| line.quantity > 0)
        .collect();
    let people: u32 = counts.iter().map(|(_, count)| count).sum();
    let first = counts.first().map(|(class, _)| format!("count_{class}")).unwrap_or_default();
    if errors.is_empty() && people == 0 {
        errors.push(FieldError { field: first.clone(), text: w.t("error-nobody") });
    }
    if people > MOST_PEOPLE {
        errors.push(FieldError { field: first, text: w.n("error-too-many", MOST_PEOPLE) });
    }
    let party = party::lines(&counts, &needs).unwrap_or_else(|| {
        errors.push(FieldError { field: "need_wheelchair".to_owned(), text: w.t("error-needs") });
        Vec::new()
    });
    let seats = sent.all("seat");
    let seat_count = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    if seat_count > 0 && seat_count != people {
        errors.push(FieldError { field: "seats".to_owned(), text: w.n("error-seats", people) });
    }
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let bay = BayClass::try_from(sent.choice("parking")).map_err(|_| Problem::bad_form())?;
    Ok(Ok(HoldVisitRequest {
        idempotency_key: sent.idempotency_key()?,
        showing_id: material.showing.showing_id.clone(),
        party,
        seats,
        parking: (bay != BayClass::Unspecified).then(|| ParkingWish { bay_class: bay.into() }),
        meal: (!lines.is_empty()).then(|| MealWish { lines, pickup: sent.choice("pickup") }),
        language: w.lang().to_owned(),
        channel: Channel::Online.into(),
    }))
}

/// The form again, with the reason and what would fit; a fault stays a problem.
fn refuse(
    guest: &Guest,
    material: &Material,
    sent: &Fields,
    status: &Status,
    cookie: axum::http::HeaderMap,
) -> Result<Response, Problem> {
    let code = Code::from_grpc(status.code());
    if !code.is_refusal() && code != Code::InvalidArgument {
        return Err(status.clone().into());
    }
    let w = &guest.words;
    let told = HoldRefused::decode(status.details()).ok().filter(|told| !told.part.is_empty());
    let refused = told.map_or_else(
        || Refused { refusal: w.t("hold-refused"), ..Refused::default() },
        |told| Refused {
            errors: Vec::new(),
            refusal: w.text(&told.reason),
            alternatives: told
                .alternatives
                .iter()
                .map(|other| Alternative { text: w.text(&other.text), showing: other.showing_id.clone() })
                .collect(),
        },
    );
    let http = StatusCode::from_u16(code.http()).unwrap_or(StatusCode::CONFLICT);
    let page = page(&fill(guest, material, sent, refused))?;
    Ok((http, cookie, page).into_response())
}
