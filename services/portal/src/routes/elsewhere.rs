//! The visit's page while its bay cannot be used: why, until when, where to park instead and how far that is to walk; and,
//! when the bay was given to somebody else, what is left.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use kernel::{Caller, values::from_timestamp};
use sky_proto::{
    journey::v1::Visit,
    parking::v1::{Alternative, GetSiteRequest, RightState, SiteState, TakeLeftBayRequest},
};

use super::{carpark::class, desk_actions::refused, plate::AT_DESK, visit::current};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// Another car park.
pub(crate) struct PlaceView {
    pub(crate) name: String,
    /// "9 Minuten zu Fuß"
    pub(crate) walk: String,
    /// "12 frei (Stand 14:05)"; empty: not known.
    pub(crate) free: String,
}

/// How many bays are free there; None: nobody knows, or not any more.
pub(crate) fn known(place: &Alternative, now: DateTime<Utc>) -> Option<u32> {
    let until = place.free_until.map(|until| from_timestamp(Some(until)))?;
    place.free.filter(|_| now < until)
}

/// The same, with the time of saying so.
fn free(w: &Words, place: &Alternative, now: DateTime<Utc>) -> Option<String> {
    Some(w.args_of("elsewhere-free", known(place, now)?, &w.clock(now)))
}

impl ElsewhereView {
    /// With what the car parks' feeds say now. Without them the page says where they are, as ever.
    pub(crate) async fn with_free(mut self, edge: &Edge, w: &Words, caller: &Caller) -> Self {
        if let Ok(site) = answer(edge.parking(caller).get_site(GetSiteRequest {})).await {
            for place in &mut self.places {
                let known = site.alternatives.iter().find(|it| it.name == place.name);
                place.free = known.and_then(|it| free(w, it, edge.now())).unwrap_or_default();
            }
        }
        self
    }
}

/// What the page says of it.
pub(crate) struct ElsewhereView {
    pub(crate) headline: String,
    pub(crate) reason: String,
    pub(crate) until: String,
    pub(crate) places: Vec<PlaceView>,
    pub(crate) lost: bool,
    /// Bays that may be taken at no extra charge.
    pub(crate) left: Vec<(i32, String)>,
}

/// None: the bay is as it should be, or there is none.
pub(crate) fn view(w: &Words, visit: &Visit) -> Option<ElsewhereView> {
    let right = visit.parking.as_ref()?;
    let told = right.suspension.as_ref()?;
    let lost = told.lost && right.state() == RightState::Cancelled;
    if !lost && right.state() != RightState::Suspended {
        return None;
    }
    let headline = match told.state() {
        _ if lost => "elsewhere-lost",
        SiteState::Closed => "elsewhere-closed",
        _ => "elsewhere-unreachable",
    };
    let places = told.alternatives.iter();
    Some(ElsewhereView {
        headline: w.t(headline),
        reason: if lost { String::new() } else { w.text(&told.reason) },
        until: match &told.until {
            _ if lost => String::new(),
            Some(_) => w.with("site-until", "time", &format!("{} {}", w.day(&told.until), w.time(&told.until))),
            None => w.t("elsewhere-open-end"),
        },
        places: places
            .map(|place| PlaceView {
                name: place.name.clone(),
                walk: w.with("elsewhere-walk", "minutes", &place.walk_minutes.to_string()),
                free: String::new(),
            })
            .collect(),
        lost,
        left: told.left().map(|bay| (bay.into(), class(w, bay))).collect(),
    })
}

async fn take_left(
    edge: &Edge,
    guest: &Guest,
    caller: &Caller,
    (visit, sent, next): (String, &Fields, &str),
) -> Result<Response, Problem> {
    let request = TakeLeftBayRequest { visit_id: visit, bay_class: sent.choice("bay") };
    match answer(edge.parking(caller).take_left_bay(request)).await {
        Ok(_) => guest.tell(edge, Notice::good(guest.words.t("elsewhere-taken"))).await?,
        Err(status) => return refused(edge, guest, status, next).await,
    }
    Ok(Redirect::to(next).into_response())
}

/// `POST /visit/bay`
pub(crate) async fn take(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    take_left(&edge, &guest, &caller, (visit.to_string(), &sent, "/visit")).await
}

/// `POST /desk/bay`: for somebody who rings up.
pub(crate) async fn by_desk(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(AT_DESK)?;
    take_left(&edge, &guest, &caller, (sent.get("visit").to_owned(), &sent, "/desk")).await
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::values::timestamp;

    use super::*;

    #[test]
    fn free_bays_elsewhere_are_told_with_their_time_and_not_when_they_are_old() {
        let (w, now) = (Words::default(), DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(12));
        let told = |free, minutes: i64| {
            let free_until = Some(timestamp(now + TimeDelta::minutes(minutes)));
            super::free(&w, &Alternative { free, free_until, ..Alternative::default() }, now)
        };
        assert_eq!(told(Some(12), 5).expect("known"), "12 frei (Stand 13:00)");
        assert_eq!(told(Some(0), 5).expect("known"), "0 frei (Stand 13:00)", "full is known too");
        assert_eq!((told(Some(12), 0), told(None, 5)), (None, None));
        assert_eq!(super::free(&w, &Alternative { free: Some(3), ..Alternative::default() }, now), None);
    }
}
