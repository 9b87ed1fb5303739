//! Everything that flow refuses or that can go wrong in it, with codes and sentences. A scan that is not
//! admitted is no error: it has a verdict.

use kernel::{Code, Coded, error::database_code, values::InvalidField};

use crate::domain::{AdmissionState, HouseState, directives::Contradiction};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("there is no such zone; see the house file's [flow] for their names")]
    NoZone,
    #[error("this showing is not known at the door; choose one of the programme")]
    NoShowing,
    #[error("no booking has this reference; ask for the code or the name in the booking")]
    NoParty,
    #[error("{} is not possible after {}; {}", .to.words(), .from.words(), .from.next_words())]
    NotNext { from: AdmissionState, to: AdmissionState },
    #[error("some are admitted already; the doors cannot be unopened")]
    AdmittedAlready,
    #[error("the house is {}; clear that first", .0.words())]
    HouseStopped(HouseState),
    #[error("an evacuation ends with an all-clear by two people; ask for that")]
    Evacuating,
    #[error("you have cleared already; a second person must clear too")]
    SecondPersonNeeded,
    #[error("only an evacuation is cleared")]
    NothingToClear,
    #[error("this scan is being answered; scan again")]
    ScanInProgress,
    #[error("this zone is the sum of what lies in it; count one of those zones")]
    SumZone,
    #[error("the number of people there is not known; count them and set it, then click on")]
    NumberNotKnown,
    #[error("{0} showings are being let in, running or leaving; the house is not empty")]
    ShowingsUnderWay(i64),
    #[error("{people} people were counted at the doors in the last {minutes} minutes; walk through the house again")]
    PeopleSeen { people: u32, minutes: i64 },
    #[error("there is no such people counter; see the house file's [[flow.sensors]]")]
    NoSensor,
    #[error("nothing has come from this counter lately; let it send first, then put it to work")]
    SensorNotHeard,
    #[error("this counter is retired; put it on trial first")]
    SensorRetired,
    #[error("there is no such directive; load the page again")]
    NoDirective,
    #[error("there is no such incident; load the page again")]
    NoIncident,
    #[error("there is no such lift; see the house file's [[flow.lifts]]")]
    NoLift,
    #[error("this has ended; propose it anew")]
    MeasureEnded,
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    #[error("a stored value cannot be read: {0}")]
    Stored(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::NoZone
            | Self::NoShowing
            | Self::NoParty
            | Self::NoSensor
            | Self::NoDirective
            | Self::NoIncident
            | Self::NoLift => Code::NotFound,
            Self::NotNext { .. }
            | Self::AdmittedAlready
            | Self::HouseStopped(_)
            | Self::Evacuating
            | Self::SecondPersonNeeded
            | Self::NothingToClear
            | Self::SumZone
            | Self::NumberNotKnown
            | Self::ShowingsUnderWay(_)
            | Self::PeopleSeen { .. }
            | Self::SensorNotHeard
            | Self::SensorRetired
            | Self::MeasureEnded
            | Self::Contradiction(_) => Code::FailedPrecondition,
            Self::ScanInProgress => Code::Conflict,
            Self::Stored(_) => Code::Internal,
            Self::Database(error) => database_code(error),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        kernel::error::status(&error)
    }
}
