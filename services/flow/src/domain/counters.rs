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
    /// It counts a line in words that nobody knows: who crossed it is not known.
    UnknownCounts,
    WrongClock,
    UnknownLogic,
}

impl Problem {
    const ALL: [Self; 7] = [
        Self::Silent,
        Self::LostData,
        Self::FewSamples,
        Self::Implausible,
        Self::UnknownCounts,
        Self::WrongClock,
        Self::UnknownLogic,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::LostData => "lost_data",
            Self::FewSamples => "few_samples",
            Self::Implausible => "implausible",
            Self::UnknownCounts => "unknown_counts",
            Self::WrongClock => "wrong_clock",
            Self::UnknownLogic => "unknown_logic",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.name() == name)
    }

    /// Whether somebody may have passed a counter that has it, unseen.
    const fn may_miss_somebody(self) -> bool {
        match self {
            Self::Silent | Self::LostData | Self::FewSamples | Self::Implausible | Self::UnknownCounts => true,
            Self::WrongClock | Self::UnknownLogic => false,
        }
    }

    /// The most serious one of those found: it is the one that is told.
    pub(crate) fn worst(found: &[Self]) -> Option<Self> {
        let order = [
            Self::Silent,
            Self::UnknownCounts,
            Self::Implausible,
            Self::LostData,
            Self::FewSamples,
            Self::WrongClock,
            Self::UnknownLogic,
        ];
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
            Self::UnknownCounts => Text::new(
                "Zählt unter Namen, die das Haus nicht kennt; das wurde nicht gezählt. Am Sensor die Ausgabe fw und bw einstellen.",
                "Counts under names that the house does not know; that was left out. Set the sensor's output to fw and bw.",
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
    /// So long without a word is silence: some intervals.
    pub(crate) silence: TimeDelta,
    /// The device's numbers and what they count.
    pub(crate) logics: Vec<(i64, Logic)>,
    /// Lines are counted from its live data, not from its intervals.
    pub(crate) live: bool,
    /// The number of the last package of each of the device's data agents; the agent heard last stands at the end.
    pub(crate) packages: Vec<(i64, i64)>,
    pub(crate) lost: u64,
    /// By how much its clock is believed to be ahead.
    pub(crate) skew_seconds: i32,
    /// What its last packages said of that, and since when all of them have said so.
    pub(crate) told_skew: Option<(i32, DateTime<Utc>)>,
    /// Since when it is heard again, if it ever was silent.
    pub(crate) heard_again_at: Option<DateTime<Utc>>,
    /// Until when somebody may have passed it unseen, if ever.
    pub(crate) blind_until: Option<DateTime<Utc>>,
}

/// What came in one package, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) serial: String,
    /// Of the device's data agents, the one that sends this: each numbers its packages by itself.
    pub(crate) agent: i64,
    pub(crate) id: Option<i64>,
    /// When it was made; it may have been kept and sent later.
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
    /// None of its counts is one that is known.
    pub(crate) is_unknown: bool,
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
    /// When it was so, by the house's clock.
    pub(crate) observed_at: DateTime<Utc>,
    /// It was so at the latest then: what came late may be older than it was on its way as far as can be told.
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) effect: Effect,
}

impl Counted {
    pub(crate) const fn is_known(&self) -> bool {
        !matches!(self.effect, Effect::Missed { .. })
    }

    /// Whether whom it has missed is missing in the number still: who crossed before a count by hand is in that.
    pub(crate) fn may_be_missing(&self, by_hand_at: Option<DateTime<Utc>>) -> bool {
        by_hand_at.is_none_or(|at| self.observed_at > at)
    }

    /// Of people who crossed the line in this interval, how many did so after a count by hand: by the time that was left
    /// of it, because nothing tells them apart. The other number says by how many that may be wrong.
    pub(crate) fn after(&self, by_hand_at: Option<DateTime<Utc>>, people: u32) -> (u32, u32) {
        let (until, all) = (self.observed_at, (self.to - self.from).num_milliseconds().max(0));
        let Some(by_hand_at) = by_hand_at.filter(|at| *at > until - TimeDelta::milliseconds(all)) else {
            return (people, 0);
        };
        let left = (until - by_hand_at).num_milliseconds().clamp(0, all);
        let share = (i64::from(people) * left + all / 2) / all.max(1);
        (u32::try_from(share).unwrap_or(people).min(people), people)
    }
}

/// What it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Cross {
        into: String,
        out_of: String,
        forward: u32,
        backward: u32,
    },
    Set {
        zone: String,
        people: u32,
        negative: bool,
    },
    /// What the line counted cannot be: who crossed it is not known.
    Missed {
        into: String,
        out_of: String,
    },
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
/// A clock that says the same within so many seconds goes in step with ours.
const STEP: u32 = 10;
/// A device has no more data agents than that whose numbers are followed.
const MOST_AGENTS: usize = 16;
/// More people than that cannot pass one line in a second.
const MOST_A_SECOND: i64 = 3;
/// What a counter kept while it was cut off is good for so long.
const OLDEST: TimeDelta = TimeDelta::hours(24);
/// So many intervals without a word are silence, unless the house file says otherwise.
pub(crate) const MISSED_INTERVALS: u32 = 3;

impl Sensor {
    /// Whether it has been silent for too long.
    pub(crate) fn is_silent(&self, now: DateTime<Utc>) -> bool {
        self.state.works() && self.last_seen.unwrap_or(self.since) + self.silence < now
    }

    /// Until when a number of it is good that was heard now.
    pub(crate) fn good_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.silence
    }

    /// Its last package may have been under way for so long. A clock that is slow looks the same; by more than it may be
    /// off it does not count as late, else a wrong time zone would make every count an hour old.
    pub(crate) fn lag(&self) -> TimeDelta {
        TimeDelta::seconds(-i64::from(self.skew_seconds)).clamp(TimeDelta::zero(), SKEW)
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
        let mut taken = Taken { gap: self.follow(package.agent, package.id), ..Taken::default() };
        if let Some(time) = package.time {
            self.compare_clocks(time, now);
        }
        let skew = TimeDelta::seconds(self.skew_seconds.into());
        self.last_seen = Some(now);
        if self.state == State::Offline {
            self.heard_again_at = Some(now);
        }
        let mut found = Vec::new();
        for record in &package.records {
            let Some((_, logic)) = self.logics.iter().find(|(id, _)| *id == record.logic) else {
                found.push(Problem::UnknownLogic);
                continue;
            };
            // Its clock may be wrong; how long ago it was, it knows.
            let to = record.to - skew;
            let effect = if record.is_unknown { None } else { effect(logic, record, to, now) };
            if effect.is_none() {
                found.push(if record.is_unknown { Problem::UnknownCounts } else { Problem::Implausible });
            }
            let missed = || match logic.clone() {
                Logic::Line { into, out_of } => Some(Effect::Missed { into, out_of }),
                // The next one says how many there are, whatever became of this one.
                Logic::Balance { .. } => None,
            };
            if let Some(effect) = effect.or_else(missed) {
                taken.counted.push(Counted {
                    logic: record.logic,
                    from: record.from,
                    to: record.to,
                    few_samples: record.few_samples,
                    observed_at: to,
                    as_of: to - self.lag(),
                    effect,
                });
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

    /// Learns from the time on a package how far its clock is off. A package is never sent before it was made, so the
    /// clock is at least so far ahead; that it is behind is believed when it goes in step with ours for half an interval.
    /// What was kept and is sent late looks like a clock that is behind, too; but its packages do not keep step.
    fn compare_clocks(&mut self, time: DateTime<Utc>, now: DateTime<Utc>) {
        let skew = i32::try_from((time - now).num_seconds()).unwrap_or(if time > now { i32::MAX } else { i32::MIN });
        let since = match self.told_skew {
            Some((told, since)) if told.abs_diff(skew) <= STEP => since,
            _ => {
                self.told_skew = Some((skew, now));
                now
            }
        };
        if skew >= self.skew_seconds || now - since >= self.interval / 2 {
            self.skew_seconds = skew;
        }
    }

    /// Whether a count still says something of the zone. How many were there while it could not be heard was so then: only
    /// what it has seen since it is heard again is so now, and nothing that was sent when it was good no more. And nobody
    /// who went through its line before the house was found empty is in it.
    pub(crate) fn holds(&self, counted: &Counted, empty_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let old = match counted.effect {
            Effect::Set { .. } => self.heard_again_at.max(empty_at).max(Some(now - self.silence)),
            Effect::Cross { .. } | Effect::Missed { .. } => empty_at,
        };
        old.is_none_or(|old| counted.observed_at >= old)
    }

    /// Follows the numbers of an agent's packages; answers how many were lost. One that comes late after all is taken off
    /// again; a number that starts anew is a restart.
    fn follow(&mut self, agent: i64, id: Option<i64>) -> u64 {
        let Some(id) = id else { return 0 };
        let known = self.packages.iter().position(|(known, _)| *known == agent);
        let last = known.map(|place| self.packages.remove(place).1);
        let (newest, gap) = match last {
            Some(last) if id > last => (id, id.abs_diff(last) - 1),
            Some(last) if last.abs_diff(id) <= 100 => {
                self.lost = if id < last { self.lost.saturating_sub(1) } else { self.lost };
                (last, 0)
            }
            Some(_) | None => (id, 0),
        };
        if self.packages.len() == MOST_AGENTS {
            self.packages.remove(0);
        }
        self.packages.push((agent, newest));
        self.lost = self.lost.saturating_add(gap);
        gap
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
        let missed = problem.is_some_and(Problem::may_miss_somebody) || before.0 == State::Offline;
        if self.state.in_service() && missed {
            self.blind_until = Some(now);
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
