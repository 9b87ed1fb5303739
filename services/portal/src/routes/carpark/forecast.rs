//! The coming hours of the car park: free bays by quarter with their band, as a picture and as a table.

use std::{fmt::Write, sync::Arc};

use askama::Template;
use axum::{extract::State, response::Response};
use sky_proto::parking::v1::{Forecast, GetForecastRequest};

use crate::{
    edge::{Edge, answer},
    page::{self, CARPARK, Frame},
    problem::Problem,
    session::Guest,
};

#[derive(Template)]
#[template(path = "carpark-forecast.html")]
struct ForecastPage {
    w: Frame,
    as_of: String,
    capacity: u32,
    known: bool,
    /// Corners of the band and of the line, in the picture's units.
    band: String,
    line: String,
    quarters: Vec<QuarterView>,
}

struct QuarterView {
    time: String,
    arrivals: u32,
    departures: u32,
    free: u32,
    low: u32,
    high: u32,
}

/// The picture is so wide and so high.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 200;

/// "x,y" of so many free bays in a quarter.
fn corner(out: &mut String, place: usize, free: u32, forecast: &Forecast) {
    let last = u32::try_from(forecast.quarters.len().saturating_sub(1)).unwrap_or(1).max(1);
    let x = u32::try_from(place).unwrap_or(0) * WIDTH / last;
    let y = HEIGHT - free.min(forecast.capacity) * HEIGHT / forecast.capacity.max(1);
    // Writing into a string does not fail.
    let _ = write!(out, "{x},{y} ");
}

/// `GET /carpark/forecast`
pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(CARPARK)?;
    let told = answer(edge.occupancy(&caller).get_forecast(GetForecastRequest { hours: 0 })).await?;
    let w = guest.frame(guest.words.t("forecast-title"));
    let (mut band, mut line) = (String::new(), String::new());
    for (place, quarter) in told.quarters.iter().enumerate() {
        corner(&mut band, place, quarter.free_high, &told);
        corner(&mut line, place, quarter.free, &told);
    }
    for (place, quarter) in told.quarters.iter().enumerate().rev() {
        corner(&mut band, place, quarter.free_low, &told);
    }
    page::page(&ForecastPage {
        as_of: w.time(&told.as_of),
        capacity: told.capacity,
        known: told.occupancy_known,
        band,
        line,
        quarters: told
            .quarters
            .iter()
            .map(|quarter| QuarterView {
                time: w.time(&quarter.from),
                arrivals: quarter.arrivals,
                departures: quarter.departures,
                free: quarter.free,
                low: quarter.free_low,
                high: quarter.free_high,
            })
            .collect(),
        w,
    })
}
