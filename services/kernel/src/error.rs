//! One code for every refusal and fault, mapped in one place to gRPC status, HTTP status and log
//! level. Refusals tell the caller what to do; faults tell the caller nothing and the log everything.

use tonic::{Status, metadata::MetadataValue};

/// What kind of refusal or fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request itself is wrong; the message names the field.
    InvalidArgument,
    /// What was asked for does not exist.
    NotFound,
    /// It exists already, with other content.
    AlreadyExists,
    /// Somebody else was there first; asking again may help.
    Conflict,
    /// Not possible in the present state.
    FailedPrecondition,
    /// Sold out, full, or too much at once.
    ResourceExhausted,
    /// Nobody is signed in.
    Unauthenticated,
    /// Somebody is signed in, but not for this.
    PermissionDenied,
    /// Not reachable now; asking again will help.
    Unavailable,
    /// Our fault. The caller gets a generic sentence.
    Internal,
}

impl Code {
    /// The gRPC status code.
    #[must_use]
    pub const fn grpc(self) -> tonic::Code {
        match self {
            Self::InvalidArgument => tonic::Code::InvalidArgument,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::Conflict => tonic::Code::Aborted,
            Self::FailedPrecondition => tonic::Code::FailedPrecondition,
            Self::ResourceExhausted => tonic::Code::ResourceExhausted,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::PermissionDenied => tonic::Code::PermissionDenied,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }

    /// The code behind a gRPC status that another service answered.
    #[must_use]
    pub const fn from_grpc(code: tonic::Code) -> Self {
        match code {
            tonic::Code::InvalidArgument | tonic::Code::OutOfRange => Self::InvalidArgument,
            tonic::Code::NotFound => Self::NotFound,
            tonic::Code::AlreadyExists => Self::AlreadyExists,
            tonic::Code::Aborted => Self::Conflict,
            tonic::Code::FailedPrecondition => Self::FailedPrecondition,
            tonic::Code::ResourceExhausted => Self::ResourceExhausted,
            tonic::Code::Unauthenticated => Self::Unauthenticated,
            tonic::Code::PermissionDenied => Self::PermissionDenied,
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => Self::Unavailable,
            tonic::Code::Ok
            | tonic::Code::Unknown
            | tonic::Code::Unimplemented
            | tonic::Code::Internal
            | tonic::Code::DataLoss => Self::Internal,
        }
    }

    /// The HTTP status code.
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            Self::InvalidArgument => 422,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Conflict | Self::FailedPrecondition => 409,
            Self::ResourceExhausted => 429,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// True when trying the same again later can help by itself.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Unavailable)
    }

    /// True when the domain said no: nothing is broken, and trying again changes nothing.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::AlreadyExists
                | Self::Conflict
                | Self::FailedPrecondition
                | Self::ResourceExhausted
                | Self::PermissionDenied
        )
    }
}

/// An error that knows its code. Every service's `Error` is one.
pub trait Coded: std::error::Error {
    /// An exhaustive match, without a catch-all arm.
    fn code(&self) -> Code;

    /// The name of a refusal, for whoever says it in another language: its variant's, without what is in it.
    fn reason(&self) -> String {
        variant(self)
    }

    /// True when too many ask at this moment: that says nothing about what is left, and in a second there is room again.
    fn is_busy(&self) -> bool {
        false
    }
}

/// The name of an error's variant.
pub fn variant(error: &(impl Coded + ?Sized)) -> String {
    let whole = format!("{error:?}");
    whole.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// Answers an error as a gRPC status: refusals with their sentence, faults with a generic one
/// (and the whole chain in the log).
#[must_use]
pub fn status(error: &dyn Coded) -> Status {
    let code = error.code();
    match code {
        Code::Internal => {
            tracing::error!(error = %chain(&error), "internal error");
            Status::internal("Something went wrong on our side. It has been recorded; please try again.")
        }
        Code::Unavailable => {
            tracing::warn!(error = %chain(&error), "unavailable");
            Status::unavailable("Not available at the moment. Please try again in a few seconds.")
        }
        _ => {
            tracing::debug!(error = %error, "refused");
            let mut status = Status::new(code.grpc(), shortened(error.to_string()));
            if let Ok(reason) = error.reason().parse() {
                status.metadata_mut().insert(REASON, reason);
            }
            if error.is_busy() {
                status.metadata_mut().insert(PUSHBACK, MetadataValue::from_static("1000"));
            }
            status
        }
    }
}

/// A refusal's sentence travels in a header, and a client drops the whole answer when its headers are longer than 16 KiB:
/// what quotes its request is cut. In characters, each of which takes up to twelve bytes there.
const LONGEST_SENTENCE: usize = 1_000;

/// A sentence that is short enough for a header.
pub(crate) fn shortened(mut sentence: String) -> String {
    if let Some((end, _)) = sentence.char_indices().nth(LONGEST_SENTENCE) {
        sentence.truncate(end);
        sentence.push('…');
    }
    sentence
}

/// Where a refusal's name travels beside its sentence.
pub const REASON: &str = "sky-reason";

/// How long who is refused for the moment should wait, in milliseconds, as the gRPC retry design has it.
pub const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// An answer that did not come in time: [`REASON`] says so.
#[must_use]
pub fn too_slow() -> Status {
    let mut status = Status::unavailable("No answer in time. Please try again in a few seconds.");
    status.metadata_mut().insert(REASON, MetadataValue::from_static(TOO_SLOW));
    status
}

const TOO_SLOW: &str = "TooSlow";

/// Whether too many ask for an answer now, so that what was asked may be asked again as it is: if it was done all the same, its
/// key gets that answer.
#[must_use]
pub fn may_be_asked_again(status: &Status) -> bool {
    is_busy(status) || status.metadata().get(REASON).is_some_and(|reason| reason == TOO_SLOW)
}

/// Whether an answer says nothing about what is left, only that too many ask at this moment.
#[must_use]
pub fn is_busy(status: &Status) -> bool {
    status.metadata().contains_key(PUSHBACK)
}

/// The code of a database error: what a retry can cure is `Unavailable`.
#[must_use]
pub fn database_code(error: &sqlx::Error) -> Code {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        // Nothing that the server has answered: so reads a connection that was closed in the middle of its greeting, as by
        // whatever stands before a server that is away.
        | sqlx::Error::Protocol(_) => Code::Unavailable,
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // Serialization failure, deadlock, lock timeout, cancelled, shutdown, connection trouble.
            Some("40001" | "40P01" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "53300") => Code::Unavailable,
            Some(code) if code.starts_with("08") => Code::Unavailable,
            _ => Code::Internal,
        },
        _ => Code::Internal,
    }
}

/// The name of the constraint that an error broke, if it is one: constraint names are API.
#[must_use]
pub fn broken_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// An error together with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Any service's error, reduced to what the kernel must know of it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind it is.
    pub code: Code,
    /// The whole chain, for log and dead-event table.
    pub message: String,
}

impl Failure {
    /// A failure with its own words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl<E: Coded> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: error.code(), message: chain(&error) }
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        status(&Told(failure))
    }
}

/// A failure as an error again.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
struct Told(Failure);

impl Coded for Told {
    fn code(&self) -> Code {
        self.0.code
    }
}

impl Coded for sqlx::Error {
    fn code(&self) -> Code {
        database_code(self)
    }
}

impl Coded for prost::DecodeError {
    fn code(&self) -> Code {
        Code::Internal
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::Level;
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    use super::*;
    use crate::combine::Unserved;

    #[derive(Debug, thiserror::Error)]
    enum Trouble {
        #[error("sold out; {0} places are left")]
        SoldOut(u32),
        #[error(transparent)]
        Unserved(#[from] Unserved),
    }

    impl Coded for Trouble {
        fn code(&self) -> Code {
            Code::ResourceExhausted
        }

        fn is_busy(&self) -> bool {
            matches!(self, Self::Unserved(Unserved::Busy))
        }
    }

    #[test]
    fn a_refusal_says_its_name_and_whether_to_come_again() {
        let told = |error: Trouble| {
            let status = status(&error);
            let said = |key| status.metadata().get(key).map(|it| it.to_str().expect("text").to_owned());
            (said(REASON), said(PUSHBACK))
        };
        assert_eq!(told(Trouble::SoldOut(3)), (Some("SoldOut".to_owned()), None));
        assert_eq!(told(Unserved::Busy.into()), (Some("Unserved".to_owned()), Some("1000".to_owned())));
        assert!(may_be_asked_again(&status(&Trouble::from(Unserved::Busy))) && may_be_asked_again(&too_slow()));
        for other in [status(&Trouble::SoldOut(3)), Status::unavailable("The provider is away.")] {
            assert!(!may_be_asked_again(&other), "{other}");
        }
    }

    /// Notes at which level each thing was said, and of what.
    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<Level>>>);

    impl<S: tracing::Subscriber> Layer<S> for Said {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.lock().expect("nobody panicked").push(*event.metadata().level());
        }
    }

    #[test]
    fn each_code_has_its_status_its_http_status_and_its_level_in_the_log() {
        for (code, grpc, http, level) in [
            (Code::InvalidArgument, tonic::Code::InvalidArgument, 422, Level::DEBUG),
            (Code::NotFound, tonic::Code::NotFound, 404, Level::DEBUG),
            (Code::AlreadyExists, tonic::Code::AlreadyExists, 409, Level::DEBUG),
            (Code::Conflict, tonic::Code::Aborted, 409, Level::DEBUG),
            (Code::FailedPrecondition, tonic::Code::FailedPrecondition, 409, Level::DEBUG),
            (Code::ResourceExhausted, tonic::Code::ResourceExhausted, 429, Level::DEBUG),
            (Code::Unauthenticated, tonic::Code::Unauthenticated, 401, Level::DEBUG),
            (Code::PermissionDenied, tonic::Code::PermissionDenied, 403, Level::DEBUG),
            (Code::Unavailable, tonic::Code::Unavailable, 503, Level::WARN),
            (Code::Internal, tonic::Code::Internal, 500, Level::ERROR),
        ] {
            let said = Said::default();
            let log = tracing_subscriber::registry().with(said.clone());
            let error = Told(Failure::new(code, "a sentence that says what to do"));
            let status = tracing::subscriber::with_default(log, || status(&error));
            assert_eq!((status.code(), code.http()), (grpc, http), "{code:?}");
            assert_eq!(Code::from_grpc(status.code()), code, "another service's answer says the same");
            assert_eq!(*said.0.lock().expect("nobody panicked"), [level], "{code:?}");
            // What is broken is the log's business, what is refused the caller's.
            assert_eq!(status.message().contains("what to do"), level == Level::DEBUG, "{code:?}: {status}");
        }
    }
}
