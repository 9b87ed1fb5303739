//! What is left of a showing, as it changes: for whoever has its page open, and for those who wait for
//! held places to come back.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::TimeDelta;
use futures::StreamExt;
use kernel::values::{from_timestamp, timestamp};
use sky_proto::reservations::v1::{GetShowingRequest, Showing, WatchShowingsRequest};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Badge, as_of, availability, change, is_bookable, left, own, waiting_list};
use crate::{
    edge::{Edge, answer},
    live::{self, Fragment},
    page::{Frame, html},
    problem::Problem,
    session::Guest,
};

#[derive(Template)]
#[template(path = "availability.html")]
struct Part {
    id: String,
    change: Option<Badge>,
    availability: Badge,
    left: Vec<String>,
    as_of: String,
    book_now: String,
    own_order: String,
    waiting_list: bool,
    w: Frame,
}

impl Part {
    fn of(w: &Frame, showing: &Showing, as_of: String, own: Option<Uuid>) -> Self {
        Self {
            as_of,
            own_order: own.map(|visit| visit.to_string()).unwrap_or_default(),
            w: w.clone(),
            waiting_list: own.is_none() && waiting_list::is_open(showing),
            id: showing.showing_id.clone(),
            change: change(w, showing),
            availability: own.map_or_else(|| availability(w, showing), |_| own::badge(w)),
            left: left(w, showing),
            // A page that was opened when all was sold has no form; the style sheet hides this where there is one.
            book_now: if is_bookable(showing) { w.t("book-now") } else { String::new() },
        }
    }
}

pub(crate) async fn live(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let mut reservations = edge.reservations(&guest.visitor());
    let showing_id = id.to_string();
    let showing = answer(reservations.get_showing(GetShowingRequest { showing_id: showing_id.clone() })).await?;
    // By the start that it was scheduled for, which no delay moves; and always what is now: the browser may have heard of a
    // revision in which it was not yet delayed.
    let starts_at = from_timestamp(showing.scheduled_starts_at);
    let window = WatchShowingsRequest {
        from: Some(timestamp(starts_at)),
        until: Some(timestamp(starts_at + TimeDelta::seconds(1))),
        include_closed: false,
        after_revision: 0,
    };
    let updates = answer(reservations.watch_showings(window)).await?;
    let frame = guest.frame(String::new());
    // What has changed since is fresh; the first message may repeat what the seller cannot confirm any more.
    let (asked, as_of) = (showing.revision, as_of(&edge, &guest.words, &showing));
    let (watching, known) = (edge.clone(), Arc::new(Mutex::new(own::Known::default())));
    let fragments = updates.filter_map(move |update| {
        let (edge, guest, frame, known) = (watching.clone(), guest.clone(), frame.clone(), known.clone());
        let found = update.map(|update| {
            let showing = update.showings.into_iter().find(|showing| showing.showing_id == showing_id);
            showing.map(|showing| (update.revision, showing))
        });
        let as_of = as_of.clone();
        async move {
            let (revision, mut showing) = match found.transpose()? {
                Ok(found) => found,
                Err(status) => return Some(Err(Problem::from(status))),
            };
            let own = own::holds_all(&edge, &guest, &showing, &mut *known.lock().await).await;
            if own.is_some() {
                showing = own::without_others(showing);
            }
            let as_of = if showing.revision == asked { as_of } else { String::new() };
            let part = html(Part::of(&frame, &showing, as_of, own).render());
            Some(part.map(|html| Fragment { revision, html }))
        }
    });
    Ok(live::respond(&edge, fragments))
}
