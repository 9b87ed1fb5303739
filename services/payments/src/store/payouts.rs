//! What waits at the desk, what it has handed out, and what the provider does not answer. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::parts::PartRow;
use crate::{
    domain::{
        Method,
        parts::{Part, PartState, Payout, whole},
    },
    error::Error,
};

/// So many are told of each kind.
const MOST: i64 = 100;
/// A provider that was asked so often and gave no answer is worth a look.
const OFTEN: i32 = 2;

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    part: PartRow,
    method: String,
    reason: String,
    requested_at: DateTime<Utc>,
    at_desk_since: Option<DateTime<Utc>>,
    attempts: i32,
}

impl Row {
    fn read(self) -> Result<Payout, Error> {
        Ok(Payout {
            part: self.part.read()?,
            paid_at_desk: self.method == Method::AtDesk.name(),
            reason: self.reason,
            since: self.at_desk_since.unwrap_or(self.requested_at),
            attempts: self.attempts.unsigned_abs(),
        })
    }
}

const PAYOUT: &str = "select r.*, p.method from part_refund r join payment p on p.id = r.payment_id";

pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<Payout>, Error> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{PAYOUT} where r.refund_id = $1")))
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.map(Row::read).transpose()
}

/// What waits at the desk, the oldest first; and how many and how much all of it is.
pub(crate) async fn open(conn: &mut PgConnection) -> Result<(Vec<Payout>, u32, i64), Error> {
    let order = "where r.state = 'at_desk' order by r.at_desk_since, r.refund_id limit $1";
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{PAYOUT} {order}"))).bind(MOST).fetch_all(&mut *conn).await?;
    let (count, cents): (i64, i64) =
        sqlx::query_as("select count(*), coalesce(sum(cents), 0)::bigint from part_refund where state = 'at_desk'")
            .fetch_one(conn)
            .await?;
    let rows = rows.into_iter().map(Row::read).collect::<Result<_, _>>()?;
    Ok((rows, u32::try_from(count).unwrap_or(u32::MAX), cents))
}

/// What the desk has handed out since, the newest first.
pub(crate) async fn paid_out(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<Payout>, Error> {
    let order = "where r.paid_out_by <> '' and r.done_at >= $1 order by r.done_at desc, r.refund_id limit $2";
    let rows: Vec<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{PAYOUT} {order}"))).bind(since).bind(MOST).fetch_all(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

#[derive(FromRow)]
struct Asked {
    payment_id: Uuid,
    part: Option<Uuid>,
    visit_id: Uuid,
    cents: i64,
    reason: String,
    requested_at: DateTime<Utc>,
    attempts: i32,
}

/// Whole refunds and parts for which the provider was asked more than once, or that nobody has answered since they were
/// asked for before `overdue`; the oldest first.
pub(crate) async fn unanswered(conn: &mut PgConnection, overdue: DateTime<Utc>) -> Result<Vec<Payout>, Error> {
    let rows: Vec<Asked> = sqlx::query_as(
        "select r.*, p.visit_id
         from (select payment_id, null::uuid as part, cents, reason, requested_at, attempts, next_try_at from refund
               union all select payment_id, refund_id, cents, reason, requested_at, attempts, next_try_at
                   from part_refund) r
         join payment p on p.id = r.payment_id
         where r.next_try_at is not null and (r.attempts >= $1 or r.requested_at <= $2)
         order by r.requested_at, r.payment_id limit $3",
    )
    .bind(OFTEN)
    .bind(overdue)
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    let payout = |row: Asked| Payout {
        part: Part {
            id: row.part.unwrap_or_else(|| whole(row.payment_id)),
            payment: row.payment_id,
            visit: row.visit_id,
            cents: row.cents,
            state: PartState::Returning,
            revision: 0,
            round: 0,
            paid_out: None,
        },
        paid_at_desk: false,
        reason: row.reason,
        since: row.requested_at,
        attempts: row.attempts.unsigned_abs(),
    };
    Ok(rows.into_iter().map(payout).collect())
}
