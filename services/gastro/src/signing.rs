//! Orders, receipts and the TSE: what has no signature is asked for again and again, with the same transaction, which
//! goes on from where it is. Asking is never part of a transaction of the database.

use std::{sync::Arc, time::Duration};

use kernel::Db;

use crate::{
    error::Error,
    store,
    tse::{CloudTse, NoTse, Tse},
};

/// How the unit is reached. Without a URL there is none.
pub(crate) struct Unit {
    pub(crate) tse_url: String,
    pub(crate) tse_id: String,
    pub(crate) tse_client_id: String,
    pub(crate) tse_token: String,
    /// After that it has not answered.
    pub(crate) tse_timeout: Duration,
}

/// What is on its way to its signature.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    db: Db,
    tse: Arc<dyn Tse>,
    /// Without a unit, nothing is gained by asking again.
    again: bool,
}

impl Signing {
    pub(crate) fn new(db: Db, unit: &Unit) -> anyhow::Result<Self> {
        if unit.tse_url.is_empty() {
            return Ok(Self { db, tse: Arc::new(NoTse), again: false });
        }
        let Unit { tse_url, tse_id, tse_client_id, tse_token, tse_timeout } = unit;
        let tse = CloudTse::new(tse_url, tse_id, tse_client_id, tse_token, *tse_timeout)?;
        Ok(Self { db, tse: Arc::new(tse), again: true })
    }

    /// Asks for every signature that is missing. The first one that fails ends the turn: the next one comes soon.
    pub(crate) async fn turn(&self) -> Result<(), Error> {
        let mut conn = self.db.pool().acquire().await?;
        let unsigned = store::tse::unsigned(&mut conn, self.again).await?;
        drop(conn);
        for it in unsigned {
            let attempt = self.tse.sign(&it).await;
            let failed = attempt.signed.is_err() && self.again;
            if let Err(why) = attempt.signed.as_ref().map_err(String::as_str) {
                tracing::debug!(transaction = %it.transaction, why, "it stays unsigned");
            }
            let transaction = it.transaction;
            self.db
                .transact::<_, Error, _>(move |tx| {
                    let attempt = attempt.clone();
                    Box::pin(async move { store::tse::save_attempt(tx.conn(), transaction, &attempt).await })
                })
                .await?;
            if failed {
                return Ok(());
            }
        }
        Ok(())
    }
}
