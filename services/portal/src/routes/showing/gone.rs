//! What was chosen in the form and is not on the menu any more: it has left between the showing of the form and its sending.
//! It is said by the name that stood in the form, which the form sends along, and never left out in silence; and the form
//! that comes back leaves that choice empty, with a hint, for what stands first in a list is not what was chosen.

use sky_proto::gastro::v1::{Combo, ComboComponent, ComboOption, Menu, MenuItem};

use super::{FieldError, combos, meal};
use crate::{fields::Fields, words::Words};

/// The field with the name of a dish or a combo, of a size of it ("coffee:large") or of a change ("coffee+oat"), as it stood
/// in the form.
pub(super) fn name_field(code: &str) -> String {
    format!("dish_{code}")
}

fn sized(item: &str, variant: &str) -> String {
    if variant.is_empty() { item.to_owned() } else { format!("{item}:{variant}") }
}

/// The fields with the names of a dish, of its sizes and of its changes, and those names.
pub(super) fn names(w: &Words, item: &MenuItem) -> Vec<(String, String)> {
    let (id, name) = (&item.item_id, w.text(&item.name));
    let sizes = item.variants.iter();
    let sizes = sizes.map(|it| (name_field(&sized(id, &it.variant_id)), format!("{name}, {}", w.text(&it.name))));
    let changes = item.modifier_groups.iter().flat_map(|group| &group.modifiers);
    let changes = changes.map(|it| (name_field(&format!("{id}+{}", it.modifier_id)), w.text(&it.name)));
    std::iter::once((name_field(id), name.clone())).chain(sizes).chain(changes).collect()
}

/// What a dish ("coffee"), a size of one ("coffee:large") or a combo was called in the form.
pub(super) fn name(menu: &Menu, sent: &Fields, w: &Words, code: &str) -> String {
    let (id, variant) = code.split_once(':').unwrap_or((code, ""));
    let item = menu.items.iter().find(|item| item.item_id == id);
    let size = item.and_then(|item| item.variants.iter().find(|it| it.variant_id == variant));
    let known = match (item, size) {
        (Some(item), Some(size)) => format!("{}, {}", w.text(&item.name), w.text(&size.name)),
        (Some(item), None) if variant.is_empty() => w.text(&item.name),
        (Some(_), None) => String::new(),
        (None, _) => menu.combos.iter().find(|it| it.combo_id == id).map(|it| w.text(&it.name)).unwrap_or_default(),
    };
    let of_dish = item.map(|item| w.text(&item.name)).unwrap_or_default();
    let sent = [sent.get(&name_field(code)), sent.get(&name_field(id))];
    let mut names = [known.as_str(), sent[0], of_dish.as_str(), sent[1]].into_iter();
    names.find(|name| !name.is_empty()).unwrap_or(id).to_owned()
}

/// Whether a dish of which the form says "coffee:large", or a combo, is on the menu.
pub(super) fn is_there(menu: &Menu, code: &str) -> bool {
    let (id, variant) = code.split_once(':').unwrap_or((code, ""));
    let has = |item: &MenuItem| match variant {
        "" => item.variants.is_empty(),
        variant => item.variants.iter().any(|it| it.variant_id == variant),
    };
    menu.items.iter().any(|item| item.item_id == id && has(item)) || menu.combos.iter().any(|it| it.combo_id == code)
}

fn is_wanted(count: &str) -> bool {
    !matches!(count.trim(), "" | "0")
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The dish in "apple_juice_large": the longest that stood in the form or is on the menu, for dishes and sizes may have a "_"
/// of their own.
fn dish<'f>(menu: &Menu, sent: &Fields, field: &'f str) -> &'f str {
    let is_known = |id: &&str| sent.is_on(&name_field(id)) || menu.items.iter().any(|item| item.item_id == *id);
    let mut shorter = std::iter::successors(Some(field), |id| id.rsplit_once('_').map(|(before, _)| before));
    shorter.find(is_known).unwrap_or(field)
}

/// The changes that were chosen of an item, also those that it does not have any more. `of` is what their fields begin with.
pub(super) fn changes(menu: &Menu, sent: &Fields, item: &MenuItem, of: &str) -> Vec<String> {
    let own = format!("{}_", item.item_id);
    let is_own = |rest: &str| {
        let group = rest.strip_prefix(&own).unwrap_or_default();
        let is_group = item.modifier_groups.iter().any(|it| it.group_id == group);
        // "mod_coffee_cold_milk" is the milk of "coffee_cold", where there is such a dish.
        is_group || !group.is_empty() && dish(menu, sent, rest) == item.item_id
    };
    let prefix = format!("{of}mod_");
    let chosen =
        sent.pairs().filter(|(field, change)| !change.is_empty() && field.strip_prefix(&prefix).is_some_and(is_own));
    chosen.map(|(_, change)| change.to_owned()).collect()
}

fn has_change(item: &MenuItem, id: &String) -> bool {
    item.modifier_groups.iter().flat_map(|it| &it.modifiers).any(|it| it.modifier_id == *id)
}

/// Whether a change was chosen that its item does not have any more: it would be made without it.
pub(super) fn has_lost_change(item: &MenuItem, chosen: &[String]) -> bool {
    !chosen.iter().all(|id| has_change(item, id))
}

/// Those of the chosen changes that an item does not have any more, by their names.
fn lost_changes(w: &Words, sent: &Fields, item: &MenuItem, chosen: &[String]) -> Vec<String> {
    let lost = chosen.iter().filter(|id| !has_change(item, id));
    let called = |id: &String| match sent.get(&name_field(&format!("{}+{id}", item.item_id))) {
        "" => format!("{}: {id}", w.text(&item.name)),
        name => format!("{}: {name}", w.text(&item.name)),
    };
    lost.map(called).collect()
}

/// What is to be read where a change was chosen that there is no more; empty: all are there.
pub(super) fn changes_hint(w: &Words, sent: &Fields, item: Option<&MenuItem>, chosen: &[String]) -> String {
    let lost = item.map(|item| lost_changes(w, sent, item, chosen)).unwrap_or_default();
    lost.first().map(|_| w.with("menu-left", "name", &lost.join(", "))).unwrap_or_default()
}

/// What is to be read where a dish was chosen that there is no more.
pub(super) fn hint(w: &Words, menu: &Menu, sent: &Fields, code: &str) -> String {
    w.with("menu-left", "name", &name(menu, sent, w, code))
}

/// What is wrong with the changes of an item that was chosen: one has left, or must still be chosen.
pub(super) fn wrong_change(w: &Words, sent: &Fields, item: &MenuItem, chosen: &[String]) -> Option<String> {
    let lost = lost_changes(w, sent, item, chosen);
    if !lost.is_empty() {
        return Some(w.with("menu-change-gone", "name", &lost.join(", ")));
    }
    let is_open = item.modifier_groups.iter().find(|group| {
        let count = group.modifiers.iter().filter(|it| chosen.contains(&it.modifier_id)).count();
        u32::try_from(count).unwrap_or(u32::MAX) < group.least
    });
    is_open.map(|group| w.with("menu-to-choose", "name", &format!("{}: {}", w.text(&item.name), w.text(&group.name))))
}

/// The option of a component as the form names it: "coffee/large".
pub(super) fn option<'m>(component: &'m ComboComponent, chosen: &str) -> Option<&'m ComboOption> {
    let (item, variant) = chosen.split_once('/').unwrap_or((chosen, ""));
    component.options.iter().find(|it| it.item_id == item && it.variant_id == variant)
}

/// The option "coffee/large" as an order names it: "coffee:large".
pub(super) fn code_of(option: &str) -> String {
    let (item, variant) = option.split_once('/').unwrap_or((option, ""));
    sized(item, variant)
}

/// What is wrong with what was chosen of a combo's component: it has left, or nothing was chosen, or so are its changes.
pub(super) fn wrong_choice(
    w: &Words,
    menu: &Menu,
    sent: &Fields,
    component: &ComboComponent,
    (chosen, changes): (&str, &[String]),
) -> Option<String> {
    if chosen.is_empty() {
        // Where nothing can be chosen the café says why.
        let has_any = component.options.iter().any(|it| it.available);
        return has_any.then(|| w.with("menu-to-choose", "name", &w.text(&component.name)));
    }
    if option(component, chosen).is_none() {
        return Some(w.with("menu-gone", "name", &name(menu, sent, w, &code_of(chosen))));
    }
    combos::item_of(menu, chosen).and_then(|item| wrong_change(w, sent, item, changes))
}

/// What was chosen of a combo that this combo has no more: as the form names it, "cookie/".
pub(super) fn lost_parts<'f>(combo: &Combo, sent: &'f Fields, of: &str) -> Vec<&'f str> {
    let is_lost = |field: &str, value: &str| {
        let part = field.strip_prefix(of).filter(|_| value.contains('/'));
        part.is_some_and(|part| !combo.components.iter().any(|it| it.component_id == part))
    };
    sent.pairs().filter(|(field, value)| is_lost(field, value)).map(|(_, value)| value).collect()
}

/// What is gone of dishes, their sizes and changes, and of combos and what they are made of, a sentence for each.
pub(super) fn gone(w: &Words, menu: &Menu, sent: &Fields) -> Vec<FieldError> {
    let mut gone: Vec<FieldError> = Vec::new();
    let mut say = |field: &str, text: String| {
        if !gone.iter().any(|it| it.text == text) {
            gone.push(FieldError { field: field.to_owned(), text });
        }
    };
    let sentence = |code: &str| w.with("menu-gone", "name", &name(menu, sent, w, code));
    let sizes: Vec<String> = menu.items.iter().flat_map(meal::size_fields).collect();
    for (field, value) in sent.pairs() {
        if let Some(code) = field.strip_prefix("meal_") {
            if is_wanted(value) && !sizes.iter().any(|known| known == field) {
                let id = dish(menu, sent, code);
                let variant = code.strip_prefix(id).and_then(|rest| rest.strip_prefix('_')).unwrap_or_default();
                say("meal", sentence(&sized(id, variant)));
            }
        } else if let Some((id, row)) = field.strip_prefix("combo_").and_then(|rest| rest.rsplit_once('_')) {
            // What a combo is made of has a field too.
            let is_count = is_number(row) && is_number(value.trim());
            if is_count && is_wanted(value) && !menu.combos.iter().any(|combo| combo.combo_id == id) {
                say("meal", sentence(id));
            }
        }
    }
    for item in &menu.items {
        if meal::size_fields(item).iter().any(|field| is_wanted(sent.get(field))) {
            wrong_change(w, sent, item, &changes(menu, sent, item, "")).into_iter().for_each(|text| say("meal", text));
        }
    }
    for (combo, row) in combos::wanted(menu, sent) {
        for component in &combo.components {
            let select = format!("{row}_{}", component.component_id);
            let chosen = sent.get(&select);
            let changes = combos::modifiers(menu, sent, &select, chosen);
            let wrong = wrong_choice(w, menu, sent, component, (chosen, &changes));
            wrong.into_iter().for_each(|text| say(&select, text));
        }
        for lost in lost_parts(combo, sent, &format!("{row}_")) {
            say(&row, sentence(&code_of(lost)));
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::{super::samples::menu, *};

    #[test]
    fn what_has_left_the_menu_is_said_by_its_name_and_what_is_there_is_not() {
        let w = Words::default();
        let mut menu = menu();
        let part = ComboComponent { component_id: "1".to_owned(), ..menu.combos[0].components[0].clone() };
        menu.combos.push(Combo { combo_id: "family".to_owned(), components: vec![part], ..Combo::default() });
        let said = |pairs: &[(&str, &str)]| -> Vec<String> {
            gone(&w, &menu, &Fields::of(pairs)).into_iter().map(|it| it.text).collect()
        };
        for there in [
            vec![],
            vec![("meal_soup", "1"), ("meal_coffee_large", "2"), ("mod_coffee_milk", "oat"), ("mod_coffee_milk", "")],
            vec![("combo_lunch_0", "1"), ("combo_lunch_0_dish", "soup/"), ("combo_lunch_1", "")],
            // Nothing of it was wanted.
            vec![("meal_cake", "0"), ("dish_cake", "Kuchen"), ("combo_brunch_0", ""), ("combo_brunch_0_dish", "1/")],
            vec![("mod_coffee_syrup", "vanilla")],
            // What it is made of may be called as its rows are.
            vec![("combo_family_0", "1"), ("combo_family_0_1", "soup/")],
            vec![("combo_family_lunch_0", "0"), ("combo_family_lunch_0_dish", "soup/")],
        ] {
            assert!(said(&there).is_empty(), "{there:?}");
        }
        for (left, name) in [
            (vec![("meal_cake", "1"), ("dish_cake", "Kuchen")], "Kuchen"),
            (vec![("meal_cake", "1")], "cake"),
            (vec![("meal_coffee_huge", "1"), ("dish_coffee", "Kaffee")], "Kaffee"),
            (
                vec![("meal_coffee_huge", "1"), ("dish_coffee", "Kaffee"), ("dish_coffee:huge", "Kaffee, riesig")],
                "„Kaffee, riesig“",
            ),
            // It has sizes since.
            (vec![("meal_coffee", "1"), ("dish_coffee", "Kaffee")], "Kaffee"),
            (vec![("combo_brunch_0", "2"), ("dish_brunch", "Brunch")], "Brunch"),
            (vec![("combo_family_lunch_0", "1"), ("dish_family_lunch", "Familienessen")], "Familienessen"),
            (vec![("combo_family_lunch_1", "1"), ("combo_family_lunch_1_dish", "soup/")], "family_lunch"),
            (vec![("meal_apple_juice", "1"), ("dish_apple_juice", "Apfelsaft"), ("dish_apple", "Apfel")], "Apfelsaft"),
            (vec![("meal_apple_juice_large", "1"), ("dish_apple_juice", "Apfelsaft")], "Apfelsaft"),
            (vec![("meal_apple_juice", "1")], "apple_juice"),
            (vec![("meal_coffee_large", "1"), ("mod_coffee_syrup", "vanilla"), ("dish_coffee", "Kaffee")], "Kaffee"),
            (vec![("meal_coffee_large", "1"), ("mod_coffee_milk", "soy"), ("dish_coffee", "Kaffee")], "Kaffee"),
            (
                vec![
                    ("combo_break_0", "1"),
                    ("combo_break_0_drink", "coffee/large"),
                    ("combo_break_0_drink_mod_coffee_syrup", "vanilla"),
                    ("dish_coffee+vanilla", "mit Vanille"),
                ],
                "mit Vanille",
            ),
            // A dish, a size and a part of a combo, and one that was left empty.
            (
                vec![("combo_lunch_0", "1"), ("combo_lunch_0_dish", "pasta/"), ("dish_pasta", "Nudeln")],
                "„Nudeln“ steht nicht mehr",
            ),
            (
                vec![
                    ("combo_break_1", "1"),
                    ("combo_break_1_drink", "coffee/huge"),
                    ("dish_coffee:huge", "Kaffee, riesig"),
                ],
                "„Kaffee, riesig“ steht nicht mehr",
            ),
            (
                vec![
                    ("combo_lunch_0", "1"),
                    ("combo_lunch_0_dish", "soup/"),
                    ("combo_lunch_0_sweet", "cookie/"),
                    ("dish_cookie", "Keks"),
                ],
                "„Keks“ steht nicht mehr",
            ),
            (vec![("combo_lunch_0", "1"), ("combo_lunch_0_dish", "")], "Bitte auswählen"),
        ] {
            let said = said(&left);
            assert!(said.len() == 1 && said[0].contains(name), "{left:?} {said:?}");
        }
    }

    #[test]
    fn a_change_of_a_dish_whose_name_begins_as_another_dishs_is_its_own() {
        let mut menu = menu();
        let cold = MenuItem { item_id: "coffee_cold".to_owned(), ..menu.items[0].clone() };
        menu.items.push(cold);
        let both = [
            ("meal_coffee_large", "1"),
            ("meal_coffee_cold_large", "1"),
            ("mod_coffee_milk", "oat"),
            ("mod_coffee_cold_milk", "oat"),
        ];
        let said = |sent: &[(&str, &str)]| gone(&Words::default(), &menu, &Fields::of(sent)).len();
        assert_eq!(said(&both), 0);
        let lost: Vec<_> = both.into_iter().chain([("mod_coffee_cold_syrup", "vanilla")]).collect();
        assert_eq!(said(&lost), 1, "of the one that has lost it");
    }
}
