//! The menu of a day: items with variants and modifiers, combos, parts of the day, stock. Pure.

use chrono::NaiveTime;
use kernel::values::Text;
use serde::{Deserialize, Serialize};

use super::{Category, Work};

/// A dated price row with its tax row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) id: String,
    pub(crate) cents: i64,
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
}

/// What is in an item, in one of its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// "item/valid from/revision"
    pub(crate) id: String,
    /// Numbers of Annex II, Regulation (EU) 1169/2011.
    pub(crate) allergens: Vec<u32>,
    pub(crate) traces: Vec<u32>,
    pub(crate) diets: Vec<String>,
}

/// A size or kind of an item.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) work_seconds: u32,
    pub(crate) price: Option<Price>,
}

/// A picture of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The hash of its content.
    pub(crate) id: String,
    /// What it shows, for who does not see it.
    pub(crate) alt: Text,
}

impl Picture {
    /// Where it is served.
    pub(crate) fn path(&self) -> String {
        format!("/gastro/pictures/{}", self.id)
    }
}

/// Something on the menu, as it is on one day.
#[derive(Clone, Debug)]
pub(crate) struct MenuItem {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) description: Text,
    pub(crate) category: Category,
    pub(crate) station: String,
    /// Nor does any of `also_at` rest.
    pub(crate) station_open: bool,
    /// Without variants.
    pub(crate) work_seconds: u32,
    /// What other stations do for one piece, whatever its variant.
    pub(crate) also_at: Vec<Work>,
    /// Without variants; None: no row is valid on that day.
    pub(crate) price: Option<Price>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) groups: Vec<ModifierGroup>,
    pub(crate) recipe: Recipe,
    /// Empty: all day.
    pub(crate) day_parts: Vec<DayPart>,
    /// Neither the house file nor staff say that there is none.
    pub(crate) in_stock: bool,
    /// None: not counted.
    pub(crate) left: Option<u32>,
    pub(crate) low_at: u32,
    pub(crate) picture: Option<Picture>,
}

/// What may be changed of an item.
#[derive(Clone, Debug)]
pub(crate) struct ModifierGroup {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) modifiers: Vec<Modifier>,
}

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Modifier {
    pub(crate) entry: ModifierEntry,
    /// None: free.
    pub(crate) price: Option<Price>,
}

/// A modifier as the house file has it and as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModifierEntry {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) adds: Vec<u32>,
    pub(crate) adds_traces: Vec<u32>,
    pub(crate) removes: Vec<u32>,
    pub(crate) work_seconds: u32,
}

/// Several items for one flat price.
#[derive(Clone, Debug)]
pub(crate) struct Combo {
    pub(crate) id: String,
    pub(crate) entry: ComboEntry,
    /// None: no row is valid on that day.
    pub(crate) price: Option<FlatPrice>,
    pub(crate) day_parts: Vec<DayPart>,
}

/// A combo as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ComboEntry {
    pub(crate) name: Text,
    pub(crate) description: Text,
    pub(crate) components: Vec<Component>,
    pub(crate) day_parts: Vec<String>,
}

/// One of a combo's parts, with the items that it may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Component {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) options: Vec<ItemRef>,
}

/// An item in one of its variants; the variant is empty when it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ItemRef {
    pub(crate) item: String,
    pub(crate) variant: String,
}

/// A dated flat price, and how much of it are drinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlatPrice {
    pub(crate) id: String,
    pub(crate) cents: i64,
    pub(crate) split_id: String,
    /// None: in proportion to the single prices.
    pub(crate) drinks_basis_points: Option<u32>,
}

/// A part of the house's local day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DayPart {
    pub(crate) id: String,
    pub(crate) name: Text,
    pub(crate) from: NaiveTime,
    pub(crate) until: NaiveTime,
}

/// Whether a time of the day is in one of the parts; no parts are all day.
pub(crate) fn is_served(parts: &[DayPart], at: NaiveTime) -> bool {
    parts.is_empty() || parts.iter().any(|part| part.from <= at && at < part.until)
}

/// Why something cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    SoldOut,
    StationRests,
    OtherDayPart,
}

impl MenuItem {
    /// The variant of that name; the first one without a name, and None without any variants.
    pub(crate) fn variant(&self, id: &str) -> Option<&Variant> {
        if id.is_empty() { self.variants.first() } else { self.variants.iter().find(|variant| variant.id == id) }
    }

    /// The price of what an order without a variant gets.
    pub(crate) fn usual_price(&self) -> Option<&Price> {
        self.variants.first().map_or(self.price.as_ref(), |variant| variant.price.as_ref())
    }

    /// What other stations do for so many.
    pub(crate) fn also_for(&self, quantity: u32) -> Vec<Work> {
        let times =
            |work: &Work| Work { station: work.station.clone(), seconds: work.seconds.saturating_mul(quantity) };
        self.also_at.iter().map(times).collect()
    }

    /// Whether there is at least one.
    pub(crate) fn is_there(&self) -> bool {
        self.in_stock && self.left != Some(0)
    }

    /// None: it can be had at that time of the day.
    pub(crate) fn unavailable(&self, at: NaiveTime) -> Option<Unavailable> {
        if !self.is_there() {
            Some(Unavailable::SoldOut)
        } else if !self.station_open {
            Some(Unavailable::StationRests)
        } else if !is_served(&self.day_parts, at) {
            Some(Unavailable::OtherDayPart)
        } else {
            None
        }
    }

    pub(crate) fn is_low(&self) -> bool {
        self.left.is_some_and(|left| left <= self.low_at)
    }
}

/// Everything that is on the menu of a day, in the house file's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Menu {
    pub(crate) items: Vec<MenuItem>,
    pub(crate) combos: Vec<Combo>,
}

impl Menu {
    pub(crate) fn item(&self, id: &str) -> Option<&MenuItem> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The name of an item or a combo; its id when it is neither.
    pub(crate) fn name(&self, id: &str) -> Text {
        let item = self.item(id).map(|item| &item.name);
        let combo = self.combos.iter().find(|combo| combo.id == id).map(|combo| &combo.entry.name);
        item.or(combo).cloned().unwrap_or_else(|| Text::new(id, id))
    }

    /// What stands for an option of a combo; None when the menu does not have it that day.
    pub(crate) fn option(&self, option: &ItemRef) -> Option<(&MenuItem, Option<&Variant>)> {
        let item = self.item(&option.item)?;
        let variant = item.variant(&option.variant);
        (option.variant.is_empty() || variant.is_some()).then_some((item, variant))
    }

    /// Why a combo cannot be had at that time: one of its components has nothing left, or it is served at another time.
    pub(crate) fn combo_unavailable(&self, combo: &Combo, at: NaiveTime) -> Option<Unavailable> {
        if !is_served(&combo.day_parts, at) {
            return Some(Unavailable::OtherDayPart);
        }
        combo.entry.components.iter().find_map(|component| {
            let states: Vec<Option<Unavailable>> = component
                .options
                .iter()
                .map(|option| self.option(option).map_or(Some(Unavailable::SoldOut), |(item, _)| item.unavailable(at)))
                .collect();
            if states.contains(&None) { None } else { states.into_iter().next().flatten() }
        })
    }

    /// What can be had at that time instead of an item: others of its kind.
    pub(crate) fn instead_of(&self, id: &str, at: NaiveTime) -> Vec<&Text> {
        /// Nobody reads more.
        const MOST: usize = 3;
        let category = self.item(id).map(|item| item.category);
        self.items
            .iter()
            .filter(|item| item.id != id && category.is_none_or(|it| it == item.category))
            .filter(|item| item.unavailable(at).is_none() && item.usual_price().is_some())
            .map(|item| &item.name)
            .take(MOST)
            .collect()
    }
}
