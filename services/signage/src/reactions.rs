//! What other services tell becomes a fact here. Nothing is decided: a fact may come late, twice and
//! before the facts it belongs to.

use kernel::{
    BoxFuture, Event, Failure, Tx,
    values::{self, Text, from_timestamp},
};
use prost::Name;
use sky_proto::{
    flow::v1 as flow, gastro::v1 as gastro, parking::v1 as parking, portal::v1 as portal,
    reservations::v1 as reservations,
};

use crate::{
    commands,
    domain::{
        About, Admission, Alternative, Audience, Bays, Call, Delay, Fact, House, HouseState, Lift, Measure, Order,
        OrderStage, Pairing, Phase, Places, Plan, Quality, Site, SiteState, Sort, Station, StationState, Zone,
        ZoneLevel,
    },
};

/// What of reservations' events means something here.
pub const OF_RESERVATIONS: &[&str] = &[
    reservations::ShowingScheduled::NAME,
    reservations::ShowingDelayed::NAME,
    reservations::ShowingCancelled::NAME,
    reservations::AvailabilityChanged::NAME,
];

/// Showings, delays, cancellations, places.
///
/// # Errors
/// The event is malformed.
pub fn of_reservations(event: &Event) -> Result<Option<Fact>, Failure> {
    Ok(Some(match event.name() {
        reservations::ShowingScheduled::NAME => Fact::Plan(plan(event)?),
        reservations::ShowingDelayed::NAME => Fact::Delay(delay(event)?),
        reservations::ShowingCancelled::NAME => {
            let told: reservations::ShowingCancelled = event.decode()?;
            let showing_id = values::id("showing_id", &told.showing_id)?;
            Fact::Cancelled(showing_id, Text::from_proto(told.reason), event.occurred_at)
        }
        reservations::AvailabilityChanged::NAME => {
            let told: reservations::AvailabilityChanged = event.decode()?;
            let Some(availability) = told.availability else { return Ok(None) };
            Fact::Places(Places {
                showing_id: values::id("showing_id", &told.showing_id)?,
                left: availability.free_door,
                observed_at: from_timestamp(availability.observed_at),
            })
        }
        _ => return Ok(None),
    }))
}

fn plan(event: &Event) -> Result<Plan, Failure> {
    let told: reservations::ShowingScheduled = event.decode()?;
    let audience = match told.audience() {
        reservations::Audience::Public => Audience::Public,
        reservations::Audience::School => Audience::School,
        // What is not known to be for all is treated as closed: its title is not shown.
        reservations::Audience::Private | reservations::Audience::Unspecified => Audience::Private,
    };
    Ok(Plan {
        showing_id: values::id("showing_id", &told.showing_id)?,
        title: Text::from_proto(told.title),
        hall: told.hall,
        audience,
        starts_at: from_timestamp(told.starts_at),
        ends_at: from_timestamp(told.ends_at),
        doors_at: from_timestamp(told.doors_at),
        last_entry_at: from_timestamp(told.last_entry_at),
        told_at: event.occurred_at,
    })
}

fn delay(event: &Event) -> Result<Delay, Failure> {
    let told: reservations::ShowingDelayed = event.decode()?;
    Ok(Delay {
        showing_id: values::id("showing_id", &told.showing_id)?,
        minutes: told.minutes,
        starts_at: from_timestamp(told.starts_at),
        ends_at: from_timestamp(told.ends_at),
        doors_at: from_timestamp(told.doors_at),
        last_entry_at: from_timestamp(told.last_entry_at),
        reason: Text::from_proto(told.reason),
        told_at: event.occurred_at,
    })
}

/// What of flow's events means something here.
pub const OF_FLOW: &[&str] = &[
    flow::AdmissionMoved::NAME,
    flow::HouseStateChanged::NAME,
    flow::ZoneChanged::NAME,
    flow::DirectiveChanged::NAME,
    flow::IncidentChanged::NAME,
    flow::LiftChanged::NAME,
    flow::GroupCalled::NAME,
    flow::QueueNumberCalled::NAME,
];

/// Admission, the state of the house, zones.
///
/// # Errors
/// The event is malformed.
pub fn of_flow(event: &Event) -> Result<Option<Fact>, Failure> {
    Ok(match event.name() {
        flow::AdmissionMoved::NAME => admission(event)?,
        flow::HouseStateChanged::NAME => house(event)?,
        flow::ZoneChanged::NAME => zone(event)?,
        flow::DirectiveChanged::NAME => directive(event)?,
        flow::IncidentChanged::NAME => incident(event)?,
        flow::LiftChanged::NAME => lift(event)?,
        flow::GroupCalled::NAME => group_called(event)?,
        flow::QueueNumberCalled::NAME => Some(number_called(event)?),
        _ => None,
    })
}

/// A group is called to its hall's door, or no longer.
fn group_called(event: &Event) -> Result<Option<Fact>, Failure> {
    let told: flow::GroupCalled = event.decode()?;
    let Some(group) = told.group else { return Ok(None) };
    Ok(Some(Fact::Call(Call {
        call_id: format!("{}/{}", group.showing_id, group.number),
        number: None,
        hall: told.hall,
        text: Text::from_proto(group.text),
        calling: told.calling,
        at: from_timestamp(told.at),
        valid_until: told.valid_until.map(|at| from_timestamp(Some(at))),
    })))
}

/// The number of a walk-in is called, or no longer.
fn number_called(event: &Event) -> Result<Fact, Failure> {
    let told: flow::QueueNumberCalled = event.decode()?;
    Ok(Fact::Call(Call {
        call_id: format!("{}/{}", told.day, told.number),
        number: Some(told.number),
        hall: String::new(),
        text: Text::default(),
        calling: told.calling,
        at: from_timestamp(told.at),
        valid_until: told.valid_until.map(|at| from_timestamp(Some(at))),
    }))
}

fn admission(event: &Event) -> Result<Option<Fact>, Failure> {
    use flow::AdmissionState as State;
    let told: flow::AdmissionMoved = event.decode()?;
    let showing_id = values::id("showing_id", &told.showing_id)?;
    let phase = match told.state() {
        State::Planned => Some(Phase::Planned),
        State::DoorsOpen => Some(Phase::DoorsOpen),
        State::LastCall => Some(Phase::LastCall),
        State::Running => Some(Phase::Running),
        State::Egress | State::Turnover | State::Closed => Some(Phase::Over),
        State::Cancelled => None,
        // It does not go on: as for one that does not happen, with a reason of its own.
        State::Aborted => return Ok(Some(Fact::Cancelled(showing_id, aborted(), from_timestamp(told.at)))),
        State::Unspecified => return Ok(None),
    };
    Ok(Some(Fact::Admission(Admission {
        showing_id,
        phase,
        predicted_end_at: told.predicted_end_at.map(|at| from_timestamp(Some(at))),
        at: from_timestamp(told.at),
    })))
}

fn aborted() -> Text {
    Text {
        de: "Abgebrochen. Bitte wenden Sie sich an das Personal.".to_owned(),
        en: "Broken off. Please ask the staff.".to_owned(),
        plain: "Die Vorstellung geht nicht weiter. Bitte fragen Sie uns.".to_owned(),
    }
}

fn house(event: &Event) -> Result<Option<Fact>, Failure> {
    let flow::HouseStateChanged { house, incident_id, incident_revision } = event.decode()?;
    let told = house.unwrap_or_default();
    let about = if incident_id.is_empty() {
        None
    } else {
        Some(About { id: values::id("incident_id", &incident_id)?, revision: incident_revision })
    };
    let state = match told.state() {
        flow::HouseState::Normal => HouseState::Normal,
        flow::HouseState::Crowded => HouseState::Crowded,
        flow::HouseState::AdmissionStopped => HouseState::AdmissionStopped,
        flow::HouseState::Evacuating => HouseState::Evacuating,
        flow::HouseState::AllClear => HouseState::AllClear,
        flow::HouseState::Unspecified => return Ok(None),
    };
    let (since, exercise) = (from_timestamp(told.since), told.exercise);
    Ok(Some(Fact::House(House { state, since, about, exercise })))
}

fn zone(event: &Event) -> Result<Option<Fact>, Failure> {
    let told = event.decode::<flow::ZoneChanged>()?.zone.unwrap_or_default();
    let level = match told.level() {
        flow::ZoneLevel::Green | flow::ZoneLevel::Amber => ZoneLevel::Free,
        flow::ZoneLevel::Red => ZoneLevel::Busy,
        flow::ZoneLevel::Stop => ZoneLevel::Stop,
        flow::ZoneLevel::Unspecified => return Ok(None),
    };
    let quality = match told.quality() {
        flow::Quality::Live | flow::Quality::Unspecified => Quality::Live,
        flow::Quality::Manual => Quality::Manual,
        flow::Quality::Estimated => Quality::Estimated,
        flow::Quality::Degraded => Quality::Degraded,
    };
    let observed_at = from_timestamp(told.observed_at);
    let valid_until = told.valid_until.map(|at| from_timestamp(Some(at)));
    let whole_house = told.kind() == flow::ZoneKind::House;
    let (zone_id, parent) = (told.zone_id, told.parent_zone_id);
    let version = event.aggregate_version;
    Ok(Some(Fact::Zone(Zone { zone_id, level, quality, observed_at, version, valid_until, parent, whole_house })))
}

/// From the moment on in which it holds, until it ends: displays have nothing to do with proposals.
fn holds(state: flow::MeasureState) -> bool {
    matches!(state, flow::MeasureState::Active | flow::MeasureState::AckedByDisplays)
}

fn directive(event: &Event) -> Result<Option<Fact>, Failure> {
    let told = event.decode::<flow::DirectiveChanged>()?.directive.unwrap_or_default();
    let holds = holds(told.state());
    Ok(Some(Fact::Measure(Measure {
        measure_id: values::id("directive_id", &told.directive_id)?,
        revision: told.revision,
        holds,
        sort: match told.kind() {
            flow::DirectiveKind::Redirect | flow::DirectiveKind::OpenOverflow => Sort::Redirect,
            flow::DirectiveKind::StopAdmission => Sort::Stop,
            flow::DirectiveKind::Unspecified => Sort::Other,
        },
        zone_id: told.from_zone_id,
        zone_name: Text::from_proto(told.from_zone_name),
        text: Text::from_proto(told.text),
        step_free_text: Text::from_proto(told.step_free_text),
        step_free: told.step_free,
        over_a_lift: !told.lift_id.is_empty(),
        at: from_timestamp(told.active_from.or(told.proposed_at)),
        valid_until: told.valid_until.map(|at| from_timestamp(Some(at))),
        told_at: Some(event.occurred_at),
        ended_at: told.ended_at.map(|at| from_timestamp(Some(at))),
        earlier: Vec::new(),
    })))
}

/// An evacuation is told by the state of the house; an incident without words is for staff alone.
fn incident(event: &Event) -> Result<Option<Fact>, Failure> {
    let told = event.decode::<flow::IncidentChanged>()?.incident.unwrap_or_default();
    if told.kind() == flow::IncidentKind::Evacuation {
        return Ok(None);
    }
    let holds = holds(told.state());
    Ok(Some(Fact::Measure(Measure {
        measure_id: values::id("incident_id", &told.incident_id)?,
        revision: told.revision,
        holds,
        sort: match told.kind() {
            flow::IncidentKind::LostChild => Sort::LostChild,
            flow::IncidentKind::Medical => Sort::Medical,
            flow::IncidentKind::TechnicalFault => Sort::Fault,
            flow::IncidentKind::Evacuation | flow::IncidentKind::Unspecified => Sort::Other,
        },
        zone_id: told.zone_id,
        zone_name: Text::from_proto(told.zone_name),
        text: Text::from_proto(told.text),
        // What to do where a lift fails is no step-free way.
        step_free: false,
        over_a_lift: false,
        step_free_text: Text::from_proto(told.step_free_text),
        at: from_timestamp(told.active_from.or(told.reported_at)),
        valid_until: told.valid_until.map(|at| from_timestamp(Some(at))),
        told_at: Some(event.occurred_at),
        ended_at: told.ended_at.map(|at| from_timestamp(Some(at))),
        earlier: Vec::new(),
    })))
}

fn lift(event: &Event) -> Result<Option<Fact>, Failure> {
    let told = event.decode::<flow::LiftChanged>()?.lift.unwrap_or_default();
    Ok(Some(Fact::Lift(Lift {
        lift_id: values::slug("lift_id", &told.lift_id)?.to_owned(),
        working: told.working,
        without: Text::from_proto(told.without),
        since: from_timestamp(told.since),
        revision: told.revision,
    })))
}

/// What of portal's events means something here.
pub const OF_PORTAL: &[&str] = &[portal::DevicePairingChanged::NAME];

/// Which device belongs to which display.
pub fn from_portal<'t>(tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
    Box::pin(async move {
        if event.name() != portal::DevicePairingChanged::NAME {
            return Ok(());
        }
        let told: portal::DevicePairingChanged = event.decode()?;
        let pairing = match told.state() {
            portal::PairingState::Approved => Pairing::Approved,
            portal::PairingState::Paired => Pairing::Paired,
            portal::PairingState::Revoked => Pairing::Revoked,
            portal::PairingState::Unspecified => return Ok(()),
        };
        if told.device_kind == "display" {
            let display_id = values::slug("device_id", &told.device_id)?;
            commands::devices::paired(tx, display_id, pairing, from_timestamp(told.at)).await?;
        }
        Ok(())
    })
}

/// What of parking's events means something here.
pub const OF_PARKING: &[&str] = &[parking::SiteChanged::NAME];

/// The car park.
///
/// # Errors
/// The event is malformed.
pub fn of_parking(event: &Event) -> Result<Option<Fact>, Failure> {
    if event.name() != parking::SiteChanged::NAME {
        return Ok(None);
    }
    Ok(event.decode::<parking::SiteChanged>()?.site.map(|told| Fact::Site(site(told))))
}

fn site(told: parking::Site) -> Site {
    let state = match told.state() {
        parking::SiteState::Open => SiteState::Open,
        parking::SiteState::Closed => SiteState::Closed,
        parking::SiteState::Unreachable => SiteState::Unreachable,
        parking::SiteState::Unknown | parking::SiteState::Unspecified => SiteState::Unknown,
    };
    let bays = told.classes.iter().filter_map(|class| {
        let name = match class.bay_class() {
            parking::BayClass::Standard => "standard",
            parking::BayClass::Accessible => "accessible",
            parking::BayClass::Coach => "coach",
            parking::BayClass::Ev => "ev",
            parking::BayClass::Family => "family",
            // Nobody counts them: there is nothing to tell.
            parking::BayClass::Bicycle | parking::BayClass::Unspecified => return None,
        };
        // Bays that are kept for rights are not offered to those who drive up without one.
        let free =
            class.occupied.map(|occupied| class.capacity.saturating_sub(occupied).saturating_sub(class.expected));
        Some(Bays { class: name.to_owned(), free })
    });
    let bays = bays.collect();
    let alternatives = told.alternatives.into_iter();
    Site {
        state,
        reason: Text::from_proto(told.reason),
        closed_until: told.until.map(|at| from_timestamp(Some(at))),
        bays,
        alternatives: alternatives
            .map(|place| Alternative {
                name: place.name,
                walk_minutes: place.walk_minutes,
                free: place.free,
                free_until: place.free_until.map(|at| from_timestamp(Some(at))),
            })
            .collect(),
        observed_at: from_timestamp(told.observed_at),
        valid_until: told.valid_until.map(|at| from_timestamp(Some(at))),
        site_revision: i64::try_from(told.revision).unwrap_or(i64::MAX),
        site_id: told.site_id,
    }
}

/// What of gastro's events means something here.
pub const OF_GASTRO: &[&str] = &[gastro::OrderStateChanged::NAME, gastro::StationChanged::NAME];

/// Numbers to collect, and which stations of the café work.
///
/// # Errors
/// The event is malformed.
pub fn of_gastro(event: &Event) -> Result<Option<Fact>, Failure> {
    Ok(match event.name() {
        gastro::OrderStateChanged::NAME => order(event)?,
        gastro::StationChanged::NAME => station(event)?,
        _ => None,
    })
}

fn order(event: &Event) -> Result<Option<Fact>, Failure> {
    use gastro::OrderState as State;
    let told: gastro::OrderStateChanged = event.decode()?;
    let state = told.state();
    let of = |stage| Order { order_id: told.order_id.clone(), number: told.number, at: from_timestamp(told.at), stage };
    Ok(match state {
        State::Fired | State::Preparing => Some(Fact::Counter(of(OrderStage::Preparing))),
        State::Ready => Some(Fact::Counter(of(OrderStage::Ready))),
        State::Recalled => Some(Fact::Counter(of(OrderStage::Recalled))),
        State::Collected | State::Expired | State::Cancelled => Some(Fact::Done(of(OrderStage::Ready))),
        State::Unspecified | State::Held | State::Scheduled | State::Rejected => None,
    })
}

fn station(event: &Event) -> Result<Option<Fact>, Failure> {
    let told = event.decode::<gastro::StationChanged>()?.station.unwrap_or_default();
    let state = match told.state() {
        gastro::StationState::Open => StationState::Open,
        gastro::StationState::Busy => StationState::Busy,
        gastro::StationState::Paused => StationState::Paused,
        gastro::StationState::Closed => StationState::Closed,
        gastro::StationState::Unspecified => return Ok(None),
    };
    Ok(Some(Fact::Station(Station {
        name: Text::from_proto(told.name),
        state,
        observed_at: event.occurred_at,
        station_id: told.station_id,
    })))
}
