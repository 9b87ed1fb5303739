//! Everything that can go wrong here, with its code. Sentences say what to do.

use kernel::{Code, Coded, combine::Unserved, db::Repeat, error::database_code, values::InvalidField};
use tonic::Status;

/// An error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such display in the house file.
    #[error("display_id: there is no display \"{0}\"; ListDisplays has all of them")]
    NoSuchDisplay(String),
    /// No such message.
    #[error("message_id: there is no such message")]
    NoSuchMessage,
    /// A display asked for another one's content, or spoke for it.
    #[error("A display may only ask and speak for itself; pair this device again if its id is wrong.")]
    OtherDisplay,
    /// The display says that it shows what was never computed.
    #[error("revision: {0} was never computed for this display; send the revision of the content received")]
    NeverComputed(u64),
    /// Nobody asked for such a screenshot.
    #[error("screenshot_id: nobody has asked for this screenshot, or more than a day ago")]
    NoSuchScreenshot,
    /// The answer to a request that has run out.
    #[error("The request has run out; staff ask again if they still want the picture.")]
    TooLate,
    /// A message that was taken back long ago.
    #[error("a message can be shown again for five minutes after it was taken back; publish it anew")]
    TooLateToRestore,
    /// The content store is full.
    #[error("The content store is full; delete pictures and films that no playlist has.")]
    NoRoom,
    /// Somebody else needs it.
    #[error("{0}: {1} still has it; remove it there first")]
    InUse(&'static str, String),
    /// More at once than can be taken, or the process stops.
    #[error(transparent)]
    Unserved(#[from] Unserved),
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Trouble with an idempotency key.
    #[error(transparent)]
    Repeat(#[from] Repeat),
    /// The database's error.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// A document could not be written.
    #[error("document")]
    Write(#[from] std::io::Error),
    /// A content could not be written as JSON.
    #[error("content as JSON")]
    Json(#[from] serde_json::Error),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::NoSuchDisplay(_) | Self::NoSuchMessage | Self::NoSuchScreenshot => Code::NotFound,
            Self::OtherDisplay => Code::PermissionDenied,
            Self::NeverComputed(_) => Code::InvalidArgument,
            Self::TooLate | Self::TooLateToRestore | Self::InUse(..) => Code::FailedPrecondition,
            Self::NoRoom => Code::ResourceExhausted,
            Self::Unserved(unserved) => unserved.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Repeat(repeat) => repeat.code(),
            Self::Database(error) => database_code(error),
            Self::Json(_) | Self::Write(_) => Code::Internal,
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self, Self::Unserved(Unserved::Busy))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        kernel::error::status(&error)
    }
}
