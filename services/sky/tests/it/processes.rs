//! Real processes of the real program, for tests that are about more than one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
};

use kernel::{Caller, Role, Settings, testing::free_port};
use reqwest::{Client, redirect::Policy};
use sky_proto::kernel::v1::{GetHealthRequest, operations_client::OperationsClient};

use crate::world::{ALL, World};

/// Processes that end with the test.
pub struct Processes {
    children: Vec<Child>,
    /// How each was started.
    commands: Vec<Command>,
    groups: Vec<Vec<&'static str>>,
    /// What they said: shown when the test fails.
    log: PathBuf,
    /// Where each group serves gRPC.
    pub addresses: Vec<String>,
    /// Where each group serves HTTP.
    pub pages: Vec<String>,
}

impl Drop for Processes {
    fn drop(&mut self) {
        for process in &mut self.children {
            // The test is over; an orderly end is tested elsewhere.
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        }
        let _ = fs::remove_file(&self.log);
    }
}

impl Processes {
    /// What they have said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }

    /// Ends the process of a group at once, as a power cut would.
    pub fn kill(&mut self, group: usize) {
        let process = &mut self.children[group];
        process.kill().expect("it was running");
        process.wait().expect("it is gone");
    }
}

/// Somebody of the desk who has signed in at the portal at this address.
pub async fn signed_in(portal: &str, settings: &Settings) -> Client {
    let (name, password) = (Role::Desk.name(), "correct horse battery");
    portal::add_account(&settings.database_url, name, password, &[Role::Desk]).await.expect("an account");
    let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client");
    let form = [("account", name), ("password", password)];
    let answer = client.post(format!("{portal}/staff/sign-in")).form(&form).send().await.expect("an answer");
    assert!(answer.status().is_redirection(), "{}", answer.status());
    client
}

/// A setting as variables of the environment.
fn set(command: &mut Command, name: &str, value: &toml::Value) {
    match value {
        toml::Value::Table(below) => {
            below.iter().for_each(|(key, value)| set(command, &format!("{name}__{key}"), value));
        }
        toml::Value::String(text) => {
            command.env(name.to_uppercase(), text);
        }
        other => {
            command.env(name.to_uppercase(), other.to_string());
        }
    }
}

/// The program, on the servers and with the keys of a test.
pub fn sky(settings: &Settings) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
    command
        .env("SKY_DATABASE_URL", &settings.database_url)
        .env("SKY_NATS_URL", &settings.nats_url)
        .env("SKY_NATS_PREFIX", &settings.nats_prefix)
        .env("SKY_IDENTITY_KEY", &settings.identity_key)
        .env("SKY_TICKET_KEY", &settings.ticket_key)
        .env("SKY_CLOCK_AHEAD_MINUTES", settings.clock_ahead_minutes.to_string());
    for (service, own) in &settings.services {
        for (key, value) in own {
            set(&mut command, &format!("SKY_SERVICES__{service}__{key}"), value);
        }
    }
    command
}

impl Processes {
    /// Starts a group's process again and waits until it is well.
    pub async fn restart(&mut self, world: &World, group: usize) {
        self.children[group] = self.commands[group].spawn().expect("sky starts");
        is_well(world, &self.groups[group], &self.addresses[group]).await;
    }
}

/// Each process is asked by itself: of several replicas, a service's name leads to one.
async fn is_well(world: &World, group: &[&'static str], address: &str) {
    let mut operations = OperationsClient::new(world.door_at(address, &Caller::Service("sky".to_owned())));
    let mut answer = operations.get_health(GetHealthRequest {}).await;
    for _ in 0..600 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        answer = operations.get_health(GetHealthRequest {}).await;
    }
    answer.unwrap_or_else(|status| panic!("{group:?} at {address} did not become well: {status}"));
}

/// Starts a process per group of services and waits until all are well.
pub async fn start(groups: &[&[&'static str]], settings: &Settings) -> (Processes, World) {
    let ports: Vec<u16> = groups.iter().map(|_| free_port()).collect();
    let addresses: BTreeMap<&'static str, String> = groups
        .iter()
        .zip(&ports)
        .flat_map(|(group, port)| group.iter().map(move |service| (*service, format!("http://127.0.0.1:{port}"))))
        .collect();
    let pages: Vec<String> = groups.iter().map(|_| format!("127.0.0.1:{}", free_port())).collect();
    let addresses_of_groups = ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", settings.nats_prefix));
    let out = File::options().create(true).append(true).open(&log).expect("a log");
    let mut processes = Processes {
        children: Vec::new(),
        commands: Vec::new(),
        groups: groups.iter().map(|group| group.to_vec()).collect(),
        log,
        addresses: addresses_of_groups,
        pages: pages.iter().map(|address| format!("http://{address}")).collect(),
    };
    for ((group, port), page) in groups.iter().zip(&ports).zip(&pages) {
        let mut command = sky(settings);
        command
            .args(["run", "--target", &group.join(",")])
            .env("SKY_GRPC_LISTEN", format!("127.0.0.1:{port}"))
            .env("SKY_HTTP_LISTEN", page)
            // The tests' client sends cookies back over plain http only so.
            .env("SKY_SERVICES__PORTAL__INSECURE_COOKIES", "true")
            .env("SKY_POOL_SIZE", "4")
            .env("SKY_LOG", &settings.log)
            .stdout(out.try_clone().expect("a log"));
        for service in addresses.keys().filter(|service| !group.contains(service)) {
            // All its replicas.
            let there = groups.iter().zip(&ports).filter(|(group, _)| group.contains(service));
            let there: Vec<String> = there.map(|(_, port)| format!("http://127.0.0.1:{port}")).collect();
            command.env(format!("SKY_PEERS__{}", service.to_uppercase()), there.join(","));
        }
        processes.children.push(command.spawn().expect("sky starts"));
        processes.commands.push(command);
    }
    let world = World::at(addresses, settings.keys().expect("test keys"));
    for (group, address) in groups.iter().zip(&processes.addresses) {
        is_well(&world, group, address).await;
    }
    world.load_house().await;
    (processes, world)
}

/// Several replicas of reservations, and one process with all the rest, which is the first.
pub async fn start_sellers(replicas: usize, settings: &Settings) -> (Processes, World) {
    let others: Vec<&'static str> =
        ALL.iter().map(|service| service.name).filter(|name| *name != "reservations").collect();
    let mut groups: Vec<&[&'static str]> = vec![&others];
    groups.extend(std::iter::repeat_n(["reservations"].as_slice(), replicas));
    start(&groups, settings).await
}
