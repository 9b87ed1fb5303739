//! Start and idle: seconds from the start of `sky up` to its open doors on existing data, and the resident memory of
//! `sky run --target all`, the bare program beside servers that others run, when nothing happens.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{
    house::{self, House},
    report::{Figure, Report, median},
};

/// So long nothing happens before memory is looked at.
const IDLE: Duration = Duration::from_secs(10);

/// Starts once to have data, then as often as asked.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut folder = House::fresh().await?.stop().await?;
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let house = House::start(folder).await?;
        ready.push(house.ready_after.as_secs_f64());
        folder = house.stop().await?;
        let bare = Bare::start(&folder).await?;
        tokio::time::sleep(IDLE).await;
        memory.push(house::memory_mb(&bare.process, "VmRSS:")?);
        bare.stop().await?;
    }
    std::fs::remove_dir_all(folder)?;
    report.add(Figure {
        scenario: "boot",
        metric: "ready after start on existing data",
        unit: "s",
        median: median(ready),
        p99: None,
        floor: None,
    })?;
    report.add(Figure {
        scenario: "boot",
        metric: "resident memory, idle, all services",
        unit: "MB",
        median: median(memory),
        p99: None,
        floor: None,
    })
}

/// `sky run --target all` on the data of a house that is closed.
struct Bare {
    /// Ends in order when its input does.
    servers: Child,
    process: Child,
    /// Kept open: what the process says must go somewhere.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Bare {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let program = house::program()?;
        let mut servers = Command::new(&program)
            .args(["servers", "--dir"])
            .arg(folder)
            .args(["--", "sh", "-c", "echo \"$TEST_DATABASE_URL\"; echo \"$TEST_NATS_URL\"; cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the servers")?;
        let mut told = lines(&mut servers)?;
        let mut address = async || told.next_line().await?.context("the servers did not start");
        let (database, nats) = (address().await?, address().await?);
        let key = |name: &str| std::fs::read_to_string(folder.join("secrets").join(name));
        let mut process = Command::new(&program)
            .args(["run", "--target", "all"])
            .env("SKY_DATABASE_URL", database)
            .env("SKY_NATS_URL", nats)
            .env("SKY_IDENTITY_KEY", key("identity.key")?.trim())
            .env("SKY_TICKET_KEY", key("ticket.key")?.trim())
            .env("SKY_GRPC_LISTEN", "127.0.0.1:0")
            .env("SKY_HTTP_LISTEN", "127.0.0.1:0")
            .env("SKY_LOG", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start sky run")?;
        let mut said = lines(&mut process)?;
        loop {
            let line = said.next_line().await?.context("sky run ended")?;
            if line.starts_with("gRPC ") {
                return Ok(Self { servers, process, _said: said });
            }
        }
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        house::end(&mut self.process).await?;
        drop(self.servers.stdin.take());
        let status = self.servers.wait().await?;
        anyhow::ensure!(status.success(), "the servers did not end in order: {status}");
        Ok(())
    }
}

fn lines(child: &mut Child) -> anyhow::Result<Lines<BufReader<ChildStdout>>> {
    Ok(BufReader::new(child.stdout.take().context("it has no output")?).lines())
}
