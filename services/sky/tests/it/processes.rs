//! Real processes of the real program, for tests that are about more than one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use kernel::Settings;
use sky_proto::kernel::v1::{GetHealthRequest, operations_client::OperationsClient};

use crate::world::World;

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
    /// Ends the process of a group at once, as a power cut would.
    pub fn kill(&mut self, group: usize) {
        let process = &mut self.children[group];
        process.kill().expect("it was running");
        process.wait().expect("it is gone");
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// The program, on the servers and with the keys of a test.
pub fn sky(settings: &Settings) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
    command
        .env("SKY_DATABASE_URL", &settings.database_url)
        .env("SKY_NATS_URL", &settings.nats_url)
        .env("SKY_NATS_PREFIX", &settings.nats_prefix)
        .env("SKY_IDENTITY_KEY", &settings.identity_key)
        .env("SKY_TICKET_KEY", &settings.ticket_key);
    command
}

impl Processes {
    /// Starts a group's process again and waits until it is well.
    pub async fn restart(&mut self, world: &World, group: usize) {
        self.children[group] = self.commands[group].spawn().expect("sky starts");
        is_well(world, &self.groups[group]).await;
    }
}

async fn is_well(world: &World, group: &[&'static str]) {
    let mut operations = OperationsClient::new(world.door(group[0], &kernel::Caller::Service("sky".to_owned())));
    let mut answer = operations.get_health(GetHealthRequest {}).await;
    for _ in 0..600 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        answer = operations.get_health(GetHealthRequest {}).await;
    }
    answer.unwrap_or_else(|status| panic!("{group:?} did not become well: {status}"));
}

/// Starts a process per group of services and waits until all are well.
pub async fn start(groups: &[&[&'static str]], settings: &Settings) -> (Processes, World) {
    let ports: Vec<u16> = groups.iter().map(|_| free_port()).collect();
    let addresses: BTreeMap<&'static str, String> = groups
        .iter()
        .zip(&ports)
        .flat_map(|(group, port)| group.iter().map(move |service| (*service, format!("http://127.0.0.1:{port}"))))
        .collect();
    let addresses_of_groups = ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", settings.nats_prefix));
    let out = File::options().create(true).append(true).open(&log).expect("a log");
    let mut processes = Processes {
        children: Vec::new(),
        commands: Vec::new(),
        groups: groups.iter().map(|group| group.to_vec()).collect(),
        log,
        addresses: addresses_of_groups,
    };
    for (group, port) in groups.iter().zip(&ports) {
        let mut command = sky(settings);
        command
            .args(["run", "--target", &group.join(",")])
            .env("SKY_GRPC_LISTEN", format!("127.0.0.1:{port}"))
            .env("SKY_HTTP_LISTEN", "127.0.0.1:0")
            .env("SKY_POOL_SIZE", "4")
            .env("SKY_LOG", "error")
            .stdout(out.try_clone().expect("a log"));
        for (service, address) in &addresses {
            if !group.contains(service) {
                command.env(format!("SKY_PEERS__{}", service.to_uppercase()), address);
            }
        }
        processes.children.push(command.spawn().expect("sky starts"));
        processes.commands.push(command);
    }
    let world = World::at(addresses, settings.keys().expect("test keys"));
    for group in groups {
        is_well(&world, group).await;
    }
    world.load_house().await;
    (processes, world)
}
