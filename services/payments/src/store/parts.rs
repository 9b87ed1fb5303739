//! Parts that go back, and their lines in the ledger.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::{
        Entry, Payment,
        parts::{Part, PartState, PartWish, whole},
    },
    error::Error,
};

#[derive(FromRow)]
pub(super) struct PartRow {
    refund_id: Uuid,
    payment_id: Uuid,
    visit_id: Uuid,
    cents: i64,
    state: String,
    revision: i32,
    round: i32,
    paid_out_by: String,
    done_at: Option<DateTime<Utc>>,
}

impl PartRow {
    pub(super) fn read(self) -> Result<Part, Error> {
        Ok(Part {
            revision: self.revision.unsigned_abs(),
            round: self.round.unsigned_abs(),
            paid_out: self.done_at.zip(Some(self.paid_out_by).filter(|by| !by.is_empty())),
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

/// What went back of a payment at the end, by the provider or at the desk; 0: parts had left nothing.
pub(crate) async fn refunded(conn: &mut PgConnection, payment: Uuid) -> Result<i64, Error> {
    let cents: Option<i64> = sqlx::query_scalar(
        "select cents from refund where payment_id = $1 and done_at is not null
         union all select cents from part_refund where refund_id = $2 and state = 'done'",
    )
    .bind(payment)
    .bind(whole(payment))
    .fetch_optional(conn)
    .await?;
    Ok(cents.unwrap_or_default())
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
             next_try_at, at_desk_since)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
    .bind((part.state == PartState::AtDesk).then_some(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves a state in which the provider is not asked any more.
pub(crate) async fn set_state(conn: &mut PgConnection, part: &Part, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "update part_refund set state = $2, revision = $3, next_try_at = null, at_desk_since = coalesce(at_desk_since, $4)
         where refund_id = $1",
    )
    .bind(part.id)
    .bind(part.state.name())
    .bind(part.revision.cast_signed())
    .bind((part.state == PartState::AtDesk).then_some(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// It waits at the desk again, since when it did before.
pub(crate) async fn back_at_desk(conn: &mut PgConnection, part: &Part) -> Result<(), Error> {
    sqlx::query(
        "update part_refund set state = $2, revision = $3, round = $4, done_at = null, paid_out_by = ''
         where refund_id = $1",
    )
    .bind(part.id)
    .bind(part.state.name())
    .bind(part.revision.cast_signed())
    .bind(part.round.cast_signed())
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
        "update part_refund set state = $2, revision = $3, next_try_at = null, done_at = $4, provider_ref = $5,
             paid_out_by = $6
         where refund_id = $1",
    )
    .bind(part.id)
    .bind(part.state.name())
    .bind(part.revision.cast_signed())
    .bind(now)
    .bind(provider_ref)
    .bind(part.paid_out.as_ref().map_or("", |(_, by)| by.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

/// How often the provider was asked for a part.
pub(crate) async fn attempts(conn: &mut PgConnection, id: Uuid) -> Result<u32, Error> {
    let attempts: i32 =
        sqlx::query_scalar("select attempts from part_refund where refund_id = $1").bind(id).fetch_one(conn).await?;
    Ok(attempts.unsigned_abs())
}

pub(crate) async fn again(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update part_refund set next_try_at = $2 where refund_id = $1").bind(id).bind(at).execute(conn).await?;
    Ok(())
}

/// Writes into the ledger that a part is back, or that it was not handed out after all.
pub(crate) async fn enter(
    conn: &mut PgConnection,
    payment: &Payment,
    part: &Part,
    entry: Entry,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into ledger (payment_id, visit_id, kind, cents, method, at, refund_id, round)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(payment.id)
    .bind(payment.visit)
    .bind(entry.name())
    .bind(if entry == Entry::PayoutBack { part.cents } else { -part.cents })
    .bind(payment.method.name())
    .bind(at)
    .bind(part.id)
    .bind(part.round.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}
