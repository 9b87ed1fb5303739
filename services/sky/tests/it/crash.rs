//! The database dies in the middle of the sale, with everything that it had not yet written to the disk. What had been
//! answered stands, and every invariant holds. The real program on a PostgreSQL of its own.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use kernel::{
    Caller,
    identity::Keys,
    testing::{ahead_to_noon, process_clock},
};
use sky_proto::{
    journey::v1::{
        ConfirmVisitRequest, Contact, GetVisitRequest, HoldVisitRequest, VisitState, journey_client::JourneyClient,
    },
    payments::v1::Method,
    reservations::v1::{Channel, PartyLine},
};
use uuid::Uuid;

use crate::{
    scenario::next_showing,
    world::{ALL, World},
};

/// So many orders are answered before the crash.
const ORDERS: usize = 60;

/// `sky up` in a folder of its own.
struct House {
    folder: PathBuf,
    child: Child,
}

impl Drop for House {
    fn drop(&mut self) {
        // In order, so that its servers end with it; it may have ended by itself.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn send(signal: &str, pid: &str) {
    let done = Command::new("kill").args([signal, pid]).status().expect("kill runs");
    assert!(done.success(), "{signal} to {pid}");
}

fn up(folder: &Path) -> Child {
    let _ = fs::remove_file(folder.join("secrets/run.toml"));
    Command::new(env!("CARGO_BIN_EXE_sky"))
        .arg("--home")
        .arg(folder)
        .args(["up", "--house", concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/houses/halle.toml")])
        .env("SKY_GRPC_LISTEN", "127.0.0.1:0")
        .env("SKY_HTTP_LISTEN", "127.0.0.1:0")
        .env("SKY_LOG", "off")
        .env("SKY_CLOCK_AHEAD_MINUTES", ahead_to_noon().to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("sky starts")
}

impl House {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("sky-crash-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).expect("a folder");
        Self { child: up(&folder), folder }
    }

    /// Everything behind one address, once it is open.
    async fn world(&mut self) -> World {
        let secrets = self.folder.join("secrets");
        let address = loop {
            assert!(self.child.try_wait().expect("asked").is_none(), "sky up has ended");
            let run = fs::read_to_string(secrets.join("run.toml")).unwrap_or_default();
            if let Some(line) = run.lines().find_map(|line| line.strip_prefix("grpc = \"")) {
                break line.trim_end_matches('"').to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let seed = |name: &str| {
            let text = fs::read_to_string(secrets.join(name)).expect("a key");
            <[u8; 32]>::try_from(BASE64.decode(text.trim().as_bytes()).expect("base64")).expect("32 bytes")
        };
        let keys = Keys::from_seeds(seed("identity.key"), seed("ticket.key"));
        let addresses: BTreeMap<&'static str, String> = ALL.iter().map(|it| (it.name, address.clone())).collect();
        World::at(addresses, keys)
    }

    /// The database and then the house end as in a power cut; both start again on what the disk has.
    fn crashes(&mut self) {
        let lock = fs::read_to_string(self.folder.join("postgres/postmaster.pid")).expect("PostgreSQL runs");
        // "Immediate": no process of it writes anything any more.
        send("-QUIT", lock.lines().next().expect("its number"));
        send("-KILL", &self.child.id().to_string());
        self.child.wait().expect("it is gone");
        self.provider_is_gone();
        self.child = up(&self.folder);
    }

    /// The demo provider ends with the house that started it, or it would write over the books of the next one's.
    fn provider_is_gone(&self) {
        let Ok(books) = fs::read(self.folder.join("demo-payments.json")) else {
            // Built with the whole workspace.
            assert!(!Path::new(env!("CARGO_BIN_EXE_sky")).with_file_name("fake-provider").exists(), "no books");
            println!("skipped: there is no demo provider beside sky");
            return;
        };
        let books: serde_json::Value = serde_json::from_slice(&books).expect("JSON");
        let address = books["listen"].as_str().expect("where it is");
        let since = Instant::now();
        while TcpStream::connect(address).is_ok() {
            assert!(since.elapsed().as_secs() < 20, "the demo provider outlives its house");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn holds_every_invariant(&self) {
        let mut said = String::new();
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut verify = Command::new(env!("CARGO_BIN_EXE_sky"));
            let output = verify.arg("--home").arg(&self.folder).arg("verify").output().expect("sky verify runs");
            if output.status.success() {
                return;
            }
            said = String::from_utf8_lossy(&output.stdout).into_owned();
        }
        panic!("{said}");
    }
}

/// One order after another, each of a new visitor, until the house does not answer.
async fn buy(world: Arc<World>, showing: String, answered: Arc<Mutex<Vec<(Caller, String)>>>, enough: Arc<AtomicBool>) {
    loop {
        let me = Caller::Visitor { session: Uuid::new_v4().to_string(), visit: None };
        let mut journey = JourneyClient::new(world.door("journey", &me));
        let hold = HoldVisitRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: showing.clone(),
            party: vec![PartyLine { tariff_class: "adult".to_owned(), count: 1, need: 0 }],
            channel: Channel::Online.into(),
            language: "de".to_owned(),
            ..Default::default()
        };
        let Ok(visit) = journey.hold_visit(hold).await else { return };
        let visit_id = visit.into_inner().visit_id;
        let confirm = ConfirmVisitRequest {
            visit_id: visit_id.clone(),
            method: Method::AtDesk.into(),
            contact: Some(Contact { name: "Erika Muster".to_owned(), email: format!("{visit_id}@visitors.invalid") }),
            return_url: "http://localhost/visit".to_owned(),
        };
        if journey.confirm_visit(confirm).await.is_err() {
            return;
        }
        let mut answered = answered.lock().expect("nobody panicked");
        answered.push((me, visit_id));
        enough.fetch_or(answered.len() >= ORDERS, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_takes_back_nothing_that_was_answered() {
    let mut house = House::start();
    let world = Arc::new(house.world().await);
    let showing = next_showing(&world, process_clock().now()).await.showing_id;
    let (answered, enough) = (Arc::<Mutex<Vec<(Caller, String)>>>::default(), Arc::new(AtomicBool::new(false)));
    let buyers: Vec<_> = (0..8)
        .map(|_| tokio::spawn(buy(world.clone(), showing.clone(), Arc::clone(&answered), enough.clone())))
        .collect();
    while !enough.load(Ordering::Relaxed) {
        assert!(!buyers.iter().all(tokio::task::JoinHandle::is_finished), "nothing is sold");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    house.crashes();
    for buyer in buyers {
        buyer.await.expect("it gave up");
    }
    let world = house.world().await;
    house.holds_every_invariant().await;
    let answered = std::mem::take(&mut *answered.lock().expect("nobody panicked"));
    for (me, visit_id) in answered {
        let get = GetVisitRequest { visit_id };
        let visit = JourneyClient::new(world.door("journey", &me)).get_visit(get).await.expect("known").into_inner();
        assert_eq!(visit.state(), VisitState::Confirmed, "{visit:?}");
    }
}
