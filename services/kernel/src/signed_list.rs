//! Documents for scanners without a network, signed with the key that signs the tickets: a scanner that can
//! check a ticket can check where its list comes from.

use ed25519_dalek::{Signature, Signer};

use crate::identity::Keys;

/// Domain separation: a signature for a list is good for no ticket.
const PREFIX: &[u8] = b"sky.admission-list.v1\0";

impl Keys {
    /// The signature of an admission list's bytes.
    #[must_use]
    pub fn sign_list(&self, list: &[u8]) -> Vec<u8> {
        self.ticket.sign(&[PREFIX, list].concat()).to_bytes().to_vec()
    }

    /// Whether this house has signed exactly these bytes.
    #[must_use]
    pub fn is_our_list(&self, list: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| {
            self.ticket.verifying_key().verify_strict(&[PREFIX, list].concat(), &signature).is_ok()
        })
    }

    /// The public half of the key that signs tickets and lists.
    #[must_use]
    pub fn ticket_public_key(&self) -> Vec<u8> {
        self.ticket.verifying_key().to_bytes().to_vec()
    }

    /// Those of the keys that signed tickets before.
    #[must_use]
    pub fn earlier_ticket_public_keys(&self) -> Vec<Vec<u8>> {
        self.earlier_ticket.iter().map(|key| key.to_bytes().to_vec()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_signed_as_a_whole() {
        let keys = Keys::from_seeds([1; 32], [2; 32]);
        let signature = keys.sign_list(b"list");
        assert!(keys.is_our_list(b"list", &signature));
        assert!(!keys.is_our_list(b"lisT", &signature));
        assert!(!keys.is_our_list(b"list", &signature[1..]));
        assert!(!Keys::from_seeds([1; 32], [3; 32]).is_our_list(b"list", &signature), "another house");
        assert_eq!(keys.ticket_public_key().len(), 32);
    }
}
