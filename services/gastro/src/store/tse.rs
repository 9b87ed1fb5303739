//! What the TSE is told and how far it is with it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Charge,
        payment::PaidBy,
        receipt::TaxAmount,
        tse::{Attempt, Content, OrderRecord, Progress, Signature, Told, Unsigned},
    },
    error::Error,
};

/// The queue is read and shown so far.
const MOST: i64 = 100;

pub(crate) async fn save(conn: &mut PgConnection, told: &[Told]) -> Result<(), Error> {
    sqlx::query(
        "insert into tse_transaction (transaction_id, order_id, receipt, round, charges, made_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::integer[], $5::jsonb[], $6::timestamptz[])",
    )
    .bind(told.iter().map(|it| it.transaction).collect::<Vec<_>>())
    .bind(told.iter().map(|it| it.order).collect::<Vec<_>>())
    .bind(told.iter().map(|it| it.receipt.map(u64::cast_signed)).collect::<Vec<_>>())
    .bind(told.iter().map(|it| it.round.cast_signed()).collect::<Vec<_>>())
    .bind(told.iter().map(|it| it.charges.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(told.iter().map(|it| it.at).collect::<Vec<DateTime<Utc>>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// The next record of an order.
pub(crate) async fn next_round(conn: &mut PgConnection, order: Uuid) -> Result<u32, Error> {
    let next: i32 = sqlx::query_scalar(
        "select coalesce(max(round) + 1, 0) from tse_transaction where order_id = $1 and receipt is null",
    )
    .bind(order)
    .fetch_one(conn)
    .await?;
    Ok(next.unsigned_abs())
}

#[derive(FromRow)]
struct Row {
    transaction_id: Uuid,
    state: String,
    revision: i32,
    attempts: i32,
    charges: Option<Json<Vec<Charge>>>,
    taxes: Option<Json<Vec<TaxAmount>>>,
    cents: Option<i64>,
    paid_by: Option<String>,
}

impl Row {
    fn read(self) -> Result<Unsigned, Error> {
        let content = match (self.charges, self.taxes, self.cents) {
            (Some(charges), ..) => Content::Order { charges: charges.0 },
            (None, Some(taxes), Some(cents)) => {
                let paid_by = PaidBy::named(self.paid_by.as_deref().unwrap_or_default()).unwrap_or(PaidBy::Online);
                Content::Receipt { taxes: taxes.0, cents, paid_by }
            }
            _ => return Err(Error::Stored(format!("TSE transaction {} without content", self.transaction_id))),
        };
        Ok(Unsigned {
            transaction: self.transaction_id,
            content,
            progress: Progress::named(&self.state).ok_or_else(|| Error::Stored(format!("TSE state {}", self.state)))?,
            revision: self.revision.unsigned_abs(),
            attempts: self.attempts.unsigned_abs(),
        })
    }
}

/// Transactions that are not finished, those that were tried least and longest ago first; with `again`, those too that
/// were tried before.
pub(crate) async fn unsigned(conn: &mut PgConnection, again: bool) -> Result<Vec<Unsigned>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select t.transaction_id, t.state, t.revision, t.attempts, t.charges, r.taxes, r.cents, r.paid_by
         from tse_transaction t left join receipt r on r.number = t.receipt
         where t.state <> 'finished' and ($1 or t.attempts = 0) order by t.attempts, t.made_at, t.transaction_id limit $2",
    )
    .bind(again)
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// What the TSE said; what is finished stays.
pub(crate) async fn save_attempt(conn: &mut PgConnection, transaction: Uuid, it: &Attempt) -> Result<(), Error> {
    sqlx::query(
        "update tse_transaction set state = $2, revision = $3, signature = $4, problem = $5, attempts = attempts + 1
         where transaction_id = $1 and state <> 'finished'",
    )
    .bind(transaction)
    .bind(it.progress.name())
    .bind(it.revision.cast_signed())
    .bind(it.signed.as_ref().ok())
    .bind(it.signed.as_ref().err().map_or("", String::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

/// Orders of which the TSE has not signed a record, the oldest first.
pub(crate) async fn unsigned_orders(conn: &mut PgConnection) -> Result<Vec<OrderRecord>, Error> {
    type Row = (Uuid, Option<i32>, i32, Uuid, String, i32);
    let rows: Vec<Row> = sqlx::query_as(
        "select t.order_id, o.number, t.round, t.transaction_id, t.problem, t.attempts
         from tse_transaction t join meal_order o using (order_id)
         where t.receipt is null and t.state <> 'finished' order by t.made_at, t.round limit $1",
    )
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    let record = |(order, number, round, transaction, problem, attempts): Row| OrderRecord {
        order,
        number: number.unwrap_or_default().unsigned_abs(),
        round: round.unsigned_abs(),
        signature: Signature { transaction, signature: None, problem, attempts: attempts.unsigned_abs() },
    };
    Ok(rows.into_iter().map(record).collect())
}
