//! Parts of what was paid or promised that go back while the visit takes place: for what, how much, and how far each is.
//! Pure.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{Bay, Item, Money, Part, State, Visit, euros, sum};

/// How far a part is on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BackState {
    /// Payments has not said anything yet.
    Asked,
    Returning,
    AtDesk,
    LessDue,
    Done,
    Covered,
}

impl BackState {
    const ALL: [Self; 6] = [Self::Asked, Self::Returning, Self::AtDesk, Self::LessDue, Self::Done, Self::Covered];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Returning => "returning",
            Self::AtDesk => "at_desk",
            Self::LessDue => "less_due",
            Self::Done => "done",
            Self::Covered => "covered",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it may become that: what was told late does not take it back.
    pub(crate) fn goes_on_to(self, next: Self) -> bool {
        self < Self::LessDue && self < next
    }
}

/// A part that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MoneyBack {
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) cents: i64,
    pub(crate) reason: Text,
    pub(crate) state: BackState,
    /// Of what payments has told of it; 0: nothing, or before there were revisions.
    pub(crate) revision: u32,
    pub(crate) asked_at: DateTime<Utc>,
}

/// What payments tells of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) cents: i64,
    pub(crate) state: BackState,
    pub(crate) revision: u32,
    /// It is all that was left of the payment.
    pub(crate) whole: bool,
}

impl MoneyBack {
    /// Whether it is newer than what is known.
    pub(crate) fn hears(&self, told: &Told) -> bool {
        if told.revision > 0 {
            told.revision > self.revision
        } else {
            self.revision == 0 && self.state.goes_on_to(told.state)
        }
    }
}

/// Money that a visit is owed, with the key of its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) id: Uuid,
    pub(crate) cents: i64,
    pub(crate) reason: Text,
}

/// Whether a visit takes place: what goes back of one that does not is all of it, and payments' own affair.
pub(crate) const fn takes_place(visit: &Visit) -> bool {
    matches!(visit.state, State::Confirming | State::Confirmed)
}

/// Whether there may be money of it that the house still has: it takes place, or was called off too late for a refund.
pub(crate) const fn keeps_money(visit: &Visit) -> bool {
    takes_place(visit) || matches!((visit.state, visit.money), (State::Cancelled, Money::Paid))
}

/// So much of these parts waits at the desk.
pub(crate) fn at_desk(parts: &[MoneyBack]) -> i64 {
    parts.iter().filter(|it| it.state == BackState::AtDesk).map(|it| it.cents).sum()
}

/// What a bay or a meal cost that was just refused.
pub(crate) fn of_refused(before: &Visit, after: &Visit) -> Vec<Owed> {
    if !takes_place(after) {
        return Vec::new();
    }
    let bay = |visit: &Visit| visit.bay.as_ref().map(|bay| (bay.part == Part::Refused, sum(&bay.items)));
    let meal = |visit: &Visit| visit.meal.as_ref().map(|meal| (meal.part == Part::Refused, sum(&meal.items)));
    let parts = [
        ("bay refused", bay(before).zip(bay(after)), Text::new("Ohne Stellplatz", "Without a bay")),
        ("meal refused", meal(before).zip(meal(after)), Text::new("Ohne Essen", "Without a meal")),
    ];
    parts
        .into_iter()
        .filter_map(|(cause, both, reason)| match both {
            Some(((false, cents), (true, _))) if cents > 0 => {
                Some(Owed { id: Uuid::new_v5(&after.id, cause.as_bytes()), cents, reason })
            }
            _ => None,
        })
        .collect()
}

/// A closure for one part in so many of the time that a vehicle has to come has kept it out: of an hour, twenty minutes. Whoever
/// finds the car park shut for less waits, or comes a little later, and nobody was sent elsewhere.
const SHARE: i32 = 3;

/// Whether a bay's vehicle was kept out by a closure that began at `since` (None: nobody knows) and was over, or still on when
/// the bay's time was, at `over`. A vehicle has time to come from when it is expected until the showing begins: a closure before
/// or after that has kept nobody out.
pub(crate) fn kept_out(
    bay: &Bay,
    starts_at: Option<DateTime<Utc>>,
    since: Option<DateTime<Utc>>,
    over: DateTime<Utc>,
) -> bool {
    let from = bay.due_from();
    let Some((since, starts_at)) = since.zip(starts_at) else { return from < over };
    // As both were booked: a delay moves both.
    let time_to_come = starts_at - bay.booked_from;
    since < from + time_to_come && from < over && (over - since.max(from)) * SHARE >= time_to_come
}

/// What a bay cost that nobody has stood in, and that could not be used: until its time was over, or at least when its vehicle
/// was due. Who came to a closed bridge has parked elsewhere, though it opens during the showing. Not sooner: it may be had
/// again, another one be taken in its place, or its vehicle come after all.
pub(crate) fn of_lost(visit: &Visit, now: DateTime<Utc>) -> Option<Owed> {
    let bay = visit.bay.as_ref().filter(|bay| bay.part == Part::Confirmed)?;
    let is_shut_out =
        bay.suspension.as_ref().is_some_and(|it| it.lost || kept_out(bay, visit.booked_starts_at, it.since, bay.until));
    let was_shut = is_shut_out || bay.kept_out;
    let cents = sum(&bay.items);
    let is_owed = was_shut && takes_place(visit) && visit.entered_at.is_none() && bay.until <= now && cents > 0;
    let reason = Text::new("Ohne Stellplatz", "Without a bay");
    is_owed.then(|| Owed { id: Uuid::new_v5(&visit.id, b"bay lost"), cents, reason })
}

/// By how much other lines are cheaper; none: they are not.
pub(crate) fn cheaper(was: &[Item], is: &[Item]) -> Option<i64> {
    let less = sum(was) - sum(is);
    (less > 0).then_some(less)
}

/// What its visitor reads of it.
pub(crate) fn said(cents: i64, money: Money) -> Text {
    let (de, en) = euros(cents);
    if money == Money::DueAtDesk {
        return Text {
            de: format!("Sie zahlen {de} weniger."),
            en: format!("You pay {en} less."),
            plain: format!("Sie müssen {de} weniger bezahlen."),
        };
    }
    Text {
        de: format!("Sie bekommen {de} zurück."),
        en: format!("You get {en} back."),
        plain: format!("Sie bekommen {de} zurück."),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Meal, Suspension,
            samples::{at, meal, visit},
        },
        *,
    };

    #[test]
    fn a_part_only_ever_goes_on() {
        use BackState::{Asked, AtDesk, Covered, Done, LessDue, Returning};
        for (from, to) in [(Asked, Returning), (Asked, LessDue), (Returning, AtDesk), (AtDesk, Done), (AtDesk, Covered)]
        {
            assert!(from.goes_on_to(to), "{from:?} {to:?}");
            assert!(!to.goes_on_to(from), "{to:?} {from:?}");
        }
        for last in [LessDue, Done, Covered] {
            assert!(BackState::ALL.iter().all(|next| !last.goes_on_to(*next)), "{last:?}");
        }
    }

    #[test]
    fn what_is_told_counts_by_its_revision_and_without_one_only_goes_on() {
        let it = |state, revision| MoneyBack {
            id: Uuid::nil(),
            visit: Uuid::nil(),
            cents: 300,
            reason: Text::default(),
            state,
            revision,
            asked_at: at(0),
        };
        let told =
            |state, revision| Told { id: Uuid::nil(), visit: Uuid::nil(), cents: 300, state, revision, whole: false };
        use BackState::{Asked, AtDesk, Done};
        for (state, known, next, revision, hears) in [
            (Asked, 0, AtDesk, 1, true),
            (Done, 2, AtDesk, 3, true),
            (AtDesk, 3, Done, 2, false),
            (AtDesk, 3, AtDesk, 3, false),
            (Asked, 0, AtDesk, 0, true),
            (Done, 0, AtDesk, 0, false),
            (AtDesk, 1, Done, 0, false),
        ] {
            assert_eq!(it(state, known).hears(&told(next, revision)), hears, "{state:?} {known} {next:?} {revision}");
        }
    }

    #[test]
    fn of_a_visit_that_is_off_only_money_that_stayed_may_go_back() {
        let of = |state, money| keeps_money(&Visit { money, ..visit(state) });
        assert!(of(State::Confirmed, Money::DueAtDesk));
        assert!(of(State::Cancelled, Money::Paid), "called off after the doors had opened");
        for (state, money) in [
            (State::Cancelled, Money::Voided),
            (State::Cancelled, Money::DueAtDesk),
            (State::Refunding, Money::Paid),
            (State::Refunded, Money::Refunded),
        ] {
            assert!(!of(state, money), "{state:?} {money:?}");
        }
    }

    #[test]
    fn a_lost_bay_is_owed_once_its_time_is_over_and_no_vehicle_came() {
        let mut lost = visit(State::Confirmed);
        let bay = lost.bay.as_mut().expect("a bay");
        let until = bay.until;
        bay.part = Part::Confirmed;
        assert_eq!(of_lost(&lost, until), None, "it could be used");
        lost.bay.as_mut().expect("a bay").suspension = Some(Suspension {
            closure: String::new(),
            since: None,
            state: "SITE_STATE_CLOSED".to_owned(),
            reason: Text::default(),
            until: None,
            alternatives: Vec::new(),
            lost: true,
            left: Vec::new(),
        });
        let owed = of_lost(&lost, until).expect("owed");
        assert_eq!(owed.cents, 300);
        assert_eq!(of_lost(&lost, at(239)), None, "another one may still be taken");
        let mut opened = lost.clone();
        let bay = opened.bay.as_mut().expect("a bay");
        (bay.suspension, bay.kept_out) = (None, true);
        assert_eq!(of_lost(&opened, until), Some(owed), "they were due while it was shut");
        assert_eq!(of_lost(&opened, at(239)), None, "they may still come");
        let came = Visit { entered_at: Some(at(70)), ..lost.clone() };
        assert_eq!(of_lost(&came, until), None, "they stood in it");
        let off = Visit { state: State::Refunding, ..lost.clone() };
        assert_eq!(of_lost(&off, until), None, "all of it goes back anyway");
        lost.bay.as_mut().expect("a bay").items.clear();
        assert_eq!(of_lost(&lost, until), None, "it cost nothing, or its price is back");
    }

    #[test]
    fn a_closure_of_a_few_minutes_has_kept_nobody_out() {
        let mut visit = visit(State::Confirmed);
        let bay = visit.bay.as_mut().expect("a bay");
        bay.part = Part::Confirmed;
        let bay = bay.clone();
        let shut = |since| Suspension {
            closure: String::new(),
            since: Some(at(since)),
            state: "SITE_STATE_CLOSED".to_owned(),
            reason: Text::default(),
            until: None,
            alternatives: Vec::new(),
            lost: false,
            left: Vec::new(),
        };
        // They have from minute 60 to 120 to come; their bay is theirs until 240.
        for (since, over, expected, why) in [
            (60, 65, false, "a few minutes at the beginning"),
            (90, 95, false, "in the middle"),
            (117, 122, false, "while the showing begins"),
            (0, 60, false, "over when they may come"),
            (0, 79, false, "still shut for 19 minutes then"),
            (0, 80, true, "for a third of the time"),
            (60, 80, true, "the same, from when they may come"),
            (95, 115, true, "a third of it in the middle"),
            (110, 140, true, "and nobody comes after the beginning"),
            (110, 240, true, "until their time is over"),
            (120, 239, false, "begun with the showing"),
            (120, 240, false, "begun with the showing, and still on"),
            (0, 240, true, "all the time"),
        ] {
            let by_rule = kept_out(&bay, visit.booked_starts_at, Some(at(since)), at(over));
            assert_eq!(by_rule, expected, "{why}: {since} to {over}");
            if over >= 240 {
                visit.bay.as_mut().expect("a bay").suspension = Some(shut(since));
                assert_eq!(of_lost(&visit, at(240)).is_some(), expected, "{why}");
            }
        }
        // The showing is two hours late, and so is their time to come.
        let delayed = Bay { from: at(180), ..bay.clone() };
        let late = |since, over| kept_out(&delayed, visit.booked_starts_at, Some(at(since)), at(over));
        assert!(!late(60, 180) && !late(185, 190) && late(190, 215) && !late(240, 300));
        assert!(kept_out(&bay, visit.booked_starts_at, None, at(61)), "nobody knows since when");
        // Rebooked to a showing at 240: they are expected from 180, though the barrier opens for them from 60.
        let expected_from = Some(at(180));
        let rebooked = Bay { until: at(360), expected_from, booked_from: at(180), ..bay };
        let out = |since, over| kept_out(&rebooked, Some(at(240)), Some(at(since)), at(over));
        assert!(!out(60, 180) && out(60, 200) && out(210, 230) && !out(240, 360));
    }

    #[test]
    fn what_is_refused_is_owed_once_and_only_to_whoever_comes() {
        let before = visit(State::Confirmed);
        let mut after = before.clone();
        after.bay.as_mut().expect("a bay").part = Part::Refused;
        let owed = of_refused(&before, &after);
        assert_eq!(owed.iter().map(|owed| owed.cents).collect::<Vec<_>>(), [300]);
        assert_eq!(of_refused(&before, &after), owed, "the same key for the same cause");
        assert!(of_refused(&after, &after).is_empty(), "told again");
        after.state = State::Refunding;
        assert!(of_refused(&before, &after).is_empty(), "all of it goes back anyway");
        let mut free = visit(State::Confirmed);
        free.bay = None;
        free.meal = Some(Meal { part: Part::Held, ..meal() });
        let mut refused = free.clone();
        refused.meal.as_mut().expect("a meal").part = Part::Refused;
        assert!(of_refused(&free, &refused).is_empty(), "it cost nothing");
    }
}
