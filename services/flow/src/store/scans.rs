//! The log of scans.

use chrono::{DateTime, Utc};
use kernel::error::broken_constraint;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{commands::Scan, domain::scan::Verdict, error::Error};

/// The answer that this device was given to this nonce.
pub(crate) async fn recorded_scan(
    conn: &mut PgConnection,
    device: &str,
    nonce: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let answer = sqlx::query_scalar("select answer from scan where device_id = $1 and nonce = $2")
        .bind(device)
        .bind(nonce)
        .fetch_optional(conn)
        .await?;
    Ok(answer)
}

/// Records a scan with its answer.
pub(crate) async fn record_scan(
    conn: &mut PgConnection,
    scan: &Scan,
    verdict: Verdict,
    visit: Option<Uuid>,
    admitted: &[Uuid],
    answer: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into scan (device_id, nonce, showing_id, lane, visit_id, ticket_id, verdict, admitted_now, late_reason,
             at, answer)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&scan.device)
    .bind(&scan.nonce)
    .bind(scan.showing)
    .bind(&scan.lane)
    .bind(visit)
    .bind(admitted.first().filter(|_| admitted.len() == 1))
    .bind(verdict.name())
    .bind(i32::try_from(admitted.len()).unwrap_or(i32::MAX))
    .bind(&scan.late_reason)
    .bind(now)
    .bind(answer)
    .execute(conn)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("scan_once") => Error::ScanInProgress,
        _ => Error::Database(error),
    })?;
    Ok(())
}
