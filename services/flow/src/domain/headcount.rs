//! How many people may be in a zone, as a range: for an evacuation, where a wrong number is worse than a wide one.
//! Pure.

use chrono::{DateTime, Utc};

use super::zones::{Quality, Zone};

/// At least, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: u32,
    pub(crate) high: u32,
}

/// The range of a zone's count. The worse it is known and the older it is, the wider.
pub(crate) fn range(zone: &Zone, now: DateTime<Utc>) -> Range {
    let count = zone.count;
    // In percent of the count, and people on top: staff and helpers nobody scans.
    let (percent, more) = match zone.quality {
        Quality::Live => (3, 1),
        Quality::Manual => (5, 1),
        Quality::Estimated => (20, 3),
        Quality::Degraded => return Range { low: 0, high: zone.at_most().max(count + count.div_ceil(2)) },
    };
    // Counts by hand and estimates lose two percent of the capacity with each minute; a counter tells of each change.
    let minutes = u32::try_from((now - zone.observed_at).num_minutes().clamp(0, 25)).unwrap_or(25);
    let old = if zone.quality == Quality::Live { 0 } else { (minutes * 2 * zone.capacity).div_ceil(100) };
    let margin = (count * percent).div_ceil(100) + more;
    Range {
        low: count.saturating_sub(margin + old),
        high: count + margin + old.min(zone.capacity.saturating_sub(count.min(zone.capacity))),
    }
}

/// The range of all together.
pub(crate) fn total(ranges: impl Iterator<Item = Range>) -> Range {
    ranges.fold(Range { low: 0, high: 0 }, |sum, one| Range {
        low: sum.low.saturating_add(one.low),
        high: sum.high.saturating_add(one.high),
    })
}
