//! Everything that payments refuses or that can go wrong in it, with codes and sentences.

use kernel::{Code, Coded, combine::Unserved, error::database_code, values::InvalidField};

use crate::domain::{State, parts::PartState};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("online payment is not configured; choose payment at the desk")]
    NoProvider,
    #[error("idempotency_key: was used before for a different payment; choose a new one")]
    KeyReused,
    #[error("this visit has a payment already; ask for it with GetPayment")]
    Exists,
    #[error("a payment for this visit is being made in this moment; ask again in a second")]
    InProgress,
    #[error("this visit has no payment")]
    NoPayment,
    #[error("the payment is {}, not due at the desk; nothing is to be taken", .0.name())]
    NotDue(State),
    #[error("what is due has changed since it was shown; look at the visit again and take what it says now")]
    DueChanged,
    #[error("no such part of a payment is to be given back for this visit")]
    NothingToPayOut,
    #[error("this part is {}: it does not wait at the desk, so nothing is to be handed out", .0.name())]
    NotAtDesk(PartState),
    #[error("this part is {}: nobody has noted today that it was handed out, so there is nothing to take back", .0.name())]
    NotPaidOut(PartState),
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
            Self::Invalid(_) | Self::KeyReused => Code::InvalidArgument,
            Self::NoProvider | Self::NotDue(_) | Self::DueChanged | Self::NotAtDesk(_) | Self::NotPaidOut(_) => {
                Code::FailedPrecondition
            }
            Self::Exists => Code::AlreadyExists,
            Self::InProgress => Code::Conflict,
            Self::NoPayment | Self::NothingToPayOut => Code::NotFound,
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
