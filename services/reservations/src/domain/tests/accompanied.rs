//! Who comes with whom.

use super::*;
use crate::domain::accompanied::{OnlyWith, unaccompanied};

/// As the house file has them.
fn prices() -> Vec<Tariff> {
    let companion = OnlyWith { classes: names(&["adult", "child"]), one_each: true };
    let infant = OnlyWith { classes: names(&["adult", "companion"]), one_each: false };
    let rows =
        [("adult", OnlyWith::default()), ("child", OnlyWith::default()), ("companion", companion), ("infant", infant)];
    rows.into_iter()
        .map(|(class, only_with)| Tariff { class: class.to_owned(), only_with, ..tariff("t", 0, "2023-03-30") })
        .collect()
}

fn names(classes: &[&str]) -> Vec<String> {
    classes.iter().map(|class| (*class).to_owned()).collect()
}

/// How many come by class, and the class that lacks somebody.
type Row = (&'static [(&'static str, u32)], Option<&'static str>);

#[test]
fn nobody_comes_alone_who_must_be_accompanied() {
    let table: [Row; 10] = [
        (&[("adult", 1)], None),
        (&[("companion", 1)], Some("companion")),
        (&[("infant", 1)], Some("infant")),
        (&[("infant", 1), ("companion", 1)], Some("companion")),
        (&[("adult", 1), ("companion", 1)], None),
        (&[("adult", 1), ("companion", 2)], Some("companion")),
        (&[("adult", 1), ("child", 1), ("companion", 2)], None),
        (&[("adult", 1), ("infant", 3)], None),
        (&[("child", 1), ("infant", 1)], Some("infant")),
        (&[("child", 1), ("companion", 1), ("infant", 1)], None),
    ];
    for (party, lacks) in table {
        let lines: Vec<PartyLine> = party
            .iter()
            .map(|(class, count)| PartyLine { class: (*class).to_owned(), count: *count, need: None })
            .collect();
        assert_eq!(unaccompanied(&lines, &prices()).map(|price| price.class.as_str()), lacks, "{party:?}");
    }
}
