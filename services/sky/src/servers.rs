//! Private servers: a PostgreSQL and a nats-server of our own, as child processes with
//! their data in one folder, so that one command is enough to start the house.
//!
//! For one machine: development, tests and small houses. Must not be used where
//! `SKY_DATABASE_URL` and `SKY_NATS_URL` name real servers, and must not install
//! anything (`deploy/up` does).
//!
//! ```text
//! <dir>/lock          held while a sky uses the folder; its number is inside
//! <dir>/secrets/      passwords, made up on first use
//! <dir>/log/          what the servers said, this time and last time (.log.1)
//! <home>/postgres/    the database cluster      <home> is <dir>, or a folder under
//! <home>/socket/      PostgreSQL's socket
//! <home>/nats/        configuration and streams  /var/lib (see account.rs)
//! ```

mod account;
mod process;
mod programs;
mod throwaway;

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::{io::AsyncReadExt, net::TcpStream, time::sleep};

use account::Account;
pub use account::write_private;
use process::{Process, Spawn};
pub use throwaway::{Folder, with_servers};

/// SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
const POSTGRES_SIGNALS: (Signal, Signal) = (Signal::SIGINT, Signal::SIGQUIT);
const NATS_SIGNALS: (Signal, Signal) = (Signal::SIGTERM, Signal::SIGKILL);

/// Long, because PostgreSQL may have to recover first; it ends early if it fails.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A broker is started again so often …
const RESTARTS: usize = 3;
/// … within this time: what ends more often will do so again.
const MEMORY: Duration = Duration::from_secs(60);
/// Another program can take a free port before the server does.
const TRIES: usize = 3;

/// How to run the servers.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// No fsync: several times faster, and a crash of the machine loses the data. Tests only.
    pub fast: bool,
    /// The nats-server to run; without it `SKY_NATS_SERVER`, the PATH and `.sky/bin` decide.
    pub nats_server: Option<PathBuf>,
}

/// Running servers. Call [`Servers::stop`]; dropping them stops them hard.
pub struct Servers {
    postgres: Process,
    nats: Process,
    database_url: String,
    nats_url: String,
    nats_server: PathBuf,
    nats_port: u16,
    /// When it last ended by itself.
    nats_ended: Vec<Instant>,
    place: Place,
    _lock: Lock,
}

impl Servers {
    /// Starts both servers on their data in `dir` (created on first use) and waits until
    /// they answer. Servers that a dead sky left behind in `dir` are stopped first.
    ///
    /// Dropping the future ends what it has started. It does not listen for signals.
    pub async fn start(dir: &Path, options: Options) -> Result<Self> {
        account::make_folder(dir)?;
        let dir = dir.canonicalize()?;
        let lock = Lock::take(&dir)?;
        account::make_folder(&dir.join("log"))?;

        let account = Account::choose(&dir)?;
        let home = account.home(&dir)?;
        let programs = programs::postgres(&home.join("postgres"))?;
        let nats = account.reachable(&find_nats(&options, &dir)?, &home)?;

        let place = Place { account, dir, home };
        place.stop_leftovers().await?;
        if !place.home.join("postgres/PG_VERSION").exists() {
            place.init_cluster(&programs.join("initdb"), options.fast)?;
        }
        let postgres = programs.join("postgres");
        let nats_server = nats;
        let (postgres, nats) =
            tokio::try_join!(place.start_postgres(&postgres, options.fast), place.start_nats(&nats_server),)?;
        Ok(Self {
            database_url: postgres.1,
            postgres: postgres.0,
            nats_url: format!("nats://sky:{}@127.0.0.1:{}", account::secret(&place.dir, "nats")?, nats.1),
            nats: nats.0,
            nats_port: nats.1,
            nats_ended: Vec::new(),
            nats_server,
            place,
            _lock: lock,
        })
    }

    /// `postgres://…/sky` with the password; the role owns the cluster.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// `nats://…` with the password.
    pub fn nats_url(&self) -> &str {
        &self.nats_url
    }

    /// Where their data is.
    pub fn home(&self) -> &Path {
        &self.place.home
    }

    /// The broker's program.
    pub fn nats_server(&self) -> &Path {
        &self.nats_server
    }

    /// Waits until the database ends by itself, or the broker ends and does not stay when it is started again; the error
    /// says which and why. Without the broker for a moment the house goes on, and is only told later of what it does.
    pub async fn failed(&mut self) -> anyhow::Error {
        loop {
            let error = tokio::select! {
                error = self.postgres.ends() => return error,
                error = self.nats.ends() => error,
            };
            self.nats_ended.retain(|at| at.elapsed() < MEMORY);
            if self.nats_ended.len() == RESTARTS {
                return error;
            }
            tracing::error!(%error, "the broker is started again");
            self.nats_ended.push(Instant::now());
            match self.place.spawn_nats(&self.nats_server, Process::spawn_again) {
                Ok(nats) => self.nats = nats,
                Err(error) => return error,
            }
            // That can take long, and without the database there is no house.
            tokio::select! {
                error = self.postgres.ends() => return error,
                ready = nats_ready(&mut self.nats, self.nats_port) => if let Err(error) = ready { return error },
            }
        }
    }

    /// Stops both in good order: the broker has written its files and PostgreSQL has
    /// closed its log when this returns.
    pub async fn stop(mut self) -> Result<()> {
        let (postgres, nats) =
            tokio::join!(self.postgres.stop(Duration::from_secs(30)), self.nats.stop(Duration::from_secs(10)),);
        postgres.and(nats)
    }
}

/// Only one sky at a time may use a folder. The lock ends with the process that holds it.
struct Lock(File);

impl Lock {
    fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        if file.try_lock().is_err() {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            bail!("{} is in use by another sky (process {}): stop that one first", dir.display(), holder.trim());
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child forked at this moment holds the file open, too.
        let _ = self.0.unlock();
    }
}

fn find_nats(options: &Options, dir: &Path) -> Result<PathBuf> {
    let chosen = options.nats_server.clone().or_else(|| std::env::var_os("SKY_NATS_SERVER").map(PathBuf::from));
    let found = programs::nats(chosen.as_deref(), &[dir, Path::new(".sky")])?;
    Ok(found.canonicalize()?)
}

/// Where the servers live and who they run as.
struct Place {
    account: Account,
    dir: PathBuf,
    home: PathBuf,
}

impl Place {
    async fn stop_leftovers(&self) -> Result<()> {
        let nats = self.home.join("nats");
        if let Some(pid) = read_pid(&nats.join("pid")) {
            process::stop_leftover("nats-server", pid, &nats, NATS_SIGNALS.0).await?;
        }
        let data = self.home.join("postgres");
        let pid_file = data.join("postmaster.pid");
        if let Some(pid) = read_pid(&pid_file)
            && process::stop_leftover("PostgreSQL", pid, &data, POSTGRES_SIGNALS.0).await?
        {
            // The number in the stale file is another program's by now (common after a
            // container restarts), and PostgreSQL would take that one for itself.
            fs::remove_file(&pid_file).with_context(|| format!("cannot remove {}", pid_file.display()))?;
        }
        Ok(())
    }

    /// A new cluster, made beside its place and moved there whole.
    fn init_cluster(&self, initdb: &Path, fast: bool) -> Result<()> {
        let new = self.home.join("postgres.new");
        match fs::remove_dir_all(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", new.display()));
            }
            _ => self.account.folder(&new)?,
        }
        let password_file = self.home.join("postgres.password");
        account::write_private(&password_file, &account::secret(&self.dir, "postgres")?)?;
        self.account.own(&password_file, 0o600)?;
        let mut command = self.account.command(initdb);
        command
            .args(["--username=sky", "--encoding=UTF8"])
            // A build for tests takes long over SCRAM's many rounds, and a test opens dozens of connections.
            .arg(if fast { "--auth=password" } else { "--auth=scram-sha-256" })
            .args(["--locale=C.UTF-8", "--no-instructions"])
            .arg(if fast { "--no-sync" } else { "--data-checksums" })
            .args([Path::new("--pwfile"), &password_file, Path::new("--pgdata"), &new]);
        let output = command.output();
        fs::remove_file(&password_file)?;
        let output = output.with_context(|| format!("cannot run {}", initdb.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let reason = said.lines().find(|line| line.contains("error:"));
            let reason = reason.or_else(|| said.lines().next()).unwrap_or_default();
            bail!("PostgreSQL cannot create {}: {reason}", new.display());
        }
        let data = self.home.join("postgres");
        fs::rename(&new, &data).with_context(|| format!("cannot create {}", data.display()))
    }

    async fn start_postgres(&self, program: &Path, fast: bool) -> Result<(Process, String)> {
        let password = account::secret(&self.dir, "postgres")?;
        let log = self.dir.join("log/postgres.log");
        let socket_dir = self.home.join("socket");
        let socket = socket_path(&socket_dir);
        if socket.is_some() {
            self.account.folder(&socket_dir)?;
        }
        for left in (0..TRIES).rev() {
            let port = free_port()?;
            let mut command = self.account.command(program);
            command.arg("-D").arg(self.home.join("postgres"));
            let mut set = |setting: &str| {
                command.args(["-c", setting]);
            };
            set("listen_addresses=127.0.0.1");
            set(&format!("port={port}"));
            set(&format!("unix_socket_directories={}", socket.unwrap_or_default()));
            set("unix_socket_permissions=0700");
            set("max_connections=300");
            set("shared_buffers=128MB");
            set("timezone=UTC");
            if fast {
                set("fsync=off");
                set("synchronous_commit=off");
                set("full_page_writes=off");
                // Several whole houses at a time, each with two pools and a lead of every service.
                set("max_connections=600");
            }
            let mut process = Process::spawn("PostgreSQL", command, &log, POSTGRES_SIGNALS)?;
            let host = socket.map_or_else(|| "127.0.0.1".to_owned(), |folder| folder.replace('/', "%2F"));
            let url = format!("postgres://sky:{password}@{host}:{port}/sky");
            match postgres_ready(&mut process, &url).await {
                Ok(()) => return Ok((process, url)),
                Err(_) if left > 0 && process.lost_its_port() => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last try returns")
    }

    /// The broker, and its port.
    async fn start_nats(&self, program: &Path) -> Result<(Process, u16)> {
        let password = account::secret(&self.dir, "nats")?;
        let data = self.home.join("nats");
        self.account.folder(&data)?;
        let config = self.nats_config();
        for left in (0..TRIES).rev() {
            let port = free_port()?;
            let store = data.join("jetstream");
            let text = format!(
                "host: \"127.0.0.1\"\nport: {port}\nserver_name: sky\n\
                 authorization {{ user: sky, password: \"{password}\" }}\n\
                 jetstream {{ store_dir: {store:?} }}\n"
            );
            account::write_private(&config, &text)?;
            self.account.own(&config, 0o600)?;
            let mut process = self.spawn_nats(program, Process::spawn)?;
            match nats_ready(&mut process, port).await {
                Ok(()) => return Ok((process, port)),
                Err(_) if left > 0 && process.lost_its_port() => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last try returns")
    }

    /// The broker as it is configured: `spawn` begins a new log, or goes on with the old one.
    fn spawn_nats(&self, program: &Path, spawn: Spawn) -> Result<Process> {
        let mut command = self.account.command(program);
        command.arg("-c").arg(self.nats_config());
        let process = spawn("nats-server", command, &self.nats_log(), NATS_SIGNALS)?;
        account::write_private(&self.home.join("nats/pid"), &process.pid().to_string())?;
        Ok(process)
    }

    fn nats_config(&self) -> PathBuf {
        self.home.join("nats/nats.conf")
    }

    fn nats_log(&self) -> PathBuf {
        self.dir.join("log/nats.log")
    }
}

/// The folder of PostgreSQL's socket: a statement through it costs less than through the network of the same machine.
/// None where the path is longer than the system allows (108 bytes with the file's name), or has characters that a
/// setting or an address would have to escape; then it is the network.
fn socket_path(folder: &Path) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    folder.to_str().filter(|path| path.starts_with('/') && path.len() <= 85 && path.chars().all(plain))
}

fn read_pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.lines().next()?.trim().parse().ok()
}

/// Waits for PostgreSQL to take connections, and creates the database `sky`.
async fn postgres_ready(process: &mut Process, url: &str) -> Result<()> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.database("postgres").disable_statement_logging();
    let until = Instant::now() + READY_WITHIN;
    let mut connection: PgConnection = loop {
        process.check()?;
        match options.connect().await {
            Ok(connection) => break connection,
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("28P01") => {
                bail!(
                    "PostgreSQL does not take the password in secrets/postgres: put the old file back, or move the data away to start empty"
                );
            }
            Err(error) if Instant::now() > until => {
                return Err(error).context("PostgreSQL does not answer");
            }
            Err(_) => sleep(process::POLL).await,
        }
    };
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'sky')")
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        sqlx::query("CREATE DATABASE sky").execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Waits for the broker's greeting, which comes after its streams are restored.
async fn nats_ready(process: &mut Process, port: u16) -> Result<()> {
    let until = Instant::now() + READY_WITHIN;
    loop {
        process.check()?;
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            let mut greeting = vec![0; 4096];
            let read = tokio::time::timeout(Duration::from_secs(2), stream.read(&mut greeting));
            if let Ok(Ok(length)) = read.await
                && greeting[..length].starts_with(b"INFO ")
            {
                return Ok(());
            }
        }
        if Instant::now() > until {
            bail!("nats-server does not answer on port {port}");
        }
        sleep(process::POLL).await;
    }
}

/// A port nobody listens on at this moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
