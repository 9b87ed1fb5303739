//! Databases of tests: each test has one of its own. A set of services is migrated once per process, into a
//! template, and each house of these services starts on a copy of it.

use std::{collections::BTreeMap, sync::Mutex};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use super::{settings, variable};
use crate::Service;

/// A database of the test's own. It is dropped when a later test needs one: dropping waits until every
/// connection of the server has taken note, also one whose sign-in this test's ending runtime left half done.
#[derive(Debug)]
pub struct TestDb {
    /// Its URL.
    pub url: String,
    name: String,
}

/// Databases of tests of this process that have ended.
static FINISHED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Migrated databases of this process, by what was migrated. They end as all that a gone process leaves.
static TEMPLATES: tokio::sync::Mutex<BTreeMap<Vec<u8>, TestDb>> = tokio::sync::Mutex::const_new(BTreeMap::new());

impl TestDb {
    /// An empty database.
    pub async fn create() -> Self {
        let mut connection = admin().await;
        sweep(&mut connection).await;
        Self::create_by(&mut connection, "").await
    }

    /// A database with everything that some services' migrations make.
    pub(super) async fn migrated(services: &[Service]) -> Self {
        let mut connection = admin().await;
        sweep(&mut connection).await;
        let template = {
            let mut templates = TEMPLATES.lock().await;
            let what = fingerprint(services);
            let ready = templates.get(&what).map(|template| template.name.clone());
            if let Some(name) = ready {
                name
            } else {
                let template = Self::create_by(&mut connection, "").await;
                crate::boot::migrate(services, &settings(&template)).await.expect("migrated");
                let name = template.name.clone();
                templates.insert(what, template);
                name
            }
        };
        Self::create_by(&mut connection, &format!(" template {template}")).await
    }

    /// Keeps it as it is, to be copied, with empty event logs: all that was told must be applied. Whoever is still
    /// connected is thrown out.
    pub(super) async fn freeze(&self, services: &[Service]) {
        let mut inside = PgConnection::connect(&self.url).await.expect("its database");
        for consumer in services {
            for producer in services {
                let behind = format!(
                    "select exists (select from {}.consumer_pos c, {}.outbox_head h
                     where c.producer = '{}' and c.last_pub_seq <> h.last_pub_seq)",
                    consumer.name, producer.name, producer.name
                );
                let behind: bool =
                    sqlx::query_scalar(AssertSqlSafe(behind)).fetch_one(&mut inside).await.expect("asked");
                assert!(!behind, "{} has not applied all that {} told", consumer.name, producer.name);
            }
        }
        for service in services {
            let emptied = format!("delete from {}.outbox", service.name);
            inside.execute(AssertSqlSafe(emptied)).await.expect("an empty log");
        }
        inside.close().await.expect("closed");
        let mut connection = admin().await;
        let close = format!("alter database {} with allow_connections false", self.name);
        connection.execute(AssertSqlSafe(close)).await.expect("closed to all");
        sqlx::query("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1")
            .bind(&self.name)
            .execute(&mut connection)
            .await
            .expect("nobody is connected");
    }

    /// Another one with the same in it. This one must be frozen.
    pub(super) async fn copy(&self) -> Self {
        let mut connection = admin().await;
        sweep(&mut connection).await;
        Self::create_by(&mut connection, &format!(" template {}", self.name)).await
    }

    async fn create_by(connection: &mut PgConnection, how: &str) -> Self {
        let name = format!("t_{}_{}", std::process::id(), Uuid::new_v4().simple());
        connection.execute(AssertSqlSafe(format!("create database {name}{how}"))).await.expect("database created");
        let admin = variable("TEST_DATABASE_URL");
        let (base, _) = admin.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{base}/{name}"), name }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Ok(mut finished) = FINISHED.lock() {
            finished.push(std::mem::take(&mut self.name));
        }
    }
}

async fn admin() -> PgConnection {
    PgConnection::connect(&variable("TEST_DATABASE_URL")).await.expect("TEST_DATABASE_URL is reachable")
}

/// What the services' migrations are, as far as they decide what is in a database.
fn fingerprint(services: &[Service]) -> Vec<u8> {
    let mut what = Vec::new();
    for service in services {
        what.extend(service.name.as_bytes());
        for migration in (service.migrations)().iter() {
            what.extend(migration.checksum.iter());
        }
    }
    what
}

/// Drops what tests of this process have finished with, and what processes left that are gone.
async fn sweep(connection: &mut PgConnection) {
    let mut names = std::mem::take(&mut *FINISHED.lock().expect("no test panics here"));
    let left: Vec<String> = sqlx::query_scalar("select datname from pg_database where datname ~ '^t_[0-9]+_'")
        .fetch_all(&mut *connection)
        .await
        .expect("a list of databases");
    names.extend(left.into_iter().filter(|name| {
        let process = name.split('_').nth(1).unwrap_or_default();
        !std::path::Path::new("/proc").join(process).exists()
    }));
    for name in names {
        let drop = format!("drop database if exists {name} with (force)");
        // Another process may sweep the same one.
        if let Err(error) = connection.execute(AssertSqlSafe(drop)).await {
            eprintln!("test database {name} was not dropped: {error}");
        }
    }
}
