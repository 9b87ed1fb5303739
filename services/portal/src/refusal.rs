//! A service's refusal in the reader's language. Services say it in English, with a name for it beside; a name that has
//! a text here is said in it, any other one by its kind alone. English pages keep the service's own words.

use kernel::{Code, error::REASON};
use prost::Message;
use sky_proto::reservations::v1::{SeatsRefused, seats_refused::Reason};
use tonic::Status;

use crate::{
    problem::Problem,
    session::Notice,
    words::{Language, Words},
};

/// The refusal's sentence; in German it is one of ours, because the service has none.
pub(crate) fn sentence(w: &Words, status: &Status) -> String {
    if let Some(told) = of_places(w, status) {
        return told;
    }
    if w.language == Language::English {
        return status.message().to_owned();
    }
    let name = status.metadata().get(REASON).and_then(|name| name.to_str().ok()).unwrap_or_default();
    of(w, Code::from_grpc(status.code()), name, status.message())
}

/// Which places, and why: reservations says it in both languages.
fn of_places(w: &Words, status: &Status) -> Option<String> {
    let told = SeatsRefused::decode(status.details()).ok().filter(|told| told.why() != Reason::Unspecified)?;
    Some(w.text(&told.reason))
}

/// The same for a refusal of the edge itself.
pub(crate) fn of(w: &Words, code: Code, name: &str, english: &str) -> String {
    if w.language == Language::English {
        return english.to_owned();
    }
    if code == Code::InvalidArgument {
        // "people: must be 1 to 30": the field has a name here, its rule stands beside it on the page.
        let field = english.split(':').next().unwrap_or_default().replace(['_', '.'], "-");
        return match w.known(&format!("refused-field-{field}")) {
            Some(field) => w.with("refused-field", "field", &field),
            None => w.t("refused-invalid"),
        };
    }
    w.known(&format!("refused-{name}")).unwrap_or_else(|| {
        w.t(match code {
            Code::InvalidArgument => "refused-invalid",
            Code::NotFound => "refused-not-found",
            Code::AlreadyExists | Code::Conflict => "refused-conflict",
            Code::FailedPrecondition => "refused-state",
            Code::ResourceExhausted => "refused-full",
            Code::Unauthenticated | Code::PermissionDenied => "refused-role",
            Code::Unavailable | Code::Internal => "refused-unavailable",
        })
    })
}

/// What the next page says about it.
///
/// # Errors
/// What is no refusal but a fault.
pub(crate) fn notice(w: &Words, status: Status) -> Result<Notice, Problem> {
    let code = Code::from_grpc(status.code());
    if code.is_refusal() || code == Code::InvalidArgument {
        Ok(Notice::bad(w.t("desk-refused")).with(sentence(w, &status)))
    } else {
        Err(status.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: Words = Words::speaking(Language::German);
    const ENGLISH: Words = Words::speaking(Language::English);

    fn refused(code: tonic::Code, message: &str, name: &'static str) -> Status {
        let mut status = Status::new(code, message);
        status.metadata_mut().insert(REASON, name.parse().expect("a name"));
        status
    }

    #[test]
    fn a_refusal_is_said_in_the_language_of_the_page() {
        let second = "you have cleared already; a second person must clear too";
        let people = "people: must be 1 to 30";
        let table = [
            (refused(tonic::Code::FailedPrecondition, second, "SecondPersonNeeded"), "zweite Person"),
            (refused(tonic::Code::FailedPrecondition, "brand new", "BrandNew"), "so wie es gerade steht"),
            (refused(tonic::Code::InvalidArgument, people, "Invalid"), "Personen"),
            (refused(tonic::Code::InvalidArgument, "odd_field: is odd", "Invalid"), "Angabe"),
            (Status::permission_denied("not for you"), "Konto"),
        ];
        for (status, german) in table {
            let said = sentence(&GERMAN, &status);
            assert!(said.contains(german), "{said}");
            assert!(!said.contains(status.message()), "English on a German page: {said}");
            assert_eq!(sentence(&ENGLISH, &status), status.message());
        }
    }
}
