//! Directives: what the house asks people to do, and which of them contradict each other. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{
    ways::{self, Lift, Way, english, plain},
    weather::BY_WEATHER,
    zones::{Level, Zone, ancestors},
};

mod causes;
mod wish;

pub(crate) use causes::{Cause, Stated, cause};
pub(crate) use wish::Wish;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Redirect,
    StopAdmission,
    OpenOverflow,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Redirect, Self::StopAdmission, Self::OpenOverflow];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::StopAdmission => "stop_admission",
            Self::OpenOverflow => "open_overflow",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it sends people to another zone.
    pub(crate) const fn leads(self) -> bool {
        matches!(self, Self::Redirect | Self::OpenOverflow)
    }
}

/// Whoever ended something by mistake brings it back within so long.
pub(crate) const UNDO: TimeDelta = TimeDelta::minutes(5);

/// Where a directive or an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Proposed,
    Confirmed,
    Active,
    AckedByDisplays,
    Ended,
}

impl State {
    const ALL: [Self; 5] = [Self::Proposed, Self::Confirmed, Self::Active, Self::AckedByDisplays, Self::Ended];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Active => "active",
            Self::AckedByDisplays => "acked_by_displays",
            Self::Ended => "ended",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether displays are to show it.
    pub(crate) const fn shown(self) -> bool {
        matches!(self, Self::Active | Self::AckedByDisplays)
    }

    /// Whether it holds or is about to.
    pub(crate) const fn binds(self) -> bool {
        matches!(self, Self::Confirmed | Self::Active | Self::AckedByDisplays)
    }
}

/// A display shows a directive or an incident.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) about: Uuid,
    pub(crate) revision: u64,
    pub(crate) display: String,
    pub(crate) rendered_at: DateTime<Utc>,
}

/// What displays have said about one thing they are to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acks {
    /// Of the present revision: display and when.
    pub(crate) by: Vec<(String, DateTime<Utc>)>,
    /// Which displays are to show it, sorted; none: not told yet, or no display can.
    pub(crate) concerned: Vec<String>,
}

impl Acks {
    /// Each display that is to show it has said so. What others say, who have fallen silent since, does not count.
    pub(crate) fn complete(&self) -> bool {
        // Asked after each answer, of which there may be thousands: mostly their number says no.
        !self.concerned.is_empty()
            && self.by.len() >= self.concerned.len()
            && self.counted().count() == self.concerned.len()
    }

    /// The answers of those that are to show it.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &(String, DateTime<Utc>)> {
        self.by.iter().filter(|(display, _)| self.concerned.binary_search(display).is_ok())
    }
}

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directive {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) from: String,
    /// Empty with `StopAdmission`.
    pub(crate) to: String,
    pub(crate) text: Text,
    pub(crate) step_free_text: Text,
    pub(crate) step_free: bool,
    pub(crate) lift: String,
    pub(crate) reason: Text,
    /// Redirects: why, as staff say it; none: what the house knows itself is said.
    pub(crate) stated: Option<Stated>,
    pub(crate) by_policy: bool,
    pub(crate) proposed_by: String,
    pub(crate) confirmed_by: String,
    pub(crate) ended_by: String,
    pub(crate) proposed_at: DateTime<Utc>,
    pub(crate) active_from: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) valid_until: DateTime<Utc>,
    /// Its zone was warned of while it held: by then it is no longer for what the policy saw, and the policy does not end it.
    pub(crate) warned: bool,
    pub(crate) acks: Acks,
    pub(crate) revision: u64,
}

/// Why a wish is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Contradiction {
    #[error("people cannot be sent from {0} to {0}; choose another zone")]
    Itself(String),
    #[error("{0} has a directive already that sends people to {1}; end that one first")]
    TwoWays(String, String),
    #[error("{0} is stopped at the same time; end the stop, or send people elsewhere")]
    IntoStopped(String),
    #[error("people are being sent to {0}; end that directive before stopping it")]
    StopsTarget(String),
    #[error("people would go round in a circle: {0}; end one of these first")]
    Circle(String),
    #[error("{0} is full itself; choose a zone with room")]
    ToFull(String),
    #[error("{0} has this directive already; end it before giving it again")]
    Again(String),
}

fn name(zones: &[Zone], id: &str) -> String {
    zones.iter().find(|zone| zone.id == id).map_or_else(|| id.to_owned(), |zone| english(&zone.name).to_owned())
}

/// Whether a wish goes together with what holds; `open` may have the same directive in it.
pub(crate) fn check(
    me: Option<Uuid>,
    kind: Kind,
    from: &str,
    to: &str,
    open: &[Directive],
    zones: &[Zone],
) -> Result<(), Contradiction> {
    let others = || open.iter().filter(|other| other.state.binds() && Some(other.id) != me);
    let named = |id: &str| name(zones, id);
    if kind == Kind::StopAdmission {
        if others().any(|other| other.kind == kind && other.from == from) {
            return Err(Contradiction::Again(named(from)));
        }
        if others().any(|other| other.kind.leads() && stops(zones, from, &other.from, &other.to)) {
            return Err(Contradiction::StopsTarget(named(from)));
        }
        return Ok(());
    }
    if from == to {
        return Err(Contradiction::Itself(named(from)));
    }
    if let Some(other) = others().find(|other| other.kind == kind && other.from == from) {
        return Err(if other.to == to {
            Contradiction::Again(named(from))
        } else {
            Contradiction::TwoWays(named(from), named(&other.to))
        });
    }
    if let Some(stop) = others().find(|other| other.kind == Kind::StopAdmission && stops(zones, &other.from, from, to))
    {
        return Err(Contradiction::IntoStopped(named(&stop.from)));
    }
    if let Some(circle) = circle(from, to, &others().collect::<Vec<_>>()) {
        return Err(Contradiction::Circle(circle.iter().map(|id| named(id)).collect::<Vec<_>>().join(" → ")));
    }
    if is_full(from, to, zones) {
        return Err(Contradiction::ToFull(named(to)));
    }
    Ok(())
}

/// Whether people who go from one zone to another one find no room: also when the storey that they come into is full.
pub(crate) fn is_full(from: &str, to: &str, zones: &[Zone]) -> bool {
    let full = |id: &String| zones.iter().any(|zone| zone.id == *id && zone.level >= Level::Red);
    ancestors(zones, to).any(|id| full(id) && !ancestors(zones, from).any(|own| own == id))
}

/// Whether a stop of a zone stops people who go from one zone to another one: it holds for all that lies in it. Whoever is
/// in it already may walk about there; only at a hall's doors nobody asks where people come from.
fn stops(zones: &[Zone], stopped: &str, from: &str, to: &str) -> bool {
    let lies_in = |id: &str| ancestors(zones, id).any(|known| known == stopped);
    let is_hall = zones.iter().any(|zone| zone.id == to && zone.hall().is_some());
    stopped == to || lies_in(to) && (is_hall || !lies_in(from))
}

/// The way round from `from` over `to` and what holds back to `from`, if there is one.
fn circle(from: &str, to: &str, others: &[&Directive]) -> Option<Vec<String>> {
    // A redirect and an overflow may lead out of the same zone: every way is followed, and into no zone twice.
    let mut paths = vec![vec![from.to_owned(), to.to_owned()]];
    let mut seen = vec![to];
    while let Some(path) = paths.pop() {
        let here = path.last()?;
        for next in others.iter().filter(|other| other.kind.leads() && other.from == *here) {
            let further = path.iter().chain([&next.to]).cloned().collect();
            if next.to == from {
                return Some(further);
            }
            if !seen.contains(&next.to.as_str()) {
                seen.push(&next.to);
                paths.push(further);
            }
        }
    }
    None
}

/// What displays say, for all and for whoever cannot use stairs.
pub(crate) struct Words {
    pub(crate) text: Text,
    pub(crate) step_free_text: Text,
    pub(crate) step_free: bool,
    pub(crate) lift: String,
}

/// Writes a directive's texts, as the zones and lifts are now.
pub(crate) fn words(kind: Kind, cause: Cause, (from, to): (&str, &str), zones: &[Zone], lifts: &[Lift]) -> Words {
    let named = |id: &str| zones.iter().find(|zone| zone.id == id).map(|zone| zone.name.clone()).unwrap_or_default();
    let (here, there) = (named(from), named(to));
    let text = match kind {
        Kind::Redirect => causes::redirect(cause, &here, &there),
        Kind::StopAdmission => Text {
            de: format!("{}: zurzeit kein Einlass. Bitte warten Sie.", here.de),
            en: format!("{}: no admission at the moment. Please wait.", english(&here)),
            plain: format!("{}: Sie können noch nicht hinein. Bitte warten Sie.", plain(&here)),
        },
        Kind::OpenOverflow => Text {
            de: format!("Jetzt auch offen: {}. Dort ist Platz.", there.de),
            en: format!("Now open too: {}. There is room.", english(&there)),
            plain: format!("Dort ist Platz: {}.", plain(&there)),
        },
    };
    let way = if kind.leads() { ways::way(zones, lifts, from, to) } else { Way::Level };
    let lift = match way {
        Way::Over(lift) | Way::Blocked(lift) => lift.id.clone(),
        Way::Level | Way::None => String::new(),
    };
    Words {
        step_free_text: ways::step_free_text(way, &text, &there),
        step_free: matches!(way, Way::Level | Way::Over(_)),
        text,
        lift,
    }
}

/// A zone that has just got room may be full again in a minute, and each time every display would say something else: for so
/// long it is still said to be full where that is said already.
const STILL_FULL: TimeDelta = TimeDelta::minutes(3);

/// Zones of which those that have been full until lately count as full.
pub(crate) fn lately_full(zones: &[Zone], left: &[(String, DateTime<Utc>)], now: DateTime<Utc>) -> Vec<Zone> {
    let lately = |id: &String| left.iter().any(|(known, at)| known == id && *at + STILL_FULL > now);
    let mut zones = zones.to_vec();
    for zone in zones.iter_mut().filter(|zone| lately(&zone.id)) {
        zone.level = zone.level.max(Level::Red);
    }
    zones
}

impl Directive {
    /// Its texts, as all is now.
    pub(crate) fn words(&self, open: &[Self], zones: &[Zone], lifts: &[Lift]) -> Words {
        let way = (self.from.as_str(), self.to.as_str());
        words(self.kind, cause(self.stated, self.by_policy, way, open, zones, lifts), way, zones, lifts)
    }

    /// Whether it says these words already.
    pub(crate) fn says(&self, words: &Words) -> bool {
        (&self.text, &self.step_free_text, self.step_free) == (&words.text, &words.step_free_text, words.step_free)
    }

    /// Takes new words; true when displays must show something else.
    pub(crate) fn say(&mut self, words: Words) -> bool {
        let changed = !self.says(&words);
        (self.text, self.step_free_text) = (words.text, words.step_free_text);
        (self.step_free, self.lift) = (words.step_free, words.lift);
        if changed {
            self.show_anew();
        }
        changed
    }

    /// Displays must show it (again): what they have said before counts no more.
    fn show_anew(&mut self) {
        self.revision += 1;
        self.acks = Acks::default();
        if self.state == State::AckedByDisplays {
            self.state = State::Active;
        }
    }

    /// Somebody said yes. Active at once, if its time has come.
    pub(crate) fn confirm(&mut self, by: &str, now: DateTime<Utc>) {
        by.clone_into(&mut self.confirmed_by);
        self.state = State::Confirmed;
        self.begin_if_due(now);
    }

    /// True when it has become active now.
    pub(crate) fn begin_if_due(&mut self, now: DateTime<Utc>) -> bool {
        let due = self.state == State::Confirmed && self.active_from <= now;
        if due {
            self.state = State::Active;
            self.revision += 1;
        }
        due
    }

    /// When a person ended it; None: nobody did, but it may have ended by itself.
    pub(crate) fn ended_by_person_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at.filter(|_| ![BY_TIME, BY_POLICY, BY_WEATHER].contains(&self.ended_by.as_str()))
    }

    /// Whether its end can be taken back: a person ended it just now, and its time is not over.
    pub(crate) fn can_resume(&self, now: DateTime<Utc>) -> bool {
        self.valid_until > now && self.ended_by_person_at().is_some_and(|ended| now < ended + UNDO)
    }

    /// As if it had not been ended. Displays are told anew.
    pub(crate) fn resume(&mut self, now: DateTime<Utc>) {
        self.state = if self.confirmed_by.is_empty() { State::Proposed } else { State::Confirmed };
        (self.ended_at, self.acks) = (None, Acks::default());
        self.ended_by.clear();
        self.revision += 1;
        self.begin_if_due(now);
    }

    /// It holds for longer.
    pub(crate) fn prolong(&mut self, until: DateTime<Utc>) {
        self.valid_until = until;
        self.show_anew();
    }

    pub(crate) fn end(&mut self, by: &str, now: DateTime<Utc>) {
        by.clone_into(&mut self.ended_by);
        (self.state, self.ended_at) = (State::Ended, Some(now));
        self.revision += 1;
    }
}

/// What the zones' policy proposes when a zone, or an escape group, reaches a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) zone: String,
    /// The escape group whose level calls for it; empty: the zone's own level does.
    pub(crate) group: String,
    pub(crate) when: Level,
    pub(crate) kind: Kind,
    pub(crate) to: String,
    pub(crate) valid_for: TimeDelta,
    /// Without asking anybody, as long as what fills up is below RED.
    pub(crate) auto: bool,
}

/// How full that is which a rule looks at, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) level: Level,
    pub(crate) since: DateTime<Utc>,
}

/// Who ends what has run out.
pub(crate) const BY_TIME: &str = "time";
/// Who ends what it has proposed, and what is no longer needed.
pub(crate) const BY_POLICY: &str = "policy";

impl Rule {
    /// Whether a directive is what it proposes.
    pub(crate) fn proposes(&self, directive: &Directive) -> bool {
        (directive.kind, directive.from.as_str(), directive.to.as_str()) == (self.kind, &self.zone, &self.to)
    }

    /// Whether another rule proposes the same, for another reason.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.kind, &self.zone, &self.to) == (other.kind, &other.zone, &other.to)
    }

    /// Whether it is due: the level is reached and nothing like it is open or was turned down or ended while it has
    /// stayed as full as that.
    pub(crate) fn due(&self, reached: Reached, known: &[Directive]) -> bool {
        // What ended by itself nobody has decided against.
        let by_itself = |other: &Directive| [BY_TIME, BY_POLICY].contains(&other.ended_by.as_str());
        let ended_since = |other: &Directive| other.ended_at.is_some_and(|ended| ended >= reached.since);
        reached.level >= self.when
            && !known.iter().any(|other| {
                self.proposes(other) && (other.state != State::Ended || !by_itself(other) && ended_since(other))
            })
    }

    /// Only below RED nobody is asked.
    pub(crate) fn confirms_itself(&self, level: Level) -> bool {
        self.auto && level < Level::Red
    }
}

/// The directives of the policy that no rule calls for any more: neither a zone's own level nor that of an escape group.
pub(crate) fn left<'d>(rules: &[(&Rule, Reached)], known: &'d [Directive]) -> Vec<&'d Directive> {
    let called_for =
        |rule: &Rule| rules.iter().any(|(other, reached)| rule.is_like(other) && reached.level >= other.when);
    let is_left = |directive: &&Directive| {
        directive.proposed_by == BY_POLICY
            && directive.state != State::Ended
            && !directive.warned
            && rules.iter().any(|(rule, _)| rule.proposes(directive) && !called_for(rule))
    };
    known.iter().filter(is_left).collect()
}

/// The policy's directives that send people to another zone, and have not ended.
fn led_by_policy(known: &[Directive]) -> impl Iterator<Item = &Directive> {
    known.iter().filter(|it| it.proposed_by == BY_POLICY && it.state != State::Ended && it.kind.leads())
}

/// The policy's directives that lead people on into what has become full.
pub(crate) fn into_full<'d>(known: &'d [Directive], zones: &[Zone]) -> Vec<&'d Directive> {
    led_by_policy(known).filter(|it| is_full(&it.from, &it.to, zones)).collect()
}

/// The policy's directives that lead people into a zone that is to be stopped. They speak not against that: they end with
/// the stop's beginning.
pub(crate) fn into_stop(stopped: &str, known: &[Directive], zones: &[Zone]) -> Vec<Uuid> {
    led_by_policy(known).filter(|it| stops(zones, stopped, &it.from, &it.to)).map(|it| it.id).collect()
}

/// Whether a rule would lead people into what is stopped, or is proposed to be.
pub(crate) fn leads_into_stop(rule: &Rule, known: &[Directive], zones: &[Zone]) -> bool {
    let mut open = known.iter().filter(|it| it.kind == Kind::StopAdmission && it.state != State::Ended);
    rule.kind.leads() && open.any(|stop| stops(zones, &stop.from, &rule.zone, &rule.to))
}

#[cfg(test)]
pub(crate) mod tests;
