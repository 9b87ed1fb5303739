//! Parts that go back, and their lines in the ledger.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::{
        Entry, Payment,
        parts::{Part, PartState, PartWish},
    },
    error::Error,
};

#[derive(FromRow)]
struct PartRow {
    refund_id: Uuid,
    payment_id: Uuid,
    visit_id: Uuid,
    cents: i64,
    state: String,
}

impl PartRow {
    fn read(self) -> Result<Part, Error> {
        Ok(Part {
            id: self.refund_id,
            payment: self.payment_id,
            visit: self.visit_id,
            cents: self.cents,
            state: PartState::named(&self.state).ok_or_else(|| Error::Stored(format!("part {}", self.state)))?,
        })
    }
}

pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<Part>, Error> {
    let row: Option<PartRow> =
        sqlx::query_as("select * from part_refund where refund_id = $1").bind(id).fetch_optional(conn).await?;
    row.map(PartRow::read).transpose()
}

/// Parts of a payment that wait at the desk.
pub(crate) async fn at_desk(conn: &mut PgConnection, payment: Uuid) -> Result<Vec<Part>, Error> {
    let rows: Vec<PartRow> = sqlx::query_as(
        "select * from part_refund where payment_id = $1 and state = 'at_desk' order by requested_at, refund_id",
    )
    .bind(payment)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(PartRow::read).collect()
}

pub(crate) async fn add(
    conn: &mut PgConnection,
    part: &Part,
    wish: &PartWish,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into part_refund (refund_id, payment_id, visit_id, wanted_cents, cents, reason, state, requested_at,
             next_try_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(part.id)
    .bind(part.payment)
    .bind(part.visit)
    .bind(wish.cents)
    .bind(part.cents)
    .bind(&wish.reason)
    .bind(part.state.name())
    .bind(now)
    .bind((part.state == PartState::Returning).then_some(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves a state in which the provider is not asked any more.
pub(crate) async fn set_state(conn: &mut PgConnection, part: &Part) -> Result<(), Error> {
    sqlx::query("update part_refund set state = $2, next_try_at = null where refund_id = $1")
        .bind(part.id)
        .bind(part.state.name())
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn done(
    conn: &mut PgConnection,
    part: &Part,
    provider_ref: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update part_refund set state = $2, next_try_at = null, done_at = $3, provider_ref = $4 where refund_id = $1",
    )
    .bind(part.id)
    .bind(part.state.name())
    .bind(now)
    .bind(provider_ref)
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts an attempt that did not work out; answers how many there were.
pub(crate) async fn failed(conn: &mut PgConnection, id: Uuid) -> Result<u32, Error> {
    let attempts: i32 =
        sqlx::query_scalar("update part_refund set attempts = attempts + 1 where refund_id = $1 returning attempts")
            .bind(id)
            .fetch_one(conn)
            .await?;
    Ok(attempts.unsigned_abs())
}

pub(crate) async fn again(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update part_refund set next_try_at = $2 where refund_id = $1").bind(id).bind(at).execute(conn).await?;
    Ok(())
}

/// Writes a part that is back into the ledger.
pub(crate) async fn enter(
    conn: &mut PgConnection,
    payment: &Payment,
    part: &Part,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into ledger (payment_id, visit_id, kind, cents, method, at, refund_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(payment.id)
    .bind(payment.visit)
    .bind(Entry::PartRefund.name())
    .bind(-part.cents)
    .bind(payment.method.name())
    .bind(at)
    .bind(part.id)
    .execute(conn)
    .await?;
    Ok(())
}
