//! One monitor, full screen: what signage computed for it, live. The page brings with it what a monitor
//! needs when it hears nothing: `static/monitor.js` and `static/worker.js` tell how.

pub(crate) mod report;
pub(crate) mod screen;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response, sse::Event},
};
use data_encoding::HEXLOWER;
use futures::StreamExt;
use kernel::Caller;
use prost::Message;
use serde_json::json;
use sha2::{Digest, Sha256};
use sky_proto::signage::v1::{
    AcknowledgeContentRequest, Command, GetContentRequest, GetStandbyRequest, Standby, WatchDisplayRequest,
    display_update,
};

use crate::{
    edge::{Edge, answer},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, DISPLAYS, Frame},
    problem::Problem,
    session::Guest,
    words::Words,
};

#[derive(Template)]
#[template(path = "monitor.html")]
struct MonitorPage {
    w: Frame,
    id: String,
    /// The monitor itself, not somebody of the staff who looks at it.
    device: bool,
    revision: u64,
    screen: String,
    evacuation: String,
    calm: String,
    profile: String,
    far: u32,
    /// Of what the page brings with it: another one is another page.
    setup: String,
    /// "22:30-08:00", or empty.
    dark: String,
    /// How long figures and facts stay without the house, in seconds; 0: as long as the script says.
    figures: u64,
    facts: u64,
    as_of: String,
    /// In milliseconds.
    now: i64,
}

/// What a monitor hears on its line.
enum Told {
    Content(Fragment),
    /// In the place of whatever it has: the house has begun anew.
    Anew(Fragment),
    Command(Command),
}

impl From<Told> for Event {
    fn from(told: Told) -> Self {
        match told {
            Told::Content(fragment) => fragment.into(),
            Told::Anew(Fragment { revision, html }) => {
                Self::default().event("anew").id(revision.to_string()).data(html)
            }
            Told::Command(command) => {
                let until = Words::default().millis(&command.expires_at);
                let command = json!({ "id": command.command_id, "action": command.action, "until": until });
                Self::default().event("command").data(command.to_string())
            }
        }
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
    let mut signage = edge.signage(&caller);
    let content = answer(signage.get_content(GetContentRequest { display_id: id.clone() })).await?;
    let standby = answer(signage.get_standby(GetStandbyRequest { display_id: id.clone() })).await?;
    page::page(&MonitorPage {
        w: guest.frame(id.clone()),
        id,
        device,
        revision: content.revision,
        screen: screen::html(&content)?,
        setup: setup(&standby),
        evacuation: screen::html(&standby.evacuation.unwrap_or_default())?,
        calm: screen::html(&standby.calm.unwrap_or_default())?,
        profile: standby.profile,
        far: screen::far(standby.viewing_distance_m),
        dark: edge.settings.monitors_dark.clone(),
        figures: edge.settings.monitors_figures_seconds,
        facts: edge.settings.monitors_facts_seconds,
        as_of: screen::as_of(&content),
        now: edge.now().timestamp_millis(),
    })
}

pub(crate) async fn live(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    after: After,
) -> Result<Response, Problem> {
    let (caller, _) = who(&guest, &id)?;
    let request = WatchDisplayRequest { display_id: id, after_revision: after.after };
    let updates = answer(edge.signage(&caller).watch_display(request)).await?;
    let fragments = updates.filter_map(|update| {
        let fragment = match update.map(|update| (update.update, update.anew)) {
            Ok((Some(display_update::Update::Content(content)), anew)) => Some(screen::html(&content).map(|html| {
                let fragment = Fragment { revision: content.revision, html };
                if anew { Told::Anew(fragment) } else { Told::Content(fragment) }
            })),
            Ok((Some(display_update::Update::Command(command)), _)) => Some(Ok(Told::Command(command))),
            // The edge sends beats of its own.
            Ok(_) => None,
            Err(status) => Some(Err(status.into())),
        };
        async move { fragment }
    });
    Ok(live::respond(&edge, fragments))
}

/// The display says that it has rendered a revision, and hears how it is set up; staff who only look say nothing.
pub(crate) async fn shown(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let (caller, device) = who(&guest, &id)?;
    if !device {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut signage = edge.signage(&caller);
    let revision = sent.get("revision").parse().map_err(|_| Problem::bad_form())?;
    answer(signage.acknowledge_content(AcknowledgeContentRequest { display_id: id.clone(), revision })).await?;
    // Here and not with the content: an evacuation waits for nothing.
    let standby = answer(signage.get_standby(GetStandbyRequest { display_id: id })).await?;
    Ok(setup(&standby).into_response())
}

/// What a page has from its beginning on, and no content brings: the size of its letters, its profile, the ways out. As a
/// hash that is the same at all times and on all replicas.
fn setup(standby: &Standby) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {}", standby.profile, screen::far(standby.viewing_distance_m)));
    for mut content in [&standby.evacuation, &standby.calm].into_iter().flatten().cloned() {
        content.computed_at = None;
        for line in &mut content.lines {
            line.observed_at = None;
        }
        hash.update(content.encode_to_vec());
    }
    HEXLOWER.encode(&hash.finalize()[..6])
}

/// The house's time in milliseconds, for clocks that cannot know it.
pub(crate) async fn clock(State(edge): State<Arc<Edge>>) -> String {
    edge.now().timestamp_millis().to_string()
}

#[cfg(test)]
mod tests {
    use kernel::values::Text;
    use sky_proto::signage::v1::{Content, Line};

    use super::*;

    fn standby(at: i64, exit: &str) -> Standby {
        let now = Some(prost_types::Timestamp { seconds: at, nanos: 0 });
        let line = Line { text: Some(Text::new(exit, "Exit").to_proto()), observed_at: now, ..Default::default() };
        let content = Content { lines: vec![line], computed_at: now, ..Default::default() };
        Standby {
            display_id: "foyer-1".to_owned(),
            profile: "foyer".to_owned(),
            viewing_distance_m: 12,
            evacuation: Some(content.clone()),
            calm: Some(content),
        }
    }

    #[test]
    fn a_page_is_another_one_when_its_letters_its_profile_or_its_ways_out_are() {
        let is = setup(&standby(1, "Hauptausgang"));
        assert_eq!(setup(&standby(2, "Hauptausgang")), is, "time changes nothing");
        // Of the same letters.
        assert_eq!(setup(&Standby { viewing_distance_m: 11, ..standby(1, "Hauptausgang") }), is);
        for other in [
            Standby { viewing_distance_m: 5, ..standby(1, "Hauptausgang") },
            Standby { profile: "queue".to_owned(), ..standby(1, "Hauptausgang") },
            standby(1, "Treppenhaus"),
        ] {
            assert_ne!(setup(&other), is, "{other:?}");
        }
    }
}
