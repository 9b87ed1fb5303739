//! That the house is to be left, above everything else on the boards that staff stand at, and in place of the numbers on the
//! café's. A stream of its own says so, whatever the board itself is about.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use futures::StreamExt;

use crate::{
    alarm::{self, AlarmView, Evacuation, Known},
    edge::Edge,
    live::{self, Fragment},
    page::{Frame, html},
    problem::Problem,
    session::Guest,
    words::{Language, Words},
};

#[derive(Template)]
#[template(path = "visit-alarm.html")]
struct Strip {
    alarm: Option<AlarmView>,
}

/// For whoever reads only one of the two languages.
#[derive(Template)]
#[template(path = "pickup-alarm.html")]
struct Whole {
    alarms: Vec<(&'static str, AlarmView)>,
}

/// What the house's guests and staff are to do, in every language of the board; empty: nothing.
pub(super) async fn in_both(edge: &Arc<Edge>, w: &Words) -> Vec<(&'static str, AlarmView)> {
    both(w, alarm::now(edge).await.as_ref())
}

fn both(w: &Words, evacuation: Option<&Evacuation>) -> Vec<(&'static str, AlarmView)> {
    let Some(evacuation) = evacuation else { return Vec::new() };
    let house = w.house();
    let views = [Language::German, Language::English].map(|language| {
        let words = Words::speaking(language).of_house(house);
        (words.lang(), AlarmView::of(&words, evacuation, true))
    });
    Vec::from(views)
}

/// A board's frame, with what the house says above everything else.
pub(super) async fn frame(edge: &Arc<Edge>, guest: &Guest, title: String) -> Frame {
    let evacuation = alarm::now(edge).await;
    let alarm = evacuation.map(|it| AlarmView::of(&guest.words, &it, true));
    Frame { follows_alarm: true, alarm, ..guest.frame(title) }
}

/// `/alarm`: for the boards.
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    follow(&edge, move |known| {
        let alarm = known.evacuation.as_ref().map(|it| AlarmView::of(&guest.words, it, true));
        Strip { alarm }.render()
    })
}

/// `/pickup/alarm`: for the café's monitor.
pub(crate) async fn live_in_both(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    follow(&edge, move |known| Whole { alarms: both(&guest.words, known.evacuation.as_ref()) }.render())
}

fn follow(
    edge: &Arc<Edge>,
    render: impl Fn(&Known) -> Result<String, askama::Error> + Send + 'static,
) -> Result<Response, Problem> {
    let fragments = alarm::heard(edge).map(move |known| Ok(Fragment { revision: 0, html: html(render(&known))? }));
    Ok(live::respond(edge, fragments))
}
