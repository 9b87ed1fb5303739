//! Lanes and commands in the words of the contract. Decides nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{
    token,
    values::{day_of, timestamp},
};
use sky_proto::parking::v1 as pb;

use crate::{
    commands::journal::{LocalList, Summary},
    domain::{
        BayClass, EARLY,
        gates::{Action, Command, CommandState, Confirmation, Hold, Lane, LaneState},
        lanes::Direction,
    },
    error::Error,
    store::gates::ListedRow,
};

pub(crate) fn command(command: &Command) -> pb::GateCommand {
    let action = match command.action {
        Action::Open => pb::GateAction::Open,
        Action::HoldOpen => pb::GateAction::HoldOpen,
        Action::Close => pb::GateAction::Close,
    };
    let state = match command.state {
        CommandState::Received => pb::CommandState::Received,
        CommandState::Accepted => pb::CommandState::Accepted,
        CommandState::Dispatched => pb::CommandState::Dispatched,
        CommandState::Executing => pb::CommandState::Executing,
        CommandState::Succeeded => pb::CommandState::Succeeded,
        CommandState::Failed => pb::CommandState::Failed,
        CommandState::Rejected => pb::CommandState::Rejected,
        CommandState::Expired => pb::CommandState::Expired,
        CommandState::Cancelled => pb::CommandState::Cancelled,
    };
    let confirmation = match command.confirmation {
        Confirmation::None => pb::Confirmation::Unspecified,
        Confirmation::Accepted => pb::Confirmation::Accepted,
        Confirmation::DeviceAcknowledged => pb::Confirmation::DeviceAcknowledged,
        Confirmation::PhysicallyConfirmed => pb::Confirmation::PhysicallyConfirmed,
    };
    pb::GateCommand {
        command_id: command.id.to_string(),
        lane: command.lane.clone(),
        action: action.into(),
        state: state.into(),
        confirmation: confirmation.into(),
        reason: command.reason.clone(),
        requested_at: Some(timestamp(command.requested_at)),
        expires_at: Some(timestamp(command.expires_at)),
        failure: command.failure.clone(),
        failure_text: command.why_failed().map(|why| why.to_proto()),
    }
}

pub(crate) fn orders(lane: &Lane, orders: &[Command]) -> pb::LaneOrders {
    pb::LaneOrders {
        lane: lane.id.clone(),
        revision: lane.revision,
        hold_open: lane.hold.is_some(),
        commands: orders.iter().map(command).collect(),
    }
}

/// A lane for staff; `by_hand` has, per lane, what was opened by hand and which cars nobody knows; `clocks`, per lane, the
/// cameras whose clocks are wrong.
pub(crate) fn lane(
    lane: &Lane,
    commands: &[Command],
    by_hand: &[(String, i64, i64)],
    clocks: &[(String, String, i64)],
    now: DateTime<Utc>,
) -> pb::Lane {
    let now_is = lane.state(now);
    let without_link = matches!(now_is, LaneState::LinkLost | LaneState::LocalList);
    let state = match now_is {
        LaneState::Unknown => pb::LaneState::Unspecified,
        LaneState::Normal => pb::LaneState::Normal,
        LaneState::LinkLost => pb::LaneState::LinkLost,
        LaneState::LocalList => pb::LaneState::LocalList,
        LaneState::HeldOpen => pb::LaneState::HeldOpen,
        LaneState::Fault => pb::LaneState::Fault,
    };
    let direction = match lane.direction {
        Direction::In => pb::Direction::In,
        Direction::Out => pb::Direction::Out,
    };
    let told = by_hand.iter().find(|(id, ..)| *id == lane.id);
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    pb::Lane {
        lane: lane.id.clone(),
        direction: direction.into(),
        state: state.into(),
        heartbeat_at: lane.heartbeat_at.map(timestamp),
        hold_confirmed: lane.held_open,
        by_evacuation: lane.hold.is_some_and(Hold::is_evacuation),
        fault: lane.fault.clone(),
        opened_by_hand: told.map_or(0, |(_, hand, _)| count(*hand)),
        unknown_cars: told.map_or(0, |(_, _, unknown)| count(*unknown)),
        commands: commands.iter().filter(|it| it.lane == lane.id).map(command).collect(),
        told_to_drivers: without_link.then(|| Lane::without_link(lane.direction).to_proto()),
        key_reused_at: lane.key_reused_at.filter(|at| day_of(*at) == day_of(now)).map(timestamp),
        wrong_clocks: clocks.iter().filter(|(of, ..)| *of == lane.id).map(clock).collect(),
    }
}

fn clock((_, camera, behind_seconds): &(String, String, i64)) -> pb::CameraClock {
    pb::CameraClock { camera: camera.clone(), behind_seconds: *behind_seconds }
}

/// `key` gives the key of a day. A list that goes on after midnight, or has cars that came before it, has those of all
/// their days, and of no other.
pub(crate) fn local_list(
    lane: &str,
    list: &LocalList,
    key: impl Fn(NaiveDate) -> String,
) -> Result<pb::LocalList, Error> {
    let today = day_of(list.issued_at);
    let noted = list.rights.iter().filter(|row| row.lane_hash.is_some());
    let days: BTreeSet<NaiveDate> = noted.map(day_of_plate).chain([today]).collect();
    Ok(pb::LocalList {
        plate_keys: days.into_iter().map(|day| pb::DayKey { day: day.to_string(), key: key(day) }).collect(),
        list_id: kernel::values::new_id(list.issued_at).to_string(),
        lane: lane.to_owned(),
        issued_at: Some(timestamp(list.issued_at)),
        valid_until: Some(timestamp(list.valid_until)),
        plate_key: key(today),
        rights: list.rights.iter().map(listed).collect::<Result<_, _>>()?,
        without_link: Some(list.without_link.to_proto()),
    })
}

/// With the key of which day its plate is looked up. Of those noted in former times, the day on which their bay begins.
fn day_of_plate(row: &ListedRow) -> NaiveDate {
    row.lane_day.unwrap_or_else(|| day_of(row.valid_from))
}

fn listed(row: &ListedRow) -> Result<pb::ListedRight, Error> {
    let class = BayClass::named(&row.class).ok_or_else(|| Error::Stored(format!("bay class {}", row.class)))?;
    let codes = row.ids.iter().zip(&row.generations);
    Ok(pb::ListedRight {
        reference: row.reference.clone(),
        codes: codes
            .map(|(id, generation)| pb::ListedCode {
                hash: token::hash(&id.to_string()),
                least_generation: generation.unsigned_abs(),
            })
            .collect(),
        car_is_in: row.is_in,
        plate_hash: row.lane_hash.clone().unwrap_or_default(),
        plate_day: row.lane_hash.as_ref().map(|_| day_of_plate(row).to_string()).unwrap_or_default(),
        bay_class: super::bay_class(class).into(),
        from: Some(timestamp(row.valid_from - EARLY)),
        until: Some(timestamp(row.valid_until)),
    })
}

/// `refused`: so many entries nobody could name.
pub(crate) fn summary(summary: Summary, refused: usize) -> pb::SubmitLaneJournalResponse {
    pb::SubmitLaneJournalResponse {
        taken: summary.taken,
        known_before: summary.known_before,
        unknown: summary.unknown,
        by_hand: summary.by_hand,
        refused: u32::try_from(refused).unwrap_or(u32::MAX),
    }
}
