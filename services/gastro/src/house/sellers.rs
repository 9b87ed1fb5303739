//! `[[gastro.sellers]]` of the house file: in whose name receipts are issued, from which day on. A leased café is another
//! row, not another release.

use std::collections::HashSet;

use chrono::NaiveDate;
use kernel::Tx;
use serde::Deserialize;
use toml::Spanned;

use super::wrong;
use crate::{error::Error, store::house};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seller {
    valid_from: Spanned<NaiveDate>,
    name: Spanned<String>,
    address: Spanned<String>,
    #[serde(default)]
    tax_number: String,
}

pub(super) fn read(text: &str, sellers: &[Seller]) -> Result<(), String> {
    let mut days = HashSet::new();
    for (place, seller) in sellers.iter().enumerate() {
        let key = |name: &str| format!("sellers[{place}].{name}");
        if !days.insert(*seller.valid_from.get_ref()) {
            return Err(wrong(text, &seller.valid_from, &key("valid_from"), "another seller sells from the same day"));
        }
        for (name, value) in [("name", &seller.name), ("address", &seller.address)] {
            if value.get_ref().trim().is_empty() {
                return Err(wrong(text, value, &key(name), "is empty; a receipt must have it"));
            }
        }
    }
    Ok(())
}

pub(super) async fn write(tx: &mut Tx, sellers: &[Seller]) -> Result<(), Error> {
    let days: Vec<NaiveDate> = sellers.iter().map(|seller| *seller.valid_from.get_ref()).collect();
    house::keep_sellers(tx.conn(), &days).await?;
    for seller in sellers {
        let (name, address) = (seller.name.get_ref(), seller.address.get_ref());
        house::save_seller(tx.conn(), *seller.valid_from.get_ref(), name, address, &seller.tax_number).await?;
    }
    Ok(())
}
