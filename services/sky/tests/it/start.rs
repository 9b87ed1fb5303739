//! What stands in the way of a start is one line that says what to do, and a code that says it failed.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Child, Output, Stdio},
    time::Instant,
};

use kernel::{
    Settings,
    testing::{TestDb, free_port, settings},
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::processes::sky;

/// Runs `sky run` to its end, with more of the environment.
async fn refused(settings: &Settings, more: &[(&str, &str)]) -> String {
    let mut command = sky(settings);
    command
        .args(["run", "--target", "payments"])
        .env("SKY_GRPC_LISTEN", &settings.grpc_listen)
        .env("SKY_HTTP_LISTEN", &settings.http_listen)
        .envs(more.iter().copied());
    ended(command).await
}

/// The same with `sky up`, in a folder of its own.
async fn not_opened(settings: &Settings, more: &[(&str, &str)]) -> String {
    let folder = std::env::temp_dir().join(format!("sky-up-{}", uuid::Uuid::new_v4()));
    let mut command = sky(settings);
    command.arg("--home").arg(&folder).arg("up").env("SKY_LOG", "off");
    command.env("SKY_GRPC_LISTEN", &settings.grpc_listen).env("SKY_HTTP_LISTEN", &settings.http_listen);
    command.envs(more.iter().copied());
    let said = ended(command).await;
    // Where nothing was begun there is none.
    let _ = std::fs::remove_dir_all(&folder);
    said
}

async fn ended(mut command: std::process::Command) -> String {
    let started = Instant::now();
    let output: Output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("not cut off").expect("sky starts");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success(), "it must not look like success: {said}");
    assert!(started.elapsed().as_secs() < 30, "after {} s: {said}", started.elapsed().as_secs());
    assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("sky: "), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_one_clear_line_without_its_password() {
    let db = TestDb::create().await;
    let settings =
        Settings { database_url: format!("postgres://sky:hush@127.0.0.1:{}/sky", free_port()), ..settings(&db) };
    let said = refused(&settings, &[]).await;
    assert!(said.contains("Check SKY_DATABASE_URL and that PostgreSQL runs."), "{said}");
    assert!(!said.contains("hush"), "{said}");
    // With keys, and on the way to them.
    for keys in [&[][..], &[("SKY_TICKET_KEY", "")]] {
        let said = not_opened(&settings, keys).await;
        assert!(said.contains("Check SKY_DATABASE_URL and that PostgreSQL runs.") && !said.contains("hush"), "{said}");
    }

    let settings = Settings { database_url: "postgres:/nonsense".to_owned(), ..settings };
    assert!(refused(&settings, &[]).await.contains("SKY_DATABASE_URL"));
    let settings = Settings { database_url: String::new(), ..settings };
    assert!(refused(&settings, &[]).await.contains("SKY_DATABASE_URL is not set"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_not_there_is_one_clear_line_without_its_password() {
    let db = TestDb::create().await;
    let settings = Settings { nats_url: format!("nats://sky:hush@127.0.0.1:{}", free_port()), ..settings(&db) };
    let said = refused(&settings, &[]).await;
    assert!(said.contains("NATS is not reachable") && said.contains("Check SKY_NATS_URL"), "{said}");
    assert!(!said.contains("hush"), "{said}");
    let settings = Settings { nats_url: "nonsense at all".to_owned(), ..settings };
    assert!(refused(&settings, &[]).await.contains("SKY_NATS_URL is not an address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_real_server_and_one_private_one_is_one_clear_line() {
    let folder = std::env::temp_dir().join(format!("sky-up-{}", uuid::Uuid::new_v4()));
    for (variable, value) in
        [("SKY_DATABASE_URL", "postgres://sky:hush@127.0.0.1:1/sky"), ("SKY_NATS_URL", "nats://sky:hush@127.0.0.1:1")]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sky"));
        command.env(variable, value).arg("--home").arg(&folder).arg("up");
        let said = ended(command).await;
        assert!(said.contains("set both SKY_DATABASE_URL and SKY_NATS_URL, or neither"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
    assert!(!folder.exists(), "nothing was begun");
}

/// Somebody who listens where a broker should be, greets whoever comes with a line, and answers pings.
fn listens(greeting: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.write_all(greeting.as_bytes());
            let Ok(asked) = stream.try_clone() else { return };
            for line in BufReader::new(asked).lines().map_while(Result::ok) {
                if line.starts_with("PING") && stream.write_all(b"PONG\r\n").is_err() {
                    break;
                }
            }
        }
    });
    format!("nats://sky:hush@{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_too_old_or_none_is_one_clear_line() {
    let db = TestDb::create().await;
    for version in ["2.9.25", "2.13.4", "1.4.1", "none"] {
        let info = format!(
            "INFO {{\"server_id\":\"OLD\",\"server_name\":\"old\",\"version\":\"{version}\",\"go\":\"go1.20\",\
             \"host\":\"127.0.0.1\",\"port\":4222,\"headers\":true,\"max_payload\":1048576,\"proto\":1,\
             \"client_id\":5,\"client_ip\":\"127.0.0.1\"}}\r\n"
        );
        let settings = Settings { nats_url: listens(info.leak()), ..settings(&db) };
        let said = refused(&settings, &[]).await;
        assert!(said.contains(&format!("nats-server {version} is too old")), "{said}");
        assert!(said.contains("2.14 or newer") && !said.contains("hush"), "{said}");
    }
    for greeting in ["HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.example ESMTP\r\n", "INFO nonsense\r\n", ""] {
        let settings = Settings { nats_url: listens(greeting), ..settings(&db) };
        let said = refused(&settings, &[]).await;
        assert!(said.contains("NATS is not reachable") && said.contains("Check SKY_NATS_URL"), "{greeting}: {said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

/// The same address with another password.
fn with_password(url: &str, password: &str) -> String {
    let (user, host) = url.rsplit_once('@').expect("a password");
    let (user, _) = user.rsplit_once(':').expect("a password");
    format!("{user}:{password}@{host}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_one_clear_line_that_does_not_say_it() {
    let db = TestDb::create().await;
    let good = settings(&db);
    let nats = Settings { nats_url: with_password(&good.nats_url, "hush"), ..good.clone() };
    let said = refused(&nats, &[]).await;
    assert!(said.contains("authorization violation") && said.contains("Check SKY_NATS_URL"), "{said}");
    assert!(!said.contains("hush"), "{said}");
    let database = Settings { database_url: with_password(&good.database_url, "hush"), ..good };
    let said = refused(&database, &[]).await;
    assert!(said.contains("password authentication failed") && said.contains("SKY_DATABASE_URL"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_with_the_key_to_change() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let db = TestDb::create().await;
    let grpc = Settings { grpc_listen: address.clone(), ..settings(&db) };
    let said = refused(&grpc, &[]).await;
    assert!(said.contains(&address) && said.contains("SKY_GRPC_LISTEN"), "{said}");
    let http = Settings { http_listen: address.clone(), ..settings(&db) };
    let said = refused(&http, &[]).await;
    assert!(said.contains(&address) && said.contains("SKY_HTTP_LISTEN"), "{said}");
    let said = not_opened(&http, &[]).await;
    assert!(said.contains(&address) && said.contains("SKY_HTTP_LISTEN"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_by_mistake_is_named() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    for (variable, value, names) in [
        ("SKY_SERVICES__PAYMENT__PROVIDER_URL", "http://h", "`services.payment`"),
        ("SKY_SERVICES__PAYMENTS__PROVIDER_ULR", "http://h", "provider_ulr"),
        ("SKY_SERVICES__PAYMENTS__PROVIDER_URL", "ftp://h", "services.payments.provider_url"),
        ("SKY_SERVICES__PAYMENTS__PROVIDER_CA_FILE", "/none.pem", "services.payments.provider_ca_file"),
        ("SKY_SERVICES__PAYMENTS__ORIGINATOR_ID", "", "services.payments.originator_id is not set"),
        ("SKY_SERVICES__PAYMENTS__ENDPOINT_ID", "", "services.payments.endpoint_id is not set"),
        ("SKY_SERVICES__PAYMENTS__ENDPOINT_ID", "../16053000", "services.payments.endpoint_id"),
        ("SKY_PEERS__FLWO", "http://h", "`peers.flwo`"),
        ("SKY_DATABASE_URLS__FLWO", "postgres://h", "`database_urls.flwo`"),
        ("SKY_HTTP_LISEN", "x", "http_lisen"),
        ("SKY_EVENT_LOG_DAYS", "30", "event_log_days"),
        ("SKY_IDENTITY_KEY", "c2hvcnQ=", "SKY_IDENTITY_KEY"),
    ] {
        let more = [
            ("SKY_SERVICES__PAYMENTS__PROVIDER_URL", "http://h"),
            ("SKY_SERVICES__PAYMENTS__ORIGINATOR_ID", "planetarium-jena"),
            ("SKY_SERVICES__PAYMENTS__ENDPOINT_ID", "16053000"),
            (variable, value),
        ];
        let said = refused(&settings, &more).await;
        assert!(said.contains(names), "{variable}: {said}");
    }
    for service in ["flow", "parking"] {
        let mut command = sky(&settings);
        command
            .args(["run", "--target", service])
            .envs([("SKY_GRPC_LISTEN", "127.0.0.1:0"), ("SKY_HTTP_LISTEN", "127.0.0.1:0"), ("SKY_LOG", "error")])
            .env(format!("SKY_SERVICES__{}__X", service.to_uppercase()), "1");
        let said = ended(command).await;
        assert!(said.contains(&format!("[services.{service}]")) && said.contains("`x`"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_shown_without_what_is_secret() {
    let db = TestDb::create().await;
    let mut command = sky(&settings(&db));
    command.arg("config").env("SKY_SERVICES__GASTRO__TSE_TOKEN", "hush").env("SKY_SERVICES__GASTRO__TSE_ID", "unit-7");
    command.env("SKY_SERVICES__PAYMENTS__PROVIDER_TOKEN", "123456").env("SKY_NATS_PREFIX", "2026");
    let output = command.output().expect("sky starts");
    let shown = String::from_utf8(output.stdout).expect("text");
    assert!(
        output.status.success()
            && shown.contains("unit-7")
            && shown.contains("nats_prefix = \"2026\"")
            && shown.contains("tse_token = \"(secret)\""),
        "{shown}"
    );
    for secret in
        ["hush", "123456", &settings(&db).identity_key, &settings(&db).ticket_key, &settings(&db).database_url]
    {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_one_clear_line() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    let run = |more: &[&str]| {
        let mut command = sky(&settings);
        command.args(["run", "--target", "payments"]).args(more).env("SKY_LOG", "error");
        command.envs([("SKY_GRPC_LISTEN", "127.0.0.1:0"), ("SKY_HTTP_LISTEN", "127.0.0.1:0")]);
        command
    };
    let said = ended(run(&["--no-migrate"])).await;
    assert!(said.contains("payments: ") && said.contains("run `sky migrate` first"), "{said}");
    let mut database = PgConnection::connect(&settings.database_url).await.expect("the database");
    let begun = "select to_regnamespace('payments') is not null";
    assert!(!sqlx::query_scalar::<_, bool>(begun).fetch_one(&mut database).await.expect("asked"), "nothing was begun");

    let migrated = sky(&settings).args(["migrate", "--target", "payments"]).output().expect("sky starts");
    assert!(migrated.status.success(), "{migrated:?}");
    // As an earlier version of the program has left it.
    for table in ["_migrations", "_kernel_migrations"] {
        let last = format!(
            "with last as (delete from payments.{table} where version = (select max(version) from payments.{table})
                 returning *) insert into payments.kept_{table} select * from last"
        );
        let kept = format!("create table payments.kept_{table} (like payments.{table})");
        database.execute(AssertSqlSafe(kept)).await.expect("a table");
        database.execute(AssertSqlSafe(last)).await.expect("older");
        let said = ended(run(&["--no-migrate"])).await;
        assert!(said.contains("payments: 1 migration(s) have not been run; run `sky migrate` first"), "{said}");
        let back = format!("insert into payments.{table} select * from payments.kept_{table}");
        database.execute(AssertSqlSafe(back)).await.expect("as it was");
    }

    // And as a later one: who was started by a roll-out that goes back may run, and changes no table.
    let later = "insert into payments._migrations (version, description, success, checksum, execution_time)
                 values (9999, 'later', true, '', 0)";
    database.execute(later).await.expect("newer");
    let said = ended(run(&[])).await;
    assert!(said.contains("a newer program has used it") && said.contains("9999"), "{said}");
    let mut runs = run(&["--no-migrate"]).stdout(Stdio::piped()).spawn().expect("sky starts");
    assert!(is_open(&mut runs), "it ended");
    let _ = runs.kill();
    let _ = runs.wait();
}

/// Waits until a process says where it answers. False: it has ended.
fn is_open(process: &mut Child) -> bool {
    let said = BufReader::new(process.stdout.take().expect("its output"));
    said.lines().map_while(Result::ok).any(|line| line.starts_with("gRPC http://"))
}

/// `sky up` with servers of its own, with these programs on its path.
async fn not_opened_alone(folder: &std::path::Path, path: &std::path::Path) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sky"));
    command.arg("--home").arg(folder.join("house")).arg("up").current_dir(folder);
    command.env("PATH", path).env("SKY_LOG", "off");
    for variable in ["SKY_NATS_SERVER", "SKY_DATABASE_URL", "SKY_NATS_URL"] {
        command.env_remove(variable);
    }
    ended(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_missing_is_one_clear_line() {
    let folder = std::env::temp_dir().join(format!("sky-up-{}", uuid::Uuid::new_v4()));
    let data = folder.join("house/postgres");
    std::fs::create_dir_all(&data).expect("a folder");
    // What Debian has is found without a path; of the broker there is nothing.
    let said = not_opened_alone(&folder, &folder).await;
    assert!(
        said.contains("is not installed: deploy/up") && said.contains("on the PATH") || said.contains("_URL"),
        "{said}"
    );
    // Data of a PostgreSQL that nobody has any more.
    std::fs::write(data.join("PG_VERSION"), "9\n").expect("written");
    let said = not_opened_alone(&folder, &folder).await;
    assert!(said.contains("was written by PostgreSQL 9, which is not installed"), "{said}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// The allocator reads this as the process begins; without it a rush would take a fifth more memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stays_keeps_few_arenas_of_memory() {
    let db = TestDb::create().await;
    let settings = settings(&db);
    for (given, kept) in [(None, "2"), (Some("4"), "4")] {
        let mut command = sky(&settings);
        command.args(["run", "--target", "payments"]).env("SKY_LOG", "error");
        command.env_remove("MALLOC_ARENA_MAX").env_remove("MALLOC_MMAP_THRESHOLD_");
        command.envs([("SKY_GRPC_LISTEN", "127.0.0.1:0"), ("SKY_HTTP_LISTEN", "127.0.0.1:0")]);
        command.envs(given.map(|many| ("MALLOC_ARENA_MAX", many))).stdout(Stdio::piped());
        let mut child = command.spawn().expect("sky starts");
        assert!(is_open(&mut child), "it ended");
        let began_with = std::fs::read(format!("/proc/{}/environ", child.id())).expect("its environment");
        let _ = child.kill();
        let _ = child.wait();
        for wanted in [format!("MALLOC_ARENA_MAX={kept}"), "MALLOC_MMAP_THRESHOLD_=4194304".to_owned()] {
            assert!(began_with.split(|byte| *byte == 0).any(|it| it == wanted.as_bytes()), "{wanted}");
        }
    }
}
