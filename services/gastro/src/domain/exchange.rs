//! What a substitution means for the price: a cheaper dish is charged at its own, a dearer one at the price that was
//! paid. Pure.

use serde::{Deserialize, Serialize};

use super::{Charge, OrderedItem};

/// An order's charges after a substitution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exchanged {
    /// What the meal costs now.
    pub(crate) charges: Vec<Charge>,
    /// What was charged for the replaced dish, taken back, and what is charged for the new one.
    pub(crate) correction: Vec<Charge>,
    /// What goes back.
    pub(crate) cents: i64,
}

/// None: nothing goes back. `instead` is what the new dish costs with its changes; `price_ids` are those that the replaced dish and its changes may have been charged by; what
/// was ordered in a combo has its flat price whatever is in it.
pub(crate) fn exchange(
    charges: &[Charge],
    replaced: &OrderedItem,
    price_ids: &[String],
    instead: &[Charge],
) -> Option<Exchanged> {
    if !replaced.combo.is_empty() {
        return None;
    }
    // One charge for the dish and one for each change; the same dish on another tray has its own.
    let mut left: Vec<&String> = price_ids.iter().collect();
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for charge in charges {
        let found = left.iter().position(|id| **id == charge.price_id && charge.quantity == replaced.quantity);
        match found {
            Some(at) => {
                left.remove(at);
                gone.push(charge.clone());
            }
            None => kept.push(charge.clone()),
        }
    }
    let was: i64 = gone.iter().map(Charge::sum).sum();
    let cents = was - instead.iter().map(Charge::sum).sum::<i64>();
    if cents <= 0 {
        return None;
    }
    let mut correction = super::receipt::taken_back(&gone);
    correction.extend_from_slice(instead);
    kept.extend_from_slice(instead);
    Some(Exchanged { charges: kept, correction, cents })
}

#[cfg(test)]
mod tests;
