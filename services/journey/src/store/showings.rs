//! The SQL of our copy of showings, and of the visits of one. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{VisitRow, all};
use crate::{
    domain::{Admission, Showing, State, Times, Visit},
    error::Error,
};

#[derive(FromRow)]
pub(super) struct ShowingRow {
    showing_id: Uuid,
    title: Json<Text>,
    hall: String,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    doors_at: Option<DateTime<Utc>>,
    last_entry_at: Option<DateTime<Utc>>,
    predicted_end_at: Option<DateTime<Utc>>,
    admission: String,
    cancelled: bool,
    notice: Json<Text>,
}

/// None while its times are not known.
pub(super) fn read(row: Option<ShowingRow>) -> Result<Option<Showing>, Error> {
    let Some(row) = row else { return Ok(None) };
    let (Some(starts_at), Some(ends_at), Some(doors_at)) = (row.starts_at, row.ends_at, row.doors_at) else {
        return Ok(None);
    };
    let admission =
        Admission::named(&row.admission).ok_or_else(|| Error::Stored(format!("admission {}", row.admission)))?;
    Ok(Some(Showing {
        id: row.showing_id,
        title: row.title.0,
        hall: row.hall,
        starts_at,
        ends_at,
        doors_at,
        last_entry_at: row.last_entry_at,
        predicted_end_at: row.predicted_end_at,
        admission,
        cancelled: row.cancelled,
        notice: row.notice.0,
    }))
}

pub(crate) async fn get(conn: &mut PgConnection, id: Uuid) -> Result<Option<Showing>, Error> {
    read(sqlx::query_as("select * from showing where showing_id = $1").bind(id).fetch_optional(conn).await?)
}

/// Keeps what reservations answered, if no event has told more. For a showing that [`super::many::share_all`] does not find:
/// writing waits for everybody else who has it.
pub(crate) async fn learn(conn: &mut PgConnection, showing: &Showing) -> Result<(), Error> {
    sqlx::query(
        "insert into showing (showing_id, title, hall, starts_at, ends_at, doors_at, last_entry_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (showing_id) do update
             set title = excluded.title, hall = excluded.hall, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
                 doors_at = excluded.doors_at, last_entry_at = excluded.last_entry_at
             where showing.starts_at is null",
    )
    .bind(showing.id)
    .bind(Json(&showing.title))
    .bind(&showing.hall)
    .bind(showing.starts_at)
    .bind(showing.ends_at)
    .bind(showing.doors_at)
    .bind(showing.last_entry_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// New times from reservations; with a title when it is scheduled, with a notice when it is delayed.
pub(crate) async fn set_times(
    conn: &mut PgConnection,
    id: Uuid,
    title: Option<&Text>,
    times: Times,
    notice: Option<&Text>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into showing (showing_id, title, starts_at, ends_at, doors_at, notice, last_entry_at)
         values ($1, coalesce($2, '{\"de\": \"\"}'), $3, $4, $5, coalesce($6, '{\"de\": \"\"}'), $7)
         on conflict (showing_id) do update
             set title = coalesce($2, showing.title), starts_at = $3, ends_at = $4, doors_at = $5, last_entry_at = $7,
                 notice = coalesce($6, showing.notice)",
    )
    .bind(id)
    .bind(title.map(Json))
    .bind(times.starts_at)
    .bind(times.ends_at)
    .bind(times.doors_at)
    .bind(notice.map(Json))
    .bind(times.last_entry_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Where it is.
pub(crate) async fn set_hall(conn: &mut PgConnection, id: Uuid, hall: &str) -> Result<(), Error> {
    sqlx::query("update showing set hall = $2 where showing_id = $1").bind(id).bind(hall).execute(conn).await?;
    Ok(())
}

/// What follows an abort at the door is cleaning up: for its visitors the showing stays broken off.
pub(crate) async fn set_admission(
    conn: &mut PgConnection,
    id: Uuid,
    admission: Admission,
    predicted_end_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into showing (showing_id, admission, predicted_end_at) values ($1, $2, $3)
         on conflict (showing_id) do update
             set admission = case when showing.admission = 'aborted' and $2 in ('egress', 'turnover', 'closed')
                     then showing.admission else $2 end,
                 predicted_end_at = coalesce($3, showing.predicted_end_at)",
    )
    .bind(id)
    .bind(admission.name())
    .bind(predicted_end_at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn set_cancelled(conn: &mut PgConnection, id: Uuid, notice: &Text) -> Result<(), Error> {
    sqlx::query(
        "insert into showing (showing_id, cancelled, notice) values ($1, true, $2)
         on conflict (showing_id) do update set cancelled = true, notice = $2",
    )
    .bind(id)
    .bind(Json(notice))
    .execute(conn)
    .await?;
    Ok(())
}

/// They have places, or may have.
const COMING: [State; 4] = [State::Held, State::AwaitingPayment, State::Confirming, State::Confirmed];

fn coming() -> Vec<&'static str> {
    COMING.iter().map(|state| state.name()).collect()
}

/// Those, and who waits for places.
fn live() -> Vec<&'static str> {
    coming().into_iter().chain([State::Waiting.name()]).collect()
}

/// The visits of a showing that are under way, locked.
pub(crate) async fn lock_live(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Visit>, Error> {
    let rows: Vec<VisitRow> =
        sqlx::query_as("select * from visit where showing_id = $1 and state = any($2) order by id for update")
            .bind(showing)
            .bind(live())
            .fetch_all(conn)
            .await?;
    all(rows)
}

/// How many come, or are about to.
pub(crate) async fn count_coming(conn: &mut PgConnection, showing: Uuid) -> Result<u32, Error> {
    let count: i64 = sqlx::query_scalar("select count(*) from visit where showing_id = $1 and state = any($2)")
        .bind(showing)
        .bind(coming())
        .fetch_one(conn)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The visits that are booked for a showing.
pub(crate) async fn booked(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Visit>, Error> {
    let rows: Vec<VisitRow> = sqlx::query_as(
        "select * from visit where showing_id = $1 and state in ('confirming', 'confirmed') order by id",
    )
    .bind(showing)
    .fetch_all(conn)
    .await?;
    all(rows)
}

/// What the visitors of a showing see has changed: answers whose.
pub(crate) async fn bump_live(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Uuid>, Error> {
    // Locked by id first, so that two showings' worth of changes cannot cross.
    Ok(sqlx::query_scalar(
        "with mine as (select id from visit where showing_id = $1 and state = any($2) order by id for update)
         update visit v set revision = revision + 1 from mine where v.id = mine.id returning v.id",
    )
    .bind(showing)
    .bind(live())
    .fetch_all(conn)
    .await?)
}
