//! The menu in the words of schema.org, for search engines and the calendars and guides of others. Pure.
//!
//! A dish is a `MenuItem` and a `Product` at once: a `MenuItem` alone has diets and additions but no property for allergens.

use chrono::NaiveTime;
use serde_json::{Value, json};

use super::{
    Category,
    menu::{Combo, DayPart, Menu, MenuItem, Modifier, ModifierGroup, Price},
};

/// Annex II of Regulation (EU) 1169/2011, in its order. Menus number these as they like; the Annex does not.
const ALLERGENS: [(&str, &str); 14] = [
    ("glutenhaltiges Getreide", "cereals containing gluten"),
    ("Krebstiere", "crustaceans"),
    ("Eier", "eggs"),
    ("Fisch", "fish"),
    ("Erdnüsse", "peanuts"),
    ("Soja", "soybeans"),
    ("Milch", "milk"),
    ("Schalenfrüchte", "nuts"),
    ("Sellerie", "celery"),
    ("Senf", "mustard"),
    ("Sesam", "sesame seeds"),
    ("Schwefeldioxid und Sulfite", "sulphur dioxide and sulphites"),
    ("Lupinen", "lupin"),
    ("Weichtiere", "molluscs"),
];

/// A language in which the menu is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    German,
    English,
}

impl Language {
    const fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// German where there is no English.
    fn of<'t>(self, de: &'t str, en: &'t str) -> &'t str {
        if self == Self::English && !en.is_empty() { en } else { de }
    }
}

/// The whole menu as it is at a time of the day, with pictures below `base`, "https://…". What has no price on the day is
/// not on it.
pub(crate) fn schema_org(menu: &Menu, at: NaiveTime, language: Language, base: &str) -> Value {
    let section = |name: &str, has: Vec<Value>| json!({ "@type": "MenuSection", "name": name, "hasMenuItem": has });
    let of = |category: Category| {
        let items = menu.items.iter().filter(|item| item.category == category);
        items.filter_map(|item| dish(item, at, language, base)).collect::<Vec<_>>()
    };
    let combos: Vec<Value> = menu.combos.iter().filter_map(|combo| flat(menu, combo, at, language)).collect();
    let mut sections = vec![
        section(language.of("Speisen", "Food"), of(Category::Food)),
        section(language.of("Getränke", "Drinks"), of(Category::Drink)),
    ];
    if !combos.is_empty() {
        sections.push(section(language.of("Menüs", "Combos"), combos));
    }
    json!({
        "@context": "https://schema.org",
        "@type": "Menu",
        "name": language.of("Speisekarte", "Menu"),
        "inLanguage": language.tag(),
        "hasMenuSection": sections,
    })
}

/// An offer; with the parts of the day in which it is made, if it is not made all day.
fn offer(cents: i64, name: Option<&str>, available: bool, parts: &[DayPart]) -> Value {
    let state = if available { "InStock" } else { "OutOfStock" };
    let mut offer = json!({
        "@type": "Offer",
        "price": format!("{}.{:02}", cents / 100, cents % 100),
        "priceCurrency": "EUR",
        "availability": format!("https://schema.org/{state}"),
    });
    if let Some(fields) = offer.as_object_mut() {
        if let Some(name) = name {
            fields.insert("name".to_owned(), name.into());
        }
        if !parts.is_empty() {
            // One after the other, the first end belonging to the first beginning.
            let times = |of: fn(&DayPart) -> NaiveTime| -> Value {
                let mut times: Vec<Value> =
                    parts.iter().map(|part| of(part).format("%H:%M:%S").to_string().into()).collect();
                if times.len() == 1 { times.remove(0) } else { times.into() }
            };
            fields.insert("availabilityStarts".to_owned(), times(|part| part.from));
            fields.insert("availabilityEnds".to_owned(), times(|part| part.until));
        }
    }
    offer
}

/// What may be changed about a dish, in its groups; what costs nothing has no offer.
fn add_ons(item: &MenuItem, available: bool, language: Language) -> Vec<Value> {
    let change = |it: &Modifier| {
        let name = language.of(&it.entry.name.de, &it.entry.name.en);
        let mut change = json!({ "@type": "MenuItem", "identifier": it.entry.id, "name": name });
        if let (Some(price), Some(fields)) = (&it.price, change.as_object_mut()) {
            fields.insert("offers".to_owned(), offer(price.cents, None, available, &[]));
        }
        change
    };
    let group = |group: &ModifierGroup| {
        json!({
            "@type": "MenuSection",
            "name": language.of(&group.name.de, &group.name.en),
            "hasMenuItem": group.modifiers.iter().map(change).collect::<Vec<_>>(),
        })
    };
    item.groups.iter().map(group).collect()
}

fn dish(item: &MenuItem, at: NaiveTime, language: Language, base: &str) -> Option<Value> {
    item.usual_price()?;
    let available = item.unavailable(at).is_none();
    let diets: Vec<&str> = item.recipe.diets.iter().filter_map(|diet| restricted_diet(diet)).collect();
    let property = |name: &str, numbers: &[u32]| {
        json!({
            "@type": "PropertyValue",
            "propertyID": "Regulation (EU) 1169/2011, Annex II",
            "name": name,
            "value": allergens(numbers, language),
        })
    };
    let of = |price: &Price, name| offer(price.cents, name, available, &item.day_parts);
    let offers = if item.variants.is_empty() {
        item.price.as_ref().map(|price| of(price, None))
    } else {
        let variants = item
            .variants
            .iter()
            .filter_map(|kind| Some(of(kind.price.as_ref()?, Some(language.of(&kind.name.de, &kind.name.en)))));
        Some(variants.collect())
    };
    let mut dish = json!({
        "@type": ["MenuItem", "Product"],
        "identifier": item.id,
        "name": language.of(&item.name.de, &item.name.en),
        "description": language.of(&item.description.de, &item.description.en),
        "suitableForDiet": diets,
        "additionalProperty": [
            property(language.of("enthält", "contains"), &item.recipe.allergens),
            property(language.of("kann Spuren enthalten", "may contain traces"), &item.recipe.traces),
        ],
        "offers": offers,
    });
    let fields = dish.as_object_mut()?;
    if !item.groups.is_empty() {
        fields.insert("menuAddOn".to_owned(), add_ons(item, available, language).into());
    }
    if let Some(picture) = &item.picture {
        let image = json!({
            "@type": "ImageObject",
            "contentUrl": format!("{base}{}", picture.path()),
            "description": language.of(&picture.alt.de, &picture.alt.en),
        });
        fields.insert("image".to_owned(), image);
    }
    Some(dish)
}

/// A combo says what may be chosen for each of its components.
fn flat(menu: &Menu, combo: &Combo, at: NaiveTime, language: Language) -> Option<Value> {
    let price = combo.price.as_ref()?;
    let components = combo.entry.components.iter().map(|component| {
        let options = component.options.iter().filter_map(|option| menu.option(option));
        let names: Vec<String> = options
            .map(|(item, kind)| match kind {
                Some(kind) => format!(
                    "{}, {}",
                    language.of(&item.name.de, &item.name.en),
                    language.of(&kind.name.de, &kind.name.en)
                ),
                None => language.of(&item.name.de, &item.name.en).to_owned(),
            })
            .collect();
        json!({
            "@type": "PropertyValue",
            "name": language.of(&component.name.de, &component.name.en),
            "value": names,
        })
    });
    Some(json!({
        "@type": ["MenuItem", "Product"],
        "identifier": combo.id,
        "name": language.of(&combo.entry.name.de, &combo.entry.name.en),
        "description": language.of(&combo.entry.description.de, &combo.entry.description.en),
        "additionalProperty": components.collect::<Vec<_>>(),
        "offers": offer(price.cents, None, menu.combo_unavailable(combo, at).is_none(), &combo.day_parts),
    }))
}

/// "1 cereals containing gluten"
fn allergens(numbers: &[u32], language: Language) -> Vec<String> {
    let named = |number: &u32| {
        let (de, en) = ALLERGENS.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
        Some(format!("{number} {}", language.of(de, en)))
    };
    numbers.iter().filter_map(named).collect()
}

fn restricted_diet(diet: &str) -> Option<&'static str> {
    match diet {
        "vegan" => Some("https://schema.org/VeganDiet"),
        "vegetarian" => Some("https://schema.org/VegetarianDiet"),
        "gluten_free" => Some("https://schema.org/GlutenFreeDiet"),
        "halal" => Some("https://schema.org/HalalDiet"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kernel::values::Text;

    use super::*;
    use crate::domain::menu::{ComboEntry, Component, FlatPrice, ItemRef, ModifierEntry, Picture, Recipe, Variant};

    fn price(cents: i64) -> Price {
        Price { id: "p".to_owned(), cents, tax_id: "t".to_owned(), tax_basis_points: 700 }
    }

    fn noon() -> NaiveTime {
        NaiveTime::from_hms_opt(12, 0, 0).expect("a time")
    }

    fn item() -> MenuItem {
        MenuItem {
            id: "soup".to_owned(),
            name: Text::new("Suppe", "Soup"),
            description: Text::new("des Tages", ""),
            category: Category::Food,
            station: "warm".to_owned(),
            station_open: true,
            work_seconds: 60,
            also_at: Vec::new(),
            price: Some(price(705)),
            variants: Vec::new(),
            groups: Vec::new(),
            recipe: Recipe {
                id: "soup/2000-01-01/1".to_owned(),
                allergens: vec![1, 9],
                traces: vec![14],
                diets: vec!["vegan".to_owned(), "halal".to_owned()],
            },
            day_parts: Vec::new(),
            in_stock: true,
            left: None,
            low_at: 5,
            picture: None,
        }
    }

    fn told(items: Vec<MenuItem>, combos: Vec<Combo>, language: Language) -> Value {
        schema_org(&Menu { items, combos }, noon(), language, "https://sky.example")
    }

    #[test]
    fn a_dish_has_its_price_its_allergens_in_words_and_its_diets() {
        let menu = told(vec![item()], Vec::new(), Language::English);
        let dish = &menu["hasMenuSection"][0]["hasMenuItem"][0];
        assert_eq!((&dish["name"], &dish["description"]), (&json!("Soup"), &json!("des Tages")), "no English");
        assert_eq!(dish["offers"]["price"], "7.05");
        let allergens = &dish["additionalProperty"];
        assert_eq!(allergens[0]["value"], json!(["1 cereals containing gluten", "9 celery"]));
        assert_eq!(allergens[1]["value"], json!(["14 molluscs"]));
        assert_eq!(dish["suitableForDiet"], json!(["https://schema.org/VeganDiet", "https://schema.org/HalalDiet"]));
        assert_eq!(menu["hasMenuSection"][1]["hasMenuItem"], json!([]));
        assert_eq!(menu["hasMenuSection"][2], Value::Null, "no combos, no section");
    }

    #[test]
    fn what_is_sold_out_says_so_and_what_has_no_price_is_not_on_it() {
        let out = MenuItem { left: Some(0), ..item() };
        let unpriced = MenuItem { price: None, ..item() };
        let menu = told(vec![out, unpriced], Vec::new(), Language::German);
        let dishes = menu["hasMenuSection"][0]["hasMenuItem"].as_array().expect("dishes");
        assert_eq!(dishes.len(), 1);
        assert_eq!(dishes[0]["offers"]["availability"], "https://schema.org/OutOfStock");
        assert_eq!(dishes[0]["additionalProperty"][1]["value"], json!(["14 Weichtiere"]));
    }

    #[test]
    fn variants_are_offers_and_a_combo_says_what_may_be_chosen_and_when() {
        let kind = |id: &str, de: &str, cents| Variant {
            id: id.to_owned(),
            name: Text::new(de, id),
            work_seconds: 30,
            price: Some(price(cents)),
        };
        let coffee = MenuItem {
            id: "coffee".to_owned(),
            variants: vec![kind("small", "klein", 250), kind("large", "groß", 350)],
            price: None,
            category: Category::Drink,
            ..item()
        };
        let evening = DayPart {
            id: "evening".to_owned(),
            name: Text::new("Abend", "Evening"),
            from: NaiveTime::from_hms_opt(17, 0, 0).expect("a time"),
            until: NaiveTime::from_hms_opt(21, 30, 0).expect("a time"),
        };
        let component = |id: &str, item: &str, variant: &str| Component {
            id: id.to_owned(),
            name: Text::new(id, id),
            options: vec![ItemRef { item: item.to_owned(), variant: variant.to_owned() }],
        };
        let combo = Combo {
            id: "supper".to_owned(),
            entry: ComboEntry {
                name: Text::new("Abendmenü", "Supper"),
                description: Text::default(),
                components: vec![component("dish", "soup", ""), component("drink", "coffee", "large")],
                day_parts: vec!["evening".to_owned()],
            },
            price: Some(FlatPrice {
                id: "f".to_owned(),
                cents: 990,
                split_id: "s".to_owned(),
                drinks_basis_points: None,
            }),
            day_parts: vec![evening],
        };
        let menu = told(vec![item(), coffee], vec![combo], Language::German);
        let offers = &menu["hasMenuSection"][1]["hasMenuItem"][0]["offers"];
        assert_eq!((&offers[0]["name"], &offers[1]["price"]), (&json!("klein"), &json!("3.50")));
        let supper = &menu["hasMenuSection"][2]["hasMenuItem"][0];
        assert_eq!(supper["additionalProperty"][1]["value"], json!(["Suppe, groß"]), "the coffee of this test");
        assert_eq!(supper["offers"]["availability"], "https://schema.org/OutOfStock", "it is noon");
        assert_eq!(supper["offers"]["availabilityStarts"], "17:00:00");
        assert_eq!(supper["offers"]["availabilityEnds"], "21:30:00");
    }

    #[test]
    fn changes_are_additions_and_pictures_have_whole_addresses() {
        let change = |id: &str, cents: Option<i64>| Modifier {
            entry: ModifierEntry {
                id: id.to_owned(),
                name: Text::new("mit Brot", "with bread"),
                adds: Vec::new(),
                adds_traces: Vec::new(),
                removes: Vec::new(),
                work_seconds: 0,
            },
            price: cents.map(price),
        };
        let soup = MenuItem {
            groups: vec![ModifierGroup {
                id: "side".to_owned(),
                name: Text::new("Dazu", "On the side"),
                least: 0,
                most: 1,
                modifiers: vec![change("bread", Some(120)), change("no-bread", None)],
            }],
            picture: Some(Picture { id: "ab12".to_owned(), alt: Text::new("Suppe", "Soup") }),
            ..item()
        };
        let menu = told(vec![soup], Vec::new(), Language::English);
        let dish = &menu["hasMenuSection"][0]["hasMenuItem"][0];
        assert_eq!(dish["@type"], json!(["MenuItem", "Product"]));
        let group = &dish["menuAddOn"][0];
        assert_eq!((&group["@type"], &group["name"]), (&json!("MenuSection"), &json!("On the side")));
        let bread = &group["hasMenuItem"][0];
        assert_eq!((&bread["@type"], &bread["name"]), (&json!("MenuItem"), &json!("with bread")));
        assert_eq!((&bread["offers"]["@type"], &bread["offers"]["price"]), (&json!("Offer"), &json!("1.20")));
        assert_eq!(group["hasMenuItem"][1].get("offers"), None, "free");
        assert_eq!(dish["image"]["contentUrl"], "https://sky.example/gastro/pictures/ab12");
        assert_eq!(
            told(vec![item()], Vec::new(), Language::English)["hasMenuSection"][0]["hasMenuItem"][0].get("menuAddOn"),
            None
        );
    }

    /// Every word of it is schema.org's own, on a type that has it.
    #[test]
    fn every_property_is_one_of_schema_orgs() {
        const KNOWN: [(&str, &[&str]); 7] = [
            ("Menu", &["name", "inLanguage", "hasMenuSection"]),
            ("MenuSection", &["name", "hasMenuItem"]),
            ("MenuItem", &["identifier", "name", "description", "suitableForDiet", "offers", "menuAddOn", "image"]),
            ("Product", &["identifier", "name", "description", "additionalProperty", "offers", "image"]),
            ("Offer", &["name", "price", "priceCurrency", "availability", "availabilityStarts", "availabilityEnds"]),
            ("PropertyValue", &["propertyID", "name", "value"]),
            ("ImageObject", &["contentUrl", "description"]),
        ];
        fn look(value: &Value, found: &mut u32) {
            match value {
                Value::Array(all) => all.iter().for_each(|it| look(it, found)),
                Value::Object(fields) => {
                    let types: Vec<&str> = match &fields["@type"] {
                        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                        one => one.as_str().into_iter().collect(),
                    };
                    for (name, inner) in fields.iter().filter(|(name, _)| !name.starts_with('@')) {
                        let known = |it: &(&str, &[&str])| types.contains(&it.0) && it.1.contains(&name.as_str());
                        assert!(KNOWN.iter().any(known), "{types:?} has no {name}");
                        *found += 1;
                        look(inner, found);
                    }
                }
                _ => {}
            }
        }
        let picture = Some(Picture { id: "ab12".to_owned(), alt: Text::new("Suppe", "Soup") });
        let menu = told(vec![MenuItem { picture, ..item() }], Vec::new(), Language::German);
        let mut found = 0;
        look(&menu, &mut found);
        assert!(found > 15, "{found} properties");
    }
}
