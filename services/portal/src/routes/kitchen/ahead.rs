//! What has been ordered ahead for a day, on paper too: dishes together and by the quarter of an hour in which they are
//! fetched, and the trays of groups. Tomorrow, if nobody asks for another day.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use serde::Deserialize;
use sky_proto::gastro::v1::{
    ListPreOrdersRequest, ListPreOrdersResponse, PreOrderedDish, PreOrderedQuarter, PreOrderedTray,
};
use tonic::Code;

use super::MAY_LOOK;
use crate::{
    edge::{Edge, answer},
    page::{self, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "kitchen-ahead.html")]
struct AheadPage {
    w: Frame,
    /// Empty: the kitchen is asked of no such day.
    day: String,
    time: String,
    iso: String,
    orders: u32,
    totals: Vec<Dish>,
    quarters: Vec<Quarter>,
    /// Other days, and what they are called.
    others: Vec<(NaiveDate, String)>,
}

struct Dish {
    quantity: u32,
    name: String,
}

struct Quarter {
    time: String,
    dishes: Vec<Dish>,
    trays: Vec<Tray>,
}

struct Tray {
    number: u32,
    name: String,
    dishes: Vec<Dish>,
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    day: String,
}

fn dishes(w: &Words, dishes: &[PreOrderedDish]) -> Vec<Dish> {
    dishes.iter().map(|it| Dish { quantity: it.quantity, name: w.text(&it.name) }).collect()
}

fn tray(w: &Words, it: &PreOrderedTray) -> Tray {
    Tray { number: it.number, name: it.name.clone(), dishes: dishes(w, &it.dishes) }
}

fn quarter(w: &Words, it: &PreOrderedQuarter) -> Quarter {
    Quarter {
        time: w.time(&it.begins_at),
        dishes: dishes(w, &it.dishes),
        trays: it.trays.iter().map(|it| tray(w, it)).collect(),
    }
}

/// The day before and after one, and tomorrow: as far as they are not over, and not this one.
fn others(w: &Words, shown: Option<NaiveDate>, today: NaiveDate) -> Vec<(NaiveDate, String)> {
    let tomorrow = today.succ_opt();
    let around = shown.map_or([Some(today), None], |day| [day.pred_opt(), day.succ_opt()]);
    let mut days: Vec<NaiveDate> = around.into_iter().chain([tomorrow]).flatten().collect();
    days.retain(|day| *day >= today && shown != Some(*day));
    days.sort_unstable();
    days.dedup();
    let name = |day: NaiveDate| match day {
        it if it == today => w.t("pre-orders-today"),
        it if Some(it) == tomorrow => w.t("pre-orders-tomorrow"),
        other => w.date(other),
    };
    days.into_iter().map(|day| (day, name(day))).collect()
}

fn view(w: Frame, told: &ListPreOrdersResponse, today: NaiveDate) -> AheadPage {
    let day = told.day.parse().ok();
    AheadPage {
        day: day.map(|day| w.date(day)).unwrap_or_default(),
        time: w.time(&told.observed_at),
        iso: w.iso(&told.observed_at),
        orders: told.orders,
        totals: dishes(&w, &told.totals),
        quarters: told.quarters.iter().map(|it| quarter(&w, it)).collect(),
        others: others(&w, day, today),
        w,
    }
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = guest.staff(MAY_LOOK)?;
    let told = answer(edge.kitchen(&caller).list_pre_orders(ListPreOrdersRequest { day: asked.day })).await;
    let (told, status) = match told {
        Ok(told) => (told, StatusCode::OK),
        // A day that is over, or none: said on the page, with days that can be had.
        Err(status) if status.code() == Code::InvalidArgument => {
            (ListPreOrdersResponse::default(), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(status) => return Err(status.into()),
    };
    let today = kernel::values::day_of(edge.clock.now());
    let page = page::page(&view(guest.frame(guest.words.t("pre-orders-title")), &told, today))?;
    Ok((status, page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn the_days_around_it_are_one_touch_away() {
        let w = Words::speaking(Language::German);
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        let links = |shown: Option<u32>| -> Vec<(NaiveDate, String)> { others(&w, shown.map(day), day(27)) };
        let named = |of: &[(u32, &str)]| of.iter().map(|(n, name)| (day(*n), (*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(links(Some(27)), named(&[(28, "Morgen")]));
        assert_eq!(links(Some(28)), named(&[(27, "Heute"), (29, "Sonntag, 29. November")]));
        let later = named(&[(28, "Morgen"), (29, "Sonntag, 29. November")]);
        assert_eq!(links(Some(30))[..2], later[..]);
        assert_eq!(links(None), named(&[(27, "Heute"), (28, "Morgen")]));
    }
}
