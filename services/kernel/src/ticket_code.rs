//! `sky.ticket`: the code on a ticket and on a visit. One format for barrier, door and counter,
//! checked without any network: an Ed25519 signature over a few bytes, written in base45 (compact in
//! a QR code). It proves that the house issued the code, not that it is used for the first time.
//! No personal data, no seat: reseating keeps the code valid.
//!
//! Layout: version (1) · key id (1: the first byte of the public key that signed it) · kind (1) · id (16) · showing (16) · not before (4) ·
//! not after (4) · generation (2), big-endian, Unix seconds; then 64 bytes of signature.

use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use uuid::Uuid;

use crate::identity::Keys;

const PREFIX: &[u8] = b"sky.ticket.v1\0";
const VERSION: u8 = 1;
/// In codes from before keys had names.
const NO_NAME: u8 = 1;
const PAYLOAD: usize = 45;
/// Letters of a code: three for two bytes, two for the last one.
const LETTERS: usize = (PAYLOAD + 64) / 2 * 3 + 2;

/// What a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One person's ticket; the id is the ticket's.
    Ticket,
    /// A whole party; the id is the visit's.
    Visit,
}

/// The content of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketCode {
    /// Ticket or visit.
    pub kind: Kind,
    /// The ticket's or the visit's id.
    pub id: Uuid,
    /// The showing it was sold for.
    pub showing: Uuid,
    /// First instant at which a reader may accept it that knows nothing but the code. Doors, barriers and counters know the
    /// showing as it is now, after delays and rebookings that do not change a printed code, and do not go by this.
    pub not_before: DateTime<Utc>,
    /// Last instant, in the same way.
    pub not_after: DateTime<Utc>,
    /// Rises when a lost ticket is issued anew; an older one is revoked.
    pub generation: u16,
}

/// Why a text is not one of our codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// Not a code at all, e.g. another house's bar code.
    #[error("this is not a Digital Sky code")]
    Malformed,
    /// Looks like a code of ours, but the signature is not.
    #[error("this code was not issued by this house")]
    Forged,
}

fn seconds(at: DateTime<Utc>) -> [u8; 4] {
    u32::try_from(at.timestamp()).unwrap_or(0).to_be_bytes()
}

/// How a code names the key that signed it.
fn key_id(key: &VerifyingKey) -> u8 {
    key.as_bytes()[0]
}

impl Keys {
    /// The text of a code. Deterministic: the same content always has the same text, so codes need
    /// not be stored.
    #[must_use]
    pub fn issue_code(&self, code: &TicketCode) -> String {
        let mut bytes = Vec::with_capacity(PAYLOAD + 64);
        bytes.extend([
            VERSION,
            key_id(&self.ticket.verifying_key()),
            match code.kind {
                Kind::Ticket => 1,
                Kind::Visit => 2,
            },
        ]);
        bytes.extend(code.id.as_bytes());
        bytes.extend(code.showing.as_bytes());
        bytes.extend(seconds(code.not_before));
        bytes.extend(seconds(code.not_after));
        bytes.extend(code.generation.to_be_bytes());
        let signature = self.ticket.sign(&[PREFIX, &bytes].concat());
        bytes.extend(signature.to_bytes());
        base45::encode(&bytes)
    }

    /// The content of a code that this house issued.
    ///
    /// # Errors
    /// [`NotOurs`].
    pub fn read_code(&self, text: &str) -> Result<TicketCode, NotOurs> {
        // A space is a letter of base45, and with one key in forty every code begins with it. Fields and scanners take
        // it away.
        let text = format!("{:>LETTERS$}", text.trim());
        let bytes = base45::decode(&text).map_err(|_| NotOurs::Malformed)?;
        if bytes.len() != PAYLOAD + 64 || bytes[0] != VERSION {
            return Err(NotOurs::Malformed);
        }
        let (payload, signature) = bytes.split_at(PAYLOAD);
        let signature = Signature::from_slice(signature).map_err(|_| NotOurs::Forged)?;
        let message = [PREFIX, payload].concat();
        let now = self.ticket.verifying_key();
        let mut named = std::iter::once(&now)
            .chain(self.earlier_ticket.iter())
            .filter(|key| payload[1] == NO_NAME || payload[1] == key_id(key));
        if !named.any(|key| key.verify_strict(&message, &signature).is_ok()) {
            return Err(NotOurs::Forged);
        }
        let kind = match payload[2] {
            1 => Kind::Ticket,
            2 => Kind::Visit,
            _ => return Err(NotOurs::Malformed),
        };
        let uuid = |at: usize| Uuid::from_slice(&payload[at..at + 16]).unwrap_or_default();
        let time = |at: usize| {
            let mut raw = [0; 4];
            raw.copy_from_slice(&payload[at..at + 4]);
            DateTime::from_timestamp(i64::from(u32::from_be_bytes(raw)), 0).unwrap_or_default()
        };
        Ok(TicketCode {
            kind,
            id: uuid(3),
            showing: uuid(19),
            not_before: time(35),
            not_after: time(39),
            generation: u16::from_be_bytes([payload[43], payload[44]]),
        })
    }
}

/// Letters of a short reference: none that look or sound alike (no 0/O, 1/I/L, B/8, S/5, U/V, Z/2).
const ALPHABET: &[u8; 24] = b"3467ACDEFGHJKMNPQRTVWXY9";

/// A visit's short reference for people to say aloud, `K7QM-3F9A`: seven letters from the visit's id and one
/// check letter. Derived, so nothing has to be looked up to print it. Short, so not unique for ever: of some 4.6 billion,
/// two of a hundred thousand visits share one with a likelihood of about two thirds. Whoever looks one up must reckon with
/// two, and ask which.
#[must_use]
pub fn reference(visit: Uuid) -> String {
    // The last bytes of a UUIDv7 are random.
    let mut value = visit.as_u128() & ((1 << 62) - 1);
    let mut letters = [0_u8; 8];
    for letter in letters.iter_mut().take(7) {
        *letter = ALPHABET[(value % 24) as usize];
        value /= 24;
    }
    letters[7] = check_letter(&letters[..7]);
    let text = String::from_utf8_lossy(&letters);
    format!("{}-{}", &text[..4], &text[4..])
}

fn check_letter(letters: &[u8]) -> u8 {
    let sum: usize = letters
        .iter()
        .enumerate()
        .map(|(place, letter)| (place + 1) * ALPHABET.iter().position(|known| known == letter).unwrap_or(0))
        .sum();
    ALPHABET[sum % 24]
}

/// A reference as somebody typed it, in its usual form; none if it cannot be one (mistyped: the check
/// letter does not fit).
#[must_use]
pub fn read_reference(typed: &str) -> Option<String> {
    let letters: Vec<u8> =
        typed.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    let ok = letters.len() == 8
        && letters.iter().all(|letter| ALPHABET.contains(letter))
        && check_letter(&letters[..7]) == letters[7];
    ok.then(|| format!("{}-{}", String::from_utf8_lossy(&letters[..4]), String::from_utf8_lossy(&letters[4..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::from_seeds([1; 32], [2; 32])
    }

    fn code() -> TicketCode {
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("in range");
        TicketCode {
            kind: Kind::Visit,
            id: Uuid::from_u128(7),
            showing: Uuid::from_u128(9),
            not_before: at,
            not_after: at,
            generation: 3,
        }
    }

    #[test]
    fn a_code_is_read_back_and_a_changed_one_is_forged() {
        let text = keys().issue_code(&code());
        assert!(text.len() < 180, "fits a small QR code");
        assert_eq!(keys().read_code(&text), Ok(code()));
        assert_eq!(Keys::from_seeds([1; 32], [3; 32]).read_code(&text), Err(NotOurs::Forged));
        let mut bytes = base45::decode(&text).expect("our own");
        bytes[10] ^= 1;
        assert_eq!(keys().read_code(&base45::encode(&bytes)), Err(NotOurs::Forged));
        for nonsense in ["", "HELLO", "https://example.org", &text[..40]] {
            assert_eq!(keys().read_code(nonsense), Err(NotOurs::Malformed), "{nonsense}");
        }
    }

    #[test]
    fn a_code_that_begins_with_a_space_is_read_without_it_too() {
        let keys = (0..=u8::MAX).map(|seed| Keys::from_seeds([1; 32], [seed; 32]));
        let texts = keys.map(|keys| (keys.issue_code(&code()), keys));
        let (text, keys) = texts.into_iter().find(|(text, _)| text.starts_with(' ')).expect("one key in forty");
        assert_eq!(text.len(), LETTERS);
        for scanned in [text.as_str(), text.trim(), &format!(" {text}\r\n")] {
            assert_eq!(keys.read_code(scanned), Ok(code()), "{scanned:?}");
        }
    }

    #[test]
    fn a_key_is_replaced_and_its_codes_stay_good_as_long_as_it_is_among_the_earlier_ones() {
        let old = keys().issue_code(&code());
        let rotated = Keys::from_seeds([1; 32], [3; 32]).with_earlier_ticket_keys(&[[4; 32], [2; 32]]);
        assert_eq!(rotated.read_code(&old), Ok(code()));
        let new = rotated.issue_code(&code());
        assert_ne!(new, old, "what is shown from now on is signed anew");
        assert_eq!(rotated.read_code(&new), Ok(code()));
        assert_eq!(keys().read_code(&new), Err(NotOurs::Forged));
        let left_out = Keys::from_seeds([1; 32], [3; 32]).with_earlier_ticket_keys(&[[4; 32]]);
        assert_eq!(left_out.read_code(&old), Err(NotOurs::Forged), "a stolen key");
    }

    #[test]
    fn a_reference_survives_being_said_aloud() {
        let reference = reference(Uuid::now_v7());
        assert_eq!(read_reference(&reference.to_lowercase().replace('-', " ")), Some(reference.clone()));
        let mut wrong = reference.into_bytes();
        wrong[0] = if wrong[0] == b'3' { b'4' } else { b'3' };
        assert_eq!(read_reference(&String::from_utf8_lossy(&wrong)), None, "one letter misheard");
    }
}
