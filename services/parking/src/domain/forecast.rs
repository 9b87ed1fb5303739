//! Cars expected in the coming hours: from rights, from those that stand there, and from showings' predicted ends, with
//! a band that says how sure that is. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use kernel::values::QUARTER;

use super::{Right, RightState, Window};

/// Of those who booked a bay so many come, in hundredths, until the house has seen enough of them.
pub(crate) const COME: u32 = 92;
/// People come within so much of the beginning of their window: most want to be there half an hour early.
const COMING: TimeDelta = TimeDelta::minutes(50);
/// They leave within so much before the end of their window, which follows the predicted end of their showing.
const LEAVING: TimeDelta = TimeDelta::minutes(45);
/// Somebody without a right stays so long, on average; an assumption.
const STRANGERS_STAY: f64 = 120.0;
/// Nine of ten lie within so many standard deviations, if the model is right.
pub(crate) const NINE_OF_TEN: f64 = 1.64;

/// What is known at the moment of the forecast.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) now: DateTime<Utc>,
    pub(crate) capacity: u32,
    /// Cars without a right that stand there.
    pub(crate) strangers: u32,
    /// Cars without a right that came in the last two hours.
    pub(crate) strangers_came: u32,
    /// Rights that may still matter.
    pub(crate) rights: Vec<Right>,
    /// Of those who booked so many come, in hundredths.
    pub(crate) come: u32,
    /// How many standard deviations hold nine of ten.
    pub(crate) band: f64,
}

/// One quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quarter {
    pub(crate) from: DateTime<Utc>,
    pub(crate) arrivals: f64,
    pub(crate) departures: f64,
    /// Cars at its end, and their standard deviation.
    pub(crate) cars: f64,
    pub(crate) spread: f64,
}

impl Quarter {
    /// Free bays at its end: expected, at least, at most.
    pub(crate) fn free(&self, capacity: u32, band: f64) -> (u32, u32, u32) {
        let capacity = f64::from(capacity);
        let whole = |bays: f64| {
            let bays = bays.clamp(0.0, capacity);
            // Between 0 and the capacity, which is a u32.
            (0..=u32::MAX).take_while(|count| f64::from(*count) <= bays).last().unwrap_or(0)
        };
        let margin = band * self.spread;
        let free = capacity - self.cars;
        (whole(free + 0.5), whole(free - margin), whole((free + margin).ceil()))
    }
}

/// The share of something spread evenly over a span that has happened by an instant.
fn share(span: Window, at: DateTime<Utc>) -> f64 {
    let length = (span.until - span.from).num_seconds().max(1);
    let passed = (at - span.from).num_seconds().clamp(0, length);
    f64::from(i32::try_from(passed).unwrap_or(i32::MAX)) / f64::from(i32::try_from(length).unwrap_or(i32::MAX))
}

fn minutes(span: TimeDelta) -> f64 {
    f64::from(i32::try_from(span.num_minutes()).unwrap_or(i32::MAX))
}

/// How likely a right's car has come by, and has left by, an instant.
fn course(right: &Right, come: f64, now: DateTime<Utc>, at: DateTime<Utc>) -> (f64, f64) {
    let leaves_from = (right.window.until - LEAVING).max(now);
    let leaving = Window { from: leaves_from, until: right.window.until.max(leaves_from + QUARTER) };
    match right.state {
        RightState::CheckedIn => (1.0, share(leaving, at)),
        RightState::Confirmed => {
            let from = right.window.from.max(now);
            let coming = Window { from, until: (right.window.from + COMING).max(from + QUARTER) };
            // The later they are, the likelier they do not come at all.
            let missed = share(Window { from: right.window.from, until: right.window.from + COMING * 2 }, now);
            let arrived = come * (1.0 - missed) * share(coming, at);
            (arrived, arrived * share(leaving, at))
        }
        _ => (0.0, 0.0),
    }
}

/// The quarters from now on.
pub(crate) fn forecast(known: &Known, quarters: u32) -> Vec<Quarter> {
    let come = f64::from(known.come) / 100.0;
    let rate = f64::from(known.strangers_came) / 8.0;
    let stays = |span: TimeDelta| (-minutes(span) / STRANGERS_STAY).exp();
    let mut told = Vec::new();
    for place in 0..i32::try_from(quarters).unwrap_or(0) {
        let from = known.now + QUARTER * place;
        let at = from + QUARTER;
        let mut quarter = Quarter { from, arrivals: 0.0, departures: 0.0, cars: 0.0, spread: 0.0 };
        let mut variance = 0.0;
        for right in &known.rights {
            let (came_before, left_before) = course(right, come, known.now, from);
            let (came, left) = course(right, come, known.now, at);
            quarter.arrivals += came - came_before;
            quarter.departures += left - left_before;
            let there = came - left;
            quarter.cars += there;
            variance += there * (1.0 - there);
        }
        // Strangers: those that are there leave by and by, others come as in the last two hours.
        let strangers = f64::from(known.strangers);
        let (before, after) = (stays(from - known.now), stays(at - known.now));
        let newcomers = |stay: f64| rate * STRANGERS_STAY / minutes(QUARTER) * (1.0 - stay);
        quarter.arrivals += rate;
        quarter.departures += strangers * (before - after) + rate - (newcomers(after) - newcomers(before));
        quarter.cars += strangers * after + newcomers(after);
        variance += strangers * after * (1.0 - after) + newcomers(after);
        quarter.spread = variance.max(0.0).sqrt();
        told.push(quarter);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{super::samples::right, *};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn known(rights: Vec<Right>) -> Known {
        Known { now: at(0), capacity: 40, strangers: 0, strangers_came: 0, rights, come: 100, band: NINE_OF_TEN }
    }

    fn booked(state: RightState, from: i64, until: i64) -> Right {
        Right { state, window: Window { from: at(from), until: at(until) }, ..right() }
    }

    fn is_about(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 0.01
    }

    #[test]
    fn whoever_booked_comes_at_the_beginning_and_leaves_before_the_end() {
        let told = forecast(&known(vec![booked(RightState::Confirmed, 60, 240); 10]), 20);
        let (came, left): (f64, f64) =
            told.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.arrivals, sum.1 + it.departures));
        assert!(is_about(came, 10.0) && is_about(left, 10.0), "{came} came, {left} left");
        assert!(is_about(told[3].cars, 0.0), "nobody is early");
        assert!(is_about(told[10].cars, 10.0), "all are there in the middle of it");
        assert!(is_about(told[15].cars, 0.0), "all are gone at the end");
        assert_eq!(told[10].free(40, NINE_OF_TEN), (30, 30, 30), "what is certain has no band");
        assert!(told[5].spread > told[10].spread, "on the way it is less sure");
    }

    #[test]
    fn a_showing_that_ends_later_keeps_its_cars_longer() {
        let on_time = forecast(&known(vec![booked(RightState::CheckedIn, -60, 120); 8]), 16);
        let late = forecast(&known(vec![booked(RightState::CheckedIn, -60, 150); 8]), 16);
        assert!(is_about(on_time[0].cars, 8.0), "those that are in are in");
        assert!(late[7].cars > on_time[7].cars + 3.0, "{} {}", late[7].cars, on_time[7].cars);
    }

    #[test]
    fn strangers_leave_by_and_by_and_others_come() {
        let told = forecast(&Known { strangers: 10, ..known(Vec::new()) }, 16);
        assert!(told.windows(2).all(|pair| pair[1].cars < pair[0].cars));
        assert!(told[15].spread > 0.5);
        let busy = forecast(&Known { strangers: 10, strangers_came: 10, ..known(Vec::new()) }, 16);
        assert!(is_about(busy[15].cars, 10.0), "as many come as leave: {}", busy[15].cars);
    }

    #[test]
    fn free_bays_are_whole_and_between_none_and_all() {
        let quarter = |cars, spread| Quarter { from: at(0), arrivals: 0.0, departures: 0.0, cars, spread };
        assert_eq!(quarter(10.4, 2.0).free(40, 1.5), (30, 26, 33));
        assert_eq!(quarter(60.0, 2.0).free(40, 1.5), (0, 0, 0));
        assert_eq!(quarter(-3.0, 2.0).free(40, 1.5), (40, 40, 40));
    }
}
