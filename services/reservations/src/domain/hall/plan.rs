//! A layout's places, arranged for searching: how good each is, and which are neighbours. Pure.

use std::{collections::HashMap, ops::Range};

use crate::domain::{Place, Seat};

/// The places of a layout, arranged for searching. Never changes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) seats: Vec<Seat>,
    by_label: HashMap<String, usize>,
    /// How good each place is.
    pub(super) scores: Vec<i32>,
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
        let mut scores = vec![0; seats.len()];
        let mut rows = Vec::new();
        let mut start = 0;
        for row in seats[..general].chunk_by(|a, b| a.row_place == b.row_place) {
            let width = row.last().map_or(0, |seat| seat.number);
            // In a dome the best places are in the middle of the rows behind the centre.
            let away = row.first().map_or(0, |seat| (10 * seat.row_place - 6 * row_count).abs() * 4 / 10);
            for (score, seat) in scores[start..].iter_mut().zip(row) {
                *score = (2 * seat.number - width - 1).abs() + away;
            }
            let range = start..start + row.len();
            start = range.end;
            rows.push(Row { best: scores[range.clone()].iter().copied().min().unwrap_or(0), seats: range });
        }
        rows.sort_by_key(|row| row.best);
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
        Self { by_label, scores, rows, row_of, pairs, last_row: row_count - 1, seats }
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

    pub(super) fn neighbours(&self, left: usize, right: usize) -> bool {
        let (left, right) = (&self.seats[left], &self.seats[right]);
        left.row_place == right.row_place && left.number + 1 == right.number
    }
}
