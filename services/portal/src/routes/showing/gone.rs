//! What was chosen in the form and is not on the menu any more: it has left between the showing of the form and its sending.
//! It is said by the name that stood in the form, which the form sends along, and never left out in silence.

use sky_proto::gastro::v1::{Menu, MenuItem};

use super::{FieldError, combos, meal};
use crate::{fields::Fields, words::Words};

/// The field with the name of a dish or a combo, as it stood in the form.
pub(super) fn name_field(id: &str) -> String {
    format!("dish_{id}")
}

/// What a dish was called in the form.
pub(super) fn name(menu: &Menu, sent: &Fields, w: &Words, id: &str) -> String {
    let known = menu.items.iter().find(|item| item.item_id == id).map(|item| w.text(&item.name));
    let combo = || menu.combos.iter().find(|combo| combo.combo_id == id).map(|combo| w.text(&combo.name));
    let sent = Some(sent.get(&name_field(id))).filter(|name| !name.is_empty()).unwrap_or(id);
    known.or_else(combo).filter(|name| !name.is_empty()).unwrap_or_else(|| sent.to_owned())
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

/// What is gone of dishes, their sizes and changes, and of combos, a sentence for each.
pub(super) fn gone(w: &Words, menu: &Menu, sent: &Fields) -> Vec<FieldError> {
    let mut gone: Vec<FieldError> = Vec::new();
    let mut say = |key: &str, id: &str| {
        let text = w.with(key, "name", &name(menu, sent, w, id));
        if !gone.iter().any(|it| it.text == text) {
            gone.push(FieldError { field: "meal".to_owned(), text });
        }
    };
    let sizes: Vec<String> = menu.items.iter().flat_map(meal::size_fields).collect();
    for (field, value) in sent.pairs() {
        if let Some(id) = field.strip_prefix("meal_") {
            if is_wanted(value) && !sizes.iter().any(|known| known == field) {
                say("menu-gone", dish(menu, sent, id));
            }
        } else if let Some((id, row)) = field.strip_prefix("combo_").and_then(|rest| rest.rsplit_once('_')) {
            // What a combo is made of has a field too.
            let is_count = is_number(row) && is_number(value.trim());
            if is_count && is_wanted(value) && !menu.combos.iter().any(|combo| combo.combo_id == id) {
                say("menu-gone", id);
            }
        }
    }
    for item in &menu.items {
        let is_chosen = meal::size_fields(item).iter().any(|field| is_wanted(sent.get(field)));
        if is_chosen && has_lost_change(menu, item, sent, "") {
            say("menu-change-gone", &item.item_id);
        }
    }
    for (combo, select, item) in combos::chosen(menu, sent) {
        if has_lost_change(menu, item, sent, &format!("{select}_")) {
            say("menu-change-gone", &combo.combo_id);
        }
    }
    gone
}

/// Whether a change was chosen that its item does not have any more: it would be made without it. `of` is what the fields of
/// the changes begin with.
fn has_lost_change(menu: &Menu, item: &MenuItem, sent: &Fields, of: &str) -> bool {
    let prefix = |item: &MenuItem| format!("{of}mod_{}_", item.item_id);
    let is_known = |group: &str, change: &str| {
        let mut groups = item.modifier_groups.iter().filter(|it| it.group_id == group);
        groups.any(|it| it.modifiers.iter().any(|it| it.modifier_id == change))
    };
    // "mod_coffee_cold_milk" is the milk of "coffee_cold", where there is such a dish.
    let is_longer = |it: &&MenuItem| it.item_id.len() > item.item_id.len();
    let is_of_another = |field: &str| menu.items.iter().filter(is_longer).any(|it| field.starts_with(&prefix(it)));
    let own = prefix(item);
    let mut chosen = sent.pairs().filter_map(|(field, change)| Some((field, field.strip_prefix(&own)?, change)));
    chosen.any(|(field, group, change)| !change.is_empty() && !is_known(group, change) && !is_of_another(field))
}

#[cfg(test)]
mod tests {
    use super::{super::samples::menu, *};

    #[test]
    fn what_has_left_the_menu_is_said_by_its_name_and_what_is_there_is_not() {
        let w = Words::default();
        let said = |pairs: &[(&str, &str)]| -> Vec<String> {
            gone(&w, &menu(), &Fields::of(pairs)).into_iter().map(|it| it.text).collect()
        };
        for there in [
            vec![],
            vec![("meal_soup", "1"), ("meal_coffee_large", "2"), ("mod_coffee_milk", "oat"), ("mod_coffee_milk", "")],
            vec![("combo_lunch_0", "1"), ("combo_lunch_0_dish", "soup/"), ("combo_lunch_1", "")],
            // Nothing of it was wanted.
            vec![("meal_cake", "0"), ("dish_cake", "Kuchen"), ("combo_brunch_0", ""), ("combo_brunch_0_dish", "1/")],
            vec![("mod_coffee_syrup", "vanilla")],
            // What it is made of may be called as its rows are.
            vec![("combo_lunch_0", "1"), ("combo_lunch_0_1", "soup/")],
            vec![("combo_family_lunch_0", "0"), ("combo_family_lunch_0_dish", "soup/")],
        ] {
            assert!(said(&there).is_empty(), "{there:?}");
        }
        for (left, name) in [
            (vec![("meal_cake", "1"), ("dish_cake", "Kuchen")], "Kuchen"),
            (vec![("meal_cake", "1")], "cake"),
            (vec![("meal_coffee_huge", "1"), ("dish_coffee", "Kaffee")], "Kaffee"),
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
                    ("dish_break", "Pause"),
                ],
                "Pause",
            ),
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
