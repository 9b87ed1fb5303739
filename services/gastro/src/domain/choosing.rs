//! From what somebody chooses on the menu to the lines that the kitchen reads and the amounts that are charged. Pure.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use kernel::values::Text;

use super::{
    Charge, OrderedItem,
    allergens::changed,
    menu::{Combo, DayPart, ItemRef, Menu, MenuItem, Modifier, Price, is_served},
    split::{Weight, split},
};
use crate::domain::Category;

/// One line as somebody chose it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineWish {
    /// An item or a combo.
    pub(crate) item: String,
    pub(crate) quantity: u32,
    /// Empty: the first one.
    pub(crate) variant: String,
    pub(crate) modifiers: Vec<String>,
    /// For a combo.
    pub(crate) choices: Vec<ChoiceWish>,
    /// Empty: not for a group.
    pub(crate) tray: String,
}

/// What was chosen for one component of a combo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChoiceWish {
    pub(crate) component: String,
    pub(crate) item: String,
    pub(crate) variant: String,
    pub(crate) modifiers: Vec<String>,
}

/// Why a choice does not go with the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    Wrong { field: &'static str, problem: String },
    SoldOut { id: String },
    Few { id: String, left: u32 },
    NoPrice { id: String },
}

/// A part of a combo's flat price as it was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) price_id: String,
    /// The single prices of what was chosen.
    pub(crate) mix: String,
    pub(crate) tax_id: String,
    pub(crate) cents: i64,
}

/// An order's lines with their prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) lines: Vec<OrderedItem>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) shares: Vec<Share>,
}

/// Portions by item.
pub(crate) type Portions = BTreeMap<String, u32>;

/// What lines take out of the stock.
pub(crate) fn portions(lines: &[OrderedItem]) -> Portions {
    let mut portions = Portions::new();
    for line in lines {
        *portions.entry(line.item.clone()).or_default() += line.quantity;
    }
    portions
}

/// One piece of an item with its changes.
struct Piece<'m> {
    item: &'m MenuItem,
    name: Text,
    price: &'m Price,
    line: OrderedItem,
    extras: Vec<(&'m Text, &'m Price)>,
}

fn wrong(field: &'static str, problem: impl Into<String>) -> Unfit {
    Unfit::Wrong { field, problem: problem.into() }
}

/// "Cappuccino, groß": German stands in where a language has nothing of its own.
pub(crate) fn joined(first: &Text, second: &Text) -> Text {
    fn or<'t>(own: &'t str, german: &'t str) -> &'t str {
        if own.is_empty() { german } else { own }
    }
    let plain = if first.plain.is_empty() {
        String::new()
    } else {
        format!("{}, {}", first.plain, or(&second.plain, &second.de))
    };
    Text {
        de: format!("{}, {}", first.de, second.de),
        en: format!("{}, {}", or(&first.en, &first.de), or(&second.en, &second.de)),
        plain,
    }
}

impl Menu {
    /// The lines of an order with their prices, or the first thing that is wrong with them.
    pub(crate) fn choose(&self, wishes: &[LineWish]) -> Result<Chosen, Unfit> {
        let mut chosen = Chosen::default();
        for wish in wishes {
            match self.combos.iter().find(|combo| combo.id == wish.item) {
                Some(combo) => self.choose_combo(combo, wish, &mut chosen)?,
                None => self.choose_item(wish, &mut chosen)?,
            }
        }
        for (id, wanted) in portions(&chosen.lines) {
            match self.item(&id).and_then(|item| item.left) {
                Some(left) if left < wanted => return Err(Unfit::Few { id, left }),
                _ => {}
            }
        }
        Ok(chosen)
    }

    fn choose_item(&self, wish: &LineWish, chosen: &mut Chosen) -> Result<(), Unfit> {
        let Some(item) = self.item(&wish.item) else {
            return Err(wrong("lines", format!("\"{}\" is not on the menu; GetMenu has all item_ids", wish.item)));
        };
        if !wish.choices.is_empty() {
            return Err(wrong("choices", format!("\"{}\" is no combo; leave its choices out", wish.item)));
        }
        let mut piece = piece(item, &wish.variant, &wish.modifiers, wish.quantity)?;
        piece.line.tray.clone_from(&wish.tray);
        chosen.charges.push(charge(&piece.name, wish.quantity, piece.price));
        chosen.take(piece, wish.quantity);
        Ok(())
    }

    fn choose_combo(&self, combo: &Combo, wish: &LineWish, chosen: &mut Chosen) -> Result<(), Unfit> {
        if !wish.variant.is_empty() || !wish.modifiers.is_empty() {
            return Err(wrong("choices", "have the variants and modifiers of a combo; its line has none of its own"));
        }
        let flat = combo.price.as_ref().ok_or_else(|| Unfit::NoPrice { id: combo.id.clone() })?;
        if let Some(choice) =
            wish.choices.iter().find(|it| !combo.entry.components.iter().any(|has| has.id == it.component))
        {
            return Err(wrong("choices", format!("\"{}\" is no component of \"{}\"", choice.component, combo.id)));
        }
        let (mut weights, mut mix, mut pieces) = (Vec::new(), Vec::new(), Vec::new());
        for component in &combo.entry.components {
            let mut made = wish.choices.iter().filter(|choice| choice.component == component.id);
            let (Some(choice), None) = (made.next(), made.next()) else {
                let problem = format!("need exactly one for the component \"{}\"", component.id);
                return Err(wrong("choices", problem));
            };
            let option = component
                .options
                .iter()
                .find(|it| it.item == choice.item && (choice.variant.is_empty() || it.variant == choice.variant));
            let Some(option) = option else {
                let problem = format!("\"{}\" is not among the options of \"{}\"", choice.item, component.id);
                return Err(wrong("choices", problem));
            };
            let piece = self.piece_of(option, &choice.modifiers, wish)?;
            weights.push(Weight {
                tax_id: piece.price.tax_id.clone(),
                tax_basis_points: piece.price.tax_basis_points,
                category: piece.item.category,
                cents: piece.price.cents,
            });
            mix.push(piece.price.id.clone());
            pieces.push(piece);
        }
        let parts = split(flat.cents, flat.drinks_basis_points, &weights);
        let whole = parts.len() == 1;
        for part in parts {
            let kind = match part.category {
                Category::Food => Text::new("Speisen", "food"),
                Category::Drink => Text::new("Getränke", "drinks"),
            };
            chosen.charges.push(Charge {
                label: if whole { combo.entry.name.clone() } else { joined(&combo.entry.name, &kind) },
                quantity: wish.quantity,
                cents: part.cents,
                price_id: flat.id.clone(),
                tax_id: part.tax_id.clone(),
                tax_basis_points: part.tax_basis_points,
            });
            let (price_id, tax_id) = (flat.id.clone(), part.tax_id);
            chosen.shares.push(Share { price_id, mix: mix.join("+"), tax_id, cents: part.cents });
        }
        for mut piece in pieces {
            piece.line.combo.clone_from(&combo.id);
            piece.line.tray.clone_from(&wish.tray);
            chosen.take(piece, wish.quantity);
        }
        Ok(())
    }

    fn piece_of<'m>(&'m self, option: &ItemRef, modifiers: &[String], wish: &LineWish) -> Result<Piece<'m>, Unfit> {
        let (item, _) = self.option(option).ok_or_else(|| Unfit::SoldOut { id: option.item.clone() })?;
        piece(item, &option.variant, modifiers, wish.quantity)
    }

    /// The first of these lines that is not served at a time of the day, with the parts in which it is.
    pub(crate) fn not_served(&self, lines: &[OrderedItem], at: NaiveTime) -> Option<(String, &[DayPart])> {
        lines.iter().find_map(|line| {
            let combo = self.combos.iter().find(|combo| combo.id == line.combo);
            let combo = combo.map(|combo| (&combo.id, combo.day_parts.as_slice()));
            let item = self.item(&line.item).map(|item| (&item.id, item.day_parts.as_slice()));
            let mut both = combo.into_iter().chain(item);
            both.find(|(_, parts)| !is_served(parts, at)).map(|(id, parts)| (id.clone(), parts))
        })
    }
}

impl Chosen {
    /// The piece's line, and what its changes cost.
    fn take(&mut self, piece: Piece<'_>, quantity: u32) {
        self.charges.extend(piece.extras.iter().map(|(name, price)| charge(name, quantity, price)));
        self.lines.push(piece.line);
    }
}

pub(super) fn charge(label: &Text, quantity: u32, price: &Price) -> Charge {
    Charge {
        label: label.clone(),
        quantity,
        cents: price.cents,
        price_id: price.id.clone(),
        tax_id: price.tax_id.clone(),
        tax_basis_points: price.tax_basis_points,
    }
}

fn piece<'m>(item: &'m MenuItem, variant: &str, modifiers: &[String], quantity: u32) -> Result<Piece<'m>, Unfit> {
    if !item.is_there() {
        return Err(Unfit::SoldOut { id: item.id.clone() });
    }
    let kind = item.variant(variant);
    if kind.is_none() && !variant.is_empty() {
        return Err(wrong("variant_id", format!("\"{}\" has no variant \"{variant}\"", item.id)));
    }
    let price = kind.map_or(item.price.as_ref(), |kind| kind.price.as_ref());
    let price = price.ok_or_else(|| Unfit::NoPrice { id: item.id.clone() })?;
    let changes = modifiers_of(item, modifiers)?;
    let name = kind.map_or_else(|| item.name.clone(), |kind| joined(&item.name, &kind.name));
    let mut seconds = kind.map_or(item.work_seconds, |kind| kind.work_seconds);
    let (mut allergens, mut traces) = (item.recipe.allergens.clone(), item.recipe.traces.clone());
    let mut full = name.clone();
    for change in &changes {
        let it = &change.entry;
        changed(&mut allergens, &mut traces, &it.removes, &it.adds, &it.adds_traces);
        seconds = seconds.saturating_add(it.work_seconds);
        full = joined(&full, &it.name);
    }
    let line = OrderedItem {
        item: item.id.clone(),
        name: full,
        quantity,
        station: item.station.clone(),
        allergens,
        work_seconds: seconds.saturating_mul(quantity),
        traces,
        variant: kind.map_or_else(String::new, |kind| kind.id.clone()),
        modifiers: modifiers.to_vec(),
        combo: String::new(),
        tray: String::new(),
        recipe: item.recipe.id.clone(),
        also_at: item.also_for(quantity),
        charged_as: Vec::new(),
        corrected: None,
    };
    let extras = changes.iter().filter_map(|it| it.price.as_ref().map(|price| (&it.entry.name, price))).collect();
    Ok(Piece { item, name, price, line, extras })
}

/// The chosen changes, as many of each group as it must and may have.
fn modifiers_of<'m>(item: &'m MenuItem, ids: &[String]) -> Result<Vec<&'m Modifier>, Unfit> {
    let mut found = Vec::new();
    for group in &item.groups {
        let of_it = group.modifiers.iter().filter(|modifier| ids.contains(&modifier.entry.id));
        let before = found.len();
        found.extend(of_it);
        let count = u32::try_from(found.len() - before).unwrap_or(u32::MAX);
        if !(group.least..=group.most).contains(&count) {
            let problem = format!("must be {} to {} of \"{}\" for \"{}\"", group.least, group.most, group.id, item.id);
            return Err(wrong("modifier_ids", problem));
        }
    }
    match ids.iter().find(|id| !found.iter().any(|modifier| modifier.entry.id == **id)) {
        Some(id) => Err(wrong("modifier_ids", format!("\"{id}\" cannot be chosen for \"{}\"", item.id))),
        None if found.len() == ids.len() => Ok(found),
        None => Err(wrong("modifier_ids", "has one of them twice")),
    }
}

#[cfg(test)]
mod tests;
