//! The menu in the words of schema.org, for search engines and the calendars and guides of others. Pure.

use serde_json::{Value, json};

use super::{Category, MenuItem};

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

/// The whole menu. What has no price on the day is not on it.
pub(crate) fn schema_org(items: &[MenuItem], language: Language) -> Value {
    let section = |category: Category, de: &str, en: &str| {
        let of_it = items.iter().filter(|item| item.category == category.name());
        json!({
            "@type": "MenuSection",
            "name": language.of(de, en),
            "hasMenuItem": of_it.filter_map(|item| dish(item, language)).collect::<Vec<_>>(),
        })
    };
    json!({
        "@context": "https://schema.org",
        "@type": "Menu",
        "name": "AstroGastro",
        "inLanguage": language.tag(),
        "hasMenuSection": [section(Category::Food, "Speisen", "Food"), section(Category::Drink, "Getränke", "Drinks")],
    })
}

fn dish(item: &MenuItem, language: Language) -> Option<Value> {
    let price = item.price.as_ref()?;
    let diets: Vec<&str> = item.diets.iter().filter_map(|diet| restricted_diet(diet)).collect();
    let property = |name: &str, numbers: &[u32]| {
        json!({
            "@type": "PropertyValue",
            "propertyID": "Regulation (EU) 1169/2011, Annex II",
            "name": name,
            "value": allergens(numbers, language),
        })
    };
    Some(json!({
        "@type": "MenuItem",
        "identifier": item.id,
        "name": language.of(&item.name.de, &item.name.en),
        "description": language.of(&item.description.de, &item.description.en),
        "suitableForDiet": diets,
        "additionalProperty": [
            property(language.of("enthält", "contains"), &item.allergens),
            property(language.of("kann Spuren enthalten", "may contain traces"), &item.traces),
        ],
        "offers": {
            "@type": "Offer",
            "price": format!("{}.{:02}", price.cents / 100, price.cents % 100),
            "priceCurrency": "EUR",
            "availability": if item.available { "https://schema.org/InStock" } else { "https://schema.org/OutOfStock" },
        },
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
    use crate::domain::Price;

    fn item() -> MenuItem {
        MenuItem {
            id: "soup".to_owned(),
            name: Text::new("Suppe", "Soup"),
            description: Text::new("des Tages", ""),
            category: "food".to_owned(),
            station: "warm".to_owned(),
            work_seconds: 60,
            allergens: vec![1, 9],
            traces: vec![14],
            diets: vec!["vegan".to_owned(), "halal".to_owned()],
            in_stock: true,
            available: true,
            price: Some(Price { id: "p".to_owned(), cents: 705, tax_id: "t".to_owned(), tax_basis_points: 700 }),
        }
    }

    #[test]
    fn a_dish_has_its_price_its_allergens_in_words_and_its_diets() {
        let menu = schema_org(&[item()], Language::English);
        let dish = &menu["hasMenuSection"][0]["hasMenuItem"][0];
        assert_eq!((&dish["name"], &dish["description"]), (&json!("Soup"), &json!("des Tages")), "no English");
        assert_eq!(dish["offers"]["price"], "7.05");
        let allergens = &dish["additionalProperty"];
        assert_eq!(allergens[0]["value"], json!(["1 cereals containing gluten", "9 celery"]));
        assert_eq!(allergens[1]["value"], json!(["14 molluscs"]));
        assert_eq!(dish["suitableForDiet"], json!(["https://schema.org/VeganDiet", "https://schema.org/HalalDiet"]));
        assert_eq!(menu["hasMenuSection"][1]["hasMenuItem"], json!([]));
    }

    #[test]
    fn what_is_sold_out_says_so_and_what_has_no_price_is_not_on_it() {
        let out = MenuItem { available: false, ..item() };
        let unpriced = MenuItem { price: None, ..item() };
        let menu = schema_org(&[out, unpriced], Language::German);
        let dishes = menu["hasMenuSection"][0]["hasMenuItem"].as_array().expect("dishes");
        assert_eq!(dishes.len(), 1);
        assert_eq!(dishes[0]["offers"]["availability"], "https://schema.org/OutOfStock");
        assert_eq!(dishes[0]["additionalProperty"][1]["value"], json!(["14 Weichtiere"]));
    }
}
