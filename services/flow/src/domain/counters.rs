//! People counters: what a package of one means, what is lost, what cannot be, and when a counter is silent.
//! Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;

/// Where a counter is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// What it sends is recorded and not counted.
    Commissioning,
    Online,
    Degraded,
    Offline,
    Retired,
}

impl State {
    const ALL: [Self; 5] = [Self::Commissioning, Self::Online, Self::Degraded, Self::Offline, Self::Retired];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Commissioning => "commissioning",
            Self::Online => "online",
            Self::Degraded => "degraded",
            Self::Offline => "offline",
            Self::Retired => "retired",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether its numbers count.
    pub(crate) const fn works(self) -> bool {
        matches!(self, Self::Online | Self::Degraded)
    }

    /// Whether the house relies on it.
    pub(crate) const fn in_service(self) -> bool {
        matches!(self, Self::Online | Self::Degraded | Self::Offline)
    }
}

/// What is wrong with a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Silent,
    LostData,
    FewSamples,
    Implausible,
    WrongClock,
    UnknownLogic,
}

impl Problem {
    const ALL: [Self; 6] =
        [Self::Silent, Self::LostData, Self::FewSamples, Self::Implausible, Self::WrongClock, Self::UnknownLogic];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::LostData => "lost_data",
            Self::FewSamples => "few_samples",
            Self::Implausible => "implausible",
            Self::WrongClock => "wrong_clock",
            Self::UnknownLogic => "unknown_logic",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.name() == name)
    }

    /// The most serious one of those found: it is the one that is told.
    pub(crate) fn worst(found: &[Self]) -> Option<Self> {
        let order =
            [Self::Silent, Self::Implausible, Self::LostData, Self::FewSamples, Self::WrongClock, Self::UnknownLogic];
        order.into_iter().find(|problem| found.contains(problem))
    }

    /// What is wrong and what to do.
    pub(crate) fn words(self) -> Text {
        match self {
            Self::Silent => Text::new(
                "Meldet sich nicht. Strom und Netz prüfen; so lange zählen die Scans und Sie von Hand.",
                "Silent. Check power and network; until then scans count, and you by hand.",
            ),
            Self::LostData => Text::new(
                "Es fehlen Pakete. Zone von Hand nachzählen oder im leeren Haus auf null setzen.",
                "Packages are missing. Count the zone by hand, or set it to zero in the empty house.",
            ),
            Self::FewSamples => Text::new(
                "Sieht nicht alles: Sicht und Montage prüfen.",
                "Does not see everything: check its view and mounting.",
            ),
            Self::Implausible => Text::new(
                "Zählt, was nicht sein kann; das wurde nicht gezählt. Sensor prüfen.",
                "Counts what cannot be; that was left out. Check the sensor.",
            ),
            Self::WrongClock => Text::new(
                "Die Uhr geht falsch: Zeitzone und NTP prüfen.",
                "Its clock is wrong: check time zone and NTP.",
            ),
            Self::UnknownLogic => Text::new(
                "Sendet eine Zählung, die die Hausdatei nicht kennt. Nummer in [[flow.sensors]] eintragen.",
                "Sends a count that the house file does not know. Enter its number in [[flow.sensors]].",
            ),
        }
    }
}

/// What one of a counter's logics counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Logic {
    /// Forward goes into one zone and out of another one; either may be empty.
    Line { into: String, out_of: String },
    /// The people in a zone.
    Balance { zone: String },
}

/// A counter as the house file and its packages have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sensor {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) serial: String,
    pub(crate) state: State,
    pub(crate) problem: Option<Problem>,
    pub(crate) since: DateTime<Utc>,
    pub(crate) last_seen: Option<DateTime<Utc>>,
    pub(crate) interval: TimeDelta,
    /// The device's numbers and what they count.
    pub(crate) logics: Vec<(i64, Logic)>,
    /// Lines are counted from its live data, not from its intervals.
    pub(crate) live: bool,
    pub(crate) last_package: Option<i64>,
    pub(crate) lost: u64,
    pub(crate) skew_seconds: i32,
}

/// What came in one package, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) serial: String,
    pub(crate) id: Option<i64>,
    pub(crate) time: Option<DateTime<Utc>>,
    pub(crate) records: Vec<Record>,
}

/// One interval of one logic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) logic: i64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// Fewer samples than expected.
    pub(crate) few_samples: bool,
    pub(crate) forward: i64,
    pub(crate) backward: i64,
    pub(crate) balance: Option<i64>,
}

/// What is to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Which record it comes from, so that a repeat counts nothing.
    pub(crate) logic: i64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) few_samples: bool,
    pub(crate) effect: Effect,
}

/// What it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Cross { into: String, out_of: String, forward: u32, backward: u32 },
    Set { zone: String, people: u32, negative: bool },
}

/// What a package comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) counted: Vec<Counted>,
    /// Packages that did not come before this one.
    pub(crate) gap: u64,
    pub(crate) problem: Option<Problem>,
}

/// A clock may be off by so much.
const SKEW: TimeDelta = TimeDelta::seconds(120);
/// More people than that cannot pass one line in a second.
const MOST_A_SECOND: i64 = 3;
/// What a counter kept while it was cut off is good for so long.
const OLDEST: TimeDelta = TimeDelta::hours(24);
/// So many intervals without a word are silence.
const SILENCE: i32 = 3;

impl Sensor {
    /// Whether it has been silent for too long.
    pub(crate) fn is_silent(&self, now: DateTime<Utc>) -> bool {
        self.state.works() && self.last_seen.unwrap_or(self.since) + self.interval * SILENCE < now
    }

    /// Until when a number of it is good that was heard now.
    pub(crate) fn good_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.interval * SILENCE
    }

    /// The zones it changes.
    pub(crate) fn zones(&self) -> Vec<String> {
        let mut zones: Vec<String> = self
            .logics
            .iter()
            .flat_map(|(_, logic)| match logic {
                Logic::Line { into, out_of } => vec![into.clone(), out_of.clone()],
                Logic::Balance { zone } => vec![zone.clone()],
            })
            .filter(|zone| !zone.is_empty())
            .collect();
        zones.sort();
        zones.dedup();
        zones
    }

    /// Whether a zone is counted by this: a balance of it, or a line into it. A line that only leads out of a zone
    /// moves people and does not know who else comes and goes there.
    pub(crate) fn counts(&self, zone: &str) -> bool {
        self.logics.iter().any(|(_, logic)| match logic {
            Logic::Line { into, .. } => into == zone,
            Logic::Balance { zone: of } => of == zone,
        })
    }

    /// Takes a package: what is to be counted, and what is wrong. Counts nothing that cannot be.
    pub(crate) fn take(&mut self, package: &Package, now: DateTime<Utc>) -> Taken {
        let mut taken = Taken { gap: self.follow(package.id), ..Taken::default() };
        let skew = package.time.map_or(TimeDelta::zero(), |time| time - now);
        self.skew_seconds = i32::try_from(skew.num_seconds()).unwrap_or(i32::MAX);
        self.last_seen = Some(now);
        let mut found = Vec::new();
        for record in &package.records {
            let Some((_, logic)) = self.logics.iter().find(|(id, _)| *id == record.logic) else {
                found.push(Problem::UnknownLogic);
                continue;
            };
            // Its clock may be wrong; how long ago it was, it knows.
            let to = record.to - skew;
            match effect(logic, record, to, now) {
                Some(effect) => taken.counted.push(Counted {
                    logic: record.logic,
                    from: record.from,
                    to: record.to,
                    few_samples: record.few_samples,
                    effect,
                }),
                None => found.push(Problem::Implausible),
            }
            if record.few_samples {
                found.push(Problem::FewSamples);
            }
        }
        if taken.gap > 0 {
            found.push(Problem::LostData);
        }
        if skew.abs() > SKEW {
            found.push(Problem::WrongClock);
        }
        taken.problem = Problem::worst(&found);
        taken
    }

    /// Follows the packages' numbers; answers how many were lost. One that comes late after all is taken off again;
    /// a number that starts anew is a restart.
    fn follow(&mut self, id: Option<i64>) -> u64 {
        let (Some(id), Some(last)) = (id, self.last_package) else {
            self.last_package = id.or(self.last_package);
            return 0;
        };
        if id > last {
            let gap = id.abs_diff(last) - 1;
            (self.last_package, self.lost) = (Some(id), self.lost.saturating_add(gap));
            return gap;
        }
        if last.abs_diff(id) <= 100 {
            self.lost = if id < last { self.lost.saturating_sub(1) } else { self.lost };
        } else {
            self.last_package = Some(id);
        }
        0
    }

    /// Sets its state by what a package (or its silence) says. True when it has changed.
    pub(crate) fn judge(&mut self, problem: Option<Problem>, now: DateTime<Utc>) -> bool {
        let before = (self.state, self.problem);
        self.problem = problem;
        self.state = match (self.state, problem) {
            (state @ (State::Commissioning | State::Retired), _) => state,
            (_, Some(Problem::Silent)) => State::Offline,
            // Something it was not asked for harms nothing that it counts.
            (_, None | Some(Problem::UnknownLogic)) => State::Online,
            (_, Some(_)) => State::Degraded,
        };
        if before.0 != self.state {
            self.since = now;
        }
        before != (self.state, self.problem)
    }
}

/// What a record does, or None if it cannot be.
fn effect(logic: &Logic, record: &Record, to: DateTime<Utc>, now: DateTime<Utc>) -> Option<Effect> {
    let seconds = (record.to - record.from).num_seconds();
    // Sub-second intervals are rounded up; a day in one record is no interval.
    if record.to < record.from || seconds > 86_400 || to > now + SKEW || to < now - OLDEST {
        return None;
    }
    let most = MOST_A_SECOND * seconds.max(1);
    match logic {
        Logic::Line { into, out_of } => {
            let people = |value: i64| u32::try_from(value).ok().filter(|_| value <= most);
            Some(Effect::Cross {
                into: into.clone(),
                out_of: out_of.clone(),
                forward: people(record.forward)?,
                backward: people(record.backward)?,
            })
        }
        Logic::Balance { zone } => {
            let balance = record.balance?;
            (balance.unsigned_abs() <= 100_000).then(|| Effect::Set {
                zone: zone.clone(),
                people: u32::try_from(balance).unwrap_or(0),
                negative: balance < 0,
            })
        }
    }
}

/// Brings what was counted into the order in which it holds: as it happened, and of one instant who crossed a line
/// before how many are there, because those who crossed are among them.
pub(crate) fn in_order(counted: &mut [Counted]) {
    counted.sort_by_key(|counted| (counted.to, matches!(counted.effect, Effect::Set { .. })));
}

/// Whether a balance may follow another one: people walk, they do not appear.
pub(crate) fn may_follow(before: u32, after: u32, since: TimeDelta) -> bool {
    i64::from(before.abs_diff(after)) <= MOST_A_SECOND * since.num_seconds().max(60)
}

#[cfg(test)]
mod tests;
