//! One monitor, full screen: what signage computed for it, live. Keeps its last content whatever happens.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use kernel::Caller;
use sky_proto::signage::v1::{
    AcknowledgeContentRequest, Content, GetContentRequest, Line, PriorityClass, WatchDisplayRequest, display_update,
};

use crate::{
    edge::{Edge, answer},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, DISPLAYS, Frame, html},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "monitor.html", blocks = ["live"])]
struct MonitorPage {
    w: Frame,
    id: String,
    device: bool,
    revision: u64,
    class: &'static str,
    headline: Two,
    lines: Vec<LineView>,
    fallback: Two,
    as_of: String,
}

/// Both languages: a monitor cannot ask who stands in front of it.
struct Two {
    de: String,
    en: String,
}

struct LineView {
    kind: String,
    text: Two,
    detail: Two,
    time: String,
    places: String,
    status: String,
    status_kind: &'static str,
    arrow: &'static str,
    step_free: bool,
    until_millis: i64,
}

fn two(text: &Option<sky_proto::kernel::v1::LocalizedText>) -> Two {
    text.as_ref().map_or_else(
        || Two { de: String::new(), en: String::new() },
        |text| Two { de: text.de.clone(), en: if text.en == text.de { String::new() } else { text.en.clone() } },
    )
}

fn line(w: &Words, line: &Line) -> LineView {
    let (status, status_kind) = match line.status.as_str() {
        "doors_open" => ("monitor-doors-open", "good"),
        "last_call" => ("monitor-last-call", "few"),
        "running" => ("monitor-running", "plain"),
        "delayed" => ("monitor-delayed", "few"),
        "cancelled" => ("monitor-cancelled", "bad"),
        _ => ("", "plain"),
    };
    LineView {
        kind: line.kind.clone(),
        text: two(&line.text),
        detail: two(&line.detail),
        time: line.starts_at.map(|at| w.time(&Some(at))).unwrap_or_default(),
        places: line.places_left.map(|places| w.n("monitor-places", places)).unwrap_or_default(),
        status: if status.is_empty() { String::new() } else { w.t(status) },
        status_kind,
        arrow: match line.arrow.as_str() {
            "up" => "↑",
            "down" => "↓",
            "left" => "←",
            "right" => "→",
            "ahead" => "↑",
            _ => "",
        },
        step_free: line.step_free,
        until_millis: w.millis(&line.valid_until),
    }
}

fn view(w: Frame, content: &Content, device: bool) -> MonitorPage {
    MonitorPage {
        id: content.display_id.clone(),
        device,
        revision: content.revision,
        class: match content.priority_class() {
            PriorityClass::Unspecified | PriorityClass::Default => "default",
            PriorityClass::Scheduled => "scheduled",
            PriorityClass::Operations => "operations",
            PriorityClass::Safety => "safety",
            PriorityClass::Evacuation => "evacuation",
        },
        headline: two(&content.headline),
        lines: content.lines.iter().map(|it| line(&w, it)).collect(),
        fallback: two(&content.fallback),
        as_of: w.time(&content.computed_at),
        w,
    }
}

/// A paired display looks at itself; staff may look at any.
fn who(guest: &Guest, id: &str) -> Result<(Caller, bool), Problem> {
    let device = guest.session.as_ref().and_then(|session| session.device.as_ref());
    match device {
        Some(device) if device.kind == "display" && device.id == id => {
            Ok((Caller::Device { id: device.id.clone(), kind: device.kind.clone() }, true))
        }
        Some(_) => Err(Problem::wrong_role()),
        None => Ok((guest.staff(DISPLAYS)?, false)),
    }
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (caller, device) = who(&guest, &id)?;
    let content = answer(edge.signage(&caller).get_content(GetContentRequest { display_id: id.clone() })).await?;
    page::page(&view(guest.frame(id), &content, device))
}

pub(crate) async fn live(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    after: After,
) -> Result<Response, Problem> {
    let (caller, device) = who(&guest, &id)?;
    let request = WatchDisplayRequest { display_id: id, after_revision: after.after };
    let updates = answer(edge.signage(&caller).watch_display(request)).await?;
    let frame = guest.frame(String::new());
    let fragments = updates.filter_map(move |update| {
        let fragment = match update.map(|update| update.update) {
            Ok(Some(display_update::Update::Content(content))) => {
                let view = view(frame.clone(), &content, device);
                Some(html(view.as_live().render()).map(|html| Fragment { revision: content.revision, html }))
            }
            // The edge sends beats of its own.
            Ok(Some(display_update::Update::Beat(_)) | None) => None,
            Err(status) => Some(Err(status.into())),
        };
        async move { fragment }
    });
    Ok(live::respond(&edge, fragments))
}

/// The display says that it has rendered a revision; staff who only look say nothing.
pub(crate) async fn shown(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let (caller, device) = who(&guest, &id)?;
    if device {
        let revision = sent.get("revision").parse().map_err(|_| Problem::bad_form())?;
        answer(edge.signage(&caller).acknowledge_content(AcknowledgeContentRequest { display_id: id, revision }))
            .await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
