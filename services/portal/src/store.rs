//! Every SQL statement on accounts, failures and pairings; devices, the house's words, sessions, waiting rooms and
//! steps that are put off have their own files.

mod devices;
mod house_words;
mod put_off;
mod sessions;
mod waiting_rooms;

use chrono::{DateTime, Utc};
use kernel::Role;
use sqlx::{PgConnection, PgPool};

pub(crate) use self::{devices::*, house_words::*, put_off::*, sessions::*, waiting_rooms::*};
use crate::{accounts::Account, error::Error};

type Time = DateTime<Utc>;

fn account(name: String, roles: &[String]) -> Account {
    Account { name, roles: roles.iter().filter_map(|role| Role::named(role)).collect() }
}

pub(crate) async fn save_account(
    conn: &mut PgConnection,
    name: &str,
    hash: &str,
    roles: &[Role],
    now: Time,
) -> Result<(), Error> {
    let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    sqlx::query(
        "with gone as (delete from session where account = $1)
         insert into account (name, password_hash, roles, changed_at) values ($1, $2, $3, $4)
         on conflict (name) do update set password_hash = $2, roles = $3, changed_at = $4, disabled = false",
    )
    .bind(name)
    .bind(hash)
    .bind(roles)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Until this connection ends, nobody else who asks so changes accounts: what one of two has looked at before it takes one
/// away, the other could take away meanwhile.
pub(crate) async fn lock_accounts(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select pg_advisory_lock(hashtextextended('sky.portal.accounts', 0))").execute(conn).await?;
    Ok(())
}

/// All, and whether each is disabled.
pub(crate) async fn accounts(conn: &mut PgConnection) -> Result<Vec<(Account, bool)>, Error> {
    let rows: Vec<(String, Vec<String>, bool)> =
        sqlx::query_as("select name, roles, disabled from account order by name").fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(name, roles, disabled)| (account(name, &roles), disabled)).collect())
}

/// Takes an account away or gives it back; its sessions end.
pub(crate) async fn set_disabled(conn: &mut PgConnection, name: &str, disabled: bool, now: Time) -> Result<(), Error> {
    sqlx::query(
        "with gone as (delete from session where account = $1)
         update account set disabled = $2, changed_at = $3 where name = $1",
    )
    .bind(name)
    .bind(disabled)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn account_with_hash(pool: &PgPool, name: &str) -> Result<Option<(Account, String)>, Error> {
    let row: Option<(String, Vec<String>, String)> =
        sqlx::query_as("select name, roles, password_hash from account where name = $1 and not disabled")
            .bind(name)
            .fetch_optional(pool)
            .await?;
    Ok(row.map(|(name, roles, hash)| (account(name, &roles), hash)))
}

/// Failed sign-ins of an account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Failures {
    pub(crate) blocked_until: Time,
}

pub(crate) async fn failures(pool: &PgPool, name: &str, since: Time) -> Result<Option<Failures>, Error> {
    Ok(sqlx::query_as("select blocked_until from sign_in_failure where account = $1 and last_at > $2")
        .bind(name)
        .bind(since)
        .fetch_optional(pool)
        .await?)
}

/// Counts one more and answers how many there are; old ones do not count.
pub(crate) async fn add_failure(conn: &mut PgConnection, name: &str, now: Time, since: Time) -> Result<i32, Error> {
    Ok(sqlx::query_scalar(
        "insert into sign_in_failure as f (account, failures, blocked_until, last_at) values ($1, 1, $2, $2)
         on conflict (account) do update set last_at = $2,
             failures = case when f.last_at > $3 then least(f.failures + 1, 1000) else 1 end
         returning failures",
    )
    .bind(name)
    .bind(now)
    .bind(since)
    .fetch_one(conn)
    .await?)
}

pub(crate) async fn block_until(conn: &mut PgConnection, name: &str, until: Time) -> Result<(), Error> {
    sqlx::query("update sign_in_failure set blocked_until = $2 where account = $1")
        .bind(name)
        .bind(until)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn delete_failures(conn: &mut PgConnection, name: &str) -> Result<(), Error> {
    sqlx::query("delete from sign_in_failure where account = $1").bind(name).execute(conn).await?;
    Ok(())
}

pub(crate) async fn delete_old_failures(conn: &mut PgConnection, before: Time) -> Result<(), Error> {
    sqlx::query("delete from sign_in_failure where last_at < $1").bind(before).execute(conn).await?;
    Ok(())
}

/// How many were begun in the house's own network, or elsewhere, and in one network.
pub(crate) async fn count_pairings(
    conn: &mut PgConnection,
    is_near: bool,
    network_hash: &[u8],
) -> Result<(i64, i64), Error> {
    Ok(sqlx::query_as(
        "select count(*) filter (where is_near = $1), count(*) filter (where network_hash = $2) from pairing",
    )
    .bind(is_near)
    .bind(network_hash)
    .fetch_one(conn)
    .await?)
}

/// Deletes the oldest one that nobody has approved, of the network that has most. False: all have `fewer` or one more.
pub(crate) async fn make_room(conn: &mut PgConnection, is_near: bool, fewer: i64) -> Result<bool, Error> {
    let done = sqlx::query(
        "delete from pairing where secret_hash = (
             select secret_hash from pairing
             join (select network_hash, count(*) as codes from pairing where is_near = $1 group by network_hash) as n
                 using (network_hash)
             where is_near = $1 and codes > $2 + 1 and device_id is null
             order by codes desc, expires_at limit 1 for update of pairing skip locked)",
    )
    .bind(is_near)
    .bind(fewer)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn delete_old_pairings(conn: &mut PgConnection, now: Time) -> Result<(), Error> {
    sqlx::query("delete from pairing where expires_at <= $1").bind(now).execute(conn).await?;
    Ok(())
}

/// False: the claim code is in use.
pub(crate) async fn insert_pairing(
    conn: &mut PgConnection,
    (secret_hash, network_hash): (Vec<u8>, &[u8]),
    is_near: bool,
    claim_code: &str,
    kind: &str,
    expires_at: Time,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into pairing (secret_hash, claim_code, kind, expires_at, network_hash, is_near)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (claim_code) do nothing",
    )
    .bind(secret_hash)
    .bind(claim_code)
    .bind(kind)
    .bind(expires_at)
    .bind(network_hash)
    .bind(is_near)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The claim code that a device still shows.
pub(crate) async fn claim_code(pool: &PgPool, secret_hash: &[u8], now: Time) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar("select claim_code from pairing where secret_hash = $1 and expires_at > $2")
        .bind(secret_hash)
        .bind(now)
        .fetch_optional(pool)
        .await?)
}

pub(crate) async fn approve_pairing(
    conn: &mut PgConnection,
    claim_code: &str,
    device_id: &str,
    by: &str,
    now: Time,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "update pairing set device_id = $2, approved_by = $3
         where claim_code = $1 and expires_at > $4 and (device_id is null or device_id = $2) returning kind",
    )
    .bind(claim_code)
    .bind(device_id)
    .bind(by)
    .bind(now)
    .fetch_optional(conn)
    .await?)
}

/// A pairing under way.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Pairing {
    pub(crate) kind: String,
    pub(crate) device_id: Option<String>,
    pub(crate) approved_by: Option<String>,
}

pub(crate) async fn lock_pairing(
    conn: &mut PgConnection,
    secret_hash: &[u8],
    now: Time,
) -> Result<Option<Pairing>, Error> {
    Ok(sqlx::query_as(
        "select kind, device_id, approved_by from pairing where secret_hash = $1 and expires_at > $2 for update",
    )
    .bind(secret_hash)
    .bind(now)
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn delete_pairing(conn: &mut PgConnection, secret_hash: &[u8]) -> Result<(), Error> {
    sqlx::query("delete from pairing where secret_hash = $1").bind(secret_hash).execute(conn).await?;
    Ok(())
}
