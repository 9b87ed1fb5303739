//! Whom people of some prices come with: a companion with the guest whom they accompany, a small child with somebody
//! grown up. The house file says so. Pure.

use super::{PartyLine, Tariff};

/// Whom people of a price must come with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnlyWith {
    /// Somebody of one of these classes; empty: nobody.
    pub(crate) classes: Vec<String>,
    /// Each with another one: a companion accompanies one guest.
    pub(crate) one_each: bool,
}

/// The price of a party for which somebody lacks whom they must come with; None: nobody does.
pub(crate) fn unaccompanied<'t>(party: &[PartyLine], prices: &'t [Tariff]) -> Option<&'t Tariff> {
    let people = |classes: &[String]| -> u32 {
        party.iter().filter(|line| classes.contains(&line.class)).map(|line| line.count).sum()
    };
    prices.iter().filter(|price| !price.only_with.classes.is_empty()).find(|price| {
        let own = people(std::slice::from_ref(&price.class));
        let needed = if price.only_with.one_each { own } else { own.min(1) };
        people(&price.only_with.classes) < needed
    })
}
