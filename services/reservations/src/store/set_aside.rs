//! What was told of visits whose showing somebody keeps locked.

use std::collections::HashSet;

use kernel::Event;
use sqlx::PgConnection;
use uuid::Uuid;

use super::sale::patience;
use crate::error::Error;

/// Locks the showings of visits, by their ids. Answers the visits whose turn is later, because their showing is kept locked
/// or something was set aside of them before.
pub(crate) async fn lock_showings_of(conn: &mut PgConnection, visits: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
    let later: Vec<Uuid> = sqlx::query_scalar("select lock_showings_of($1, $2)")
        .bind(visits)
        .bind(patience::TOGETHER)
        .fetch_all(conn)
        .await?;
    Ok(later.into_iter().collect())
}

/// Keeps events of visits for later, in their order.
pub(crate) async fn save(conn: &mut PgConnection, events: &[(Uuid, &Event)]) -> Result<(), Error> {
    for (visit, event) in events {
        sqlx::query(
            "insert into set_aside
                 (visit_id, pub_seq, event_id, aggregate_id, aggregate_version, type, payload, occurred_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(visit)
        .bind(event.pub_seq)
        .bind(event.event_id)
        .bind(&event.aggregate_id)
        .bind(event.aggregate_version)
        .bind(&event.type_name)
        .bind(&event.payload)
        .bind(event.occurred_at)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The visits of which something waits, with their showings, in the order in which it was told.
pub(crate) async fn waiting(conn: &mut PgConnection) -> Result<Vec<(Uuid, Uuid)>, Error> {
    Ok(sqlx::query_as(
        "select w.visit_id, b.showing_id from set_aside w join booking b on b.visit_id = w.visit_id
         group by w.visit_id, b.showing_id order by min(w.set_aside_id)",
    )
    .fetch_all(conn)
    .await?)
}

/// Takes what was told first of what waits of a visit, if anything does. Its showing must be locked.
pub(crate) async fn take_first(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Event>, Error> {
    Ok(sqlx::query_as(
        "delete from set_aside
         where set_aside_id = (select min(set_aside_id) from set_aside where visit_id = $1) returning *",
    )
    .bind(visit)
    .fetch_optional(conn)
    .await?)
}

/// Takes all that waits of a visit, in the order in which it was told. Nobody may react to journey meanwhile.
pub(crate) async fn take_all(conn: &mut PgConnection, visit: Uuid) -> Result<Vec<Event>, Error> {
    Ok(sqlx::query_as(
        "with mine as (delete from set_aside where visit_id = $1 returning *)
         select * from mine order by set_aside_id",
    )
    .bind(visit)
    .fetch_all(conn)
    .await?)
}
