//! Passwords, hashed with argon2id.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use kernel::token;

use crate::error::Error;

/// Hashes a password; takes tens of milliseconds and 19 MiB.
pub(crate) fn hash_password(password: &str) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Hash(error.to_string()))
}

/// What a password is compared with when there is no such account, so that both take equally long.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_password(&token::new()).ok());

/// True when the password is that of the hash; without a hash it works as hard and says no.
pub(crate) fn password_fits(password: &str, hash: Option<&str>) -> Result<bool, Error> {
    let Some(hash) = hash else {
        let _ = NOBODY.as_deref().map(|nobody| password_fits(password, Some(nobody)));
        return Ok(false);
    };
    let hash = PasswordHash::new(hash).map_err(|error| Error::Hash(error.to_string()))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
