//! Receipts, written once and never changed, and how meals are paid.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Charge,
        payment::PaidBy,
        receipt::{Issuer, Kind, Receipt, TaxAmount},
        tse::Signature,
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
    paid_by: String,
    transaction_id: Uuid,
    issuer: Option<Json<Issuer>>,
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
            // As of old, when a meal was always paid with its visit.
            paid_by: PaidBy::named(&self.paid_by).unwrap_or(PaidBy::Online),
            transaction: self.transaction_id,
            issuer: self.issuer.map(|issuer| issuer.0),
        })
    }
}

/// A receipt with how far its signature is.
#[derive(FromRow)]
struct SignedRow {
    #[sqlx(flatten)]
    receipt: ReceiptRow,
    signature: Option<String>,
    problem: String,
    attempts: i32,
}

impl SignedRow {
    fn read(self) -> Result<(Receipt, Signature), Error> {
        let signature = Signature {
            transaction: self.receipt.transaction_id,
            signature: self.signature,
            problem: self.problem,
            attempts: self.attempts.unsigned_abs(),
        };
        Ok((self.receipt.read()?, signature))
    }
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
        "insert into receipt (number, order_id, visit_id, kind, takes_back, issued_at, charges, taxes, cents, paid_by,
             transaction_id, issuer)
         select * from unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::timestamptz[],
             $7::jsonb[], $8::jsonb[], $9::bigint[], $10::text[], $11::uuid[], $12::jsonb[])",
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
    .bind(each(receipts, |it| it.paid_by.name()))
    .bind(each(receipts, |it| it.transaction))
    .bind(each(receipts, |it| it.issuer.clone().map(Json)))
    .execute(conn)
    .await?;
    Ok(())
}

/// Who sells on a day; None: the house file does not say.
pub(crate) async fn seller_on(conn: &mut PgConnection, day: NaiveDate) -> Result<Option<Issuer>, Error> {
    let row: Option<(String, String, String)> = sqlx::query_as(
        "select name, address, tax_number from seller where valid_from <= $1 order by valid_from desc limit 1",
    )
    .bind(day)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(name, address, tax_number)| Issuer { name, address, tax_number }))
}

/// An order's sale.
pub(crate) async fn sale_of(conn: &mut PgConnection, order: Uuid) -> Result<Option<Receipt>, Error> {
    let row: Option<ReceiptRow> = sqlx::query_as("select * from receipt where order_id = $1 and kind = 'sale'")
        .bind(order)
        .fetch_optional(conn)
        .await?;
    row.map(ReceiptRow::read).transpose()
}

/// A visit's receipts, the oldest first.
pub(crate) async fn of_visit(conn: &mut PgConnection, visit: Uuid) -> Result<Vec<(Receipt, Signature)>, Error> {
    let rows: Vec<SignedRow> = sqlx::query_as(
        "select r.*, t.signature, t.problem, t.attempts from receipt r join tse_transaction t on t.receipt = r.number
         where r.visit_id = $1 order by r.number",
    )
    .bind(visit)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(SignedRow::read).collect()
}

/// Receipts without a signature, the oldest first.
pub(crate) async fn unsigned(conn: &mut PgConnection) -> Result<Vec<(Receipt, Signature)>, Error> {
    let rows: Vec<SignedRow> = sqlx::query_as(
        "select r.*, t.signature, t.problem, t.attempts from receipt r join tse_transaction t on t.receipt = r.number
         where t.state <> 'finished' order by r.number limit $1",
    )
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(SignedRow::read).collect()
}

/// Notes how visits are paid, as their confirmation says. What the desk has said of one already stands. Answers how each
/// is paid.
pub(crate) async fn pay_all(
    conn: &mut PgConnection,
    told: &BTreeMap<Uuid, PaidBy>,
    now: DateTime<Utc>,
) -> Result<BTreeMap<Uuid, PaidBy>, Error> {
    let visits: Vec<Uuid> = told.keys().copied().collect();
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "insert into meal_payment as p (visit_id, paid_by, at)
         select n.visit_id, n.paid_by, $3 from unnest($1::uuid[], $2::text[]) as n (visit_id, paid_by)
         on conflict (visit_id) do update set paid_by = p.paid_by returning p.visit_id, p.paid_by",
    )
    .bind(visits)
    .bind(told.values().map(|paid_by| paid_by.name()).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(visit, name)| {
            Ok((visit, PaidBy::named(&name).ok_or_else(|| Error::Stored(format!("meal_payment {name}")))?))
        })
        .collect()
}

/// The desk was paid. False: that was known.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    visit: Uuid,
    by: PaidBy,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into meal_payment as p (visit_id, paid_by, at) values ($1, $2, $3)
         on conflict (visit_id) do update set paid_by = excluded.paid_by, at = excluded.at where p.paid_by = 'at_desk'",
    )
    .bind(visit)
    .bind(by.name())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
