//! SQL of kitchen systems' tokens: only hashes, and who issued and ended them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{domain::kitchen_system::Token, error::Error};

#[derive(FromRow)]
struct Row {
    token_id: Uuid,
    name: String,
    issued_at: DateTime<Utc>,
    issued_by: String,
    used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: String,
}

impl Row {
    fn read(self) -> Token {
        Token {
            id: self.token_id,
            name: self.name,
            issued_at: self.issued_at,
            issued_by: self.issued_by,
            used_at: self.used_at,
            revoked: self.revoked_at.map(|at| (at, self.revoked_by)),
        }
    }
}

/// So many are told.
const MOST: i64 = 50;

/// Those that are good first, then the newest.
pub(crate) async fn list(conn: &mut PgConnection) -> Result<Vec<Token>, Error> {
    let rows: Vec<Row> =
        sqlx::query_as("select * from kds_token order by revoked_at is not null, issued_at desc, token_id limit $1")
            .bind(MOST)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(Row::read).collect())
}

/// A kitchen system's new token.
pub(crate) async fn save(
    conn: &mut PgConnection,
    hash: &[u8],
    name: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query("insert into kds_token (hash, name, issued_at, issued_by) values ($1, $2, $3, $4)")
        .bind(hash)
        .bind(name)
        .bind(now)
        .bind(by)
        .execute(conn)
        .await?;
    Ok(())
}

/// The token that is good and has this hash, and when it was used last.
pub(crate) async fn of_hash(
    conn: &mut PgConnection,
    hash: &[u8],
) -> Result<Option<(Uuid, Option<DateTime<Utc>>)>, Error> {
    Ok(sqlx::query_as("select token_id, used_at from kds_token where hash = $1 and revoked_at is null")
        .bind(hash)
        .fetch_optional(conn)
        .await?)
}

pub(crate) async fn note_use(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update kds_token set used_at = $2 where token_id = $1").bind(id).bind(at).execute(conn).await?;
    Ok(())
}

/// Ends one, if it has not ended; answers it as it is then.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    id: Uuid,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Option<Token>, Error> {
    sqlx::query("update kds_token set revoked_at = $2, revoked_by = $3 where token_id = $1 and revoked_at is null")
        .bind(id)
        .bind(now)
        .bind(by)
        .execute(&mut *conn)
        .await?;
    let row: Option<Row> =
        sqlx::query_as("select * from kds_token where token_id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row.map(Row::read))
}
