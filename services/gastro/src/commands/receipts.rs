//! Receipts: issued when a confirmed meal is paid, corrected when a cheaper dish takes the place of another, taken back
//! with the money; each with the next number, none ever changed. The TSE is told of each, and of each order.

use std::collections::BTreeMap;

use kernel::{Tx, values::day_of};
use uuid::Uuid;

use super::lock_kitchen;
use crate::{
    domain::{
        Charge, Order, OrderState,
        payment::PaidBy,
        receipt::{Kind, Receipt, by_tax, taken_back},
        tse::Told,
    },
    error::Error,
    store::{self, receipts},
};

/// Meals were confirmed together: the TSE is told of the orders, and those that are paid get their receipts. The kitchen
/// must be locked.
pub(crate) async fn issue(tx: &mut Tx, orders: &[Order], told: &BTreeMap<Uuid, PaidBy>) -> Result<(), Error> {
    let now = tx.now();
    let paid_by = receipts::pay_all(tx.conn(), told, now).await?;
    let records: Vec<Told> = orders.iter().map(|order| Told::order(order.id, 0, order.charges.clone(), now)).collect();
    store::tse::save(tx.conn(), &records).await?;
    let paid: Vec<(&Order, PaidBy)> = orders
        .iter()
        .map(|order| (order, paid_by.get(&order.visit).copied().unwrap_or(PaidBy::Online)))
        .filter(|(_, paid_by)| paid_by.is_paid())
        .collect();
    sell(tx, &paid).await
}

/// Receipts of sales.
async fn sell(tx: &mut Tx, paid: &[(&Order, PaidBy)]) -> Result<(), Error> {
    if paid.is_empty() {
        return Ok(());
    }
    let today = day_of(tx.now());
    let seller = receipts::seller_on(tx.conn(), today).await?;
    let sales: Vec<Receipt> = paid
        .iter()
        .map(|(order, by)| {
            let sale = receipt(tx, order, (Kind::Sale, None, *by), order.charges.clone());
            Receipt { issuer: seller.clone(), ..sale }
        })
        .collect();
    write(tx, sales).await
}

/// The desk has been paid for a visit: the receipt of its meal is due, if it was confirmed and still costs something.
/// May be heard before the confirmation.
pub(crate) async fn settled(tx: &mut Tx, visit: Uuid, by: PaidBy) -> Result<(), Error> {
    let now = tx.now();
    lock_kitchen(tx).await?;
    if !receipts::settle(tx.conn(), visit, by, now).await? {
        return Ok(());
    }
    let Some(order) = store::lock_order_of_visit(tx.conn(), visit).await? else { return Ok(()) };
    let is_confirmed = order.number.is_some() && order.state != OrderState::Held;
    if is_confirmed && !order.charges.is_empty() && receipts::sale_of(tx.conn(), order.id).await?.is_none() {
        sell(tx, &[(&order, by)]).await?;
    }
    Ok(())
}

/// Something else was made, and is cheaper. The kitchen must be locked.
pub(crate) async fn correct(tx: &mut Tx, order: &Order, correction: Vec<Charge>) -> Result<(), Error> {
    tell_order(tx, order, correction.clone()).await?;
    if let Some(sale) = receipts::sale_of(tx.conn(), order.id).await? {
        let back = receipt(tx, order, (Kind::Correction, Some(sale.number), sale.paid_by), correction);
        // By whoever has sold it, whoever sells today.
        write(tx, vec![Receipt { issuer: sale.issuer, ..back }]).await?;
    }
    Ok(())
}

/// The money of a meal goes back: what is left of its sale is taken back, and from now on it costs nothing. Again: it
/// is done. The kitchen must be locked.
pub(crate) async fn take_back(tx: &mut Tx, order: &mut Order) -> Result<(), Error> {
    // All of it goes back: of a dish that has just been replaced no difference does.
    store::put_off::take(tx.conn(), order.id).await?;
    if order.charges.is_empty() || order.number.is_none() {
        return Ok(());
    }
    let back = taken_back(&std::mem::take(&mut order.charges));
    store::kitchen::save_charges(tx.conn(), order).await?;
    tell_order(tx, order, back.clone()).await?;
    if let Some(sale) = receipts::sale_of(tx.conn(), order.id).await? {
        let it = receipt(tx, order, (Kind::Cancellation, Some(sale.number), sale.paid_by), back);
        write(tx, vec![Receipt { issuer: sale.issuer, ..it }]).await?;
    }
    Ok(())
}

async fn tell_order(tx: &mut Tx, order: &Order, charges: Vec<Charge>) -> Result<(), Error> {
    if order.walk_up {
        // The counter's own till knows of it.
        return Ok(());
    }
    let now = tx.now();
    let round = store::tse::next_round(tx.conn(), order.id).await?;
    store::tse::save(tx.conn(), &[Told::order(order.id, round, charges, now)]).await
}

/// Numbers receipts, writes them, and tells the TSE of each.
async fn write(tx: &mut Tx, mut issued: Vec<Receipt>) -> Result<(), Error> {
    let first = receipts::next_numbers(tx.conn(), issued.len()).await?;
    for (number, receipt) in (first..).zip(&mut issued) {
        receipt.number = number;
    }
    receipts::save(tx.conn(), &issued).await?;
    let told: Vec<Told> = issued.iter().map(Told::receipt).collect();
    store::tse::save(tx.conn(), &told).await
}

/// One that has no number and no issuer yet.
fn receipt(
    tx: &Tx,
    order: &Order,
    (kind, takes_back, paid_by): (Kind, Option<u64>, PaidBy),
    charges: Vec<Charge>,
) -> Receipt {
    Receipt {
        number: 0,
        order: order.id,
        visit: order.visit,
        kind,
        takes_back,
        issued_at: tx.now(),
        taxes: by_tax(&charges),
        cents: charges.iter().map(Charge::sum).sum(),
        charges,
        paid_by,
        transaction: kernel::values::new_id(tx.now()),
        issuer: None,
    }
}
