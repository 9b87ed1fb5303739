//! The visit as its visitor lives it: what comes when, what is done, what has moved. Done is what
//! somebody has seen to happen, never what the clock supposes.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;

use super::{Admission, Kitchen, Part, Showing, State, Visit};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) kind: &'static str,
    pub(crate) text: Text,
    pub(crate) at: DateTime<Utc>,
    pub(crate) done: bool,
    pub(crate) moved: bool,
}

/// Be there this long before the start.
pub(crate) const ARRIVE: TimeDelta = TimeDelta::minutes(30);
/// Without a bay the visit ends about here after the showing.
const LINGER: TimeDelta = TimeDelta::minutes(15);

/// The steps in the order of time. A visit that is off has none but its booking.
pub(crate) fn steps(visit: &Visit, showing: &Showing) -> Vec<Step> {
    if matches!(visit.state, State::Holding | State::Refused | State::Expired) {
        return Vec::new();
    }
    let is_off = matches!(visit.state, State::Cancelled | State::Refunding | State::Refunded);
    let step = |kind, de: &str, en: &str, at, done, moved| Step { kind, text: Text::new(de, en), at, done, moved };
    let booked_at = visit.ordered_at.unwrap_or(visit.held_at);
    let booked = step("booked", "Gebucht", "Booked", booked_at, visit.booking == Part::Confirmed || is_off, false);
    if is_off {
        return vec![booked];
    }
    let later = visit.booked_starts_at.is_some_and(|at| at != showing.starts_at);
    let end = showing.end();
    let end_moved = visit.booked_ends_at.is_some_and(|at| at != end);
    let inside = visit.admitted > 0;
    let mut steps = vec![
        booked,
        step("arrive", "Ankommen", "Arrive", showing.starts_at - ARRIVE, inside, later),
        step(
            "doors",
            "Einlass",
            "Doors open",
            showing.doors_at,
            showing.admission.reached(Admission::DoorsOpen),
            later,
        ),
        step(
            "start",
            "Beginn",
            "The show starts",
            showing.starts_at,
            showing.admission.reached(Admission::Running),
            later,
        ),
        step("end", "Ende", "The show ends", end, showing.admission.reached(Admission::Egress), end_moved),
    ];
    let mut leave = step(
        "leave",
        "Auf Wiedersehen",
        "Goodbye",
        end + LINGER,
        inside && showing.admission.reached(Admission::Turnover),
        end_moved,
    );
    if let Some(bay) = visit.bay.as_ref().filter(|bay| bay.is_usable()) {
        let moved = bay.from != bay.booked_from;
        steps.push(step("parking", "Parken", "Park", bay.from, visit.entered_at.is_some(), moved));
        leave.text = Text::new("Ausfahrt bis", "Leave the car park by");
        leave.at = bay.until;
        leave.done = visit.left_at.is_some();
    }
    if let Some(meal) = visit.meal.as_ref().filter(|meal| matches!(meal.part, Part::Held | Part::Confirmed)) {
        let (de, en) = match meal.kitchen {
            Kitchen::Held | Kitchen::Scheduled => ("Essen abholen", "Collect your meal"),
            Kitchen::Fired | Kitchen::Preparing => ("Ihr Essen wird zubereitet", "Your meal is being made"),
            Kitchen::Ready => ("Ihr Essen ist fertig", "Your meal is ready"),
            Kitchen::Collected => ("Essen abgeholt", "Meal collected"),
            Kitchen::Expired => ("Essen nicht abgeholt", "Meal not collected"),
            Kitchen::Cancelled => ("Essen storniert", "Meal cancelled"),
        };
        let done = matches!(meal.kitchen, Kitchen::Collected | Kitchen::Expired | Kitchen::Cancelled);
        steps.push(step("meal", de, en, meal.pickup_at, done, meal.pickup_at != meal.booked_pickup_at));
        if meal.pickup_at > leave.at {
            leave.at = meal.pickup_at + LINGER;
        }
    }
    steps.push(leave);
    steps.sort_by_key(|step| step.at);
    steps
}

#[cfg(test)]
mod tests {
    use super::{
        super::samples::{at, showing, visit},
        *,
    };

    fn kinds(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.kind).collect()
    }

    #[test]
    fn steps_come_in_the_order_of_time() {
        let mut visit = visit(State::Confirmed);
        visit.booking = Part::Confirmed;
        let plain = steps(&visit, &showing());
        assert_eq!(kinds(&plain), ["booked", "parking", "arrive", "doors", "start", "end", "leave"]);
        assert!(plain.iter().all(|step| !step.moved && step.done == (step.kind == "booked")));
        assert_eq!(plain[6].at, at(240), "out of the car park by the end of the right");
        visit.bay = None;
        assert_eq!(steps(&visit, &showing())[5].at, at(195));
    }

    #[test]
    fn a_delay_moves_what_depends_on_it() {
        let mut late = showing();
        (late.starts_at, late.ends_at, late.doors_at) = (at(140), at(200), at(120));
        let moved: Vec<_> = steps(&visit(State::Confirmed), &late).into_iter().filter(|step| step.moved).collect();
        assert_eq!(kinds(&moved), ["arrive", "doors", "start", "end", "leave"]);
    }

    #[test]
    fn done_is_what_was_seen() {
        let mut visit = visit(State::Confirmed);
        (visit.booking, visit.admitted, visit.entered_at) = (Part::Confirmed, 2, Some(at(70)));
        let mut running = showing();
        running.admission = Admission::Running;
        let done: Vec<_> = steps(&visit, &running).into_iter().filter(|step| step.done).collect();
        assert_eq!(kinds(&done), ["booked", "parking", "arrive", "doors", "start"]);
        running.admission = Admission::Cancelled;
        assert!(!steps(&visit, &running).iter().any(|step| step.done && step.kind == "start"));
    }

    #[test]
    fn what_is_off_has_nothing_ahead() {
        assert_eq!(kinds(&steps(&visit(State::Refunding), &showing())), ["booked"]);
        assert!(steps(&visit(State::Expired), &showing()).is_empty());
    }
}
