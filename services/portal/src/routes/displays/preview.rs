//! What any monitor will show, or would have shown, at any time of any day, as far as it is known now.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use chrono::NaiveDateTime;
use chrono_tz::Europe::Berlin;
use kernel::{Code, values::timestamp};
use serde::Deserialize;
use sky_proto::signage::v1::PreviewDisplayRequest;

use super::screen::display;
use crate::{
    edge::{Edge, answer},
    page::{self, DISPLAYS, Frame},
    problem::Problem,
    routes::monitor::screen,
    session::Guest,
    words,
};

#[derive(Template)]
#[template(path = "displays-preview.html")]
struct PreviewPage {
    w: Frame,
    id: String,
    name: String,
    /// "2026-11-28", "18:00"
    day: String,
    time: String,
    /// "Samstag, 28. November, 18:00"
    when: String,
    class_name: String,
    far: u32,
    is_portrait: bool,
    /// Empty: there is none, and `problem` says why.
    screen: String,
    problem: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct When {
    day: String,
    time: String,
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DISPLAYS)?;
    let it = display(&edge, &caller, &id).await?;
    let here = edge.now().with_timezone(&Berlin).naive_local();
    let or = |typed: String, now: String| if typed.is_empty() { now } else { typed };
    let day = or(when.day, here.format("%Y-%m-%d").to_string());
    let time = or(when.time, here.format("%H:%M").to_string());
    let at =
        NaiveDateTime::parse_from_str(&format!("{day} {time}"), "%Y-%m-%d %H:%M").ok().and_then(words::at_in_halle);
    let name = guest.words.text(&it.name);
    let w = guest.frame(guest.words.with("preview-title", "name", &name));
    let mut page = PreviewPage {
        far: screen::far(it.viewing_distance_m),
        is_portrait: it.orientation() == sky_proto::signage::v1::Orientation::Portrait,
        when: String::new(),
        class_name: String::new(),
        screen: String::new(),
        problem: String::new(),
        id,
        name,
        day,
        time,
        w,
    };
    let Some(at) = at else {
        page.problem = page.w.t("preview-no-time");
        return page::page(&page);
    };
    let request = PreviewDisplayRequest { display_id: page.id.clone(), at: Some(timestamp(at)) };
    match answer(edge.programmes(&caller).preview_display(request)).await {
        Ok(content) => {
            page.when = format!("{}, {}", page.w.date(words::in_halle(at)), page.w.clock(at));
            page.class_name = super::wall::class_name(&page.w, content.priority_class());
            page.screen = screen::html(&content)?;
        }
        Err(status) if Code::from_grpc(status.code()) == Code::InvalidArgument => {
            page.problem = page.w.t("preview-too-far");
        }
        Err(status) => return Err(status.into()),
    }
    page::page(&page)
}
