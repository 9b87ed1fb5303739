//! The domain in the words of the contract. Decides nothing.

pub(crate) mod connections;
pub(crate) mod gates;
pub(crate) mod occupancy;

use chrono::{DateTime, Utc};
use kernel::values::{euro, timestamp};
use sky_proto::{
    kernel::v1::{ChargedItem, LocalizedText},
    parking::v1 as pb,
};
use uuid::Uuid;

use crate::domain::{
    BayClass, Charge, Right, RightState, Site, SiteState, Window,
    closures::{Closure, Preview},
    coaches::Stops,
    lanes::Verdict,
};

pub(crate) fn bay_class(class: BayClass) -> pb::BayClass {
    match class {
        BayClass::Standard => pb::BayClass::Standard,
        BayClass::Accessible => pb::BayClass::Accessible,
        BayClass::Coach => pb::BayClass::Coach,
        BayClass::Ev => pb::BayClass::Ev,
        BayClass::Family => pb::BayClass::Family,
        BayClass::Bicycle => pb::BayClass::Bicycle,
    }
}

fn right_state(state: RightState) -> pb::RightState {
    match state {
        RightState::Held => pb::RightState::Held,
        RightState::Confirmed => pb::RightState::Confirmed,
        RightState::Suspended => pb::RightState::Suspended,
        RightState::CheckedIn => pb::RightState::CheckedIn,
        RightState::Left => pb::RightState::Left,
        RightState::Cancelled => pb::RightState::Cancelled,
        RightState::Expired => pb::RightState::Expired,
        RightState::NoShow => pb::RightState::NoShow,
    }
}

fn site_state(state: SiteState) -> pb::SiteState {
    match state {
        SiteState::Open => pb::SiteState::Open,
        SiteState::Closed => pb::SiteState::Closed,
        SiteState::Unreachable => pb::SiteState::Unreachable,
        SiteState::Unknown => pb::SiteState::Unknown,
    }
}

pub(crate) fn verdict(verdict: Verdict) -> pb::record_lane_response::Verdict {
    use pb::record_lane_response::Verdict as Told;
    match verdict {
        Verdict::Open => Told::Open,
        Verdict::Full => Told::Full,
        Verdict::UnknownCode => Told::UnknownCode,
        Verdict::Forged => Told::Forged,
        Verdict::WrongWindow => Told::WrongWindow,
        Verdict::AlreadyIn => Told::AlreadyIn,
        Verdict::Closed => Told::Closed,
        Verdict::Cancelled => Told::Cancelled,
        Verdict::UnknownPlate => Told::UnknownPlate,
        Verdict::Unreadable => Told::Unreadable,
        Verdict::TooLate => Told::TooLate,
        Verdict::Replaced => Told::Replaced,
        Verdict::Ambiguous => Told::Ambiguous,
        Verdict::Evacuated => Told::Evacuated,
    }
}

fn charged_item(charge: &Charge) -> ChargedItem {
    ChargedItem {
        label: Some(charge.label.to_proto()),
        quantity: 1,
        unit_price: Some(euro(charge.cents)),
        tariff_id: charge.tariff_id.clone(),
        tax_id: charge.tax_id.clone(),
        tax_basis_points: charge.tax_basis_points,
    }
}

pub(crate) fn right(right: &Right) -> pb::Right {
    pb::Right {
        visit_id: right.visit.to_string(),
        bay_class: bay_class(right.class).into(),
        state: right_state(right.state).into(),
        from: Some(timestamp(right.window.from)),
        until: Some(timestamp(right.window.until)),
        expires_at: Some(timestamp(right.expires_at)),
        items: right.charges.iter().map(charged_item).collect(),
        total: Some(euro(right.charges.iter().map(|charge| charge.cents).sum())),
        showing_id: right.showing.to_string(),
        reference: right.reference.clone(),
        plate_known: false,
        suspension: None,
        stops: stops(right),
        without_bay_from: (right.is_counted()
            && right.state != RightState::Suspended
            && right.given.until < right.window.until)
            .then(|| timestamp(right.given.until)),
    }
}

/// When a coach stands at the kerb; of other vehicles nothing is said.
fn stops(right: &Right) -> Option<pb::CoachStops> {
    let stop = |at: Window| pb::Stop { from: Some(timestamp(at.from)), until: Some(timestamp(at.until)) };
    let Stops { set_down, pick_up } = right.stops;
    (right.class == BayClass::Coach)
        .then(|| pb::CoachStops { set_down: set_down.map(stop), pick_up: pick_up.map(stop) })
}

fn alternatives(site: &Site) -> Vec<pb::Alternative> {
    site.alternatives
        .iter()
        .map(|place| pb::Alternative {
            name: place.name.clone(),
            walk_minutes: place.walk_minutes,
            free: place.free.map(|(free, _)| free),
            free_until: place.free.map(|(_, until)| timestamp(until)),
            source: place.feed.clone(),
            told_at: place.told_at.map(timestamp),
        })
        .collect()
}

/// Why bays cannot be used, and what to do instead.
pub(crate) fn suspension(site: &Site) -> pb::Suspension {
    pb::Suspension {
        state: site_state(site.state).into(),
        reason: Some(site.reason.to_proto()),
        until: site.closure.and_then(|closure| closure.until).map(timestamp),
        alternatives: alternatives(site),
        lost: false,
        left: Vec::new(),
    }
}

/// The bay was given to somebody else; `left` is there for the same vehicle.
pub(crate) fn lost(site: &Site, left: &[BayClass]) -> pb::Suspension {
    let left = left.iter().map(|class| bay_class(*class).into()).collect();
    pb::Suspension { lost: true, left, ..suspension(site) }
}

pub(crate) fn right_suspended(right: &Right, site: &Site, closure: Closure) -> pb::RightSuspended {
    pb::RightSuspended {
        visit_id: right.visit.to_string(),
        closure_id: closure.id.to_string(),
        bay_class: bay_class(right.class).into(),
        from: Some(timestamp(right.window.from)),
        until: Some(timestamp(right.window.until)),
        suspension: Some(suspension(site)),
    }
}

pub(crate) fn right_restored(right: &Right) -> pb::RightRestored {
    pb::RightRestored {
        visit_id: right.visit.to_string(),
        bay_class: bay_class(right.class).into(),
        from: Some(timestamp(right.window.from)),
        until: Some(timestamp(right.window.until)),
        stops: stops(right),
    }
}

pub(crate) fn right_lost(right: &Right, site: &Site, left: &[BayClass]) -> pb::RightLost {
    pb::RightLost {
        visit_id: right.visit.to_string(),
        bay_class: bay_class(right.class).into(),
        suspension: Some(lost(site, left)),
    }
}

pub(crate) fn preview(preview: &Preview) -> pb::SiteStatePreview {
    let hours = preview.hours.iter();
    pb::SiteStatePreview {
        visits: preview.visits,
        held: preview.held,
        cars_in: preview.cars_in,
        hours: hours.map(|(from, visits)| pb::AffectedHour { from: Some(timestamp(*from)), visits: *visits }).collect(),
    }
}

/// The site as it reads at `now`: occupancy that is too old is not told at all.
pub(crate) fn site(site: &Site, now: DateTime<Utc>) -> pb::Site {
    pb::Site {
        site_id: site.id.clone(),
        name: Some(site.name.to_proto()),
        state: site_state(site.state).into(),
        reason: Some(site.reason.to_proto()),
        classes: site
            .classes
            .iter()
            .map(|count| pb::ClassOccupancy {
                bay_class: bay_class(count.class).into(),
                capacity: count.capacity,
                occupied: (site.counted.holds(now) && count.is_known).then_some(count.occupied),
                expected: count.expected,
            })
            .collect(),
        alternatives: alternatives(site),
        closure_id: site.closure.map(|closure| closure.id.to_string()).unwrap_or_default(),
        until: site.closure.and_then(|closure| closure.until).map(timestamp),
        walk_minutes: site.walk_minutes,
        observed_at: Some(timestamp(site.counted.at)),
        valid_until: Some(timestamp(site.counted.until)),
        revision: site.revision,
        park_seconds: site.park.seconds,
        park_uncertainty_seconds: site.park.uncertainty_seconds,
        kerb_places: site.kerb_places,
        walk_uncertainty_seconds: site.walk_uncertainty_seconds,
    }
}

pub(crate) fn right_confirmed(right: &Right) -> pb::RightConfirmed {
    pb::RightConfirmed {
        visit_id: right.visit.to_string(),
        bay_class: bay_class(right.class).into(),
        from: Some(timestamp(right.window.from)),
        until: Some(timestamp(right.window.until)),
        stops: stops(right),
    }
}

/// The hold ran out and no bay of its class is left.
pub(crate) fn right_refused(visit: Uuid) -> pb::RightRefused {
    pb::RightRefused {
        visit_id: visit.to_string(),
        reason: Some(LocalizedText {
            de: "Ihr Stellplatz war nur befristet reserviert und ist inzwischen vergeben.".to_owned(),
            en: "Your bay was held for a limited time only and is taken by now.".to_owned(),
            plain: "Ihr Parkplatz ist leider nicht mehr frei.".to_owned(),
        }),
    }
}

pub(crate) fn right_moved(right: &Right) -> pb::RightMoved {
    pb::RightMoved {
        visit_id: right.visit.to_string(),
        from: Some(timestamp(right.window.from)),
        until: Some(timestamp(right.window.until)),
        stops: stops(right),
        showing_id: if right.showing.is_nil() { String::new() } else { right.showing.to_string() },
        expected_from: Some(timestamp(right.window.from + right.early)),
    }
}

pub(crate) fn right_cancelled(visit: Uuid) -> pb::RightCancelled {
    pb::RightCancelled { visit_id: visit.to_string() }
}

pub(crate) fn right_no_show(right: &Right) -> pb::RightNoShow {
    pb::RightNoShow {
        visit_id: right.visit.to_string(),
        bay_class: bay_class(right.class).into(),
        from: Some(timestamp(right.window.from)),
        until: Some(timestamp(right.window.until)),
    }
}

pub(crate) fn vehicle_entered(visit: Uuid, lane: &str, at: DateTime<Utc>) -> pb::VehicleEntered {
    pb::VehicleEntered { visit_id: visit.to_string(), lane: lane.to_owned(), at: Some(timestamp(at)) }
}

pub(crate) fn vehicle_left(visit: Uuid, lane: &str, at: DateTime<Utc>) -> pb::VehicleLeft {
    pb::VehicleLeft { visit_id: visit.to_string(), lane: lane.to_owned(), at: Some(timestamp(at)) }
}

pub(crate) fn site_changed(site_: &Site, now: DateTime<Utc>) -> pb::SiteChanged {
    pb::SiteChanged { site: Some(site(site_, now)) }
}
