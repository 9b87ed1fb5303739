//! Which places a party gets: the best ones together, or those it has chosen. Pure.
//!
//! Wheelchair and companion places come in pairs of the same number and are protected: only who needs
//! them gets them, and a companion's place goes only with its wheelchair place. Scores are small
//! integers; lower is better.

use std::collections::HashSet;

use super::{HeldSeat, Need, Person, Place, Seat};

/// Why no places could be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// So many general places are free.
    NotEnough(usize),
    /// Nobody can be given this.
    NeedNotFree(Need),
    /// A chosen label is no place of this hall.
    NoSuchSeat(String),
    /// Chosen places that others have.
    Taken(Vec<String>),
    /// A chosen place that is kept for somebody with another need.
    NotForThem(String),
}

/// The best free places for a party. `open` opens protected places to anybody.
pub(crate) fn best(
    seats: &[Seat],
    taken: &HashSet<String>,
    party: &[Person],
    open: bool,
) -> Result<Vec<HeldSeat>, Refusal> {
    let free: Vec<&Seat> = seats.iter().filter(|seat| !taken.contains(&seat.label)).collect();
    let (pairs, others): (Vec<&Person>, Vec<&Person>) =
        party.iter().partition(|person| matches!(person.need, Some(Need::Wheelchair | Need::Companion)));
    let mut given = wheelchair_places(&free, &pairs)?;
    let general: Vec<&Seat> = free
        .iter()
        .filter(|seat| !given.iter().any(|held| held.label == seat.label))
        .filter(|seat| open || seat.place() == Place::General)
        .copied()
        .collect();
    if general.len() < others.len() {
        return Err(Refusal::NotEnough(general.len()));
    }
    given.extend(together(seats, general, others)?);
    Ok(given)
}

fn wheelchair_places(free: &[&Seat], people: &[&Person]) -> Result<Vec<HeldSeat>, Refusal> {
    let numbers = |place: Place| -> Vec<i32> {
        free.iter().filter(|seat| seat.place() == place).map(|seat| seat.number).collect()
    };
    let companions_free = numbers(Place::Companion);
    // Pairs first, so that whoever comes alone does not break one.
    let (mut paired, mut alone): (Vec<i32>, Vec<i32>) =
        numbers(Place::Wheelchair).into_iter().partition(|number| companions_free.contains(number));
    paired.sort_unstable();
    alone.sort_unstable();
    let (wheelchairs, companions): (Vec<&Person>, Vec<&Person>) =
        people.iter().partition(|person| person.need == Some(Need::Wheelchair));
    if paired.len() + alone.len() < wheelchairs.len() {
        return Err(Refusal::NeedNotFree(Need::Wheelchair));
    }
    // A companion's place goes with its wheelchair place or not at all.
    if paired.len().min(wheelchairs.len()) < companions.len() {
        return Err(Refusal::NeedNotFree(Need::Companion));
    }
    let mut companions = companions.into_iter();
    let mut given = Vec::new();
    for person in wheelchairs {
        let companion = companions.next();
        let number = if companion.is_none() && !alone.is_empty() { alone.remove(0) } else { paired.remove(0) };
        for (person, place) in [(Some(person), Place::Wheelchair), (companion, Place::Companion)] {
            let seat = free.iter().find(|seat| seat.place() == place && seat.number == number);
            if let (Some(person), Some(seat)) = (person, seat) {
                given.push(give(seat, person));
            }
        }
    }
    Ok(given)
}

fn give(seat: &Seat, person: &Person) -> HeldSeat {
    HeldSeat {
        label: seat.label.clone(),
        features: seat.features.clone(),
        class: person.class.clone(),
        need: person.need,
    }
}

/// Places in one row, else in as few pieces as possible.
fn together(seats: &[Seat], mut free: Vec<&Seat>, mut people: Vec<&Person>) -> Result<Vec<HeldSeat>, Refusal> {
    let hall = Hall::of(seats);
    let mut given = Vec::new();
    if let Some(window) = best_window(&hall, &free, &people) {
        return Ok(window);
    }
    // Needs are met first, each by itself; the others fill up in the largest pieces that there are.
    let needy: Vec<&Person> = people.iter().filter(|person| person.need.is_some()).copied().collect();
    for person in needy {
        let Some(window) = best_window(&hall, &free, &[person]) else {
            return Err(person.need.map_or(Refusal::NotEnough(free.len()), Refusal::NeedNotFree));
        };
        free.retain(|seat| seat.label != window[0].label);
        given.extend(window);
    }
    people.retain(|person| person.need.is_none());
    let mut size = people.len();
    while !people.is_empty() {
        size = size.min(people.len());
        match best_window(&hall, &free, &people[..size]) {
            Some(window) => {
                free.retain(|seat| !window.iter().any(|held| held.label == seat.label));
                people.drain(..size);
                given.extend(window);
            }
            None => size -= 1,
        }
        if size == 0 && !people.is_empty() {
            return Err(Refusal::NotEnough(free.len()));
        }
    }
    Ok(given)
}

/// The measures of a hall.
struct Hall {
    rows: i32,
    /// The highest number of each row, by row place.
    widths: Vec<(i32, i32)>,
}

impl Hall {
    fn of(seats: &[Seat]) -> Self {
        let mut widths: Vec<(i32, i32)> = Vec::new();
        for seat in seats.iter().filter(|seat| seat.place() == Place::General) {
            match widths.iter_mut().find(|(row, _)| *row == seat.row_place) {
                Some((_, width)) => *width = seat.number.max(*width),
                None => widths.push((seat.row_place, seat.number)),
            }
        }
        Self { rows: widths.iter().map(|(row, _)| row + 1).max().unwrap_or(1), widths }
    }

    /// In a dome the best places are in the middle of the rows behind the centre.
    fn score(&self, seat: &Seat) -> i32 {
        let width = self.widths.iter().find(|(row, _)| *row == seat.row_place).map_or(seat.number, |(_, width)| *width);
        let aside = (2 * seat.number - width - 1).abs();
        let away = (10 * seat.row_place - 6 * self.rows).abs() * 4 / 10;
        aside + away
    }
}

/// The best run of neighbouring free places in one row for these people.
fn best_window(hall: &Hall, free: &[&Seat], people: &[&Person]) -> Option<Vec<HeldSeat>> {
    if people.is_empty() {
        return Some(Vec::new());
    }
    let mut free: Vec<&Seat> = free.to_vec();
    free.sort_by_key(|seat| (seat.row_place, seat.number));
    let neighbours = |a: &Seat, b: &Seat| a.row_place == b.row_place && a.number + 1 == b.number;
    let mut best: Option<(i32, Vec<HeldSeat>)> = None;
    for start in 0..free.len() {
        let Some(window) = free.get(start..start + people.len()) else {
            break;
        };
        if !window.windows(2).all(|two| neighbours(two[0], two[1])) {
            continue;
        }
        let alone = |outer: Option<&&Seat>, next: Option<&&Seat>, inner: &Seat, before: bool| {
            let touches = |a: &Seat, b: &Seat| if before { neighbours(a, b) } else { neighbours(b, a) };
            outer.is_some_and(|outer| touches(outer, inner) && !next.is_some_and(|next| touches(next, outer)))
        };
        let before = start.checked_sub(1).and_then(|at| free.get(at));
        let before_that = start.checked_sub(2).and_then(|at| free.get(at));
        let end = start + people.len();
        let mut score: i32 = window.iter().map(|seat| hall.score(seat)).sum();
        let per_person = i32::try_from(people.len()).unwrap_or(i32::MAX);
        // A single place left between parties is a place that nobody buys.
        if alone(before, before_that, window[0], true) {
            score += 6 * per_person;
        }
        if alone(free.get(end), free.get(end + 1), window[window.len() - 1], false) {
            score += 6 * per_person;
        }
        // Places with floor for a dog are kept for those who need them while there are others.
        let dogs = people.iter().filter(|person| person.need == Some(Need::GuideDog)).count();
        let dog_places = window.iter().filter(|seat| seat.has(Need::GuideDog.name())).count();
        score += 4 * i32::try_from(dog_places.saturating_sub(dogs)).unwrap_or(0);
        if best.as_ref().is_none_or(|(known, _)| score < *known)
            && let Some(given) = seat_people(window, people)
        {
            best = Some((score, given));
        }
    }
    best.map(|(_, given)| given)
}

/// Gives the places of a window to people so that every need is met.
fn seat_people(window: &[&Seat], people: &[&Person]) -> Option<Vec<HeldSeat>> {
    let fits = |seat: &Seat, person: &Person| person.need.is_none_or(|need| seat.has(need.name()));
    let mut order: Vec<&Person> = people.to_vec();
    // Whoever fits the fewest places chooses first.
    order.sort_by_key(|person| window.iter().filter(|seat| fits(seat, person)).count());
    let mut left: Vec<&Seat> = window.to_vec();
    let mut given = Vec::new();
    for person in order {
        let at = left.iter().position(|seat| fits(seat, person))?;
        given.push(give(left.remove(at), person));
    }
    Some(given)
}

/// The places that a party has chosen, each to somebody whom it fits.
pub(crate) fn chosen(
    seats: &[Seat],
    taken: &HashSet<String>,
    party: &[Person],
    labels: &[String],
    open: bool,
) -> Result<Vec<HeldSeat>, Refusal> {
    let mut window = Vec::new();
    for label in labels {
        let seat = seats.iter().find(|seat| seat.label == *label);
        window.push(seat.ok_or_else(|| Refusal::NoSuchSeat(label.clone()))?);
    }
    let gone: Vec<String> = labels.iter().filter(|label| taken.contains(*label)).cloned().collect();
    if !gone.is_empty() {
        return Err(Refusal::Taken(gone));
    }
    let wanted = |place: Place, need: Need| {
        let places = window.iter().filter(|seat| seat.place() == place).count();
        (places, party.iter().filter(|person| person.need == Some(need)).count())
    };
    for (place, need) in [(Place::Wheelchair, Need::Wheelchair), (Place::Companion, Need::Companion)] {
        let (places, people) = wanted(place, need);
        if places > people && !open {
            let seat = window.iter().find(|seat| seat.place() == place);
            return Err(Refusal::NotForThem(seat.map(|seat| seat.label.clone()).unwrap_or_default()));
        }
    }
    let everybody: Vec<&Person> = party.iter().collect();
    seat_people(&window, &everybody).ok_or_else(|| {
        let missing = party.iter().filter_map(|person| person.need);
        let unmet = missing.into_iter().find(|need| {
            let places = window.iter().filter(|seat| seat.has(need.name())).count();
            places < party.iter().filter(|person| person.need == Some(*need)).count()
        });
        Refusal::NeedNotFree(unmet.unwrap_or(Need::StepFree))
    })
}
