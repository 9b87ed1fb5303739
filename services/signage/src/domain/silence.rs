//! What becomes of facts whose teller is silent. Most are told only when they change, so that an old one is as good as
//! new as long as its teller is there. When it is not, what was measured goes, what people have decided stays, and what
//! stays says of when it is. An evacuation is never touched: it ends only when somebody ends it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Facts, HouseState, Line, Phase, Quality, StationState, Zone, ZoneLevel};

/// Whose facts are on displays.
pub const TELLERS: [&str; 4] = ["reservations", "flow", "parking", "gastro"];

/// "All clear, wait for our staff": half an hour later staff have fetched everybody.
const ALL_CLEAR: TimeDelta = TimeDelta::minutes(30);
/// A stop of admission holds for an evening, and not into the next day.
const STOPPED: TimeDelta = TimeDelta::hours(4);

/// A service has fallen silent, or speaks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Which.
    pub producer: String,
    /// When it was last heard; None: it speaks.
    pub since: Option<DateTime<Utc>>,
}

impl Facts {
    /// When a service was last heard, if it is silent.
    pub(super) fn silent(&self, producer: &str) -> Option<DateTime<Utc>> {
        self.silences.iter().find(|it| it.producer == producer)?.since
    }

    /// Takes out what cannot be known any more.
    pub(super) fn age(&mut self, now: DateTime<Utc>) {
        // What somebody has counted holds for as long as flow said; then it is a band, whoever is there. Of a counter flow
        // tells when it falls silent, and nothing as long as it says the same.
        let flow_speaks = self.silent("flow").is_none();
        let over = |zone: &Zone| zone.valid_until.is_some_and(|until| until <= now);
        for zone in &mut self.zones {
            if over(zone) && !(flow_speaks && zone.quality == Quality::Live) {
                zone.quality = Quality::Degraded;
            }
        }
        if self.silent("reservations").is_some() {
            for showing in &mut self.showings {
                showing.places_left = None;
            }
        }
        if self.silent("flow").is_some() {
            for showing in &mut self.showings {
                // Whether doors are open now nobody knows; that a showing has begun stays true.
                if matches!(showing.phase, Phase::DoorsOpen | Phase::LastCall) {
                    showing.phase = Phase::Planned;
                }
            }
            // A full zone stays full to be safe; "nearly full" is a measurement.
            self.zones.retain(|it| it.level == ZoneLevel::Stop || it.valid_until.is_some_and(|until| now < until));
            self.house = self.house.take().filter(|house| match house.state {
                HouseState::Normal | HouseState::Evacuating => true,
                HouseState::Crowded => false,
                HouseState::AdmissionStopped => now < house.since + STOPPED,
                HouseState::AllClear => now < house.since + ALL_CLEAR,
            });
        }
        if self.silent("parking").is_some()
            && let Some(site) = &mut self.site
        {
            for bays in &mut site.bays {
                bays.free = None;
            }
        }
        if self.silent("gastro").is_some()
            && self.stations.iter().any(|it| matches!(it.state, StationState::Open | StationState::Busy))
        {
            self.stations.clear();
        }
    }

    /// Says of a line that its teller is silent: it was true until that was last heard.
    pub(super) fn stamp(&self, line: &mut Line) {
        let tellers: &[&str] = match line.source.as_str() {
            "programme" => &["reservations", "flow"],
            "flow" => &["flow"],
            "parking" => &["parking"],
            "gastro" => &["gastro"],
            _ => &[],
        };
        if let Some(heard) = tellers.iter().filter_map(|teller| self.silent(teller)).min() {
            line.stale = true;
            line.observed_at = line.observed_at.max(heard);
        }
    }
}
