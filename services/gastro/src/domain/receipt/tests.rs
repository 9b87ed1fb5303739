//! Taxes are in their sums, and what is taken back is the mirror image.

use kernel::values::Text;
use proptest::prelude::*;

use super::*;

fn charge(cents: i64, quantity: u32, rate: u32) -> Charge {
    Charge {
        label: Text::default(),
        quantity,
        cents,
        price_id: "p".to_owned(),
        tax_id: format!("t{rate}"),
        tax_basis_points: rate,
    }
}

#[test]
fn the_tax_is_in_the_sum_of_its_row() {
    let taxes = by_tax(&[charge(690, 2, 700), charge(350, 1, 1900), charge(-90, 1, 700)]);
    let told: Vec<_> = taxes.iter().map(|it| (it.basis_points, it.gross, it.tax)).collect();
    assert_eq!(told, [(700, 1290, 84), (1900, 350, 56)]);
    assert_eq!((amount(1290), amount(5), amount(-350)), ("12.90".to_owned(), "0.05".to_owned(), "-3.50".to_owned()));
}

proptest! {
    #[test]
    fn a_cancellation_is_the_mirror_image(rows in prop::collection::vec((0_i64..20_000, 1_u32..60, 0_u32..3), 1..9)) {
        let rates = [0, 700, 1900];
        let charges: Vec<Charge> =
            rows.iter().map(|(cents, quantity, rate)| charge(*cents, *quantity, rates[*rate as usize])).collect();
        let (sale, back) = (by_tax(&charges), by_tax(&taken_back(&charges)));
        let all: i64 = charges.iter().map(Charge::sum).sum();
        prop_assert_eq!(sale.iter().map(|it| it.gross).sum::<i64>(), all);
        for (row, mirror) in sale.iter().zip(&back) {
            prop_assert_eq!((row.gross, row.tax), (-mirror.gross, -mirror.tax));
            let exact = i128::from(row.gross) * i128::from(row.basis_points);
            let whole = i128::from(10_000 + row.basis_points);
            prop_assert!((i128::from(row.tax) * whole - exact).abs() * 2 <= whole);
        }
    }
}
