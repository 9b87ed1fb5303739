//! The model's hall: a dome seating as the house file has it.

use std::collections::BTreeSet;

/// General places, and pairs of a wheelchair place and its companion's.
pub const GENERAL: u32 = 102;
pub const WHEELCHAIRS: u32 = 4;
/// Its rows, how many places each has, and whether these have an induction loop. There are no steps to the first one.
pub const ROWS: [(&str, u32, bool); 7] = [
    ("A", 10, false),
    ("B", 12, false),
    ("C", 14, true),
    ("D", 16, true),
    ("E", 16, false),
    ("F", 17, false),
    ("G", 17, false),
];
/// The places with floor for a dog: some of them without steps, some not.
pub const FOR_DOGS: [&str; 4] = ["A1", "A10", "F1", "F17"];

fn of_rows(wanted: impl Fn(&(&str, u32, bool)) -> bool) -> BTreeSet<String> {
    let rows = ROWS.iter().filter(|row| wanted(row));
    rows.flat_map(|(row, places, _)| (1..=*places).map(move |number| format!("{row}{number}"))).collect()
}

/// The places with an induction loop.
pub fn with_loop() -> BTreeSet<String> {
    of_rows(|(_, _, has_loop)| *has_loop)
}

pub fn step_free() -> BTreeSet<String> {
    of_rows(|(row, ..)| *row == "A")
}

pub fn for_dogs() -> BTreeSet<String> {
    FOR_DOGS.map(str::to_owned).into()
}

/// The wheelchair places.
pub fn for_wheelchairs() -> BTreeSet<String> {
    (1..=WHEELCHAIRS).map(|number| format!("W{number}")).collect()
}

/// Wheelchair places among these.
pub fn chairs(seats: &BTreeSet<String>) -> u32 {
    u32::try_from(seats.intersection(&for_wheelchairs()).count()).expect("few")
}

/// So many neighbouring places from a number on of a row, of the wheelchair places or of a row that is not there.
pub fn named(row: usize, number: u32, people: u32) -> Vec<String> {
    let row = ROWS.get(row).map_or(if row == ROWS.len() { "W" } else { "Z" }, |(name, ..)| *name);
    (number..number + people).map(|number| format!("{row}{number}")).collect()
}

/// Whether the hall has it; those of companions are never chosen here.
pub fn is_place(label: &str) -> bool {
    of_rows(|_| true).contains(label) || for_wheelchairs().contains(label)
}
