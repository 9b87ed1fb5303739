//! Every SQL statement on browsers' sessions and the visits they have opened.

use chrono::{DateTime, Utc};
use kernel::Role;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::{
    accounts::Account,
    error::Error,
    session::{Device, Notice, Session},
};

type Time = DateTime<Utc>;

pub(crate) async fn insert_session(
    conn: &mut PgConnection,
    id: Uuid,
    cookie_hash: &[u8],
    account: Option<&str>,
    device: Option<&[u8]>,
    expires_at: Time,
) -> Result<(), Error> {
    sqlx::query(
        "insert into session (id, cookie_hash, account, device_token_hash, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(cookie_hash)
    .bind(account)
    .bind(device)
    .bind(expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Opens a visitor's session unless there is one with this cookie; who opens the same at this moment is waited for.
pub(crate) async fn open_once(
    conn: &mut PgConnection,
    id: Uuid,
    cookie_hash: &[u8],
    expires_at: Time,
) -> Result<(), Error> {
    sqlx::query(
        "insert into session (id, cookie_hash, expires_at) values ($1, $2, $3)
         on conflict on constraint session_cookie do nothing",
    )
    .bind(id)
    .bind(cookie_hash)
    .bind(expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The session with this cookie, if it expires no earlier.
pub(crate) async fn opened_since(
    conn: &mut PgConnection,
    cookie_hash: &[u8],
    expires_at: Time,
) -> Result<Option<Uuid>, Error> {
    Ok(sqlx::query_scalar("select id from session where cookie_hash = $1 and expires_at >= $2")
        .bind(cookie_hash)
        .bind(expires_at)
        .fetch_optional(conn)
        .await?)
}

/// The session lasts until then.
pub(crate) async fn renew_session(conn: &mut PgConnection, id: Uuid, expires_at: Time) -> Result<(), Error> {
    sqlx::query("update session set expires_at = $2 where id = $1").bind(id).bind(expires_at).execute(conn).await?;
    Ok(())
}

pub(crate) async fn delete_session(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query("delete from session where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

pub(crate) async fn delete_old_sessions(conn: &mut PgConnection, now: Time) -> Result<(), Error> {
    sqlx::query("delete from session where expires_at <= $1").bind(now).execute(conn).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    account: Option<String>,
    roles: Option<Vec<String>>,
    device_id: Option<String>,
    device_kind: Option<String>,
    current_visit: Option<Uuid>,
    has_notice: bool,
    expires_at: Time,
}

/// The live session of a cookie. That of a disabled account or a revoked device is dead.
pub(crate) async fn session(pool: &PgPool, cookie_hash: &[u8], now: Time) -> Result<Option<Session>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "select s.id, a.name as account, a.roles, d.device_id, d.kind as device_kind, s.current_visit,
                s.notice is not null as has_notice, s.expires_at
         from session s
         left join account a on a.name = s.account
         left join device d on d.token_hash = s.device_token_hash
         where s.cookie_hash = $1 and s.expires_at > $2 and a.disabled is not true and d.revoked_at is null",
    )
    .bind(cookie_hash)
    .bind(now)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Session {
        id: row.id,
        staff: row.account.map(|name| Account {
            name,
            roles: row.roles.unwrap_or_default().iter().filter_map(|role| Role::named(role)).collect(),
        }),
        device: row.device_id.zip(row.device_kind).map(|(id, kind)| Device { id, kind }),
        visit: row.current_visit,
        has_notice: row.has_notice,
        expires_at: row.expires_at,
    }))
}

/// Says something on the session's next page.
pub(crate) async fn put_notice(conn: &mut PgConnection, id: Uuid, notice: &Notice) -> Result<(), Error> {
    sqlx::query("update session set notice = $2 where id = $1").bind(id).bind(Json(notice)).execute(conn).await?;
    Ok(())
}

pub(crate) async fn take_notice(conn: &mut PgConnection, id: Uuid) -> Result<Option<Notice>, Error> {
    let notice: Option<Option<Json<Notice>>> = sqlx::query_scalar(
        "with old as (select id, notice from session where id = $1 for update)
         update session s set notice = null from old where s.id = old.id returning old.notice",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(notice.flatten().map(|notice| notice.0))
}

/// The session may see this visit from now on, and shows it.
pub(crate) async fn open_visit(
    conn: &mut PgConnection,
    session: Uuid,
    visit: Uuid,
    link_shown: bool,
    now: Time,
) -> Result<(), Error> {
    sqlx::query(
        "with opened as (
             insert into session_visit (session_id, visit_id, link_shown, opened_at) values ($1, $2, $3, $4)
             on conflict do nothing)
         update session set current_visit = $2 where id = $1",
    )
    .bind(session)
    .bind(visit)
    .bind(link_shown)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// The visits that a session has opened, newest first.
pub(crate) async fn visits(pool: &PgPool, session: Uuid) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select visit_id from session_visit where session_id = $1 order by opened_at desc, visit_id limit 20",
    )
    .bind(session)
    .fetch_all(pool)
    .await?)
}

/// Those that it has opened since, newest first.
pub(crate) async fn visits_since(pool: &PgPool, session: Uuid, since: Time) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "select visit_id from session_visit where session_id = $1 and opened_at > $2
         order by opened_at desc, visit_id limit 20",
    )
    .bind(session)
    .bind(since)
    .fetch_all(pool)
    .await?)
}

pub(crate) async fn has_opened(pool: &PgPool, session: Uuid, visit: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select 1 from session_visit where session_id = $1 and visit_id = $2)")
        .bind(session)
        .bind(visit)
        .fetch_one(pool)
        .await?)
}

/// True for the first who asks: then the link is to be shown.
pub(crate) async fn claim_link(conn: &mut PgConnection, session: Uuid, visit: Uuid) -> Result<bool, Error> {
    let done = sqlx::query(
        "update session_visit set link_shown = true where session_id = $1 and visit_id = $2 and not link_shown",
    )
    .bind(session)
    .bind(visit)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
