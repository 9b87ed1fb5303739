//! A running house to measure: the release binary beside this one, with `sky up` in a folder of its
//! own, ended at the end.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use data_encoding::BASE64;
use kernel::{Caller, Role, identity::Keys};
use serde::Deserialize;
use tokio::process::{Child, Command};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::interceptor::InterceptedService,
    transport::Channel,
};

/// What `sky up` writes down.
#[derive(Deserialize)]
struct RunFile {
    database_url: String,
    nats_url: String,
    grpc: String,
    http: String,
}

/// The real house.
pub const HALLE: &str = "deploy/houses/halle.toml";

fn fresh_folder() -> PathBuf {
    std::env::temp_dir().join(format!("sky-load-{}", uuid::Uuid::new_v4().simple()))
}

/// What a request of this caller has in its `authorization`.
pub fn bearer(keys: &Keys, caller: &Caller) -> anyhow::Result<MetadataValue<Ascii>> {
    Ok(format!("Bearer {}", keys.sign(caller)).parse()?)
}

/// A house under test.
pub struct House {
    child: Child,
    folder: PathBuf,
    /// PostgreSQL of the house.
    pub database_url: String,
    /// NATS of the house.
    pub nats_url: String,
    /// From the start of the process to its open doors.
    pub ready_after: Duration,
    /// Where its web pages are.
    pub web: String,
    grpc: String,
    keys: Keys,
}

/// A line of what the system says of a process's memory, in MB.
pub fn memory_mb(process: &Child, key: &str) -> anyhow::Result<f64> {
    let pid = process.id().context("it has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(key)).context("no such line")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kilobytes / 1024.0)
}

/// Ends a process in order.
pub async fn end(process: &mut Child) -> anyhow::Result<()> {
    interrupt(process)?;
    let status = process.wait().await?;
    anyhow::ensure!(status.success(), "sky did not end in order: {status}");
    Ok(())
}

fn interrupt(process: &Child) -> anyhow::Result<()> {
    let pid = nix::unistd::Pid::from_raw(process.id().context("it has ended")?.cast_signed());
    Ok(nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?)
}

/// The program that is measured, beside this one. Where cargo has started this one it is built first, so that it is of the
/// same sources.
pub fn program() -> anyhow::Result<PathBuf> {
    static BUILT: OnceLock<()> = OnceLock::new();
    let program = std::env::current_exe()?.with_file_name("sky");
    if BUILT.get().is_none()
        && let Some(cargo) = std::env::var_os("CARGO")
    {
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let built = std::process::Command::new(cargo)
            .args(["build", "--quiet", "--locked", "--package", "sky", "--bin", "sky", "--profile", profile])
            .status()
            .context("cargo does not start")?;
        anyhow::ensure!(built.success(), "sky could not be built");
        BUILT.get_or_init(|| ());
    }
    anyhow::ensure!(program.exists(), "{} is missing; build it first: cargo build --release -p sky", program.display());
    Ok(program)
}

impl House {
    /// Starts one in `folder`, keeping what is there.
    pub async fn start(folder: PathBuf) -> anyhow::Result<Self> {
        Self::start_as(folder, Path::new(HALLE)).await
    }

    /// The same with another house file.
    pub async fn start_as(folder: PathBuf, file: &Path) -> anyhow::Result<Self> {
        let program = program()?;
        std::fs::create_dir_all(&folder)?;
        let run_file = folder.join("secrets/run.toml");
        let _ = std::fs::remove_file(&run_file);
        let started = Instant::now();
        let mut child = Command::new(&program)
            .arg("--home")
            .arg(&folder)
            .arg("up")
            .arg("--house")
            .arg(file)
            .env("SKY_GRPC_LISTEN", "127.0.0.1:0")
            .env("SKY_HTTP_LISTEN", "127.0.0.1:0")
            .env("SKY_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start sky up")?;
        while !run_file.exists() {
            if let Some(status) = child.try_wait()? {
                bail!("sky up ended: {status}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let ready_after = started.elapsed();
        // The file may be seen before its content is.
        let run: RunFile = loop {
            match toml::from_str(&std::fs::read_to_string(&run_file)?) {
                Ok(run) => break run,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let key = |name: &str| -> anyhow::Result<[u8; 32]> {
            let text = std::fs::read_to_string(folder.join("secrets").join(name))?;
            BASE64.decode(text.trim().as_bytes())?.try_into().map_err(|_| anyhow::anyhow!("{name} is not 32 bytes"))
        };
        let keys = Keys::from_seeds(key("identity.key")?, key("ticket.key")?);
        Ok(Self {
            child,
            folder,
            database_url: run.database_url,
            nats_url: run.nats_url,
            ready_after,
            // The house listens on this address alone; a browser would try `localhost` under two.
            web: run.http.replace("localhost", "127.0.0.1"),
            grpc: run.grpc,
            keys,
        })
    }

    /// A fresh one in a temporary folder.
    pub async fn fresh() -> anyhow::Result<Self> {
        Self::start(fresh_folder()).await
    }

    /// A fresh one as `file` says, which it keeps in its folder; its pictures are those of the real house.
    pub async fn fresh_as(file: &str) -> anyhow::Result<Self> {
        let folder = fresh_folder();
        std::fs::create_dir_all(&folder)?;
        let pictures = Path::new(HALLE).with_file_name("pictures").canonicalize()?;
        std::os::unix::fs::symlink(pictures, folder.join("pictures"))?;
        let path = folder.join("house.toml");
        std::fs::write(&path, file)?;
        Self::start_as(folder, &path).await
    }

    /// A connection as somebody.
    pub async fn channel(
        &self,
        caller: &Caller,
    ) -> anyhow::Result<
        InterceptedService<Channel, impl FnMut(Request<()>) -> Result<Request<()>, Status> + Clone + use<>>,
    > {
        let (channel, bearer) = (self.connection().await?, bearer(&self.keys, caller)?);
        Ok(InterceptedService::new(channel, move |mut request: Request<()>| {
            request.metadata_mut().insert("authorization", bearer.clone());
            Ok(request)
        }))
    }

    /// A connection as nobody yet.
    pub async fn connection(&self) -> anyhow::Result<Channel> {
        Ok(Channel::from_shared(self.grpc.clone())?.tcp_nodelay(true).connect().await?)
    }

    /// The operator.
    pub fn operator() -> Caller {
        Caller::Staff { account: "load-test".to_owned(), roles: vec![Role::Admin] }
    }

    /// The house's keys, to issue codes with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Resident memory of the process in MB.
    pub fn resident_mb(&self) -> anyhow::Result<f64> {
        memory_mb(&self.child, "VmRSS:")
    }

    /// The most that was ever resident, in MB.
    pub fn peak_mb(&self) -> anyhow::Result<f64> {
        memory_mb(&self.child, "VmHWM:")
    }

    /// Asks `sky verify` whether every invariant of the house holds, once what was told last has arrived.
    pub async fn verify(&self) -> anyhow::Result<()> {
        let program = program()?;
        for last in [false, false, false, false, true] {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let output = Command::new(&program).arg("--home").arg(&self.folder).arg("verify").output().await?;
            let text = String::from_utf8_lossy(&output.stdout);
            if output.status.success() {
                println!("  {}", text.lines().last().unwrap_or_default());
                return Ok(());
            }
            anyhow::ensure!(!last, "sky verify: {text}{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Ends it in order; answers its folder, for another start.
    pub async fn stop(mut self) -> anyhow::Result<PathBuf> {
        end(&mut self.child).await?;
        Ok(std::mem::take(&mut self.folder))
    }
}

impl Drop for House {
    /// A measurement that failed leaves no house behind; its folder stays, to be looked at.
    fn drop(&mut self) {
        let _ = interrupt(&self.child);
    }
}
