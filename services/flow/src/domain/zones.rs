//! Zones: how full each is, how that came to be known, and what the zones within a storey or with the same
//! escape routes hold together. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How full a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Level {
    Green,
    Amber,
    Red,
    Stop,
}

impl Level {
    pub(crate) const ALL: [Self; 4] = [Self::Green, Self::Amber, Self::Red, Self::Stop];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
            Self::Stop => "stop",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Where a level begins (rising) and ends (falling), in percent of the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Threshold {
    pub(crate) rise: u32,
    pub(crate) fall: u32,
}

/// The thresholds of a zone. What falls later than it rises does not flicker with every guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Thresholds {
    pub(crate) amber: Threshold,
    pub(crate) red: Threshold,
    pub(crate) stop: Threshold,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            amber: Threshold { rise: 80, fall: 75 },
            red: Threshold { rise: 95, fall: 90 },
            stop: Threshold { rise: 100, fall: 95 },
        }
    }
}

impl Thresholds {
    const fn of(&self, level: Level) -> Threshold {
        match level {
            Level::Green => Threshold { rise: 0, fall: 0 },
            Level::Amber => self.amber,
            Level::Red => self.red,
            Level::Stop => self.stop,
        }
    }

    /// What is wrong with them, if anything: each falls no later than it rises, and they rise in order.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let order = [self.amber, self.red, self.stop];
        if order.iter().any(|threshold| threshold.fall == 0 || threshold.fall > threshold.rise) {
            Some("each `fall` must be 1 or more and at most its `rise`")
        } else if order.iter().any(|threshold| threshold.rise > 150) {
            Some("a `rise` is at most 150 percent")
        } else if order.windows(2).any(|pair| pair[0].rise >= pair[1].rise || pair[0].fall > pair[1].fall) {
            Some("amber must rise before red and red before stop, and fall after them")
        } else {
            None
        }
    }

    /// The level of a count, given the level before: it rises at once, and falls only when the count is
    /// below where that level falls.
    pub(crate) fn level(&self, count: u32, capacity: u32, before: Level) -> Level {
        let full = u64::from(capacity.max(1));
        let at_least = |percent: u32| u64::from(count) * 100 >= u64::from(percent) * full;
        let risen = Level::ALL.into_iter().rev().find(|level| at_least(self.of(*level).rise)).unwrap_or(Level::Green);
        let kept = Level::ALL.into_iter().rev().find(|level| *level <= before && at_least(self.of(*level).fall));
        risen.max(kept.unwrap_or(Level::Green))
    }

    /// The most people that a level may mean: what is assumed while a number is not known.
    pub(crate) fn most(&self, level: Level, capacity: u32) -> u32 {
        let next = match level {
            Level::Green => self.amber.rise,
            Level::Amber => self.red.rise,
            Level::Red => self.stop.rise,
            Level::Stop => return capacity.saturating_mul(self.stop.rise.max(110)) / 100,
        };
        u32::try_from((u64::from(next) * u64::from(capacity)).div_ceil(100).saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// How a count came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Quality {
    Live,
    Estimated,
    Manual,
    /// A counter is silent or loses data: bands are told, never a number.
    Degraded,
}

impl Quality {
    const ALL: [Self; 4] = [Self::Live, Self::Estimated, Self::Manual, Self::Degraded];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Estimated => "estimated",
            Self::Manual => "manual",
            Self::Degraded => "degraded",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quality| quality.name() == name)
    }

    /// Of two numbers together: as good as the worse one.
    pub(crate) const fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// Of a sum: as good as its worst part.
    const fn rank(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Manual => 1,
            Self::Estimated => 2,
            Self::Degraded => 3,
        }
    }
}

/// What a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Room,
    Level,
    House,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Room, Self::Level, Self::House];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Level => "level",
            Self::House => "house",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A count by hand is as good as new for so many minutes, unless the house file says otherwise.
pub(crate) const HAND_MINUTES: u32 = 60;

/// A part of the house with a permitted number of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) kind: Kind,
    /// The zone it lies in; empty: none.
    pub(crate) parent: String,
    pub(crate) capacity: u32,
    pub(crate) capacity_source: String,
    pub(crate) thresholds: Thresholds,
    /// False: somewhere on the way into it there are steps, whatever the lifts do.
    pub(crate) step_free: bool,
    pub(crate) count: u32,
    pub(crate) level: Level,
    pub(crate) quality: Quality,
    pub(crate) observed_at: DateTime<Utc>,
    /// Whoever works by scans leaves it to the counters, while they work.
    pub(crate) counted: bool,
    pub(crate) sensors: Vec<String>,
    /// One of its counters is: who comes and goes there nobody sees.
    pub(crate) silent: bool,
    /// "desk", "cafe": people queue here; empty: nowhere.
    pub(crate) queue: String,
    /// "hall:dome": scans at that hall's doors; "foyer": where people wait; else by hand, or the sum.
    pub(crate) filled_by: String,
    /// After that the number is not good any more, if it ends at all.
    pub(crate) valid_until: Option<DateTime<Utc>>,
    /// A count by hand is as good as new for so long.
    pub(crate) hand_holds: TimeDelta,
    /// When somebody counted it last by walking through, if anybody did.
    pub(crate) by_hand_at: Option<DateTime<Utc>>,
    /// By so many people the number may be off besides, because a counter's interval had begun before that count.
    pub(crate) unsure: u32,
}

impl Zone {
    /// Counts people in (positive) or out; never below nobody. True when the level has changed.
    pub(crate) fn add(&mut self, people: i64, quality: Quality, now: DateTime<Utc>) -> bool {
        let count = u32::try_from((i64::from(self.count) + people).max(0)).unwrap_or(u32::MAX);
        self.set(count, quality, now)
    }

    /// Counts people whom a scan, or a counter that only leads out of it, moves. A number that was counted by hand beside
    /// a silent counter gets no younger by that: of those who pass that counter nothing is known.
    pub(crate) fn add_on_count(&mut self, people: i64, quality: Quality, now: DateTime<Utc>) -> bool {
        let (until, observed_at) = (self.valid_until, self.observed_at);
        if self.silent && self.quality == Quality::Manual {
            let changed = self.add(people, Quality::Manual, now);
            (self.valid_until, self.observed_at) = (until, observed_at);
            return changed;
        }
        // While its counter is silent, scans keep its level; a number they cannot give.
        let quality = if self.quality == Quality::Degraded { Quality::Degraded } else { quality };
        self.add(people, quality, now)
    }

    /// How many people were counted out who had never been counted in.
    pub(crate) fn below_nobody(&self, people: i64) -> u32 {
        u32::try_from((-(i64::from(self.count) + people)).max(0)).unwrap_or(u32::MAX)
    }

    /// Somebody has counted: whatever was unsure is over.
    pub(crate) fn count_by_hand(&mut self, count: u32, now: DateTime<Utc>) -> bool {
        (self.by_hand_at, self.unsure) = (Some(now), 0);
        self.set(count, Quality::Manual, now)
    }

    /// Takes a count by hand back, as it was noted then: whoever has come or gone since has come or gone all the same.
    pub(crate) fn take_back(&mut self, counted: &Counted) {
        let since = i64::from(self.count) - i64::from(counted.count);
        let was = &counted.was;
        self.count = u32::try_from((i64::from(was.count) + since).max(0)).unwrap_or(u32::MAX);
        self.level = self.thresholds.level(self.count, self.capacity, was.level);
        // Scans that have moved it since do not make known what was not.
        if self.quality == Quality::Manual || was.quality == Quality::Degraded {
            (self.quality, self.observed_at, self.valid_until) = (was.quality, was.observed_at, was.valid_until);
        }
        self.by_hand_at = was.by_hand_at;
        self.unsure = self.unsure.saturating_add(was.unsure);
    }

    pub(crate) fn set(&mut self, count: u32, quality: Quality, now: DateTime<Utc>) -> bool {
        let before = self.level;
        self.count = count;
        self.level = self.thresholds.level(count, self.capacity, before);
        self.quality = quality;
        self.observed_at = now;
        self.valid_until = (quality == Quality::Manual).then(|| now + self.hand_holds);
        self.level != before
    }

    /// The hall whose doors fill it.
    pub(crate) fn hall(&self) -> Option<&str> {
        self.filled_by.strip_prefix("hall:")
    }

    /// Whether people wait here before the doors of the halls.
    pub(crate) fn is_foyer(&self) -> bool {
        self.filled_by == "foyer"
    }

    /// The number, if there is one that may be told.
    pub(crate) fn told(&self) -> Option<u32> {
        (self.quality != Quality::Degraded).then_some(self.count)
    }

    /// What to reckon with: the number, or the most that the band may mean.
    pub(crate) fn at_most(&self) -> u32 {
        match self.quality {
            Quality::Degraded => self.count.max(self.thresholds.most(self.level, self.capacity)),
            Quality::Live | Quality::Estimated | Quality::Manual => self.count,
        }
    }

    /// What time does to it: a count by hand grows old, a counter's number runs out.
    pub(crate) fn age(&mut self, now: DateTime<Utc>) -> bool {
        let over = self.valid_until.is_some_and(|until| now >= until);
        match self.quality {
            // Nobody has seen who came and went since.
            Quality::Manual if over && self.silent => self.quality = Quality::Degraded,
            Quality::Manual if over => self.quality = Quality::Estimated,
            Quality::Live if over => self.quality = Quality::Degraded,
            Quality::Live | Quality::Manual | Quality::Estimated | Quality::Degraded => return false,
        }
        true
    }
}

/// What is known of a zone's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ZoneWas {
    pub(crate) count: u32,
    pub(crate) level: Level,
    pub(crate) quality: Quality,
    pub(crate) observed_at: DateTime<Utc>,
    pub(crate) valid_until: Option<DateTime<Utc>>,
    pub(crate) by_hand_at: Option<DateTime<Utc>>,
    pub(crate) unsure: u32,
    /// It had lost its ground: data of a counter was missing.
    pub(crate) drifted: bool,
}

impl ZoneWas {
    pub(crate) const fn of(zone: &Zone, drifted: bool) -> Self {
        Self {
            count: zone.count,
            level: zone.level,
            quality: zone.quality,
            observed_at: zone.observed_at,
            valid_until: zone.valid_until,
            by_hand_at: zone.by_hand_at,
            unsure: zone.unsure,
            drifted,
        }
    }
}

/// A zone that somebody has counted by hand, and what was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) zone: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) count: u32,
    pub(crate) was: ZoneWas,
    /// Showings whose guests are in that number and are not taken off it once more.
    pub(crate) gone: Vec<Uuid>,
}

/// The people of several zones together.
struct Sum {
    count: u32,
    quality: Quality,
    observed_at: DateTime<Utc>,
    valid_until: Option<DateTime<Utc>>,
}

impl Sum {
    /// A sum is as old as its oldest part, and as good as its worst.
    fn of<'z>(parts: impl Iterator<Item = &'z Zone> + Clone) -> Option<Self> {
        Some(Self {
            count: parts.clone().map(Zone::at_most).fold(0, u32::saturating_add),
            quality: parts.clone().map(|part| part.quality).max_by_key(|quality| quality.rank())?,
            observed_at: parts.clone().map(|part| part.observed_at).min()?,
            valid_until: parts.filter_map(|part| part.valid_until).min(),
        })
    }
}

/// Gives storeys and the house the sum of what lies in them: rooms first, then storeys, then the house.
pub(crate) fn roll_up(zones: &mut [Zone]) {
    for kind in [Kind::Level, Kind::House] {
        for place in 0..zones.len() {
            if zones[place].kind != kind {
                continue;
            }
            let id = zones[place].id.clone();
            let Some(sum) = Sum::of(zones.iter().filter(|part| part.parent == id && part.id != id)) else {
                continue;
            };
            let zone = &mut zones[place];
            zone.level = zone.thresholds.level(sum.count, zone.capacity, zone.level);
            (zone.count, zone.quality, zone.observed_at) = (sum.count, sum.quality, sum.observed_at);
            zone.valid_until = sum.valid_until;
        }
    }
}

/// Zones that share escape routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EscapeGroup {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) zones: Vec<String>,
    pub(crate) limit: u32,
    pub(crate) limit_source: String,
    pub(crate) thresholds: Thresholds,
    pub(crate) level: Level,
    pub(crate) count: u32,
    pub(crate) quality: Quality,
    pub(crate) observed_at: DateTime<Utc>,
    pub(crate) valid_until: Option<DateTime<Utc>>,
}

impl EscapeGroup {
    /// Adds up the rooms of the group (also those within a storey of it). True when the level changes.
    pub(crate) fn add_up(&mut self, zones: &[Zone]) -> bool {
        let within =
            |zone: &Zone| zone.kind == Kind::Room && ancestors(zones, &zone.id).any(|id| self.zones.contains(id));
        let Some(sum) = Sum::of(zones.iter().filter(|zone| within(zone))) else {
            return false;
        };
        let before = self.level;
        self.level = self.thresholds.level(sum.count, self.limit, before);
        (self.count, self.quality, self.observed_at) = (sum.count, sum.quality, sum.observed_at);
        self.valid_until = sum.valid_until;
        self.level != before
    }

    /// The number, if every part of it is known.
    pub(crate) fn told(&self) -> Option<u32> {
        (self.quality != Quality::Degraded).then_some(self.count)
    }
}

/// A zone and all that it lies in, from the inside out. The house file has no circles.
pub(crate) fn ancestors<'z>(zones: &'z [Zone], id: &str) -> impl Iterator<Item = &'z String> {
    let find = |id: &str| zones.iter().find(|zone| zone.id == id);
    std::iter::successors(find(id), move |zone| find(&zone.parent)).take(8).map(|zone| &zone.id)
}

/// The storey on which a zone lies; the zone itself where none is named.
pub(crate) fn storey<'z>(zones: &'z [Zone], id: &str) -> Option<&'z Zone> {
    let line: Vec<&Zone> =
        ancestors(zones, id).filter_map(|known| zones.iter().find(|zone| zone.id == *known)).collect();
    line.iter().find(|zone| zone.kind == Kind::Level).or(line.first()).copied()
}

#[cfg(test)]
pub(crate) mod tests;
