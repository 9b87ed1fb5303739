//! One monitor as staff keep it: how it is, what is wrong with it, how it is set up, the picture of its screen.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use kernel::{Caller, clock::wall_now, values::from_timestamp};
use sky_proto::signage::v1::{
    Absence, ChangeDisplayRequest, Display, Fault, GetScreenshotRequest, ListAbsencesRequest, ListAbsencesResponse,
    ListFaultsRequest, Orientation, RequestScreenshotRequest, Screenshot,
};
use tonic::Code;

use super::wall;
use crate::{
    edge::{Edge, answer},
    fields::Fields,
    page::{self, DESK, Frame},
    problem::Problem,
    routes::{desk_actions::outcome, monitor::screen::panel_cm},
    session::{Guest, Notice},
    words::Words,
};

/// So many faults that are over are repeated here.
const FAULTS: usize = 20;
/// So many times at which it was silent.
const ABSENCES: usize = 20;
pub(super) const PROFILES: [&str; 7] = ["foyer", "dome_door", "wayfinding", "parking", "cafe", "queue", "room_door"];

#[derive(Template)]
#[template(path = "displays-screen.html")]
struct ScreenPage {
    w: Frame,
    it: Display,
    /// State, colour and cause.
    state: String,
    kind: &'static str,
    cause: String,
    headline: String,
    /// "vor 12 Sekunden"; empty: never heard.
    heard: String,
    health: Vec<(String, String)>,
    faults: Vec<FaultView>,
    /// How often and how long it was silent this week; and when.
    away: String,
    absences: Vec<String>,
    picture: Picture,
    groups: Vec<(String, String, bool)>,
    profiles: Vec<(&'static str, String, bool)>,
    is_portrait: bool,
    /// Why a usual panel will not do; empty: it does.
    panel: String,
}

struct FaultView {
    is_open: bool,
    what: String,
    reason: String,
    /// "seit 14:32", or "14:32–14:40"
    when: String,
}

/// What is known of the screen's picture.
struct Picture {
    /// There is one.
    is_there: bool,
    /// What is to be said of it.
    word: String,
}

pub(super) async fn display(edge: &Edge, caller: &Caller, id: &str) -> Result<Display, Problem> {
    let displays = wall::displays(edge, caller).await?;
    displays.into_iter().find(|display| display.display_id == id).ok_or_else(Problem::no_page)
}

/// What a player reports has words here when it is one of the usual things.
fn fault(w: &Words, it: &Fault) -> FaultView {
    let key = match it.code.as_str() {
        code if code.starts_with("media-") => "fault-media",
        "clock" => "fault-clock",
        "no-data" => "fault-no-data",
        "not-offline-ready" => "fault-offline",
        "script" => "fault-script",
        "plays-refused" => "fault-plays",
        _ => "",
    };
    let clock = |at| w.clock(from_timestamp(at));
    let since = format!("{} {}", w.day(&it.incident_at), clock(it.incident_at));
    FaultView {
        is_open: it.over_at.is_none(),
        what: if key.is_empty() { it.code.clone() } else { w.t(key) },
        // What it says is for people; the id of a file only when there is nothing else.
        reason: if it.reason.is_empty() { it.subject.clone() } else { it.reason.clone() },
        when: it
            .over_at
            .map_or_else(|| w.with("display-since", "time", &since), |over| format!("{since}–{}", clock(Some(over)))),
    }
}

/// "In den letzten sieben Tagen 3-mal, zusammen 0:42 h."
fn away(w: &Words, it: &ListAbsencesResponse) -> String {
    let minutes = it.seconds_in_a_week.div_ceil(60);
    let whole = format!("{}:{:02} h", minutes / 60, minutes % 60);
    w.args_of("absences-week", it.times_in_a_week, &whole)
}

/// "Donnerstag, 26. November, 14:32–14:40", with the day of its end where that is another one.
fn absence(w: &Words, it: &Absence) -> String {
    let from = w.day_and_time(&it.from);
    match &it.until {
        None => w.with("display-since", "time", &from),
        Some(_) if w.day(&it.until) == w.day(&it.from) => format!("{from}–{}", w.time(&it.until)),
        Some(_) => format!("{from} – {}", w.day_and_time(&it.until)),
    }
}

/// `drawn`: the player is a page, which draws itself once more.
fn picture(w: &Words, last: Option<&Screenshot>, drawn: bool, edge: &Edge) -> Picture {
    let Some(last) = last else { return Picture { is_there: false, word: w.t("picture-none") } };
    let asked = w.time(&last.requested_at);
    let (is_there, key) = match last {
        it if !it.media_type.is_empty() && drawn => (true, "picture-drawn"),
        it if !it.media_type.is_empty() => (true, "picture-taken"),
        it if !it.not_possible.is_empty() => (false, "picture-not-supported"),
        it if edge.now() < from_timestamp(it.expires_at) => (false, "picture-asked"),
        _ => (false, "picture-no-answer"),
    };
    Picture { is_there, word: w.with(key, "time", &if is_there { w.time(&last.taken_at) } else { asked }) }
}

fn health(w: &Words, it: &Display) -> Vec<(String, String)> {
    let mut rows =
        vec![(w.t("health-revision"), w.of("health-revisions", number(it.rendered_revision), number(it.revision)))];
    if let Some(health) = &it.health {
        let seconds = health.skew_millis.abs() / 1000;
        let tenths = health.skew_millis.abs() % 1000 / 100;
        let sign = if health.skew_millis < 0 { "−" } else { "+" };
        // Players of others say no more than what they are.
        if health.width > 0 {
            rows.extend([
                (w.t("health-size"), format!("{} × {}", health.width, health.height)),
                (w.t("health-clock"), format!("{sign}{seconds}.{tenths} s")),
                (w.t("health-zone"), health.time_zone.clone()),
            ]);
        }
        rows.push((w.t("health-player"), health.player.clone()));
        let said = [
            ("health-name", &health.device_name),
            ("health-address", &health.lan_address),
            ("health-status", &health.status),
        ];
        rows.extend(said.into_iter().filter(|(_, it)| !it.is_empty()).map(|(key, it)| (w.t(key), it.clone())));
        // Not every browser tells how much room there is.
        if health.total_bytes > 0 {
            rows.push((w.t("health-room"), format!("{} MB", health.available_bytes / 1_000_000)));
        }
    }
    rows
}

fn number(revision: u64) -> usize {
    usize::try_from(revision).unwrap_or(usize::MAX)
}

/// "vor 12 s", by the machine's clock: a device is not heard faster in a simulation.
fn heard(w: &Words, it: &Display) -> String {
    let Some(at) = it.last_seen_at else { return String::new() };
    let seconds = (wall_now() - from_timestamp(Some(at))).num_seconds().max(0);
    if seconds < 120 { w.n("heard-seconds", seconds) } else { w.n("heard-minutes", seconds / 60) }
}

pub(crate) async fn page(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let it = display(&edge, &caller, &id).await?;
    let all = wall::displays(&edge, &caller).await?;
    let faults = answer(edge.devices(&caller).list_faults(ListFaultsRequest { display_id: id.clone() })).await?.faults;
    let request = ListAbsencesRequest { display_id: id.clone() };
    let absences = answer(edge.devices(&caller).list_absences(request)).await?;
    let last = last_picture(&edge, &caller, &id).await?;
    let w = guest.frame(guest.words.text(&it.name));
    let (state, kind) = wall::state(&w, &it, wall::is_night(&edge));
    let is_page = it.health.as_ref().is_some_and(|health| health.player.starts_with("web/"));
    page::page(&ScreenPage {
        state,
        kind,
        cause: w.text(&it.cause),
        headline: w.text(&it.headline),
        heard: heard(&w, &it),
        health: health(&w, &it),
        faults: faults.iter().take(FAULTS).map(|it| fault(&w, it)).collect(),
        away: away(&w, &absences),
        absences: absences.absences.iter().take(ABSENCES).map(|it| absence(&w, it)).collect(),
        picture: picture(&w, last.as_ref(), is_page, &edge),
        groups: wall::groups(&all)
            .into_iter()
            .map(|group| (group.clone(), wall::group_name(&w, &group), it.groups.contains(&group)))
            .collect(),
        profiles: PROFILES
            .into_iter()
            .map(|profile| (profile, w.t(&format!("profile-{}", profile.replace('_', "-"))), it.profile == profile))
            .collect(),
        is_portrait: it.orientation() == Orientation::Portrait,
        panel: panel_cm(it.viewing_distance_m).map(|cm| w.n("screen-panel", cm)).unwrap_or_default(),
        it,
        w,
    })
}

fn here(id: &str) -> String {
    format!("/displays/screens/{id}")
}

pub(crate) async fn change(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
    sent: Fields,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    display(&edge, &caller, &id).await?;
    // Its own group first, then the others, then a new one.
    let mut groups = vec![sent.get("own_group").to_owned()];
    groups.extend(sent.all("group"));
    groups.extend(sent.get("new_group").split([',', ' ']).map(str::to_owned));
    groups.retain(|group| !group.is_empty());
    let request = ChangeDisplayRequest {
        display_id: id.clone(),
        as_in_house_file: sent.is_on("as_in_house_file"),
        location: sent.get("location").to_owned(),
        orientation: sent.choice("orientation"),
        viewing_distance_m: sent.count("viewing_distance_m").unwrap_or_default(),
        profile: sent.get("profile").to_owned(),
        groups,
    };
    let changed = answer(edge.devices(&caller).change_display(request)).await;
    outcome(&edge, &guest, changed, |_| Notice::good(guest.words.t("screen-changed")), &here(&id)).await
}

pub(crate) async fn ask(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    display(&edge, &caller, &id).await?;
    let request = RequestScreenshotRequest { display_id: id.clone(), ttl_seconds: 0 };
    let asked = answer(edge.devices(&caller).request_screenshot(request)).await;
    outcome(&edge, &guest, asked, |_| Notice::good(guest.words.t("picture-now-asked")), &here(&id)).await
}

async fn last_picture(edge: &Edge, caller: &Caller, id: &str) -> Result<Option<Screenshot>, Problem> {
    let request = GetScreenshotRequest { screenshot_id: String::new(), display_id: id.to_owned() };
    match answer(edge.devices(caller).get_screenshot(request)).await {
        Ok(last) => Ok(Some(last)),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// The picture itself; signage has looked at its content.
pub(crate) async fn picture_of(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    match last_picture(&edge, &caller, &id).await? {
        Some(last) if !last.media_type.is_empty() => {
            Ok(([(header::CONTENT_TYPE, last.media_type)], last.picture).into_response())
        }
        _ => Err(Problem::no_page()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::values::timestamp;

    use super::*;

    #[test]
    fn of_a_display_that_was_never_heard_nobody_reads_that_it_was_never_silent() {
        let page = |last_seen_at, absences: &[&str]| {
            let it = Display { last_seen_at, ..Display::default() };
            let w = Frame::default();
            let page = ScreenPage {
                state: String::new(),
                kind: "plain",
                cause: String::new(),
                headline: String::new(),
                heard: heard(&w, &it),
                health: Vec::new(),
                faults: Vec::new(),
                away: String::new(),
                absences: absences.iter().map(|it| (*it).to_owned()).collect(),
                picture: Picture { is_there: false, word: String::new() },
                groups: Vec::new(),
                profiles: Vec::new(),
                is_portrait: false,
                panel: String::new(),
                it,
                w,
            };
            page.render().expect("a page")
        };
        let lately = Some(timestamp(wall_now() - TimeDelta::seconds(3)));
        let (never_silent, never_heard) = ("In den letzten 35 Tagen nie.", "noch nie etwas gehört");
        for (said, is_never_silent, is_never_heard) in [
            (page(None, &[]), false, true),
            (page(lately, &[]), true, false),
            (page(lately, &["Donnerstag, 14:32–14:40"]), false, false),
        ] {
            let says = (said.contains(never_silent), said.contains(never_heard));
            assert_eq!(says, (is_never_silent, is_never_heard), "{said}");
        }
    }
}
