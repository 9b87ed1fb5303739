//! What a substitution does to the price, and that receipts add up to the cent.

use kernel::values::Text;
use proptest::prelude::*;

use super::{
    super::{
        Category,
        receipt::{by_tax, taken_back},
        split::{Weight, split},
    },
    *,
};

fn charge(price_id: &str, cents: i64, quantity: u32) -> Charge {
    Charge {
        label: Text::default(),
        quantity,
        cents,
        price_id: price_id.to_owned(),
        tax_id: "t".to_owned(),
        tax_basis_points: 700,
    }
}

fn line(item: &str, quantity: u32) -> OrderedItem {
    OrderedItem {
        item: item.to_owned(),
        quantity,
        station: "hot".to_owned(),
        work_seconds: 60,
        ..OrderedItem::default()
    }
}

fn soup(cents: i64, quantity: u32) -> [Charge; 1] {
    [charge("soup", cents, quantity)]
}

#[test]
fn a_cheaper_dish_gives_back_the_difference_with_its_changes() {
    let charges = [charge("pasta", 690, 2), charge("cheese", 50, 2), charge("water", 280, 1)];
    let ids = ["pasta".to_owned(), "cheese".to_owned()];
    let told = exchange(&charges, &line("pasta", 2), &ids, &soup(450, 2)).expect("cheaper");
    assert_eq!(told.cents, 2 * (690 + 50 - 450));
    assert_eq!(told.charges.iter().map(Charge::sum).sum::<i64>(), 280 + 900);
    assert_eq!(told.correction.iter().map(Charge::sum).sum::<i64>(), -told.cents);
}

#[test]
fn a_dearer_dish_a_combo_and_the_same_price_change_nothing() {
    let charges = [charge("pasta", 690, 1)];
    let ids = ["pasta".to_owned()];
    for cents in [690, 900] {
        assert_eq!(exchange(&charges, &line("pasta", 1), &ids, &soup(cents, 1)), None);
    }
    let in_combo = OrderedItem { combo: "lunch".to_owned(), ..line("pasta", 1) };
    assert_eq!(exchange(&charges, &in_combo, &ids, &soup(100, 1)), None);
    assert_eq!(exchange(&charges, &line("pasta", 3), &ids, &soup(100, 3)), None, "no such charge");
}

#[test]
fn a_change_that_goes_along_is_paid_for_as_before() {
    let charges = [charge("cappuccino", 350, 1), charge("oat-milk", 50, 1)];
    let ids = ["cappuccino".to_owned(), "oat-milk".to_owned()];
    let cocoa = [charge("cocoa", 320, 1), charge("oat-milk", 50, 1)];
    let told = exchange(&charges, &line("cappuccino", 1), &ids, &cocoa).expect("cheaper");
    assert_eq!((told.cents, told.charges), (30, cocoa.to_vec()));
}

#[test]
fn of_two_trays_with_the_same_dish_one_is_exchanged() {
    let charges = [charge("pasta", 690, 1), charge("pasta", 690, 1)];
    let ids = ["pasta".to_owned()];
    let told = exchange(&charges, &line("pasta", 1), &ids, &soup(450, 1)).expect("cheaper");
    assert_eq!((told.cents, told.charges.len()), (240, 2));
}

const RATES: [u32; 3] = [0, 700, 1900];

/// What a receipt with these lines comes to: by its lines, and by its tax rows.
fn total(lines: &[Charge]) -> i64 {
    let (by_line, taxes) = (lines.iter().map(Charge::sum).sum::<i64>(), by_tax(lines));
    assert_eq!(taxes.iter().map(|it| it.gross).sum::<i64>(), by_line);
    for row in taxes {
        let of_row = lines.iter().filter(|it| (&it.tax_id, it.tax_basis_points) == (&row.tax_id, row.basis_points));
        assert_eq!(of_row.map(Charge::sum).sum::<i64>(), row.gross);
        assert!(row.tax.abs() <= row.gross.abs() && row.tax.signum() * row.gross.signum() >= 0, "{row:?}");
    }
    by_line
}

proptest! {
    #[test]
    fn whatever_takes_the_place_of_what_receipts_add_up_to_the_cent(
        prices in prop::collection::vec((1_i64..2_000, 0_usize..3), 2..8),
        dishes in prop::collection::vec((any::<prop::sample::Index>(), 1_u32..5), 1..6),
        combo in prop::option::of((0_i64..3_000, prop::option::of(0_u32..=10_000), 1_u32..40)),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
    ) {
        let of = |at: usize, quantity: u32| {
            let (cents, rate) = prices[at];
            let tax_basis_points = RATES[rate];
            Charge { tax_id: format!("t{rate}"), tax_basis_points, ..charge(&format!("p{at}"), cents, quantity) }
        };
        let mut lines: Vec<(OrderedItem, Vec<String>)> = Vec::new();
        let mut charges = Vec::new();
        for (at, quantity) in dishes {
            let at = at.index(prices.len());
            lines.push((line("dish", quantity), vec![format!("p{at}")]));
            charges.push(of(at, quantity));
        }
        if let Some((flat, share, quantity)) = combo {
            let weight = |at: usize, category| {
                let it = of(at, 1);
                Weight { tax_id: it.tax_id, tax_basis_points: it.tax_basis_points, category, cents: it.cents }
            };
            let parts = split(flat, share, &[weight(0, Category::Food), weight(1, Category::Drink)]);
            charges.extend(parts.into_iter().map(|part| Charge {
                tax_id: part.tax_id,
                tax_basis_points: part.tax_basis_points,
                ..charge("combo", part.cents, quantity)
            }));
            prop_assert_eq!(charges.iter().filter(|it| it.price_id == "combo").map(Charge::sum).sum::<i64>(),
                flat * i64::from(quantity));
            lines.push((OrderedItem { combo: "combo".to_owned(), ..line("dish", quantity) }, Vec::new()));
        }
        let paid = total(&charges);
        let (mut receipts, mut given_back) = (vec![charges.clone()], 0);
        for (line, at) in swaps {
            let (place, at) = (line.index(lines.len()), at.index(prices.len()));
            let (item, ids) = &mut lines[place];
            let Some(it) = exchange(&charges, item, ids, &[of(at, item.quantity)]) else { continue };
            prop_assert!(it.cents > 0);
            prop_assert_eq!(total(&it.correction), -it.cents);
            (charges, given_back, *ids) = (it.charges, given_back + it.cents, vec![format!("p{at}")]);
            receipts.push(it.correction);
        }
        prop_assert_eq!(total(&charges), paid - given_back);
        receipts.push(taken_back(&charges));
        prop_assert_eq!(receipts.iter().map(|it| total(it)).sum::<i64>(), 0);
    }
}
