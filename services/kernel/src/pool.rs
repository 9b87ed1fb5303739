//! Connections for transactions, and for reads on hot paths.
//!
//! Unlike sqlx's own pool this one does not ask a connection at every release whether it still lives: that is a
//! round trip, as dear as a small statement. One that was used within the last second is trusted, any other is
//! asked before it is given out.

use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, PoolError, QueueMode, RecycleResult, Timeouts};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// A connection that has been idle for longer is asked whether it still lives.
pub(crate) const TRUSTED: Duration = Duration::from_secs(1);
/// Longer than this nobody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes connections, and looks after those that come back.
#[derive(Debug)]
pub struct Connector(PgConnectOptions);

impl managed::Manager for Connector {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.0).await
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.last_used() > TRUSTED {
            connection.ping().await?;
        }
        Ok(())
    }
}

/// A connection that goes back to its pool when it is dropped.
pub type Borrowed = Object<Connector>;

/// One service's connections.
#[derive(Clone, Debug)]
pub(crate) struct Pool(managed::Pool<Connector>);

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, most: u32) -> Result<Self, sqlx::Error> {
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        let pool = managed::Pool::builder(Connector(options))
            .max_size(most as usize)
            .timeouts(timeouts)
            // The one that was used last: what its server process needs is still in the processor's caches.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        Ok(Self(pool))
    }

    pub(crate) async fn get(&self) -> Result<Borrowed, sqlx::Error> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => sqlx::Error::PoolClosed,
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                sqlx::Error::PoolTimedOut
            }
        })
    }

    /// Closes what is idle: the server has gone away, and with it every connection.
    pub(crate) fn forget_idle(&self) {
        self.0.retain(|_, _| false);
    }
}

/// Closes a connection instead of giving it back: whatever it was in the middle of ends with it.
pub(crate) fn close(connection: Borrowed) {
    drop(Object::take(connection));
}
