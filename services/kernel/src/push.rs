//! What a device is answered that pushes over HTTP, such as a people counter or a camera: JSON with the problem in
//! words for whoever set it up.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::error::{Code, Coded};

/// A push that is not taken, and why.
#[must_use]
pub fn refuse(status: StatusCode, problem: impl Into<String>) -> Response {
    (status, Json(json!({"error": problem.into()}))).into_response()
}

/// Nobody has the token; `what` it would be of. It is counted; the token stands nowhere.
#[must_use]
pub fn unknown(what: &str, realm: &str) -> Response {
    metrics::counter!("sky_pushes_refused_total", "realm" => realm.to_owned()).increment(1);
    let ask = [(header::WWW_AUTHENTICATE, format!("Basic realm=\"{realm}\""))];
    let problem = format!("no {what} has this token; an operator issues one");
    (ask, refuse(StatusCode::UNAUTHORIZED, problem)).into_response()
}

/// A push that could not be taken; of our own faults only the log says more.
#[must_use]
pub fn failed(error: &dyn Coded) -> Response {
    let code = error.code();
    let status = StatusCode::from_u16(code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    tracing::warn!(%error, "a push was not taken");
    let internal = || "internal error; it has been recorded".to_owned();
    refuse(status, if code == Code::Internal { internal() } else { error.to_string() })
}

/// Of a problem that quotes what was sent, so many letters are told and kept: its beginning says what it quotes, its end
/// what is wrong with that.
const MOST_LETTERS: usize = 300;

/// A problem in no more letters than that, none of which a text in the database cannot hold.
#[must_use]
pub fn shortened(problem: &str) -> String {
    let letters: Vec<char> = problem.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let half = MOST_LETTERS / 2;
    match letters.len() {
        0..=MOST_LETTERS => letters.into_iter().collect(),
        many => letters[..half].iter().chain(&[' ', '…', ' ']).chain(&letters[many - half..]).collect(),
    }
}
