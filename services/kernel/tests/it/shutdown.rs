//! The end of a process: in order, and within ten seconds whatever hangs.

use std::time::{Duration, Instant};

use kernel::{BoxFuture, Context, Parts, Service, testing::House};

use crate::{SINK, SOURCE, faults::tell};

/// Has a task that neither ends nor listens.
const STUBBORN: Service = Service { name: "stubborn", build: build_stubborn, ..SOURCE };

fn build_stubborn(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        context.tasks.spawn(tokio::time::sleep(Duration::from_secs(120)));
        Ok(Parts::default())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_is_quick_and_says_so() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=20).await;
    let started = Instant::now();
    assert!(house.running.shutdown().await, "everything ended by itself");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_cut_off_after_ten_seconds() {
    let house = House::start(&[STUBBORN]).await;
    let started = Instant::now();
    assert!(!house.running.shutdown().await, "and it is said");
    let took = started.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(15), "{took:?}");
}
