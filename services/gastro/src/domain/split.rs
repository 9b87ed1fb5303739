//! A flat price over food and drinks: whole cents, and the parts are the whole. Pure.

use super::Category;

/// What one component of a combo puts on the scales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
    pub(crate) category: Category,
    /// Its price when it is sold alone.
    pub(crate) cents: i64,
}

/// A part of a flat price that is taxed by one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
    pub(crate) category: Category,
    pub(crate) cents: i64,
}

/// Splits a flat price over the tax rows of what is in it. With a share for drinks (30 % of the flat price, BMF
/// 22.12.2025) that share is rounded to the nearest cent; without both kinds in it there is nothing to share. Within one
/// kind, and without a share, the single prices decide.
pub(crate) fn split(flat: i64, drinks_basis_points: Option<u32>, weights: &[Weight]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for weight in weights {
        match parts.iter_mut().find(|part| part.tax_id == weight.tax_id && part.category == weight.category) {
            Some(part) => part.cents += weight.cents,
            None => parts.push(Part {
                tax_id: weight.tax_id.clone(),
                tax_basis_points: weight.tax_basis_points,
                category: weight.category,
                cents: weight.cents,
            }),
        }
    }
    parts.sort_by_key(|part| part.category == Category::Drink);
    let food = parts.iter().filter(|part| part.category == Category::Food).count();
    match drinks_basis_points {
        Some(share) if food > 0 && food < parts.len() => {
            let drinks = (flat * i64::from(share) + 5_000) / 10_000;
            let (for_food, for_drinks) = parts.split_at_mut(food);
            deal(flat - drinks, for_food);
            deal(drinks, for_drinks);
        }
        _ => deal(flat, &mut parts),
    }
    parts.retain(|part| part.cents > 0);
    parts
}

/// Deals an amount out in proportion to the parts' weights, which become their amounts. What rounding leaves goes to
/// those that lost most by it.
fn deal(amount: i64, parts: &mut [Part]) {
    let all: i64 = parts.iter().map(|part| part.cents).sum();
    if all == 0 {
        // Nothing weighs anything: the first one takes it.
        if let Some(first) = parts.first_mut() {
            first.cents = amount;
        }
        return;
    }
    let mut lost: Vec<(i64, usize)> = Vec::new();
    let mut dealt = 0;
    for (place, part) in parts.iter_mut().enumerate() {
        let exact = amount * part.cents;
        part.cents = exact / all;
        dealt += part.cents;
        lost.push((exact % all, place));
    }
    lost.sort_by_key(|(rest, place)| (-rest, *place));
    let mut rest = amount - dealt;
    for (_, place) in lost {
        if rest == 0 {
            return;
        }
        if let Some(part) = parts.get_mut(place) {
            part.cents += 1;
            rest -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
