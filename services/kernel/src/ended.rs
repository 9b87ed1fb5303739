//! Devices that are heard no more. The identity of a scanner or a lane is good for a working day, so that it works while
//! nobody can sign it a new one; whoever lets such devices in looks here whether the pairing that it was issued under has
//! ended since. Each service keeps that in a table of its own, `ended_device` in its migrations, from the portal's events;
//! it is looked up in memory.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tonic::{Request, Status};

use crate::{Caller, Context, Failure, Live, Tx, identity::IssuedAt};

/// The topic of what is kept; its only key is the same.
const ENDED_TOPIC: &str = "ended-devices";

/// When the last pairing of a device ended, by the device's id.
type Ended = HashMap<String, DateTime<Utc>>;

/// Identities of this device from before are good for nothing from now on.
///
/// # Errors
/// The database's error.
pub async fn end(tx: &mut Tx, device: &str, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    // Told late or twice it changes nothing.
    let done = sqlx::query(
        "insert into ended_device as known (device_id, ended_at, revision)
         values ($1, $2, (select coalesce(max(revision), 0) + 1 from ended_device))
         on conflict (device_id) do update set ended_at = excluded.ended_at, revision = excluded.revision
         where known.ended_at < excluded.ended_at",
    )
    .bind(device)
    .bind(at)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() > 0 {
        tx.touch(ENDED_TOPIC, ENDED_TOPIC);
    }
    Ok(())
}

/// All of them, with the newest revision, which rises with every change.
async fn ended(pool: &PgPool) -> Result<(u64, Ended), Failure> {
    let rows: Vec<(String, DateTime<Utc>, i64)> =
        sqlx::query_as("select device_id, ended_at, revision from ended_device").fetch_all(pool).await?;
    let revision = rows.iter().map(|(_, _, revision)| revision.unsigned_abs()).max().unwrap_or(0);
    Ok((revision, rows.into_iter().map(|(device, ended_at, _)| (device, ended_at)).collect()))
}

/// The devices whose pairing has ended, as one service knows them.
#[derive(Clone, Debug)]
pub struct EndedDevices(Live<Ended>);

impl EndedDevices {
    /// Keeps in memory what [`end`] has noted.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        let db = context.db.clone();
        let known = Live::new(context, ENDED_TOPIC, move |_| {
            let db = db.clone();
            Box::pin(async move { ended(db.pool()).await })
        });
        known.keep(ENDED_TOPIC);
        Self(known)
    }

    /// Who calls, unless it is a device whose pairing has ended since its identity was issued.
    ///
    /// # Errors
    /// UNAUTHENTICATED for such a device; UNAVAILABLE while the service could not read yet which ones these are.
    pub async fn hear<T: Sync>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let caller = Caller::of(request);
        self.admit(&caller, IssuedAt::of(request)).await?;
        Ok(caller)
    }

    /// The same of a call that goes on, such as a stream.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub async fn admit(&self, caller: &Caller, IssuedAt(issued_at): IssuedAt) -> Result<(), Status> {
        let Caller::Device { id, .. } = caller else { return Ok(()) };
        let mut known = self.0.latest(ENDED_TOPIC);
        if known.is_none() {
            self.0.refresh(ENDED_TOPIC).await;
            known = self.0.latest(ENDED_TOPIC);
        }
        match known.as_deref() {
            None => {
                Err(Status::unavailable("Which devices are paired could not be read yet; try again in a few seconds."))
            }
            Some((_, ended)) if ended.get(id).is_some_and(|ended_at| issued_at < *ended_at) => {
                Err(Status::unauthenticated(
                    "The pairing of this device has ended. Sign in again with its present token, or pair it anew.",
                ))
            }
            Some(_) => Ok(()),
        }
    }
}
