//! From what a visitor says (so many adults, one wheelchair place) to the lines of a party, each with a
//! tariff class and at most one need. Pure. It asks for places, never for a disability.

use sky_proto::reservations::v1::{Need, PartyLine};

/// The tariff class of a companion, if the house has it.
const COMPANION: &str = "companion";

/// Lines with every need given to one person. None: more needs than people.
pub(crate) fn lines(counts: &[(String, u32)], needs: &[(Need, u32)]) -> Option<Vec<PartyLine>> {
    let mut people: Vec<(&str, Need)> = counts
        .iter()
        .flat_map(|(class, count)| (0..(*count).min(200)).map(move |_| (class.as_str(), Need::Unspecified)))
        .collect();
    for (need, count) in needs {
        for _ in 0..*count {
            let fits = |wanted: bool| {
                move |(class, has): &&mut (&str, Need)| *has == Need::Unspecified && (*class == COMPANION) == wanted
            };
            // A companion's ticket is for the companion's place, if somebody has one.
            let companion = *need == Need::Companion;
            let first = people.iter_mut().find(fits(companion)).map(|person| person.1 = *need);
            first.or_else(|| people.iter_mut().find(fits(!companion)).map(|person| person.1 = *need))?;
        }
    }
    let mut lines: Vec<PartyLine> = Vec::new();
    for (class, need) in people {
        match lines.iter_mut().find(|line| line.tariff_class == class && line.need() == need) {
            Some(line) => line.count += 1,
            None => lines.push(PartyLine { tariff_class: class.to_owned(), count: 1, need: need.into() }),
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(counts: &[(&str, u32)], needs: &[(Need, u32)]) -> Option<Vec<(String, u32, Need)>> {
        let counts: Vec<(String, u32)> = counts.iter().map(|(class, count)| ((*class).to_owned(), *count)).collect();
        let lines = lines(&counts, needs)?;
        Some(lines.into_iter().map(|line| (line.tariff_class.clone(), line.count, line.need())).collect())
    }

    fn line(class: &str, count: u32, need: Need) -> (String, u32, Need) {
        (class.to_owned(), count, need)
    }

    #[test]
    fn a_family_without_needs() {
        let lines = party(&[("adult", 2), ("child", 3), ("reduced", 0)], &[]).expect("fits");
        assert_eq!(lines, [line("adult", 2, Need::Unspecified), line("child", 3, Need::Unspecified)]);
    }

    #[test]
    fn a_companion_sits_beside_the_wheelchair_place() {
        let lines = party(&[("companion", 1), ("adult", 2)], &[(Need::Wheelchair, 1), (Need::Companion, 1)]);
        assert_eq!(
            lines.expect("fits"),
            [
                line("companion", 1, Need::Companion),
                line("adult", 1, Need::Wheelchair),
                line("adult", 1, Need::Unspecified)
            ]
        );
    }

    #[test]
    fn without_a_companion_ticket_somebody_else_accompanies() {
        let lines = party(&[("adult", 2)], &[(Need::Wheelchair, 1), (Need::Companion, 1)]);
        assert_eq!(lines.expect("fits"), [line("adult", 1, Need::Wheelchair), line("adult", 1, Need::Companion)]);
    }

    #[test]
    fn more_needs_than_people_do_not_fit() {
        assert_eq!(party(&[("adult", 1)], &[(Need::Wheelchair, 1), (Need::GuideDog, 1)]), None);
    }
}
