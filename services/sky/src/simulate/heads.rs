//! The headcount through the day against how many people there really are: its range must hold the truth, and the
//! narrower it is the better.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::Role;
use sky_proto::flow::v1::{GetHeadcountRequest, HeadcountBasis, zones_client::ZonesClient};

use super::World;

/// House minutes between two looks.
const EVERY: u64 = 10;

/// What a look found: how wide the range was, and what it rested on.
type Look = (u32, HeadcountBasis);

/// All looks.
#[derive(Debug, Default)]
pub struct Heads {
    held: Mutex<Vec<Look>>,
    /// By how many people the range missed the truth.
    missed: Mutex<Vec<u64>>,
}

impl Heads {
    fn see(&self, look: Look) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// Counters tell by the minute, and in a day that runs fast a second of the machine is minutes of the house: a few
    /// looks may miss. True when it is more than one in ten.
    fn miss(&self, by: u64) -> bool {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.push(by);
        missed.len() > 2 && missed.len() * 9 > self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// A sentence for the report.
    pub fn told(&self) -> String {
        let looks = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut widths: Vec<u32> = looks.iter().map(|(width, _)| *width).collect();
        widths.sort_unstable();
        let at = |percent: usize| widths.get(widths.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0);
        let by_doors = looks.iter().filter(|(_, basis)| *basis == HeadcountBasis::Doors).count();
        format!(
            "{} of {} looks held the truth, the farthest off by {}; from least to most {} people (median), {} (nine of \
             ten); {by_doors} rested on the counted doors",
            looks.len(),
            looks.len() + missed.len(),
            missed.iter().max().copied().unwrap_or(0),
            at(50),
            at(90),
        )
    }
}

/// Looks every ten minutes; it is a surprise when more than one range in ten does not hold the truth.
pub async fn count(world: &Arc<World>) -> anyhow::Result<()> {
    let mut zones = ZonesClient::new(world.api.staff(Role::Desk).await?);
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        loop {
            w.wait(EVERY * 60).await;
            let before = w.report.places.people();
            let count = match zones.get_headcount(GetHeadcountRequest {}).await {
                Ok(count) => count.into_inner(),
                Err(status) => {
                    w.report.surprise(format!("the headcount: {}", status.message()));
                    continue;
                }
            };
            let after = w.report.places.people();
            // They go on walking while it is put together.
            let (least, most) = (before.min(after), before.max(after));
            let off = least.saturating_sub(u64::from(count.high)).max(u64::from(count.low).saturating_sub(most));
            if off > 0 {
                if !w.report.heads.miss(off) {
                    continue;
                }
                w.report.surprise(format!(
                    "{least} to {most} people were in the house, the headcount said {} to {} ({:?})",
                    count.low,
                    count.high,
                    count.basis()
                ));
            } else {
                w.report.heads.see((count.high - count.low, count.basis()));
            }
        }
    });
    Ok(())
}
