//! The waiting list of a showing without places: who is offered those that come free, how long they have to order them,
//! and what they are told. Places are offered side by side and to a whole party or not at all. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;

use super::{
    State, Visit,
    rebooking::{Candidate, Places},
};

/// Nobody is offered anything later than this before the start: what comes back then is for those who stand at the desk.
const LAST: TimeDelta = TimeDelta::minutes(30);
/// Whoever is offered places has half of the time that is left, but so long at least …
const SHORTEST: TimeDelta = TimeDelta::minutes(15);
/// … and so long at most: a night passes, and the next one in the list is not kept waiting for days.
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Whoever could not be given places after all, because what is told of them is up to a second old, is asked for again after
/// this: longer than reservations may take to answer, and short, because meanwhile the next one would get what comes back.
pub(crate) const PAUSE: TimeDelta = TimeDelta::seconds(10);
/// So many parties wait for one showing at most: more than that never come to their turn.
pub(crate) const MOST_PARTIES: u32 = 500;
/// For so many showings one browser waits.
pub(crate) const MOST_OF_A_BROWSER: u32 = 5;

impl Visit {
    /// It waits for places, or is offered some: of no other visit a name or an address is known before it is ordered.
    pub(crate) fn is_on_waiting_list(&self) -> bool {
        let is_known = !self.contact.name.is_empty() || !self.contact.email.is_empty();
        self.state == State::Waiting || self.state == State::Held && is_known
    }
}

/// Until when somebody waits for a showing that begins then.
pub(crate) fn ends_at(starts_at: DateTime<Utc>) -> DateTime<Utc> {
    starts_at - LAST
}

/// Until when whoever is offered places now may order them; None: it is too late to offer any.
pub(crate) fn offered_until(now: DateTime<Utc>, starts_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let left = ends_at(starts_at) - now;
    (left >= SHORTEST).then(|| now + (left / 2).clamp(SHORTEST, LONGEST))
}

/// Whom the free places of a showing fit, in the order in which they came: a large party does not keep those behind it
/// from places that are too few for it.
pub(crate) fn fitting<'v>(waiting: &'v [Visit], free: &Candidate) -> Vec<&'v Visit> {
    let mut promised = Places::default();
    let mut fitting = Vec::new();
    for visit in waiting {
        if free.has_room(visit, &promised) {
            promised.add_party(visit);
            fitting.push(visit);
        }
    }
    fitting
}

/// What stands on the page of whoever waited in vain, or did not order what was offered.
pub(super) fn over(state: State) -> Text {
    if state == State::Waiting {
        return Text::new("Es sind keine passenden Plätze frei geworden.", "No suitable places came free.")
            .plainly("Es gab keine Plätze mehr für Sie.");
    }
    Text::new(
        "Die Zeit zum Bestellen ist um. Die Plätze bekommt, wer nach Ihnen wartet.",
        "The time to order is over. The places go to whoever waits after you.",
    )
    .plainly("Die Zeit ist um. Andere Menschen bekommen die Plätze.")
}

/// The same of whoever has left it.
pub(crate) fn left() -> Text {
    Text::new("Sie warten nicht mehr auf Plätze.", "You no longer wait for places.")
        .plainly("Sie warten nicht mehr auf Plätze.")
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use kernel::values::Text;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Contact, PartyLine, samples::visit};

    fn at(minute: i64) -> DateTime<Utc> {
        Utc.timestamp_opt(1_795_863_600, 0).single().expect("a time") + TimeDelta::minutes(minute)
    }

    #[test]
    fn an_offer_lasts_half_of_what_is_left_and_shrinks_towards_the_start() {
        for (starts_in, lasts) in [
            (10 * 24 * 60, Some(24 * 60)),
            (48 * 60 + 30, Some(24 * 60)),
            (24 * 60 + 30, Some(12 * 60)),
            (120 + 30, Some(60)),
            (30 + 30, Some(15)),
            (15 + 30, Some(15)),
            (14 + 30, None),
            (0, None),
            (-60, None),
        ] {
            let until = offered_until(at(0), at(starts_in));
            assert_eq!(until, lasts.map(at), "{starts_in} minutes before the start");
            assert!(
                until.is_none_or(|until| until <= ends_at(at(starts_in))),
                "nobody orders after the end of the list"
            );
        }
    }

    fn party(id: u128, lines: &[(&str, u32)]) -> Visit {
        let line = |(need, count): &(&str, u32)| PartyLine {
            tariff_class: "adult".to_owned(),
            count: *count,
            need: (*need).to_owned(),
        };
        Visit { id: Uuid::from_u128(id), party: lines.iter().map(line).collect(), ..visit(State::Waiting) }
    }

    #[test]
    fn places_go_to_the_first_whom_they_fit() {
        let free = |free: u32, together: u32, wheelchair: u32| Candidate {
            showing: Uuid::nil(),
            title: Text::default(),
            starts_at: at(600),
            ends_at: at(650),
            doors_at: at(580),
            is_cancelled: false,
            is_on_sale: true,
            audience: "public",
            prices: Vec::new(),
            free,
            together: Some(together),
            needs: vec![("NEED_WHEELCHAIR".to_owned(), wheelchair)],
        };
        let waiting =
            [party(0, &[("", 6)]), party(1, &[("", 2)]), party(2, &[("NEED_WHEELCHAIR", 1)]), party(3, &[("", 2)])];
        for (free, whom) in [
            (free(0, 0, 0), vec![]),
            (free(1, 1, 0), vec![]),
            (free(2, 2, 0), vec![1]),
            (free(2, 1, 0), vec![]),
            (free(4, 2, 1), vec![1, 2, 3]),
            (free(6, 6, 0), vec![0]),
            (free(8, 6, 0), vec![0, 1]),
            (free(0, 0, 1), vec![2]),
        ] {
            let found: Vec<u128> = fitting(&waiting, &free).into_iter().map(|it| it.id.as_u128()).collect();
            assert_eq!(found, whom, "{free:?}");
        }
    }

    #[test]
    fn only_of_who_waits_the_address_is_known_before_the_order() {
        let known = Contact { name: "Caroline".to_owned(), email: String::new() };
        for (state, contact, is_on_it) in [
            (State::Waiting, Contact::default(), true),
            (State::Held, known.clone(), true),
            (State::Held, Contact::default(), false),
            (State::Confirmed, known.clone(), false),
            (State::AwaitingPayment, known, false),
        ] {
            assert_eq!(Visit { contact, ..visit(state) }.is_on_waiting_list(), is_on_it, "{state:?}");
        }
    }
}
