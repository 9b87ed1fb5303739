//! PostgreSQL: one schema and one small pool per service, and the only place that begins and commits.
//!
//! Services get a [`Tx`] and pass it down; they never begin or commit themselves. So one command
//! serves a call and an event alike, and a cancelled request cannot tear a transaction.

use std::{any::Any, future::Future, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use prost::{Message, Name};
use sha2::{Digest, Sha256};
use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::{
    Clock, Tasks,
    error::{Code, Coded},
    live::Hub,
    outbox::{Number, Told},
    pool::{self, Borrowed, Pool, TRUSTED},
    relay::Row,
};

/// One service's door to its schema.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    connections: Pool,
    service: &'static str,
    clock: Clock,
    tasks: Tasks,
    hub: Hub,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Db").field("service", &self.service).finish_non_exhaustive()
    }
}

/// How a service's connections are set up; also for the leader's connection outside of the pool.
pub(crate) fn connect_options(url: &str, service: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?.application_name(service).options([
        ("search_path", service),
        ("lock_timeout", "5s"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "60s"),
        // No statement here is worth compiling. A small table that was never analysed is thought large, and then a
        // look-up of half a millisecond was compiled for twenty-five, each time.
        ("jit", "off"),
        // A plan is made once and kept, often while a table is nearly empty: to read all of it seems best then, and goes
        // on when there are a hundred thousand rows. What has no index is read as a whole all the same.
        ("enable_seqscan", "off"),
    ]))
}

/// Brings a service's schema up to date: the kernel's tables, then the service's own.
pub(crate) async fn migrate(url: &str, service: &str, migrator: Migrator) -> Result<(), sqlx::migrate::MigrateError> {
    let mut connection = PgConnection::connect_with(&connect_options(url, service)?).await?;
    connection
        .execute(sqlx::AssertSqlSafe(format!(
            "set client_min_messages = warning; create schema if not exists \"{service}\""
        )))
        .await
        .or_else(
            |error| {
                if crate::error::broken_constraint(&error).is_some() { Ok(Default::default()) } else { Err(error) }
            },
        )?;
    let mut kernel = sqlx::migrate!();
    kernel.dangerous_set_table_name("_kernel_migrations");
    kernel.run_direct(None, &mut connection, false).await?;
    let mut own = migrator;
    own.dangerous_set_table_name("_migrations");
    own.run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    Ok(())
}

impl Db {
    pub(crate) async fn connect(
        url: &str,
        service: &'static str,
        most: u32,
        clock: Clock,
        tasks: Tasks,
        hub: Hub,
    ) -> Result<Self, sqlx::Error> {
        let options = connect_options(url, service)?;
        let connections = Pool::new(options.clone(), most)?;
        let pool = PgPoolOptions::new()
            .max_connections(most)
            .min_connections(0)
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_secs(120))
            // One that was just in use is trusted: asking it first would cost every statement a round trip.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self { pool, connections, service, clock, tasks, hub })
    }

    /// For reads that need no transaction.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection for reads on a path that many take: without the round trip that [`Db::pool`] makes at every
    /// release.
    ///
    /// # Errors
    /// The database's error, or none was free for five seconds.
    pub async fn reader(&self) -> Result<Borrowed, sqlx::Error> {
        self.connections.get().await
    }

    /// The house's clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) const fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(crate) fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    pub(crate) const fn service(&self) -> &'static str {
        self.service
    }

    /// Runs `work` in a transaction and commits, or rolls back on an error. The work runs in a task of
    /// its own: a caller that goes away (tonic drops handlers) cannot tear it. After the commit the
    /// relay and the live streams are woken.
    ///
    /// # Errors
    /// What `work` answers, or the database's error.
    pub async fn transact<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<sqlx::Error> + Send + 'static,
    {
        let db = self.clone();
        let task = self.tasks.spawn(async move {
            let mut tx = db.begin().await?;
            match work(&mut tx).await {
                Ok(value) => {
                    tx.commit().await?;
                    Ok(value)
                }
                Err(error) => {
                    // Dropping would roll back too, but only when the connection is next used.
                    tx.rollback().await;
                    Err(error)
                }
            }
        });
        match task.await {
            Ok(result) => result,
            Err(join) => {
                if let Ok(panic) = join.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
                Err(E::from(sqlx::Error::WorkerCrashed))
            }
        }
    }

    /// Runs a single statement as a transaction of its own: one round trip, where [`Db::transact`] takes three. It must
    /// check by itself that it may be written, and tells no event. Afterwards the live streams of `topic` are woken,
    /// under the topic's only key, its own name.
    ///
    /// Whoever goes away meanwhile, as at a shutdown, does not learn its answer; the server runs it all the same.
    ///
    /// # Errors
    /// What the statement answers, or the database's error.
    pub async fn at_once<T, E: From<sqlx::Error>>(
        &self,
        topic: &'static str,
        statement: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connections.get().await?;
        let answer = statement(&mut connection).await?;
        drop(connection);
        self.touch(topic);
        Ok(answer)
    }

    /// Wakes the live streams of `topic` under its only key, its own name: what they show was changed without a [`Tx`].
    pub fn touch(&self, topic: &'static str) {
        self.hub.touched(topic, topic.to_owned());
    }

    /// A caller that goes away while this begins leaves nothing behind: the connection is closed with the [`Tx`].
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(self.begin_with("").await?.0)
    }

    /// Begins with a first statement in the same round trip, and says how many rows that has changed. It has no
    /// parameters, so nothing that came from outside may stand in it.
    pub(crate) async fn begin_with(&self, statement: &str) -> Result<(Tx, u64), sqlx::Error> {
        let first = format!("begin;{statement}");
        let mut tx = Tx::new(self.clone(), self.connections.get().await?);
        let done = match tx.conn().execute(sqlx::AssertSqlSafe(first.clone())).await {
            Ok(done) => done,
            Err(error @ sqlx::Error::Database(_)) if !gone(&error) => return Err(error),
            Err(error) => {
                // Trusted, and gone since: so are the other idle ones. A new one tells whether the server lives.
                tracing::debug!(service = self.service, %error, "a connection was gone; another one is made");
                self.connections.forget_idle();
                tx = Tx::new(self.clone(), self.connections.get().await?);
                tx.conn().execute(sqlx::AssertSqlSafe(first)).await?
            }
        };
        Ok((tx, done.rows_affected()))
    }
}

/// Whether the server has ended the connection with this error: it stops, or somebody has ended the session
/// (PostgreSQL's class 57P).
fn gone(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code.starts_with("57P"))
}

/// A transaction in progress: a connection, the instant at which it happens, and what it will tell.
pub struct Tx {
    /// None once it has ended.
    connection: Option<Borrowed>,
    now: DateTime<Utc>,
    told: Vec<Told>,
    /// Whether any of them has been written.
    appended: bool,
    touched: Vec<(&'static str, String)>,
    carried: Vec<Box<dyn Any + Send>>,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
    db: Db,
}

impl Drop for Tx {
    fn drop(&mut self) {
        // Neither committed nor rolled back: nobody may inherit what it was in the middle of.
        if let Some(connection) = self.connection.take() {
            pool::close(connection);
        }
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tx").field("service", &self.db.service).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Tx {
    fn new(db: Db, connection: Borrowed) -> Self {
        Self {
            connection: Some(connection),
            now: db.clock.now(),
            told: Vec::new(),
            appended: false,
            touched: Vec::new(),
            carried: Vec::new(),
            after_commit: Vec::new(),
            db,
        }
    }

    /// Where to run SQL.
    ///
    /// # Panics
    /// Never: only its end takes the connection away.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("a transaction in progress")
    }

    /// When this transaction happens, by the house's clock. The same for all its statements.
    #[must_use]
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Appends an event to the outbox. Its subject and type come from the message's name. It is written with
    /// all others of this transaction just before the commit: however many, one round trip.
    ///
    /// # Errors
    /// None now; the commit's answer says whether it was written.
    pub async fn append<M: Message + Name>(&mut self, aggregate_id: &str, event: &M) -> Result<(), sqlx::Error> {
        self.told.push(Told::new(self.db.service, aggregate_id, event, self.now));
        Ok(())
    }

    /// Writes what was appended so far. The commit does that by itself; earlier than that it is for tests, and then all
    /// events of this transaction get their positions from the relay.
    ///
    /// # Errors
    /// The database's error.
    pub async fn write_events(&mut self) -> Result<(), sqlx::Error> {
        self.write(Number::Later).await.map(drop)
    }

    async fn write(&mut self, number: Number) -> Result<Option<Row>, sqlx::Error> {
        let (told, now) = (std::mem::take(&mut self.told), self.now);
        if told.is_empty() {
            return Ok(None);
        }
        self.appended = true;
        crate::outbox::write(self.conn(), told, now, number).await
    }

    /// Says that what a live stream shows under `topic` and `key` has changed; told after the commit.
    pub fn touch(&mut self, topic: &'static str, key: impl Into<String>) {
        self.touched.push((topic, key.into()));
    }

    /// What this transaction carries of this type: from the reactions to [`crate::Consumer::and_then`].
    pub fn carried<T: Any + Send + Default>(&mut self) -> &mut T {
        let place = self.carried.iter().position(|it| it.is::<T>()).unwrap_or_else(|| {
            self.carried.push(Box::new(T::default()));
            self.carried.len() - 1
        });
        self.carried[place].downcast_mut().unwrap_or_else(|| unreachable!("its type was just asked for"))
    }

    /// Runs `work` after the commit, before anybody is told; dropped when there is no commit, and when nobody
    /// knows whether there was one.
    pub fn after_commit(&mut self, work: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(work));
    }

    /// The first answer to this idempotency key, if the request was answered before.
    ///
    /// # Errors
    /// [`Repeat::KeyReused`] when the key came with another request.
    pub async fn first_answer<R: Message + Default>(
        &mut self,
        method: &str,
        key: Uuid,
        request: &impl Message,
    ) -> Result<Option<R>, Repeat> {
        let found: Option<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("select request_hash, response from idempotency where method = $1 and key = $2")
                .bind(method)
                .bind(key.to_string())
                .fetch_optional(self.conn())
                .await?;
        let Some((hash, response)) = found else {
            return Ok(None);
        };
        if hash != request_hash(request) {
            return Err(Repeat::KeyReused);
        }
        Ok(Some(R::decode(response.as_slice()).map_err(|error| sqlx::Error::Decode(error.into()))?))
    }

    /// Stores the answer to a request under its idempotency key, in the request's own transaction.
    /// Two at once with the same key: the second one fails with [`Repeat::InProgress`] and may ask again.
    ///
    /// # Errors
    /// [`Repeat::InProgress`], or the database's error.
    pub async fn remember(
        &mut self,
        method: &str,
        key: Uuid,
        request: &impl Message,
        response: &impl Message,
    ) -> Result<(), Repeat> {
        let done = sqlx::query("insert into idempotency (method, key, request_hash, response, created_at) values ($1, $2, $3, $4, $5) on conflict do nothing")
            .bind(method)
            .bind(key.to_string())
            .bind(request_hash(request))
            .bind(response.encode_to_vec())
            .bind(self.now)
            .execute(self.conn())
            .await?;
        if done.rows_affected() == 0 { Err(Repeat::InProgress) } else { Ok(()) }
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let numbered = self.write(Number::IfFree).await?;
        // On an error the connection is closed: whether it was committed is not known.
        self.conn().execute("commit").await?;
        drop(self.connection.take());
        for work in std::mem::take(&mut self.after_commit) {
            work();
        }
        if let Some(row) = numbered {
            self.db.hub.handed.give(row);
        }
        if self.appended {
            self.db.hub.wake_relay();
        }
        for (topic, key) in std::mem::take(&mut self.touched) {
            self.db.hub.touched(topic, key);
        }
        Ok(())
    }

    pub(crate) async fn rollback(mut self) {
        match self.conn().execute("rollback").await {
            Ok(_) => drop(self.connection.take()),
            Err(error) => {
                tracing::debug!(%error, "rollback failed; the connection is closed and the server rolls back");
            }
        }
    }
}

/// What tells whether a request is the same as one before.
#[must_use]
pub fn request_hash(request: &impl Message) -> Vec<u8> {
    Sha256::digest(request.encode_to_vec()).to_vec()
}

/// Trouble with an idempotency key.
#[derive(Debug, thiserror::Error)]
pub enum Repeat {
    /// The same key with another request.
    #[error("idempotency_key: was used before for a different request; choose a new one")]
    KeyReused,
    /// The first request with this key has not finished.
    #[error("idempotency_key: the first request with this key is still being answered; ask again in a second")]
    InProgress,
    /// The database's error.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Coded for Repeat {
    fn code(&self) -> Code {
        match self {
            Self::KeyReused => Code::InvalidArgument,
            Self::InProgress => Code::Conflict,
            Self::Database(error) => crate::error::database_code(error),
        }
    }
}

/// Runs a future to its end even if the caller goes away.
pub(crate) async fn detached<T: Send + 'static>(
    tasks: &Tasks,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    tasks.spawn(work).await.ok()
}

/// How many migrations of the kernel and of the service have not been run.
pub(crate) async fn pending_migrations(pool: &PgPool, own: Migrator) -> usize {
    let mut pending = 0;
    for (table, migrator) in [("_kernel_migrations", sqlx::migrate!()), ("_migrations", own)] {
        let done: Vec<i64> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select version from {table} where success")))
                .fetch_all(pool)
                .await
                .unwrap_or_default();
        pending += migrator.iter().filter(|migration| !done.contains(&migration.version)).count();
    }
    pending
}
