//! Work that comes again and again goes on, whatever becomes of one turn.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use chrono::TimeDelta;
use kernel::{BoxFuture, Code, Context, Failure, Parts, Service, testing::House};
use sqlx::migrate::Migrator;

use crate::faults::eventually;

static TURNS: AtomicU32 = AtomicU32::new(0);

const CLUMSY: Service = Service { name: "clumsy", migrations: || Migrator::with_migrations(Vec::new()), build };

fn build(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        context.every("clumsy work", Duration::from_secs(1), || Box::pin(turn()));
        Ok(Parts::default())
    })
}

async fn turn() -> Result<(), Failure> {
    match TURNS.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("on purpose"),
        1 => Err(Failure::new(Code::Internal, "on purpose, too")),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn a_turn_that_panics_is_not_the_last() {
    let house = House::start(&[CLUMSY]).await;
    eventually("there is a turn after one that panicked and one that failed", async || {
        house.clock.advance(TimeDelta::seconds(1));
        TURNS.load(Ordering::SeqCst) >= 3
    })
    .await;
}
