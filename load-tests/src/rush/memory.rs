//! What the process of all services holds in memory while 5,000 people rush: a house of its own, because
//! memory that another scenario took is not given back at once.

use super::{Bench, hall, rate_in, sell};
use crate::{
    house::House,
    report::{Report, median},
};

/// Measures it once for each run, each in a fresh house.
pub async fn measure(report: &mut Report, runs: u32) -> anyhow::Result<()> {
    let (mut peaks, mut residents) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        let house = House::fresh().await?;
        let rushed = rush(&house).await;
        let folder = house.stop().await?;
        std::fs::remove_dir_all(folder)?;
        let (peak, resident) = rushed?;
        println!("memory {run}: {peak:.0} MB at most, {resident:.0} MB afterwards");
        peaks.push(peak);
        residents.push(resident);
    }
    report.add(rate_in("memory", "all services, most during the rush", "MB", median(peaks)))?;
    report.add(rate_in("memory", "all services, resident after it", "MB", median(residents)))
}

async fn rush(house: &House) -> anyhow::Result<(f64, f64)> {
    let showings = hall::showings(house, 1, 11, 10).await?;
    let rush = sell::rush(house, &showings[0], 5000).await?;
    anyhow::ensure!(rush.held == 110, "{} of 110 places were held", rush.held);
    let (peak, resident) = (house.peak_mb()?, house.resident_mb()?);
    Bench { house, runs: 1, seconds: 1 }.verify().await?;
    Ok((peak, resident))
}
