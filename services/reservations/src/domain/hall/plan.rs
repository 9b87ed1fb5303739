//! A layout's places, arranged for searching: how good each is, and which are neighbours. Pure.

use std::{collections::HashMap, ops::Range};

use crate::domain::{Need, Place, Seat};

/// A row further from one's party, per person: more than any wish, and than any place in the middle makes good.
const ROW_APART: i32 = 60;
/// Half a place further from one's party, per person: more than a place nearer to the middle makes good.
const SIDE_APART: i32 = 2;

/// Needs that general places may meet, each with places of its own.
pub(super) const KEPT_FOR: [Need; 3] = [Need::GuideDog, Need::HearingLoop, Need::StepFree];

/// The places of a layout, arranged for searching. Never changes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) seats: Vec<Seat>,
    by_label: HashMap<String, usize>,
    /// How good each place is.
    pub(super) scores: Vec<i32>,
    /// Which of the needs of [`KEPT_FOR`] each place meets.
    pub(super) meets: Vec<[bool; KEPT_FOR.len()]>,
    /// How far right of the middle each place is, in half places; left of it is less than nothing.
    sides: Vec<i32>,
    /// General places row by row, those with the best place first.
    pub(super) rows: Vec<Row>,
    /// The row of every general place, by its position in `rows`.
    pub(super) row_of: Vec<usize>,
    pub(super) pairs: Vec<Pair>,
    /// The general row that is furthest from the front, from 0.
    pub(super) last_row: i32,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) seats: Range<usize>,
    /// The score of its best place: no window is better than so much per person.
    pub(super) best: i32,
}

/// A wheelchair place and the companion's place beside it.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) wheelchair: usize,
    pub(super) companion: Option<usize>,
}

impl Plan {
    pub(crate) fn new(mut seats: Vec<Seat>) -> Self {
        seats.sort_by_key(|seat| (seat.place() as u8, seat.row_place, seat.number));
        let by_label = seats.iter().enumerate().map(|(at, seat)| (seat.label.clone(), at)).collect();
        let general = seats.partition_point(|seat| seat.place() == Place::General);
        let row_count = seats[..general].iter().map(|seat| seat.row_place + 1).max().unwrap_or(1);
        let (mut scores, mut sides) = (vec![0; seats.len()], vec![0; seats.len()]);
        let mut widest = 1;
        let mut rows = Vec::new();
        let mut start = 0;
        for row in seats[..general].chunk_by(|a, b| a.row_place == b.row_place) {
            let width = row.last().map_or(0, |seat| seat.number);
            // In a dome the best places are in the middle of the rows behind the centre.
            let away = row.first().map_or(0, |seat| (10 * seat.row_place - 6 * row_count).abs() * 4 / 10);
            widest = widest.max(width);
            let range = start..start + row.len();
            for (at, seat) in range.clone().zip(row) {
                sides[at] = 2 * seat.number - width - 1;
                scores[at] = sides[at].abs() + away;
            }
            start = range.end;
            rows.push(Row { best: scores[range.clone()].iter().copied().min().unwrap_or(0), seats: range });
        }
        rows.sort_by_key(|row| row.best);
        // The places for wheelchair users are spread over the width of the hall, with their companions' beside them.
        let apart = seats[general..].iter().map(|seat| seat.number).max().unwrap_or(1).max(1);
        for (side, seat) in sides[general..].iter_mut().zip(&seats[general..]) {
            *side = (2 * seat.number - apart - 1) * widest / apart;
        }
        let mut row_of = vec![usize::MAX; seats.len()];
        for (at, row) in rows.iter().enumerate() {
            row_of[row.seats.clone()].fill(at);
        }
        let with_number =
            |place: Place, number: i32| seats.iter().position(|seat| seat.place() == place && seat.number == number);
        let mut wheelchairs: Vec<usize> =
            (general..seats.len()).filter(|at| seats[*at].place() == Place::Wheelchair).collect();
        wheelchairs.sort_by_key(|at| seats[*at].number);
        let pair =
            |wheelchair: usize| Pair { wheelchair, companion: with_number(Place::Companion, seats[wheelchair].number) };
        let pairs = wheelchairs.into_iter().map(pair).collect();
        let meets = seats.iter().map(|seat| KEPT_FOR.map(|need| seat.has(need.name()))).collect();
        Self { by_label, scores, meets, sides, rows, row_of, pairs, last_row: row_count - 1, seats }
    }

    pub(crate) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    pub(crate) fn place(&self, label: &str) -> Option<usize> {
        self.by_label.get(label).copied()
    }

    /// How many places everybody may have.
    pub(crate) fn general(&self) -> usize {
        self.rows.iter().map(|row| row.seats.len()).sum()
    }

    /// Whether these places are side by side, as far as a row has room: wheelchair places and their companions' are
    /// pairs of their own and do not count.
    pub(crate) fn are_together(&self, places: &[usize]) -> bool {
        let mut general: Vec<usize> = places.iter().copied().filter(|at| *at < self.general()).collect();
        general.sort_unstable();
        let longest = self.rows.iter().map(|row| row.seats.len()).max().unwrap_or(0);
        general.len() > longest || general.windows(2).all(|pair| self.neighbours(pair[0], pair[1]))
    }

    /// What it costs to sit in these places if one belongs to those who sit in `near`: nothing if that is nobody.
    pub(super) fn apart(&self, window: Range<usize>, near: &[usize]) -> i32 {
        let away = |at: usize, from: usize| {
            let rows = (self.seats[at].row_place - self.seats[from].row_place).saturating_abs();
            let side = (self.sides[at] - self.sides[from]).saturating_abs();
            rows.saturating_mul(ROW_APART).saturating_add(side.saturating_mul(SIDE_APART))
        };
        let nearest = |at: usize| near.iter().map(|from| away(at, *from)).min().unwrap_or(0);
        window.map(nearest).fold(0, i32::saturating_add)
    }

    pub(super) fn neighbours(&self, left: usize, right: usize) -> bool {
        let (left, right) = (&self.seats[left], &self.seats[right]);
        left.row_place == right.row_place && left.number + 1 == right.number
    }
}
