//! The car park's board: free bays by class, today's rights, the lanes, the state of the site.

mod charging;
pub(crate) mod closures;
pub(crate) mod counts;
pub(crate) mod forecast;
pub(crate) mod gates;
pub(crate) mod stays;

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use kernel::{Caller, Role, values::timestamp};
use prost_types::Timestamp;
use sky_proto::parking::v1::{
    Alternative, BayClass, Direction, ListRightsRequest, RecordLaneRequest, Right, RightState, Site, SiteState,
    WatchSiteRequest, record_lane_response::Verdict,
};

use super::{desk_actions::outcome, elsewhere, house_alarm};
use crate::{
    edge::{Edge, answer, first},
    fields::Fields,
    live::{self, After, Fragment},
    page::{self, CARPARK, Frame, html},
    problem::Problem,
    session::{Guest, Notice},
    words::Words,
};

#[derive(Template)]
#[template(path = "carpark.html", blocks = ["live"])]
struct CarparkPage {
    w: Frame,
    revision: u64,
    name: String,
    state: String,
    state_kind: &'static str,
    reason: String,
    /// Until when it is closed; empty: it is not, or until further notice.
    until: String,
    /// What to take back; empty: nothing.
    closure: String,
    classes: Vec<ClassView>,
    /// How the charging points are; empty: nobody tells.
    charging: String,
    lanes: Vec<gates::LaneView>,
    gate_reasons: Vec<String>,
    /// Lanes of the house file, one way and the other, of which the attendant's form names one.
    ways: [Ways; 2],
    elsewhere: Vec<PlaceView>,
    rights: Vec<RightView>,
    as_of: String,
    bays: Vec<(i32, String)>,
    states: Vec<(i32, String)>,
    may_work: bool,
    may_set: bool,
    key: String,
}

/// Where cars pass in one direction.
struct Ways {
    field: &'static str,
    label: String,
    lanes: Vec<String>,
}

struct ClassView {
    name: String,
    /// Empty: not known.
    free: String,
    capacity: u32,
    expected: u32,
}

/// Another car park.
struct PlaceView {
    name: String,
    walk: String,
    free: String,
    /// Who tells it, and when they did last; empty: nobody does.
    source: String,
}

struct RightView {
    reference: String,
    class: String,
    from: String,
    until: String,
    /// When a coach stands at the kerb; empty: another vehicle.
    stops: String,
    /// What somebody must see to; empty: nothing.
    trouble: String,
    state: String,
    kind: &'static str,
}

pub(crate) fn class(w: &Words, class: BayClass) -> String {
    w.t(match class {
        BayClass::Accessible => "bay-accessible",
        BayClass::Coach => "bay-coach",
        BayClass::Ev => "bay-ev",
        BayClass::Family => "bay-family",
        BayClass::Bicycle => "bay-bicycle",
        BayClass::Standard | BayClass::Unspecified => "bay-standard",
    })
}

/// "until 18:00", with the day if it is another one; empty without an end.
fn until(w: &Words, at: &Option<Timestamp>) -> String {
    at.as_ref().map(|_| w.with("site-until", "time", &format!("{} {}", w.day(at), w.time(at)))).unwrap_or_default()
}

const fn site_state(state: SiteState) -> (&'static str, &'static str) {
    match state {
        SiteState::Open => ("site-open", "good"),
        SiteState::Closed => ("site-closed", "bad"),
        SiteState::Unreachable => ("site-unreachable", "bad"),
        SiteState::Unknown | SiteState::Unspecified => ("site-unknown", "few"),
    }
}

/// "Kerb 9:40–9:50, 11:10–11:20"; what a coach has no place for is left out.
fn stops(w: &Words, right: &Right) -> String {
    let Some(stops) = &right.stops else { return String::new() };
    let told = [("coach-set-down", &stops.set_down), ("coach-pick-up", &stops.pick_up)];
    let told = told.into_iter().filter_map(|(key, stop)| {
        let stop = stop.as_ref()?;
        Some(w.with(key, "time", &format!("{}–{}", w.time(&stop.from), w.time(&stop.until))))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What somebody must see to; empty: nothing. A coach that cannot stop at the kerb where there is one, or a car that will
/// have no bay.
fn trouble(w: &Words, right: &Right, kerb: bool) -> String {
    let waits = matches!(right.state(), RightState::Confirmed | RightState::CheckedIn);
    let stands = right.stops.as_ref().is_none_or(|stops| stops.set_down.is_some() && stops.pick_up.is_some());
    match &right.without_bay_from {
        Some(_) => w.with("right-without-bay", "time", &w.time(&right.without_bay_from)),
        None if kerb && waits && !stands => w.t("coach-without-kerb"),
        None => String::new(),
    }
}

fn right(w: &Words, right: &Right, kerb: bool) -> RightView {
    let (key, kind) = match right.state() {
        RightState::Held | RightState::Unspecified => ("right-held", "plain"),
        RightState::Confirmed => ("right-confirmed", "plain"),
        RightState::CheckedIn => ("right-checked-in", "good"),
        RightState::Left => ("right-left", "plain"),
        RightState::NoShow => ("right-no-show", "few"),
        RightState::Suspended => ("right-suspended", "few"),
        RightState::Cancelled | RightState::Expired => ("right-cancelled", "bad"),
    };
    RightView {
        reference: right.reference.clone(),
        class: class(w, right.bay_class()),
        from: w.time(&right.from),
        until: w.time(&right.until),
        stops: stops(w, right),
        trouble: trouble(w, right, kerb),
        state: w.t(key),
        kind,
    }
}

/// Who works at the lanes, and who opens and closes the site; the desk looks on.
const LANES: &[Role] = &[Role::Attendant];
const SITE: &[Role] = &[Role::Attendant, Role::Operator];

fn may(caller: &Caller, what: &[Role]) -> bool {
    let works = |role: &Role| *role == Role::Admin || what.contains(role);
    matches!(caller, Caller::Staff { roles, .. } if roles.iter().any(works))
}

async fn view(edge: &Edge, w: Frame, caller: &Caller, site: Site) -> Result<CarparkPage, Problem> {
    let now = edge.now();
    let window = ListRightsRequest {
        from: Some(timestamp(now - TimeDelta::hours(2))),
        until: Some(timestamp(now + TimeDelta::hours(12))),
    };
    let rights = answer(edge.parking(caller).list_rights(window)).await?.rights;
    let shown = |right: &&Right| {
        matches!(
            right.state(),
            RightState::Confirmed | RightState::Suspended | RightState::CheckedIn | RightState::NoShow
        )
    };
    let (key, state_kind) = site_state(site.state());
    let lanes = gates::views(edge, &w, caller).await?;
    let ways = |field, key: &str, way: Direction| Ways {
        field,
        label: w.t(key),
        lanes: lanes.iter().filter(|lane| lane.direction == way).map(|lane| lane.id.clone()).collect(),
    };
    Ok(CarparkPage {
        ways: [ways("lane_in", "lane-which-in", Direction::In), ways("lane_out", "lane-which-out", Direction::Out)],
        elsewhere: site.alternatives.iter().map(|it| place(&w, it, now)).collect(),
        revision: site.revision,
        name: w.text(&site.name),
        state: w.t(key),
        state_kind,
        reason: w.text(&site.reason),
        until: until(&w, &site.until),
        closure: site.closure_id.clone(),
        classes: site
            .classes
            .iter()
            .map(|count| ClassView {
                name: class(&w, count.bay_class()),
                free: count.occupied.map(|cars| count.capacity.saturating_sub(cars).to_string()).unwrap_or_default(),
                capacity: count.capacity,
                expected: count.expected,
            })
            .collect(),
        charging: charging::line(edge, &w, caller).await?,
        lanes,
        gate_reasons: gates::reasons(&w),
        rights: rights.iter().filter(shown).map(|it| right(&w, it, site.kerb_places > 0)).collect(),
        as_of: w.time(&site.observed_at),
        bays: site.classes.iter().map(|count| (count.bay_class, class(&w, count.bay_class()))).collect(),
        states: [SiteState::Open, SiteState::Closed, SiteState::Unreachable, SiteState::Unknown]
            .map(|state| (state.into(), w.t(site_state(state).0)))
            .into(),
        may_work: may(caller, LANES),
        may_set: may(caller, SITE),
        key: uuid::Uuid::new_v4().to_string(),
        w,
    })
}

fn place(w: &Words, place: &Alternative, now: DateTime<Utc>) -> PlaceView {
    let source = match place.told_at {
        _ if place.source.is_empty() => String::new(),
        Some(_) => format!("{}, {} {}", place.source, w.t("as-of"), w.time(&place.told_at)),
        None => format!("{}, {}", place.source, w.t("other-car-parks-untold")),
    };
    PlaceView {
        name: place.name.clone(),
        walk: w.with("elsewhere-walk", "minutes", &place.walk_minutes.to_string()),
        free: elsewhere::known(place, now).map_or_else(|| w.t("unknown"), |free| free.to_string()),
        source,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(CARPARK)?;
    let site = first(edge.parking(&caller).watch_site(WatchSiteRequest { after_revision: 0 })).await?;
    let w = house_alarm::frame(&edge, &guest, guest.words.t("carpark-title")).await;
    page::page(&view(&edge, w, &caller, site).await?)
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, after: After) -> Result<Response, Problem> {
    let caller = guest.staff(CARPARK)?;
    let sites = answer(edge.parking(&caller).watch_site(WatchSiteRequest { after_revision: after.after })).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let fragments = sites.then(move |site| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let view = view(&edge, frame, &caller, site?).await?;
            Ok(Fragment { revision: view.revision, html: html(view.as_live().render())? })
        }
    });
    Ok(live::respond(&edge, fragments))
}

/// The lane of a house that has no barriers.
const WITHOUT_BARRIER: &str = "by-hand";

pub(crate) async fn lane(State(edge): State<Arc<Edge>>, guest: Guest, sent: Fields) -> Result<Response, Problem> {
    let caller = guest.staff(LANES)?;
    let direction = Direction::try_from(sent.choice("direction")).unwrap_or_default();
    let lane = match sent.get(if direction == Direction::Out { "lane_out" } else { "lane_in" }) {
        "" => WITHOUT_BARRIER,
        lane => lane,
    };
    let bay_class = match (sent.choice("bay"), direction) {
        // Without a booking one takes a bay that any car may take; whose bay a car leaves, the house guesses better.
        (0, Direction::In) => BayClass::Standard.into(),
        (told, _) => told,
    };
    let request = RecordLaneRequest {
        idempotency_key: sent.idempotency_key()?,
        lane: lane.to_owned(),
        direction: direction.into(),
        code: sent.get("code").to_owned(),
        bay_class,
    };
    let w = &guest.words;
    let answer = answer(edge.parking(&caller).record_lane(request)).await.map(|answer| {
        let text = w.text(&answer.message);
        if answer.verdict() == Verdict::Open { Notice::good(text) } else { Notice::bad(text) }
    });
    outcome(&edge, &guest, answer, |notice| notice, "/carpark").await
}
