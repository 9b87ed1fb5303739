//! `sky up`: the whole house on this machine. Private PostgreSQL and NATS in `.sky/` (unless the
//! environment names real ones), migrations, the house file, every service, demo accounts, and the
//! addresses to click. Ctrl-C ends it all; a second start finds the data again.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anyhow::Context;
use clap::Args;
use data_encoding::BASE32_NOPAD;
use kernel::{Boot, Role, Running, Settings};
use rand::RngExt;

use crate::{
    config::{self, RunFile},
    house,
    run::Stop,
    servers::{self, Servers},
    services,
};

/// Options of `sky up`.
#[derive(Debug, Args)]
pub struct Options {
    /// The house to load.
    #[arg(long, value_name = "FILE", default_value = "deploy/houses/halle.toml")]
    house: PathBuf,
}

/// Starts, prints the addresses, waits for the end.
pub async fn up(mut settings: Settings, home: &Path, options: Options) -> anyhow::Result<ExitCode> {
    let _telemetry = kernel::telemetry::init(&settings)?;
    anyhow::ensure!(
        settings.database_url.is_empty() == settings.nats_url.is_empty(),
        "set both SKY_DATABASE_URL and SKY_NATS_URL, or neither (then private servers are started)"
    );
    if !settings.database_url.is_empty() {
        config::has_keys(&settings, home).await?;
    }
    let mut stop = Stop::listen()?;
    let mut servers = None;
    if settings.database_url.is_empty() {
        let started = tokio::select! {
            started = Servers::start(home, servers::Options::default()) => started?,
            () = stop.told() => return Ok(ExitCode::SUCCESS),
        };
        settings.database_url = started.database_url().to_owned();
        settings.nats_url = started.nats_url().to_owned();
        servers = Some(started);
    }
    let result = serve(settings, home, &options, servers.as_mut(), &mut stop).await;
    if let Some(servers) = servers {
        servers.stop().await?;
    }
    result
}

async fn serve(
    mut settings: Settings,
    home: &Path,
    options: &Options,
    servers: Option<&mut Servers>,
    stop: &mut Stop,
) -> anyhow::Result<ExitCode> {
    if settings.identity_key.is_empty() {
        settings.identity_key = config::key(home, "identity")?;
    }
    if settings.ticket_key.is_empty() {
        settings.ticket_key = config::key(home, "ticket")?;
    }
    // With servers of its own it is there already.
    fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    let mut provider = DemoProvider::start_if_wanted(&mut settings, Some(&home.join("demo-payments.json"))).await?;
    let brand = brand(&options.house);
    let mail = keep_mail_as_files(&mut settings, home, &brand);
    let payee = toml::Value::String(brand.chars().take(PAYEE).collect());
    settings.services.entry("payments".to_owned()).or_default().entry("payee".to_owned()).or_insert(payee);
    let boot =
        Boot { services: services::ALL.to_vec(), settings: settings.clone(), clock: settings.clock(), migrate: true };
    let running = kernel::run(boot).await?;
    let data = servers.as_ref().map(|servers| servers.home().to_owned());
    let outcome = open(&settings, home, options, &running, (provider.is_some(), mail, data)).await;
    let outcome = match outcome {
        Ok(()) => tokio::select! {
            () = stop.told() => Ok(()),
            // A database that dies takes the house down with a clear line instead of a slow agony.
            failed = async { match servers { Some(servers) => servers.failed().await, None => std::future::pending().await } } => Err(failed),
        },
        Err(error) => Err(error),
    };
    println!("\nclosing …");
    let orderly = running.shutdown().await;
    if let Some(provider) = &mut provider {
        provider.stop().await;
    }
    outcome?;
    Ok(if orderly { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Loads the house, makes the demo accounts, prints where to click.
async fn open(
    settings: &Settings,
    home: &Path,
    options: &Options,
    running: &Running,
    (demo_payments, mail, data): (bool, Option<PathBuf>, Option<PathBuf>),
) -> anyhow::Result<()> {
    for line in house::load(&options.house, false, |service| running.transport(service, "sky")).await? {
        println!("  {line}");
    }
    let accounts = demo_accounts(settings).await?;
    let web = format!("http://localhost:{}", running.http.port());
    config::write_run_file(
        home,
        &RunFile {
            database_url: settings.database_url.clone(),
            nats_url: settings.nats_url.clone(),
            grpc: format!("http://{}", running.grpc),
            http: web.clone(),
        },
    )?;
    println!("\nDigital Sky is open.\n");
    println!("  book a visit     {web}/");
    println!("  staff sign in    {web}/staff/sign-in   (desk, kitchen, car park, displays)");
    println!("  a monitor        {web}/monitor/foyer-1");
    println!("  gRPC             http://{}", running.grpc);
    if demo_payments {
        println!("  online payment goes to a demo provider that moves no money");
    }
    if let Some(mail) = mail {
        println!("  e-mails to visitors become files in {}", mail.display());
    }
    match accounts {
        Some(accounts) => println!("\nDemo accounts (shown this once):\n{accounts}"),
        None => println!(
            "\nPasswords were shown at the first start. A new one: sky --home {} staff add desk --role desk\n",
            home.display()
        ),
    }
    match data {
        Some(data) => println!("Ctrl-C closes the house; the data stays in {}.", data.display()),
        None => println!("Ctrl-C closes the house; the data stays in the database."),
    }
    Ok(())
}

/// What fits into a payment's purpose before the booking's reference.
const PAYEE: usize = 17;

/// What the house calls itself; a file that is not good is refused with its line when it is loaded.
fn brand(house: &Path) -> String {
    let file = std::fs::read_to_string(house).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let brand = file.as_ref().and_then(|file| file.get("journey")?.get("brand")?.as_str());
    brand.unwrap_or("Digital Sky").replace(['"', '\\'], "")
}

/// Without a mail server what visitors are told can be read in a folder, which is answered.
fn keep_mail_as_files(settings: &mut Settings, home: &Path, brand: &str) -> Option<PathBuf> {
    let port = settings.http_listen.rsplit(':').next().unwrap_or_default().to_owned();
    let journey = settings.services.entry("journey".to_owned()).or_default();
    if journey.contains_key("smtp") {
        return None;
    }
    let folder = home.join("mail");
    let smtp =
        [("folder", folder.display().to_string()), ("from", format!("\"{brand}\" <besuch@planetarium.example>"))];
    let smtp = smtp.map(|(key, value)| (key.to_owned(), toml::Value::String(value)));
    journey.insert("smtp".to_owned(), toml::Value::Table(toml::Table::from_iter(smtp)));
    let url = toml::Value::String(format!("http://localhost:{port}"));
    journey.entry("public_url".to_owned()).or_insert(url);
    Some(folder)
}

/// One account per role where there are none, with made-up passwords. Answers the lines to print.
async fn demo_accounts(settings: &Settings) -> anyhow::Result<Option<String>> {
    let url = settings.database_urls.get("portal").unwrap_or(&settings.database_url);
    if !portal::list_accounts(url).await?.is_empty() {
        return Ok(None);
    }
    let mut lines = String::new();
    for role in Role::ALL {
        let mut secret = [0_u8; 10];
        rand::rng().fill(&mut secret);
        let password = BASE32_NOPAD.encode(&secret).to_lowercase();
        portal::add_account(url, role.name(), &password, &[role]).await?;
        lines.push_str(&format!("  {:<10} {password}\n", role.name()));
    }
    Ok(Some(lines))
}

/// The demo payment provider beside this program, when no real one is configured.
pub struct DemoProvider(tokio::process::Child);

impl DemoProvider {
    /// Starts it and puts its address into the settings. With a file it knows what was paid before, at the same address:
    /// somebody may be on its page while the house is opened again.
    pub async fn start_if_wanted(settings: &mut Settings, books: Option<&Path>) -> anyhow::Result<Option<Self>> {
        if settings.services.get("payments").is_some_and(|payments| payments.contains_key("provider_url")) {
            return Ok(None);
        }
        let program = std::env::current_exe()?.with_file_name("fake-provider");
        if !fs::exists(&program)? {
            return Ok(None);
        }
        let mut child = tokio::process::Command::new(&program)
            .args(["--listen", "127.0.0.1:0", "--ends-with-input"])
            .args(books.iter().flat_map(|file| [OsStr::new("--books"), file.as_os_str()]))
            .stdout(Stdio::piped())
            // Nothing is ever written. It ends with this process, however that ends: one that outlived it would write over the
            // books of the next.
            .stdin(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the demo provider has no output")?;
        let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
        let url = lines.next_line().await?.context("the demo payment provider ended at once")?;
        let payments = settings.services.entry("payments".to_owned()).or_default();
        payments.insert("provider_url".to_owned(), toml::Value::String(url.trim().to_owned()));
        // What a real provider would call the house.
        for key in ["originator_id", "endpoint_id"] {
            payments.entry(key.to_owned()).or_insert_with(|| toml::Value::String("demo".to_owned()));
        }
        Ok(Some(Self(child)))
    }

    async fn stop(&mut self) {
        if let Err(error) = self.0.kill().await {
            tracing::warn!(%error, "the demo payment provider did not end");
        }
    }
}
