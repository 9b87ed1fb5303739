//! What the kitchen's own system has not taken, as staff see it and decide of it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::kitchen_system::{About, Letter, PATIENT_ATTEMPTS},
    error::Error,
};

/// So many are told.
const MOST: i64 = 100;

#[derive(FromRow)]
struct Row {
    push_id: Uuid,
    path: String,
    number: Option<i32>,
    attempts: i32,
    problem: String,
    made_at: Option<DateTime<Utc>>,
    next_try_at: Option<DateTime<Utc>>,
    given_up_by: String,
    given_up_reason: String,
}

impl Row {
    fn read(self) -> Letter {
        Letter {
            id: self.push_id,
            about: About::of_path(&self.path),
            number: self.number.map(i32::unsigned_abs),
            attempts: self.attempts.unsigned_abs(),
            problem: self.problem,
            made_at: self.made_at,
            next_try_at: self.next_try_at,
            given_up: (!self.given_up_by.is_empty()).then_some((self.given_up_by, self.given_up_reason)),
        }
    }
}

/// All that waits, was refused or was given up, the oldest first.
pub(crate) async fn open(conn: &mut PgConnection) -> Result<Vec<Letter>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select p.*, o.number from kds_push p left join meal_order o
             on o.order_id = case when p.subject = 'busy' then null else p.subject::uuid end
         where p.next_try_at is not null or p.problem <> '' or p.given_up_by <> ''
         order by p.given_up_by <> '', p.seq limit $1",
    )
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Row::read).collect())
}

/// How many wait, and how many were refused.
pub(crate) async fn count(conn: &mut PgConnection) -> Result<(u32, u32), Error> {
    let (waiting, refused): (i64, i64) = sqlx::query_as(
        "select (select count(*) from kds_push where next_try_at is not null),
                (select count(*) from kds_push where next_try_at is null and problem <> '' and given_up_by = '')",
    )
    .fetch_one(conn)
    .await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok((number(waiting), number(refused)))
}

/// How many staff are to look at: refused, or tried in vain more than once or twice.
pub(crate) async fn stuck(conn: &mut PgConnection) -> Result<u32, Error> {
    let stuck: i64 = sqlx::query_scalar(
        "select (select count(*) from kds_push where next_try_at is not null and attempts >= $1)
             + (select count(*) from kds_push where next_try_at is null and problem <> '' and given_up_by = '')",
    )
    .bind(PATIENT_ATTEMPTS.cast_signed())
    .fetch_one(conn)
    .await?;
    Ok(u32::try_from(stuck).unwrap_or(u32::MAX))
}

pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<Letter>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "select p.*, (select o.number from meal_order o
             where o.order_id = case when p.subject = 'busy' then null else p.subject::uuid end) as number
         from kds_push p where p.push_id = $1 for update of p",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Row::read))
}

/// Whether something newer about the same was taken, or is on its way: nobody knows whether it has just arrived.
pub(crate) async fn is_overtaken(conn: &mut PgConnection, id: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from kds_push p join kds_push later on later.subject = p.subject and later.seq > p.seq
             where p.push_id = $1 and later.given_up_by = ''
                 and (later.next_try_at is not null or later.problem = ''))",
    )
    .bind(id)
    .fetch_one(conn)
    .await?)
}

/// It waits, and its time has come; under another key if there is one.
pub(crate) async fn wait_again(
    conn: &mut PgConnection,
    id: Uuid,
    key: Option<Uuid>,
    wall: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update kds_push set next_try_at = $3, delivered_at = null, key = coalesce($2, key), given_up_by = '',
             given_up_reason = '' where push_id = $1",
    )
    .bind(id)
    .bind(key)
    .bind(wall)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn give_up(
    conn: &mut PgConnection,
    id: Uuid,
    by: &str,
    reason: &str,
    wall: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update kds_push set next_try_at = null, delivered_at = coalesce(delivered_at, $4), given_up_by = $2,
             given_up_reason = $3 where push_id = $1",
    )
    .bind(id)
    .bind(by)
    .bind(reason)
    .bind(wall)
    .execute(conn)
    .await?;
    Ok(())
}

/// When the system took something last, as far back as that is kept; and whether there is one.
pub(crate) async fn system(conn: &mut PgConnection) -> Result<(bool, Option<DateTime<Utc>>), Error> {
    Ok(sqlx::query_as(
        "select exists (select from kds_push_on),
                (select max(delivered_at) from kds_push where delivered_at is not null and problem = ''
                     and given_up_by = '')",
    )
    .fetch_one(conn)
    .await?)
}
