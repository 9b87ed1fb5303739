//! Who is missing before a showing, what is known of each party, and how much time it has left. Pure.
//! Knows only what somebody has seen or the party itself has said: of whom neither is known is unknown, never "late".

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    Visit,
    clock::{
        legs::{self, Estimates, Leg, Standing},
        risk::{Facts, Risk},
    },
};

/// Whoever was seen in the foyer is taken to be there for so long.
pub(crate) const SEEN_VALID: TimeDelta = TimeDelta::minutes(60);

/// What is known of where a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whereabouts {
    /// Some of them are in; the others are taken to stand behind them.
    PartlyIn,
    /// Seen in the house: paid at the desk, collected a meal.
    Foyer,
    CarPark,
    /// A bay waits for them and their car has not come; or they have said when they will be here.
    OnTheWay,
    Unknown,
}

impl Whereabouts {
    const ALL: [Self; 5] = [Self::PartlyIn, Self::Foyer, Self::CarPark, Self::OnTheWay, Self::Unknown];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|whereabouts| whereabouts.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PartlyIn => "partly_in",
            Self::Foyer => "in_foyer",
            Self::CarPark => "in_car_park",
            Self::OnTheWay => "on_the_way",
            Self::Unknown => "unknown",
        }
    }

    /// Somebody has seen them on the site.
    pub(crate) const fn is_here(self) -> bool {
        matches!(self, Self::PartlyIn | Self::Foyer | Self::CarPark)
    }
}

/// Whether a party can still make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outlook {
    TooLate,
    Close,
    InTime,
    Unknown,
}

/// A booked party of which somebody is not in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingParty {
    pub(crate) visit: Uuid,
    pub(crate) size: u32,
    pub(crate) admitted: u32,
    pub(crate) whereabouts: Whereabouts,
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// When it will be at the house by its own word, as long as nobody has seen it and that may be right.
    pub(crate) arrives_at: Option<DateTime<Utc>>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) slack: TimeDelta,
    pub(crate) uncertainty: TimeDelta,
    pub(crate) outlook: Outlook,
    pub(crate) needs: Vec<String>,
    pub(crate) bay_class: Option<String>,
    /// Since when the house has told that it is at risk.
    pub(crate) at_risk_since: Option<DateTime<Utc>>,
}

impl MissingParty {
    pub(crate) const fn missing(&self) -> u32 {
        self.size.saturating_sub(self.admitted)
    }

    /// How it would look if the doors stayed open so much longer.
    pub(crate) fn outlook_with(&self, longer: TimeDelta) -> Outlook {
        outlook(self.is_known(), self.slack + longer, self.uncertainty)
    }

    const fn is_known(&self) -> bool {
        is_known(self.whereabouts, self.arrives_at)
    }
}

/// What the slack of every party is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) now: DateTime<Utc>,
    /// None: the showing's times are not known.
    pub(crate) door_closes_at: Option<DateTime<Utc>>,
    pub(crate) takes: Estimates,
}

/// A booked visit with what was noted of it.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) visit: Visit,
    /// When it was seen in the foyer.
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// When it will be here, as it has said.
    pub(crate) arrives_at: Option<DateTime<Utc>>,
    /// What the house was told last, and since when that holds.
    pub(crate) risk: Option<(Risk, DateTime<Utc>)>,
}

/// The parties of which somebody is missing, least time left first, unknown ones last.
pub(crate) fn missing(visits: &[Noted], at: &Situation) -> Vec<MissingParty> {
    let late = || visits.iter().filter(|it| it.visit.admitted < it.visit.size());
    let here: u32 = late()
        .filter(|it| whereabouts(&it.visit, it.seen_at, at.now).0.is_here())
        .map(|it| it.visit.size() - it.visit.admitted)
        .sum();
    let mut parties: Vec<MissingParty> = late().map(|it| party(it, here, at)).collect();
    parties.sort_by_key(|party| (party.outlook == Outlook::Unknown, party.slack, party.visit));
    parties
}

/// Where a party is, and since when that is known.
pub(crate) fn whereabouts(
    visit: &Visit,
    seen_in_foyer: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> (Whereabouts, Option<DateTime<Utc>>) {
    if visit.admitted > 0 {
        return (Whereabouts::PartlyIn, None);
    }
    let has_left = visit.left_at.is_some();
    let fresh = seen_in_foyer.filter(|seen| now - *seen < SEEN_VALID && visit.left_at.is_none_or(|left| left < *seen));
    if fresh.is_some() {
        return (Whereabouts::Foyer, fresh);
    }
    match visit.entered_at {
        Some(entered) if !has_left => (Whereabouts::CarPark, Some(entered)),
        Some(_) => (Whereabouts::Unknown, None),
        None if visit.has_bay() => (Whereabouts::OnTheWay, None),
        None => (Whereabouts::Unknown, None),
    }
}

fn party(it: &Noted, here: u32, at: &Situation) -> MissingParty {
    let visit = &it.visit;
    let (mut whereabouts, seen_at) = whereabouts(visit, it.seen_at, at.now);
    let arrives_at = at.takes.holds(it.arrives_at, at.now).filter(|_| !whereabouts.is_here());
    if arrives_at.is_some() {
        whereabouts = Whereabouts::OnTheWay;
    }
    let missing = visit.size() - visit.admitted;
    let ahead = if whereabouts.is_here() { here - missing } else { here };
    let legs = legs::legs(visit, Standing { whereabouts, seen_at, arrives_at, ahead }, &at.takes, at.now);
    let takes = legs::sum(&legs);
    let slack = at.door_closes_at.map_or(TimeDelta::zero(), |closes| closes - at.now - takes.time);
    MissingParty {
        visit: visit.id,
        size: visit.size(),
        admitted: visit.admitted,
        whereabouts,
        seen_at,
        arrives_at,
        legs,
        slack,
        uncertainty: takes.uncertainty,
        outlook: at
            .door_closes_at
            .map_or(Outlook::Unknown, |_| outlook(is_known(whereabouts, arrives_at), slack, takes.uncertainty)),
        needs: legs::needs(visit),
        bay_class: visit.bay.as_ref().filter(|_| visit.has_bay()).map(|bay| bay.class.clone()),
        at_risk_since: it.risk.filter(|(risk, _)| risk.wants_help()).map(|(_, since)| since),
    }
}

impl MissingParty {
    /// What its risk is judged by; `runs`: the doors are closed.
    pub(crate) fn facts(&self, closes_in: TimeDelta, runs: bool) -> Facts {
        Facts {
            missing: self.missing(),
            admitted: self.admitted,
            is_known: self.is_known(),
            slack: self.slack,
            closes_in,
            runs,
        }
    }
}

/// Something is known of where a party is: somebody has seen it, or it has said when it comes.
const fn is_known(whereabouts: Whereabouts, arrives_at: Option<DateTime<Utc>>) -> bool {
    whereabouts.is_here() || arrives_at.is_some()
}

fn outlook(is_known: bool, slack: TimeDelta, uncertainty: TimeDelta) -> Outlook {
    if slack + uncertainty < TimeDelta::zero() {
        Outlook::TooLate
    } else if !is_known {
        Outlook::Unknown
    } else if slack < uncertainty {
        Outlook::Close
    } else {
        Outlook::InTime
    }
}

#[cfg(test)]
mod tests;
