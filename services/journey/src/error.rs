//! Everything that journey refuses or that can go wrong in it, with codes and sentences.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{
    Code, Coded,
    combine::Unserved,
    db::Repeat,
    error::{database_code, variant},
    values::InvalidField,
};

use crate::{
    domain::{Refusal, State, asker::Hidden, rebooking::CannotMove},
    saga::CannotCancel,
};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("there is no such visit")]
    NoVisit,
    #[error("this visit was not made or opened in this session; open it with its link")]
    NotYours,
    #[error("there is no such link, or it is no longer good; ask the desk for a new one")]
    NoLink,
    #[error("{}", .0.message)]
    HoldRefused(Box<Refusal>),
    #[error("the first request with this idempotency_key is still being answered; ask again in a second")]
    InProgress,
    #[error("the hold took too long and has been given up; try again with a new idempotency_key")]
    HoldOver,
    #[error("the hold has run out; choose again, the places may still be free")]
    HoldExpired,
    #[error("the visit is {}; only a held visit can be ordered or extended", .0.name())]
    NotHeld(State),
    #[error("a hold lasts at most 30 minutes; order now, or choose again later")]
    LongestHold,
    #[error("the showing is sold until it begins; order before that, choose a later one, or ask the front desk")]
    SaleEnds,
    #[error("the visit is being paid in another way already; finish that, or cancel the visit")]
    OtherMethod,
    #[error("the showing has started; a visit can be cancelled by the desk only")]
    Started,
    #[error("the showing does not take place; choose another one")]
    Off,
    #[error("the showing cannot begin before {}: nobody is told an earlier start than was planned, or one that is past", .0.with_timezone(&Berlin).format("%H:%M"))]
    TooEarly(DateTime<Utc>),
    #[error("the doors are closed and the showing runs; only a following one can be delayed")]
    DoorsClosed,
    #[error("somebody of the party is already in; a visit can be cancelled by the desk only")]
    Admitted,
    #[error(
        "one e-mail address may order at most {0} places of one showing; choose fewer, or ask the front desk for a group booking"
    )]
    ContactFull(u32),
    #[error("nobody waits for this showing: it is not sold online, is off, or begins within half an hour")]
    NotWaitedFor,
    #[error("this address is on the showing's waiting list already; open the visit with its link")]
    WaitsAlready,
    #[error("the waiting list of this showing is full; choose another showing")]
    ListFull,
    #[error("one browser waits for at most {0} showings; leave one of the lists first")]
    WaitsEnough(u32),
    #[error("there is no such notice; its visit may be over for more than thirty days")]
    NoNotice,
    #[error("the notice is {0}; only one that failed, or of which nobody knows, can be sent again")]
    NoticeNotFailed(&'static str),
    #[error(
        "the notice is {0}; only one that failed, of which nobody knows, or for which there is no address needs to be told"
    )]
    NoticeArrives(&'static str),
    #[error("only a booked visit can go to another showing; this one is held, cancelled or not yet confirmed")]
    NotBooked,
    #[error("only a booked visit is waited for; this one is held, cancelled or not yet confirmed")]
    NotComing,
    #[error("somebody of the party is already in; the party stays together")]
    PartlyIn,
    #[error("there is still time for this showing; ask the desk to change it")]
    StillInTime,
    #[error("the visit is for this showing already; choose another one")]
    SameShowing,
    #[error(
        "this showing is none of the visit's options: later ones of the day that are on sale, which OfferRebooking lists"
    )]
    NoOption,
    #[error("the visit is being moved to another showing at this moment; ask again in a few seconds")]
    Moving,
    /// Another service's refusal, in its own words and by the name it has there.
    #[error("{message}")]
    Part { code: Code, message: String, reason: String },
    #[error(transparent)]
    Repeat(#[from] Repeat),
    #[error(transparent)]
    Unserved(#[from] Unserved),
    #[error("a stored value cannot be read: {0}")]
    Stored(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::NoVisit | Self::NoLink | Self::NoNotice => Code::NotFound,
            Self::NotYours => Code::PermissionDenied,
            Self::HoldRefused(refusal) => Code::from_grpc(tonic::Code::from_i32(refusal.code)),
            Self::InProgress | Self::Moving => Code::Conflict,
            Self::HoldOver => Code::Unavailable,
            Self::WaitsAlready => Code::AlreadyExists,
            Self::ContactFull(_) | Self::ListFull | Self::WaitsEnough(_) => Code::ResourceExhausted,
            Self::HoldExpired
            | Self::NotHeld(_)
            | Self::LongestHold
            | Self::SaleEnds
            | Self::OtherMethod
            | Self::Started
            | Self::Off
            | Self::NotWaitedFor
            | Self::DoorsClosed
            | Self::TooEarly(_)
            | Self::NotBooked
            | Self::NotComing
            | Self::PartlyIn
            | Self::StillInTime
            | Self::SameShowing
            | Self::NoOption
            | Self::Admitted
            | Self::NoticeNotFailed(_)
            | Self::NoticeArrives(_) => Code::FailedPrecondition,
            Self::Part { code, .. } => *code,
            Self::Repeat(repeat) => repeat.code(),
            Self::Unserved(unserved) => unserved.code(),
            Self::Stored(_) => Code::Internal,
            Self::Database(error) => database_code(error),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Part { reason, .. } if !reason.is_empty() => reason.clone(),
            _ => variant(self),
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self, Self::Unserved(Unserved::Busy))
    }
}

impl From<Hidden> for Error {
    fn from(why: Hidden) -> Self {
        match why {
            Hidden::NotYours => Self::NotYours,
            Hidden::NoVisit => Self::NoVisit,
        }
    }
}

impl From<CannotMove> for Error {
    fn from(why: CannotMove) -> Self {
        match why {
            CannotMove::NotBooked => Self::NotBooked,
            CannotMove::Admitted => Self::PartlyIn,
            CannotMove::InTime => Self::StillInTime,
            CannotMove::SameShowing => Self::SameShowing,
            CannotMove::NoOption => Self::NoOption,
        }
    }
}

impl From<CannotCancel> for Error {
    fn from(why: CannotCancel) -> Self {
        match why {
            CannotCancel::Started => Self::Started,
            CannotCancel::Admitted => Self::Admitted,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::HoldRefused(refusal) => crate::events::refused(refusal),
            _ => kernel::error::status(&error),
        }
    }
}
