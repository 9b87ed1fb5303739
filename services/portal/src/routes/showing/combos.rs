//! Combos in the form: how many, what each component is, and what may be changed of it. Works without any script: the
//! changes of every option are there, and those of the chosen one count.

use sky_proto::gastro::v1::{Combo, ComboChoice, ComboComponent, Menu, MenuItem, ModifierGroup, OrderLine};

use super::{
    super::menu_words::{none, served},
    Count, gone,
    meal::{Changes, changes},
};
use crate::{fields::Fields, order_code, words::Words};

/// So many different choices of one combo fit into one order.
const ROWS: usize = 2;

pub(super) struct ComboView {
    pub(super) name: String,
    /// The field that sends the name along.
    pub(super) name_field: String,
    pub(super) description: String,
    pub(super) price: String,
    pub(super) served: String,
    pub(super) none: String,
    pub(super) rows: Vec<ComboRow>,
}

pub(super) struct ComboRow {
    pub(super) label: String,
    pub(super) count: Count,
    pub(super) selects: Vec<Select>,
}

/// The choice of one of a combo's components.
pub(super) struct Select {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) options: Vec<(String, String, bool)>,
    /// What was chosen is there no more: an empty option stands first.
    pub(super) asks: bool,
    /// What has left; empty: nothing.
    pub(super) hint: String,
    /// Of each item among the options that can be changed.
    pub(super) changes: Vec<OptionChanges>,
}

/// What may be changed of one of the options.
pub(super) struct OptionChanges {
    pub(super) name: String,
    pub(super) groups: Vec<Changes>,
    /// Something is chosen, or must be.
    pub(super) open: bool,
}

/// The item of an option as the form names it: "cappuccino/large".
pub(super) fn item_of<'m>(menu: &'m Menu, option: &str) -> Option<&'m MenuItem> {
    let id = option.split('/').next().unwrap_or_default();
    menu.items.iter().find(|item| item.item_id == id)
}

fn field(select: &str, item: &MenuItem, group: &ModifierGroup) -> String {
    format!("{select}_mod_{}_{}", item.item_id, group.group_id)
}

/// What was chosen of a component, and the changes that were chosen for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    pub(super) option: String,
    pub(super) changes: Vec<String>,
}

/// What a form has sent of a component; none: it was not asked yet.
pub(super) fn chosen(menu: &Menu, sent: &Fields, select: &str) -> Option<Chosen> {
    let was_asked = sent.pairs().any(|(field, _)| field == select);
    was_asked.then(|| {
        let option = sent.get(select).to_owned();
        Chosen { changes: modifiers(menu, sent, select, &option), option }
    })
}

/// The choice of a component, with what was chosen where it was asked.
pub(super) fn select(
    w: &Words,
    menu: &Menu,
    sent: &Fields,
    component: &ComboComponent,
    name: String,
    chosen: Option<Chosen>,
) -> Select {
    let is_there = component.options.iter().filter(|it| it.available);
    let asks = chosen.as_ref().is_some_and(|it| gone::option(component, &it.option).is_none_or(|it| !it.available));
    let Chosen { option: chosen, changes: chosen_changes } = chosen.unwrap_or_default();
    let options = is_there.clone().map(|it| {
        let value = format!("{}/{}", it.item_id, it.variant_id);
        (value.clone(), w.text(&it.name), value == chosen)
    });
    let hint = match asks {
        true if chosen.is_empty() => String::new(),
        true => gone::hint(w, menu, sent, &gone::code_of(&chosen)),
        false => gone::changes_hint(w, sent, item_of(menu, &chosen), &chosen_changes),
    };
    let chosen_item = chosen.split('/').next().unwrap_or_default();
    let mut items: Vec<&MenuItem> = Vec::new();
    for item in is_there.filter_map(|it| item_of(menu, &it.item_id)) {
        if !item.modifier_groups.is_empty() && !items.iter().any(|known| known.item_id == item.item_id) {
            items.push(item);
        }
    }
    let of_item = |item: &&MenuItem| {
        let is_chosen = item.item_id == chosen_item;
        let ticked: &[String] = if is_chosen { &chosen_changes } else { &[] };
        let of_group = |group: &ModifierGroup| changes(w, item, group, &field(&name, item, group), ticked);
        OptionChanges {
            name: w.text(&item.name),
            groups: item.modifier_groups.iter().map(of_group).collect(),
            open: is_chosen && (!ticked.is_empty() || item.modifier_groups.iter().any(|group| group.least > 0)),
        }
    };
    let changes = items.iter().map(of_item).collect();
    Select { label: w.text(&component.name), options: options.collect(), asks, hint, changes, name }
}

/// The changes that were sent for what was chosen; those of the other options are none.
pub(super) fn modifiers(menu: &Menu, sent: &Fields, select: &str, chosen: &str) -> Vec<String> {
    item_of(menu, chosen).map(|item| gone::changes(menu, sent, item, &format!("{select}_"))).unwrap_or_default()
}

/// What was chosen in a [`select`].
pub(super) fn choice(component: &ComboComponent, chosen: &str, modifier_ids: Vec<String>) -> ComboChoice {
    let (item, variant) = chosen.split_once('/').unwrap_or((chosen, ""));
    ComboChoice {
        component_id: component.component_id.clone(),
        item_id: item.to_owned(),
        variant_id: variant.to_owned(),
        modifier_ids,
    }
}

fn row_field(combo: &Combo, row: usize) -> String {
    format!("combo_{}_{row}", combo.combo_id)
}

pub(super) fn view(
    w: &Words,
    menu: &Menu,
    combo: &Combo,
    sent: &Fields,
    count: &impl Fn(String, String, String) -> Count,
) -> ComboView {
    let name = w.text(&combo.name);
    let row = |row: usize| {
        let field = row_field(combo, row);
        let selects = combo.components.iter().map(|component| {
            let name = format!("{field}_{}", component.component_id);
            // A browser sends the first option of what nobody has ordered, too.
            let is_wanted = sent.count(&field).is_none_or(|count| count > 0);
            let is_there = |it: &Chosen| gone::option(component, &it.option).is_some_and(|it| it.available);
            let chosen = chosen(menu, sent, &name).filter(|it| is_wanted || is_there(it));
            select(w, menu, sent, component, name, chosen)
        });
        let label = if row == 0 { name.clone() } else { w.with("menu-another", "name", &name) };
        ComboRow { label: label.clone(), count: count(field.clone(), label, String::new()), selects: selects.collect() }
    };
    ComboView {
        rows: (0..ROWS).map(row).collect(),
        description: w.text(&combo.description),
        price: w.money(&combo.price),
        served: served(w, &combo.day_parts),
        none: none(w, combo.unavailable()),
        name_field: gone::name_field(&combo.combo_id),
        name,
    }
}

/// The combos that were chosen, each with the field of its count.
pub(super) fn wanted<'m>(menu: &'m Menu, sent: &Fields) -> Vec<(&'m Combo, String)> {
    let rows = menu.combos.iter().flat_map(|combo| (0..ROWS).map(move |row| (combo, row_field(combo, row))));
    rows.filter(|(_, field)| sent.count(field).is_some_and(|count| count > 0)).collect()
}

/// Adds the combos that were chosen; `number` reads a field and notes what is wrong with it.
pub(super) fn add(lines: &mut Vec<OrderLine>, menu: &Menu, sent: &Fields, number: &mut impl FnMut(String) -> u32) {
    for combo in &menu.combos {
        for row in 0..ROWS {
            let field = row_field(combo, row);
            let chosen = |it: &ComboComponent| {
                let name = format!("{field}_{}", it.component_id);
                choice(it, sent.get(&name), modifiers(menu, sent, &name, sent.get(&name)))
            };
            let choices = combo.components.iter().map(chosen).collect();
            let item_id = combo.combo_id.clone();
            let quantity = number(field);
            order_code::add(lines, OrderLine { item_id, choices, quantity, ..OrderLine::default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::menu, *};

    #[test]
    fn what_is_changed_of_the_chosen_option_counts_and_no_other() {
        let menu = menu();
        let read = |pairs: &[(&str, &str)]| {
            let (mut lines, sent) = (Vec::new(), Fields::of(pairs));
            add(&mut lines, &menu, &sent, &mut |name| sent.count(&name).unwrap_or(0));
            lines.retain(|line| line.quantity > 0);
            lines.iter().map(order_code::write).collect::<Vec<_>>()
        };
        let one = ("combo_break_0", "1");
        let oat = ("combo_break_0_drink_mod_coffee_milk", "oat");
        let large = ("combo_break_0_drink", "coffee/large");
        assert_eq!(read(&[one, large, oat]), ["break!drink=coffee:large+oat"]);
        assert_eq!(read(&[one, large]), ["break!drink=coffee:large"]);
        assert_eq!(
            read(&[one, ("combo_break_0_drink", "soup/"), oat]),
            ["break!drink=soup"],
            "the coffee's is not meant"
        );
        assert_eq!(read(&[one, large, ("combo_break_1", "2"), ("combo_break_1_drink", "coffee/large")]).len(), 1);
        assert_eq!(read(&[one, large, oat, ("combo_break_1", "2"), ("combo_break_1_drink", "coffee/large")]).len(), 2);
    }

    #[test]
    fn the_form_comes_back_with_what_was_changed() {
        let (w, menu) = (Words::default(), menu());
        let combo = menu.combos.iter().find(|combo| combo.combo_id == "break").expect("a break");
        let ticked = |chosen: &str, modifiers: &[&str]| {
            let changes = modifiers.iter().map(|id| (*id).to_owned()).collect();
            let chosen = Some(Chosen { option: chosen.to_owned(), changes });
            let select = select(&w, &menu, &Fields::default(), &combo.components[0], "f".to_owned(), chosen);
            let of = &select.changes[0];
            assert_eq!(select.changes.len(), 1, "both sizes are one item, and the soup has no changes");
            (
                of.open,
                of.groups[0].ticks.iter().any(|it| it.value == "oat" && it.chosen),
                of.groups[0].ticks[0].name.clone(),
            )
        };
        let field = || "f_mod_coffee_milk".to_owned();
        assert_eq!(ticked("coffee/large", &["oat"]), (true, true, field()));
        assert_eq!(ticked("coffee/large", &[]), (false, false, field()));
        assert_eq!(ticked("soup/", &["oat"]), (false, false, field()));
    }

    #[test]
    fn what_has_left_the_menu_is_not_answered_with_another_dish() {
        let (w, mut menu) = (Words::default(), menu());
        let combo = menu.combos.iter_mut().find(|combo| combo.combo_id == "break").expect("a break");
        combo.components[0].options[1].available = false;
        let names = [("dish_coffee:huge", "Kaffee, riesig"), ("dish_coffee+soy", "mit Sojamilch")];
        let select = |pairs: &[(&str, &str)]| {
            let sent = Fields::of(&[&names[..], pairs].concat());
            let component = &menu.combos[1].components[0];
            select(&w, &menu, &sent, component, "f".to_owned(), chosen(&menu, &sent, "f"))
        };
        for (pairs, asks, hint) in [
            (&[][..], false, ""),
            (&[("f", "coffee/small")], false, ""),
            (&[("f", "coffee/huge")], true, "„Kaffee, riesig“ gibt es nicht mehr"),
            // Sold out meanwhile.
            (&[("f", "coffee/large")], true, "gibt es nicht mehr"),
            // Still not chosen.
            (&[("f", "")], true, ""),
            (&[("f", "coffee/small"), ("f_mod_coffee_milk", "soy")], false, "mit Sojamilch"),
        ] {
            let select = select(pairs);
            assert_eq!(select.asks, asks, "{pairs:?}");
            assert!(
                select.hint.contains(hint) && select.hint.is_empty() == hint.is_empty(),
                "{pairs:?}: {}",
                select.hint
            );
            assert!(!asks || select.options.iter().all(|it| !it.2), "{pairs:?}");
        }
        let lost = select(&[("f", "coffee/small"), ("f_mod_coffee_milk", "soy")]);
        assert!(lost.changes[0].open && lost.changes[0].groups[0].ticks.iter().all(|it| !it.chosen), "nothing instead");
    }
}
