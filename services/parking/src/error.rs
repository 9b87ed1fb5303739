//! Everything that parking refuses or that can go wrong in it, with codes and sentences.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Code, Coded, combine::Unserved, db::Repeat, error::database_code, values::InvalidField};

use crate::domain::{BayClass, Channel, RightState, Site, SiteState, gates::CommandState, list_alternatives};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("the car park is not set up yet; load a house file with [parking] first")]
    NotSetUp,
    #[error("the car park is {}; park elsewhere: {alternatives}", .state.name())]
    SiteNotOpen { state: SiteState, alternatives: String },
    #[error("{}", full(*.class, *.instead, *.later))]
    Full { class: BayClass, instead: Option<BayClass>, later: Option<DateTime<Utc>> },
    #[error("the kerb where coaches stop is taken then; choose another showing, or ask the car park's attendant")]
    KerbTaken,
    #[error("this site has no {} bays; choose another class", .0.name())]
    NoSuchClass(BayClass),
    #[error("{}", sold_elsewhere(*.class, .sold_by))]
    SoldElsewhere { class: BayClass, sold_by: Vec<Channel> },
    #[error("no price is known for {} bays on that day; the house file needs a tariff row", .0.name())]
    NoTariff(BayClass),
    #[error("this visit has a bay already; release it before holding another one")]
    RightExists,
    #[error("this visit has no bay")]
    NoRight,
    #[error("there is no lane {0} with a barrier; the house file names them under [[parking.lanes]]")]
    NoLane(String),
    #[error("this lane has no such command")]
    NoCommand,
    #[error("the command is {}; the barrier must not move for it", .0.name())]
    CommandOver(CommandState),
    #[error("there is no such closure; look at the site")]
    NoClosure,
    #[error("this visit has not lost its bay, or its time is over; there is nothing to take in its place")]
    NotLost,
    #[error("{} bays are for other vehicles; take one of those that were offered", .0.name())]
    OtherVehicle(BayClass),
    #[error("the bay is {} and no longer held; hold one again", .0.name())]
    NotHeld(RightState),
    #[error("the time to order this bay is over; hold one again")]
    HoldExpired,
    #[error("the bay is {}; a plate can be noted only for a bay that is booked", .0.name())]
    NoBayForPlate(RightState),
    #[error("there is no such camera, feed or partner; the house file names them in its [parking] part")]
    NoDevice,
    #[error("there is no such count; look at the list again")]
    NoCount,
    #[error("this count has changed nothing, or somebody has counted since; count again instead")]
    NotNewestCount,
    #[error("this id belongs to another right, or this version says something else; use a new id, or the next version")]
    RightCollides,
    #[error("stale: the version that is known is {0}; read the right again and send the next one")]
    StaleVersion(u32),
    #[error("the right is {}; it cannot be amended so", .0.name())]
    NotAmendable(RightState),
    #[error("the right is {}; only one whose car has not come can be cancelled", .0.name())]
    NotCancellable(RightState),
    #[error(transparent)]
    Repeat(#[from] Repeat),
    #[error(transparent)]
    Unserved(#[from] Unserved),
    #[error("a stored value cannot be read: {0}")]
    Stored(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// The site as it is sells nothing.
    pub(crate) fn of_site(site: &Site) -> Self {
        Self::SiteNotOpen { state: site.state, alternatives: list_alternatives(&site.alternatives) }
    }
}

/// What to do where bays of a class are sold by others.
fn sold_elsewhere(class: BayClass, sold_by: &[Channel]) -> String {
    let class = class.name();
    if sold_by.contains(&Channel::Desk) {
        format!("{class} bays are given by the desk; telephone it, or ask there")
    } else if sold_by.contains(&Channel::Online) {
        format!("{class} bays are sold online alone; book there")
    } else {
        format!("{class} bays are given by the partners of the car park alone; ask its attendant")
    }
}

fn full(class: BayClass, instead: Option<BayClass>, later: Option<DateTime<Utc>>) -> String {
    let mut sentence = format!("all {} bays are taken in that time", class.name());
    if let Some(instead) = instead {
        sentence.push_str(&format!("; {} bays are free", instead.name()));
    }
    if let Some(later) = later {
        sentence.push_str(&format!("; one is free from {}", later.with_timezone(&Berlin).format("%H:%M")));
    }
    if instead.is_none() && later.is_none() {
        sentence.push_str("; come by tram or park elsewhere");
    }
    sentence
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::NotSetUp
            | Self::SiteNotOpen { .. }
            | Self::NotHeld(_)
            | Self::HoldExpired
            | Self::NoBayForPlate(_)
            | Self::NotLost
            | Self::SoldElsewhere { .. }
            | Self::NotNewestCount
            | Self::NotAmendable(_)
            | Self::NotCancellable(_)
            | Self::CommandOver(_)
            | Self::OtherVehicle(_)
            | Self::NoTariff(_) => Code::FailedPrecondition,
            Self::Full { .. } | Self::KerbTaken => Code::ResourceExhausted,
            Self::NoSuchClass(_)
            | Self::NoRight
            | Self::NoClosure
            | Self::NoLane(_)
            | Self::NoCommand
            | Self::NoCount
            | Self::NoDevice => Code::NotFound,
            Self::RightExists | Self::RightCollides => Code::AlreadyExists,
            Self::StaleVersion(_) => Code::Conflict,
            Self::Repeat(repeat) => repeat.code(),
            Self::Unserved(unserved) => unserved.code(),
            Self::Stored(_) => Code::Internal,
            Self::Database(error) => database_code(error),
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self, Self::Unserved(Unserved::Busy))
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        kernel::error::status(&error)
    }
}
