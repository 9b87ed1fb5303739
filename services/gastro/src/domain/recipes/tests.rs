//! Of lines whose recipe or changes were corrected, and of who is asked.

use kernel::values::Text;

use super::*;
use crate::domain::{
    Category,
    menu::{MenuItem, Modifier, ModifierEntry, ModifierGroup, Recipe},
};

/// A menu with one dish, which can be had without something.
fn menu(revision: u32, allergens: &[u32], traces: &[u32], without: Option<&[u32]>) -> Menu {
    let change = |removes: &[u32]| Modifier {
        entry: ModifierEntry {
            id: "without".to_owned(),
            name: Text::new("ohne", "without"),
            adds: Vec::new(),
            adds_traces: Vec::new(),
            removes: removes.to_vec(),
            work_seconds: 0,
        },
        price: None,
    };
    let name = || Text::new("Suppe", "Soup");
    let group = ModifierGroup {
        id: "changes".to_owned(),
        name: name(),
        least: 0,
        most: 1,
        modifiers: without.map(change).into_iter().collect(),
    };
    let item = MenuItem {
        id: "soup".to_owned(),
        name: name(),
        description: Text::default(),
        category: Category::Food,
        station: "hot".to_owned(),
        station_open: true,
        work_seconds: 60,
        also_at: Vec::new(),
        price: None,
        variants: Vec::new(),
        groups: vec![group],
        recipe: Recipe {
            id: format!("soup/2000-01-01/{revision}"),
            allergens: allergens.to_vec(),
            traces: traces.to_vec(),
            diets: Vec::new(),
        },
        day_parts: Vec::new(),
        in_stock: true,
        left: None,
        low_at: 0,
        picture: None,
    };
    Menu { items: vec![item], combos: Vec::new() }
}

fn line(allergens: &[u32], traces: &[u32], modifiers: &[&str]) -> OrderedItem {
    OrderedItem {
        item: "soup".to_owned(),
        allergens: allergens.to_vec(),
        traces: traces.to_vec(),
        modifiers: modifiers.iter().map(|it| (*it).to_owned()).collect(),
        recipe: "soup/2000-01-01/1".to_owned(),
        ..OrderedItem::default()
    }
}

#[test]
fn a_line_has_what_its_recipe_and_its_changes_say_by_now() {
    let plain = line(&[1][..], &[7], &[]);
    assert_eq!(corrected(&plain, &menu(1, &[1], &[7], None)), None);
    assert_eq!(corrected(&plain, &Menu::default()), None, "it has left the menu");
    let now = corrected(&plain, &menu(2, &[1, 8], &[7], None)).expect("nuts");
    assert_eq!((now.allergens.as_slice(), now.traces.as_slice()), ([1, 8].as_slice(), [7].as_slice()));
    assert_eq!(now.recipe, plain.recipe, "what it was ordered with");
    let told = now.corrected.clone().expect("corrected");
    assert_eq!((told.recipe.as_str(), told.read_allergens.as_slice()), ("soup/2000-01-01/2", [1].as_slice()));
    assert_eq!(corrected(&now, &menu(2, &[1, 8], &[7], None)), None, "once");
    let back = corrected(&now, &menu(3, &[1], &[7], None)).expect("a mistake");
    assert_eq!((back.allergens.as_slice(), has_unread(&[8][..], std::slice::from_ref(&back))), ([1].as_slice(), false));

    let without = line(&[1][..], &[7], &["without"]);
    assert_eq!(corrected(&without, &menu(1, &[1, 7], &[], Some(&[7]))), None);
    let stays = corrected(&without, &menu(1, &[1, 7], &[], Some(&[]))).expect("it takes nothing out");
    assert_eq!(stays.allergens, [1, 7]);
    assert_eq!(corrected(&without, &menu(1, &[1, 7], &[], None)), None, "nothing new is known of it");
    let gone = corrected(&without, &menu(2, &[1, 7, 8], &[], None)).expect("nobody knows that it is taken out");
    assert_eq!((gone.allergens.as_slice(), gone.traces.len()), ([1, 7, 8].as_slice(), 0));
}

#[test]
fn who_is_asked_did_not_read_it_and_is_asked_once() {
    let then = |line: &OrderedItem, revision, allergens: &[u32], traces: &[u32]| {
        corrected(line, &menu(revision, allergens, traces, None)).expect("corrected")
    };
    let read = line(&[1][..], &[3], &[]);
    let eggs = then(&read, 2, &[1, 3], &[]);
    let nuts = then(&read, 2, &[1], &[3, 8]);
    let mustard = then(&nuts, 3, &[1, 10], &[3, 8]);
    let without = then(&nuts, 3, &[1], &[]);
    let one = |line: &OrderedItem| vec![line.clone()];
    for (avoid, was, is, asked) in [
        (&[3][..], &read, &eggs, true),
        (&[3][..], &read, &nuts, false),
        (&[8][..], &read, &nuts, true),
        (&[1][..], &read, &nuts, false),
        (&[][..], &read, &nuts, false),
        (&[8][..], &nuts, &mustard, false),
        (&[8][..], &without, &nuts, true),
        (&[3][..], &without, &nuts, false),
    ] {
        assert_eq!(asks(avoid, &one(was), &one(is)), asked, "{avoid:?} {was:?} {is:?}");
    }
    assert!(has_unread(&[8][..], &one(&mustard)) && !has_unread(&[8][..], &one(&without)));
}
