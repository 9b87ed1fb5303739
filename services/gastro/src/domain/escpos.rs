//! A kitchen ticket as the bytes of a receipt printer (ESC/POS): the number large, what to make, allergens in words,
//! and a cut. Pure.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use uuid::Uuid;

/// What is on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) id: Uuid,
    pub(crate) number: u32,
    pub(crate) station: String,
    pub(crate) pickup_at: DateTime<Utc>,
    pub(crate) lines: Vec<PaperLine>,
    /// Sent before without an acknowledgement, or asked for again: it may be there twice.
    pub(crate) again: bool,
    /// Something has taken the place of a dish since the last paper.
    pub(crate) replaces: bool,
}

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaperLine {
    pub(crate) quantity: u32,
    pub(crate) name: String,
    /// What is different about it, one a line.
    pub(crate) notes: Vec<String>,
    pub(crate) allergens: Vec<u32>,
    /// What may have got into it.
    pub(crate) traces: Vec<u32>,
}

/// Asks the printer whether it is on line (answered at once, past its buffer).
pub(crate) const ASK_STATUS: [u8; 3] = [0x10, 0x04, 0x01];
/// Asks whether it has paper.
pub(crate) const ASK_PAPER: [u8; 3] = [0x10, 0x04, 0x04];

/// Asks the same in its turn: it is answered when everything before it is on paper.
pub(crate) const ASK_WHEN_PRINTED: [u8; 3] = [0x1d, b'r', 1];

/// What a printer's status byte says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Good,
    Offline,
    NoPaper,
    /// Not a status byte at all.
    Nonsense,
}

/// Bits 1 and 4 of a status byte are always on, 0 and 7 always off.
const fn is_status(byte: u8) -> bool {
    byte & 0b1001_0011 == 0b0001_0010
}

/// The answer to [`ASK_STATUS`].
pub(crate) const fn online(byte: u8) -> Status {
    match (is_status(byte), byte & 0b0000_1000) {
        (false, _) => Status::Nonsense,
        (true, 0) => Status::Good,
        (true, _) => Status::Offline,
    }
}

/// The answer to [`ASK_PAPER`]: the end of the roll, not that it is near.
pub(crate) const fn paper(byte: u8) -> Status {
    match (is_status(byte), byte & 0b0110_0000) {
        (false, _) => Status::Nonsense,
        (true, 0) => Status::Good,
        (true, _) => Status::NoPaper,
    }
}

/// The answer to [`ASK_WHEN_PRINTED`]: bits 4 and 7 are always off, 2 and 3 on at the end of the roll.
pub(crate) const fn printed(byte: u8) -> Status {
    match (byte & 0b1001_0000, byte & 0b0000_1100) {
        (0, 0) => Status::Good,
        (0, _) => Status::NoPaper,
        _ => Status::Nonsense,
    }
}

const INITIALISE: &[u8] = &[0x1b, b'@'];
/// Code page 858, Western Europe with the euro.
const CODE_PAGE: &[u8] = &[0x1b, b't', 19];
const CENTRE: &[u8] = &[0x1b, b'a', 1];
const LEFT: &[u8] = &[0x1b, b'a', 0];
const SMALL: &[u8] = &[0x1d, b'!', 0x00];
/// Four times as wide and as high.
const HUGE: &[u8] = &[0x1d, b'!', 0x33];
/// Twice as high.
const TALL: &[u8] = &[0x1d, b'!', 0x01];
const BOLD: &[u8] = &[0x1b, b'E', 1];
const PLAIN: &[u8] = &[0x1b, b'E', 0];
/// Feeds to the knife and cuts, leaving a point.
const CUT: &[u8] = &[0x1d, b'V', 66, 3];

/// The 14 allergens of Annex II as cooks say them.
const ALLERGENS: [&str; 14] = [
    "Gluten",
    "Krebstiere",
    "Ei",
    "Fisch",
    "Erdnuss",
    "Soja",
    "Milch",
    "Schalenfrüchte",
    "Sellerie",
    "Senf",
    "Sesam",
    "Sulfite",
    "Lupine",
    "Weichtiere",
];

fn allergen(number: u32) -> String {
    let known = usize::try_from(number).ok().and_then(|number| ALLERGENS.get(number.checked_sub(1)?));
    known.map_or_else(|| format!("Nr. {number}"), |name| (*name).to_owned())
}

/// A character in code page 858; what it does not have is written otherwise, and never as a command.
fn encode(character: char, bytes: &mut Vec<u8>) {
    let byte = match character {
        ' '..='~' => u8::try_from(u32::from(character)).unwrap_or(b'?'),
        'Ä' => 0x8e,
        'ä' => 0x84,
        'Ö' => 0x99,
        'ö' => 0x94,
        'Ü' => 0x9a,
        'ü' => 0x81,
        'ß' => 0xe1,
        'é' => 0x82,
        'è' => 0x8a,
        'ê' => 0x88,
        'à' => 0x85,
        'â' => 0x83,
        'ç' => 0x87,
        'î' => 0x8c,
        'ï' => 0x8b,
        'ô' => 0x93,
        'û' => 0x96,
        'ñ' => 0xa4,
        '½' => 0xab,
        '°' => 0xf8,
        '·' => 0xfa,
        '€' => 0xd5,
        '×' => b'x',
        '–' | '—' | '−' => b'-',
        '„' | '“' | '”' | '«' | '»' => b'"',
        '‚' | '‘' | '’' => b'\'',
        '\u{a0}' | '\t' => b' ',
        '…' => return bytes.extend(b"..."),
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => return,
        _ => b'?',
    };
    bytes.push(byte);
}

struct Roll(Vec<u8>);

impl Roll {
    fn set(&mut self, command: &[u8]) {
        self.0.extend(command);
    }

    fn line(&mut self, text: &str) {
        for character in text.chars() {
            encode(character, &mut self.0);
        }
        self.0.push(b'\n');
    }
}

/// The bytes of a ticket.
pub(crate) fn ticket(paper: &Paper) -> Vec<u8> {
    let mut roll = Roll(Vec::with_capacity(512));
    for command in [INITIALISE, CODE_PAGE, CENTRE] {
        roll.set(command);
    }
    if paper.again {
        roll.set(BOLD);
        roll.line("WIEDERHOLUNG - nur einmal kochen");
        roll.set(PLAIN);
    }
    if paper.replaces {
        roll.set(BOLD);
        roll.line("GEÄNDERT - ersetzt den früheren Zettel");
        roll.set(PLAIN);
    }
    roll.set(HUGE);
    roll.line(&paper.number.to_string());
    roll.set(TALL);
    roll.line(&paper.station);
    roll.line(&format!("Abholung {}", paper.pickup_at.with_timezone(&Berlin).format("%H:%M")));
    roll.set(LEFT);
    for line in &paper.lines {
        roll.set(TALL);
        roll.set(BOLD);
        roll.line(&format!("{} × {}", line.quantity, line.name));
        roll.set(PLAIN);
        for note in &line.notes {
            roll.line(&format!("  > {note}"));
        }
        roll.set(SMALL);
        for (what, numbers) in [("Allergene", &line.allergens), ("Spuren", &line.traces)] {
            let names: Vec<String> = numbers.iter().map(|number| allergen(*number)).collect();
            if !names.is_empty() {
                roll.line(&format!("  {what}: {}", names.join(", ")));
            }
        }
    }
    roll.set(SMALL);
    roll.line(&format!("Zettel {}", paper.id));
    roll.set(CUT);
    roll.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Paper {
        Paper {
            id: Uuid::nil(),
            number: 42,
            station: "Warme Küche".to_owned(),
            pickup_at: DateTime::from_timestamp(1_795_863_600, 0).expect("in range"),
            lines: vec![PaperLine {
                quantity: 2,
                name: "Kürbis-Curry „Saturn“ groß\u{1b}@".to_owned(),
                notes: vec!["ohne Soße".to_owned()],
                allergens: vec![9, 8],
                traces: vec![11],
            }],
            again: false,
            replaces: false,
        }
    }

    fn has(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_ticket_has_its_number_large_its_umlauts_and_a_cut() {
        let bytes = ticket(&example());
        assert!(bytes.starts_with(b"\x1b@\x1bt\x13"), "reset, code page 858");
        assert!(has(&bytes, b"\x1d!\x3342\n"));
        assert!(has(&bytes, b"Warme K\x81che\n"));
        assert!(has(&bytes, b"2 x K\x81rbis-Curry \"Saturn\" gro\xe1@\n"), "no command comes in with a name");
        assert!(has(&bytes, b"  > ohne So\xe1e\n"));
        assert!(has(&bytes, b"Allergene: Sellerie, Schalenfr\x81chte\n"));
        assert!(has(&bytes, b"Spuren: Sesam\n"));
        assert!(bytes.ends_with(b"\x1dV\x42\x03"));
        assert!(!has(&bytes, b"WIEDERHOLUNG"));
        assert!(has(&ticket(&Paper { again: true, ..example() }), b"WIEDERHOLUNG"));
        assert!(!has(&bytes, b"ersetzt"));
        assert!(has(&ticket(&Paper { replaces: true, ..example() }), b"NDERT - ersetzt den fr\x81heren Zettel"));
    }

    #[test]
    fn a_status_byte_is_told_from_noise() {
        assert_eq!(online(0x12), Status::Good);
        assert_eq!(online(0x1a), Status::Offline);
        assert_eq!(paper(0x12), Status::Good);
        assert_eq!(paper(0x1e), Status::Good, "near the end is not the end");
        assert_eq!(paper(0x72), Status::NoPaper);
        for noise in [0x00, 0xff, b'H'] {
            assert_eq!(online(noise), Status::Nonsense);
            assert_eq!(paper(noise), Status::Nonsense);
        }
        for (byte, says) in
            [(0x00, Status::Good), (0x03, Status::Good), (0x0c, Status::NoPaper), (0x12, Status::Nonsense)]
        {
            assert_eq!(printed(byte), says, "{byte}");
        }
    }
}
