//! Random tokens: of sessions, links and devices. 256 bits, of which only the SHA-256 is stored.

use axum::http::{HeaderMap, header};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rand::RngExt;
use sha2::{Digest, Sha256};

/// A new token, for its owner's eyes only.
#[must_use]
pub fn new() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}

/// What is stored of a token.
#[must_use]
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The token that a device sends with a push: Bearer, or the password of Basic, which is all that some can send.
#[must_use]
pub fn sent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    if let Some(token) = value.strip_prefix("Bearer ") {
        return Some(token.trim().to_owned());
    }
    let pair = BASE64.decode(value.strip_prefix("Basic ")?.trim().as_bytes()).ok()?;
    String::from_utf8(pair).ok()?.split_once(':').map(|(_, password)| password.to_owned())
}
