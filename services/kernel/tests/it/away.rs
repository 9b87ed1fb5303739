//! A database that goes away under a running process and comes back: nobody needs to start the process again.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use kernel::{
    Clock, Code, Coded, Tasks,
    testing::{House, noon},
};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use crate::{
    SINK, SOURCE, effects,
    faults::{eventually, tell},
    numbers,
};

/// Where PostgreSQL really is.
#[derive(Clone)]
enum There {
    Network(String, u16),
    Socket(PathBuf),
}

/// A way to PostgreSQL that can be cut. What goes through it at that moment is lost.
struct Way {
    url: String,
    open: watch::Sender<bool>,
    _tasks: Tasks,
}

impl Way {
    fn to(url: &str) -> Self {
        let options: PgConnectOptions = url.parse().expect("an address");
        let there = match options.get_socket() {
            Some(folder) => There::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => There::Network(options.get_host().to_owned(), options.get_port()),
        };
        let here = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        here.set_nonblocking(true).expect("set");
        let (before, after) = url.rsplit_once('@').expect("a password");
        let (_, database) = after.split_once('/').expect("a database");
        let port = here.local_addr().expect("an address").port();
        let here = TcpListener::from_std(here).expect("a listener");
        let (open, is_open) = watch::channel(true);
        let tasks = Tasks::default();
        let each = tasks.clone();
        tasks.spawn_until_stop(async move {
            while let Ok((near, _)) = here.accept().await {
                if *is_open.borrow() {
                    each.spawn_until_stop(carry(near, there.clone(), is_open.clone()));
                }
            }
        });
        Self { url: format!("{before}@127.0.0.1:{port}/{database}"), open, _tasks: tasks }
    }
}

async fn carry(mut near: TcpStream, there: There, mut is_open: watch::Receiver<bool>) {
    let carried = async {
        match there {
            There::Network(host, port) => {
                let mut far = TcpStream::connect((host, port)).await?;
                copy_bidirectional(&mut near, &mut far).await
            }
            There::Socket(path) => {
                let mut far = UnixStream::connect(path).await?;
                copy_bidirectional(&mut near, &mut far).await
            }
        }
    };
    tokio::select! {
        _ = carried => {}
        _ = is_open.wait_for(|is_open| !is_open) => {}
    }
}

/// Whether the service can write, and if not, what it says.
async fn writes(house: &House) -> Result<(), Code> {
    let written = house
        .transact("source", |tx| Box::pin(async move { sqlx::query("select 1").execute(tx.conn()).await.map(drop) }));
    written.await.map_err(|error: sqlx::Error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_process_outlives_a_database_that_is_away() {
    let mut way = None;
    let house = House::start_with(&[SOURCE, SINK], Clock::manual(noon()), |settings| {
        let cut = Way::to(&settings.database_url);
        settings.database_url.clone_from(&cut.url);
        way = Some(cut);
    })
    .await;
    let way = way.expect("the house goes through it");
    tell(&house, 1..=5).await;
    house.settle().await;
    for (from, to) in [(6, 10), (11, 15)] {
        way.open.send_replace(false);
        eventually("every service says that it is away", async || {
            house.running.health().await.iter().all(|health| !health.database_ok)
        })
        .await;
        // Whoever asks hears that they may ask again, and hears it soon.
        for _ in 0..20 {
            let asked = tokio::time::timeout(Duration::from_secs(10), writes(&house)).await;
            assert_eq!(asked.expect("an answer"), Err(Code::Unavailable));
        }
        way.open.send_replace(true);
        eventually("it writes again", async || writes(&house).await.is_ok()).await;
        tell(&house, from..=to).await;
        house.settle().await;
        assert_eq!(effects(&house).await, numbers(1..=to.cast_signed()));
    }
    eventually("all of it is on the bus", async || house.stream_positions("source").await == numbers(1..=15)).await;
    let health = house.running.health().await;
    assert!(health.iter().all(|health| health.database_ok && health.dead_events == 0), "{health:?}");
}
