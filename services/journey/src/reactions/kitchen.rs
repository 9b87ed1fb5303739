//! What the kitchen tells of a meal that does not come as ordered, in the visitor's words.

use kernel::{Event, Failure, values::Text};
use prost::Name;
use sky_proto::gastro::v1::{OrderAffected, OrderSettled, OrderSubstituted};

use crate::{domain::allergens::names, projection::News};

/// The visit and its news; none: an event that says nothing to it.
pub(super) fn news(event: &Event) -> Result<Option<(String, News)>, Failure> {
    Ok(Some(match event.name() {
        OrderAffected::NAME => {
            let told = event.decode::<OrderAffected>()?;
            (told.visit_id, News::KitchenAsks { question: told.question_id })
        }
        OrderSettled::NAME => {
            let told = event.decode::<OrderSettled>()?;
            (told.visit_id, News::KitchenSays { question: told.question_id, text: Text::from_proto(told.reason) })
        }
        OrderSubstituted::NAME => {
            let told = event.decode::<OrderSubstituted>()?;
            let (replaced, name) = (Text::from_proto(told.replaced), Text::from_proto(told.name));
            let text = instead(&replaced, &name, &told.added_allergens);
            let line = told.line.map(|nth| usize::try_from(nth).unwrap_or(usize::MAX));
            let (item_id, quantity, allergens) = (told.item_id, told.quantity, told.allergens);
            (told.visit_id, News::Substituted { line, quantity, replaced, item_id, name, allergens, text })
        }
        _ => return Ok(None),
    }))
}

/// Never silent: what comes instead, and what is new in it.
fn instead(replaced: &Text, name: &Text, added: &[u32]) -> Text {
    let english = |text: &Text| if text.en.is_empty() { text.de.clone() } else { text.en.clone() };
    let mut text = Text {
        de: format!("Statt {} bekommen Sie {}.", replaced.de, name.de),
        en: format!("Instead of {} you get {}.", english(replaced), english(name)),
        plain: format!("Sie bekommen ein anderes Essen: {}.", name.de),
    };
    if !added.is_empty() {
        let names = names(added);
        text.de.push_str(&format!(" Neu darin, auch in Spuren: {}.", names.de));
        text.en.push_str(&format!(" New in it, traces too: {}.", names.en));
        text.plain.push_str(&format!(" Darin sind andere Allergene: {}.", names.plain));
    }
    text
}
