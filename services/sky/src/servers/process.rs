//! One server as a child process: spawned, asked to stop, and never left behind.
//!
//! Must not know what the server is: it has a name, a log and two signals.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

/// How often a process is looked at while waiting for it.
pub(super) const POLL: Duration = Duration::from_millis(10);

/// How often one is looked at that nobody waits for.
const LOOK: Duration = Duration::from_millis(250);

/// A running server. Dropping it stops it hard: a start that fails leaves no orphan.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Where in the log its own words begin.
    begins: u64,
    /// Asks for an orderly end.
    ask: Signal,
    /// Insists, when asking did not help or there is no time.
    insist: Signal,
}

/// How to start one: [`Process::spawn`] or [`Process::spawn_again`].
pub(super) type Spawn = fn(&'static str, Command, &Path, (Signal, Signal)) -> Result<Process>;

impl Process {
    /// Starts a server with a new log. One earlier log is kept: what went wrong last time is what one looks for.
    pub(super) fn spawn(name: &'static str, command: Command, log: &Path, signals: (Signal, Signal)) -> Result<Self> {
        let _ = fs::rename(log, log.with_extension("log.1"));
        Self::spawn_again(name, command, log, signals)
    }

    /// Starts a server that has ended: it writes on in the log that says why.
    ///
    /// `command` gets a process group of its own, so that Ctrl-C in the terminal reaches only sky, which stops its
    /// services before the servers under them.
    pub(super) fn spawn_again(
        name: &'static str,
        mut command: Command,
        log: &Path,
        (ask, insist): (Signal, Signal),
    ) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("cannot write {}", log.display()))?;
        let begins = file.metadata()?.len();
        let child = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        Ok(Self { name, child, log: log.to_owned(), begins, ask, insist })
    }

    /// The process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// An error line if the server has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.ended() {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended ({status}): {} (log: {})", self.name, self.last_words(), self.log.display())
            }
        }
    }

    /// Waits until the server has ended by itself; the error line says why.
    pub(super) async fn ends(&mut self) -> anyhow::Error {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether the log says that its port was taken by somebody else.
    pub(super) fn lost_its_port(&self) -> bool {
        self.words().to_lowercase().contains("address already in use")
    }

    /// What it has said.
    fn words(&self) -> String {
        let mut said = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.begins))?;
            log.read_to_end(&mut said)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&said).into_owned(),
            Err(_) => String::new(),
        }
    }

    /// Asks, waits for `patience`, insists, and in the end kills.
    pub(super) async fn stop(&mut self, patience: Duration) -> Result<()> {
        for (signal, patience) in [(self.ask, patience), (self.insist, Duration::from_secs(3))] {
            self.signal(signal);
            let until = Instant::now() + patience;
            while Instant::now() < until {
                if self.ended().is_some() {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        }
        self.kill_group();
        bail!("{} did not stop when asked and was killed", self.name)
    }

    /// The log's last line that says why, else its last line.
    fn last_words(&self) -> String {
        let log = self.words();
        let reason = |line: &&str| line.contains("FATAL") || line.contains("[FTL]");
        let line = log.lines().rfind(reason).or_else(|| log.lines().next_back());
        line.unwrap_or("it said nothing").trim().to_owned()
    }

    fn signal(&mut self, signal: Signal) {
        // Only while the child is not reaped: after that its id may be another's.
        if self.ended().is_none()
            && let Some(pid) = as_pid(self.child.id())
        {
            let _ = kill(pid, signal);
        }
    }

    fn kill_group(&mut self) {
        if self.ended().is_none()
            && let Some(pid) = as_pid(self.child.id())
        {
            let _ = killpg(pid, Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(self.insist);
        let until = Instant::now() + Duration::from_secs(3);
        while self.ended().is_none() && Instant::now() < until {
            std::thread::sleep(POLL);
        }
        self.kill_group();
    }
}

/// Stops a server that an earlier sky left behind when it died: `pid` if that process
/// still runs with `folder` on its command line (ids are reused).
/// Returns whether the id now belongs to a process that has nothing to do with us.
pub(super) async fn stop_leftover(name: &str, pid: u32, folder: &Path, ask: Signal) -> Result<bool> {
    let Some(id) = as_pid(pid) else {
        return Ok(false);
    };
    if !runs_from(pid, folder) {
        return Ok(is_alive(pid));
    }
    for signal in [ask, Signal::SIGKILL] {
        match kill(id, signal) {
            Ok(()) => {}
            Err(Errno::ESRCH) => return Ok(false),
            Err(error) => bail!(
                "{name} (process {pid}) still runs from {} and cannot be stopped: {error}; stop it first",
                folder.display()
            ),
        }
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if !runs_from(pid, folder) {
                return Ok(false);
            }
            tokio::time::sleep(POLL).await;
        }
    }
    bail!("{name} (process {pid}) still runs from {} and does not stop: end it first", folder.display())
}

/// Whether `pid` is a process with `folder` on its command line. Where there is no
/// `/proc` the answer is no, and the server itself refuses to start twice.
fn runs_from(pid: u32, folder: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    line.split(|byte| *byte == 0).any(|word| Path::new(OsStr::from_bytes(word)).starts_with(folder))
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn as_pid(pid: u32) -> Option<Pid> {
    // 0 and 1 would mean our own group and init.
    i32::try_from(pid).ok().filter(|pid| *pid > 1).map(Pid::from_raw)
}
