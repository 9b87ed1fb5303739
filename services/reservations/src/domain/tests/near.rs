//! Parties that cannot sit in one row sit near each other: with a wheelchair user, and in pieces.

use super::*;
use crate::domain::hall::Part;

/// Somebody in a wheelchair with a companion, and so many others.
fn with_wheelchair(others: usize) -> Vec<Person> {
    let mut needs = vec![Some(Need::Wheelchair), Some(Need::Companion)];
    needs.resize(others + 2, None);
    party(&needs)
}

fn seated(taken: &[&str], people: &[Person], wish: Preference) -> Vec<String> {
    let given = with_taken(hall(), taken).best(people, wish, false).expect("room");
    given.into_iter().map(|held| held.label).collect()
}

fn all_but(free: &[&str]) -> Vec<String> {
    let general = hall().into_iter().filter(|seat| seat.place() == Place::General);
    general.map(|seat| seat.label).filter(|label| !free.contains(&label.as_str())).collect()
}

#[test]
fn who_comes_with_a_wheelchair_user_sits_beside_or_behind_them() {
    let whole_row = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"];
    let back = Preference { aisle: false, part: Some(Part::Back) };
    let any = Preference::default();
    let table: [(&[&str], usize, Preference, &[&str]); 6] = [
        // The wheelchair places are before the first row, the first to the left, the second to the right.
        (&[], 2, any, &["W1", "W1B", "A3", "A4"]),
        (&["W1"], 2, any, &["W2", "W2B", "A5", "A6"]),
        (&whole_row, 2, any, &["W1", "W1B", "B3", "B4"]),
        (&["W1", "A5", "A6", "A7", "A8"], 2, any, &["W2", "W2B", "A3", "A4"]),
        // To be together is more than where one would like to sit.
        (&[], 2, back, &["W1", "W1B", "A3", "A4"]),
        (&[], 0, any, &["W1", "W1B"]),
    ];
    for (taken, others, wish, expected) in table {
        assert_eq!(seated(taken, &with_wheelchair(others), wish), expected, "{taken:?}");
    }
    // Without them, the best places of the hall.
    assert_eq!(seated(&[], &party(&[None; 2]), any), ["D4", "D5"]);
}

#[test]
fn the_pieces_of_a_party_are_near_each_other() {
    let free = ["D5", "D6", "C7", "C8", "B3", "B4"];
    let taken = all_but(&free);
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    // The places in the second row are better than those in the third one, but further away.
    assert_eq!(seated(&taken, &party(&[None; 4]), Preference::default()), ["D5", "D6", "C7", "C8"]);
    assert_eq!(seated(&[&taken[..], &["D5", "D6"]].concat(), &party(&[None; 2]), Preference::default()), ["B3", "B4"]);
    // A guest with a dog is in the first row, and the others follow there.
    let dog = ["A1", "A2", "A3", "D4", "D5", "D6"];
    let taken = all_but(&dog);
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let with_dog_and_loop = party(&[Some(Need::GuideDog), None, None]);
    assert_eq!(seated(&taken, &with_dog_and_loop, Preference::default()).len(), 3);
}

proptest! {
    /// Near or not: everybody has a place that was free, once, and that meets the need.
    #[test]
    fn being_near_costs_nobody_a_place(
        gone in proptest::collection::hash_set(0_usize..36, 0..30),
        others in proptest::collection::vec(proptest::option::of(2_usize..5), 0..8),
        wheelchairs in 0_usize..3,
        companions in 0_usize..3,
    ) {
        let hall = hall();
        let gone: Vec<&str> = gone.into_iter().map(|at| hall[at].label.as_str()).collect();
        let mut needs: Vec<Option<Need>> = vec![Some(Need::Wheelchair); wheelchairs];
        needs.extend(vec![Some(Need::Companion); companions.min(wheelchairs)]);
        needs.extend(others.iter().map(|need| need.map(|at| Need::ALL[at])));
        prop_assume!(!needs.is_empty());
        let people = party(&needs);
        let together = best(&gone, &people, false);
        // The same people without those who need pairs, and those alone: each part for itself.
        let (pairs, rest): (Vec<Person>, Vec<Person>) = people
            .iter()
            .cloned()
            .partition(|person| matches!(person.need, Some(Need::Wheelchair | Need::Companion)));
        let apart = [pairs, rest].map(|part| part.is_empty() || best(&gone, &part, false).is_ok());
        prop_assert!(together.is_ok() || apart != [true, true], "nobody is refused to sit near somebody");
        if let Ok(given) = together {
            prop_assert_eq!(given.len(), people.len());
            let distinct: HashSet<&str> = labels(&given).into_iter().collect();
            prop_assert_eq!(distinct.len(), given.len());
            for held in &given {
                let seat = hall.iter().find(|seat| seat.label == held.label).expect("of this hall");
                prop_assert!(!gone.contains(&held.label.as_str()));
                prop_assert!(held.need.map_or(seat.place() == Place::General, |need| seat.has(need.name())));
            }
            let count = |people: &[Option<Need>], need: Option<Need>| people.iter().filter(|it| **it == need).count();
            let given: Vec<Option<Need>> = given.iter().map(|held| held.need).collect();
            for need in Need::ALL.into_iter().map(Some).chain([None]) {
                prop_assert_eq!(count(&given, need), count(&needs, need), "the same people");
            }
        }
    }
}
