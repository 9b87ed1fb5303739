//! Scan conflicts: what was asked about them, and how they stand. No decisions.

use kernel::values::{self, InvalidField, invalid};
use sky_proto::flow::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use super::door::DoorGrpc;
use crate::{commands, domain::scan::Kind, error::Error, events, store};

/// As many as a list shows.
const MOST_AT_ONCE: usize = 200;

/// Which ones are meant, each once.
pub(super) fn ids(sent: &[String]) -> Result<Vec<Uuid>, InvalidField> {
    if sent.is_empty() || sent.len() > MOST_AT_ONCE {
        return Err(invalid("conflict_ids", "must be 1 to 200"));
    }
    let mut ids = sent.iter().map(|id| values::id("conflict_ids", id)).collect::<Result<Vec<Uuid>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Conflicts with the scans that they are about. Up to 200 of them: not while doors wait for a lock.
pub(super) async fn list(
    conn: &mut PgConnection,
    conflicts: &[store::Conflict],
) -> Result<pb::ListScanConflictsResponse, Error> {
    let mut told = Vec::new();
    for conflict in conflicts {
        let mut scans = match conflict.visit {
            Some(visit) if conflict.kind == store::ConflictKind::Double => store::moves_of(conn, visit).await?,
            _ => store::logged(conn, &conflict.device, &conflict.nonce).await?.into_iter().collect(),
        };
        if conflict.kind == store::ConflictKind::Double {
            // Of the same ticket, or of people who were counted without naming theirs.
            let same = |seats: &[String]| seats.is_empty() || seats.contains(&conflict.seat);
            scans.retain(|scan| scan.kind == Kind::Entry && !scan.undone && same(&scan.seats));
        }
        told.push(events::conflict(conflict, &scans));
    }
    Ok(pb::ListScanConflictsResponse { conflicts: told })
}

impl DoorGrpc {
    pub(super) async fn resolve(
        &self,
        ids: Vec<Uuid>,
        resolution: String,
        by: String,
    ) -> Result<pb::ListScanConflictsResponse, Error> {
        let conflicts = self
            .db
            .transact(move |tx| Box::pin(async move { commands::resolve_conflicts(tx, &ids, &resolution, &by).await }))
            .await?;
        let mut conn = self.db.pool().acquire().await?;
        list(&mut conn, &conflicts).await
    }

    pub(super) async fn reopen(&self, ids: Vec<Uuid>, by: String) -> Result<pb::ListScanConflictsResponse, Error> {
        let conflicts = self
            .db
            .transact(move |tx| Box::pin(async move { commands::reopen_conflicts(tx, &ids, &by).await }))
            .await?;
        let mut conn = self.db.pool().acquire().await?;
        list(&mut conn, &conflicts).await
    }
}
