//! What is offered to a visit that will not make it, or has not: the next showing of the day with places for all of it
//! together, for no more than it has paid. Pure.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{Text, day_of};
use uuid::Uuid;

use super::{State, Visit, clock::risk::Risk, sum};

/// A showing that a visit could go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) showing: Uuid,
    pub(crate) title: Text,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) is_cancelled: bool,
    pub(crate) is_on_sale: bool,
    /// "public", "school" or "private".
    pub(crate) audience: &'static str,
    /// By tariff class, in cents.
    pub(crate) prices: Vec<(String, i64)>,
    /// Places that may be given at the door.
    pub(crate) free: u32,
    /// The largest party that sits side by side; None: not counted.
    pub(crate) together: Option<u32>,
    /// Free places by need, by the contract's names.
    pub(crate) needs: Vec<(String, u32)>,
}

/// What a visit is offered, or why nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) visit: Uuid,
    pub(crate) from: Uuid,
    /// None: no showing of the day has places for them.
    pub(crate) to: Option<Offered>,
    pub(crate) valid_until: DateTime<Utc>,
}

/// The showing that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) showing: Uuid,
    pub(crate) title: Text,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

/// Why a visit cannot go to another showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CannotMove {
    /// It is not booked, or not any more.
    NotBooked,
    /// Somebody of it is in.
    Admitted,
    /// It makes its showing: only the desk moves it.
    InTime,
    SameShowing,
    /// The showing is none that it could be offered.
    NoOption,
}

/// Who wants to move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mover {
    Visitor,
    Staff,
}

/// Whether a visit may go to another showing at all.
pub(crate) fn may_move(visit: &Visit, risk: Option<Risk>, by: Mover) -> Result<(), CannotMove> {
    if visit.state != State::Confirmed {
        return Err(CannotMove::NotBooked);
    }
    if visit.admitted > 0 {
        return Err(CannotMove::Admitted);
    }
    if by == Mover::Visitor && !risk.is_some_and(Risk::wants_help) {
        return Err(CannotMove::InTime);
    }
    Ok(())
}

/// Wheelchair places and their companions' are pairs of their own.
const PAIRS: [&str; 2] = ["NEED_WHEELCHAIR", "NEED_COMPANION"];

/// How many people sit where, by need; empty: without any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(BTreeMap<String, u32>);

impl Places {
    fn of(visit: &Visit) -> Self {
        let mut places = Self::default();
        places.add_party(visit);
        places
    }

    pub(crate) fn add(&mut self, need: &str, people: u32) {
        let sum = self.0.entry(need.to_owned()).or_default();
        *sum = sum.saturating_add(people);
    }

    pub(crate) fn add_party(&mut self, visit: &Visit) {
        for line in &visit.party {
            self.add(&line.need, line.count);
        }
    }

    fn with(&self, need: &str) -> u32 {
        self.0.get(need).copied().unwrap_or_default()
    }

    /// Those who sit among the others, whatever they need there.
    fn general(&self) -> u32 {
        let general = self.0.iter().filter(|(need, _)| !PAIRS.contains(&need.as_str()));
        general.fold(0, |sum: u32, (_, people)| sum.saturating_add(*people))
    }
}

impl Candidate {
    /// Whether all of a visit find places here besides those whom others have been offered.
    pub(super) fn has_room(&self, visit: &Visit, promised: &Places) -> bool {
        let wanted = Places::of(visit);
        let free = |need: &str| self.needs.iter().find(|(of, _)| of == need).map_or(0, |(_, free)| *free);
        let left = |need: &str| free(need).saturating_sub(promised.with(need));
        let general = wanted.general();
        general <= self.free.saturating_sub(promised.general())
            && self.together.is_none_or(|most| general <= most)
            && wanted.0.iter().all(|(need, people)| need.is_empty() || *people <= left(need))
    }

    /// What the party would pay here for its places; None: a class has no price.
    fn price(&self, visit: &Visit) -> Option<i64> {
        visit.party.iter().try_fold(0, |sum, line| {
            let (_, cents) = self.prices.iter().find(|(class, _)| *class == line.tariff_class)?;
            Some(sum + cents * i64::from(line.count))
        })
    }
}

/// What a visit may go to, the next one first.
pub(crate) fn options<'c>(
    visit: &Visit,
    candidates: &'c [Candidate],
    from: DateTime<Utc>,
    promised: &HashMap<Uuid, Places>,
) -> Vec<&'c Candidate> {
    let nobody = Places::default();
    let mut options: Vec<&Candidate> = of_the_day(visit, candidates, from)
        .filter(|it| it.price(visit).is_some_and(|price| price <= sum(&visit.seat_items)))
        .filter(|it| it.has_room(visit, promised.get(&it.showing).unwrap_or(&nobody)))
        .collect();
    options.sort_by_key(|it| (it.starts_at, it.showing));
    options
}

/// The showings of the day that are for a visit, whatever they cost and have left: they begin from then on, and later than
/// its own.
fn of_the_day<'c>(
    visit: &Visit,
    candidates: &'c [Candidate],
    from: DateTime<Utc>,
) -> impl Iterator<Item = &'c Candidate> {
    let booked = candidates.iter().find(|it| it.showing == visit.showing);
    candidates
        .iter()
        .filter(|it| it.showing != visit.showing && !it.is_cancelled && it.is_on_sale)
        .filter(move |it| it.audience == "public" || booked.is_some_and(|booked| booked.audience == it.audience))
        .filter(move |it| it.starts_at >= from && day_of(it.starts_at) == day_of(from))
        .filter(|it| visit.booked_starts_at.is_none_or(|booked| it.starts_at > booked))
}

/// Whether that is a showing for a visit to go to now. What it costs there and whether there are places, reservations says:
/// others may have taken them since they were offered.
pub(crate) fn may_go_to(
    visit: &Visit,
    to: Uuid,
    candidates: &[Candidate],
    now: DateTime<Utc>,
) -> Result<(), CannotMove> {
    if visit.showing == to {
        return Err(CannotMove::SameShowing);
    }
    if of_the_day(visit, candidates, now).any(|it| it.showing == to) { Ok(()) } else { Err(CannotMove::NoOption) }
}

/// Whether what a visit is offered is still to be had; `promised`: to others there.
pub(crate) fn still_stands(offer: &Offer, visit: &Visit, candidates: &[Candidate], promised: &Places) -> bool {
    let Some(to) = &offer.to else { return true };
    let there = candidates.iter().find(|it| it.showing == to.showing);
    there.is_some_and(|it| !it.is_cancelled && it.starts_at == to.starts_at && it.has_room(visit, promised))
}

/// From when on another showing must begin for a party that needs so long to the hall.
pub(crate) fn earliest(now: DateTime<Utc>, takes: TimeDelta, gap: TimeDelta) -> DateTime<Utc> {
    now + takes + gap
}

/// Offers each visit the next showing. Nobody is offered places that another one has been offered in the same turn, or
/// before (`promised`), so that whoever takes the offer finds them.
pub(crate) fn offers(
    visits: &[(&Visit, DateTime<Utc>)],
    candidates: &[Candidate],
    mut promised: HashMap<Uuid, Places>,
    valid_until: DateTime<Utc>,
) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (visit, from) in visits {
        let next = options(visit, candidates, *from, &promised).into_iter().next();
        if let Some(it) = next {
            promised.entry(it.showing).or_default().add_party(visit);
        }
        offers.push(Offer {
            visit: visit.id,
            from: visit.showing,
            // Nobody goes in after the start.
            valid_until: next.map_or(valid_until, |it| valid_until.min(it.starts_at)),
            to: next.map(|it| Offered {
                showing: it.showing,
                title: it.title.clone(),
                starts_at: it.starts_at,
                ends_at: it.ends_at,
            }),
        });
    }
    offers
}

#[cfg(test)]
mod tests;
