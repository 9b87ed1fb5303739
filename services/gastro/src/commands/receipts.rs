//! Receipts: issued with the confirmed meal, taken back with the cancelled one, each once and each with the next number.

use kernel::Tx;
use uuid::Uuid;

use crate::{
    domain::{
        Charge, Order,
        receipt::{Kind, Receipt, by_tax, taken_back},
    },
    error::Error,
    store::receipts,
};

/// The sales of meals that were confirmed together. The kitchen must be locked.
pub(crate) async fn issue(tx: &mut Tx, orders: &[Order]) -> Result<(), Error> {
    let first = receipts::next_numbers(tx.conn(), orders.len()).await?;
    let sale = |(number, order): (u64, &Order)| receipt(tx, order, (number, Kind::Sale, None), order.charges.clone());
    let sales: Vec<Receipt> = (first..).zip(orders).map(sale).collect();
    receipts::save(tx.conn(), &sales).await
}

/// Takes the sale of a meal back, if there was one. The kitchen must be locked.
pub(crate) async fn take_back(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    let issued = receipts::of_order(tx.conn(), order.id).await?;
    if issued.iter().any(|receipt| receipt.kind == Kind::Cancellation) {
        return Ok(());
    }
    let Some(sale) = issued.into_iter().find(|receipt| receipt.kind == Kind::Sale) else { return Ok(()) };
    let number = receipts::next_numbers(tx.conn(), 1).await?;
    let back = receipt(tx, order, (number, Kind::Cancellation, Some(sale.number)), taken_back(&sale.charges));
    receipts::save(tx.conn(), &[back]).await
}

fn receipt(
    tx: &Tx,
    order: &Order,
    (number, kind, takes_back): (u64, Kind, Option<u64>),
    charges: Vec<Charge>,
) -> Receipt {
    Receipt {
        number,
        order: order.id,
        visit: order.visit,
        kind,
        takes_back,
        issued_at: tx.now(),
        taxes: by_tax(&charges),
        cents: charges.iter().map(|charge| charge.cents * i64::from(charge.quantity)).sum(),
        charges,
        transaction: Uuid::now_v7(),
        signature: None,
        unsigned_because: None,
        attempts: 0,
    }
}
