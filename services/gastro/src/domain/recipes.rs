//! A recipe or a change of a dish is corrected after it was ordered: what is in an order's lines now, and what of it its party
//! avoids and did not read when they ordered. Pure.

use super::{
    Corrected, OrderedItem,
    allergens::{changed, conflict},
    menu::Menu,
};

/// A line as the menu of its day says by now; None: as before. Where a change of it is gone from the menu, what was known to
/// be in it stays in it.
pub(crate) fn corrected(line: &OrderedItem, menu: &Menu) -> Option<OrderedItem> {
    let item = menu.item(&line.item)?;
    let changes: Vec<_> = item
        .groups
        .iter()
        .flat_map(|group| &group.modifiers)
        .filter(|it| line.modifiers.contains(&it.entry.id))
        .collect();
    let made_by = line.corrected.as_ref().map_or(&line.recipe, |it| &it.recipe);
    let all_known = changes.len() == line.modifiers.len();
    if !all_known && *made_by == item.recipe.id {
        return None;
    }
    let (mut allergens, mut traces) = (item.recipe.allergens.clone(), item.recipe.traces.clone());
    for it in changes {
        changed(&mut allergens, &mut traces, &it.entry.removes, &it.entry.adds, &it.entry.adds_traces);
    }
    if !all_known {
        changed(&mut allergens, &mut traces, &[], &line.allergens, &line.traces);
    }
    if (&allergens, &traces) == (&line.allergens, &line.traces) {
        return None;
    }
    let read = line.corrected.clone().unwrap_or_else(|| Corrected {
        recipe: String::new(),
        read_allergens: line.allergens.clone(),
        read_traces: line.traces.clone(),
    });
    let corrected = Some(Corrected { recipe: item.recipe.id.clone(), ..read });
    Some(OrderedItem { allergens, traces, corrected, ..line.clone() })
}

/// Allergens, and traces.
type InIt<'a> = (&'a [u32], &'a [u32]);

/// Whether something avoided is in it that was not before, or as more than a trace.
fn has_new(avoid: &[u32], was: InIt<'_>, is: InIt<'_>) -> bool {
    let (was, is) = (conflict(avoid, was.0, was.1), conflict(avoid, is.0, is.1));
    is.contains.iter().any(|it| !was.contains.contains(it))
        || is.traces.iter().any(|it| !was.contains.contains(it) && !was.traces.contains(it))
}

/// Whether a line has something in it that its party avoids and did not read when they ordered it.
fn is_unread(avoid: &[u32], line: &OrderedItem) -> bool {
    let read = line.corrected.as_ref();
    read.is_some_and(|it| has_new(avoid, (&it.read_allergens, &it.read_traces), (&line.allergens, &line.traces)))
}

/// Whether any of these lines has.
pub(crate) fn has_unread(avoid: &[u32], lines: &[OrderedItem]) -> bool {
    lines.iter().any(|line| is_unread(avoid, line))
}

/// Staff have settled it with its party: what is in these lines is no news to it any more. Whether that changes anything.
pub(crate) fn read(lines: &mut [OrderedItem]) -> bool {
    let before = lines.to_vec();
    for line in lines.iter_mut() {
        if let Some(it) = line.corrected.as_mut() {
            (it.read_allergens, it.read_traces) = (line.allergens.clone(), line.traces.clone());
        }
    }
    *lines != *before
}

/// Whether any of these lines has something like that since this correction.
pub(crate) fn asks(avoid: &[u32], before: &[OrderedItem], after: &[OrderedItem]) -> bool {
    before.iter().zip(after).any(|(was, is)| {
        has_new(avoid, (&was.allergens, &was.traces), (&is.allergens, &is.traces)) && is_unread(avoid, is)
    })
}

#[cfg(test)]
mod tests;
