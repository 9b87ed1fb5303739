//! What the domain decides by itself.

use super::{samples::*, *};

#[test]
fn a_hold_lasts_thirty_minutes_at_most() {
    let mut visit = visit(State::Held);
    assert_eq!(visit.extended(at(0)), None, "nothing gained");
    assert_eq!(visit.extended(at(5)), Some(at(15)));
    visit.hold_expires_at = at(28);
    assert_eq!(visit.extended(at(25)), Some(at(30)));
    visit.hold_expires_at = at(30);
    assert_eq!(visit.extended(at(29)), None);
}

#[test]
fn a_hold_whose_time_is_over_is_told_as_run_out() {
    let held = visit(State::Held);
    assert_eq!(held.at(at(9)).state, State::Held);
    let over = held.at(at(10));
    assert_eq!((over.state, &over.notice), (State::Expired, &held.over()));
    assert_eq!(visit(State::Confirmed).at(at(10)).state, State::Confirmed);
}

#[test]
fn money_reads_as_people_write_it() {
    assert_eq!(euros(305), ("3,05 €".to_owned(), "€3.05".to_owned()));
    assert_eq!(euros(0), ("0,00 €".to_owned(), "€0.00".to_owned()));
}

#[test]
fn contact_data_does_not_print() {
    let contact = Contact { name: "Ada".to_owned(), email: "ada@example.org".to_owned() };
    assert_eq!(format!("{contact:?}"), "Contact(…)");
}

#[test]
fn names_are_read_back() {
    assert!(State::ALL.into_iter().all(|state| State::named(state.name()) == Some(state)));
    assert!(Money::ALL.into_iter().all(|money| Money::named(money.name()) == Some(money)));
    assert!(Part::ALL.into_iter().all(|part| Part::named(part.name()) == Some(part)));
    assert!(Admission::ALL.into_iter().all(|step| Admission::named(step.name()) == Some(step)));
}

#[test]
fn lines_of_the_same_thing_at_the_same_price_are_one() {
    let item = |label: &str, quantity, unit_cents| Item {
        label: Text::new(label, label),
        quantity,
        unit_cents,
        tariff_id: label.to_owned(),
        tax_id: "t".to_owned(),
        tax_basis_points: 700,
    };
    let trays = (0..40).flat_map(|_| [item("roll", 1, 390), item("water", 1, 220)]);
    let items: Vec<Item> = trays.chain([item("roll", 2, 380)]).collect();
    let lines = joined(items.clone());
    assert_eq!(lines, [item("roll", 40, 390), item("water", 40, 220), item("roll", 2, 380)]);
    assert_eq!(sum(&lines), sum(&items));
}

#[test]
fn of_two_messages_no_reader_gets_only_the_half() {
    let off = Text::new("Sie fällt aus.", "It is cancelled.").plainly("Es gibt sie nicht.");
    let reason = Text { de: "Der Strom ist weg.".to_owned(), ..Text::default() };
    let both = join(&off, &reason);
    assert_eq!(both.de, "Sie fällt aus. Der Strom ist weg.");
    assert_eq!(both.en, "It is cancelled. Der Strom ist weg.");
    assert_eq!(both.plain, "Es gibt sie nicht. Der Strom ist weg.");
    assert_eq!(join(&off, &Text::default()), off);
    assert_eq!(join(&reason, &reason).plain, "", "as the German");
}
