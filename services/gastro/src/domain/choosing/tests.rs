//! What comes of a choice: names, allergens, work and amounts; and what is no choice at all.

use super::*;
use crate::domain::{
    menu::{ComboEntry, Component, FlatPrice, ModifierEntry, ModifierGroup, Recipe, Variant},
    substituting::instead,
};

fn price(id: &str, cents: i64, drink: bool) -> Price {
    let (tax, rate) = if drink { ("drinks", 1900) } else { ("food", 700) };
    Price { id: id.to_owned(), cents, tax_id: tax.to_owned(), tax_basis_points: rate }
}

fn item(id: &str, category: Category, allergens: &[u32]) -> MenuItem {
    MenuItem {
        id: id.to_owned(),
        name: Text::new(id.to_uppercase(), id),
        description: Text::default(),
        category,
        station: "bar".to_owned(),
        station_open: true,
        work_seconds: 10,
        also_at: Vec::new(),
        price: Some(price(id, 300, category == Category::Drink)),
        variants: Vec::new(),
        groups: Vec::new(),
        recipe: Recipe { id: format!("{id}/2000-01-01/1"), allergens: allergens.to_vec(), ..Recipe::default() },
        day_parts: Vec::new(),
        in_stock: true,
        left: None,
        low_at: 5,
        picture: None,
    }
}

fn modifier(id: &str, adds: &[u32], removes: &[u32], cents: i64) -> Modifier {
    Modifier {
        entry: ModifierEntry {
            id: id.to_owned(),
            name: Text::new(format!("mit {id}"), format!("with {id}")),
            adds: adds.to_vec(),
            adds_traces: Vec::new(),
            removes: removes.to_vec(),
            work_seconds: 5,
        },
        price: (cents > 0).then(|| price(id, cents, true)),
    }
}

/// Coffee in two sizes with a choice of milks, soup, and a lunch of both.
fn menu() -> Menu {
    let kind = |id: &str, cents| Variant {
        id: id.to_owned(),
        name: Text::new(id, id),
        work_seconds: 30,
        price: Some(price(&format!("coffee-{id}"), cents, true)),
    };
    let milk = ModifierGroup {
        id: "milk".to_owned(),
        name: Text::default(),
        least: 0,
        most: 1,
        modifiers: vec![modifier("oat", &[1], &[7], 50), modifier("soy", &[6], &[7], 0)],
    };
    let bread = ModifierGroup {
        id: "bread".to_owned(),
        name: Text::default(),
        least: 1,
        most: 2,
        modifiers: vec![modifier("rye", &[1], &[], 0), modifier("spelt", &[1], &[], 0)],
    };
    let coffee = MenuItem {
        price: None,
        variants: vec![kind("small", 300), kind("large", 400)],
        groups: vec![milk],
        ..item("coffee", Category::Drink, &[7])
    };
    let component = |id: &str, options: &[(&str, &str)]| Component {
        id: id.to_owned(),
        name: Text::default(),
        options: options
            .iter()
            .map(|(item, variant)| ItemRef { item: (*item).to_owned(), variant: (*variant).to_owned() })
            .collect(),
    };
    let lunch = Combo {
        id: "lunch".to_owned(),
        entry: ComboEntry {
            name: Text::new("Menü", "Lunch"),
            description: Text::default(),
            components: vec![
                component("dish", &[("soup", "")]),
                component("drink", &[("coffee", "large"), ("coffee", "small")]),
            ],
            day_parts: Vec::new(),
        },
        price: Some(FlatPrice {
            id: "lunch".to_owned(),
            cents: 655,
            split_id: "s".to_owned(),
            drinks_basis_points: Some(3000),
        }),
        day_parts: Vec::new(),
    };
    let soup = MenuItem { groups: vec![bread], left: Some(4), ..item("soup", Category::Food, &[9]) };
    Menu { items: vec![coffee, soup], combos: vec![lunch] }
}

fn line(id: &str, quantity: u32, variant: &str, modifiers: &[&str]) -> LineWish {
    LineWish {
        item: id.to_owned(),
        quantity,
        variant: variant.to_owned(),
        modifiers: modifiers.iter().map(|id| (*id).to_owned()).collect(),
        ..LineWish::default()
    }
}

fn choice(component: &str, item: &str, variant: &str, modifiers: &[&str]) -> ChoiceWish {
    ChoiceWish {
        component: component.to_owned(),
        item: item.to_owned(),
        variant: variant.to_owned(),
        modifiers: modifiers.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn lunch(quantity: u32, choices: &[ChoiceWish]) -> LineWish {
    LineWish { choices: choices.to_vec(), ..line("lunch", quantity, "", &[]) }
}

fn amounts(chosen: &Chosen) -> Vec<(&str, u32, i64, &str)> {
    chosen.charges.iter().map(|it| (it.price_id.as_str(), it.quantity, it.cents, it.tax_id.as_str())).collect()
}

#[test]
fn a_variant_with_a_change_has_its_name_its_allergens_its_work_and_two_prices() {
    let chosen = menu().choose(&[line("coffee", 2, "large", &["oat"])]).expect("chosen");
    assert_eq!(amounts(&chosen), [("coffee-large", 2, 400, "drinks"), ("oat", 2, 50, "drinks")]);
    let made = &chosen.lines[0];
    assert_eq!((made.name.de.as_str(), made.name.en.as_str()), ("COFFEE, large, mit oat", "coffee, large, with oat"));
    assert_eq!((made.allergens.as_slice(), made.traces.as_slice()), ([1].as_slice(), [7].as_slice()));
    assert_eq!((made.work_seconds, made.recipe.as_str()), (70, "coffee/2000-01-01/1"));
    let first = menu().choose(&[line("coffee", 1, "", &[])]).expect("chosen");
    assert_eq!(amounts(&first), [("coffee-small", 1, 300, "drinks")], "without a variant it is the first one");
}

#[test]
fn a_combo_is_its_parts_to_the_kitchen_and_one_price_to_the_guest() {
    let wish = lunch(2, &[choice("drink", "coffee", "small", &["oat"]), choice("dish", "soup", "", &["rye"])]);
    let chosen = menu().choose(&[LineWish { tray: "3".to_owned(), ..wish }]).expect("chosen");
    let expected = [("lunch", 2, 458, "food"), ("lunch", 2, 197, "drinks"), ("oat", 2, 50, "drinks")];
    assert_eq!(amounts(&chosen), expected, "30 % of 6.55 are 1.965");
    assert_eq!(chosen.charges[1].label.de, "Menü, Getränke");
    let made: Vec<_> = chosen.lines.iter().map(|it| (it.item.as_str(), it.combo.as_str(), it.tray.as_str())).collect();
    assert_eq!(made, [("soup", "lunch", "3"), ("coffee", "lunch", "3")]);
    let shares: Vec<_> = chosen.shares.iter().map(|it| (it.mix.as_str(), it.cents)).collect();
    assert_eq!(shares, [("soup+coffee-small", 458), ("soup+coffee-small", 197)]);
    let other = instead(&item("stew", Category::Food, &[]), &chosen.lines[0], None).line;
    assert_eq!(other.combo, "lunch", "what takes the place of a part is a part: it has no price of its own either");
}

#[test]
fn what_does_not_go_with_the_menu_is_refused_by_its_field() {
    let soup = || choice("dish", "soup", "", &["rye"]);
    let coffee = || choice("drink", "coffee", "", &[]);
    let cases = [
        (line("moon", 1, "", &[]), "lines"),
        (line("coffee", 1, "huge", &[]), "variant_id"),
        (line("soup", 1, "large", &["rye"]), "variant_id"),
        (line("coffee", 1, "", &["oat", "soy"]), "modifier_ids"),
        (line("coffee", 1, "", &["oat", "oat"]), "modifier_ids"),
        (line("coffee", 1, "", &["rye"]), "modifier_ids"),
        (line("soup", 1, "", &[]), "modifier_ids"),
        (LineWish { choices: vec![coffee()], ..line("coffee", 1, "", &[]) }, "choices"),
        (LineWish { variant: "large".to_owned(), ..lunch(1, &[soup(), coffee()]) }, "choices"),
        (lunch(1, &[soup()]), "choices"),
        (lunch(1, &[soup(), coffee(), coffee()]), "choices"),
        (lunch(1, &[soup(), coffee(), choice("cake", "soup", "", &[])]), "choices"),
        (lunch(1, &[soup(), choice("drink", "soup", "", &["rye"])]), "choices"),
        (lunch(1, &[soup(), choice("drink", "coffee", "huge", &[])]), "choices"),
        (lunch(1, &[choice("dish", "soup", "", &[]), coffee()]), "modifier_ids"),
    ];
    for (wish, expected) in cases {
        match menu().choose(std::slice::from_ref(&wish)) {
            Err(Unfit::Wrong { field, .. }) => assert_eq!(field, expected, "{wish:?}"),
            other => panic!("{wish:?}: {other:?}"),
        }
    }
}

#[test]
fn what_is_left_is_left_for_the_whole_order() {
    let soup = |quantity| line("soup", quantity, "", &["rye"]);
    let lunch = lunch(2, &[choice("drink", "coffee", "", &[]), choice("dish", "soup", "", &["spelt"])]);
    assert!(menu().choose(&[soup(2), lunch.clone()]).is_ok());
    let few = menu().choose(&[soup(3), lunch]).expect_err("five of four");
    assert_eq!(few, Unfit::Few { id: "soup".to_owned(), left: 4 });
    let mut none = menu();
    none.items[1].left = Some(0);
    assert_eq!(none.choose(&[soup(1)]).expect_err("none"), Unfit::SoldOut { id: "soup".to_owned() });
    none.items[0].variants[1].price = None;
    let unpriced = none.choose(&[line("coffee", 1, "large", &[])]).expect_err("no price");
    assert_eq!(unpriced, Unfit::NoPrice { id: "coffee".to_owned() });
}
