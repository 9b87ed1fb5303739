//! What went wrong with a page. Handlers answer a [`Problem`]; the layer in `http` makes it a page in the
//! visitor's language that says what to do. Names a kind and never what a visitor typed.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use kernel::{Code, Coded, error::REASON};
use tonic::Status;

use crate::error::Error;

/// A refusal or a fault, as a page shows it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// Its texts: `problem-<key>` and `problem-<key>-do`.
    pub(crate) key: &'static str,
    /// The service's own sentence, in English; for staff.
    pub(crate) detail: String,
    /// The refusal's name, by which staff read it in their language.
    pub(crate) name: String,
}

impl Problem {
    fn new(code: Code, key: &'static str) -> Self {
        Self { code, key, detail: String::new(), name: String::new() }
    }

    /// Nobody is signed in.
    pub(crate) fn sign_in() -> Self {
        Self::new(Code::Unauthenticated, "sign-in")
    }

    pub(crate) fn wrong_role() -> Self {
        Self::new(Code::PermissionDenied, "role")
    }

    pub(crate) fn not_your_visit() -> Self {
        Self::new(Code::PermissionDenied, "visit")
    }

    pub(crate) fn no_visit() -> Self {
        Self::new(Code::NotFound, "no-visit")
    }

    pub(crate) fn no_page() -> Self {
        Self::new(Code::NotFound, "page")
    }

    /// A browser that keeps no cookie, where something is a browser's.
    pub(crate) fn no_cookie() -> Self {
        Self::new(Code::InvalidArgument, "cookie")
    }

    pub(crate) fn cross_site() -> Self {
        Self::new(Code::PermissionDenied, "cross-site")
    }

    /// A form that no page of ours would send.
    pub(crate) fn bad_form() -> Self {
        Self::new(Code::InvalidArgument, "form")
    }

    /// Our fault; only the log says more.
    pub(crate) fn ours(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a page could not be made");
        Self::new(Code::Internal, "internal")
    }

    /// True when signing in may help.
    pub(crate) fn asks_to_sign_in(&self) -> bool {
        self.key == "sign-in"
    }
}

const fn key_of(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "input",
        Code::NotFound => "not-found",
        Code::AlreadyExists | Code::Conflict => "conflict",
        Code::FailedPrecondition => "state",
        Code::ResourceExhausted => "full",
        Code::Unauthenticated => "sign-in",
        Code::PermissionDenied => "role",
        Code::Unavailable => "unavailable",
        Code::Internal => "internal",
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let code = Code::from_grpc(status.code());
        if code == Code::Internal {
            tracing::warn!(code = ?status.code(), "a service failed behind a page");
        }
        let name = status.metadata().get(REASON).and_then(|name| name.to_str().ok()).unwrap_or_default();
        Self { code, key: key_of(code), detail: status.message().to_owned(), name: name.to_owned() }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = error.code();
        let detail = match code {
            Code::Internal | Code::Unavailable => {
                tracing::error!(%error, "the edge's own part failed behind a page");
                String::new()
            }
            _ => error.to_string(),
        };
        Self { code, key: key_of(code), detail, name: error.reason() }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<kernel::values::InvalidField> for Problem {
    fn from(invalid: kernel::values::InvalidField) -> Self {
        Error::from(invalid).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
