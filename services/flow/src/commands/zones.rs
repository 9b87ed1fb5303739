//! Counting people: by scans, by hand, and from nobody on in an empty house.

use chrono::TimeDelta;
use kernel::Tx;
use serde_json::json;
use uuid::Uuid;

use super::{record, steps, touch, touch_house};
use crate::{
    domain::{
        Quality, Zone,
        steps::{Change, counted},
        zones::{self, Counted, Kind, ZoneWas},
    },
    error::Error,
    events, store,
};

/// Tells that a zone has another level, or another quality.
pub(super) async fn tell_zone(tx: &mut Tx, zone: &Zone) -> Result<(), Error> {
    tx.append(&zone.id, &events::zone_changed(zone)).await?;
    touch(tx);
    Ok(())
}

/// Saves a zone that has counted; others hear of it when its level changes.
pub(super) async fn save(tx: &mut Tx, zone: &Zone, level_changed: bool) -> Result<(), Error> {
    store::save_zone(tx.conn(), zone).await?;
    touch(tx);
    if level_changed { tell_zone(tx, zone).await } else { Ok(()) }
}

/// People who were counted out without ever having been counted in: nobody is less than nobody, and it is kept on
/// record that the counts disagree.
pub(super) async fn clamp(tx: &mut Tx, zone: &Zone, missing: u32, who: &str) -> Result<(), Error> {
    if missing == 0 {
        return Ok(());
    }
    let (before, after) = (json!({"count": zone.count}), json!({"count": 0, "counted_out_too_many": missing}));
    record(tx, who, "clamped_at_zero", &zone.id, before, after).await
}

/// Adds people whom a scan let in (or takes them out), unless a counter that works counts the zone itself.
pub(crate) async fn count(tx: &mut Tx, zone: Option<Zone>, people: i64, quality: Quality) -> Result<(), Error> {
    let Some(mut zone) = zone.filter(|zone| !zone.counted) else {
        return Ok(());
    };
    let changed = zone.add_on_count(people, quality, tx.now());
    save(tx, &zone, changed).await
}

/// Sets a zone's count by hand, for the record with who and why.
pub(crate) async fn correct_zone(tx: &mut Tx, id: &str, people: u32, reason: &str, by: &str) -> Result<Zone, Error> {
    let now = tx.now();
    let mut gone = store::headcount::mark_counted(tx.conn(), Some(id), now).await?;
    let mut zone = store::lock_zone(tx.conn(), id).await?.ok_or(Error::NoZone)?;
    if zone.kind != Kind::Room {
        return Err(Error::SumZone);
    }
    store::record_correction(tx.conn(), &zone, people, reason, by, now).await?;
    let before = json!({"count": zone.count, "quality": zone.quality.name()});
    gone.sort_unstable();
    let was = ZoneWas::of(&zone, store::is_drifted(tx.conn(), id).await?);
    let step = Change::Zone(Counted { zone: id.to_owned(), at: now, count: people, was, gone });
    steps::note(tx, id, None, counted(&zone, people), step, by).await?;
    zone.count_by_hand(people, now);
    store::end_drift(tx.conn(), id).await?;
    store::save_zone(tx.conn(), &zone).await?;
    record(tx, by, "correct_zone", id, before, json!({"count": people, "reason": reason})).await?;
    tell_zone(tx, &zone).await?;
    Ok(zone)
}

/// The staff clicker: so many more (or fewer) people. The same key counts once.
pub(crate) async fn click(tx: &mut Tx, key: Uuid, id: &str, people: i32, by: &str) -> Result<Zone, Error> {
    let now = tx.now();
    let mut zone = store::lock_zone(tx.conn(), id).await?.ok_or(Error::NoZone)?;
    if zone.kind != Kind::Room {
        return Err(Error::SumZone);
    }
    if !store::history::record_click(tx.conn(), key, id, people, by, now).await? {
        return Ok(zone);
    }
    if zone.quality == Quality::Degraded {
        return Err(Error::NumberNotKnown);
    }
    let before = json!({"count": zone.count, "quality": zone.quality.name()});
    let missing = zone.below_nobody(people.into());
    clamp(tx, &zone, missing, by).await?;
    let changed = zone.add(people.into(), Quality::Manual, now);
    let (came, gone) = if people > 0 { (people.unsigned_abs(), 0) } else { (0, people.unsigned_abs()) };
    store::history::add_traffic(tx.conn(), id, now, came, gone).await?;
    record(tx, by, "click_zone", id, before, json!({"count": zone.count, "people": people})).await?;
    save(tx, &zone, changed).await?;
    Ok(zone)
}

/// People who were seen within this span are still about.
const QUIET: TimeDelta = TimeDelta::minutes(10);

/// Sets every zone to nobody, when somebody has walked through the whole house and found it empty.
pub(crate) async fn rezero(tx: &mut Tx, by: &str) -> Result<Vec<Zone>, Error> {
    let now = tx.now();
    let in_use = store::halls_in_use(tx.conn()).await?;
    if in_use > 0 {
        return Err(Error::ShowingsUnderWay(in_use));
    }
    store::headcount::mark_counted(tx.conn(), None, now).await?;
    store::headcount::save_empty_at(tx.conn(), now).await?;
    let mut zones = store::lock_zones(tx.conn()).await?;
    let seen = store::history::traffic(tx.conn(), now - QUIET, now + QUIET).await?;
    let seen: u32 = seen.iter().map(|(_, came, gone)| came + gone).sum();
    if seen > 0 {
        return Err(Error::PeopleSeen { people: seen, minutes: QUIET.num_minutes() });
    }
    let before: Vec<_> = zones.iter().map(|zone| json!([zone.id, zone.count, zone.quality.name()])).collect();
    for zone in zones.iter_mut().filter(|zone| zone.kind == Kind::Room) {
        let (level, quality) = (zone.level, zone.quality);
        zone.count_by_hand(0, now);
        store::end_drift(tx.conn(), &zone.id).await?;
        save(tx, zone, zone.level != level || quality == Quality::Degraded).await?;
    }
    zones::roll_up(&mut zones);
    record(tx, by, "rezero", "house", json!({"zones": before}), json!({"count": 0})).await?;
    touch_house(tx).await?;
    Ok(zones)
}
