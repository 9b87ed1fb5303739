//! A request that is no message of its method is its caller's mistake. tonic answers it as a fault of ours.

use axum::response::{IntoResponse, Response};
use tonic::{Code, Status};

/// How tonic's sentences on such requests begin. Ours on faults never do ([`crate::error::status`]).
const SAID: [&str; 4] = [
    "failed to decode Protobuf message",
    "Missing request message",
    "Unexpected EOF decoding stream",
    "protocol error: received message with",
];

/// The same answer, unless it is about such a request.
pub(crate) fn blame(response: Response) -> Response {
    let Some(status) = Status::from_header_map(response.headers()) else { return response };
    if status.code() != Code::Internal || !SAID.iter().any(|said| status.message().starts_with(said)) {
        return response;
    }
    let said =
        format!("The request is no message of this method, as its contract in proto/ has it: {}", status.message());
    Status::invalid_argument(crate::error::shortened(said)).into_http::<axum::body::Body>().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: &Status) -> (Code, String) {
        let response = blame(status.clone().into_http::<axum::body::Body>().into_response());
        let status = Status::from_header_map(response.headers()).expect("a status");
        (status.code(), status.message().to_owned())
    }

    #[test]
    fn only_what_cannot_be_read_is_the_callers_mistake() {
        for said in SAID {
            let (code, sentence) = answered(&Status::internal(format!("{said}: HeadRequest.service: …")));
            assert_eq!(code, Code::InvalidArgument);
            assert!(sentence.ends_with(&format!("{said}: HeadRequest.service: …")), "{sentence}");
        }
        for other in [
            Status::internal("Something went wrong on our side."),
            Status::internal(""),
            Status::not_found("failed to decode Protobuf message"),
        ] {
            assert_eq!(answered(&other), (other.code(), other.message().to_owned()));
        }
    }
}
