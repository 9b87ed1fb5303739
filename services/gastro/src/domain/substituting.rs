//! What may take the place of a dish, and which of its changes ("without sauce") go along. Pure.

use chrono::{DateTime, Utc};
use kernel::values::Text;

use super::{
    Charge, OrderedItem,
    allergens::changed,
    choosing::{charge, joined},
    exchange::Exchanged,
    menu::{MenuItem, Modifier, Price},
};

/// Something else as it would be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instead {
    pub(crate) line: OrderedItem,
    /// At its own price, with that of its changes; empty: it has none.
    pub(crate) charges: Vec<Charge>,
    /// Changes of the replaced dish that this one does not have.
    pub(crate) dropped: Vec<Text>,
}

/// A substitution that can still be taken back. Nobody outside the kitchen has heard of it, and no money has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Substituted {
    pub(crate) until: DateTime<Utc>,
    pub(crate) line: usize,
    /// What was ordered.
    pub(crate) replaced: OrderedItem,
    /// Allergens that it did not have.
    pub(crate) added: Vec<u32>,
    /// What goes back; none: nothing.
    pub(crate) exchanged: Option<Exchanged>,
}

/// Somebody who has ordered something to eat gets something to eat.
pub(crate) fn goes_for(item: &MenuItem, replaced: Option<&MenuItem>) -> bool {
    replaced.is_none_or(|replaced| replaced.category == item.category)
}

fn modifiers(item: &MenuItem) -> impl Iterator<Item = &Modifier> {
    item.groups.iter().flat_map(|group| &group.modifiers)
}

/// `item` for a line of an order. A change goes along where the new dish has it; `was`: the replaced dish on the menu, as
/// far as it is still there, for the names of what does not.
pub(crate) fn instead(item: &MenuItem, line: &OrderedItem, was: Option<&MenuItem>) -> Instead {
    let (mut allergens, mut traces) = (item.recipe.allergens.clone(), item.recipe.traces.clone());
    let variant = item.variant("");
    let mut work = variant.map_or(item.work_seconds, |variant| variant.work_seconds);
    let (mut name, mut dropped, mut kept) = (item.name.clone(), Vec::new(), Vec::new());
    let mut charges: Vec<Charge> = item.usual_price().map(|price| of(&item.name, line, price)).into_iter().collect();
    for id in &line.modifiers {
        let Some(change) = modifiers(item).find(|it| it.entry.id == *id) else {
            let known = was.and_then(|was| modifiers(was).find(|it| it.entry.id == *id));
            dropped.push(known.map_or_else(|| Text::new(id.as_str(), id.as_str()), |it| it.entry.name.clone()));
            continue;
        };
        let entry = &change.entry;
        changed(&mut allergens, &mut traces, &entry.removes, &entry.adds, &entry.adds_traces);
        work = work.saturating_add(entry.work_seconds);
        name = joined(&name, &entry.name);
        charges.extend(change.price.as_ref().map(|price| of(&entry.name, line, price)));
        kept.push(id.clone());
    }
    let line = OrderedItem {
        item: item.id.clone(),
        name,
        quantity: line.quantity,
        station: item.station.clone(),
        allergens,
        traces,
        work_seconds: work.saturating_mul(line.quantity),
        variant: variant.map(|variant| variant.id.clone()).unwrap_or_default(),
        modifiers: kept,
        combo: line.combo.clone(),
        tray: line.tray.clone(),
        recipe: item.recipe.id.clone(),
        also_at: item.also_for(line.quantity),
        charged_as: Vec::new(),
        corrected: None,
    };
    Instead { line, charges, dropped }
}

fn of(label: &Text, line: &OrderedItem, price: &Price) -> Charge {
    charge(label, line.quantity, price)
}
