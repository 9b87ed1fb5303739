//! SQL of closures, and of the rights that they suspend.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::RightRow;
use crate::{
    domain::{Right, Site, SiteState},
    error::Error,
};

/// Opens the site, or says that nobody knows: no closure is in force any more.
pub(crate) async fn set_open(
    conn: &mut PgConnection,
    state: SiteState,
    reason: &Text,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    end(conn, now).await?;
    sqlx::query("update site set state = $1, reason = $2, closure_id = null")
        .bind(state.name())
        .bind(Json(reason))
        .execute(conn)
        .await?;
    Ok(())
}

/// Closes the site. What was before the first of several closures is what an undo goes back to.
pub(crate) async fn set_closed(
    conn: &mut PgConnection,
    site: &Site,
    state: SiteState,
    reason: &Text,
    until: Option<DateTime<Utc>>,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = kernel::values::new_id(now);
    sqlx::query(
        "insert into closure (closure_id, state, reason, set_by, set_at, until_at, state_before, reason_before)
         values ($1, $2, $3, $4, $5, $6, coalesce((select state_before from closure where closure_id = $9), $7),
             coalesce((select reason_before from closure where closure_id = $9), $8))",
    )
    .bind(id)
    .bind(state.name())
    .bind(Json(reason))
    .bind(by)
    .bind(now)
    .bind(until)
    .bind(site.state.name())
    .bind(Json(&site.reason))
    .bind(site.closure.map(|closure| closure.id))
    .execute(&mut *conn)
    .await?;
    end(conn, now).await?;
    sqlx::query("update site set state = $1, reason = $2, closure_id = $3")
        .bind(state.name())
        .bind(Json(reason))
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

async fn end(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update closure set ended_at = $1 where closure_id = (select closure_id from site)")
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// What was before a closure; None: there is no such closure.
pub(crate) async fn before(conn: &mut PgConnection, id: Uuid) -> Result<Option<(SiteState, Text)>, Error> {
    let row: Option<(String, Json<Text>)> =
        sqlx::query_as("select state_before, reason_before from closure where closure_id = $1")
            .bind(id)
            .fetch_optional(conn)
            .await?;
    row.map(|(state, reason)| {
        let state = SiteState::named(&state).ok_or_else(|| Error::Stored(format!("site state {state}")))?;
        // A site that was closed without a closure, as it was in former times, is opened by an undo.
        Ok((if state.sells() { state } else { SiteState::Open }, reason.0))
    })
    .transpose()
}

/// Whether and how the site can be used, and nothing else of it.
pub(crate) async fn state(conn: &mut PgConnection) -> Result<SiteState, Error> {
    let state: Option<String> = sqlx::query_scalar("select state from site").fetch_optional(conn).await?;
    let state = state.ok_or(Error::NotSetUp)?;
    SiteState::named(&state).ok_or_else(|| Error::Stored(format!("site state {state}")))
}

/// Whether bays of suspended rights may be given to others.
pub(crate) async fn releases(conn: &mut PgConnection) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select release_suspended from site").fetch_one(conn).await?)
}

/// Locks the rights that a closure up to `horizon` may concern: those that it would suspend, and those that are
/// suspended. Who booked first comes first: visits' ids are in the order of time.
pub(crate) async fn lock_concerned(
    conn: &mut PgConnection,
    horizon: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>(
        "select * from parking_right
         where valid_until > $2 and (state = 'suspended' or (state = 'confirmed' and valid_from < $1))
         order by visit_id for update",
    )
    .bind(horizon)
    .bind(now)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(RightRow::read)
    .collect()
}

/// Rights that a closure up to `horizon` would meet, in whatever state.
pub(crate) async fn met(
    conn: &mut PgConnection,
    horizon: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>("select * from parking_right where valid_until > $2 and valid_from < $1")
        .bind(horizon)
        .bind(now)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(RightRow::read)
        .collect()
}
