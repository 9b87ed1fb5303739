//! What a guest sends to order a meal, read and checked.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{self, InvalidField, invalid};
use sky_proto::gastro::v1 as pb;

use crate::{
    commands::ordering::MealWish,
    domain::{
        Pickup,
        allergens::LAST_ALLERGEN,
        choosing::{ChoiceWish, LineWish},
    },
};

/// The longest hold, from now. A quarter of an hour to pay, the two minutes that journey
/// holds longer, and one for the way here.
const LONGEST_HOLD: TimeDelta = TimeDelta::minutes(18);
const LONGEST_SHOWING: TimeDelta = TimeDelta::hours(12);
/// A class, each with a dish, a drink and a dessert on a tray of its own.
const MOST_LINES: usize = 150;
const MOST_PIECES: u32 = 60;
const MOST_PEOPLE: u32 = 500;
/// No item has so many modifiers, no combo so many components.
const MOST_PARTS: usize = 20;
const MOST_TRAY: usize = 30;
const MOST_PORTIONS: u32 = 10_000;

fn pickup(value: i32) -> Result<Pickup, InvalidField> {
    match values::choice("pickup", value)? {
        pb::Pickup::BeforeShowing => Ok(Pickup::Before),
        pb::Pickup::AfterShowing => Ok(Pickup::After),
        pb::Pickup::Unspecified => Err(invalid("pickup", "is missing")),
    }
}

/// An id that may be left out.
fn optional(field: &'static str, id: &str) -> Result<String, InvalidField> {
    if id.is_empty() { Ok(String::new()) } else { values::slug(field, id).map(str::to_owned) }
}

fn modifiers(ids: &[String]) -> Result<Vec<String>, InvalidField> {
    if ids.len() > MOST_PARTS {
        return Err(invalid("modifier_ids", format!("has more than {MOST_PARTS}")));
    }
    ids.iter().map(|id| values::slug("modifier_ids", id).map(str::to_owned)).collect()
}

fn choice(choice: &pb::ComboChoice) -> Result<ChoiceWish, InvalidField> {
    Ok(ChoiceWish {
        component: values::slug("component_id", &choice.component_id)?.to_owned(),
        item: values::slug("item_id", &choice.item_id)?.to_owned(),
        variant: optional("variant_id", &choice.variant_id)?,
        modifiers: modifiers(&choice.modifier_ids)?,
    })
}

fn line(line: &pb::OrderLine) -> Result<LineWish, InvalidField> {
    if line.choices.len() > MOST_PARTS {
        return Err(invalid("choices", format!("has more than {MOST_PARTS}")));
    }
    let item = values::slug("item_id", &line.item_id)?.to_owned();
    if !(1..=MOST_PIECES).contains(&line.quantity) {
        return Err(invalid("quantity", format!("must be 1 to {MOST_PIECES}")));
    }
    Ok(LineWish {
        item,
        quantity: line.quantity,
        variant: optional("variant_id", &line.variant_id)?,
        modifiers: modifiers(&line.modifier_ids)?,
        choices: line.choices.iter().map(choice).collect::<Result<_, _>>()?,
        tray: values::text("tray", &line.tray, MOST_TRAY)?,
    })
}

/// The lines of an order, each of them once.
pub(super) fn lines(sent: &[pb::OrderLine]) -> Result<Vec<LineWish>, InvalidField> {
    if sent.is_empty() {
        return Err(invalid("lines", "is empty; send at least one item"));
    }
    if sent.len() > MOST_LINES {
        return Err(invalid("lines", format!("has more than {MOST_LINES} lines")));
    }
    let mut lines: Vec<LineWish> = Vec::new();
    for it in sent {
        let line = line(it)?;
        if lines.iter().any(|other| LineWish { quantity: line.quantity, ..other.clone() } == line) {
            let problem = format!("\"{}\" stands there twice; send one line with the quantity", line.item);
            return Err(invalid("lines", problem));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Numbers of Annex II, each once.
pub(super) fn avoided(numbers: &[u32]) -> Result<Vec<u32>, InvalidField> {
    let known =
        numbers.len() <= LAST_ALLERGEN as usize && numbers.iter().all(|number| (1..=LAST_ALLERGEN).contains(number));
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    match known {
        true => Ok(numbers),
        false => Err(invalid("avoid_allergens", "must be numbers 1 to 14 of Annex II, Regulation (EU) 1169/2011")),
    }
}

/// A showing's start and end.
pub(super) fn showing_times(
    starts_at: Option<prost_types::Timestamp>,
    ends_at: Option<prost_types::Timestamp>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), InvalidField> {
    let starts_at = values::time("showing_starts_at", starts_at)?;
    let ends_at = values::time("showing_ends_at", ends_at)?;
    if ends_at <= starts_at || ends_at - starts_at > LONGEST_SHOWING {
        return Err(invalid("showing_ends_at", "must be later than `showing_starts_at`, by at most 12 hours"));
    }
    Ok((starts_at, ends_at))
}

/// A count that somebody could have made.
pub(super) fn portions_left(left: Option<u32>) -> Result<Option<u32>, InvalidField> {
    if left.is_some_and(|left| left > MOST_PORTIONS) {
        return Err(invalid("portions_left", format!("must be at most {MOST_PORTIONS}")));
    }
    Ok(left)
}

/// A wish for a meal.
pub(super) fn wish(request: &pb::HoldOrderRequest, now: DateTime<Utc>) -> Result<MealWish, InvalidField> {
    let pickup = pickup(request.pickup)?;
    let (starts_at, ends_at) = showing_times(request.showing_starts_at, request.showing_ends_at)?;
    if pickup == Pickup::Before && starts_at <= now {
        return Err(invalid("showing_starts_at", "is in the past; choose the pickup after the showing"));
    }
    if ends_at <= now {
        return Err(invalid("showing_ends_at", "is in the past"));
    }
    if request.people > MOST_PEOPLE {
        return Err(invalid("people", format!("must be at most {MOST_PEOPLE}")));
    }
    Ok(MealWish {
        visit: values::id("visit_id", &request.visit_id)?,
        showing: values::id("showing_id", &request.showing_id)?,
        starts_at,
        ends_at,
        lines: lines(&request.lines)?,
        pickup,
        pickup_at: request.pickup_at.map(|at| values::time("pickup_at", Some(at))).transpose()?,
        expires_at: values::hold_end(request.expires_at, LONGEST_HOLD, now)?,
        people: request.people.max(1),
        avoid: avoided(&request.avoid_allergens)?,
        acknowledged: request.allergens_acknowledged,
    })
}
