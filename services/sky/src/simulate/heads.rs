//! The headcount through the day against how many people there really are: its range must hold the truth, and the
//! narrower it is the better.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::Role;
use sky_proto::flow::v1::{GetHeadcountRequest, HeadcountBasis, zones_client::ZonesClient};

use super::World;

/// House minutes between two looks.
const EVERY: u64 = 10;

/// What a look found: how wide the range was, what it rested on, and by how many people it missed those who were there at
/// that very moment.
type Look = (u32, HeadcountBasis, u64);

/// All looks.
#[derive(Debug, Default)]
pub struct Heads(Mutex<Vec<Look>>);

impl Heads {
    fn see(&self, look: Look) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// A sentence for the report.
    pub fn told(&self) -> String {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut widths: Vec<u32> = looks.iter().map(|(width, ..)| *width).collect();
        widths.sort_unstable();
        let at = |percent: usize| widths.get(widths.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0);
        let by_doors = looks.iter().filter(|(_, basis, _)| *basis == HeadcountBasis::Doors).count();
        format!(
            "{} looks, each held the truth as the counters last told it, {} that of the moment (the farthest off by {}); \
             from least to most {} people (median), {} (nine of ten); {by_doors} rested on the counted doors",
            looks.len(),
            looks.iter().filter(|(.., off)| *off == 0).count(),
            looks.iter().map(|(.., off)| *off).max().unwrap_or(0),
            at(50),
            at(90),
        )
    }
}

/// By how many people a range misses an interval.
fn off(low: u32, high: u32, least: u64, most: u64) -> u64 {
    least.saturating_sub(u64::from(high)).max(u64::from(low).saturating_sub(most))
}

/// Looks every ten minutes. A range that holds neither how many there are nor how many there were when the counters were
/// last heard is a surprise: since then more may have gone out at once than the house assumes.
pub async fn count(world: &Arc<World>) -> anyhow::Result<()> {
    let mut zones = ZonesClient::new(world.api.staff(Role::Desk).await?);
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        loop {
            w.wait(EVERY * 60).await;
            let places = &w.report.places;
            let (before, told_of) = (places.people(), places.told_of());
            let count = match zones.get_headcount(GetHeadcountRequest {}).await {
                Ok(count) => count.into_inner(),
                Err(status) => {
                    w.report.surprise(format!("the headcount: {}", status.message()));
                    continue;
                }
            };
            let after = places.people();
            // They go on walking while it is put together.
            let (least, most) = (before.min(after), before.max(after));
            let (low, high) = (count.low, count.high);
            if off(low, high, least.min(told_of), most.max(told_of)) > 0 {
                w.report.surprise(format!(
                    "{least} to {most} people were in the house, {told_of} when its counters were last heard; the \
                     headcount said {low} to {high} ({:?})",
                    count.basis()
                ));
            } else {
                w.report.heads.see((high - low, count.basis(), off(low, high, least, most)));
            }
        }
    });
    Ok(())
}
