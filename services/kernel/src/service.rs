//! What a service is to the kernel: a name, its migrations and a function that builds its parts.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::{
    Access, BoxFuture, Clock, Consumer, Db, Failure, Settings, Tasks, Transport, Tx, heard::Heard, identity::Keys,
    leader::Leader, transport::Transports,
};

/// A service as inert data; nothing happens until the kernel runs it.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name: schema, stream, subjects, address book.
    pub name: &'static str,
    /// Its own tables; the kernel's are added.
    pub migrations: fn() -> Migrator,
    /// Builds its parts; runs once, after the migrations.
    pub build: fn(Context) -> BoxFuture<'static, anyhow::Result<Parts>>,
}

/// Real time between two turns of recurring work, at least, on a clock that runs fast.
const HOUSEKEEPING: Duration = Duration::from_millis(100);

/// What a service gets to work with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The service's name.
    pub service: &'static str,
    /// Its schema.
    pub db: Db,
    /// The house's clock.
    pub clock: Clock,
    /// The configuration.
    pub settings: Arc<Settings>,
    /// The house's keys.
    pub keys: Keys,
    /// For background loops.
    pub tasks: Tasks,
    /// When the producers that this service follows were last heard of; only in the replica that leads.
    pub heard: Heard,
    pub(crate) leader: Leader,
    pub(crate) transports: Transports,
}

impl Context {
    /// The way to another service: in-process if it runs here, over the network otherwise. Calls are
    /// made as this service unless the request carries an identity. Only journey and portal may ask.
    #[must_use]
    pub fn transport(&self, to: &'static str) -> Transport {
        self.transports.to(to, self.service)
    }

    /// Runs `work` again and again, `every` so often of the house's time, in one replica at a time.
    /// An error or a panic is logged and the next turn comes.
    pub fn every(
        &self,
        name: &'static str,
        every: Duration,
        work: impl Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync + 'static,
    ) {
        let (clock, leader, service) = (self.clock.clone(), self.leader.clone(), self.service);
        self.tasks.spawn_until_stop(async move {
            loop {
                clock.sleep(every).await;
                if clock.speed() > 1 {
                    // A simulation plays people fast, not the housekeeping.
                    tokio::time::sleep(HOUSEKEEPING.saturating_sub(every / clock.speed())).await;
                }
                if !leader.is_leading() {
                    continue;
                }
                match AssertUnwindSafe(async { work().await }).catch_unwind().await {
                    Ok(Ok(())) => {}
                    Ok(Err(failure)) => tracing::warn!(
                        service,
                        work = name,
                        error = failure.message,
                        "recurring work failed; it is tried again"
                    ),
                    Err(_) => tracing::error!(service, work = name, "recurring work panicked; it is tried again"),
                }
            }
        });
    }
}

/// What a service is made of.
#[derive(Default)]
pub struct Parts {
    /// Its gRPC services.
    pub grpc: Routes,
    /// Who may call them: a table per gRPC service.
    pub access: Vec<Access>,
    /// Its open HTTP interfaces; only the portal has `/`.
    pub http: axum::Router,
    /// The events it reacts to.
    pub consumers: Vec<Consumer>,
    /// How it reads its part of the house file, if it has one.
    pub house: Option<HouseLoader>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Parts").field("access", &self.access).finish_non_exhaustive()
    }
}

/// A service's reader of the house file.
#[derive(Clone, Copy)]
pub struct HouseLoader {
    /// Reads and checks the whole of the service's part without any effect. The error names line and
    /// key; the answer says what was found, e.g. "84 showings, 6 titles".
    pub check: fn(toml: &str) -> Result<String, String>,
    /// Applies a text that passed `check`. Applying it again changes nothing.
    pub apply: for<'t> fn(tx: &'t mut Tx, toml: &'t str) -> BoxFuture<'t, Result<(), Failure>>,
}
