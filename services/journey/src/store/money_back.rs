//! Parts that go back, as they were asked for and as payments has told of them since.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::money_back::{BackState, MoneyBack, Owed},
    error::Error,
};

#[derive(FromRow)]
struct Row {
    refund_id: Uuid,
    visit_id: Uuid,
    cents: i64,
    reason: Json<Text>,
    state: String,
    revision: i32,
    asked_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<MoneyBack, Error> {
        Ok(MoneyBack {
            id: self.refund_id,
            visit: self.visit_id,
            cents: self.cents,
            reason: self.reason.0,
            state: BackState::named(&self.state).ok_or_else(|| Error::Stored(format!("money_back {}", self.state)))?,
            revision: self.revision.unsigned_abs(),
            asked_at: self.asked_at,
        })
    }
}

/// False: it was asked for before.
pub(crate) async fn add(conn: &mut PgConnection, visit: Uuid, owed: &Owed, now: DateTime<Utc>) -> Result<bool, Error> {
    let added = sqlx::query(
        "insert into money_back (refund_id, visit_id, cents, reason, state, asked_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (refund_id) do nothing",
    )
    .bind(owed.id)
    .bind(visit)
    .bind(owed.cents)
    .bind(Json(&owed.reason))
    .bind(BackState::Asked.name())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(added.rows_affected() > 0)
}

pub(crate) async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<MoneyBack>, Error> {
    let row: Option<Row> =
        sqlx::query_as("select * from money_back where refund_id = $1").bind(id).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// What payments says of it: how far it is, and how much.
pub(crate) async fn save(conn: &mut PgConnection, it: &MoneyBack) -> Result<(), Error> {
    sqlx::query("update money_back set state = $2, cents = $3, revision = $4 where refund_id = $1")
        .bind(it.id)
        .bind(it.state.name())
        .bind(it.cents)
        .bind(it.revision.cast_signed())
        .execute(conn)
        .await?;
    Ok(())
}

/// Visits whose bay cost something, cannot be used, or could not when they were due, and whose time for it is over.
pub(crate) async fn lost_bays(conn: &mut PgConnection, now: DateTime<Utc>, most: i64) -> Result<Vec<Uuid>, Error> {
    // By id, as whoever locks many does.
    Ok(sqlx::query_scalar(
        "select id from visit
         where (bay_suspended or bay_kept_out) and state in ('confirming', 'confirmed') and entered_at is null
             and bay ->> 'part' = 'confirmed' and (bay ->> 'until')::timestamptz <= $1
             and jsonb_path_exists(bay, '$.items[*] ? (@.unit_cents > 0 && @.quantity > 0)')
         order by id limit $2",
    )
    .bind(now)
    .bind(most)
    .fetch_all(conn)
    .await?)
}

/// Those of visits, the oldest first.
pub(crate) async fn of_visits(
    conn: &mut PgConnection,
    visits: &[Uuid],
) -> Result<HashMap<Uuid, Vec<MoneyBack>>, Error> {
    let rows: Vec<Row> =
        sqlx::query_as("select * from money_back where visit_id = any($1) order by asked_at, refund_id")
            .bind(visits)
            .fetch_all(conn)
            .await?;
    let mut found: HashMap<Uuid, Vec<MoneyBack>> = HashMap::new();
    for row in rows {
        found.entry(row.visit_id).or_default().push(row.read()?);
    }
    Ok(found)
}
