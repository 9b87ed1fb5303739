//! What becomes of a visit's view, as tables.

use super::*;
use crate::domain::{State, samples};

fn dish(name: &str, quantity: u32) -> Dish {
    Dish {
        item_id: name.to_lowercase(),
        name: Text::new(name, name),
        quantity,
        station: "hot".to_owned(),
        allergens: Vec::new(),
    }
}

#[test]
fn a_substitute_takes_the_place_of_its_own_line() {
    let mut visit = samples::visit(State::Confirmed);
    let mut meal = samples::meal();
    meal.dishes = vec![dish("Pasta", 2), dish("Water", 1), dish("Pasta", 1), dish("Pasta", 1)];
    let substituted = |line, quantity| News::Substituted {
        line,
        quantity,
        replaced: Text::new("Pasta", "Pasta"),
        item_id: "salad".to_owned(),
        name: Text::new("Salad", "Salad"),
        allergens: vec![7],
        text: Text::new("Salad!", "Salad!"),
    };
    for (line, quantity, expected) in [
        (Some(0), 2, [true, false, false, false]),
        (Some(2), 1, [false, false, true, false]),
        (Some(3), 1, [false, false, false, true]),
        (Some(1), 1, [false; 4]),
        (Some(4), 1, [false; 4]),
        // Told by an earlier version: as many of it, else the first one.
        (None, 2, [true, false, false, false]),
        (None, 1, [false, false, true, false]),
        (None, 0, [true, false, false, false]),
    ] {
        visit.meal = Some(meal.clone());
        note(&mut visit, &substituted(line, quantity));
        let is_salad = |visit: &Visit| -> Vec<bool> {
            visit.meal.iter().flat_map(|meal| &meal.dishes).map(|dish| dish.item_id == "salad").collect()
        };
        assert_eq!(is_salad(&visit), expected, "{line:?} {quantity}");
        if line.is_some() {
            note(&mut visit, &substituted(line, quantity));
            assert_eq!(is_salad(&visit), expected, "told again: {line:?} {quantity}");
        }
    }
}

#[test]
fn money_that_comes_after_its_payment_was_given_up_is_there() {
    let paid = |due| News::Paid { due, at: None };
    for (money, news, expected) in [
        (Money::Pending, paid(false), Money::Paid),
        (Money::Failed, paid(false), Money::Paid),
        (Money::Voided, paid(false), Money::Paid),
        (Money::Voided, paid(true), Money::Voided),
        (Money::Refunded, paid(false), Money::Refunded),
    ] {
        let mut visit = samples::visit(State::Expired);
        visit.money = money;
        note(&mut visit, &news);
        assert_eq!(visit.money, expected, "{money:?} {news:?}");
    }
}

#[test]
fn a_question_of_the_kitchen_rests_while_the_meal_is_made_and_stands_again_when_that_is_taken_back() {
    let mut visit = samples::visit(State::Confirmed);
    visit.meal = Some(Meal { kitchen: Kitchen::Scheduled, ..samples::meal() });
    let state = |kitchen| News::OrderState { number: 7, kitchen };
    let asks = News::KitchenAsks { question: "q".to_owned() };
    let says = News::KitchenSays { question: "q".to_owned(), text: Text::default() };
    for (news, asked) in [
        (asks, true),
        (state(Kitchen::Fired), false),
        (state(Kitchen::Scheduled), true),
        (says, false),
        (state(Kitchen::Fired), false),
    ] {
        note(&mut visit, &news);
        assert_eq!(visit.meal.as_ref().map(Meal::is_asked), Some(asked), "{news:?}");
    }
}

#[test]
fn the_kitchen_asks_nobody_whose_visit_is_off_and_answers_nobody_who_was_not_asked() {
    let asks = News::KitchenAsks { question: "q".to_owned() };
    let says = News::KitchenSays { question: "q".to_owned(), text: Text::new("Wie bestellt.", "As ordered.") };
    let said = |state, news: &[&News]| {
        let mut visit = samples::visit(state);
        visit.meal = Some(Meal { kitchen: Kitchen::Scheduled, ..samples::meal() });
        visit.notice = Text::new("Bis bald.", "See you.");
        for news in news {
            note(&mut visit, news);
        }
        visit.notice.en
    };
    let asked = format!("See you. {}", super::asks().en);
    for (state, news, expected) in [
        (State::Confirmed, vec![&asks], asked.as_str()),
        (State::Confirming, vec![&asks], asked.as_str()),
        (State::Confirmed, vec![&asks, &says], "See you. As ordered."),
        (State::Confirmed, vec![&says], "See you."),
        (State::Refunding, vec![&asks], "See you."),
        (State::Refunded, vec![&asks, &says], "See you."),
        (State::Cancelled, vec![&asks], "See you."),
    ] {
        assert_eq!(said(state, &news), expected, "{state:?} {news:?}");
    }
    let mut called_off = samples::visit(State::Confirmed);
    called_off.meal = Some(Meal { kitchen: Kitchen::Scheduled, ..samples::meal() });
    note(&mut called_off, &asks);
    called_off.state = State::Refunding;
    note(&mut called_off, &says);
    assert_eq!(called_off.notice.en, "", "the question is gone, and its answer means nothing any more");
}

#[test]
fn a_bay_follows_the_showing_that_its_visit_has_gone_to() {
    let at = samples::at;
    let mut visit = samples::visit(State::Confirmed);
    let (left, to) = (visit.showing, Uuid::from_u128(3));
    let moved = |showing, from, until, expected: Option<i64>| News::RightMoved {
        from: at(from),
        until: at(until),
        showing: Some(showing),
        expected_from: expected.map(at),
    };
    note(&mut visit, &moved(left, 60, 240, Some(70)));
    let bay = visit.bay.as_ref().expect("a bay");
    assert_eq!(bay.due_from(), at(60), "its own showing is late, and they may be on the way");
    visit.showing = to;
    visit.bay.as_mut().expect("a bay").rebooked = true;
    for (news, (from, until, due), why) in [
        (moved(left, 70, 250, Some(70)), (60, 240, 60), "of the showing that it has left"),
        (moved(to, 60, 360, Some(180)), (60, 360, 180), "who is on the way comes when they come"),
        (moved(left, 80, 260, Some(80)), (60, 360, 180), "of the one that it has left, and late"),
        (moved(to, 60, 370, Some(190)), (60, 370, 190), "delayed"),
        (moved(to, 200, 370, None), (200, 370, 200), "as it was told before it was said when they are expected"),
    ] {
        note(&mut visit, &news);
        let bay = visit.bay.as_ref().expect("a bay");
        assert_eq!((bay.from, bay.until, bay.due_from()), (at(from), at(until), at(due)), "{why}");
        if until >= 360 {
            assert_eq!(bay.booked_from, at(180), "{why}: booked is what was told first of its new showing");
        }
    }
}
