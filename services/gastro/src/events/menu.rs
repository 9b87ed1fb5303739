//! The menu and refused orders in the words of the contract. Decides nothing.

use chrono::NaiveTime;
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, euro};
use sky_proto::gastro::v1 as pb;

use crate::{
    domain::choosing::joined,
    domain::hours::OpenOn,
    domain::menu::{Combo, DayPart, ItemRef, Menu, MenuItem, Modifier, ModifierGroup, Unavailable, Variant},
    domain::rules::Rules,
    error::Error,
};

fn unavailable(why: Option<Unavailable>) -> pb::Unavailable {
    match why {
        None => pb::Unavailable::Unspecified,
        Some(Unavailable::SoldOut) => pb::Unavailable::SoldOut,
        Some(Unavailable::StationRests) => pb::Unavailable::Station,
        Some(Unavailable::OtherDayPart) => pb::Unavailable::DayPart,
    }
}

fn day_part(part: &DayPart) -> pb::DayPart {
    let time = |at: NaiveTime| at.format("%H:%M").to_string();
    pb::DayPart {
        day_part_id: part.id.clone(),
        name: Some(part.name.to_proto()),
        from: time(part.from),
        until: time(part.until),
    }
}

/// None without a price on that day.
fn variant(variant: &Variant) -> Option<pb::MenuVariant> {
    let price = variant.price.as_ref()?;
    Some(pb::MenuVariant {
        variant_id: variant.id.clone(),
        name: Some(variant.name.to_proto()),
        price: Some(euro(price.cents)),
        price_id: price.id.clone(),
        tax_id: price.tax_id.clone(),
        tax_basis_points: price.tax_basis_points,
    })
}

fn modifier(modifier: &Modifier) -> pb::Modifier {
    let (entry, price) = (&modifier.entry, modifier.price.as_ref());
    pb::Modifier {
        modifier_id: entry.id.clone(),
        name: Some(entry.name.to_proto()),
        price: price.map(|price| euro(price.cents)),
        price_id: price.map(|price| price.id.clone()).unwrap_or_default(),
        tax_id: price.map(|price| price.tax_id.clone()).unwrap_or_default(),
        tax_basis_points: price.map(|price| price.tax_basis_points).unwrap_or_default(),
        adds: entry.adds.clone(),
        adds_traces: entry.adds_traces.clone(),
        removes: entry.removes.clone(),
    }
}

fn group(group: &ModifierGroup) -> pb::ModifierGroup {
    pb::ModifierGroup {
        group_id: group.id.clone(),
        name: Some(group.name.to_proto()),
        least: group.least,
        most: group.most,
        modifiers: group.modifiers.iter().map(modifier).collect(),
    }
}

/// None without a price: what has none is not on the menu.
pub(crate) fn item(item: &MenuItem, at: NaiveTime) -> Option<pb::MenuItem> {
    let price = item.usual_price()?;
    let why = item.unavailable(at);
    Some(pb::MenuItem {
        item_id: item.id.clone(),
        name: Some(item.name.to_proto()),
        description: Some(item.description.to_proto()),
        price: Some(euro(price.cents)),
        price_id: price.id.clone(),
        tax_id: price.tax_id.clone(),
        tax_basis_points: price.tax_basis_points,
        allergens: item.recipe.allergens.clone(),
        traces: item.recipe.traces.clone(),
        diets: item.recipe.diets.clone(),
        station: item.station.clone(),
        available: why.is_none(),
        category: item.category.name().to_owned(),
        variants: item.variants.iter().filter_map(variant).collect(),
        modifier_groups: item.groups.iter().map(group).collect(),
        day_parts: item.day_parts.iter().map(day_part).collect(),
        recipe_id: item.recipe.id.clone(),
        unavailable: unavailable(why).into(),
        portions_left: item.left,
        low_stock: item.is_low(),
        picture: item.picture.as_ref().map(|it| pb::Picture { path: it.path(), alt: Some(it.alt.to_proto()) }),
    })
}

fn option(menu: &Menu, option: &ItemRef, at: NaiveTime) -> Option<pb::ComboOption> {
    let (item, kind) = menu.option(option)?;
    let name = kind.map_or_else(|| item.name.clone(), |kind| joined(&item.name, &kind.name));
    Some(pb::ComboOption {
        item_id: option.item.clone(),
        variant_id: option.variant.clone(),
        name: Some(name.to_proto()),
        available: item.unavailable(at).is_none(),
    })
}

/// None without a price on that day.
fn combo(menu: &Menu, combo: &Combo, at: NaiveTime) -> Option<pb::Combo> {
    let price = combo.price.as_ref()?;
    let why = menu.combo_unavailable(combo, at);
    let components = combo.entry.components.iter().map(|it| pb::ComboComponent {
        component_id: it.id.clone(),
        name: Some(it.name.to_proto()),
        options: it.options.iter().filter_map(|it| option(menu, it, at)).collect(),
    });
    Some(pb::Combo {
        combo_id: combo.id.clone(),
        name: Some(combo.entry.name.to_proto()),
        description: Some(combo.entry.description.to_proto()),
        price: Some(euro(price.cents)),
        price_id: price.id.clone(),
        split_id: price.split_id.clone(),
        components: components.collect(),
        available: why.is_none(),
        unavailable: unavailable(why).into(),
        day_parts: combo.day_parts.iter().map(day_part).collect(),
    })
}

/// The menu as it is at a time of its day.
pub(crate) fn menu(menu: &Menu, at: NaiveTime) -> pb::Menu {
    pb::Menu {
        items: menu.items.iter().filter_map(|it| item(it, at)).collect(),
        combos: menu.combos.iter().filter_map(|it| combo(menu, it, at)).collect(),
        group_lunch: None,
    }
}

/// None: the house takes no group lunches.
pub(crate) fn group_lunch(rules: &Rules) -> Option<pb::GroupLunch> {
    let (most_trays, most_pieces) = (rules.most_trays, rules.group_most_pieces);
    (most_trays > 0).then(|| pb::GroupLunch { most_trays, most_pieces, tray_labels: rules.tray_labels.clone() })
}

/// Why a meal was refused, as its guest reads it; None: that is no guest's matter.
pub(crate) fn meal_refused(error: &Error) -> Option<pb::MealRefused> {
    let none: &[Text] = &[];
    let (reason, instead) = match error {
        Error::SoldOut { name, instead } => {
            (Text::new(format!("{} ist ausverkauft.", name.de), format!("{} is sold out.", english(name))), &**instead)
        }
        Error::Few { name, left } => (
            Text::new(
                format!("Von {} gibt es nur noch {left}.", name.de),
                format!("Only {left} of {} are left.", english(name)),
            ),
            none,
        ),
        Error::NotServed { name, parts, instead } => {
            let times = |and: &str| {
                let times = parts.iter().map(|it| format!("{}–{}", it.from.format("%H:%M"), it.until.format("%H:%M")));
                times.collect::<Vec<_>>().join(and)
            };
            let de = format!("{} gibt es nur von {} Uhr.", name.de, times(" und "));
            (Text::new(de, format!("{} is only served {}.", english(name), times(" and "))), &**instead)
        }
        Error::TooManyPieces { most } => (
            Text::new(
                format!("Eine Bestellung darf höchstens {most} Stück haben."),
                format!("One order may have {most} pieces at most."),
            ),
            none,
        ),
        Error::Avoided => (
            Text::new(
                "Etwas davon enthält, was Sie meiden. Bitte wählen Sie anders, oder bestätigen Sie es.",
                "Something in it has what you avoid. Please choose something else, or confirm it.",
            ),
            none,
        ),
        Error::Full { instead: Some(at) } => {
            let at = at.with_timezone(&Berlin).format("%H:%M");
            let de = format!("Um diese Zeit hat die Küche keinen Platz mehr. Der nächste ist um {at} Uhr.");
            (Text::new(de, format!("The kitchen has no time left then. The nearest is at {at}.")), none)
        }
        Error::Full { instead: None } => (
            Text::new(
                "Um diese Zeit und in den Stunden danach hat die Küche keinen Platz mehr.",
                "The kitchen has no time left then, nor in the hours after.",
            ),
            none,
        ),
        Error::KitchenClosed(open) => (kitchen_closed(open), none),
        Error::TooMuch(_) => (
            Text::new(
                "Das ist mehr, als die Küche in einer Viertelstunde schafft. Bitte bestellen Sie weniger.",
                "That is more than the kitchen makes in a quarter of an hour. Please order less.",
            ),
            none,
        ),
        Error::StationRests { dishes, .. } => {
            let de = dishes.iter().map(|name| &*name.de).collect::<Vec<_>>().join(", ");
            let en = dishes.iter().map(english).collect::<Vec<_>>().join(", ");
            let reason = Text::new(
                format!("Gerade nicht zu haben, weil die Küche dafür Pause macht: {de}. Bitte wählen Sie anders."),
                format!(
                    "Not to be had now, because its part of the kitchen is on a break: {en}. Please choose otherwise."
                ),
            );
            (reason, none)
        }
        _ => return None,
    };
    Some(pb::MealRefused { reason: Some(reason.to_proto()), instead: instead.iter().map(Text::to_proto).collect() })
}

fn kitchen_closed(open: &OpenOn) -> Text {
    let span = |(from, until): &(NaiveTime, NaiveTime)| format!("{}–{}", from.format("%H:%M"), until.format("%H:%M"));
    let spans: Vec<String> = open.spans.iter().map(span).collect();
    if spans.is_empty() {
        return Text::new("An diesem Tag hat die Küche geschlossen.", "The kitchen is closed on that day.");
    }
    Text::new(
        format!("An diesem Tag gibt es Essen von {} Uhr.", spans.join(" und ")),
        format!("Meals are handed out {} on that day.", spans.join(" and ")),
    )
}

fn english(name: &Text) -> &str {
    if name.en.is_empty() { &name.de } else { &name.en }
}
