//! A nats-server of a test's own, and a port for whatever a test starts.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use uuid::Uuid;

/// A port of 127.0.0.1 at which nobody listens, and which nobody is given by chance before the test uses it: it lies
/// below those that the system hands out (32768 and up, 49152 on others), and no other test of this process gets it.
#[must_use]
pub fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test programs that run side by side begin at different ports.
    let begin = std::process::id().wrapping_mul(997);
    let mut candidates = std::iter::repeat_with(|| begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .take(COUNT as usize)
        .filter_map(|at| u16::try_from(FIRST + at).ok());
    candidates.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// A nats-server of the test's own, to kill, wipe and start again. The program is `TEST_NATS_SERVER`,
/// else `nats-server` from the PATH.
#[derive(Debug)]
pub struct TestBroker {
    folder: std::path::PathBuf,
    port: u16,
    process: Option<std::process::Child>,
}

impl TestBroker {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("sky-nats-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).expect("folder");
        let mut broker = Self { folder, port: free_port(), process: None };
        broker.restart().await;
        broker
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("killed");
            process.wait().expect("gone");
        }
    }

    /// Deletes its disk; only while it is dead.
    pub fn wipe(&self) {
        assert!(self.process.is_none(), "kill it first");
        std::fs::remove_dir_all(self.folder.join("jetstream")).expect("wiped");
    }

    /// Starts it on what its disk has.
    pub async fn restart(&mut self) {
        let program = std::env::var("TEST_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
        let log = std::fs::File::create(self.folder.join("log")).expect("log file");
        let process = std::process::Command::new(&program)
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(&self.folder)
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error}; set TEST_NATS_SERVER"));
        self.process = Some(process);
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
