//! Everything that can go wrong here, with its code. Sentences say what to do.

use kernel::{Code, Coded, db::Repeat, error::database_code, values::InvalidField};
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
    /// More at once than can be taken.
    #[error("Too many displays at once; say it again in a second.")]
    Busy,
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Trouble with an idempotency key.
    #[error(transparent)]
    Repeat(#[from] Repeat),
    /// The database's error.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// A content could not be written as JSON.
    #[error("content as JSON")]
    Json(#[from] serde_json::Error),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::NoSuchDisplay(_) | Self::NoSuchMessage => Code::NotFound,
            Self::OtherDisplay => Code::PermissionDenied,
            Self::NeverComputed(_) => Code::InvalidArgument,
            Self::Busy => Code::Unavailable,
            Self::Invalid(invalid) => invalid.code(),
            Self::Repeat(repeat) => repeat.code(),
            Self::Database(error) => database_code(error),
            Self::Json(_) => Code::Internal,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        kernel::error::status(&error)
    }
}
