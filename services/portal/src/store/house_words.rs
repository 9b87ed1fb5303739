//! Every SQL statement on the house's words about itself.

use sqlx::{PgConnection, PgPool};

use crate::error::Error;

pub(crate) async fn house_words(pool: &PgPool) -> Result<Option<Vec<u8>>, Error> {
    Ok(sqlx::query_scalar("select words from house_words").fetch_optional(pool).await?)
}

pub(crate) async fn save_house_words(conn: &mut PgConnection, words: &[u8]) -> Result<(), Error> {
    sqlx::query("insert into house_words (words) values ($1) on conflict (only_one) do update set words = $1")
        .bind(words)
        .execute(conn)
        .await?;
    Ok(())
}
