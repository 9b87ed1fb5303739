//! What another kitchen display's words mean here, and what it is told, in the words and numbers of Deliverect. Pure.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Order, OrderState, Station, StationState};

/// What a status asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KdsStatus {
    Accepted,
    Ready,
    Finalized,
    /// It will not be made: a machine does not take a guest's meal away, so staff decide.
    WentWrong,
}

impl KdsStatus {
    /// None: a code that nobody here knows, which is no error.
    pub(crate) const fn of(code: i64) -> Option<Self> {
        match code {
            20 => Some(Self::Accepted),
            70 => Some(Self::Ready),
            90 | 95 => Some(Self::Finalized),
            35 | 110 | 120 => Some(Self::WentWrong),
            _ => None,
        }
    }

    /// The steps from a state to what was told; empty when that is where it is, or back. What has not been fired yet
    /// cannot be worked on.
    pub(crate) fn steps(self, from: OrderState) -> &'static [OrderState] {
        use OrderState::{Collected, Fired, Preparing, Ready, Recalled};
        match (self, from) {
            (Self::Accepted, Fired) => &[Preparing],
            (Self::Ready, Fired) => &[Preparing, Ready],
            (Self::Ready, Preparing) => &[Ready],
            (Self::Finalized, Fired) => &[Preparing, Ready, Collected],
            (Self::Finalized, Preparing) => &[Ready, Collected],
            (Self::Finalized, Ready | Recalled) => &[Collected],
            _ => &[],
        }
    }
}

/// Where an order is, in their numbers.
pub(crate) const fn code(state: OrderState) -> i64 {
    match state {
        OrderState::Held | OrderState::Scheduled | OrderState::Fired | OrderState::Preparing => 20,
        OrderState::Ready | OrderState::Recalled => 70,
        OrderState::Collected => 90,
        OrderState::Expired => 120,
        OrderState::Cancelled => 110,
        OrderState::Rejected => 35,
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// When an order is wanted, and how far it is.
pub(crate) fn prep_update(order: &Order, location: &str) -> Value {
    json!({
        "channelOrderId": order.number.unwrap_or_default().to_string(),
        "orderId": order.id.to_string(),
        "location": location,
        "status": code(order.state),
        "pickupTime": instant(order.pickup_at),
    })
}

/// One word for the whole kitchen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Online,
    /// Everything takes so many minutes longer.
    Busy(i64),
    Paused,
}

impl Load {
    /// Nobody is that busy; who is pauses.
    const LONGEST: i64 = 120;

    /// It rests when every station does, and is as busy as its busiest.
    pub(crate) fn of(stations: &[Station]) -> Self {
        let delay = stations.iter().map(|station| station.delay.num_minutes()).max().unwrap_or_default();
        if stations.iter().all(|it| matches!(it.state, StationState::Paused | StationState::Closed)) {
            Self::Paused
        } else if delay > 0 {
            Self::Busy(delay)
        } else {
            Self::Online
        }
    }

    /// As it was sent. `Ok(None)`: a word that nobody here knows, which is no error.
    pub(crate) fn read(status: &str, delay: i64) -> Result<Option<Self>, String> {
        match status {
            "ONLINE" => Ok(Some(Self::Online)),
            "PAUSED" => Ok(Some(Self::Paused)),
            "BUSY" if (1..=Self::LONGEST).contains(&delay) => Ok(Some(Self::Busy(delay))),
            "BUSY" => Err(format!("delay must be 1 to {} minutes for BUSY, not {delay}", Self::LONGEST)),
            _ => Ok(None),
        }
    }

    const fn delay(self) -> i64 {
        match self {
            Self::Busy(delay) => delay,
            Self::Online | Self::Paused => 0,
        }
    }

    /// What becomes of a station. One that staff have closed stays closed, and one that they, and not the system itself, have
    /// paused stays paused until they open it: they know of more than how much there is to do.
    pub(crate) const fn of_station(self, was: StationState, paused_by_system: bool) -> (StationState, TimeDelta) {
        match (self, was) {
            (_, StationState::Closed) => (StationState::Closed, TimeDelta::zero()),
            (_, StationState::Paused) if !paused_by_system => (StationState::Paused, TimeDelta::zero()),
            (Self::Online, _) => (StationState::Open, TimeDelta::zero()),
            (Self::Busy(delay), _) => (StationState::Busy, TimeDelta::minutes(delay)),
            (Self::Paused, _) => (StationState::Paused, TimeDelta::zero()),
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Online => "ONLINE",
            Self::Busy(_) => "BUSY",
            Self::Paused => "PAUSED",
        })
    }
}

/// How busy the kitchen is, for others.
pub(crate) fn busy_status(stations: &[Station], (account, location, channel): &(String, String, String)) -> Value {
    let load = Load::of(stations);
    json!({
        "accountId": account,
        "locationId": location,
        "channelLinkId": channel,
        "status": load.to_string(),
        "delay": load.delay(),
    })
}

/// A system may put a meal off by so much; what is more is a mistake of its clock.
pub(crate) const LONGEST_DELAY: TimeDelta = TimeDelta::hours(3);

/// Something that the kitchen's own system is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// What is about one of these is told in its order.
    pub(crate) subject: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl Message {
    /// An order has its time, or a new one.
    pub(crate) fn prep(order: &Order, location: &str) -> Self {
        let body = prep_update(order, location);
        Self { subject: order.id.to_string(), path: "/kds/prepTime".to_owned(), body }
    }

    /// An order is further.
    pub(crate) fn status(order: &Order) -> Self {
        let id = order.id.to_string();
        let body = json!({"orderId": id, "status": code(order.state), "reason": ""});
        Self { path: format!("/kds/orderStatus/{id}"), subject: id, body }
    }

    /// How busy the kitchen is.
    pub(crate) fn busy(stations: &[Station], names: &(String, String, String)) -> Self {
        Self { subject: "busy".to_owned(), path: "/kds/busy".to_owned(), body: busy_status(stations, names) }
    }
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Push {
    pub(crate) id: Uuid,
    /// Under which it is sent, the same each time, so that it is taken once.
    pub(crate) key: Uuid,
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) attempts: u32,
}

/// The pause before a message is sent again: 2 s, 4 s, … five minutes.
pub(crate) fn pause(attempts: u32) -> TimeDelta {
    TimeDelta::seconds(1_i64 << attempts.min(20)).min(TimeDelta::minutes(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_mean_something_and_unknown_ones_nothing() {
        for code in [20, 35, 70, 90, 95, 110, 120] {
            assert!(KdsStatus::of(code).is_some(), "{code}");
        }
        for code in [0, 1, 10, 50, 60, 80, 99, -70, i64::MAX] {
            assert_eq!(KdsStatus::of(code), None, "{code}");
        }
    }

    #[test]
    fn a_status_never_moves_an_order_back_or_begins_it() {
        use OrderState::{Cancelled, Collected, Expired, Held, Ready, Scheduled};
        for status in [KdsStatus::Accepted, KdsStatus::Ready, KdsStatus::Finalized, KdsStatus::WentWrong] {
            for state in [Held, Scheduled, Collected, Expired, Cancelled] {
                assert!(status.steps(state).is_empty(), "{status:?} {state:?}");
            }
        }
        assert!(KdsStatus::Accepted.steps(Ready).is_empty());
        assert_eq!(KdsStatus::Finalized.steps(OrderState::Fired).last(), Some(&Collected));
    }
}
