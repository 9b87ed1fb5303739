//! Steps that can still be taken back. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::steps::{Change, Step},
    error::Error,
};

#[derive(FromRow)]
struct StepRow {
    id: Uuid,
    about: String,
    showing_id: Option<Uuid>,
    what: Json<Text>,
    change: Json<Change>,
    by: String,
    at: DateTime<Utc>,
    undone: bool,
}

impl From<StepRow> for Step {
    fn from(row: StepRow) -> Self {
        Self {
            id: row.id,
            about: row.about,
            showing: row.showing_id,
            what: row.what.0,
            change: row.change.0,
            by: row.by,
            at: row.at,
            undone: row.undone,
        }
    }
}

/// Notes a step; the one before it about the same can no longer be taken back.
pub(crate) async fn note(conn: &mut PgConnection, step: &Step) -> Result<(), Error> {
    sqlx::query(
        "insert into door_step (id, about, showing_id, what, change, by, at) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (about) do update
             set id = $1, showing_id = $3, what = $4, change = $5, by = $6, at = $7, undone = false",
    )
    .bind(step.id)
    .bind(&step.about)
    .bind(step.showing)
    .bind(Json(&step.what))
    .bind(Json(&step.change))
    .bind(&step.by)
    .bind(step.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// A step; what it is about must be locked before it is taken back.
pub(crate) async fn get(conn: &mut PgConnection, id: Uuid) -> Result<Option<Step>, Error> {
    let row: Option<StepRow> =
        sqlx::query_as("select * from door_step where id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row.map(Step::from))
}

/// Those that were made since, the newest first.
pub(crate) async fn since(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<Step>, Error> {
    let rows: Vec<StepRow> =
        sqlx::query_as("select * from door_step where at > $1 and not undone order by at desc, id")
            .bind(since)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(Step::from).collect())
}

/// Something that cannot be taken back has followed.
pub(crate) async fn settle(conn: &mut PgConnection, about: &str) -> Result<(), Error> {
    sqlx::query("delete from door_step where about = $1").bind(about).execute(conn).await?;
    Ok(())
}

pub(crate) async fn mark_undone(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query("update door_step set undone = true where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Forgets those that can no longer be taken back, counts of zones from before another instant; true: there were some.
pub(crate) async fn forget(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    counts_before: DateTime<Utc>,
) -> Result<bool, Error> {
    // Whoever is just replacing one holds its row: it is no longer old then.
    let done = sqlx::query(
        "delete from door_step where id in (select id from door_step
             where at <= case when change ? 'Zone' then $2 else $1 end for update skip locked)",
    )
    .bind(before)
    .bind(counts_before)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
