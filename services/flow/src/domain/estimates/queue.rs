//! How long people stay where they queue, out of who came and who left in each minute. Who is still in counts as well:
//! they stay so long at least, and without them only the short stays would be told. Pure.
//!
//! At the desk who came first leaves first, so that each one's stay is known, or how long it is by now
//! (Kaplan–Meier). In a café everybody leaves when they like: counters see how many leave, and not who. What share of
//! them stays how long is then what makes the departures that were counted, and the number of those who are still in,
//! likelier (expectation maximisation). Only these shares are fractions; times are whole seconds.
//!
//! What nobody has seen is no measure: the minutes in which a counter was silent part the time into spans, each with its
//! own people at the beginning and its own end. Whoever was still in when a span ended stayed so long at least.

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

/// A time in which a counter was silent, and how many were there when it was heard last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) since: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) people: u32,
}

/// A span in which it was seen who came and who left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// None: as far as it is looked back.
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) until: DateTime<Utc>,
    /// Who was there when it began.
    pub(crate) before: u32,
    pub(crate) minutes: Vec<Minute>,
}

impl Span {
    fn of(all: &[Minute], from: Option<DateTime<Utc>>, until: DateTime<Utc>, people: u32) -> Self {
        let is_in = |minute: &&Minute| minute.at <= until && from.is_none_or(|from| minute.at > from);
        let minutes: Vec<Minute> = all.iter().filter(is_in).copied().collect();
        let more = |pick: fn(&Minute) -> u32| minutes.iter().map(pick).fold(0, u32::saturating_add);
        let came = more(|minute| minute.came);
        let before = people.saturating_add(more(|minute| minute.gone)).saturating_sub(came);
        Self { from, until, before, minutes }
    }

    /// For how long of the time since then it was seen, in seconds.
    fn since(&self, then: DateTime<Utc>) -> u64 {
        (self.until - self.from.map_or(then, |from| from.max(then))).num_seconds().max(0).unsigned_abs()
    }
}

/// The spans between the silences (by their beginning); `people`: who is there now.
pub(crate) fn spans(people: u32, minutes: &[Minute], silences: &[Silence], now: DateTime<Utc>) -> Vec<Span> {
    let (mut spans, mut from): (_, Option<DateTime<Utc>>) = (Vec::new(), None);
    for silence in silences {
        if from.is_none_or(|from| silence.since > from) {
            spans.push(Span::of(minutes, from, silence.since, silence.people));
        }
        from = from.max(Some(silence.until));
    }
    spans.push(Span::of(minutes, from, now, people));
    spans
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

    /// Of who came and who left in each minute of each span, whose last minute is its end, and of the mean in minutes.
    fn likeliest(curves: &[(Vec<u32>, Vec<u32>)], mean: f64) -> Self {
        let longest = curves.iter().map(|(came, _)| came.len()).max().unwrap_or(0);
        // Begun with shares as waiting times often have them (Erlang's). One more: longer than it could be seen.
        let likely = |stay: usize| (1.0 + stay as f64).powi(2) * (-3.0 * stay as f64 / mean.max(1.0)).exp();
        let mut shares: Vec<f64> = (0..=longest).map(|stay| likely(stay) + f64::EPSILON).collect();
        for _ in 0..ROUNDS {
            let mut people = vec![0.0; longest + 1];
            let mut expect = |among: &[(usize, f64)], many: u32| {
                let all: f64 = among.iter().map(|(_, likely)| likely).sum();
                if all > 0.0 {
                    for (stay, likely) in among {
                        people[*stay] += f64::from(many) * likely / all;
                    }
                }
            };
            for (came, gone) in curves {
                // Whoever leaves now came some time before, the likelier the more people stay so long.
                for (leaves, many) in gone.iter().enumerate().filter(|(_, many)| **many > 0) {
                    let since = came[..=leaves].iter().enumerate().filter(|(_, people)| **people > 0);
                    let among: Vec<_> =
                        since.map(|(at, people)| (leaves - at, f64::from(*people) * shares[leaves - at])).collect();
                    expect(&among, *many);
                }
                // Whoever is still in stays longer than until the end.
                let still = came.iter().sum::<u32>().saturating_sub(gone.iter().sum());
                let mut came_so_far = 0;
                let among: Vec<_> = (0..=longest)
                    .map(|stay| {
                        // A stay of so long ends after the end for those who came in the last so many minutes.
                        came_so_far += came.len().checked_sub(stay).and_then(|at| came.get(at)).unwrap_or(&0);
                        (stay, f64::from(came_so_far) * shares[stay])
                    })
                    .collect();
                expect(&among, still);
            }
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
/// say it of those who stay long, or where nobody has left lately. The spans reach back no farther than `STAYS`, and the
/// last one until now.
pub(crate) fn queue(leaving: Leaving, spans: &[Span], now: DateTime<Utc>) -> Option<Wait> {
    let then = now - LEAVING;
    let lately = spans.iter().flat_map(|span| &span.minutes).filter(|minute| minute.at > then);
    let lately: u64 = lately.map(|minute| u64::from(minute.gone)).sum();
    let seen: u64 = spans.iter().map(|span| span.since(then)).sum();
    let (mut left, mut still) = (Vec::new(), Vec::new());
    for span in spans {
        let (ended, not_ended) = in_order(span.before, &span.minutes, span.until);
        left.extend(ended);
        still.extend(not_ended);
    }
    let (all, known) = (left.len() + still.len(), left.len() as u64);
    if known < FEWEST || lately == 0 || known * ONE_OF < all as u64 {
        return None;
    }
    let stays = match leaving {
        Leaving::InOrder => Stays::of(&left[left.len().saturating_sub(LAST)..], &still),
        Leaving::AsTheyLike => {
            let curves: Vec<_> = spans.iter().map(|span| curves(span.before, &span.minutes, span.until)).collect();
            // In whichever order they leave: together they stay as long (Little's law).
            Stays::likeliest(&curves, Stays::of(&left, &still).mean())
        }
    };
    // Of a counter that is heard again since a moment it is a guess at most.
    stays.wait(short(lately * 3600 / seen.max(u64::from(MINUTE))))
}

#[cfg(test)]
mod tests;
