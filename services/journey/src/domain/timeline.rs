//! The visit as its visitor lives it: what comes when, what is done, what has moved. Done is what
//! somebody has seen to happen, never what the clock supposes.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;

use super::{Admission, Kitchen, Meal, Part, Showing, State, Stops, Visit};

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
    if matches!(visit.state, State::Waiting | State::Holding | State::Refused | State::Expired) {
        return Vec::new();
    }
    let is_off = matches!(visit.state, State::Cancelled | State::Refunding | State::Refunded);
    let step = |kind, words, at, done, moved| Step { kind, text: text(words), at, done, moved };
    let booked_at = visit.ordered_at.unwrap_or(visit.held_at);
    let booked = step(
        "booked",
        ["Gebucht", "Booked", "Sie haben gebucht"],
        booked_at,
        visit.booking == Part::Confirmed || is_off,
        false,
    );
    if is_off {
        return vec![booked];
    }
    let later = visit.booked_starts_at.is_some_and(|at| at != showing.starts_at);
    let end = showing.end();
    let end_moved = visit.booked_ends_at.is_some_and(|at| at != end);
    let inside = visit.admitted > 0;
    let mut steps = vec![
        booked,
        step("arrive", ["Ankommen", "Arrive", "Sie kommen an"], showing.starts_at - ARRIVE, inside, later),
        step(
            "doors",
            ["Einlass", "Doors open", "Die Türen gehen auf"],
            showing.doors_at,
            showing.admission.reached(Admission::DoorsOpen),
            later,
        ),
        step(
            "start",
            ["Beginn", "The show starts", "Die Vorstellung fängt an"],
            showing.starts_at,
            showing.admission.reached(Admission::Running),
            later,
        ),
        step(
            "end",
            ["Ende", "The show ends", "Die Vorstellung ist zu Ende"],
            end,
            showing.admission.reached(Admission::Egress),
            end_moved,
        ),
    ];
    if showing.admission == Admission::Aborted {
        steps.retain(|step| matches!(step.kind, "booked" | "arrive"));
        let broken_off = ["Vorstellung abgebrochen", "The show was broken off", "Die Vorstellung ist abgebrochen"];
        steps.push(step("aborted", broken_off, end, true, false));
    }
    let mut leave = step(
        "leave",
        ["Auf Wiedersehen", "Goodbye", "Sie gehen nach Hause"],
        end + LINGER,
        inside && showing.admission.reached(Admission::Turnover),
        end_moved,
    );
    let bay = visit.bay.as_ref().filter(|bay| bay.is_usable());
    let has_bay = bay.is_some_and(|bay| !bay.is_for_a_bicycle());
    if let Some(bay) = bay {
        let moved = bay.due_from() != bay.booked_from;
        let (words, at) = match bay.stops.set_down {
            Some((_, until)) => (["Busbucht", "Coach bay", "Der Bus parkt"], until),
            None => (["Parken", "Park", "Sie parken"], bay.due_from()),
        };
        let (is_there, is_gone) = (visit.entered_at.is_some(), visit.left_at.is_some());
        // Nobody sees a bicycle come or leave, and it leaves when it likes.
        steps.push(step("parking", words, at, is_there || (bay.is_for_a_bicycle() && inside), moved));
        steps.extend(stops(bay.stops, inside, is_gone, later, end_moved));
        if !bay.is_for_a_bicycle() {
            leave.text = text(["Ausfahrt bis", "Leave the car park by", "Bis dann fahren Sie vom Parkplatz"]);
            leave.at = bay.until;
            leave.done = is_gone;
        }
    }
    // While the kitchen waits for an answer, its old time holds no more, and there is no other yet.
    let comes = |meal: &&Meal| !meal.is_asked() && matches!(meal.part, Part::Held | Part::Confirmed);
    if let Some(meal) = visit.meal.as_ref().filter(comes) {
        let words = match meal.kitchen {
            Kitchen::Held | Kitchen::Scheduled => ["Essen abholen", "Collect your meal", "Sie holen Ihr Essen ab"],
            Kitchen::Fired | Kitchen::Preparing => {
                ["Ihr Essen wird zubereitet", "Your meal is being made", "Wir machen Ihr Essen"]
            }
            Kitchen::Ready => ["Ihr Essen ist fertig", "Your meal is ready", "Ihr Essen ist fertig"],
            Kitchen::Collected => ["Essen abgeholt", "Meal collected", "Sie haben Ihr Essen geholt"],
            Kitchen::Expired => ["Essen nicht abgeholt", "Meal not collected", "Sie haben Ihr Essen nicht geholt"],
            Kitchen::Cancelled => ["Essen storniert", "Meal cancelled", "Sie bekommen kein Essen"],
        };
        let done = matches!(meal.kitchen, Kitchen::Collected | Kitchen::Expired | Kitchen::Cancelled);
        steps.push(step("meal", words, meal.pickup_at, done, meal.pickup_at != meal.booked_pickup_at));
        // A bay ends when it ends, however late the meal comes.
        if !has_bay && meal.pickup_at > leave.at {
            leave.at = meal.pickup_at + LINGER;
        }
    }
    steps.push(leave);
    steps.sort_by_key(|step| step.at);
    steps
}

/// German, English and plain German.
fn text([de, en, plain]: [&str; 3]) -> Text {
    Text { plain: plain.to_owned(), ..Text::new(de, en) }
}

/// A coach's stops at the kerb: that people got out is seen when they are in, that they were fetched when it has left.
fn stops(stops: Stops, inside: bool, left: bool, later: bool, end_moved: bool) -> impl Iterator<Item = Step> {
    let clock = |at: DateTime<Utc>| at.with_timezone(&Berlin).format("%H:%M");
    let set_down = stops.set_down.map(|(at, until)| Step {
        kind: "set_down",
        text: Text {
            de: format!("Ausstieg an der Haltekante bis {}, dann fährt der Bus in die Busbucht", clock(until)),
            en: format!("Get out at the kerb by {}, then the coach goes to its bay", clock(until)),
            plain: format!("Sie steigen bis {} aus dem Bus aus", clock(until)),
        },
        at,
        done: inside,
        moved: later,
    });
    let pick_up = stops.pick_up.map(|(at, until)| Step {
        kind: "pick_up",
        text: Text {
            de: format!("Abholung an der Haltekante bis {}", clock(until)),
            en: format!("Fetched at the kerb by {}", clock(until)),
            plain: format!("Der Bus holt Sie bis {} ab", clock(until)),
        },
        at,
        done: left,
        moved: end_moved,
    });
    set_down.into_iter().chain(pick_up)
}

#[cfg(test)]
mod tests {
    use super::{
        super::samples::{at, meal, showing, visit},
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
        assert!(plain.iter().all(|step| !step.text.plain.is_empty()), "each of them in plain German: {plain:?}");
        assert_eq!(plain[6].at, at(240), "out of the car park by the end of the right");
        visit.bay = None;
        assert_eq!(steps(&visit, &showing())[5].at, at(195));
    }

    #[test]
    fn a_bicycle_has_no_barrier_to_come_in_and_none_to_leave_by() {
        let mut visit = visit(State::Confirmed);
        visit.bay.as_mut().expect("a bay").class = "BAY_CLASS_BICYCLE".to_owned();
        let (told, on_foot) = (steps(&visit, &showing()), steps(&Visit { bay: None, ..visit.clone() }, &showing()));
        assert_eq!(kinds(&told), ["booked", "parking", "arrive", "doors", "start", "end", "leave"]);
        assert_eq!((&told[6].text, told[6].at), (&on_foot[5].text, on_foot[5].at), "whenever they like");
        visit.admitted = 1;
        assert!(steps(&visit, &showing())[1].done, "who is in has locked it");
    }

    #[test]
    fn a_coach_lets_people_out_before_it_goes_to_its_bay_and_fetches_them() {
        let mut visit = visit(State::Confirmed);
        let bay = visit.bay.as_mut().expect("a bay");
        bay.stops = Stops { set_down: Some((at(70), at(80))), pick_up: Some((at(190), at(200))) };
        let kinds_ = |visit: &Visit| kinds(&steps(visit, &showing())).join(" ");
        assert_eq!(kinds_(&visit), "booked set_down parking arrive doors start end pick_up leave");
        let told = steps(&visit, &showing());
        assert_eq!((told[1].at, told[2].at, told[2].text.de.as_str()), (at(70), at(80), "Busbucht"));
        assert!(told[1].text.de.contains("bis"), "{}", told[1].text.de);
        visit.admitted = 2;
        assert!(steps(&visit, &showing())[1].done, "who is in has got out");
    }

    #[test]
    fn a_meal_that_the_kitchen_asks_about_has_no_time() {
        let mut visit = visit(State::Confirmed);
        visit.bay = None;
        visit.meal = Some(Meal { part: Part::Confirmed, ..meal() });
        assert_eq!(kinds(&steps(&visit, &showing())), ["booked", "arrive", "doors", "start", "end", "meal", "leave"]);
        visit.meal.as_mut().expect("a meal").asked = true;
        assert!(!kinds(&steps(&visit, &showing())).contains(&"meal"));
    }

    #[test]
    fn a_meal_that_comes_after_the_end_of_the_bay_does_not_move_that_end() {
        let mut visit = visit(State::Confirmed);
        visit.meal = Some(Meal { part: Part::Confirmed, pickup_at: at(250), ..meal() });
        let leave = |visit: &Visit| steps(visit, &showing()).into_iter().find(|step| step.kind == "leave").expect("it");
        let by = leave(&visit);
        assert_eq!((by.text.de.as_str(), by.at), ("Ausfahrt bis", at(240)));
        visit.bay = None;
        assert_eq!(leave(&visit).at, at(265), "on foot they stay for it");
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
        running.admission = Admission::Aborted;
        let ahead: Vec<_> = steps(&visit, &running).into_iter().filter(|step| !step.done).collect();
        assert_eq!(kinds(&ahead), ["leave"], "broken off: there is nothing to see any more");
        running.admission = Admission::Cancelled;
        assert!(!steps(&visit, &running).iter().any(|step| step.done && step.kind == "start"));
    }

    #[test]
    fn what_is_off_has_nothing_ahead() {
        assert_eq!(kinds(&steps(&visit(State::Refunding), &showing())), ["booked"]);
        assert!(steps(&visit(State::Expired), &showing()).is_empty());
    }
}
