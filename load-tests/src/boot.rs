//! Start and idle: seconds from the start of the process to its open doors on existing data, and
//! resident memory when nothing happens.

use std::time::Duration;

use crate::{
    house::House,
    report::{Figure, Report, median},
};

/// Starts once to have data, then as often as asked.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let mut folder = House::fresh().await?.stop().await?;
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let house = House::start(folder).await?;
        ready.push(house.ready_after.as_secs_f64());
        tokio::time::sleep(Duration::from_secs(10)).await;
        memory.push(house.resident_mb()?);
        folder = house.stop().await?;
    }
    std::fs::remove_dir_all(folder)?;
    report.add(Figure {
        scenario: "boot",
        metric: "ready after start on existing data",
        unit: "s",
        median: median(ready),
        p99: None,
        floor: None,
    })?;
    report.add(Figure {
        scenario: "boot",
        metric: "resident memory, idle, all services",
        unit: "MB",
        median: median(memory),
        p99: None,
        floor: None,
    })
}
