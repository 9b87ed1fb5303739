//! A stored day as it was and as it would have been with other thresholds: a bar over the day for each zone, and the
//! same in figures.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Caller, Code, values::from_timestamp};
use serde::Deserialize;
use sky_proto::flow::v1::{
    EscapeGroupReplay, LevelSpan, PolicyProposal, Quality, ReplayDayRequest, ReplayDayResponse, Threshold, Thresholds,
    WatchFlowRequest, ZoneCourse, ZoneKind, ZoneLevel, ZoneReplay,
};

use super::{measures, zones};

use crate::{
    edge::{Edge, answer, first},
    page::{DESK, Frame, page},
    problem::Problem,
    refusal,
    session::Guest,
    words::{Words, in_halle},
};

/// What was asked; as text, so that what is no number comes back to be mended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    day: String,
    amber: String,
    amber_fall: String,
    red: String,
    red_fall: String,
    stop: String,
    stop_fall: String,
}

/// A level's two fields of the form.
struct Level {
    name: &'static str,
    label: String,
    rise: String,
    fall: String,
}

#[derive(Template)]
#[template(path = "desk-replay.html")]
struct ReplayPage {
    w: Frame,
    day: String,
    latest: String,
    levels: Vec<Level>,
    /// Empty: nothing is wrong.
    problem: String,
    /// Something was asked and answered.
    is_answer: bool,
    /// Zones, and zones that share an escape route.
    zones: Vec<ZoneView>,
    /// What the policy proposes by the levels as they were, and by the replayed ones.
    policy: Vec<PolicyView>,
}

struct PolicyView {
    label: String,
    kind: &'static str,
    proposals: Vec<ProposalView>,
}

struct ProposalView {
    from: String,
    until: String,
    /// "Umleiten: Foyer → AstroGastro"
    what: String,
    /// Why: "Foyer: fast voll"
    why: String,
    /// It holds without asking anybody.
    by_itself: bool,
}

struct ZoneView {
    name: String,
    courses: [CourseView; 2],
}

struct CourseView {
    label: String,
    /// Minutes since the day began and how many, and the level's class.
    spans: Vec<(i64, i64, &'static str)>,
    stops: u32,
    green: Figure,
    amber: Figure,
    red: Figure,
    stop: Figure,
}

/// Minutes, and how good the numbers are on which they rest; empty: there are none.
struct Figure {
    minutes: u32,
    quality: String,
}

fn or<'t>(typed: &'t str, usual: &'t str) -> &'t str {
    if typed.is_empty() { usual } else { typed }
}

/// Those of the whole house, with which a form begins; a zone may have its own.
async fn present(edge: &Edge, caller: &Caller) -> Result<Thresholds, Problem> {
    let flow = first(edge.flow(caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let house = flow.zones.iter().find(|zone| zone.kind() == ZoneKind::House).or(flow.zones.first());
    Ok(house.and_then(|zone| zone.thresholds).unwrap_or_default())
}

impl Asked {
    fn levels(&self, w: &Words, present: &Thresholds) -> Vec<Level> {
        let typed = [
            ("amber", "level-amber", &self.amber, &self.amber_fall),
            ("red", "level-red", &self.red, &self.red_fall),
            ("stop", "level-stop", &self.stop, &self.stop_fall),
        ];
        typed
            .into_iter()
            .zip([present.amber, present.red, present.stop])
            .map(|((name, key, rise, fall), present)| {
                let present = present.unwrap_or_default();
                Level {
                    name,
                    label: w.t(key),
                    rise: or(rise.trim(), &present.rise.to_string()).to_owned(),
                    fall: or(fall.trim(), &present.fall.to_string()).to_owned(),
                }
            })
            .collect()
    }
}

/// What is no number is none that the door takes.
fn thresholds(levels: &[Level]) -> Thresholds {
    let of = |name: &str| {
        let level = levels.iter().find(|level| level.name == name)?;
        Some(Threshold { rise: level.rise.parse().unwrap_or(0), fall: level.fall.parse().unwrap_or(0) })
    };
    Thresholds { amber: of("amber"), red: of("red"), stop: of("stop") }
}

fn course(w: &Words, key: &str, course: Option<ZoneCourse>, begin: DateTime<Utc>) -> CourseView {
    let course = course.unwrap_or_default();
    let span = |span: &sky_proto::flow::v1::LevelSpan| {
        let (from, until) = (from_timestamp(span.from), from_timestamp(span.until));
        let class = match span.level() {
            ZoneLevel::Unspecified | ZoneLevel::Green => "green",
            ZoneLevel::Amber => "amber",
            ZoneLevel::Red => "red",
            ZoneLevel::Stop => "stop",
        };
        ((from - begin).num_minutes().max(0), (until - from).num_minutes().max(1), class)
    };
    let figure = |minutes, level: ZoneLevel| {
        let within = course.spans.iter().filter(|span| span.level() == level).map(LevelSpan::quality);
        let worst = within.max_by_key(|quality| rank(*quality));
        Figure { minutes, quality: worst.map(|worst| zones::quality(w, worst)).unwrap_or_default() }
    };
    CourseView {
        label: w.t(key),
        spans: course.spans.iter().map(span).collect(),
        stops: course.stops,
        green: figure(course.minutes_green, ZoneLevel::Green),
        amber: figure(course.minutes_amber, ZoneLevel::Amber),
        red: figure(course.minutes_red, ZoneLevel::Red),
        stop: figure(course.minutes_stop, ZoneLevel::Stop),
    }
}

/// Of several numbers the worst is said, as of a sum.
const fn rank(quality: Quality) -> u8 {
    match quality {
        Quality::Unspecified | Quality::Live => 0,
        Quality::Manual => 1,
        Quality::Estimated => 2,
        Quality::Degraded => 3,
    }
}

fn zone(w: &Words, it: ZoneReplay, begin: DateTime<Utc>) -> ZoneView {
    ZoneView {
        name: w.text(&it.name),
        courses: [course(w, "replay-was", it.as_it_was, begin), course(w, "replay-would", it.replayed, begin)],
    }
}

fn group(w: &Words, it: EscapeGroupReplay, begin: DateTime<Utc>) -> ZoneView {
    ZoneView {
        name: w.with("group-limit", "name", &w.text(&it.name)),
        courses: [course(w, "replay-was", it.as_it_was, begin), course(w, "replay-would", it.replayed, begin)],
    }
}

fn proposals(w: &Words, key: &'static str, day: &ReplayDayResponse, proposals: &[PolicyProposal]) -> PolicyView {
    let view = |it: &PolicyProposal| {
        let plan = it.plan.clone().unwrap_or_default();
        let group = day.groups.iter().find(|group| group.group_id == it.group_id);
        let full = group.map_or(&plan.from_zone_name, |group| &group.name);
        let (key, _, _) = zones::level_of(it.level());
        ProposalView {
            from: w.time(&it.from),
            until: w.time(&it.until),
            what: measures::planned(w, &plan),
            why: format!("{}: {}", w.text(full), w.t(key)),
            by_itself: it.by_itself,
        }
    };
    PolicyView { label: w.t(key), kind: key, proposals: proposals.iter().map(view).collect() }
}

/// Only looks.
pub(crate) async fn look(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let w = guest.frame(guest.words.t("replay-title"));
    let today = in_halle(edge.now());
    let levels = asked.levels(&w, &present(&edge, &caller).await?);
    let day = or(asked.day.trim(), &today.to_string()).to_owned();
    let (mut problem, mut zones, mut policy) = (String::new(), Vec::new(), Vec::new());
    let is_asked = !asked.day.is_empty();
    if is_asked {
        let request =
            ReplayDayRequest { day: day.clone(), thresholds: Some(thresholds(&levels)), ..Default::default() };
        match answer(edge.zones(&caller).replay_day(request)).await {
            Ok(replayed) => {
                let begin = midnight(&day).unwrap_or_else(|| edge.now() - TimeDelta::days(1));
                policy = vec![
                    proposals(&w, "replay-was", &replayed, &replayed.policy_as_it_was),
                    proposals(&w, "replay-would", &replayed, &replayed.policy_replayed),
                ];
                let of_groups = replayed.groups.into_iter().map(|it| group(&w, it, begin));
                zones = replayed.zones.into_iter().map(|it| zone(&w, it, begin)).chain(of_groups).collect();
            }
            Err(status) if Code::from_grpc(status.code()) == Code::InvalidArgument => {
                problem = refusal::sentence(&w, &status);
            }
            Err(status) => return Err(status.into()),
        }
    }
    page(&ReplayPage {
        is_answer: is_asked && problem.is_empty(),
        day,
        latest: today.to_string(),
        levels,
        problem,
        zones,
        policy,
        w,
    })
}

/// When a day begins in Halle.
fn midnight(day: &str) -> Option<DateTime<Utc>> {
    day.parse().ok().map(kernel::values::midnight)
}
