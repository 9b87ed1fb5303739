//! The rules of a waiting room: how many are let in at a turn, who is where in the line, how long that will take.
//! Pure: no I/O, no clock.

use chrono::{DateTime, TimeDelta, Utc};

/// How often somebody is let in.
pub(crate) const TURN: std::time::Duration = std::time::Duration::from_secs(1);
/// How long a pass opens the showing's page, and how long again each time that somebody asks for more …
pub(crate) const PASS: TimeDelta = TimeDelta::minutes(10);
/// … but no longer than this since they were let in: others wait.
pub(crate) const LONGEST_PASS: TimeDelta = TimeDelta::minutes(30);
/// Somebody who was let in and held nothing for so long keeps nobody else waiting.
pub(crate) const UNDECIDED: TimeDelta = TimeDelta::minutes(2);
/// Somebody whose page has not been asked for since so long has left: they keep their place, but are neither counted nor let
/// in until they come back. Many times what it takes a page to ask again, with a script or without.
pub(crate) const AWAY: TimeDelta = TimeDelta::seconds(90);
/// That a page was asked for is noted no more often: thousands wait.
pub(crate) const NOTE_EVERY: std::time::Duration = std::time::Duration::from_secs(20);
/// Over how long the pace is measured from which waits are estimated.
pub(crate) const PACE_WINDOW: TimeDelta = TimeDelta::seconds(60);
/// How many are let in at a room's first turn.
pub(crate) const FIRST_RATE: u32 = 20;
const FASTEST_RATE: u32 = 500;
const FASTER: u32 = 10;
/// What the seller said last counts for so long when it does not answer; then nobody knows what is left.
const TOLD: TimeDelta = TimeDelta::seconds(30);
/// That it has answered is noted no more often where nothing else is new.
pub(crate) const ANSWER_NOTED_EVERY: TimeDelta = TimeDelta::seconds(10);
/// "Soon" in minutes, as people take it who must not leave their page.
const SOON: u32 = 2;
/// Parties that are let in for each free place: some want none of what is left.
const PASSES_PER_PLACE: u32 = 2;

/// What is left to sell behind a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Nobody has said yet.
    Unknown,
    Selling,
    /// Nothing is free now, but held places may come back.
    AllHeld,
    /// Nothing is left to wait for, unless somebody cancels.
    SoldOut,
}

impl Outlook {
    const ALL: [Self; 4] = [Self::Unknown, Self::Selling, Self::AllHeld, Self::SoldOut];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Selling => "selling",
            Self::AllHeld => "all_held",
            Self::SoldOut => "sold_out",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|outlook| outlook.name() == name).unwrap_or(Self::Unknown)
    }
}

/// When a room opens whose sale begins at `on_sale_at`: once open it stays so; before, it opens with the sale if it has
/// no hour of its own, and in any case no earlier, because nobody could buy.
pub(crate) fn opens_with(
    opens_at: DateTime<Utc>,
    wished_at: Option<DateTime<Utc>>,
    on_sale_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    match on_sale_at {
        Some(on_sale_at) if now < opens_at => wished_at.map_or(on_sale_at, |wished_at| wished_at.max(on_sale_at)),
        _ => opens_at,
    }
}

/// The next turn's rate: half when the seller could not keep up with this one, a few more otherwise
/// (additive increase, multiplicative decrease, as TCP finds the bandwidth of a line).
pub(crate) fn next_rate(rate: u32, was_busy: bool) -> u32 {
    if was_busy { (rate / 2).max(1) } else { (rate + FASTER).min(FASTEST_RATE) }
}

/// How many of those who wait are let in at a turn, given how many free places there are and how many were
/// let in and have not decided yet.
pub(crate) fn let_in(rate: u32, free: u32, undecided: u32) -> u32 {
    rate.min(free.saturating_mul(PASSES_PER_PLACE).saturating_sub(undecided))
}

/// Whether nobody knows what is left, because the seller has not answered for too long, or not at all yet.
pub(crate) fn is_silent(answered_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    answered_at.is_none_or(|at| now - at > TOLD)
}

/// Where somebody stands among those who wait: those who were there before come first, in the order drawn,
/// then the others as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) late: bool,
    pub(crate) rank: i64,
}

/// Whether somebody with so many before them will probably be let in to nothing: each of those takes one place at least.
pub(crate) fn is_unlikely(before: usize, free: u32) -> bool {
    u32::try_from(before).unwrap_or(u32::MAX) >= free
}

/// The place in a line in order; 1 is next. None: not in it.
pub(crate) fn position(line: &[Key], key: Key) -> Option<usize> {
    line.binary_search(&key).ok().map(|before| before + 1)
}

/// Whole minutes, rounded up, until `position` is let in, when `admitted` were let in within `seconds`.
/// None: nobody can say yet.
pub(crate) fn minutes_to_wait(position: usize, admitted: u32, seconds: u32) -> Option<u32> {
    let waits = u64::try_from(position).ok()?.checked_mul(u64::from(seconds))?.div_ceil(u64::from(admitted.max(1)));
    (admitted > 0).then(|| u32::try_from(waits.div_ceil(60)).unwrap_or(u32::MAX))
}

/// Whether somebody who waits so many minutes longer is told that it is their turn soon.
pub(crate) fn comes_soon(minutes: Option<u32>) -> bool {
    minutes.is_some_and(|minutes| minutes <= SOON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_the_seller() {
        assert_eq!(next_rate(FIRST_RATE, false), 30);
        assert_eq!(next_rate(30, true), 15);
        assert_eq!(next_rate(1, true), 1, "it never stops for good");
        assert_eq!(next_rate(FASTEST_RATE, false), FASTEST_RATE);
    }

    #[test]
    fn a_room_opens_with_its_sale() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        for (wished, on_sale, now, opens) in [
            (None, Some(30), 0, 30),
            (None, Some(5), 0, 5),
            (None, None, 0, 10),
            (None, Some(30), 10, 10),
            (Some(10), Some(30), 0, 30),
            (Some(10), Some(5), 0, 10),
            // Put off once, and back again.
            (Some(7), Some(5), 0, 7),
            (Some(10), Some(30), 12, 10),
        ] {
            let case = format!("{wished:?} {on_sale:?} {now}");
            assert_eq!(opens_with(at(10), wished.map(at), on_sale.map(at), at(now)), at(opens), "{case}");
        }
    }

    #[test]
    fn nobody_is_let_in_to_nothing() {
        assert_eq!(let_in(20, 0, 0), 0);
        assert_eq!(let_in(20, 110, 0), 20);
        assert_eq!(let_in(20, 8, 10), 6);
        assert_eq!(let_in(20, 8, 100), 0);
        assert_eq!(let_in(20, u32::MAX, 5), 20);
    }

    #[test]
    fn those_who_were_there_before_come_first() {
        let key = |late, rank| Key { late, rank };
        let mut line = [key(true, 1), key(false, 900), key(true, 2), key(false, 3)];
        line.sort_unstable();
        assert_eq!(line, [key(false, 3), key(false, 900), key(true, 1), key(true, 2)]);
        assert_eq!(position(&line, key(true, 1)), Some(3));
        assert_eq!(position(&line, key(true, 3)), None);
    }

    #[test]
    fn soon_is_said_of_few_minutes_that_are_known() {
        let said = [None, Some(1), Some(2), Some(3), Some(59)].map(comes_soon);
        assert_eq!(said, [false, true, true, false, false]);
    }

    #[test]
    fn waits_are_rounded_up() {
        let table = [
            ((1, 60, 60), Some(1)),
            ((60, 60, 60), Some(1)),
            ((61, 60, 60), Some(2)),
            ((600, 10, 60), Some(60)),
            ((5, 0, 60), None),
            ((usize::MAX, 1, 60), None),
        ];
        for ((position, admitted, seconds), minutes) in table {
            assert_eq!(minutes_to_wait(position, admitted, seconds), minutes, "{position} {admitted} {seconds}");
        }
    }
}
