//! Whether the house is being evacuated, and what else guests on their way are told, for pages that are about something
//! else. Flow says so, and signage which messages about people's safety are on all displays. Both are listened to once for all
//! pages, and only while somebody looks at one. While they are away their last word holds.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, future::ready};
use kernel::{Caller, Remembered, values::from_timestamp};
use sky_proto::{
    flow::v1::{CallGroup, CallGroupState, FlowSnapshot, HouseState, IncidentKind, MeasureState, WatchFlowRequest},
    kernel::v1::LocalizedText,
    signage::v1::{ListMessagesRequest, Message, PriorityClass},
};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tonic::Status;
use uuid::Uuid;

use crate::{
    edge::{Edge, answer},
    words::Words,
};

/// A page is worth seeing without flow's first word.
const PATIENCE: Duration = Duration::from_secs(1);
/// When flow is away it is asked again after so long.
const AGAIN: Duration = Duration::from_secs(1);
/// What is on the displays is read so often.
const READ: Duration = Duration::from_secs(3);
/// So long flow is listened to when nobody looks any more: the next page is opened soon.
const LINGER: Duration = Duration::from_secs(10);
/// Of so many visits it is remembered what was heard last.
const PARTIES: usize = 20_000;

/// The house is to be left.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Evacuation {
    /// What to do.
    pub(crate) text: Option<LocalizedText>,
    /// What to do for whoever cannot use stairs.
    pub(crate) step_free: Option<LocalizedText>,
    pub(crate) exercise: bool,
}

/// What guests on their way to some showings are to know: a directive or a fault.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// To which showings they are on their way.
    showing_ids: Vec<String>,
    text: Option<LocalizedText>,
    /// For whoever cannot use stairs, as far as it is something else.
    step_free: Option<LocalizedText>,
    /// It is about a lift: nobody else needs to know.
    is_lift: bool,
    /// Then it is over, whatever is heard; None: when it is ended.
    valid_until: Option<DateTime<Utc>>,
}

/// Parties of a showing that are called to the door together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Group {
    visits: Vec<Uuid>,
    /// 0: whoever needs assistance.
    number: u32,
    is_called: bool,
    /// What displays say when it is called.
    text: Option<LocalizedText>,
}

impl Group {
    fn of(told: CallGroup) -> Self {
        let is_called = told.state() != CallGroupState::Formed;
        let visits = told.visit_ids.iter().filter_map(|id| id.parse().ok()).collect();
        Self { visits, number: told.number, is_called, text: told.text }
    }

    fn said(&self, w: &Words) -> String {
        match self.number {
            _ if self.is_called => w.text(&self.text),
            0 => w.t("told-called-first"),
            number => w.with("told-group", "number", &number.to_string()),
        }
    }
}

/// What all displays say about people's safety, staff's own words or an official warning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Safety {
    pub(crate) text: Option<LocalizedText>,
    valid_until: DateTime<Utc>,
}

/// The same as a page says it.
#[derive(Clone, Debug)]
pub(crate) struct ToldView {
    pub(crate) text: String,
    /// Empty: it is no other than for all, or nobody who looks at it needs it.
    pub(crate) step_free: String,
}

impl Told {
    /// Whether it is for whoever is on the way to this showing.
    pub(crate) fn concerns(&self, showing_id: &str) -> bool {
        self.showing_ids.iter().any(|id| id == showing_id)
    }

    /// What a party reads that is on its way to a showing; None: nothing.
    pub(crate) fn to(&self, w: &Words, showing_id: &str, is_step_free: bool) -> Option<ToldView> {
        if !self.concerns(showing_id) || self.is_lift && !is_step_free {
            return None;
        }
        let step_free = if is_step_free { w.text(&self.step_free) } else { String::new() };
        let step_free = if step_free.is_empty() { step_free } else { w.with("told-step-free", "text", &step_free) };
        Some(ToldView { text: w.text(&self.text), step_free })
    }
}

/// What a page says of it: what everybody does, and what those do who cannot use stairs.
#[derive(Clone, Debug)]
pub(crate) struct AlarmView {
    pub(crate) title: String,
    pub(crate) text: String,
    /// Empty: nobody who looks at it needs it.
    pub(crate) step_free: String,
}

impl AlarmView {
    pub(crate) fn of(w: &Words, evacuation: &Evacuation, is_step_free: bool) -> Self {
        Self {
            title: w.t(if evacuation.exercise { "house-exercise" } else { "house-evacuating" }),
            text: w.text(&evacuation.text),
            step_free: if is_step_free { w.text(&evacuation.step_free) } else { String::new() },
        }
    }
}

/// What flow has said last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// It was asked. False: it may not have answered yet.
    pub(crate) asked: bool,
    /// It has answered. False: what a page says already must stay.
    pub(crate) heard: bool,
    /// Nobody is to be let in.
    pub(crate) stopped: bool,
    /// After an evacuation: whoever stands outside waits for staff.
    pub(crate) cleared: bool,
    pub(crate) evacuation: Option<Evacuation>,
    /// What whoever is here is told; not said while the house is to be left.
    pub(crate) safety: Vec<Safety>,
    /// What guests on their way are told; nothing while the house is to be left.
    pub(crate) told: Vec<Told>,
    /// The groups of all showings, for whoever is in one of them.
    groups: Arc<Vec<Group>>,
}

impl Known {
    /// With which group a visit is called, and whether it is; None: with none, or nobody is let in now.
    pub(crate) fn call_of(&self, w: &Words, visit: Uuid) -> Option<String> {
        let is_open = !self.stopped && self.evacuation.is_none();
        let group = self.groups.iter().find(|it| is_open && it.visits.contains(&visit))?;
        Some(group.said(w))
    }

    /// Whether there is nothing that this visit may be told.
    pub(crate) fn is_quiet(&self, visit: Uuid) -> bool {
        let is_open = self.evacuation.is_none() && !self.stopped && !self.cleared;
        let is_called = self.groups.iter().any(|it| it.visits.contains(&visit));
        is_open && self.told.is_empty() && self.safety.is_empty() && !is_called
    }
}

/// What was heard last of a visit, as far as it matters to who is told what.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) showing_id: String,
    /// Whoever is in, or does not come, is not on the way.
    pub(crate) is_on_the_way: bool,
    /// Some of it are in, or were.
    pub(crate) is_in: bool,
    /// Its way has begun.
    pub(crate) has_clock: bool,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

impl Party {
    /// In the house or before it, or about to come: not only this evening.
    pub(crate) const fn is_here(&self) -> bool {
        self.is_in || (self.is_on_the_way && self.has_clock)
    }
}

/// The one listener.
#[derive(Debug)]
pub(crate) struct Alarm {
    told: watch::Sender<Known>,
    is_followed: Mutex<bool>,
    /// Of visits whose pages are looked at, for while journey is away.
    pub(crate) parties: Remembered<Uuid, Party>,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { told: watch::Sender::default(), is_followed: Mutex::default(), parties: Remembered::new(PARTIES) }
    }
}

impl Alarm {
    /// Ends listening, unless somebody looks again.
    fn is_over(&self) -> bool {
        let mut is_followed = self.is_followed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.told.receiver_count() > 0 {
            return false;
        }
        *is_followed = false;
        // What is known now may be over when somebody looks again.
        self.told.send_replace(Known::default());
        true
    }

    async fn nobody_looks(&self) {
        loop {
            self.told.closed().await;
            tokio::time::sleep(LINGER).await;
            if self.told.receiver_count() == 0 {
                return;
            }
        }
    }
}

/// What flow has said, and each change of that. While it has not answered yet, what a page says already stays.
pub(crate) fn heard(edge: &Arc<Edge>) -> impl Stream<Item = Known> + Send + use<> {
    WatchStream::new(watch(edge)).filter(|known| ready(known.heard))
}

fn watch(edge: &Arc<Edge>) -> watch::Receiver<Known> {
    let told = edge.alarm.told.subscribe();
    let mut is_followed = edge.alarm.is_followed.lock().unwrap_or_else(PoisonError::into_inner);
    if !std::mem::replace(&mut *is_followed, true) {
        edge.tasks.spawn_until_stop(follow(edge.clone()));
    }
    told
}

/// What is known of an evacuation now.
pub(crate) async fn now(edge: &Arc<Edge>) -> Option<Evacuation> {
    known(edge).await.evacuation
}

/// Whether nobody is to be let in; None: flow has not said.
pub(crate) async fn stopped(edge: &Arc<Edge>) -> Option<bool> {
    let known = known(edge).await;
    known.heard.then_some(known.stopped)
}

pub(crate) async fn known(edge: &Arc<Edge>) -> Known {
    let mut told = watch(edge);
    let _ = tokio::time::timeout(PATIENCE, told.wait_for(|known| known.asked)).await;
    told.borrow().clone()
}

/// Whether nobody is let in while the house is so.
pub(crate) fn is_stopped(house: HouseState) -> bool {
    matches!(house, HouseState::AdmissionStopped | HouseState::Evacuating)
}

async fn follow(edge: Arc<Edge>) {
    while !edge.alarm.is_over() {
        tokio::select! {
            () = edge.alarm.nobody_looks() => {}
            () = listen_always(&edge) => {}
            () = read_always(&edge) => {}
        }
    }
}

async fn listen_always(edge: &Edge) {
    loop {
        listen_again(edge).await;
    }
}

async fn read_always(edge: &Edge) {
    let portal = Caller::Service("portal".to_owned());
    loop {
        let mut signage = edge.signage(&portal);
        let listed = tokio::time::timeout(READ, answer(signage.list_messages(ListMessagesRequest {}))).await;
        let found = listed.ok().and_then(Result::ok);
        let now = edge.now();
        edge.alarm.told.send_if_modified(|known| {
            let mut safety = match &found {
                Some(found) => found.messages.iter().filter_map(of_safety).collect(),
                None => known.safety.clone(),
            };
            safety.retain(|it| now < it.valid_until);
            let is_new = known.safety != safety;
            known.safety = safety;
            is_new
        });
        tokio::time::sleep(READ).await;
    }
}

/// Whoever is somewhere in the house is told what is on all displays; what is on some is about where these hang.
fn of_safety(message: &Message) -> Option<Safety> {
    let is_for_all = message.priority_class() == PriorityClass::Safety && message.group.is_empty();
    is_for_all.then(|| Safety { text: message.text.clone(), valid_until: from_timestamp(message.valid_until) })
}

/// Until flow is away, and a while longer.
async fn listen_again(edge: &Edge) {
    if let Err(status) = listen(edge).await {
        tracing::debug!(error = status.message(), "flow's state of the house is not known");
    }
    // What flow would have ended by now it ends here, while flow is away.
    let now = edge.now();
    edge.alarm.told.send_if_modified(|known| {
        let before = known.told.len();
        known.told.retain(|it| it.valid_until.is_none_or(|end| now < end));
        !std::mem::replace(&mut known.asked, true) || known.told.len() < before
    });
    tokio::time::sleep(AGAIN).await;
}

async fn listen(edge: &Edge) -> Result<(), Status> {
    let portal = Caller::Service("portal".to_owned());
    let mut flow = answer(edge.flow(&portal).watch_flow(WatchFlowRequest { after_revision: 0 })).await?;
    while let Some(snapshot) = flow.message().await? {
        let stopped = snapshot.house.as_ref().is_some_and(|house| is_stopped(house.state()));
        let cleared = snapshot.house.as_ref().is_some_and(|house| house.state() == HouseState::AllClear);
        let evacuation = evacuation(&snapshot);
        let told = if evacuation.is_some() { Vec::new() } else { told(&snapshot) };
        let groups = Arc::new(snapshot.call_groups.into_iter().map(Group::of).collect());
        edge.alarm.told.send_if_modified(|known| {
            let safety = known.safety.clone();
            let new = Known { asked: true, heard: true, stopped, cleared, evacuation, safety, told, groups };
            let is_new = *known != new;
            *known = new;
            is_new
        });
    }
    Ok(())
}

fn told(flow: &FlowSnapshot) -> Vec<Told> {
    let other = |text: &Option<LocalizedText>, step_free: &Option<LocalizedText>| {
        step_free.clone().filter(|it| text.as_ref() != Some(it))
    };
    let directives = flow.directives.iter().map(|it| Told {
        showing_ids: it.showing_ids.clone(),
        text: it.text.clone(),
        step_free: other(&it.text, &it.step_free_text),
        is_lift: false,
        valid_until: it.valid_until.map(|at| from_timestamp(Some(at))),
    });
    let faults = flow.incidents.iter().map(|it| Told {
        showing_ids: it.showing_ids.clone(),
        text: it.text.clone(),
        step_free: other(&it.text, &it.step_free_text),
        is_lift: !it.lift_id.is_empty(),
        valid_until: it.valid_until.map(|at| from_timestamp(Some(at))),
    });
    directives.chain(faults).filter(|it| !it.showing_ids.is_empty()).collect()
}

fn evacuation(flow: &FlowSnapshot) -> Option<Evacuation> {
    let house = flow.house.as_ref().filter(|house| house.state() == HouseState::Evacuating)?;
    let incident = flow.incidents.iter().find(|it| {
        it.kind() == IncidentKind::Evacuation
            && matches!(it.state(), MeasureState::Active | MeasureState::AckedByDisplays)
    });
    Some(Evacuation {
        text: incident.and_then(|it| it.text.clone()),
        step_free: incident.and_then(|it| it.step_free_text.clone()),
        exercise: house.exercise,
    })
}
