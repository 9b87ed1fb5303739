//! Receipts: written once; only a signature, or why there is none, is added later.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Charge,
        receipt::{Kind, Receipt, TaxAmount},
    },
    error::Error,
};

/// The queue is read and shown so far.
const MOST: i64 = 100;

#[derive(FromRow)]
struct ReceiptRow {
    number: i64,
    order_id: Uuid,
    visit_id: Uuid,
    kind: String,
    takes_back: Option<i64>,
    issued_at: DateTime<Utc>,
    charges: Json<Vec<Charge>>,
    taxes: Json<Vec<TaxAmount>>,
    cents: i64,
    transaction_id: Uuid,
    signature: Option<String>,
    unsigned_because: Option<String>,
    attempts: i32,
}

impl ReceiptRow {
    fn read(self) -> Result<Receipt, Error> {
        Ok(Receipt {
            number: self.number.unsigned_abs(),
            order: self.order_id,
            visit: self.visit_id,
            kind: Kind::named(&self.kind).ok_or_else(|| Error::Stored(format!("receipt kind {}", self.kind)))?,
            takes_back: self.takes_back.map(i64::unsigned_abs),
            issued_at: self.issued_at,
            charges: self.charges.0,
            taxes: self.taxes.0,
            cents: self.cents,
            transaction: self.transaction_id,
            signature: self.signature,
            unsigned_because: self.unsigned_because,
            attempts: self.attempts.unsigned_abs(),
        })
    }
}

fn read_all(rows: Vec<ReceiptRow>) -> Result<Vec<Receipt>, Error> {
    rows.into_iter().map(ReceiptRow::read).collect()
}

/// The first of so many next numbers, without a gap: who draws them and does not commit gives them back.
pub(crate) async fn next_numbers(conn: &mut PgConnection, count: usize) -> Result<u64, Error> {
    let first: i64 = sqlx::query_scalar("update receipt_number set last = last + $1 returning last - $1 + 1")
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_one(conn)
        .await?;
    Ok(first.unsigned_abs())
}

pub(crate) async fn save(conn: &mut PgConnection, receipts: &[Receipt]) -> Result<(), Error> {
    fn each<T>(receipts: &[Receipt], of: impl Fn(&Receipt) -> T) -> Vec<T> {
        receipts.iter().map(of).collect()
    }
    sqlx::query(
        "insert into receipt (number, order_id, visit_id, kind, takes_back, issued_at, charges, taxes, cents,
             transaction_id)
         select * from unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::timestamptz[],
             $7::jsonb[], $8::jsonb[], $9::bigint[], $10::uuid[])",
    )
    .bind(each(receipts, |it| it.number.cast_signed()))
    .bind(each(receipts, |it| it.order))
    .bind(each(receipts, |it| it.visit))
    .bind(each(receipts, |it| it.kind.name()))
    .bind(each(receipts, |it| it.takes_back.map(u64::cast_signed)))
    .bind(each(receipts, |it| it.issued_at))
    .bind(each(receipts, |it| Json(it.charges.clone())))
    .bind(each(receipts, |it| Json(it.taxes.clone())))
    .bind(each(receipts, |it| it.cents))
    .bind(each(receipts, |it| it.transaction))
    .execute(conn)
    .await?;
    Ok(())
}

/// An order's receipts, the oldest first.
pub(crate) async fn of_order(conn: &mut PgConnection, order: Uuid) -> Result<Vec<Receipt>, Error> {
    let rows = sqlx::query_as("select * from receipt where order_id = $1 order by number").bind(order);
    read_all(rows.fetch_all(conn).await?)
}

/// A visit's receipts, the oldest first.
pub(crate) async fn of_visit(conn: &mut PgConnection, visit: Uuid) -> Result<Vec<Receipt>, Error> {
    let rows = sqlx::query_as("select * from receipt where visit_id = $1 order by number").bind(visit);
    read_all(rows.fetch_all(conn).await?)
}

/// Receipts without a signature, those that were tried least and longest ago first; with `again`, those too that were
/// tried before.
pub(crate) async fn unsigned(conn: &mut PgConnection, again: bool) -> Result<Vec<Receipt>, Error> {
    let rows = sqlx::query_as(
        "select * from receipt where signature is null and ($1 or attempts = 0) order by attempts, number limit $2",
    )
    .bind(again)
    .bind(MOST);
    read_all(rows.fetch_all(conn).await?)
}

/// What the TSE said to a receipt; a signature stays.
pub(crate) async fn save_attempt(
    conn: &mut PgConnection,
    number: u64,
    signed: &Result<String, String>,
) -> Result<(), Error> {
    sqlx::query(
        "update receipt set signature = $2, unsigned_because = $3, attempts = attempts + 1
         where number = $1 and signature is null",
    )
    .bind(number.cast_signed())
    .bind(signed.as_ref().ok())
    .bind(signed.as_ref().err())
    .execute(conn)
    .await?;
    Ok(())
}
