//! The meal in the form: dishes in their sizes with what may be changed, combos, what the party cannot eat, and when it
//! is picked up; or a group's trays. Works without any script.

use sky_proto::gastro::v1::{Menu, MenuItem, ModifierGroup, OrderLine, PickupOffer};

use super::{
    super::menu_words::{none, served},
    Count, FieldError,
    combos::{self, ComboView},
    gone, is_some,
    pickups::{self, Side},
    trays::{self, GroupForm},
};
use crate::{fields::Fields, page::Frame, words::Words};

/// The meal's part of the page.
pub(super) struct MealForm {
    pub(super) dishes: Vec<Dish>,
    pub(super) combos: Vec<ComboView>,
    pub(super) open: bool,
    pub(super) pickups: Vec<Side>,
    /// None: the house takes no groups.
    pub(super) group: Option<GroupForm>,
    pub(super) avoid: Vec<Tick>,
    pub(super) avoid_open: bool,
    /// Something was chosen that the party avoids: the page asks whether that is meant.
    pub(super) ask: bool,
}

impl MealForm {
    pub(super) fn is_empty(&self) -> bool {
        self.dishes.is_empty() && self.combos.is_empty()
    }
}

/// A box to tick or, within a group of which only one may be chosen, a button.
pub(super) struct Tick {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) label: String,
    pub(super) price: String,
    pub(super) chosen: bool,
}

pub(super) struct Dish {
    /// One per size.
    pub(super) counts: Vec<Count>,
    pub(super) name: String,
    /// The fields that send the names along, of the dish, its sizes and its changes.
    pub(super) names: Vec<(String, String)>,
    pub(super) sized: bool,
    pub(super) description: String,
    /// Where its picture is; empty: it has none.
    pub(super) picture: String,
    pub(super) picture_alt: String,
    pub(super) diets: String,
    pub(super) facts: Vec<String>,
    /// Why there is none; empty: there is.
    pub(super) none: String,
    pub(super) few: String,
    pub(super) changes: Vec<Changes>,
    pub(super) changed: bool,
    /// Which of the chosen changes there is no more; empty: all are there.
    pub(super) hint: String,
}

pub(super) struct Changes {
    pub(super) name: String,
    pub(super) one: bool,
    pub(super) ticks: Vec<Tick>,
}

fn allergen(w: &Words, number: u32) -> String {
    match number {
        1..=14 => format!("{number} {}", w.t(&format!("allergen-{number}"))),
        other => other.to_string(),
    }
}

fn names(w: &Words, numbers: &[u32]) -> String {
    numbers.iter().map(|number| allergen(w, *number)).collect::<Vec<_>>().join(", ")
}

/// A group of an item's changes in the form, as fields of one name; `chosen` are those of the item.
pub(super) fn changes(w: &Words, item: &MenuItem, group: &ModifierGroup, name: &str, chosen: &[String]) -> Changes {
    let one = group.most == 1;
    let is_in = |group: &ModifierGroup, id: &String| group.modifiers.iter().any(|it| it.modifier_id == *id);
    let is_elsewhere = |id: &String| !is_in(group, id) && item.modifier_groups.iter().any(|it| is_in(it, id));
    // "As described" is nothing that takes the place of a change that has left.
    let is_unchanged = chosen.iter().all(is_elsewhere);
    let tick = |value: &str, label: String, price: String| Tick {
        id: format!("{name}_{value}"),
        name: name.to_owned(),
        chosen: if value.is_empty() { is_unchanged } else { chosen.iter().any(|id| id == value) },
        value: value.to_owned(),
        label,
        price,
    };
    let mut ticks = Vec::new();
    if one && group.least == 0 {
        ticks.push(tick("", w.t("menu-unchanged"), String::new()));
    }
    ticks.extend(group.modifiers.iter().map(|it| {
        let price = it.price.as_ref().map(|_| format!("+ {}", w.money(&it.price))).unwrap_or_default();
        tick(&it.modifier_id, w.text(&it.name), price)
    }));
    Changes { name: w.text(&group.name), one, ticks }
}

fn group_field(item: &MenuItem, group: &ModifierGroup) -> String {
    format!("mod_{}_{}", item.item_id, group.group_id)
}

/// The fields of how many of a dish, one for each size.
pub(super) fn size_fields(item: &MenuItem) -> Vec<String> {
    match item.variants.as_slice() {
        [] => vec![size_field(item, "")],
        sizes => sizes.iter().map(|it| size_field(item, &it.variant_id)).collect(),
    }
}

fn size_field(item: &MenuItem, variant: &str) -> String {
    if variant.is_empty() { format!("meal_{}", item.item_id) } else { format!("meal_{}_{variant}", item.item_id) }
}

fn dish(
    w: &Words,
    menu: &Menu,
    item: &MenuItem,
    sent: &Fields,
    count: &impl Fn(String, String, String) -> Count,
) -> Dish {
    let name = w.text(&item.name);
    let counts = if item.variants.is_empty() {
        vec![count(size_field(item, ""), name.clone(), w.money(&item.price))]
    } else {
        let sizes = item.variants.iter().map(|it| {
            let label = format!("{name}, {}", w.text(&it.name));
            count(size_field(item, &it.variant_id), label, w.money(&it.price))
        });
        sizes.collect()
    };
    let diet = |name: &String| match name.as_str() {
        "vegan" => w.t("diet-vegan"),
        "vegetarian" => w.t("diet-vegetarian"),
        "gluten_free" => w.t("diet-gluten-free"),
        "halal" => w.t("diet-halal"),
        other => other.to_owned(),
    };
    let mut facts = Vec::new();
    if !item.allergens.is_empty() {
        facts.push(format!("{} {}", w.t("allergens"), names(w, &item.allergens)));
    }
    if !item.traces.is_empty() {
        facts.push(w.with("allergen-traces", "name", &names(w, &item.traces)));
    }
    facts.extend(Some(served(w, &item.day_parts)).filter(|it| !it.is_empty()));
    let chosen = gone::changes(menu, sent, item, "");
    let of_group = |group: &ModifierGroup| changes(w, item, group, &group_field(item, group), &chosen);
    let changes: Vec<Changes> = item.modifier_groups.iter().map(of_group).collect();
    Dish {
        sized: counts.len() > 1,
        counts,
        name,
        names: gone::names(w, item),
        hint: gone::changes_hint(w, sent, Some(item), &chosen),
        description: w.text(&item.description),
        picture: item.picture.as_ref().map(|it| it.path.clone()).unwrap_or_default(),
        picture_alt: item.picture.as_ref().map(|it| w.text(&it.alt)).unwrap_or_default(),
        diets: item.diets.iter().map(diet).collect::<Vec<_>>().join(", "),
        facts,
        none: none(w, item.unavailable()),
        few: match item.portions_left {
            Some(left) if item.low_stock && left > 0 => w.n("menu-few", left),
            _ => String::new(),
        },
        changed: !chosen.is_empty(),
        changes,
    }
}

/// What the page shows of the meal.
pub(super) fn form(
    w: &Frame,
    menu: &Menu,
    offers: &[PickupOffer],
    sent: &Fields,
    count: &impl Fn(String, String, String) -> Count,
    ask: bool,
) -> MealForm {
    let mut dishes: Vec<Dish> = menu.items.iter().map(|item| dish(w, menu, item, sent, count)).collect();
    dishes.sort_by_key(|dish| !dish.none.is_empty());
    let combos: Vec<ComboView> = menu.combos.iter().map(|it| combos::view(w, menu, it, sent, count)).collect();
    let avoided = sent.all("avoid");
    let avoid = (1..=14_u32).map(|number| Tick {
        id: format!("avoid{number}"),
        name: "avoid".to_owned(),
        value: number.to_string(),
        label: allergen(w, number),
        price: String::new(),
        chosen: avoided.contains(&number.to_string()),
    });
    let wanted = |count: &Count| count.wrong || is_some(count);
    let group = menu.group_lunch.as_ref().map(|group| trays::form(w, menu, group, sent));
    MealForm {
        open: ask
            || group.as_ref().is_some_and(|group| group.open)
            || dishes.iter().flat_map(|dish| &dish.counts).any(wanted)
            || combos.iter().flat_map(|combo| &combo.rows).any(|row| wanted(&row.count)),
        dishes,
        combos,
        pickups: pickups::sides(w, offers, sent),
        group,
        avoid: avoid.collect(),
        avoid_open: !avoided.is_empty(),
        ask,
    }
}

fn line(menu: &Menu, item: &MenuItem, variant: &str, quantity: u32, sent: &Fields) -> OrderLine {
    OrderLine {
        item_id: item.item_id.clone(),
        quantity,
        variant_id: variant.to_owned(),
        modifier_ids: gone::changes(menu, sent, item, ""),
        ..OrderLine::default()
    }
}

/// The lines that were chosen; `number` reads a field and notes what is wrong with it.
pub(super) fn lines(menu: &Menu, sent: &Fields, number: &mut impl FnMut(String) -> u32) -> Vec<OrderLine> {
    let mut lines = Vec::new();
    for item in &menu.items {
        if item.variants.is_empty() {
            lines.push(line(menu, item, "", number(size_field(item, "")), sent));
        }
        for variant in &item.variants {
            let quantity = number(size_field(item, &variant.variant_id));
            lines.push(line(menu, item, &variant.variant_id, quantity, sent));
        }
    }
    combos::add(&mut lines, menu, sent, number);
    lines.retain(|line| line.quantity > 0);
    lines
}

/// Whether something to eat was chosen in a form, whatever the menu has.
pub(super) fn is_wanted(sent: &Fields) -> bool {
    let is_chosen = |(name, value): (&str, &str)| match () {
        // What a combo is made of has a field too, and is no number.
        () if name.starts_with("combo_") => gone::is_number(value) && value != "0",
        () if name.starts_with("meal_") => !value.is_empty() && value != "0",
        () => trays::is_row(name) && !value.is_empty(),
    };
    sent.pairs().any(is_chosen)
}

/// What the party cannot eat.
pub(super) fn avoided(sent: &Fields) -> Vec<u32> {
    sent.all("avoid").iter().filter_map(|number| number.parse().ok()).filter(|it| (1..=14).contains(it)).collect()
}

/// What is in the chosen lines of what the party avoids, a sentence for each dish.
pub(super) fn conflicts(w: &Words, menu: &Menu, lines: &[OrderLine], avoid: &[u32]) -> Vec<FieldError> {
    let chosen = lines.iter().flat_map(|line| {
        let own = (line.item_id.as_str(), line.modifier_ids.as_slice());
        std::iter::once(own).chain(line.choices.iter().map(|it| (it.item_id.as_str(), it.modifier_ids.as_slice())))
    });
    let mut found: Vec<FieldError> = Vec::new();
    for (id, modifiers) in chosen {
        let Some(item) = menu.items.iter().find(|item| item.item_id == id) else { continue };
        let changes: Vec<_> = item
            .modifier_groups
            .iter()
            .flat_map(|it| &it.modifiers)
            .filter(|it| modifiers.contains(&it.modifier_id))
            .collect();
        let is_in = |number: &u32| {
            let added = changes.iter().any(|it| it.adds.contains(number) || it.adds_traces.contains(number));
            // What is taken out may still be there in traces.
            added || item.allergens.contains(number) || item.traces.contains(number)
        };
        let numbers: Vec<u32> = avoid.iter().copied().filter(is_in).collect();
        if !numbers.is_empty() {
            let text = format!("{}: {}", w.text(&item.name), w.with("menu-conflict", "names", &names(w, &numbers)));
            if !found.iter().any(|it| it.text == text) {
                found.push(FieldError { field: "avoid-ok".to_owned(), text });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{super::samples::menu, *};
    use crate::words::Language;

    fn read(pairs: &[(&str, &str)]) -> Vec<OrderLine> {
        let sent = Fields::of(pairs);
        lines(&menu(), &sent, &mut |name| sent.count(&name).unwrap_or(0))
    }

    #[test]
    fn sizes_changes_and_combos_become_lines_and_the_same_combo_twice_is_one() {
        let lines = read(&[
            ("meal_coffee_small", ""),
            ("meal_coffee_large", "2"),
            ("mod_coffee_milk", "oat"),
            ("meal_soup", "0"),
            ("combo_lunch_0", "1"),
            ("combo_lunch_0_dish", "soup/"),
            ("combo_lunch_1", "2"),
            ("combo_lunch_1_dish", "soup/"),
        ]);
        let told: Vec<_> = lines.iter().map(|it| (it.item_id.as_str(), it.variant_id.as_str(), it.quantity)).collect();
        assert_eq!(told, [("coffee", "large", 2), ("lunch", "", 3)]);
        assert_eq!(
            (lines[0].modifier_ids.as_slice(), lines[1].choices[0].item_id.as_str()),
            (["oat".to_owned()].as_slice(), "soup")
        );
        assert!(read(&[("mod_coffee_milk", "oat")]).is_empty(), "a change without a piece is none");
    }

    #[test]
    fn what_is_avoided_is_said_dish_by_dish_through_changes_and_combos() {
        let w = Words::speaking(Language::German);
        let lines = read(&[
            ("meal_coffee_large", "1"),
            ("mod_coffee_milk", "oat"),
            ("combo_lunch_0", "1"),
            ("combo_lunch_0_dish", "soup/"),
        ]);
        for (avoid, dishes) in [(vec![], 0), (vec![2], 0), (vec![1], 1), (vec![7], 1), (vec![9], 1), (vec![1, 7, 9], 2)]
        {
            assert_eq!(conflicts(&w, &menu(), &lines, &avoid).len(), dishes, "{avoid:?}");
        }
    }
}
