//! All that was told, as it is kept. Facts may come late, twice and before the facts they belong to: a fact that
//! was told before, or later by its own time, changes nothing. So the order of arrival does not matter.

mod programme;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use programme::Entry;

use super::{
    Evacuated, Measure, Message, Playlist, Schedule, Silence,
    fact::{
        Admission, Audience, Call, Delay, Fact, Facts, House, Lift, Order, Phase, Places, Plan, Showing, Site, Station,
        Zone,
    },
};

/// So many showings are looked at, the next ones.
const SHOWINGS: usize = 24;

/// One thing that is kept: as one row of the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// All about a showing.
    Showing(Box<KnownShowing>),
    /// The state of the house.
    House(KnownHouse),
    /// A zone.
    Zone(Zone),
    /// The car park.
    Site(Site),
    /// An order at the counter.
    Order(KnownOrder),
    /// A station of the café.
    Station(Station),
    /// A message of staff.
    Message(Message),
    /// A directive or an incident.
    Measure(Measure),
    /// A lift.
    Lift(Lift),
    /// A group or a number that is called.
    Call(Call),
    /// A list of pictures and films.
    Playlist(Playlist),
    /// When a list runs.
    Schedule(Schedule),
    /// Whether a service is silent.
    Silence(Silence),
}

impl Record {
    /// Its key in the store.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Showing(it) => format!("showing/{}", it.showing_id),
            Self::House(_) => "house".to_owned(),
            Self::Zone(it) => format!("zone/{}", it.zone_id),
            Self::Site(it) => format!("site/{}", it.site_id),
            Self::Order(it) => format!("order/{}", it.order.order_id),
            Self::Station(it) => format!("station/{}", it.station_id),
            Self::Message(it) => format!("message/{}", it.message_id),
            Self::Measure(it) => format!("measure/{}", it.measure_id),
            Self::Lift(it) => format!("lift/{}", it.lift_id),
            Self::Call(it) => format!("call/{}", it.call_id),
            Self::Playlist(it) => format!("playlist/{}", it.playlist_id),
            Self::Schedule(it) => format!("schedule/{}", it.schedule_id),
            Self::Silence(it) => format!("silence/{}", it.producer),
        }
    }

    /// From then on it can no longer be shown; None: it stays.
    #[must_use]
    pub fn over_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Showing(it) => Some(it.ends().map_or(it.observed_at, |end| end.max(it.observed_at))),
            Self::Order(it) => Some(it.order.at),
            Self::Message(it) => Some(it.valid_until),
            // A repeat of one that has ended long ago is recognised for a while.
            Self::Measure(it) => (!it.holds).then(|| it.ended_at.unwrap_or(it.at)),
            Self::Call(it) => Some(it.at),
            Self::Playlist(it) => it.removed.then_some(it.put_at),
            Self::Schedule(it) => it.removed.then_some(it.put_at),
            Self::House(_) | Self::Zone(_) | Self::Site(_) | Self::Station(_) | Self::Lift(_) | Self::Silence(_) => {
                None
            }
        }
    }
}

/// The state of the house, and the last evacuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHouse {
    #[serde(flatten)]
    house: House,
    #[serde(default)]
    evacuation: Option<Evacuated>,
}

/// A showing, filled from two producers in any order: shown once its plan is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownShowing {
    showing_id: Uuid,
    title: Option<Text>,
    hall: Option<String>,
    audience: Option<Audience>,
    scheduled_starts_at: Option<DateTime<Utc>>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    doors_at: Option<DateTime<Utc>>,
    last_entry_at: Option<DateTime<Utc>>,
    plan_at: Option<DateTime<Utc>>,
    delay_minutes: i32,
    cancelled: bool,
    #[serde(default)]
    cancelled_at: Option<DateTime<Utc>>,
    notice: Option<Text>,
    phase: Phase,
    phase_at: Option<DateTime<Utc>>,
    predicted_end_at: Option<DateTime<Utc>>,
    places_left: Option<u32>,
    places_at: Option<DateTime<Utc>>,
    observed_at: DateTime<Utc>,
}

/// An order. A late "ready" does not call a number again that was collected; one that is later, because somebody took
/// the collection back, does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownOrder {
    #[serde(flatten)]
    order: Order,
    done: bool,
}

impl KnownOrder {
    /// Whether this is older news than that the order is made or called. Of two at one instant the further one counts.
    fn is_before(&self, told: &Order) -> bool {
        let says_else = self.done || self.order.stage != told.stage;
        let at_once = !self.done && self.order.stage < told.stage;
        says_else && (self.order.at < told.at || (self.order.at == told.at && at_once))
    }
}

/// True when something was told at `new` that is not older than what is known from `old`.
fn not_older(old: Option<DateTime<Utc>>, new: DateTime<Utc>) -> bool {
    old.is_none_or(|old| old <= new)
}

/// True when something that ends at `end`, if ever, has not ended.
fn lasts(end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    end.is_none_or(|end| now < end)
}

impl KnownShowing {
    fn new(showing_id: Uuid, observed_at: DateTime<Utc>) -> Self {
        Self {
            showing_id,
            title: None,
            hall: None,
            audience: None,
            scheduled_starts_at: None,
            starts_at: None,
            ends_at: None,
            doors_at: None,
            last_entry_at: None,
            plan_at: None,
            delay_minutes: 0,
            cancelled: false,
            cancelled_at: None,
            notice: None,
            phase: Phase::Planned,
            phase_at: None,
            predicted_end_at: None,
            places_left: None,
            places_at: None,
            observed_at,
        }
    }

    /// As planned; once it has begun as predicted, if that is later: before, the door may not know of a new plan yet.
    fn ends(&self) -> Option<DateTime<Utc>> {
        self.ends_at.max(self.predicted_end_at.filter(|_| self.phase >= Phase::Running))
    }

    /// A late or repeated plan does not take back a delay: then only the delay has the times.
    fn plan(&mut self, plan: &Plan) {
        let delayed = self.delay_minutes != 0;
        let same_words = self.title.as_ref() == Some(&plan.title)
            && self.hall.as_ref() == Some(&plan.hall)
            && self.audience == Some(plan.audience);
        let same_times = (self.starts_at, self.ends_at, self.doors_at, self.last_entry_at)
            == (Some(plan.starts_at), Some(plan.ends_at), Some(plan.doors_at), Some(plan.last_entry_at));
        let news = self.plan_at.is_some_and(|at| at <= plan.told_at) && (!same_words || (!delayed && !same_times));
        if self.title.is_some() && !news {
            return;
        }
        self.title = Some(plan.title.clone());
        self.hall = Some(plan.hall.clone());
        self.audience = Some(plan.audience);
        if !(delayed && self.scheduled_starts_at.is_some()) {
            self.scheduled_starts_at = Some(plan.starts_at);
        }
        if !delayed {
            (self.starts_at, self.ends_at, self.doors_at, self.last_entry_at) =
                (Some(plan.starts_at), Some(plan.ends_at), Some(plan.doors_at), Some(plan.last_entry_at));
        }
        self.plan_at = self.plan_at.max(Some(plan.told_at));
        self.observed_at = self.observed_at.max(plan.told_at);
    }

    fn delay(&mut self, delay: &Delay) {
        let times = (Some(delay.starts_at), Some(delay.ends_at), Some(delay.doors_at), Some(delay.last_entry_at));
        let same = (self.starts_at, self.ends_at, self.doors_at, self.last_entry_at) == times
            && self.notice.as_ref() == Some(&delay.reason);
        if self.cancelled || same || !not_older(self.plan_at, delay.told_at) {
            return;
        }
        (self.starts_at, self.ends_at, self.doors_at, self.last_entry_at) = times;
        self.delay_minutes = delay.minutes;
        self.notice = Some(delay.reason.clone());
        self.plan_at = Some(delay.told_at);
        self.observed_at = self.observed_at.max(delay.told_at);
    }

    fn cancel(&mut self, reason: &Text, at: DateTime<Utc>) {
        if !self.cancelled {
            self.cancelled = true;
            self.cancelled_at = Some(at);
            self.notice = Some(reason.clone());
            self.observed_at = self.observed_at.max(at);
        }
    }

    fn places(&mut self, places: &Places) {
        if not_older(self.places_at, places.observed_at) && self.places_left != Some(places.left) {
            self.places_left = Some(places.left);
            self.places_at = Some(places.observed_at);
            self.observed_at = self.observed_at.max(places.observed_at);
        }
    }

    fn admission(&mut self, admission: &Admission) {
        let phase = admission.phase.unwrap_or(Phase::Planned);
        let cancelled = self.cancelled || admission.phase.is_none();
        let same = self.phase_at.is_some()
            && (self.phase, self.cancelled, self.predicted_end_at) == (phase, cancelled, admission.predicted_end_at);
        if !same && not_older(self.phase_at, admission.at) {
            self.phase = phase;
            if cancelled && !self.cancelled {
                self.cancelled_at = Some(admission.at);
            }
            self.cancelled = cancelled;
            self.phase_at = Some(admission.at);
            self.predicted_end_at = admission.predicted_end_at;
            self.observed_at = self.observed_at.max(admission.at);
        }
    }

    /// When it begins or began; None: it is over, or its plan is not known.
    fn start_unless_over(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let over = self.phase == Phase::Over || self.ends().is_none_or(|end| end <= now);
        self.starts_at.filter(|_| !over)
    }

    /// As contents need it; None: its plan is not known.
    fn showing(&self) -> Option<Showing> {
        Some(Showing {
            showing_id: self.showing_id,
            title: self.title.clone()?,
            hall: self.hall.clone()?,
            audience: self.audience?,
            scheduled_starts_at: self.scheduled_starts_at,
            starts_at: self.starts_at?,
            ends_at: self.ends()?,
            doors_clock: self.doors_at?.with_timezone(&Berlin).format("%H:%M").to_string(),
            last_entry_at: self.last_entry_at,
            delay_minutes: self.delay_minutes,
            cancelled: self.cancelled,
            notice: self.notice.clone(),
            phase: self.phase,
            places_left: self.places_left,
            observed_at: self.observed_at,
        })
    }
}

/// A fact as it was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// What.
    pub fact: Fact,
    /// It comes behind all that its teller has told before. False: it may be late, or told again.
    pub in_order: bool,
}

/// All that is kept, by key.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<String, Record>);

impl FromIterator<Record> for Known {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        Self(records.into_iter().map(|record| (record.key(), record)).collect())
    }
}

impl Known {
    /// Learns a fact; answers what is to be stored, None when it says nothing new.
    ///
    /// `in_order`: it comes behind all that its teller has told before, so that it is newer whatever its number says. Numbers
    /// of a teller begin again from lower ones when its database was restored from a copy.
    pub fn learn(&mut self, fact: &Fact, in_order: bool) -> Option<Record> {
        let record = match fact {
            Fact::Plan(plan) => self.showing(plan.showing_id, plan.told_at, |it| it.plan(plan)),
            Fact::Delay(delay) => self.showing(delay.showing_id, delay.told_at, |it| it.delay(delay)),
            Fact::Cancelled(id, reason, at) => self.showing(*id, *at, |it| it.cancel(reason, *at)),
            Fact::Places(places) => self.showing(places.showing_id, places.observed_at, |it| it.places(places)),
            Fact::Admission(it) => self.showing(it.showing_id, it.at, |showing| showing.admission(it)),
            Fact::House(house) => {
                let old = self.house();
                let newer = in_order || old.is_none_or(|old| old.house.since <= house.since);
                let evacuation = Evacuated::after(old.and_then(|old| old.evacuation.clone()), house);
                newer.then(|| Record::House(KnownHouse { house: house.clone(), evacuation }))
            }
            // The count behind it moves with every scan; only the level is shown.
            Fact::Zone(zone) => self.newer(&Record::Zone(zone.clone()), |old| match old {
                Record::Zone(old) => {
                    let says = |it: &Zone| (it.level, it.quality, it.valid_until, it.parent.clone(), it.whole_house);
                    (in_order || old.version <= zone.version) && says(old) != says(zone)
                }
                _ => true,
            }),
            Fact::Site(site) => self.newer(&Record::Site(site.clone()), |old| match old {
                Record::Site(old) => in_order || old.site_revision < site.site_revision,
                _ => true,
            }),
            Fact::Counter(order) => {
                self.newer(&Record::Order(KnownOrder { order: order.clone(), done: false }), |old| match old {
                    Record::Order(old) => old.is_before(order),
                    _ => true,
                })
            }
            Fact::Done(order) => {
                self.newer(&Record::Order(KnownOrder { order: order.clone(), done: true }), |old| match old {
                    Record::Order(old) => !old.done && old.order.at <= order.at,
                    _ => true,
                })
            }
            Fact::Station(station) => self.newer(&Record::Station(station.clone()), |old| match old {
                Record::Station(old) => {
                    (in_order || old.observed_at <= station.observed_at)
                        && (&old.name, old.state) != (&station.name, station.state)
                }
                _ => true,
            }),
            Fact::Message(message) => Some(Record::Message(message.clone())),
            Fact::Measure(measure) => self.newer(&Record::Measure(self.next(measure)), |old| match old {
                // One that ends has the revision of its last words; one whose end was taken back has a later one.
                Record::Measure(old) => {
                    in_order || old.revision < measure.revision || (old.holds && old.revision == measure.revision)
                }
                _ => true,
            }),
            Fact::Lift(lift) => self.newer(&Record::Lift(lift.clone()), |old| match old {
                Record::Lift(old) => in_order || old.revision < lift.revision,
                _ => true,
            }),
            Fact::Call(call) => self.newer(&Record::Call(call.clone()), |old| match old {
                Record::Call(old) => old.at < call.at || (old.at == call.at && !call.calling),
                _ => true,
            }),
            Fact::Playlist(list) => Some(Record::Playlist(list.clone())),
            Fact::Schedule(schedule) => Some(Record::Schedule(schedule.clone())),
            // Of one that stays silent the first word on it counts: it was last heard then.
            Fact::Silence(silence) => {
                let record = Record::Silence(silence.clone());
                let was = matches!(self.0.get(&record.key()), Some(Record::Silence(old)) if old.since.is_some());
                (was != silence.since.is_some()).then_some(record)
            }
        }?;
        let key = record.key();
        if self.0.get(&key) == Some(&record) {
            return None;
        }
        self.0.insert(key, record.clone());
        Some(record)
    }

    fn showing(&self, id: Uuid, at: DateTime<Utc>, learn: impl FnOnce(&mut KnownShowing)) -> Option<Record> {
        let mut showing = match self.0.get(&format!("showing/{id}")) {
            Some(Record::Showing(showing)) => showing.clone(),
            _ => Box::new(KnownShowing::new(id, at)),
        };
        learn(&mut showing);
        Some(Record::Showing(showing))
    }

    /// The record, if nothing is known under its key or `replaces` says so of what is.
    fn newer(&self, record: &Record, replaces: impl FnOnce(&Record) -> bool) -> Option<Record> {
        self.0.get(&record.key()).is_none_or(replaces).then(|| record.clone())
    }

    /// With what was told of it before.
    fn next(&self, measure: &Measure) -> Measure {
        match self.0.get(&format!("measure/{}", measure.measure_id)) {
            Some(Record::Measure(before)) => measure.after(Some(before)),
            _ => measure.after(None),
        }
    }

    fn house(&self) -> Option<&KnownHouse> {
        match self.0.get("house") {
            Some(Record::House(house)) => Some(house),
            _ => None,
        }
    }

    /// A message of staff.
    #[must_use]
    pub fn message(&self, message_id: Uuid) -> Option<&Message> {
        match self.0.get(&format!("message/{message_id}")) {
            Some(Record::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// A playlist that was not removed.
    #[must_use]
    pub fn playlist(&self, playlist_id: &str) -> Option<&Playlist> {
        match self.0.get(&format!("playlist/{playlist_id}")) {
            Some(Record::Playlist(list)) if !list.removed => Some(list),
            _ => None,
        }
    }

    /// What contents are computed from now.
    #[must_use]
    pub fn facts(&self, now: DateTime<Utc>) -> Facts {
        let mut facts = Facts { house: self.house().map(|it| it.house.clone()), ..Facts::default() };
        let mut showings = Vec::new();
        for record in self.0.values() {
            match record {
                // A whole programme is known: only what may be shown is copied.
                Record::Showing(it) => showings.extend(it.start_unless_over(now).map(|starts_at| (starts_at, it))),
                Record::House(_) => {}
                Record::Zone(zone) => {
                    facts.zones.push(zone.clone());
                    facts.within.extend((!zone.parent.is_empty()).then(|| (zone.zone_id.clone(), zone.parent.clone())));
                    facts.whole.extend(zone.whole_house.then(|| zone.zone_id.clone()));
                }
                Record::Site(site) => {
                    if facts.site.as_ref().is_none_or(|other| other.observed_at < site.observed_at) {
                        facts.site = Some(site.clone());
                    }
                }
                Record::Order(it) => facts.orders.extend((!it.done).then(|| it.order.clone())),
                Record::Station(station) => facts.stations.push(station.clone()),
                Record::Message(message) if !message.withdrawn && now < message.valid_until => {
                    facts.messages.push(message.clone());
                }
                Record::Measure(it) if it.holds && !it.text.de.is_empty() && lasts(it.valid_until, now) => {
                    facts.measures.push(it.clone());
                }
                Record::Lift(lift) => facts.lifts.push(lift.clone()),
                Record::Call(call) if call.calling && lasts(call.valid_until, now) => facts.calls.push(call.clone()),
                Record::Playlist(list) if !list.removed => facts.playlists.push(list.clone()),
                Record::Schedule(schedule) if !schedule.removed => facts.schedules.push(schedule.clone()),
                Record::Silence(silence) => facts.silences.push(silence.clone()),
                // Taken back, ended, or only for staff.
                Record::Message(_)
                | Record::Measure(_)
                | Record::Call(_)
                | Record::Playlist(_)
                | Record::Schedule(_) => {}
            }
        }
        showings.sort_by_key(|(starts_at, it)| (*starts_at, it.showing_id));
        facts.showings = showings.into_iter().filter_map(|(_, it)| it.showing()).take(SHOWINGS).collect();
        facts.age(now);
        facts
    }

    /// Forgets what has been over since before `before`; answers the keys.
    pub fn forget(&mut self, before: DateTime<Utc>) -> Vec<String> {
        let over = |record: &Record| record.over_at().is_some_and(|at| at < before);
        let keys: Vec<String> = self.0.iter().filter(|(_, it)| over(it)).map(|(key, _)| key.clone()).collect();
        for key in &keys {
            self.0.remove(key);
        }
        keys
    }
}
