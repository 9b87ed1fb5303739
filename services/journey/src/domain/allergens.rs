//! The 14 allergens of Annex II of Regulation (EU) 1169/2011, as guests are told of them. Numbers travel, names are read.

use kernel::values::Text;

/// German, English and plain German, in the Annex's order.
const NAMES: [[&str; 3]; 14] = [
    ["glutenhaltiges Getreide", "cereals containing gluten", "Getreide mit Gluten"],
    ["Krebstiere", "crustaceans", "Krebse und Garnelen"],
    ["Eier", "eggs", "Eier"],
    ["Fisch", "fish", "Fisch"],
    ["Erdnüsse", "peanuts", "Erdnüsse"],
    ["Soja", "soya", "Soja"],
    ["Milch", "milk", "Milch"],
    ["Schalenfrüchte", "nuts", "Nüsse"],
    ["Sellerie", "celery", "Sellerie"],
    ["Senf", "mustard", "Senf"],
    ["Sesam", "sesame", "Sesam"],
    ["Schwefeldioxid und Sulfite", "sulphur dioxide and sulphites", "Schwefel und Sulfite"],
    ["Lupinen", "lupin", "Lupinen"],
    ["Weichtiere", "molluscs", "Muscheln und Schnecken"],
];

/// Their names, one after the other. A number that the Annex does not have is told as it came: better that than silence.
pub(crate) fn names(numbers: &[u32]) -> Text {
    let place = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
    let name = |number: u32, language: usize| {
        let known = place(number).and_then(|place| NAMES.get(place)).and_then(|names| names.get(language));
        known.map_or_else(|| format!("Nr. {number}"), |name| (*name).to_owned())
    };
    let all = |language| numbers.iter().map(|number| name(*number, language)).collect::<Vec<_>>().join(", ");
    Text { de: all(0), en: all(1), plain: all(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_name_and_none_is_left_out() {
        let told = names(&[7, 8, 14]);
        assert_eq!(told.de, "Milch, Schalenfrüchte, Weichtiere");
        assert_eq!(told.en, "milk, nuts, molluscs");
        assert_eq!(told.plain, "Milch, Nüsse, Muscheln und Schnecken");
        assert_eq!(names(&[1]).de, "glutenhaltiges Getreide");
        assert_eq!(names(&[0, 15]).de, "Nr. 0, Nr. 15");
    }
}
