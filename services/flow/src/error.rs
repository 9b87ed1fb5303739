//! Everything that flow refuses or that can go wrong in it, with codes and sentences. A scan that is not
//! admitted is no error: it has a verdict.

use kernel::{Code, Coded, combine::Unserved, error::database_code, values::InvalidField};

use crate::domain::{AdmissionState, HouseState, directives::Contradiction};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("there is no such zone; see the house file's [flow] for their names")]
    NoZone,
    #[error("there is no such escape group; see the house file's [flow] for their names")]
    NoEscapeGroup,
    #[error("this showing is not known at the door; choose one of the programme")]
    NoShowing,
    #[error("no booking has this reference; ask for the code or the name in the booking")]
    NoParty,
    #[error("several bookings have this reference; scan the code, or ask for the name in the booking")]
    TwoParties,
    #[error(
        "there is no such step to take back: its minute is over, or another one has followed it; load the page again"
    )]
    NoStep,
    #[error("this step can no longer be taken back: its minute is over, or something has followed it")]
    StepStands,
    #[error("no such scan is in the log; choose one of the showing's list")]
    NoScan,
    #[error("this scan let nobody in or out; there is nothing to take back")]
    NothingToUndo,
    #[error("the house is being evacuated: scans stay as they are until the all-clear")]
    ScansFrozen,
    #[error("the house is being evacuated: keep the journal, and send it after the all-clear")]
    JournalWaits,
    #[error("this nonce was used days ago, and its answer is erased; choose another one for each scan")]
    NonceUsed,
    #[error("this nonce was used for another scan; choose another one for each scan")]
    NonceOfAnother,
    #[error("the showing is over; a scan can be taken back only until people leave the hall")]
    TooLateToUndo,
    #[error(
        "this scanner has never taken an admission list here; sign it in and export one first, and keep the journal"
    )]
    UnknownScanner,
    #[error("there is no such conflict; load the list again")]
    NoConflict,
    #[error("there is no such call group; load the list again")]
    NoGroup,
    #[error("this group's call cannot go there from where it is; load the list again")]
    GroupNotNext,
    #[error(
        "guests who need assistance are called first; call them now, whether or not they are here yet, then this group"
    )]
    AssistanceFirst,
    #[error("groups are called in their order; call group {0} now, then this one")]
    EarlierGroupFirst(u32),
    #[error("nobody is called for a showing that is {}", .0.words())]
    NoCalls(AdmissionState),
    #[error("there is no such number today; check it")]
    NoNumber,
    #[error(
        "this number cannot go there from where it is: waiting, called, then served or missed; load the list again"
    )]
    NumberNotNext,
    #[error("the hall is not to be cleaned now: the showing is {}", .0.words())]
    NothingToClean(AdmissionState),
    #[error(transparent)]
    Repeat(#[from] kernel::db::Repeat),
    #[error(transparent)]
    Unserved(#[from] Unserved),
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
    #[error("no evacuation is over today; whoever leaves otherwise is scanned out")]
    NoEvacuationOver,
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
    #[error("an end can be taken back for five minutes, and only what a person has ended; order it anew")]
    EndedForGood,
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
            | Self::NoEscapeGroup
            | Self::NoShowing
            | Self::NoParty
            | Self::NoSensor
            | Self::NoDirective
            | Self::NoIncident
            | Self::NoLift
            | Self::NoGroup
            | Self::NoNumber
            | Self::NoScan
            | Self::NoStep
            | Self::NoConflict
            | Self::UnknownScanner => Code::NotFound,
            Self::TwoParties
            | Self::NotNext { .. }
            | Self::AdmittedAlready
            | Self::HouseStopped(_)
            | Self::Evacuating
            | Self::SecondPersonNeeded
            | Self::NothingToClear
            | Self::NoEvacuationOver
            | Self::SumZone
            | Self::NumberNotKnown
            | Self::ShowingsUnderWay(_)
            | Self::PeopleSeen { .. }
            | Self::SensorNotHeard
            | Self::SensorRetired
            | Self::MeasureEnded
            | Self::EndedForGood
            | Self::Contradiction(_)
            | Self::NothingToUndo
            | Self::StepStands
            | Self::GroupNotNext
            | Self::AssistanceFirst
            | Self::EarlierGroupFirst(_)
            | Self::NoCalls(_)
            | Self::NumberNotNext
            | Self::NothingToClean(_)
            | Self::TooLateToUndo
            | Self::ScansFrozen
            | Self::JournalWaits
            | Self::NonceOfAnother
            | Self::NonceUsed => Code::FailedPrecondition,
            Self::ScanInProgress => Code::Conflict,
            Self::Stored(_) => Code::Internal,
            Self::Repeat(repeat) => repeat.code(),
            Self::Unserved(unserved) => unserved.code(),
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
