//! What is in a dish against what a party cannot eat. Pure; used at ordering and whenever something takes the place of
//! what was ordered. What a party avoids stands in `order_avoids` until the end of its day.

use super::OrderedItem;

/// Annex II of Regulation (EU) 1169/2011 ends here.
pub(crate) const LAST_ALLERGEN: u32 = 14;

/// What a dish has of what is avoided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// It contains these.
    pub(crate) contains: Vec<u32>,
    /// It may have traces of these.
    pub(crate) traces: Vec<u32>,
}

impl Conflict {
    pub(crate) const fn is_none(&self) -> bool {
        self.contains.is_empty() && self.traces.is_empty()
    }
}

/// What of `avoid` is in something with these allergens and traces.
pub(crate) fn conflict(avoid: &[u32], allergens: &[u32], traces: &[u32]) -> Conflict {
    let of = |numbers: &[u32]| avoid.iter().copied().filter(|number| numbers.contains(number)).collect::<Vec<_>>();
    let contains = of(allergens);
    let traces = of(traces).into_iter().filter(|number| !contains.contains(number)).collect();
    Conflict { contains, traces }
}

/// Whether any of these lines has something in it that is avoided, be it in traces.
pub(crate) fn is_in_conflict(avoid: &[u32], lines: &[OrderedItem]) -> bool {
    lines.iter().any(|line| !conflict(avoid, &line.allergens, &line.traces).is_none())
}

/// A recipe's allergens and traces after a change: what is taken out may still be there in traces, because it is made in
/// the same kitchen.
pub(crate) fn changed(
    allergens: &mut Vec<u32>,
    traces: &mut Vec<u32>,
    removes: &[u32],
    adds: &[u32],
    adds_traces: &[u32],
) {
    traces.extend(allergens.iter().filter(|number| removes.contains(number)));
    allergens.retain(|number| !removes.contains(number));
    allergens.extend(adds);
    traces.extend(adds_traces);
    for numbers in [&mut *allergens, &mut *traces] {
        numbers.sort_unstable();
        numbers.dedup();
    }
    traces.retain(|number| !allergens.contains(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_avoided_is_found_in_the_dish_and_in_its_traces() {
        let none = Conflict::default();
        for (avoid, allergens, traces, expected) in [
            (vec![], vec![1, 7], vec![8], none.clone()),
            (vec![2], vec![1, 7], vec![8], none),
            (vec![7], vec![1, 7], vec![8], Conflict { contains: vec![7], traces: vec![] }),
            (vec![8, 7], vec![1, 7], vec![8, 7], Conflict { contains: vec![7], traces: vec![8] }),
        ] {
            assert_eq!(conflict(&avoid, &allergens, &traces), expected, "{avoid:?}");
        }
    }

    #[test]
    fn what_is_taken_out_stays_as_a_trace_until_it_comes_back() {
        let (mut allergens, mut traces) = (vec![7], vec![1]);
        changed(&mut allergens, &mut traces, &[7], &[1], &[8]);
        assert_eq!((allergens.as_slice(), traces.as_slice()), ([1].as_slice(), [7, 8].as_slice()));
        changed(&mut allergens, &mut traces, &[], &[7], &[]);
        assert_eq!((allergens.as_slice(), traces.as_slice()), ([1, 7].as_slice(), [8].as_slice()));
    }
}
