//! Open data over HTTP: JSON that anybody may read, with an `ETag`, so that whoever asks each minute is mostly told
//! that nothing has changed. Says nothing of what is in it.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Others may keep an answer so long.
const MAX_AGE: &str = "public, max-age=15";

/// The content, or 304 for whoever has it already.
#[must_use]
pub fn answer(content: &Value, asked: &HeaderMap) -> Response {
    let body = content.to_string();
    let hash = HEXLOWER.encode(&Sha256::digest(body.as_bytes())[..12]);
    let tag = format!("\"{hash}\"");
    let mut response =
        if knows(asked, &tag) { StatusCode::NOT_MODIFIED.into_response() } else { Body::from(body).into_response() };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(MAX_AGE));
    out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    response
}

/// The host that the request went to, with its port, if it says so and nothing else: what others send is not written into
/// addresses as it comes.
#[must_use]
pub fn host(asked: &HeaderMap) -> Option<&str> {
    let is_host = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    let host = asked.get(header::HOST).and_then(|host| host.to_str().ok());
    host.filter(|host| !host.is_empty()).filter(is_host)
}

/// Whether the caller has this version already.
#[must_use]
pub fn knows(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    tags.split(',').map(str::trim).any(|it| it == "*" || it.trim_start_matches("W/") == tag)
}

/// A file whose address is the hash of its content: whoever has it never asks again.
#[must_use]
pub fn for_ever(hash: &str, media_type: &str, file: Vec<u8>, asked: &HeaderMap) -> Response {
    let tag = format!("\"{hash}\"");
    if knows(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::ETAG, &tag),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers.map(|(name, value)| (name, value.to_owned())), file).into_response()
}

/// The content, or 503 with the time after which to ask again; the error is for the log alone.
pub fn reply<E: std::fmt::Display>(content: Result<Value, E>, asked: &HeaderMap) -> Response {
    match content {
        Ok(content) => answer(&content, asked),
        Err(error) => {
            tracing::warn!(%error, "open data could not be given");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "15")]).into_response()
        }
    }
}
