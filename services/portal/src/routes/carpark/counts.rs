//! Counting by hand: how many cars of each class stand there, one more or one less with a thumb, who counted what, and
//! the newest count of a class taken back.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use kernel::{Caller, values::timestamp};
use sky_proto::parking::v1::{
    ClassOccupancy, Count, GetSiteRequest, ListCountsRequest, RecordOccupancyRequest, UndoCountRequest,
    record_occupancy_response::Outcome,
};

use super::{LANES, SITE, class, may, outcome};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, Frame},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

#[derive(Template)]
#[template(path = "carpark-counts.html")]
struct CountsPage {
    w: Frame,
    as_of: String,
    classes: Vec<ClassView>,
    counts: Vec<CountView>,
    may_count: bool,
}

struct ClassView {
    class: i32,
    name: String,
    /// Empty: not known.
    cars: String,
    capacity: u32,
    /// Of this form alone.
    key: String,
}

struct CountView {
    id: String,
    name: String,
    time: String,
    cars: i64,
    by: String,
    what: String,
    kind: &'static str,
    may_be_undone: bool,
}

fn class_view(w: &Words, count: &ClassOccupancy) -> ClassView {
    ClassView {
        class: count.bay_class,
        name: class(w, count.bay_class()),
        cars: count.occupied.map(|cars| cars.to_string()).unwrap_or_default(),
        capacity: count.capacity,
        key: uuid::Uuid::new_v4().to_string(),
    }
}

fn count_view(w: &Words, count: &Count) -> CountView {
    let (key, kind) = match (count.outcome(), &count.undone_at) {
        (_, Some(_)) => ("count-undone", "plain"),
        (Outcome::Taken, None) => ("count-taken", "good"),
        (Outcome::Nonsense, None) => ("count-nonsense", "bad"),
        (Outcome::Stale, None) => ("count-stale", "few"),
        (Outcome::Repeated | Outcome::Unspecified, None) => ("count-repeated", "few"),
    };
    let what = match &count.undone_at {
        Some(_) => format!("{} {} · {}", w.t(key), w.time(&count.undone_at), count.undone_by),
        None => w.t(key),
    };
    CountView {
        id: count.count_id.clone(),
        name: class(w, count.bay_class()),
        time: w.time(&count.observed_at),
        cars: count.occupied,
        by: count.told_by.clone(),
        what,
        kind,
        may_be_undone: count.may_be_undone,
    }
}

/// `GET /carpark/counts`
pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(SITE)?;
    let site = answer(edge.parking(&caller).get_site(GetSiteRequest {})).await?;
    let counts = answer(edge.occupancy(&caller).list_counts(ListCountsRequest {})).await?.counts;
    let w = guest.frame(guest.words.t("counts-title"));
    page::page(&CountsPage {
        as_of: w.time(&site.observed_at),
        classes: site.classes.iter().map(|count| class_view(&w, count)).collect(),
        counts: counts.iter().map(|count| count_view(&w, count)).collect(),
        may_count: may(&caller, LANES),
        w,
    })
}

/// `POST /carpark/counts`: what was typed, or one more or one less than there are.
pub(crate) async fn count(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(LANES)?;
    let typed: i64 = sent.get("cars").parse().map_err(|_| Problem::bad_form())?;
    let (bay, step) = (sent.choice("bay"), i64::from(sent.choice("step")));
    let request = RecordOccupancyRequest {
        idempotency_key: sent.idempotency_key()?,
        bay_class: bay,
        occupied: if step == 0 { typed } else { now_there(&edge, &caller, bay).await?.unwrap_or(typed) + step },
        observed_at: Some(timestamp(edge.now())),
    };
    let (cars, name) = (request.occupied, class(&guest.words, request.bay_class()));
    let w = guest.words;
    let told = answer(edge.occupancy(&caller).record_occupancy(request)).await.map(|told| match told.outcome() {
        Outcome::Taken => Notice::good(format!("{name}: {cars}. {}", w.t("count-taken"))),
        Outcome::Nonsense => Notice::bad(format!("{name}: {cars}. {}", w.t("count-nonsense"))),
        Outcome::Stale | Outcome::Repeated | Outcome::Unspecified => Notice::bad(w.t("count-repeated")),
    });
    outcome(&edge, &guest, told, |notice| notice, "/carpark/counts").await
}

/// How many cars of a class are there by now: lanes have counted on since the page was shown.
async fn now_there(edge: &Edge, caller: &Caller, bay: i32) -> Result<Option<i64>, Problem> {
    let site = answer(edge.parking(caller).get_site(GetSiteRequest {})).await?;
    let class = site.classes.iter().find(|it| it.bay_class == bay);
    Ok(class.and_then(|it| it.occupied).map(i64::from))
}

/// `POST /carpark/counts/undo`
pub(crate) async fn undo(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(LANES)?;
    let request = UndoCountRequest { count_id: sent.get("count").to_owned() };
    let w = guest.words;
    let told = answer(edge.occupancy(&caller).undo_count(request)).await.map(|_| Notice::good(w.t("count-undone-now")));
    outcome(&edge, &guest, told, |notice| notice, "/carpark/counts").await
}
