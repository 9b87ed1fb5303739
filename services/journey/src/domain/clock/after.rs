//! The ways that are no legs to the seats: to the café's counter, back to the bay, to the kerb where a coach fetches its
//! people. Nobody is late for them: they are told where they belong in the day, and count for no risk.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ahead::{Stretch, Ways},
    legs::{Estimate, Estimates, Leg, QUEUE, Standing, legs, needs_step_free, slowly},
};
use crate::domain::{
    Kitchen, Meal, Part, Showing, Visit,
    missing::{Whereabouts, whereabouts},
    timeline::{ARRIVE, Step},
};

pub(crate) const MEAL: &str = "meal";
pub(crate) const BACK: &str = "back";
pub(crate) const KERB: &str = "kerb";

/// The way with this name, of those that there are.
pub(crate) fn kind_named(name: &str) -> Option<&'static str> {
    [MEAL, BACK, KERB].into_iter().find(|kind| *kind == name)
}

/// What the ways of a visit are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) ways: Ways,
    /// Between the car park and the door, as the car park tells it.
    pub(crate) walk: Option<Estimate>,
    pub(crate) step_free_percent: u32,
    /// What the ways to the places usually take; None: not asked for.
    pub(crate) usual: Option<Estimates>,
}

impl About {
    /// None: the house says nothing of it.
    fn way(&self, kind: &'static str, visit: &Visit, hall: &str) -> Option<Stretch> {
        let way = self.ways.of(kind, hall)?;
        let in_file = (way.minutes > 0).then(|| Estimate::of_a_walk(TimeDelta::minutes(way.minutes.into())));
        let takes = if kind == BACK { self.walk.or(in_file) } else { in_file };
        let leg =
            takes.map_or(Leg::unknown(kind), |takes| Leg::new(kind, slowly(visit, self.step_free_percent, takes)));
        Some(self.ways.stretch(&leg, hall, needs_step_free(visit), None))
    }

    /// How to go to a step of the day that is still to come.
    pub(crate) fn of_step(&self, step: &Step, visit: &Visit, hall: &str) -> Option<Stretch> {
        let bay = visit.bay.as_ref().filter(|bay| bay.is_usable() && !bay.is_for_a_bicycle());
        let kind = match step.kind {
            "meal" => MEAL,
            // A coach's people are fetched; its bay is the driver's.
            "pick_up" => KERB,
            "leave" if bay.is_some_and(|bay| bay.stops.pick_up.is_none()) => BACK,
            _ => return None,
        };
        if step.done { None } else { self.way(kind, visit, hall) }
    }

    /// Before the clock runs: the way to the places as it usually is, of whoever has still to go it. Nobody plans to be
    /// the last at the door: one is at the house when the day says so, or for a meal that comes before.
    pub(crate) fn planned(&self, visit: &Visit, showing: &Showing, now: DateTime<Utc>) -> Vec<Stretch> {
        let (whereabouts, seen_at) = whereabouts(visit, None, now);
        let Some(usual) = self.usual.filter(|_| whereabouts != Whereabouts::PartlyIn) else {
            return Vec::new();
        };
        let legs = legs(visit, Standing { whereabouts, seen_at, arrives_at: None, ahead: 0 }, &usual, now);
        let here = legs.iter().position(|leg| leg.kind == QUEUE).unwrap_or(legs.len());
        let (come, inside) = legs.split_at(here);
        let arrive = showing.starts_at - ARRIVE;
        let arrive = meal_before(visit).map_or(arrive, |meal| arrive.min(meal.pickup_at));
        let ahead = |legs, by| self.ways.ahead(legs, &showing.hall, needs_step_free(visit), Some(by));
        let mut ways = ahead(come, arrive);
        ways.extend(ahead(inside, showing.starts_at));
        self.put_meal(&mut ways, visit, whereabouts, &showing.hall);
        ways
    }

    /// A meal before the showing lies on the way: after everything that leads into the house, before the door.
    pub(crate) fn put_meal(&self, ahead: &mut Vec<Stretch>, visit: &Visit, whereabouts: Whereabouts, hall: &str) {
        let (Some(meal), Some(door)) = (meal_before(visit), ahead.iter().position(|it| it.leg.kind == QUEUE)) else {
            return;
        };
        if whereabouts == Whereabouts::PartlyIn {
            return;
        }
        if let Some(way) = self.way(MEAL, visit, hall) {
            ahead.insert(door, Stretch { be_there_by: Some(meal.pickup_at), ..way });
        }
    }
}

/// A meal that is still to be fetched before the showing.
fn meal_before(visit: &Visit) -> Option<&Meal> {
    let waits = |kitchen| {
        matches!(kitchen, Kitchen::Held | Kitchen::Scheduled | Kitchen::Fired | Kitchen::Preparing | Kitchen::Ready)
    };
    visit.meal.as_ref().filter(|meal| {
        meal.part == Part::Confirmed
            && !meal.is_asked()
            && meal.pickup == "PICKUP_BEFORE_SHOWING"
            && waits(meal.kitchen)
    })
}

#[cfg(test)]
mod tests {
    use kernel::values::Text;

    use super::{
        super::ahead::{Lift, Way},
        *,
    };
    use crate::domain::{
        PartyLine, State, Stops,
        samples::{at, meal, showing, visit},
        timeline::steps,
    };

    fn about(lift_works: bool) -> About {
        let way = |leg: &str, hall: &str, minutes, lift: &str| Way {
            leg: leg.to_owned(),
            hall: hall.to_owned(),
            to: Text::new(leg, leg),
            text: Text::new("stairs", "stairs"),
            step_free: Text::new("level", "level"),
            lift: lift.to_owned(),
            minutes,
        };
        let lift = Lift { id: "lift".to_owned(), is_working: lift_works, without: Text::new("wait", "wait") };
        About {
            ways: Ways {
                ways: vec![
                    way("meal", "", 2, ""),
                    way("meal", "upstairs", 4, "lift"),
                    way("back", "", 0, ""),
                    way("kerb", "", 1, ""),
                ],
                lifts: vec![lift],
            },
            walk: Some(Estimate { time: TimeDelta::minutes(3), uncertainty: TimeDelta::seconds(60) }),
            step_free_percent: 150,
            ..About::default()
        }
    }

    /// Of each step that has one: where it leads, in how many seconds, and how.
    fn told(visit: &Visit, about: &About, hall: &str) -> Vec<(&'static str, String, i64, String)> {
        let steps = steps(visit, &showing());
        let way = |step: &Step| {
            let it = about.of_step(step, visit, hall)?;
            Some((step.kind, it.to.de, it.leg.time.num_seconds(), it.way.de))
        };
        steps.iter().filter_map(way).collect()
    }

    fn booked() -> Visit {
        let mut visit = visit(State::Confirmed);
        visit.meal = Some(meal());
        visit.bay.as_mut().expect("a bay").part = Part::Confirmed;
        visit
    }

    #[test]
    fn after_the_showing_it_goes_to_the_counter_and_back_to_the_bay() {
        let mut it = booked();
        let row = |kind, to: &str, seconds, how: &str| (kind, to.to_owned(), seconds, how.to_owned());
        assert_eq!(
            told(&it, &about(true), "dome"),
            [row("meal", "meal", 120, "stairs"), row("leave", "back", 180, "stairs")]
        );
        it.party = vec![PartyLine { tariff_class: "adult".to_owned(), count: 2, need: "NEED_WHEELCHAIR".to_owned() }];
        assert_eq!(
            told(&it, &about(true), "upstairs"),
            [row("meal", "meal", 360, "level"), row("leave", "back", 270, "level")]
        );
        assert_eq!(
            told(&it, &about(false), "upstairs")[0],
            row("meal", "meal", 360, "wait"),
            "the lift is out of order"
        );
        it.party.clear();
        // A coach's people go to the kerb, and to no bay.
        it.bay.as_mut().expect("a bay").stops =
            Stops { set_down: Some((at(70), at(80))), pick_up: Some((at(200), at(210))) };
        assert_eq!(
            told(&it, &about(true), "dome"),
            [row("meal", "meal", 120, "stairs"), row("pick_up", "kerb", 60, "stairs")]
        );
        // What is done has no way, what the house says nothing of has none, and nobody goes back to a bay they had not.
        it.meal.as_mut().expect("a meal").kitchen = Kitchen::Collected;
        it.left_at = Some(at(205));
        assert!(told(&it, &about(true), "dome").is_empty());
        assert!(told(&booked(), &About::default(), "dome").is_empty());
        let mut by_tram = booked();
        by_tram.bay = None;
        assert_eq!(told(&by_tram, &about(true), "dome").len(), 1);
    }

    #[test]
    fn a_meal_before_the_showing_lies_on_the_way_until_it_is_collected() {
        let ahead = |kinds: &[&'static str]| -> Vec<Stretch> {
            let leg = |kind: &&'static str| Ways::default().stretch(&Leg::unknown(kind), "dome", false, None);
            kinds.iter().map(leg).collect()
        };
        let mut it = booked();
        let meal = it.meal.as_mut().expect("a meal");
        (meal.pickup, meal.pickup_at) = ("PICKUP_BEFORE_SHOWING".to_owned(), at(90));
        let put = |visit: &Visit, whereabouts, kinds: &[&'static str]| {
            let mut ahead = ahead(kinds);
            about(true).put_meal(&mut ahead, visit, whereabouts, "dome");
            ahead.into_iter().map(|it| (it.leg.kind, it.be_there_by)).collect::<Vec<_>>()
        };
        let none = None::<DateTime<chrono::Utc>>;
        assert_eq!(
            put(&it, Whereabouts::OnTheWay, &["drive", "queue", "seat"]),
            [("drive", none), ("meal", Some(at(90))), ("queue", none), ("seat", none)]
        );
        assert_eq!(put(&it, Whereabouts::PartlyIn, &["queue"]), [("queue", none)]);
        assert!(put(&it, Whereabouts::Foyer, &[]).is_empty());
        it.meal.as_mut().expect("a meal").kitchen = Kitchen::Collected;
        assert_eq!(put(&it, Whereabouts::Foyer, &["queue"]), [("queue", none)]);
        assert_eq!(put(&booked(), Whereabouts::Foyer, &["queue"]), [("queue", none)], "after the showing");
    }
}
