//! Parts of a flat price are the whole.

use proptest::prelude::*;

use super::*;

fn weight(tax: &str, category: Category, cents: i64) -> Weight {
    Weight { tax_id: tax.to_owned(), tax_basis_points: 700, category, cents }
}

fn amounts(parts: &[Part]) -> Vec<(&str, i64)> {
    parts.iter().map(|part| (part.tax_id.as_str(), part.cents)).collect()
}

#[test]
fn thirty_per_cent_of_the_flat_price_are_drinks_or_the_single_prices_decide() {
    let soup_and_water = [weight("drinks", Category::Drink, 280), weight("food", Category::Food, 550)];
    for (flat, share, food, drinks) in [
        (750, Some(3_000), 525, 225),
        (755, Some(3_000), 528, 227),
        (750, None, 497, 253),
        (1, None, 1, 0),
        (0, Some(3_000), 0, 0),
    ] {
        let parts = split(flat, share, &soup_and_water);
        let expected: Vec<(&str, i64)> =
            [("food", food), ("drinks", drinks)].into_iter().filter(|(_, cents)| *cents > 0).collect();
        assert_eq!(amounts(&parts), expected, "{flat} {share:?}");
    }
}

#[test]
fn with_one_kind_there_is_nothing_to_share() {
    let cakes = [weight("food", Category::Food, 340), weight("food", Category::Food, 210)];
    assert_eq!(amounts(&split(500, Some(3_000), &cakes)), [("food", 500)]);
    let drinks = [weight("drinks", Category::Drink, 0)];
    assert_eq!(amounts(&split(500, Some(3_000), &drinks)), [("drinks", 500)], "weightless");
}

proptest! {
    #[test]
    fn the_parts_are_the_whole(
        flat in 0_i64..20_000,
        share in prop::option::of(0_u32..=10_000),
        singles in prop::collection::vec((0_usize..4, any::<bool>(), 0_i64..3_000), 1..8),
    ) {
        let weights: Vec<Weight> = singles
            .iter()
            .map(|(tax, drink, cents)| {
                let category = if *drink { Category::Drink } else { Category::Food };
                weight(&format!("{category:?}-{tax}"), category, *cents)
            })
            .collect();
        let parts = split(flat, share, &weights);
        prop_assert_eq!(parts.iter().map(|part| part.cents).sum::<i64>(), flat);
        prop_assert!(parts.iter().all(|part| part.cents > 0));
        let has = |category| weights.iter().any(|weight| weight.category == category);
        if let Some(share) = share.filter(|_| has(Category::Food) && has(Category::Drink)) {
            let drinks: i64 =
                parts.iter().filter(|part| part.category == Category::Drink).map(|part| part.cents).sum();
            prop_assert!((drinks * 10_000 - flat * i64::from(share)).abs() <= 5_000);
        }
    }
}
