//! The floor of the displays: the same payload to as many streams over as many connections, with nothing else around.

use std::time::{Duration, Instant};

use kernel::Tasks;
use sky_proto::signage::v1::{Content, DisplayUpdate, display_update::Update};
use tokio::sync::{mpsc, watch};

use super::{Options, PATIENCE};
use crate::{push, report::Latencies};

pub(super) async fn bare(options: &Options, payload: Content) -> anyhow::Result<Latencies> {
    let update = |content| DisplayUpdate { update: Some(Update::Content(content)), anew: false };
    let (sender, receiver) = watch::channel(update(payload.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let tasks = Tasks::default();
    push::serve(listener, receiver, &tasks);
    let (told, mut seen) = mpsc::unbounded_channel();
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(push::connect(address).await?);
    }
    for n in 0..options.displays {
        let (channel, told) = (connections[n as usize % connections.len()].clone(), told.clone());
        tasks.spawn_until_stop(async move {
            let Ok(mut updates) = push::watch::<DisplayUpdate>(channel).await else { return };
            while let Ok(Some(_)) = updates.message().await {
                let _ = told.send(Instant::now());
            }
        });
    }
    let mut latencies = Latencies::new();
    for round in 0..2_u64 {
        let since = Instant::now();
        if round > 0 {
            sender.send_replace(update(Content { revision: payload.revision + round, ..payload.clone() }));
        }
        for _ in 0..options.displays {
            let at = tokio::time::timeout(PATIENCE, seen.recv()).await?;
            if let (Some(at), true) = (at, round > 0) {
                latencies.add(at - since);
            }
        }
    }
    tasks.shutdown(Duration::from_secs(5)).await;
    Ok(latencies)
}
