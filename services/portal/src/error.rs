//! Everything that the edge itself refuses or that can go wrong in it, with codes and sentences.

use kernel::{Code, Coded, error::database_code, values::InvalidField};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Says the same for a wrong name and a wrong password.
    #[error("account or password is wrong; check both and try again")]
    WrongPassword,
    /// Signing in slows down after failures.
    #[error("too many attempts; try again in {seconds} seconds")]
    TooManyAttempts {
        /// How long to wait.
        seconds: i64,
    },
    /// Claim codes run out.
    #[error("this claim code is not known or has run out; start the pairing again on the device")]
    NoSuchPairing,
    /// Starting a pairing needs no identity, so it is bounded.
    #[error("too many devices are being paired; try again in a few minutes")]
    TooManyPairings,
    /// The device's token is wrong or revoked.
    #[error("this device is not paired; pair it again")]
    NoSuchDevice,
    /// Each showing stands behind one waiting room at most.
    #[error("a waiting room stands open before one of these showings already; close that one first")]
    RoomIsOpen,
    /// A release or showing that has nothing to wait for.
    #[error("there is no showing to wait for; choose one of the programme, or a release that has some")]
    NothingToWaitFor,
    /// The room is closed or never was.
    #[error("there is no such open waiting room")]
    NoSuchRoom,
    /// The hash function failed or a stored hash is broken.
    #[error("password hash: {0}")]
    Hash(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::WrongPassword => Code::Unauthenticated,
            Self::TooManyAttempts { .. } | Self::TooManyPairings => Code::ResourceExhausted,
            Self::RoomIsOpen => Code::AlreadyExists,
            Self::NoSuchPairing | Self::NoSuchRoom | Self::NothingToWaitFor => Code::NotFound,
            Self::NoSuchDevice => Code::Unauthenticated,
            Self::Hash(_) => Code::Internal,
            Self::Database(error) => database_code(error),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        kernel::error::status(&error)
    }
}
