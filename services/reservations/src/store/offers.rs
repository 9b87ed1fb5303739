//! When showings go on sale and what their offers turn to by themselves. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Showing, schedule::AnnouncedRelease},
    error::Error,
};

/// A place and the end of its hold.
pub(crate) type Taken = (String, Option<DateTime<Utc>>);

/// Showings of which something is offered anew by itself; a few at a time, because they are locked.
pub(crate) async fn due_turns(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Showing>, Error> {
    let due: Vec<Uuid> = sqlx::query_scalar(
        "select id from showing
         where id in (select id from showing where next_turn_at <= $1 order by next_turn_at limit 200)
         order by id for update skip locked",
    )
    .bind(now)
    .fetch_all(&mut *conn)
    .await?;
    if due.is_empty() { Ok(Vec::new()) } else { super::showings_of(conn, &due).await }
}

/// They have turned: the next time, and a revision, because what is offered has changed.
pub(crate) async fn save_turns(conn: &mut PgConnection, turns: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), Error> {
    let (ids, next): (Vec<Uuid>, Vec<Option<DateTime<Utc>>>) = turns.iter().copied().unzip();
    sqlx::query(
        "update showing s set next_turn_at = coalesce(t.next, 'infinity'), revision = s.revision + 1
         from unnest($1::uuid[], $2::timestamptz[]) t (id, next) where s.id = t.id",
    )
    .bind(ids)
    .bind(next)
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the start of the sale of a showing that has not begun.
pub(crate) async fn set_sale_start(
    conn: &mut PgConnection,
    showing: Uuid,
    on_sale_at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "update showing set on_sale_at = $2, next_turn_at = '-infinity', revision = revision + 1,
             sale_version = sale_version + 1
         where id = $1",
    )
    .bind(showing)
    .bind(on_sale_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the start of the sale of a release, of those of its showings that are still to come, and of those
/// that will be scheduled later. Answers how many showings that were; none: there is no such release.
pub(crate) async fn set_release_start(
    conn: &mut PgConnection,
    release: &str,
    on_sale_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<u64>, Error> {
    let known = sqlx::query("update release set on_sale_at = $2 where id = $1 and not withdrawn")
        .bind(release)
        .bind(on_sale_at)
        .execute(&mut *conn)
        .await?;
    if known.rows_affected() == 0 {
        return Ok(None);
    }
    let moved = sqlx::query(
        "with due as materialized (
             select id from showing where release_id = $1 and starts_at > $3 order by id for update)
         update showing s set on_sale_at = $2, next_turn_at = '-infinity', revision = revision + 1,
             sale_version = sale_version + 1
         from due where s.id = due.id",
    )
    .bind(release)
    .bind(on_sale_at)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(Some(moved.rows_affected()))
}

/// Saves a release; true if the file says another start of the sale than before. An instant that was moved
/// since is kept until then.
pub(crate) async fn save_release(conn: &mut PgConnection, release: &AnnouncedRelease) -> Result<bool, Error> {
    let known: Option<DateTime<Utc>> = sqlx::query_scalar("select file_on_sale_at from release where id = $1")
        .bind(&release.id)
        .fetch_optional(&mut *conn)
        .await?;
    sqlx::query(
        "insert into release (id, name, first_day, last_day, titles, on_sale_at, file_on_sale_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (id) do update set name = $2, first_day = $3, last_day = $4, titles = $5, file_on_sale_at = $6,
             withdrawn = false",
    )
    .bind(&release.id)
    .bind(Json(&release.name))
    .bind(release.first_day)
    .bind(release.last_day)
    .bind(&release.titles)
    .bind(release.on_sale_at)
    .execute(conn)
    .await?;
    Ok(known.is_some_and(|known| known != release.on_sale_at))
}

/// Releases that the file does not announce any more have no showings to come.
pub(crate) async fn withdraw_releases(conn: &mut PgConnection, named: &[&str]) -> Result<(), Error> {
    let withdrawn =
        sqlx::query("update release set withdrawn = true where not withdrawn and id <> all ($1)").bind(named);
    withdrawn.execute(conn).await?;
    Ok(())
}

/// Showings to come that are not of their release any more, by its days, its titles or because it was withdrawn, leave it: they
/// are on sale at once, unless somebody has said otherwise of one of them.
pub(crate) async fn leave_releases(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "with due as materialized (
             select s.id, nullif(s.on_sale_at, r.on_sale_at) as on_sale_at
             from showing s join release r on r.id = s.release_id
             where s.starts_at > $1 and not (
                 (s.scheduled_starts_at at time zone 'Europe/Berlin')::date between r.first_day and r.last_day
                 and (r.titles = '{}' or s.title_id = any(r.titles)) and not r.withdrawn)
             order by s.id for update of s)
         update showing s set release_id = null, on_sale_at = due.on_sale_at,
             next_turn_at = '-infinity', revision = revision + 1, sale_version = sale_version + 1
         from due where s.id = due.id",
    )
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Public showings to come of a release's days belong to it, and go on sale with it unless somebody has
/// said otherwise.
pub(crate) async fn join_releases(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(
        "with due as materialized (
             select s.id, r.id as release_id, r.on_sale_at from showing s
             cross join lateral (
                 select id, on_sale_at from release
                 where (s.scheduled_starts_at at time zone 'Europe/Berlin')::date between first_day and last_day
                     and (titles = '{}' or s.title_id = any(titles)) and not withdrawn
                 order by id limit 1) r
             where s.starts_at > $1 and s.audience = 'public' and s.release_id is null
             order by s.id for update of s)
         update showing s set release_id = due.release_id, on_sale_at = coalesce(s.on_sale_at, due.on_sale_at),
             next_turn_at = '-infinity', revision = revision + 1, sale_version = sale_version + 1
         from due where s.id = due.id",
    )
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// The places that somebody has, by showing, each with the end of its hold; None: for good.
pub(crate) async fn taken(
    conn: &mut PgConnection,
    showings: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Taken>>, Error> {
    type TakenRow = (Uuid, Vec<String>, Vec<Option<DateTime<Utc>>>);
    let rows: Vec<TakenRow> = sqlx::query_as(
        "select showing_id, array_agg(seat), array_agg(expires_at)
         from seat_claim join unnest($1::uuid[]) wanted on showing_id = wanted
         where expires_at is null or expires_at > $2 group by showing_id",
    )
    .bind(showings)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(id, seats, until)| (id, seats.into_iter().zip(until).collect())).collect())
}
