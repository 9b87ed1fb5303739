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
                say("menu-gone", id.split('_').next().unwrap_or(id));
            }
        } else if let Some((id, row)) = field.strip_prefix("combo_").and_then(|rest| rest.split_once('_')) {
            // What a combo is made of has a field too.
            let is_count = row.bytes().all(|digit| digit.is_ascii_digit());
            if is_count && is_wanted(value) && !menu.combos.iter().any(|combo| combo.combo_id == id) {
                say("menu-gone", id);
            }
        }
    }
    for item in &menu.items {
        let is_chosen = meal::size_fields(item).iter().any(|field| is_wanted(sent.get(field)));
        if is_chosen && has_lost_change(item, sent, &format!("mod_{}_", item.item_id)) {
            say("menu-change-gone", &item.item_id);
        }
    }
    for (combo, select, item) in combos::chosen(menu, sent) {
        if has_lost_change(item, sent, &format!("{select}_mod_{}_", item.item_id)) {
            say("menu-change-gone", &combo.combo_id);
        }
    }
    gone
}

/// Whether a change was chosen that its item does not have any more: it would be made without it.
fn has_lost_change(item: &MenuItem, sent: &Fields, prefix: &str) -> bool {
    let is_known = |group: &str, change: &str| {
        let mut groups = item.modifier_groups.iter().filter(|it| it.group_id == group);
        groups.any(|it| it.modifiers.iter().any(|it| it.modifier_id == change))
    };
    let mut chosen = sent.pairs().filter_map(|(field, change)| Some((field.strip_prefix(prefix)?, change)));
    chosen.any(|(group, change)| !change.is_empty() && !is_known(group, change))
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
}
