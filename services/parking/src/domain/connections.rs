//! What speaks to the car park from outside with a token of its own. Pure.

use chrono::{DateTime, Utc};

/// What kind of thing it is, which is what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Camera,
    Feed,
    Apds,
    Ocpi,
}

impl Kind {
    /// As it is stored.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "camera" => Some(Self::Camera),
            "feed" => Some(Self::Feed),
            "apds" => Some(Self::Apds),
            "ocpi" => Some(Self::Ocpi),
            _ => None,
        }
    }
}

/// What somebody has done with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Issued,
    Revoked,
}

impl Step {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Revoked => "revoked",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Issued, Self::Revoked].into_iter().find(|step| step.name() == name)
    }
}

/// An act for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    pub(crate) step: Step,
    pub(crate) at: DateTime<Utc>,
    /// Whose account.
    pub(crate) by: String,
}

/// One that the house file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// A camera's; else empty.
    pub(crate) lane: String,
    pub(crate) has_token: bool,
    /// When it spoke last, to the minute.
    pub(crate) used_at: Option<DateTime<Utc>>,
    /// The newest first.
    pub(crate) acts: Vec<Act>,
}
