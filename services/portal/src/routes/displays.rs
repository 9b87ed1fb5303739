//! The monitors: what each is to show, whether it really does, and pairing of new devices.

pub(crate) mod audit;
mod feed_problem;
pub(crate) mod media;
pub(crate) mod playlists;
pub(crate) mod plays;
pub(crate) mod preview;
pub(crate) mod retired;
pub(crate) mod schedules;
pub(crate) mod screen;
mod wall;
pub(crate) mod warnings;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code, Coded, Role, values};
use uuid::Uuid;

use crate::{
    commands,
    edge::Edge,
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, DESK, DISPLAYS, Frame, html},
    problem::Problem,
    routes::messages::{TEMPLATES, TemplateView},
    session::{Guest, Notice},
};

use self::wall::{Seen, Wall};

/// How often the wall is looked at again while somebody watches it.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(1);

/// How many minutes a message may stay.
const SPANS: [u32; 4] = [15, 30, 60, 240];

#[derive(Template)]
#[template(path = "displays.html", blocks = ["live"])]
struct DisplaysPage {
    w: Frame,
    wall: Wall,
    /// "14:32"
    observed: String,
    /// Id and name, as sorted in the house file; and the groups.
    names: Vec<(String, String)>,
    groups: Vec<(String, String)>,
    templates: Vec<TemplateView>,
    /// For how long a message may be: minutes and their words.
    spans: Vec<(u32, String)>,
    may_pair: bool,
    may_write: bool,
    key: Uuid,
}

fn is_one_of(caller: &Caller, roles: &[Role]) -> bool {
    matches!(caller, Caller::Staff { roles: own, .. }
        if own.iter().any(|role| *role == Role::Admin || roles.contains(role)))
}

async fn view(edge: &Edge, w: Frame, caller: &Caller, seen: &mut Seen) -> Result<DisplaysPage, Problem> {
    let displays = wall::displays(edge, caller).await?;
    Ok(DisplaysPage {
        observed: w.clock(edge.now()),
        wall: wall::look(edge, caller, &w, &displays, seen).await?,
        names: displays.iter().map(|display| (display.display_id.clone(), w.text(&display.name))).collect(),
        groups: wall::groups(&displays).into_iter().map(|id| (id.clone(), wall::group_name(&w, &id))).collect(),
        templates: TEMPLATES.iter().map(|template| template.view(&w)).collect(),
        spans: SPANS.into_iter().map(|minutes| (minutes, w.n("message-minutes", minutes))).collect(),
        may_pair: is_one_of(caller, &[Role::Desk]),
        may_write: is_one_of(caller, DESK),
        key: Uuid::new_v4(),
        w,
    })
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    let frame = guest.frame(guest.words.t("displays-title"));
    page::page(&view(&edge, frame, &caller, &mut Seen::new()).await?)
}

/// The wall again whenever it has changed: there is no stream over all displays.
pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, _: After) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let begun = (String::new(), 0_u64, Seen::new());
    let walls = futures::stream::unfold(begun, move |(mut last, mut revision, mut seen)| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            loop {
                let wall = match view(&edge, frame.clone(), &caller, &mut seen).await {
                    Ok(view) => html(view.as_live().render()),
                    Err(problem) => Err(problem),
                };
                match wall {
                    Ok(wall) if wall == last => tokio::time::sleep(REFRESH).await,
                    Ok(wall) => {
                        last.clone_from(&wall);
                        revision += 1;
                        return Some((Ok(Fragment { revision, html: wall }), (last, revision, seen)));
                    }
                    Err(problem) => return Some((Err(problem), (last, revision, seen))),
                }
            }
        }
    });
    Ok(live::respond(&edge, walls))
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
    let by = guest.staff(&[Role::Desk])?.for_the_record();
    let device = values::slug("device", sent.get("device"))?.to_owned();
    let name = device.clone();
    edge.db.transact(move |tx| Box::pin(async move { commands::revoke_device(tx, &device, &by).await })).await?;
    guest.tell(&edge, Notice::good(guest.words.with("display-revoked", "name", &name))).await?;
    Ok(Redirect::to("/displays").into_response())
}
