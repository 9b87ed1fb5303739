//! Of several replicas of a service one does the background work: relay, consumers, timers. Who that
//! is, a PostgreSQL advisory lock says, held by an otherwise idle transaction on a connection of its
//! own: it is released by the server when the process dies. The lock only saves work; what must not
//! happen twice is guarded by the broker's expected sequence and the consumers' positions.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::sync::watch;

use crate::Tasks;

/// Whether this replica leads.
#[derive(Clone, Debug)]
pub(crate) struct Leader(watch::Receiver<bool>);

const RETRY: Duration = Duration::from_millis(500);
const PING: Duration = Duration::from_secs(2);

impl Leader {
    /// Tries for the lead of `service` until the process stops, again whenever it is lost.
    pub(crate) fn stand_for(service: &'static str, options: PgConnectOptions, tasks: &Tasks) -> Self {
        let (leading, receiver) = watch::channel(false);
        // The lock's transaction is idle on purpose.
        let options = options
            .application_name(&format!("{service}-leader"))
            .options([("idle_in_transaction_session_timeout", "0")]);
        tasks.spawn_until_stop(async move {
            loop {
                if let Err(error) = lead(service, &options, &leading).await {
                    tracing::warn!(service, %error, "the lead is lost or cannot be tried for");
                }
                leading.send_replace(false);
                tokio::time::sleep(RETRY).await;
            }
        });
        Self(receiver)
    }

    pub(crate) fn is_leading(&self) -> bool {
        *self.0.borrow()
    }

    /// Runs `work` whenever this replica leads; drops it when the lead is lost. After a panic it begins anew.
    pub(crate) fn while_leading<F, W>(&self, tasks: &Tasks, work: W)
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut leading = self.0.clone();
        tasks.spawn_until_stop(async move {
            loop {
                if leading.wait_for(|leads| *leads).await.is_err() {
                    return;
                }
                let ended = tokio::select! {
                    ended = AssertUnwindSafe(async { work().await }).catch_unwind() => ended.is_ok(),
                    _ = leading.wait_for(|leads| !leads) => true,
                };
                if !ended {
                    tracing::error!("background work panicked; it begins anew");
                    tokio::time::sleep(RETRY).await;
                }
            }
        });
    }
}

/// Returns when somebody else leads; an error means the connection broke.
async fn lead(service: &str, options: &PgConnectOptions, leading: &watch::Sender<bool>) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let mut tx = connection.begin().await?;
    loop {
        let won: bool =
            sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended('sky.leader.' || $1, 0))")
                .bind(service)
                .fetch_one(&mut *tx)
                .await?;
        if won {
            break;
        }
        tokio::time::sleep(RETRY).await;
    }
    tracing::debug!(service, "leading");
    leading.send_replace(true);
    loop {
        tokio::time::sleep(PING).await;
        tokio::time::timeout(PING, sqlx::query("select 1").execute(&mut *tx))
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
    }
}
