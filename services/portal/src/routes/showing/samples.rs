//! A small menu for the tests of the order form: a coffee in two sizes with another milk, a soup, a lunch, a
//! break with a coffee or a soup, trays.

use sky_proto::{
    gastro::v1::{
        Combo, ComboComponent, ComboOption, GroupLunch, Menu, MenuItem, MenuVariant, Modifier, ModifierGroup,
    },
    kernel::v1::LocalizedText,
};

fn name(de: &str) -> Option<LocalizedText> {
    Some(LocalizedText { de: de.to_owned(), ..LocalizedText::default() })
}

pub(super) fn menu() -> Menu {
    let milk = ModifierGroup {
        group_id: "milk".to_owned(),
        most: 1,
        modifiers: vec![Modifier {
            modifier_id: "oat".to_owned(),
            name: name("mit Hafermilch"),
            adds: vec![1],
            removes: vec![7],
            ..Modifier::default()
        }],
        ..ModifierGroup::default()
    };
    let size = |id: &str, de: &str| MenuVariant { variant_id: id.to_owned(), name: name(de), ..MenuVariant::default() };
    let item = |id: &str, de: &str| MenuItem {
        item_id: id.to_owned(),
        name: name(de),
        category: "food".to_owned(),
        available: true,
        ..MenuItem::default()
    };
    let coffee = MenuItem {
        allergens: vec![7],
        variants: vec![size("small", "klein"), size("large", "groß")],
        modifier_groups: vec![milk],
        ..item("coffee", "Kaffee")
    };
    let soup = MenuItem { traces: vec![9], ..item("soup", "Suppe") };
    let options = vec![ComboOption { item_id: "soup".to_owned(), available: true, ..ComboOption::default() }];
    let component = ComboComponent { component_id: "dish".to_owned(), options, ..ComboComponent::default() };
    let option = |item: &str, variant: &str| ComboOption {
        item_id: item.to_owned(),
        variant_id: variant.to_owned(),
        available: true,
        ..ComboOption::default()
    };
    let options = vec![option("coffee", "small"), option("coffee", "large"), option("soup", "")];
    let drink = ComboComponent { component_id: "drink".to_owned(), options, ..ComboComponent::default() };
    Menu {
        items: vec![coffee, soup],
        combos: vec![
            Combo { combo_id: "lunch".to_owned(), components: vec![component], ..Combo::default() },
            Combo { combo_id: "break".to_owned(), components: vec![drink], ..Combo::default() },
        ],
        group_lunch: Some(GroupLunch { most_trays: 3, most_pieces: 60, tray_labels: Vec::new() }),
    }
}
