//! `sky servers -- COMMAND`: servers for the length of one command, tests above all.
//!
//! Must not be used for data that anybody wants to keep: the servers run without fsync.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal as Signals, SignalKind, signal},
};
use uuid::Uuid;

use super::{Options, Servers, account};

/// How long the command may take to end after Ctrl-C or SIGTERM.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `command` with `TEST_DATABASE_URL` and `TEST_NATS_URL` naming fast servers of its
/// own and `TEST_NATS_SERVER` the program, and returns its exit code. The servers keep their data in `dir`, or in a temporary
/// folder that is removed. They are stopped whatever happens, Ctrl-C and SIGTERM included.
pub async fn with_servers(dir: Option<PathBuf>, command: Vec<OsString>) -> Result<ExitCode> {
    let [program, arguments @ ..] = command.as_slice() else {
        bail!("sky servers needs a command to run: sky servers -- COMMAND…");
    };
    let mut stop = Stop::listen()?;
    let folder = Folder::new(dir)?;
    let options = Options { fast: true, ..Options::default() };
    let servers = tokio::select! {
        servers = Servers::start(folder.path(), options) => servers?,
        signal = stop.next() => return Ok(ExitCode::from(128 + signal as u8)),
    };
    let child = Command::new(program)
        .args(arguments)
        .env("TEST_DATABASE_URL", servers.database_url())
        .env("TEST_NATS_URL", servers.nats_url())
        // For tests that kill a broker of their own.
        .env("TEST_NATS_SERVER", servers.nats_server())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()));
    let status = match child {
        Ok(child) => wait(child, &mut stop).await,
        Err(error) => Err(error),
    };
    let stopped = servers.stop().await;
    let code = exit_code(status?);
    stopped?;
    Ok(code)
}

/// Waits for the command; hands on the signals that would end it.
async fn wait(mut child: Child, stop: &mut Stop) -> Result<ExitStatus> {
    let signal = tokio::select! {
        status = child.wait() => return Ok(status?),
        signal = stop.next() => signal,
    };
    // After Ctrl-C in a terminal the command has it already; twice does no harm.
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(status) => Ok(status?),
        Err(_) => {
            child.kill().await?;
            Ok(child.wait().await?)
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// The two signals that ask us to end.
struct Stop {
    interrupt: Signals,
    terminate: Signals,
}

impl Stop {
    fn listen() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
        }
    }
}

/// The servers' folder: given and kept, or temporary and removed at the end.
pub enum Folder {
    /// Given, and kept.
    Kept(PathBuf),
    /// Removed when dropped.
    Temporary(PathBuf),
}

impl Folder {
    /// The given one, or a temporary one.
    pub fn new(dir: Option<PathBuf>) -> Result<Self> {
        if let Some(dir) = dir {
            return Ok(Self::Kept(dir));
        }
        let dir = std::env::temp_dir().join(format!("sky-servers-{}", Uuid::new_v4().simple()));
        account::make_folder(&dir)?;
        Ok(Self::Temporary(dir))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Temporary(path) => path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
