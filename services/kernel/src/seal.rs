//! Seals on secrets that the house hands out and gets back, such as a browser's cookie: one that was made up is
//! refused without asking the database. The secret itself stays unguessable; the seal only says that it is ours.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::identity::Keys;

/// Domain separation: a seal is good for nothing else that the key signs.
const PREFIX: &[u8] = b"sky.seal.v1\0";

impl Keys {
    fn mac(&self, secret: &str) -> Hmac<Sha256> {
        // A key shorter than a block is filled up with zeros (RFC 2104).
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.identity_seed());
        let mut mac = Hmac::new(&key.into());
        mac.update(PREFIX);
        mac.update(secret.as_bytes());
        mac
    }

    /// What is kept of something that is to be recognised and never read again, such as a licence plate: without the
    /// house's key nobody can try out all there are. Equal texts of one purpose have equal fingerprints.
    #[must_use]
    pub fn fingerprint(&self, purpose: &str, text: &str) -> [u8; 32] {
        self.mac(&format!("{purpose}\0{text}")).finalize().into_bytes().into()
    }

    /// A secret with its seal: `secret.seal`. The secret must not contain a dot.
    #[must_use]
    pub fn seal(&self, secret: &str) -> String {
        format!("{secret}.{}", BASE64URL_NOPAD.encode(&self.mac(secret).finalize().into_bytes()))
    }

    /// The secret of a sealed one; None: the seal is missing, or not ours.
    #[must_use]
    pub fn unseal<'t>(&self, sealed: &'t str) -> Option<&'t str> {
        let (secret, seal) = sealed.split_once('.')?;
        let seal = BASE64URL_NOPAD.decode(seal.as_bytes()).ok()?;
        self.mac(secret).verify_slice(&seal).is_ok().then_some(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_one_house_and_one_purpose() {
        let (ours, other) = (Keys::from_seeds([1; 32], [2; 32]), Keys::from_seeds([3; 32], [2; 32]));
        let of = ours.fingerprint("plate", "HALAB123");
        assert_eq!(ours.fingerprint("plate", "HALAB123"), of);
        for differs in [
            ours.fingerprint("plate", "HALAB124"),
            ours.fingerprint("name", "HALAB123"),
            other.fingerprint("plate", "HALAB123"),
        ] {
            assert_ne!(differs, of);
        }
    }

    #[test]
    fn only_our_own_seals_are_good() {
        let (ours, other) = (Keys::from_seeds([1; 32], [2; 32]), Keys::from_seeds([3; 32], [2; 32]));
        let sealed = ours.seal("secret");
        assert_eq!(ours.unseal(&sealed), Some("secret"));
        assert_eq!(other.unseal(&sealed), None, "another house");
        assert_eq!(ours.unseal(&sealed.replacen('s', "S", 1)), None, "another secret");
        for broken in ["", ".", "secret", "secret.", "secret.AAAA", &sealed[..sealed.len() - 2]] {
            assert_eq!(ours.unseal(broken), None, "{broken}");
        }
    }
}
