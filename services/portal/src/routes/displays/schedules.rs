//! Schedules: on which displays, on which days and in which part of the day a playlist runs.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use kernel::{Caller, Code};
use serde::Deserialize;
use sky_proto::signage::v1::{ListProgrammesRequest, ListProgrammesResponse, RemoveScheduleRequest, Schedule};

use super::{playlists::new_id, wall};
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, DESK, Frame},
    problem::Problem,
    refusal::sentence,
    routes::desk_actions::outcome,
    session::{Guest, Notice},
    words::Words,
};

const HERE: &str = "/displays/schedules";

#[derive(Template)]
#[template(path = "displays-schedules.html")]
struct SchedulesPage {
    w: Frame,
    schedules: Vec<ScheduleView>,
    /// What stands in the form: a new one, or one that is changed.
    form: Schedule,
    is_new: bool,
    lists: Vec<Pick>,
    groups: Vec<Pick>,
    weekdays: Vec<Pick>,
    parts: Vec<Part>,
    /// Own times instead of a part of the day.
    own_times: bool,
    problem: String,
}

struct ScheduleView {
    id: String,
    list: String,
    when: String,
    to: String,
    how: String,
}

/// Something to choose, and whether it is chosen.
struct Pick {
    id: String,
    name: String,
    chosen: bool,
}

/// A part of the day that has a name.
struct Part {
    id: String,
    name: String,
    from: String,
    until: String,
    chosen: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Of {
    /// The schedule to be changed.
    schedule: String,
}

/// "Mo Di Mi", or every day.
fn weekdays(w: &Words, days: &[u32]) -> String {
    if days.is_empty() || days.len() == 7 {
        return w.t("every-day");
    }
    days.iter().map(|day| w.t(&format!("weekday-{day}"))).collect::<Vec<_>>().join(" ")
}

fn view(w: &Words, it: &Schedule, programmes: &ListProgrammesResponse) -> ScheduleView {
    let list = programmes.playlists.iter().find(|list| list.playlist_id == it.playlist_id);
    let part = programmes.day_parts.iter().find(|part| (&part.from, &part.until) == (&it.from, &it.until));
    let mut when = format!("{}, {}–{}", weekdays(w, &it.weekdays), it.from, it.until);
    if let Some(part) = part {
        when = format!("{when} ({})", w.text(&part.name));
    }
    for (key, day) in [("schedule-from-day", &it.first_day), ("schedule-until-day", &it.last_day)] {
        if !day.is_empty() {
            when = format!("{when}, {}", w.with(key, "day", &day_of(w, day)));
        }
    }
    let groups: Vec<String> = it.groups.iter().map(|group| wall::group_name(w, group)).collect();
    ScheduleView {
        id: it.schedule_id.clone(),
        list: list.map_or_else(|| it.playlist_id.clone(), |list| w.text(&list.name)),
        when,
        to: if groups.is_empty() { w.t("message-all") } else { groups.join(", ") },
        how: w.t(if it.beside { "schedule-beside" } else { "schedule-instead" }),
    }
}

fn day_of(w: &Words, day: &str) -> String {
    day.parse().map_or_else(|_| day.to_owned(), |day| w.short_date(day))
}

async fn show(
    edge: &Edge,
    guest: &Guest,
    caller: &Caller,
    form: Option<Schedule>,
    of: &str,
    problem: String,
) -> Result<Response, Problem> {
    let programmes = answer(edge.programmes(caller).list_programmes(ListProgrammesRequest {})).await?;
    let displays = wall::displays(edge, caller).await?;
    let w = guest.frame(guest.words.t("schedules-title"));
    let stored = programmes.schedules.iter().find(|it| it.schedule_id == of);
    let form = form.or_else(|| stored.cloned()).unwrap_or_else(|| first(&programmes));
    let parts: Vec<Part> = programmes
        .day_parts
        .iter()
        .map(|part| Part {
            id: part.part_id.clone(),
            name: w.text(&part.name),
            chosen: (&part.from, &part.until) == (&form.from, &form.until),
            from: part.from.clone(),
            until: part.until.clone(),
        })
        .collect();
    page::page(&SchedulesPage {
        schedules: programmes.schedules.iter().map(|it| view(&w, it, &programmes)).collect(),
        lists: programmes
            .playlists
            .iter()
            .map(|list| Pick {
                id: list.playlist_id.clone(),
                name: w.text(&list.name),
                chosen: list.playlist_id == form.playlist_id,
            })
            .collect(),
        groups: wall::groups(&displays)
            .into_iter()
            .map(|id| Pick { name: wall::group_name(&w, &id), chosen: form.groups.contains(&id), id })
            .collect(),
        weekdays: (1..=7)
            .map(|day| Pick {
                id: day.to_string(),
                name: w.t(&format!("weekday-{day}")),
                chosen: form.weekdays.is_empty() || form.weekdays.contains(&day),
            })
            .collect(),
        own_times: !parts.iter().any(|part| part.chosen),
        parts,
        is_new: stored.is_none(),
        form,
        problem,
        w,
    })
}

/// What a new one begins with: the first part of the day.
fn first(programmes: &ListProgrammesResponse) -> Schedule {
    let part = programmes.day_parts.first().cloned().unwrap_or_default();
    Schedule { from: part.from, until: part.until, ..Default::default() }
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(of): Query<Of>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    show(&edge, &guest, &caller, None, &of.schedule, String::new()).await
}

pub(crate) async fn put(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let programmes = answer(edge.programmes(&caller).list_programmes(ListProgrammesRequest {})).await?;
    let part = programmes.day_parts.iter().find(|part| part.part_id == sent.get("part"));
    let (from, until) = part.map_or_else(
        || (sent.get("from").to_owned(), sent.get("until").to_owned()),
        |part| (part.from.clone(), part.until.clone()),
    );
    let playlist_id = sent.get("playlist").to_owned();
    let schedule = Schedule {
        schedule_id: match sent.get("schedule") {
            "" => new_id(&playlist_id),
            id => id.to_owned(),
        },
        playlist_id,
        groups: sent.all("group"),
        weekdays: sent.all("weekday").iter().filter_map(|day| day.parse().ok()).collect(),
        from,
        until,
        first_day: sent.get("first_day").to_owned(),
        last_day: sent.get("last_day").to_owned(),
        beside: sent.is_on("beside"),
    };
    match answer(edge.programmes(&caller).put_schedule(schedule.clone())).await {
        Ok(stored) => {
            let view = view(&guest.words, &stored, &programmes);
            let notice = Notice::good(guest.words.with("schedule-stored", "name", &view.list)).with(view.when);
            guest.tell(&edge, notice).await?;
            Ok(Redirect::to(HERE).into_response())
        }
        Err(status) if Code::from_grpc(status.code()) == Code::InvalidArgument => {
            let refused = sentence(&guest.words, &status);
            let page = show(&edge, &guest, &caller, Some(schedule), sent.get("schedule"), refused).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(status) => Err(status.into()),
    }
}

pub(crate) async fn remove(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let removed = answer(edge.programmes(&caller).remove_schedule(RemoveScheduleRequest { schedule_id: id })).await;
    outcome(&edge, &guest, removed, |_| Notice::good(guest.words.t("schedule-removed")), HERE).await
}
