//! What a party says of its way here, in one touch: its visitor on the visit's page, or the desk for whoever rings up.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use sky_proto::journey::v1::{TellArrivalRequest, Visit};

use super::{desk_actions::outcome, visit::current};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::DESK,
    problem::Problem,
    refusal,
    session::{Guest, Notice},
    words::Words,
};

/// Minutes that can be touched.
const CHOICES: [u32; 8] = [5, 10, 15, 20, 30, 45, 60, 90];

/// What is asked, and what was said.
pub(crate) struct ArrivalView {
    pub(crate) choices: [u32; 8],
    /// "13:52"; empty: nothing was said, or it was wrong.
    pub(crate) said: String,
    pub(crate) iso: String,
}

/// None of whoever is here, and once the way is over.
pub(crate) fn view(w: &Words, visit: &Visit) -> Option<ArrivalView> {
    let clock = visit.clock.as_ref()?;
    clock.ahead.iter().any(|it| it.leg.as_ref().is_some_and(|leg| leg.kind == "drive")).then(|| ArrivalView {
        choices: CHOICES,
        said: if clock.arrives_at.is_some() { w.time(&clock.arrives_at) } else { String::new() },
        iso: w.iso(&clock.arrives_at),
    })
}

/// Without a number what was said is taken back.
fn request(visit: String, sent: &Fields) -> Result<TellArrivalRequest, Problem> {
    let minutes = match sent.get("minutes") {
        "" => None,
        said => Some(said.parse().map_err(|_| Problem::bad_form())?),
    };
    Ok(TellArrivalRequest { visit_id: visit, minutes })
}

/// What was said is noted, also where no clock runs that would show it: a page that is still open may be older than a delay
/// of hours.
fn noted(w: &Words, minutes: Option<u32>, visit: &Visit, now: DateTime<Utc>) -> Notice {
    let Some(minutes) = minutes else { return Notice::good(w.t("arrival-taken-back")) };
    let shown = view(w, visit).map(|it| it.said).filter(|said| !said.is_empty());
    let said = shown.unwrap_or_else(|| w.clock(now + TimeDelta::minutes(minutes.into())));
    Notice::good(w.with("arrival-noted", "time", &said))
}

/// `POST /visit/arrival`
pub(crate) async fn by_visitor(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let (_, visit, caller) = current(&edge, &guest).await?;
    let request = request(visit.to_string(), &sent)?;
    let minutes = request.minutes;
    let notice = match answer(edge.arrivals(&caller).tell_arrival(request)).await {
        Ok(visit) => noted(&guest.words, minutes, &visit, edge.now()),
        Err(status) => refusal::notice(&guest.words, status)?,
    };
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to("/visit").into_response())
}

/// `POST /desk/arrival`
pub(crate) async fn by_desk(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let request = request(sent.get("visit").to_owned(), &sent)?;
    let minutes = request.minutes;
    let told = answer(edge.arrivals(&caller).tell_arrival(request)).await;
    let say = |visit: Visit| noted(&guest.words, minutes, &visit, edge.now());
    outcome(&edge, &guest, told, say, "/desk").await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn what_was_said_is_noted_whether_a_clock_runs_or_not() {
        let w = Words::speaking(Language::German);
        let now = DateTime::from_timestamp(1_795_863_600, 0).expect("a time");
        let none = Visit::default();
        assert_eq!(
            noted(&w, Some(20), &none, now).text,
            w.with("arrival-noted", "time", &w.clock(now + TimeDelta::minutes(20)))
        );
        assert_eq!(noted(&w, None, &none, now).text, w.t("arrival-taken-back"));
    }
}
