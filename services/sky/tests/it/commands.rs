//! Commands of the program that nothing else walks through: staff accounts, how a house is, its file, and traces for a
//! collector.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::Uri, response::IntoResponse};
use kernel::{
    Role,
    testing::{TestDb, settings},
};
use sqlx::{Connection, PgConnection};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    processes::{sky, start},
    world::ALL,
};

#[tokio::test(flavor = "multi_thread")]
async fn staff_are_added_with_a_password_from_standard_input_and_listed_with_their_roles() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let migrated = sky(&settings).args(["migrate", "--target", "portal"]).output().expect("sky starts");
    assert!(migrated.status.success(), "{migrated:?}");
    let staff = |arguments: &[&str], password: &str| {
        let mut command = sky(&settings);
        command.arg("staff").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("sky starts");
        // It may have refused before it has read anything.
        let _ = child.stdin.take().expect("its input").write_all(format!("{password}\n").as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains(password), "{said}");
        (output.status.success(), said)
    };
    let good = "correct horse battery";
    assert!(staff(&["add", "anna", "--role", "desk,attendant"], good).0);
    assert!(staff(&["add", "anna", "--role", "kitchen"], good).0, "again: the roles anew");
    let (taken, said) = staff(&["add", "bert", "--role", "cook"], good);
    assert!(!taken && said.contains("there is no role \"cook\"") && said.contains("kitchen"), "{said}");
    let (taken, said) = staff(&["add", "bert", "--role", "desk"], "short-one");
    assert!(!taken && said.contains("10"), "{said}");
    assert_eq!(staff(&["list"], good), (true, "anna: kitchen\n".to_owned()));

    // Taken away and given back; never the last one who can run the house.
    for name in ["clara", "dora"] {
        assert!(staff(&["add", name, "--role", "admin"], good).0);
    }
    let (taken, said) = staff(&["disable", "nobody"], good);
    assert!(!taken && said.contains("there is no account \"nobody\"") && said.lines().count() == 1, "{said}");
    assert!(staff(&["disable", "anna"], good).0 && staff(&["disable", "clara"], good).0);
    assert!(staff(&["disable", "clara"], good).0, "again changes nothing");
    let (taken, said) = staff(&["disable", "dora"], good);
    assert!(!taken && said.contains("the last account with the role admin") && said.lines().count() == 1, "{said}");
    let (taken, said) = staff(&["add", "dora", "--role", "desk"], good);
    assert!(!taken && said.contains("the last account with the role admin"), "nor by other roles: {said}");
    let all = "anna: kitchen (disabled)\nclara: admin (disabled)\ndora: admin\n";
    assert_eq!(staff(&["list"], good), (true, all.to_owned()));
    assert!(staff(&["enable", "clara"], good).0 && staff(&["disable", "dora"], good).0);
    let (taken, said) = staff(&["enable", "nobody"], good);
    assert!(!taken && said.contains("there is no account"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_house_says_how_it_is_and_what_is_wrong_with_a_house_file() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let all = ALL.map(|service| service.name);
    let (processes, _) = start(&[&all], &settings).await;
    let ask = |arguments: &[&str]| {
        let output = sky(&settings).args(arguments).args(["--grpc", &processes.addresses[0]]).output();
        let output = output.expect("sky starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    let (well, said) = ask(&["health"]);
    assert!(well && all.iter().all(|service| said.contains(service)) && !said.contains("DOWN"), "{said}");
    assert_eq!(ask(&["dead", "list"]), (true, "0 dead or parked event(s)\n".to_owned()));
    let (replayed, said) = ask(&["dead", "replay", "flow", "reservations", "7"]);
    assert!(!replayed && said.starts_with("sky: ") && said.lines().count() == 1, "{said}");
    let mut database = PgConnection::connect(&settings.database_url).await.expect("the database");
    let dead = "insert into parking.dead_events (producer, pub_seq, event_id, aggregate_id, aggregate_version, type, payload,
                    occurred_at, error, attempts, parked, died_at)
                values ('journey', 7, gen_random_uuid(), 'a', 1, 'sky.Nothing', '', now(), 'unreadable', 1, false, now())";
    sqlx::query(dead).execute(&mut database).await.expect("buried");
    let (_, said) = ask(&["dead", "list"]);
    let wanted = "parking ← journey #7 sky.Nothing of a (dead): unreadable\n1 dead or parked event(s)\n";
    assert_eq!(said, wanted);
    assert_eq!(ask(&["dead", "replay", "parking", "journey", "7"]), (true, "1 event(s) applied\n".to_owned()));
    assert_eq!(ask(&["dead", "list"]), (true, "0 dead or parked event(s)\n".to_owned()));

    let folder = std::env::temp_dir().join(&settings.nats_prefix);
    std::fs::create_dir_all(&folder).expect("a folder");
    let good = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/houses/halle.toml");
    let (checked, said) = ask(&["house", "check", &good.display().to_string()]);
    assert!(checked && said.ends_with("halle.toml: good\n"), "{said}");
    // What only the database knows is said before any service has changed anything.
    let text = std::fs::read_to_string(&good).expect("the house file");
    let text = text.lines().filter(|line| !line.starts_with("picture")).collect::<Vec<_>>().join("\n");
    let bigger = text.replacen("seats = 10", "seats = 11", 1);
    let plan = bigger.lines().position(|line| line == "id = \"dome-a\"").expect("a plan");
    let line = plan + bigger.lines().skip(plan).position(|line| line == "rows = [").expect("its rows") + 1;
    let file = folder.join("bigger.toml");
    std::fs::write(&file, bigger).expect("a file");
    for what in ["check", "load"] {
        let (taken, said) = ask(&["house", what, &file.display().to_string()]);
        let at = format!("line {line}, reservations.layouts[0].rows: ");
        assert!(!taken && said.contains(&at) && said.lines().count() == 1, "{said}");
    }
    // A table that no service reads would be passed over in silence.
    for (table, why) in [("[portal]\nname = \"x\"", "reads nothing of a house file"), ("[parkin]", "is no service")] {
        std::fs::write(&file, format!("{text}\n{table}\n")).expect("a file");
        let (taken, said) = ask(&["house", "load", &file.display().to_string()]);
        let at = format!("line {}: ", text.lines().count() + 1);
        assert!(!taken && said.contains(&at) && said.contains(why) && said.lines().count() == 1, "{said}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_of_several_processes_is_asked_as_one_where_peers_say_where_they_are() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let all = ALL.map(|service| service.name);
    let groups: [&[&'static str]; 2] = [&all[..3], &all[3..]];
    let (processes, _) = start(&groups, &settings).await;
    let ask = |arguments: &[&str], known: &[&str]| {
        let mut command = sky(&settings);
        for (group, address) in groups.iter().zip(&processes.addresses) {
            for service in group.iter().filter(|service| known.contains(service)) {
                command.env(format!("SKY_PEERS__{}", service.to_uppercase()), address);
            }
        }
        let output = command.args(arguments).output().expect("sky starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    let (well, said) = ask(&["health"], &all);
    let lines = |service: &str| said.lines().filter(|line| line.starts_with(service)).count();
    assert!(well && all.iter().all(|service| lines(service) == 1), "each once: {said}");
    assert_eq!(ask(&["dead", "list"], &all), (true, "0 dead or parked event(s)\n".to_owned()));
    let good = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/houses/halle.toml");
    let (loaded, said) = ask(&["house", "load", &good.display().to_string()], &all);
    assert!(loaded && said.ends_with("halle.toml: loaded\n"), "{said}");
    let (well, said) = ask(&["health"], &all[1..]);
    assert!(!well && said.contains(&format!("`peers` has no {}", all[0])), "{said}");
    let (replayed, said) = ask(&["dead", "replay", "kitchen", "journey", "1"], &all);
    assert!(!replayed && said.contains("`kitchen` is no service of the house"), "{said}");
}

async fn collect(
    State(told): State<mpsc::UnboundedSender<(String, Bytes)>>,
    uri: Uri,
    body: Bytes,
) -> impl IntoResponse {
    let _ = told.send((uri.path().to_owned(), body));
    ([("content-type", "application/grpc"), ("grpc-status", "0")], vec![0_u8; 5])
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_the_collector_that_is_configured() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let collector = format!("http://{}", listener.local_addr().expect("an address"));
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move { axum::serve(listener, Router::new().fallback(collect).with_state(tell)).await });

    let db = TestDb::create().await;
    let mut settings = settings(&db);
    settings.otlp_endpoint.clone_from(&collector);
    let child = sky(&settings)
        .args(["run", "--target", "payments"])
        .envs([("SKY_GRPC_LISTEN", "127.0.0.1:0"), ("SKY_HTTP_LISTEN", "127.0.0.1:0"), ("SKY_LOG", "info")])
        .env("SKY_OTLP_ENDPOINT", &collector)
        .stdout(Stdio::piped())
        .spawn()
        .expect("sky starts");
    let mut child = Killed(child);
    let address = address(&mut child.0).await;
    let keys = settings.keys().expect("test keys");
    let caller = kernel::Caller::Service("sky".to_owned());
    let world = crate::world::World::at([("payments", address)].into(), keys);
    let mut operations =
        sky_proto::kernel::v1::operations_client::OperationsClient::new(world.door("payments", &caller));
    operations.get_health(sky_proto::kernel::v1::GetHealthRequest {}).await.expect("health");

    let heard = tokio::time::timeout(Duration::from_secs(30), async {
        while let Some((path, body)) = told.recv().await {
            assert_eq!(path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
            let wanted = b"/sky.kernel.v1.Operations/GetHealth";
            if body.windows(wanted.len()).any(|part| part == wanted) {
                return true;
            }
        }
        false
    });
    assert_eq!(heard.await, Ok(true), "the call's span");
}

/// What `sky up` prints in a folder of its own, with more of the environment, until it is open; then it is closed.
fn opened(folder: &std::path::Path, more: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sky"));
    command
        .arg("--home")
        .arg(folder)
        .args(["up", "--house", concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/houses/halle.toml")])
        .envs([("SKY_GRPC_LISTEN", "127.0.0.1:0"), ("SKY_HTTP_LISTEN", "127.0.0.1:0"), ("SKY_LOG", "info")])
        .envs(more.iter().copied())
        .env_remove("NO_COLOR")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("sky starts");
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("Ctrl-C") {
            // In order, so that its servers end with it.
            let told = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            assert!(told.expect("kill runs").success());
        }
    }
    assert!(child.wait().expect("it ends").success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_shows_where_to_click_and_one_account_for_each_role_and_the_second_no_password() {
    let folder = std::env::temp_dir().join(format!("sky-up-{}", uuid::Uuid::new_v4()));
    let own = folder.clone();
    let (first, second) =
        tokio::task::spawn_blocking(move || (opened(&own, &[]), opened(&own, &[]))).await.expect("not cut off");
    let open = |said: &str| {
        let (_, open) = said.split_once("Digital Sky is open.").unwrap_or_else(|| panic!("{said}"));
        let (open, _) = open.split_once("closing").unwrap_or_else(|| panic!("{said}"));
        for place in ["/staff/sign-in", "/monitor/foyer-1", "http://localhost:", "gRPC"] {
            assert!(open.contains(place), "{place}: {said}");
        }
        open.to_owned()
    };
    let password = |line: &str| {
        let (role, password) = line.trim().split_once(' ')?;
        let password = password.trim();
        let is_one = password.len() == 16 && password.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        is_one.then(|| role.to_owned())
    };
    assert!(first.contains(" INFO ") && !first.contains('\u{1b}'), "colours where nobody looks on: {first}");
    let roles: Vec<String> = open(&first).lines().filter_map(password).collect();
    let all: Vec<&str> = kernel::Role::ALL.iter().map(|role| role.name()).collect();
    assert_eq!(roles, all, "{first}");
    assert_eq!(open(&second).lines().filter_map(password).count(), 0, "{second}");
    let new = format!("sky --home {} staff add desk --role desk", folder.display());
    assert!(open(&second).contains(&new), "{second}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_servers_are_used_where_the_environment_names_them() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let folder = std::env::temp_dir().join(format!("sky-up-{}", uuid::Uuid::new_v4()));
    let (own, there) = (folder.clone(), settings.clone());
    let environment = move || {
        let servers = [
            ("SKY_DATABASE_URL", there.database_url.as_str()),
            ("SKY_NATS_URL", there.nats_url.as_str()),
            ("SKY_NATS_PREFIX", there.nats_prefix.as_str()),
        ];
        opened(&own, &servers)
    };
    let said = tokio::task::spawn_blocking(environment).await.expect("not cut off");
    assert!(said.contains("Digital Sky is open."), "{said}");
    // The house is in that database, and has no servers of its own.
    let accounts = portal::list_accounts(&settings.database_url).await.expect("the database");
    assert_eq!(accounts.len(), Role::ALL.len());
    for private in ["postgres", "nats", "log", "lock"] {
        assert!(!folder.join(private).exists(), "{private} of a private server");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    // From another folder, as on another machine: a new key would make the sold tickets worthless.
    let mut elsewhere = std::process::Command::new(env!("CARGO_BIN_EXE_sky"));
    elsewhere.arg("--home").arg(&folder).arg("up");
    elsewhere.env("SKY_DATABASE_URL", &settings.database_url).env("SKY_NATS_URL", &settings.nats_url);
    let refused =
        tokio::task::spawn_blocking(move || elsewhere.output().expect("sky runs")).await.expect("not cut off");
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("set SKY_IDENTITY_KEY"), "{why}");
    assert!(!folder.join("secrets/identity.key").exists(), "no key was made");
}

/// Ends with the test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where it serves gRPC, as it says when it is ready.
async fn address(child: &mut std::process::Child) -> String {
    let out = BufReader::new(child.stdout.take().expect("its output"));
    let line = tokio::task::spawn_blocking(|| {
        out.lines().map_while(Result::ok).find(|line| line.starts_with("gRPC http://")).expect("it is ready")
    });
    let line = line.await.expect("read");
    line.split_whitespace().nth(1).expect("an address").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_asks_nothing_of_the_configuration_which_may_be_a_real_house() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sky"));
    command
        .args(["simulate", "--from", "02:00", "--until", "05:00", "--speed", "1"])
        .args(["--house", concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/houses/halle.toml")])
        .env("SKY_DATABASE_URLS__PORTAL", "postgres://nobody@127.0.0.1:1/real")
        .env("SKY_SERVICES__GASTRO__PRINTERS__HOT", "127.0.0.1:1");
    let output = tokio::task::spawn_blocking(move || command.output().expect("sky runs")).await.expect("not cut off");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no public showing that day"), "it opened a house of its own: {said}");
}
