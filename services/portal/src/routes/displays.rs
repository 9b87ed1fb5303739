//! The monitors: what each is to show, whether it really does, and pairing of new devices.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, Coded, Role, values};
use sky_proto::signage::v1::{Display, DisplayState, ListDisplaysRequest, PriorityClass};

use crate::{
    commands,
    edge::{Edge, answer},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, DISPLAYS, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

/// How often the table is looked at again while somebody watches it.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(3);

#[derive(Template)]
#[template(path = "displays.html", blocks = ["live"])]
struct DisplaysPage {
    w: Frame,
    displays: Vec<DisplayView>,
    may_pair: bool,
}

struct DisplayView {
    id: String,
    name: String,
    location: String,
    state: String,
    kind: &'static str,
    class: String,
    revision: u64,
    rendered: u64,
    seen: String,
}

fn display(w: &Words, display: &Display) -> DisplayView {
    let (key, kind) = match display.state() {
        DisplayState::Active => ("display-active", "good"),
        DisplayState::Offline => ("display-offline", "bad"),
        DisplayState::Unclaimed | DisplayState::Unspecified => ("display-unclaimed", "plain"),
    };
    DisplayView {
        id: display.display_id.clone(),
        name: w.text(&display.name),
        location: display.location.clone(),
        state: w.t(key),
        kind,
        class: w.t(match display.shown_class() {
            PriorityClass::Unspecified | PriorityClass::Default => "class-default",
            PriorityClass::Scheduled => "class-scheduled",
            PriorityClass::Operations => "class-operations",
            PriorityClass::Safety => "class-safety",
            PriorityClass::Evacuation => "class-evacuation",
        }),
        revision: display.revision,
        rendered: display.rendered_revision,
        seen: display.last_seen_at.map(|at| w.time(&Some(at))).unwrap_or_default(),
    }
}

fn may_pair(caller: &Caller) -> bool {
    matches!(caller, Caller::Staff { roles, .. } if roles.contains(&Role::Desk) || roles.contains(&Role::Admin))
}

async fn view(edge: &Edge, w: Frame, caller: &Caller) -> Result<DisplaysPage, Problem> {
    let displays = answer(edge.signage(caller).list_displays(ListDisplaysRequest {})).await?.displays;
    Ok(DisplaysPage { displays: displays.iter().map(|it| display(&w, it)).collect(), may_pair: may_pair(caller), w })
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    page::page(&view(&edge, guest.frame(guest.words.t("displays-title")), &caller).await?)
}

/// The table again whenever it has changed: there is no stream over all displays.
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, _: After) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let tables = futures::stream::unfold((String::new(), 0_u64), move |(mut last, mut revision)| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            loop {
                let table = match view(&edge, frame.clone(), &caller).await {
                    Ok(view) => html(view.as_live().render()),
                    Err(problem) => Err(problem),
                };
                match table {
                    Ok(table) if table == last => tokio::time::sleep(REFRESH).await,
                    Ok(table) => {
                        last.clone_from(&table);
                        revision += 1;
                        return Some((Ok(Fragment { revision, html: table }), (last, revision)));
                    }
                    Err(problem) => return Some((Err(problem), (last, revision))),
                }
            }
        }
    });
    Ok(live::respond(&edge, tables))
}

pub(crate) async fn approve(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let by = guest.staff(&[Role::Desk])?.for_the_record();
    let device = sent.get("device").to_owned();
    let notice = match edge.approve_pairing(sent.get("claim_code"), &device, by).await {
        Ok(()) => Notice::good(guest.words.with("display-paired", "name", &device)),
        Err(error) if matches!(error.code(), Code::NotFound | Code::InvalidArgument) => {
            Notice::bad(guest.words.t("display-no-pairing"))
        }
        Err(error) => return Err(error.into()),
    };
    guest.tell(&edge, notice).await?;
    Ok(Redirect::to("/displays").into_response())
}

pub(crate) async fn revoke(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    guest.staff(&[Role::Desk])?;
    let device = values::slug("device", sent.get("device"))?.to_owned();
    let name = device.clone();
    edge.db.transact(move |tx| Box::pin(async move { commands::revoke_device(tx, &device).await })).await?;
    guest.tell(&edge, Notice::good(guest.words.with("display-revoked", "name", &name))).await?;
    Ok(Redirect::to("/displays").into_response())
}
