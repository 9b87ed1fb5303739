//! The places of a hall and which a party gets: the best ones together, or those it has chosen. Pure.
//!
//! Wheelchair and companion places come in pairs of the same number and are protected: only who needs
//! them gets them, and a companion's place goes only with its wheelchair place. Scores are small
//! integers; lower is better. What a row can offer is remembered until one of its places changes, so
//! that a hall of thousands is not searched anew for every party.

mod counts;
mod plan;
mod preference;

use std::{collections::BTreeSet, sync::Arc};

pub(crate) use plan::Plan;
use plan::{KEPT_FOR, Pair, Row};
pub(crate) use preference::{Part, Preference};

use super::{HeldSeat, Need, Person, Place};

/// Why no places could be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// So many general places are free.
    NotEnough(usize),
    /// Nobody can be given this.
    NeedNotFree(Need),
    /// A chosen label is no place of this hall.
    NoSuchSeat(String),
    /// Chosen places that others have.
    Taken(Vec<String>),
    /// Chosen places that the house does not sell.
    NotSold(Vec<String>),
    /// A chosen place that is kept for somebody with another need.
    NotForThem(String),
    /// Too few of the chosen places meet this need.
    ChosenWithout(Need),
}

/// Windows of up to so many places are remembered per row.
const REMEMBERED: usize = 8;
/// A single place left between parties is a place that nobody buys: per person of the party.
const LEAVES_ONE_ALONE: i32 = 6;
/// Places with floor for a dog, with an induction loop or without steps are kept for those who need them while there are
/// others that are hardly worse: per place and need.
const WASTES_NEED: i32 = 4;

/// The pieces of a split party are sought near each other in halls of up to so many places: that reads every place.
const SEARCHED_TO: usize = 1_000;

/// The best window of a row for a number of people: its score and its first place.
type Window = Option<(i32, usize)>;

/// A plan with the places that somebody has.
#[derive(Debug)]
pub(crate) struct Hall {
    plan: Arc<Plan>,
    taken: Vec<bool>,
    /// Taken by nobody: the house does not sell them.
    blocked: BTreeSet<usize>,
    general_free: usize,
    /// Per row and size; None: not known.
    remembered: Vec<[Option<Window>; REMEMBERED]>,
}

impl Hall {
    pub(crate) fn empty(plan: Arc<Plan>) -> Self {
        Self {
            taken: vec![false; plan.seats.len()],
            blocked: BTreeSet::new(),
            general_free: plan.general(),
            remembered: vec![[None; REMEMBERED]; plan.rows.len()],
            plan,
        }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn is_taken(&self, place: usize) -> bool {
        self.taken[place]
    }

    /// Marks a place as taken or free.
    pub(crate) fn mark(&mut self, place: usize, taken: bool) {
        if self.taken[place] == taken {
            return;
        }
        self.taken[place] = taken;
        if let Some(row) = self.remembered.get_mut(self.plan.row_of[place]) {
            *row = [None; REMEMBERED];
            if taken { self.general_free -= 1 } else { self.general_free += 1 }
        }
    }

    /// Marks a place that the house does not sell.
    pub(crate) fn block(&mut self, place: usize) {
        self.mark(place, true);
        self.blocked.insert(place);
    }

    /// The best free places for a party, near where it would like to sit. `open` opens protected places to
    /// anybody.
    pub(crate) fn best(&mut self, party: &[Person], wish: Preference, open: bool) -> Result<Vec<HeldSeat>, Misfit> {
        let (pairs, others): (Vec<&Person>, Vec<&Person>) =
            party.iter().partition(|person| matches!(person.need, Some(Need::Wheelchair | Need::Companion)));
        let mut given = self.wheelchair_places(&pairs)?;
        let protected: Vec<usize> = if open { self.protected_but(&given) } else { Vec::new() };
        let free = self.general_free + protected.len();
        if free < others.len() {
            return Err(Misfit::NotEnough(free));
        }
        // Whoever comes with a wheelchair user sits near the place that is theirs, not where it is best alone.
        let near: Vec<usize> = given.iter().map(|(at, _)| *at).collect();
        let picked = self.side_by_side(&others, wish, &near, &protected)?;
        given.extend(picked);
        Ok(given.into_iter().map(|(at, person)| self.held(at, person)).collect())
    }

    fn held(&self, place: usize, person: &Person) -> HeldSeat {
        let seat = &self.plan.seats[place];
        HeldSeat {
            label: seat.label.clone(),
            features: seat.features.clone(),
            class: person.class.clone(),
            need: person.need,
            free_seating: false,
        }
    }

    fn wheelchair_places<'p>(&self, people: &[&'p Person]) -> Result<Vec<(usize, &'p Person)>, Misfit> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let free = self.plan.pairs.iter().filter(|pair| !self.taken[pair.wheelchair]);
        // Pairs are not broken by whoever comes alone while there is a single one.
        let (mut paired, mut alone): (Vec<&Pair>, Vec<&Pair>) =
            free.partition(|pair| pair.companion.is_some_and(|companion| !self.taken[companion]));
        let (wheelchairs, companions): (Vec<&Person>, Vec<&Person>) =
            people.iter().partition(|person| person.need == Some(Need::Wheelchair));
        if paired.len() + alone.len() < wheelchairs.len() {
            return Err(Misfit::NeedNotFree(Need::Wheelchair));
        }
        // A companion's place goes with its wheelchair place or not at all.
        if paired.len().min(wheelchairs.len()) < companions.len() {
            return Err(Misfit::NeedNotFree(Need::Companion));
        }
        let mut companions = companions.into_iter();
        let mut given = Vec::new();
        for person in wheelchairs {
            let companion = companions.next();
            let pair = if companion.is_none() && !alone.is_empty() { alone.remove(0) } else { paired.remove(0) };
            given.push((pair.wheelchair, person));
            given.extend(pair.companion.zip(companion));
        }
        Ok(given)
    }

    /// The protected places that are free and not among the given.
    fn protected_but(&self, given: &[(usize, &Person)]) -> Vec<usize> {
        (self.plan.general()..self.plan.seats.len())
            .filter(|at| !self.taken[*at] && !given.iter().any(|(other, _)| other == at))
            .collect()
    }

    /// Places in one row, else in as few pieces as possible, else with the protected ones.
    fn side_by_side<'p>(
        &mut self,
        people: &[&'p Person],
        wish: Preference,
        near: &[usize],
        protected: &[usize],
    ) -> Result<Vec<(usize, &'p Person)>, Misfit> {
        if let Some(window) = self.best_window(people, wish, near) {
            return Ok(window);
        }
        // To sit near each other may cost somebody the only place for their need: then they sit where they can.
        let all: &[Option<&[usize]>] = match people.len() {
            1 if near.is_empty() => &[None],
            _ if near.is_empty() => &[Some(&[]), None],
            _ => &[Some(near), Some(&[]), None],
        };
        let mut refused = Misfit::NotEnough(self.general_free);
        for near in all {
            let mut given: Vec<(usize, &Person)> = Vec::new();
            let result = self.in_pieces(people, wish, *near, protected.to_vec(), &mut given);
            // What was marked only to search on is free again: whoever gets the places marks them.
            for (at, _) in &given {
                self.mark(*at, false);
            }
            match result {
                Ok(()) => return Ok(given),
                Err(misfit @ Misfit::NeedNotFree(_)) => refused = misfit,
                Err(misfit) => return Err(misfit),
            }
        }
        Err(refused)
    }

    fn in_pieces<'p>(
        &mut self,
        people: &[&'p Person],
        wish: Preference,
        near: Option<&[usize]>,
        mut protected: Vec<usize>,
        given: &mut Vec<(usize, &'p Person)>,
    ) -> Result<(), Misfit> {
        // Needs are met first, each by itself; the others fill up in the largest pieces that there are.
        let (needy, mut rest): (Vec<&Person>, Vec<&Person>) = people.iter().partition(|person| person.need.is_some());
        for person in needy {
            let need = person.need.map_or(Misfit::NotEnough(self.general_free), Misfit::NeedNotFree);
            let near = self.near_pieces(near, given);
            let window = self.best_window(&[person], wish, &near).ok_or(need)?;
            self.take(window, given);
        }
        let mut size = rest.len();
        while !rest.is_empty() && size > 0 {
            match self.best_window(&rest[..size], wish, &[]) {
                Some(anywhere) => {
                    let near = self.near_pieces(near, given);
                    let nearest = if near.is_empty() { None } else { self.best_window(&rest[..size], wish, &near) };
                    let window = nearest.unwrap_or(anywhere);
                    self.take(window, given);
                    rest.drain(..size);
                    size = size.min(rest.len());
                }
                None => size -= 1,
            }
        }
        for person in rest {
            let at = protected.pop().ok_or(Misfit::NotEnough(self.general_free))?;
            self.take(vec![(at, person)], given);
        }
        Ok(())
    }

    /// Where the next piece of a party is to be near to: its wheelchair places and the pieces before. None: wherever.
    fn near_pieces(&self, near: Option<&[usize]>, given: &[(usize, &Person)]) -> Vec<usize> {
        let Some(near) = near else { return Vec::new() };
        let pieces = given.iter().map(|(at, _)| *at).filter(|_| self.plan.seats.len() <= SEARCHED_TO);
        near.iter().copied().chain(pieces).collect()
    }

    fn take<'p>(&mut self, window: Vec<(usize, &'p Person)>, given: &mut Vec<(usize, &'p Person)>) {
        for (at, _) in &window {
            self.mark(*at, true);
        }
        given.extend(window);
    }

    /// The best run of neighbouring free places in one row for these people, near others of their party.
    fn best_window<'p>(
        &mut self,
        people: &[&'p Person],
        wish: Preference,
        near: &[usize],
    ) -> Option<Vec<(usize, &'p Person)>> {
        if people.is_empty() {
            return Some(Vec::new());
        }
        let size = people.len();
        let needing = KEPT_FOR.map(|need| people.iter().filter(|person| person.need == Some(need)).count());
        let easy = people.iter().all(|person| person.need.is_none());
        let usual = easy && wish.is_none() && near.is_empty();
        let plan = Arc::clone(&self.plan);
        let mut best: Window = None;
        for (at, row) in plan.rows.iter().enumerate() {
            let least = row.best.saturating_mul(i32::try_from(size).unwrap_or(i32::MAX));
            if best.is_some_and(|(score, _)| score <= least) {
                break;
            }
            let known = self.remembered[at].get(size - 1).copied().flatten().filter(|_| usual);
            let found = known.unwrap_or_else(|| {
                let fits = |start| easy || self.seat_people(start..start + size, people).is_some();
                self.window_in(row, (size, needing), (wish, near), fits)
            });
            if usual && size <= REMEMBERED {
                self.remembered[at][size - 1] = Some(found);
            }
            if let Some(found) = found
                && best.is_none_or(|best| found.0 < best.0)
            {
                best = Some(found);
            }
        }
        best.and_then(|(_, start)| self.seat_people(start..start + size, people))
    }

    /// The best window of a row that fits.
    fn window_in(
        &self,
        row: &Row,
        (size, needing): (usize, [usize; KEPT_FOR.len()]),
        (wish, near): (Preference, &[usize]),
        fits: impl Fn(usize) -> bool,
    ) -> Window {
        let free = |at: usize| row.seats.contains(&at) && !self.taken[at];
        // A free neighbour whose other side is not free would be left alone.
        let alone = |at: usize, inner: usize, beyond: Option<usize>| {
            let joined = |a: usize, b: usize| self.plan.neighbours(a.min(b), a.max(b));
            free(at) && joined(at, inner) && !beyond.is_some_and(|beyond| free(beyond) && joined(beyond, at))
        };
        let per_person = i32::try_from(size).unwrap_or(i32::MAX);
        let mut best: Window = None;
        let mut run = 0;
        for end in row.seats.clone() {
            let joined = end > row.seats.start && self.plan.neighbours(end - 1, end);
            run = if self.taken[end] {
                0
            } else if joined {
                run + 1
            } else {
                1
            };
            if run < size {
                continue;
            }
            let start = end + 1 - size;
            let mut score: i32 = self.plan.scores[start..=end].iter().sum();
            score = score.saturating_add(wish.cost(&self.plan, row, start..end + 1));
            if !near.is_empty() {
                score = score.saturating_add(self.plan.apart(start..end + 1, near));
            }
            if start > row.seats.start && alone(start - 1, start, start.checked_sub(2)) {
                score = score.saturating_add(LEAVES_ONE_ALONE * per_person);
            }
            if alone(end + 1, end, Some(end + 2)) {
                score = score.saturating_add(LEAVES_ONE_ALONE * per_person);
            }
            for (need, people) in needing.into_iter().enumerate() {
                let meeting = self.plan.meets[start..=end].iter().filter(|meets| meets[need]).count();
                let wasted = i32::try_from(meeting.saturating_sub(people)).unwrap_or(0);
                score = score.saturating_add(WASTES_NEED.saturating_mul(wasted));
            }
            if best.is_none_or(|best| score < best.0) && fits(start) {
                best = Some((score, start));
            }
        }
        best
    }

    /// Gives the places of a window to people so that every need is met.
    fn seat_people<'p>(
        &self,
        window: impl IntoIterator<Item = usize>,
        people: &[&'p Person],
    ) -> Option<Vec<(usize, &'p Person)>> {
        let mut left: Vec<usize> = window.into_iter().collect();
        let fits = |at: usize, person: &Person| person.need.is_none_or(|need| self.plan.seats[at].has(need.name()));
        let mut order: Vec<&Person> = people.to_vec();
        // Whoever fits the fewest places chooses first.
        if people.iter().any(|person| person.need.is_some()) {
            order.sort_by_key(|person| left.iter().filter(|at| fits(**at, person)).count());
        }
        let mut given = Vec::with_capacity(order.len());
        for person in order {
            let at = left.iter().position(|at| fits(*at, person))?;
            given.push((left.remove(at), person));
        }
        Some(given)
    }

    /// The places that a party has chosen, each to somebody whom it fits.
    pub(crate) fn chosen(&self, party: &[Person], labels: &[String], open: bool) -> Result<Vec<HeldSeat>, Misfit> {
        let mut window = Vec::new();
        for label in labels {
            window.push(self.plan.place(label).ok_or_else(|| Misfit::NoSuchSeat(label.clone()))?);
        }
        let those = |is: &dyn Fn(usize) -> bool| -> Vec<String> {
            window.iter().zip(labels).filter(|(at, _)| is(**at)).map(|(_, label)| label.clone()).collect()
        };
        let not_sold = those(&|at| self.blocked.contains(&at));
        if !not_sold.is_empty() {
            return Err(Misfit::NotSold(not_sold));
        }
        let gone = those(&|at| self.taken[at]);
        if !gone.is_empty() {
            return Err(Misfit::Taken(gone));
        }
        for (place, need) in [(Place::Wheelchair, Need::Wheelchair), (Place::Companion, Need::Companion)] {
            let mut kept = window.iter().map(|at| &self.plan.seats[*at]).filter(|seat| seat.place() == place);
            let entitled = party.iter().filter(|person| person.need == Some(need)).count();
            if let Some(seat) = kept.nth(entitled)
                && !open
            {
                return Err(Misfit::NotForThem(seat.label.clone()));
            }
        }
        // A companion's place goes only with its wheelchair place.
        let torn =
            self.plan.pairs.iter().filter(|pair| !window.contains(&pair.wheelchair)).filter_map(|it| it.companion);
        if let Some(at) = torn.into_iter().find(|at| window.contains(at))
            && !open
        {
            return Err(Misfit::NotForThem(self.plan.seats[at].label.clone()));
        }
        let everybody: Vec<&Person> = party.iter().collect();
        let given = self.seat_people(window.iter().copied(), &everybody).ok_or_else(|| {
            let unmet = party.iter().filter_map(|person| person.need).find(|need| {
                let places = window.iter().filter(|at| self.plan.seats[**at].has(need.name())).count();
                places < party.iter().filter(|person| person.need == Some(*need)).count()
            });
            Misfit::ChosenWithout(unmet.unwrap_or(Need::StepFree))
        })?;
        Ok(given.into_iter().map(|(at, person)| self.held(at, person)).collect())
    }
}
