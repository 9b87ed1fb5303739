//! Every SQL statement about pictures of items.

use sqlx::PgConnection;

use crate::error::Error;

/// Stores a picture; one that is there already stays as it is.
pub(crate) async fn keep(conn: &mut PgConnection, id: &str, media_type: &str, file: &[u8]) -> Result<(), Error> {
    sqlx::query("insert into picture (picture_id, media_type, file) values ($1, $2, $3) on conflict do nothing")
        .bind(id)
        .bind(media_type)
        .bind(file)
        .execute(conn)
        .await?;
    Ok(())
}

/// A picture with its type.
pub(crate) async fn file(conn: &mut PgConnection, id: &str) -> Result<Option<(String, Vec<u8>)>, Error> {
    Ok(sqlx::query_as("select media_type, file from picture where picture_id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?)
}
