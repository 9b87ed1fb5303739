//! Zones, escape groups, counters and estimates in the words of the contract. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::timestamp;
use sky_proto::flow::v1 as pb;

use crate::domain::{
    Level, Quality, Zone,
    counters::{Problem, Sensor, State},
    estimates::Wait,
    zones::{EscapeGroup, Kind, Threshold, Thresholds},
};

pub(crate) const fn level(level: Level) -> pb::ZoneLevel {
    match level {
        Level::Green => pb::ZoneLevel::Green,
        Level::Amber => pb::ZoneLevel::Amber,
        Level::Red => pb::ZoneLevel::Red,
        Level::Stop => pb::ZoneLevel::Stop,
    }
}

pub(crate) const fn quality(quality: Quality) -> pb::Quality {
    match quality {
        Quality::Live => pb::Quality::Live,
        Quality::Estimated => pb::Quality::Estimated,
        Quality::Manual => pb::Quality::Manual,
        Quality::Degraded => pb::Quality::Degraded,
    }
}

pub(crate) fn zone(zone: &Zone) -> pb::Zone {
    pb::Zone {
        zone_id: zone.id.clone(),
        name: Some(zone.name.to_proto()),
        capacity: zone.capacity,
        capacity_source: zone.capacity_source.clone(),
        count: zone.told(),
        level: level(zone.level).into(),
        quality: quality(zone.quality).into(),
        observed_at: Some(timestamp(zone.observed_at)),
        parent_zone_id: zone.parent.clone(),
        kind: match zone.kind {
            Kind::Room => pb::ZoneKind::Room.into(),
            Kind::Level => pb::ZoneKind::Level.into(),
            Kind::House => pb::ZoneKind::House.into(),
        },
        valid_until: zone.valid_until.map(timestamp),
        sensor_ids: zone.sensors.clone(),
        queue: match zone.queue.as_str() {
            "desk" => pb::EstimateKind::Desk.into(),
            "cafe" => pb::EstimateKind::Cafe.into(),
            _ => pb::EstimateKind::Unspecified.into(),
        },
        thresholds: Some(thresholds(&zone.thresholds)),
    }
}

fn thresholds(of: &Thresholds) -> pb::Thresholds {
    let one = |it: Threshold| Some(pb::Threshold { rise: it.rise, fall: it.fall });
    pb::Thresholds { amber: one(of.amber), red: one(of.red), stop: one(of.stop) }
}

pub(crate) fn zone_changed(zone_: &Zone) -> pb::ZoneChanged {
    pb::ZoneChanged { zone: Some(zone(zone_)) }
}

pub(crate) fn escape_group(group: &EscapeGroup) -> pb::EscapeGroup {
    pb::EscapeGroup {
        group_id: group.id.clone(),
        name: Some(group.name.to_proto()),
        zone_ids: group.zones.clone(),
        limit: group.limit,
        limit_source: group.limit_source.clone(),
        count: group.told(),
        level: level(group.level).into(),
        quality: quality(group.quality).into(),
        observed_at: Some(timestamp(group.observed_at)),
        valid_until: group.valid_until.map(timestamp),
    }
}

pub(crate) fn escape_group_changed(group: &EscapeGroup) -> pb::EscapeGroupChanged {
    pb::EscapeGroupChanged { group: Some(escape_group(group)) }
}

pub(crate) const fn sensor_state(state: State) -> pb::SensorState {
    match state {
        State::Commissioning => pb::SensorState::Commissioning,
        State::Online => pb::SensorState::Online,
        State::Degraded => pb::SensorState::Degraded,
        State::Offline => pb::SensorState::Offline,
        State::Retired => pb::SensorState::Retired,
    }
}

pub(crate) fn sensor(sensor: &Sensor) -> pb::Sensor {
    pb::Sensor {
        sensor_id: sensor.id.clone(),
        name: Some(sensor.name.to_proto()),
        state: sensor_state(sensor.state).into(),
        problem: sensor.problem.map(|problem: Problem| problem.words().to_proto()),
        since: Some(timestamp(sensor.since)),
        last_seen_at: sensor.last_seen.map(timestamp),
        interval_seconds: u32::try_from(sensor.interval.num_seconds()).unwrap_or(0),
        zone_ids: sensor.zones(),
        lost_packages: sensor.lost,
        clock_skew_seconds: sensor.skew_seconds,
    }
}

/// An estimate grows old quickly.
const ESTIMATE_HOLDS: TimeDelta = TimeDelta::seconds(60);

/// What an estimate is of.
pub(crate) enum About {
    Door(uuid::Uuid),
    Desk(String),
    Cafe(String),
}

pub(crate) fn estimate(about: About, people: u32, wait: Wait, quality_: Quality, now: DateTime<Utc>) -> pb::Estimate {
    let (kind, showing_id, zone_id) = match about {
        About::Door(showing) => (pb::EstimateKind::Door, showing.to_string(), String::new()),
        About::Desk(zone) => (pb::EstimateKind::Desk, String::new(), zone),
        About::Cafe(zone) => (pb::EstimateKind::Cafe, String::new(), zone),
    };
    pb::Estimate {
        kind: kind.into(),
        showing_id,
        zone_id,
        people,
        per_hour: wait.per_hour,
        seconds: wait.seconds,
        seconds_low: wait.low,
        seconds_high: wait.high,
        as_of: Some(timestamp(now)),
        valid_until: Some(timestamp(now + ESTIMATE_HOLDS)),
        quality: quality(quality_).into(),
    }
}
