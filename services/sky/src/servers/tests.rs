//! The servers as `sky up` and the tests use them: real processes in temporary folders.

use std::{
    ffi::OsString,
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{Options, RESTARTS, Servers, account, with_servers};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("sky-test-{}", Uuid::new_v4().simple()));
        account::make_folder(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fast() -> Options {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.sky/bin/nats-server");
    let chosen = std::env::var_os("SKY_NATS_SERVER").is_some();
    Options { fast: true, nats_server: (!chosen && fetched.exists()).then_some(fetched) }
}

/// The error line of a start that must fail.
async fn refusal(dir: &Path, options: Options) -> String {
    match Servers::start(dir, options).await {
        Ok(_) => panic!("the servers started"),
        Err(error) => format!("{error:#}"),
    }
}

/// Every process with a file of `dir` on its command line.
fn processes(dir: &Path) -> Vec<String> {
    let needle = dir.display().to_string();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|line| line.contains(&needle))
        .collect()
}

/// A stand-in for nats-server.
fn script(dir: &Path, text: &str) -> Options {
    let path = dir.join("fake-nats-server");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Options { nats_server: Some(path), fast: true }
}

#[tokio::test]
async fn data_survives_and_a_stop_leaves_no_process() {
    let dir = Folder::new();
    let servers = Servers::start(&dir.0, fast()).await.unwrap();
    let mut db = PgConnection::connect(servers.database_url()).await.unwrap();
    sqlx::query("CREATE TABLE star AS SELECT 'Wega' AS name").execute(&mut db).await.unwrap();
    assert_eq!(processes(&dir.0).len(), 2);

    // A second sky on the same folder is told who is there.
    let refused = refusal(&dir.0, fast()).await;
    assert!(refused.contains("in use by another sky"), "{refused}");
    assert!(refused.contains(&std::process::id().to_string()), "{refused}");

    // The open connection must not hold the stop up.
    servers.stop().await.unwrap();
    assert_eq!(processes(&dir.0), Vec::<String>::new());

    let begun = Instant::now();
    let servers = Servers::start(&dir.0, fast()).await.unwrap();
    let took = begun.elapsed();
    let mut db = PgConnection::connect(servers.database_url()).await.unwrap();
    let name: String = sqlx::query_scalar("SELECT name FROM star").fetch_one(&mut db).await.unwrap();
    assert_eq!(name, "Wega");
    println!("ready on existing data after {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    servers.stop().await.unwrap();
}

#[tokio::test]
async fn strangers_are_refused() {
    let dir = Folder::new();
    let servers = Servers::start(&dir.0, fast()).await.unwrap();
    let (_, address) = servers.database_url().split_once('@').unwrap();
    for stranger in ["sky", "sky:wrong", "postgres:wrong"] {
        let url = format!("postgres://{stranger}@{address}");
        assert!(PgConnection::connect(&url).await.is_err(), "{stranger}");
    }
    let (_, address) = servers.nats_url().split_once('@').unwrap();
    let mut broker = TcpStream::connect(address).unwrap();
    broker.write_all(b"CONNECT {}\r\nPING\r\n").unwrap();
    let mut answer = String::new();
    broker.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Authorization Violation"), "{answer}");

    let secrets = dir.0.join("secrets");
    for (path, mode) in [
        (secrets.clone(), 0o700),
        (secrets.join("postgres"), 0o600),
        (secrets.join("nats"), 0o600),
        (dir.0.join("nats/nats.conf"), 0o600),
    ] {
        let is = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(is, mode, "{}", path.display());
    }
    assert!(!dir.0.join("postgres.password").exists());
    servers.stop().await.unwrap();

    // The password belongs to the data.
    fs::write(secrets.join("postgres"), "another").unwrap();
    let refused = refusal(&dir.0, fast()).await;
    assert!(refused.contains("secrets/postgres"), "{refused}");
    assert_eq!(processes(&dir.0), Vec::<String>::new());
}

/// Lets go of the servers as a killed sky would.
fn abandon(servers: Servers) -> [i32; 2] {
    let pids = [servers.postgres.pid(), servers.nats.pid()].map(|pid| i32::try_from(pid).unwrap());
    std::mem::forget(servers.postgres);
    std::mem::forget(servers.nats);
    pids
}

#[tokio::test]
async fn a_start_recovers_from_a_killed_sky() {
    let dir = Folder::new();

    // The servers outlived it.
    abandon(Servers::start(&dir.0, fast()).await.unwrap());
    assert_eq!(processes(&dir.0).len(), 2);
    let servers = Servers::start(&dir.0, fast()).await.unwrap();
    assert_eq!(processes(&dir.0).len(), 2);

    // The servers were killed too.
    for pid in abandon(servers) {
        killpg(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    }
    let servers = Servers::start(&dir.0, fast()).await.unwrap();

    // And their number was given to another process since, which is left alone.
    for pid in abandon(servers) {
        killpg(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    }
    let pid_file = dir.0.join("postgres/postmaster.pid");
    let stale = fs::read_to_string(&pid_file).unwrap();
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).unwrap();
    let servers = Servers::start(&dir.0, fast()).await.unwrap();
    servers.stop().await.unwrap();
    assert_eq!(processes(&dir.0), Vec::<String>::new());
}

#[tokio::test]
async fn an_old_or_broken_broker_is_named_in_one_line() {
    let dir = Folder::new();
    for (text, expected) in
        [("echo 'nats-server: v2.9.10'", "2.9 at"), ("exit 1", "is not a nats-server that runs here")]
    {
        let refused = refusal(&dir.0, script(&dir.0, text)).await;
        assert!(refused.contains(expected), "{refused}");
        assert!(refused.contains("2.14"), "{refused}");
        assert!(!refused.contains('\n'), "{refused}");
    }
}

#[tokio::test]
async fn a_start_that_fails_midway_leaves_no_process() {
    let dir = Folder::new();
    let broken = "[ \"$1\" = --version ] && echo 'nats-server: v2.15.1' && exit\n\
                  echo '[FTL] the disk is on fire' && exit 3";
    let refused = refusal(&dir.0, script(&dir.0, broken)).await;
    assert!(refused.contains("the disk is on fire"), "{refused}");
    assert!(!refused.contains('\n'), "{refused}");
    assert_eq!(processes(&dir.0), Vec::<String>::new());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let dir = Folder::new();
    let file = dir.0.join("file");
    fs::write(&file, "").unwrap();
    let refused = refusal(&file.join("sky"), fast()).await;
    assert!(refused.contains("cannot create"), "{refused}");
    assert!(refused.contains("file/sky"), "{refused}");
}

#[tokio::test]
async fn a_command_finds_its_servers_and_its_code_comes_back() {
    let dir = Folder::new();
    let check = "case \"$TEST_DATABASE_URL $TEST_NATS_URL\" in \
                 'postgres://sky:'*'/sky nats://sky:'*) exit 7;; esac; exit 1";
    let command = ["sh", "-c", check].map(OsString::from).to_vec();
    let code = with_servers(Some(dir.0.clone()), command).await.unwrap();
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::from(7)));
    assert_eq!(processes(&dir.0), Vec::<String>::new());

    let missing = vec![OsString::from("no-such-program")];
    let error = with_servers(Some(dir.0.clone()), missing).await.unwrap_err();
    assert!(format!("{error:#}").contains("no-such-program"), "{error:#}");
    assert_eq!(processes(&dir.0), Vec::<String>::new());
}

#[tokio::test]
async fn a_broker_that_ends_is_started_again_with_its_streams_and_port() {
    let dir = Folder::new();
    let mut servers = Servers::start(&dir.0, fast()).await.unwrap();
    let url = servers.nats_url().to_owned();
    let (_, address) = url.split_once('@').unwrap();
    let greets = || {
        let mut greeting = [0; 5];
        let read = TcpStream::connect(address).and_then(|mut broker| broker.read_exact(&mut greeting));
        read.is_ok_and(|()| &greeting == b"INFO ")
    };
    assert!(greets());
    let pid_file = dir.0.join("nats/pid");
    let pid = || fs::read_to_string(&pid_file).ok().and_then(|pid| pid.parse::<i32>().ok());
    let kill = || killpg(Pid::from_raw(pid().expect("its number")), Signal::SIGKILL).unwrap();
    for _ in 0..RESTARTS {
        let old = pid();
        kill();
        let again = async {
            while pid() == old || !greets() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            failed = servers.failed() => panic!("{failed}"),
            () = again => {}
        }
    }
    kill();
    let error = tokio::time::timeout(Duration::from_secs(5), servers.failed()).await.expect("it is given up");
    assert!(error.to_string().contains("nats-server ended"), "{error}");

    // All of it stands in one log, and the one of the house before is still there.
    let log = |name| fs::read_to_string(dir.0.join("log").join(name)).unwrap();
    let starts = |log: &str| log.matches("Starting nats-server").count();
    assert_eq!(starts(&log("nats.log")), 1 + RESTARTS);
    drop(servers);
    let mut servers = Servers::start(&dir.0, fast()).await.unwrap();
    kill();
    let again = async {
        while starts(&log("nats.log")) < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        failed = servers.failed() => panic!("{failed}"),
        () = again => {}
    }
    assert_eq!((starts(&log("nats.log")), starts(&log("nats.log.1"))), (2, 1 + RESTARTS));
}

#[tokio::test]
async fn a_database_that_ends_while_the_broker_is_awaited_is_noticed() {
    let dir = Folder::new();
    // The real one at first; started again it never answers.
    let real = super::find_nats(&fast(), &dir.0).unwrap();
    let real = real.display();
    let text = format!(
        "[ \"$1\" = --version ] && exec {real} --version\n\
         again=$(dirname \"$2\")/again; [ -e \"$again\" ] && exec sleep 600\n\
         touch \"$again\"; exec {real} \"$@\""
    );
    let mut servers = Servers::start(&dir.0, script(&dir.0, &text)).await.unwrap();
    let number = |process: &super::Process| Pid::from_raw(i32::try_from(process.pid()).unwrap());
    let (postgres, nats) = (number(&servers.postgres), number(&servers.nats));
    let pid_file = dir.0.join("nats/pid");
    let first = fs::read_to_string(&pid_file).unwrap();
    killpg(nats, Signal::SIGKILL).unwrap();
    let ends = async {
        while fs::read_to_string(&pid_file).unwrap_or_default() == first {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        killpg(postgres, Signal::SIGKILL).unwrap();
        std::future::pending::<()>().await;
    };
    let noticed = async {
        tokio::select! {
            error = servers.failed() => error,
            () = ends => unreachable!("it waits"),
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(20), noticed).await.expect("it is noticed");
    assert!(error.to_string().contains("PostgreSQL ended"), "{error}");
}
