//! SQL of the kerb: how long it is, and what is given of it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    domain::{
        Window,
        coaches::{Kerb, Rules, STEP},
    },
    error::Error,
};

/// The kerb in a span of time.
pub(crate) async fn kerb(conn: &mut PgConnection, span: Window) -> Result<Kerb, Error> {
    let (places, minutes, before, after): (i32, i32, i32, i32) =
        sqlx::query_as("select kerb_places, kerb_minutes, kerb_before_minutes, kerb_after_minutes from site")
            .fetch_optional(&mut *conn)
            .await?
            .ok_or(Error::NotSetUp)?;
    let given: Vec<(DateTime<Utc>, i32)> =
        sqlx::query_as("select slot_at, given from kerb_use where slot_at > $1 and slot_at < $2 and given > 0")
            .bind(span.from - STEP)
            .bind(span.until)
            .fetch_all(conn)
            .await?;
    let rules = Rules {
        places: places.unsigned_abs(),
        minutes: minutes.unsigned_abs(),
        before_start_minutes: before.unsigned_abs(),
        after_end_minutes: after.unsigned_abs(),
    };
    Ok(Kerb { rules, given: given.into_iter().map(|(slot_at, given)| (slot_at, given.unsigned_abs())).collect() })
}

/// The kerb as the house file has it. Whether that is another one than before.
pub(crate) async fn save_rules(conn: &mut PgConnection, rules: Rules) -> Result<bool, Error> {
    let done = sqlx::query(
        "update site set kerb_places = $1, kerb_minutes = $2, kerb_before_minutes = $3, kerb_after_minutes = $4
         where (kerb_places, kerb_minutes, kerb_before_minutes, kerb_after_minutes) is distinct from ($1, $2, $3, $4)",
    )
    .bind(rules.places.cast_signed())
    .bind(rules.minutes.cast_signed())
    .bind(rules.before_start_minutes.cast_signed())
    .bind(rules.after_end_minutes.cast_signed())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
