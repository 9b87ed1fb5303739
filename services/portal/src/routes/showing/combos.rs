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
fn item_of<'m>(menu: &'m Menu, option: &str) -> Option<&'m MenuItem> {
    let id = option.split('/').next().unwrap_or_default();
    menu.items.iter().find(|item| item.item_id == id)
}

fn field(select: &str, item: &MenuItem, group: &ModifierGroup) -> String {
    format!("{select}_mod_{}_{}", item.item_id, group.group_id)
}

/// The choice of a component: what was chosen, and the changes that were sent for it.
pub(super) fn select(
    w: &Words,
    menu: &Menu,
    component: &ComboComponent,
    name: String,
    chosen: &str,
    modifiers: &[String],
) -> Select {
    let is_there = component.options.iter().filter(|it| it.available);
    let options = is_there.clone().map(|it| {
        let value = format!("{}/{}", it.item_id, it.variant_id);
        (value.clone(), w.text(&it.name), value == chosen)
    });
    let chosen_item = chosen.split('/').next().unwrap_or_default();
    let mut items: Vec<&MenuItem> = Vec::new();
    for item in is_there.filter_map(|it| item_of(menu, &it.item_id)) {
        if !item.modifier_groups.is_empty() && !items.iter().any(|known| known.item_id == item.item_id) {
            items.push(item);
        }
    }
    let of_item = |item: &&MenuItem| {
        let is_chosen = item.item_id == chosen_item;
        let of_group = |group: &ModifierGroup| {
            let own = |id: &&String| is_chosen && group.modifiers.iter().any(|it| it.modifier_id == **id);
            let ticked: Vec<String> = modifiers.iter().filter(own).cloned().collect();
            changes(w, group, &field(&name, item, group), &ticked)
        };
        OptionChanges {
            name: w.text(&item.name),
            groups: item.modifier_groups.iter().map(of_group).collect(),
            open: is_chosen && (!modifiers.is_empty() || item.modifier_groups.iter().any(|group| group.least > 0)),
        }
    };
    let changes = items.iter().map(of_item).collect();
    Select { label: w.text(&component.name), options: options.collect(), changes, name }
}

/// The changes that were sent for what was chosen; those of the other options are none.
pub(super) fn modifiers(menu: &Menu, sent: &Fields, select: &str, chosen: &str) -> Vec<String> {
    let Some(item) = item_of(menu, chosen) else { return Vec::new() };
    let of_group = |group: &ModifierGroup| sent.all(&field(select, item, group));
    item.modifier_groups.iter().flat_map(of_group).filter(|id| !id.is_empty()).collect()
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
            let chosen = sent.get(&name).to_owned();
            let modifiers = modifiers(menu, sent, &name, &chosen);
            select(w, menu, component, name, &chosen, &modifiers)
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

/// Of each combo that was chosen: it, the field of each of its components, and the item that was chosen there.
pub(super) fn chosen<'m>(menu: &'m Menu, sent: &Fields) -> Vec<(&'m Combo, String, &'m MenuItem)> {
    let mut chosen = Vec::new();
    for (combo, row) in menu.combos.iter().flat_map(|combo| (0..ROWS).map(move |row| (combo, row))) {
        let field = row_field(combo, row);
        if sent.count(&field).is_none_or(|count| count == 0) {
            continue;
        }
        for component in &combo.components {
            let select = format!("{field}_{}", component.component_id);
            if let Some(item) = item_of(menu, sent.get(&select)) {
                chosen.push((combo, select, item));
            }
        }
    }
    chosen
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
            let modifiers: Vec<String> = modifiers.iter().map(|id| (*id).to_owned()).collect();
            let select = select(&w, &menu, &combo.components[0], "f".to_owned(), chosen, &modifiers);
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
}
