//! The states of a visit and of its parts, with the names under which they are stored.

use serde::{Deserialize, Serialize};

/// The life of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// On the waiting list of its showing: nothing is held for it yet.
    Waiting,
    /// The services are being asked; nobody knows of the visit yet.
    Holding,
    /// A service refused; the others have let go.
    Refused,
    Held,
    AwaitingPayment,
    Confirming,
    Confirmed,
    Expired,
    Cancelled,
    Refunding,
    Refunded,
}

impl State {
    pub(crate) const ALL: [Self; 11] = [
        Self::Waiting,
        Self::Holding,
        Self::Refused,
        Self::Held,
        Self::AwaitingPayment,
        Self::Confirming,
        Self::Confirmed,
        Self::Expired,
        Self::Cancelled,
        Self::Refunding,
        Self::Refunded,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Holding => "holding",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Confirming => "confirming",
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What a service has said of its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Held,
    Confirmed,
    Refused,
    Cancelled,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [Self::Held, Self::Confirmed, Self::Refused, Self::Cancelled];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// How it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Free,
    AtDesk,
    Online,
}

impl Method {
    pub(crate) const ALL: [Self; 3] = [Self::Free, Self::AtDesk, Self::Online];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::AtDesk => "at_desk",
            Self::Online => "online",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What payments has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Money {
    None,
    Pending,
    Paid,
    DueAtDesk,
    Failed,
    Refunding,
    Refunded,
    Voided,
}

impl Money {
    pub(crate) const ALL: [Self; 8] = [
        Self::None,
        Self::Pending,
        Self::Paid,
        Self::DueAtDesk,
        Self::Failed,
        Self::Refunding,
        Self::Refunded,
        Self::Voided,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::DueAtDesk => "due_at_desk",
            Self::Failed => "failed",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|money| money.name() == name)
    }
}

/// How far a showing's admission is, as the door tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Admission {
    Planned,
    DoorsOpen,
    LastCall,
    Running,
    Egress,
    Turnover,
    Closed,
    Cancelled,
    /// Broken off. What its visitors get back is decided by people, with its cancellation.
    Aborted,
}

impl Admission {
    pub(crate) const ALL: [Self; 9] = [
        Self::Planned,
        Self::DoorsOpen,
        Self::LastCall,
        Self::Running,
        Self::Egress,
        Self::Turnover,
        Self::Closed,
        Self::Cancelled,
        Self::Aborted,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::DoorsOpen => "doors_open",
            Self::LastCall => "last_call",
            Self::Running => "running",
            Self::Egress => "egress",
            Self::Turnover => "turnover",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Aborted => "aborted",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|admission| admission.name() == name)
    }

    /// The door has come at least this far, and the showing takes place.
    pub(crate) fn reached(self, step: Self) -> bool {
        !self.is_off() && self >= step
    }

    /// The showing does not take place, or no longer.
    pub(crate) const fn is_off(self) -> bool {
        matches!(self, Self::Cancelled | Self::Aborted)
    }
}

/// How far the kitchen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kitchen {
    Held,
    Scheduled,
    Fired,
    Preparing,
    Ready,
    Collected,
    Expired,
    Cancelled,
}
