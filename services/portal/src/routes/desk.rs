//! The front desk: scan, the next showings with what comes next, who is missing, the zones, what to look at.
//! The block `live` makes the page's figures and every update; forms in which somebody types stand outside.

pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod conflicts;
pub(crate) mod counters;
pub(crate) mod door;
pub(crate) mod hold;
pub(crate) mod lookup;
pub(crate) mod measures;
pub(crate) mod missing;
mod monitors;
pub(crate) mod payouts;
pub(crate) mod presets;
pub(crate) mod queue;
pub(crate) mod replay;
pub(crate) mod scans;
pub(crate) mod seats;
pub(crate) mod selling;
pub(crate) mod showings;
pub(crate) mod steps;
pub(crate) mod waits;
pub(crate) mod zones;

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt, stream};
use kernel::{
    Caller,
    values::{from_timestamp, timestamp},
};
use sky_proto::flow::v1::{Admission, AdmissionState, FlowSnapshot, GetFlowRequest, WatchFlowRequest};
use tonic::Status;
use uuid::Uuid;

use self::{
    measures::{Choice, MeasureView},
    missing::MissingView,
    queue::QueueView,
    scans::ScanView,
    showings::{Row, is_before_start, row},
    steps::StepView,
    waits::WaitView,
    zones::{Alert, HouseView, ZoneView, house},
};
use crate::{
    edge::{Edge, answer, first},
    live::{self, After, Fragment},
    page::{self, DESK, Frame, html},
    problem::Problem,
    session::Guest,
};

/// A desk looks this far ahead, and back at what still runs.
const AHEAD: TimeDelta = TimeDelta::hours(12);
/// Side by side on one screen.
const MOST_SHOWINGS: usize = 3;
/// Who is missing is asked for showings that start within this time.
const MISSING_AHEAD: TimeDelta = TimeDelta::minutes(90);
const MOST_PARTIES: usize = 8;
/// Minutes pass and parties come closer without the door's doing.
const TICK: Duration = Duration::from_secs(10);

#[derive(Template)]
#[template(path = "desk.html", blocks = ["live"])]
struct DeskPage {
    w: Frame,
    revision: u64,
    showings: Vec<Row>,
    later: i64,
    missing: MissingView,
    measures: Vec<MeasureView>,
    just_ended: Vec<MeasureView>,
    undoable: Vec<StepView>,
    directive_kinds: Vec<Choice>,
    redirect_causes: Vec<Choice>,
    incident_kinds: Vec<Choice>,
    lifts: Vec<Choice>,
    /// What is ordered and reported with one touch.
    orders: Vec<Choice>,
    reports: Vec<Choice>,
    /// How long one waits where people queue.
    waits: Vec<WaitView>,
    zones: Vec<ZoneView>,
    groups: Vec<ZoneView>,
    alerts: Vec<Alert>,
    /// Of the monitors: these lead to their wall.
    monitors: Vec<Alert>,
    house: HouseView,
    scans: Vec<ScanView>,
    queue: QueueView,
    /// Scanners that do not agree, which nobody has looked at.
    conflicts: u32,
    observed: String,
    /// For the scan form: the showing that is being let in comes first.
    lanes: Vec<Lane>,
    nonce: String,
}

struct Lane {
    id: String,
    label: String,
}

/// The showings that are work of now, in the order of time.
pub(crate) fn at_work<'f>(edge: &Edge, flow: &'f FlowSnapshot) -> Vec<&'f Admission> {
    let now = edge.now();
    let is_open = |admission: &&Admission| {
        !matches!(admission.state(), AdmissionState::Closed | AdmissionState::Cancelled)
            && from_timestamp(admission.starts_at) < now + AHEAD
    };
    // What was never opened and is over is no work of now.
    let is_fresh = |admission: &&Admission| {
        from_timestamp(admission.ends_at) > now || admission.state() != AdmissionState::Planned
    };
    let mut admissions: Vec<&Admission> = flow.admissions.iter().filter(is_open).filter(is_fresh).collect();
    admissions.sort_by_key(|admission| from_timestamp(admission.starts_at));
    admissions
}

/// The showings that stand side by side, in the order of time: those whose doors are open or about to be and the next one
/// anyhow, then those that are over and that somebody has still to close (the newest first: some are left for hours), then
/// those later on.
fn side_by_side<'f>(work: &[&'f Admission], now: DateTime<Utc>) -> Vec<&'f Admission> {
    let is_over = |admission: &Admission| {
        matches!(admission.state(), AdmissionState::Egress | AdmissionState::Turnover | AdmissionState::Aborted)
    };
    let is_soon = |admission: &Admission| {
        admission.state() != AdmissionState::Planned || from_timestamp(admission.doors_at) < now + MISSING_AHEAD
    };
    let (over, ahead): (Vec<_>, Vec<_>) = work.iter().copied().partition(|admission| is_over(admission));
    let (first, later): (Vec<_>, Vec<_>) =
        ahead.iter().copied().enumerate().partition(|(place, admission)| *place == 0 || is_soon(admission));
    let (first, later) = (first.into_iter().map(|(_, it)| it), later.into_iter().map(|(_, it)| it));
    let mut chosen: Vec<&Admission> = first.chain(over.into_iter().rev()).chain(later).take(MOST_SHOWINGS).collect();
    chosen.sort_by_key(|admission| from_timestamp(admission.starts_at));
    chosen
}

async fn view(edge: &Edge, caller: &Caller, w: Frame, flow: &FlowSnapshot) -> DeskPage {
    let now = edge.now();
    let work = at_work(edge, flow);
    let mut lanes: Vec<(bool, Lane)> = work
        .iter()
        .map(|admission| {
            let admits = matches!(admission.state(), AdmissionState::DoorsOpen | AdmissionState::LastCall);
            let label = format!("{} {}", w.time(&admission.starts_at), w.text(&admission.title));
            (!admits, Lane { id: admission.showing_id.clone(), label })
        })
        .collect();
    lanes.sort_by_key(|(later, _)| *later);
    let soon: Vec<&Admission> = work
        .iter()
        .copied()
        .filter(|admission| {
            is_before_start(admission.state())
                && admission.admitted < admission.booked
                && from_timestamp(admission.starts_at) < now + MISSING_AHEAD
        })
        .take(MOST_SHOWINGS)
        .collect();
    let (missing, scans, put_off, monitors) = futures::join!(
        missing::of_all(edge, caller, &w, &soon, MOST_PARTIES),
        scans::latest(edge, caller, &w, &work),
        clock::put_off(edge),
        monitors::alerts(edge, caller, &w)
    );
    DeskPage {
        monitors,
        scans,
        queue: queue::queue(&w, flow),
        conflicts: flow.open_scan_conflicts,
        revision: flow.revision,
        missing,
        measures: measures::measures(&w, flow),
        just_ended: measures::just_ended(&w, flow),
        undoable: steps::undoable(&w, flow, now),
        directive_kinds: measures::directive_kinds(&w),
        redirect_causes: measures::redirect_causes(&w),
        incident_kinds: measures::incident_kinds(&w),
        lifts: measures::lifts(&w, flow),
        orders: presets::orders(&w, flow),
        reports: presets::reports(&w, flow),
        waits: waits::queues(&w, flow, now),
        later: i64::try_from(work.len().saturating_sub(MOST_SHOWINGS)).unwrap_or(i64::MAX),
        showings: side_by_side(&work, now)
            .into_iter()
            .map(|admission| Row {
                wait: waits::door(&w, flow, admission, now),
                ..clock::quiet(&w, row(&w, admission, now), &put_off)
            })
            .collect(),
        zones: zones::zones(&w, flow),
        groups: zones::groups(&w, flow),
        alerts: zones::alerts(&w, flow),
        house: house(&w, &flow.house.clone().unwrap_or_default(), now),
        observed: w.time(&flow.observed_at),
        lanes: lanes.into_iter().map(|(_, lane)| lane).collect(),
        nonce: Uuid::new_v4().to_string(),
        w,
    }
}

pub(crate) async fn page(State(edge): State<Arc<Edge>>, guest: Guest) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let flow = first(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    page::page(&view(&edge, &caller, guest.frame(guest.words.t("desk-title")), &flow).await)
}

/// The door's state whenever it changes, and every few seconds as it was, because minutes pass too.
pub(crate) fn ticking(
    flows: impl Stream<Item = Result<FlowSnapshot, Status>> + Send + 'static,
) -> impl Stream<Item = Result<FlowSnapshot, Status>> + Send + 'static {
    let state = (Box::pin(flows), tokio::time::interval(TICK), None::<FlowSnapshot>);
    stream::unfold(state, |(mut flows, mut tick, mut last)| async move {
        loop {
            tokio::select! {
                flow = flows.next() => {
                    let flow = flow?;
                    last = flow.as_ref().ok().cloned();
                    return Some((flow, (flows, tick, last)));
                }
                _ = tick.tick() => {
                    if let Some(flow) = last.clone() {
                        return Some((Ok(flow), (flows, tick, last)));
                    }
                }
            }
        }
    })
}

pub(crate) async fn live(State(edge): State<Arc<Edge>>, guest: Guest, _: After) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    // From the beginning: what the page showed of journey may be older than the door's revision says.
    let flows = answer(edge.flow(&caller).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    let frame = guest.frame(String::new());
    let stream_edge = edge.clone();
    let fragments = ticking(flows).then(move |flow| {
        let (edge, caller, frame) = (stream_edge.clone(), caller.clone(), frame.clone());
        async move {
            let flow = flow?;
            let view = view(&edge, &caller, frame, &flow).await;
            Ok(Fragment { revision: flow.revision, html: html(view.as_live().render())? })
        }
    });
    Ok(live::respond(&edge, fragments))
}

#[derive(Template)]
#[template(path = "desk-showing.html")]
struct ShowingPage {
    w: Frame,
    row: Row,
    missing: MissingView,
    usual: [i32; 3],
    from: &'static str,
    key: String,
}

/// The admission of one showing, wherever it is in the coming days.
pub(crate) async fn admission(edge: &Edge, caller: &Caller, id: Uuid) -> Result<Admission, Problem> {
    let now = edge.now();
    let window = GetFlowRequest {
        from: Some(timestamp(now - TimeDelta::days(1))),
        until: Some(timestamp(now + TimeDelta::days(15))),
    };
    let flow = answer(edge.flow(caller).get_flow(window)).await?;
    flow.admissions.into_iter().find(|admission| admission.showing_id == id.to_string()).ok_or_else(Problem::no_page)
}

/// One showing: who is missing, and the commands that everything follows.
pub(crate) async fn showing(
    State(edge): State<Arc<Edge>>,
    guest: Guest,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let caller = guest.staff(DESK)?;
    let admission = admission(&edge, &caller, id).await?;
    let w = guest.frame(guest.words.text(&admission.title));
    page::page(&ShowingPage {
        row: row(&w, &admission, edge.now()),
        missing: missing::of(&edge, &caller, &w, &admission, usize::MAX).await,
        usual: hold::USUAL,
        from: "desk",
        key: Uuid::new_v4().to_string(),
        w,
    })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use kernel::values::timestamp;
    use sky_proto::flow::v1::{Admission, AdmissionState};

    use super::side_by_side;

    /// Minutes of an afternoon.
    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn showings_that_nobody_has_closed_do_not_push_the_next_one_off_the_desk() {
        use AdmissionState::{Aborted, DoorsOpen, Egress, Planned, Running, Turnover};
        // Starts and states of a day, what time it is, and which stand on the desk.
        type Row<'r> = (&'r [(i64, AdmissionState)], i64, &'r [i64]);
        let table: [Row<'_>; 8] = [
            (&[(0, Turnover), (60, Turnover), (120, Turnover), (180, Planned)], 170, &[60, 120, 180]),
            (&[(0, Turnover), (60, Aborted), (120, Egress), (400, Planned)], 170, &[60, 120, 400]),
            // Two halls whose doors are due, and what is over in one of them.
            (&[(0, Turnover), (60, Turnover), (180, Planned), (185, DoorsOpen)], 165, &[60, 180, 185]),
            // Whoever leaves now is work of now; the late evening is not.
            (&[(60, Egress), (300, Planned), (400, Planned), (500, Planned)], 110, &[60, 300, 400]),
            (&[(60, Running), (65, Running), (70, Egress), (300, Planned)], 110, &[60, 65, 70]),
            (&[(0, Turnover), (60, Running), (300, Planned), (400, Planned)], 110, &[0, 60, 300]),
            (&[(300, Planned), (400, Planned), (500, Planned), (600, Planned)], 110, &[300, 400, 500]),
            (&[], 0, &[]),
        ];
        for (day, now, expected) in table {
            let admissions: Vec<Admission> = day
                .iter()
                .map(|(starts, state)| Admission {
                    state: (*state).into(),
                    starts_at: Some(timestamp(at(*starts))),
                    doors_at: Some(timestamp(at(starts - 20))),
                    ..Admission::default()
                })
                .collect();
            let work: Vec<&Admission> = admissions.iter().collect();
            let seen: Vec<Option<prost_types::Timestamp>> =
                side_by_side(&work, at(now)).into_iter().map(|admission| admission.starts_at).collect();
            let expected: Vec<_> = expected.iter().map(|starts| Some(timestamp(at(*starts)))).collect();
            assert_eq!(seen, expected, "{day:?} at {now}");
        }
    }
}
