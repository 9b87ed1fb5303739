//! How long people stay where they queue, out of who came and who left in each minute. Who is still in counts as well:
//! they stay so long at least, and without them only the short stays would be told. Pure.
//!
//! At the desk who came first leaves first, so that each one's stay is known, or how long it is by now
//! (Kaplan–Meier). In a café everybody leaves when they like: counters see how many leave, and not who. What share of
//! them stays how long is then what makes the departures that were counted, and the number of those who are still in,
//! likelier (expectation maximisation). Only these shares are fractions; times are whole seconds.

use chrono::{DateTime, TimeDelta, Utc};

use super::{FEWEST, LONGEST, Wait, short};

/// So far back it is looked how long people stayed, and how many leave.
pub(crate) const STAYS: TimeDelta = TimeDelta::hours(3);
const LEAVING: TimeDelta = TimeDelta::minutes(18);
/// At the desk so many of those who left last say how long one stays.
const LAST: usize = 60;
/// Of those who came, at least one of so many must have left: before that nothing is known of the long stays.
const ONE_OF: u64 = 3;
/// Nor is it if more than this share stays longer than anybody was seen to.
const UNSEEN: f64 = 0.2;
/// Between these shares nine of ten lie; a little more, because what comes next is a little worse than what is known.
const SHORT_STAYS: f64 = 0.04;
const LONG_STAYS: f64 = 0.96;
/// More rounds would follow every chance of the day: in played cafés the mean became too long.
const ROUNDS: usize = 4;
/// Minutes are as fine as it is counted.
const MINUTE: u32 = 60;

/// Who came to a queue and who left it, in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minute {
    pub(crate) at: DateTime<Utc>,
    pub(crate) came: u32,
    pub(crate) gone: u32,
}

/// In which order people leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Who came first.
    InOrder,
    /// Each when they like.
    AsTheyLike,
}

/// What share of people stays how long.
#[derive(Clone, Debug)]
struct Stays {
    /// By whole minutes, from none on.
    shares: Vec<f64>,
    /// Longer than any of these.
    longer: f64,
}

/// Where who came first leaves first: how long each stayed who has left, in the order of leaving, and how long those are
/// in by now who are still in; in seconds. `before`: who was there when the first minute began; when those came is not
/// known, so that they are left out.
pub(super) fn in_order(before: u32, minutes: &[Minute], now: DateTime<Utc>) -> (Vec<u32>, Vec<u32>) {
    let mut came = minutes.iter().flat_map(|minute| std::iter::repeat_n(minute.at, minute.came as usize)).peekable();
    let long = |since: DateTime<Utc>, until: DateTime<Utc>| short((until - since).num_seconds().max(0).unsigned_abs());
    let mut unknown = before;
    let mut left = Vec::new();
    for minute in minutes {
        for _ in 0..minute.gone {
            if unknown > 0 {
                unknown -= 1;
            } else if let Some(since) = came.next_if(|since| *since <= minute.at) {
                left.push(long(since, minute.at));
            }
        }
    }
    (left, came.map(|since| long(since, now)).collect())
}

impl Stays {
    /// Of stays that have ended, and of such that have not.
    fn of(left: &[u32], still: &[u32]) -> Self {
        let whole = |seconds: &u32| (seconds / MINUTE) as usize;
        let longest = left.iter().chain(still).map(whole).max().unwrap_or(0);
        let (mut ended, mut at_least) = (vec![0_u32; longest + 1], vec![0_u32; longest + 1]);
        for minutes in left.iter().map(whole) {
            ended[minutes] += 1;
        }
        for minutes in left.iter().chain(still).map(whole) {
            at_least[minutes] += 1;
        }
        for minutes in (0..longest).rev() {
            at_least[minutes] += at_least[minutes + 1];
        }
        let mut longer = 1.0;
        let of = |(ended, at_least): (u32, u32)| {
            let share = longer * f64::from(ended) / f64::from(at_least);
            longer -= share;
            share
        };
        let shares = ended.into_iter().zip(at_least).map(of).collect();
        Self { shares, longer }
    }

    /// Of who came and who left in each minute, the last of which is now, and of the mean in minutes.
    fn likeliest(came: &[u32], gone: &[u32], mean: f64) -> Self {
        let minutes = came.len();
        let still = came.iter().sum::<u32>().saturating_sub(gone.iter().sum());
        // Begun with shares as waiting times often have them (Erlang's). One more: longer than it could be seen.
        let likely = |stay: usize| (1.0 + stay as f64).powi(2) * (-3.0 * stay as f64 / mean.max(1.0)).exp();
        let mut shares: Vec<f64> = (0..=minutes).map(|stay| likely(stay) + f64::EPSILON).collect();
        for _ in 0..ROUNDS {
            let mut people = vec![0.0; minutes + 1];
            let mut expect = |among: &[(usize, f64)], many: u32| {
                let all: f64 = among.iter().map(|(_, likely)| likely).sum();
                if all > 0.0 {
                    for (stay, likely) in among {
                        people[*stay] += f64::from(many) * likely / all;
                    }
                }
            };
            // Whoever leaves now came some time before, the likelier the more people stay so long.
            for (leaves, many) in gone.iter().enumerate().filter(|(_, many)| **many > 0) {
                let since = came[..=leaves].iter().enumerate().filter(|(_, people)| **people > 0);
                let among: Vec<_> =
                    since.map(|(at, people)| (leaves - at, f64::from(*people) * shares[leaves - at])).collect();
                expect(&among, *many);
            }
            // Whoever is still in stays longer than until now.
            let mut came_so_far = 0;
            let among: Vec<_> = (0..=minutes)
                .map(|stay| {
                    // A stay of so long ends after now for those who came in the last so many minutes.
                    came_so_far += stay.checked_sub(1).map_or(0, |ago| came[minutes - 1 - ago]);
                    (stay, f64::from(came_so_far) * shares[stay])
                })
                .collect();
            expect(&among, still);
            let all: f64 = people.iter().sum();
            if all > 0.0 {
                shares = people.into_iter().map(|people| people / all).collect();
            }
        }
        let longer = shares.pop().unwrap_or(0.0);
        Self { shares, longer }
    }

    /// The mean, in minutes. Whoever stays longer than anybody was seen to, stays up to twice as long as that.
    fn mean(&self) -> f64 {
        let minutes: f64 = self.shares.iter().zip(0_u32..).map(|(share, stay)| share * f64::from(stay)).sum();
        minutes + self.longer * self.shares.len() as f64 * 1.5
    }

    /// The mean, with the band of nine of ten people.
    fn wait(&self, per_hour: u32) -> Option<Wait> {
        if self.longer > UNSEEN {
            return None;
        }
        let longest = u32::try_from(self.shares.len()).unwrap_or(u32::MAX);
        let at = |wanted: f64| {
            let mut so_far = 0.0;
            let found = self.shares.iter().position(|share| {
                so_far += share;
                so_far >= wanted
            });
            found.map_or(longest.saturating_mul(2), |stay| u32::try_from(stay).unwrap_or(u32::MAX)) * MINUTE
        };
        let seconds = (self.mean() * f64::from(MINUTE)).round() as u32;
        let (low, high) = (at(SHORT_STAYS).saturating_sub(MINUTE / 2), at(LONG_STAYS) + MINUTE / 2);
        (u64::from(seconds) <= LONGEST).then(|| Wait {
            seconds,
            low: low.min(seconds),
            high: high.max(seconds).min(short(LONGEST)),
            per_hour,
        })
    }
}

/// Counts as curves by the minute, from the first who came until now. Nobody leaves who has not come; `before` leave
/// first, because when they came is not known.
fn curves(before: u32, minutes: &[Minute], now: DateTime<Utc>) -> (Vec<u32>, Vec<u32>) {
    let Some(first) = minutes.iter().find(|minute| minute.came > 0) else { return Default::default() };
    let place = |at: DateTime<Utc>| usize::try_from((at - first.at).num_minutes()).ok();
    let last = place(now.max(minutes.last().map_or(now, |minute| minute.at))).unwrap_or(0);
    let (mut came, mut gone) = (vec![0; last + 1], vec![0; last + 1]);
    let (mut unknown, mut there) = (before, 0_u32);
    for minute in minutes {
        let known = minute.gone.saturating_sub(unknown);
        unknown -= unknown.min(minute.gone);
        there = there.saturating_add(minute.came);
        let left = known.min(there);
        there -= left;
        if let Some(at) = place(minute.at).filter(|_| minute.at >= first.at) {
            (came[at], gone[at]) = (came[at] + minute.came, gone[at] + left);
        }
    }
    (came, gone)
}

/// How long one stays in a queue: the mean of all, with the band of nine of ten of them. None where too few have left to
/// say it of those who stay long, or where nobody has left lately. `minutes` reach back no farther than `STAYS`.
pub(crate) fn queue(leaving: Leaving, before: u32, minutes: &[Minute], now: DateTime<Utc>) -> Option<Wait> {
    let lately = minutes.iter().filter(|minute| minute.at > now - LEAVING).map(|minute| u64::from(minute.gone));
    let lately: u64 = lately.sum();
    let (left, still) = in_order(before, minutes, now);
    let (all, known) = (left.len() + still.len(), left.len() as u64);
    if known < FEWEST || lately == 0 || known * ONE_OF < all as u64 {
        return None;
    }
    let stays = match leaving {
        Leaving::InOrder => Stays::of(&left[left.len().saturating_sub(LAST)..], &still),
        Leaving::AsTheyLike => {
            let (came, gone) = curves(before, minutes, now);
            // In whichever order they leave: together they stay as long (Little's law).
            Stays::likeliest(&came, &gone, Stays::of(&left, &still).mean())
        }
    };
    stays.wait(short(lately * 3600 / LEAVING.num_seconds().unsigned_abs()))
}

#[cfg(test)]
mod tests;
