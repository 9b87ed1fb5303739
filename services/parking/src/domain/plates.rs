//! Licence plates: what a camera read, and whether that is good enough to open a barrier. Pure.
//!
//! A plate is never stored and never told: only its fingerprint, for as long as its bay is booked for that day.

use chrono::{DateTime, TimeDelta, Utc};

/// A reading that is older is about the car before: the barrier must not open for the next one.
const PERISHES: TimeDelta = TimeDelta::seconds(20);
/// A camera's clock may be ahead by so much.
const AHEAD: TimeDelta = TimeDelta::seconds(5);

/// A plate in the one spelling in which two of them are compared: capital letters and digits, without blanks, hyphens
/// and dots of any kind (keyboards and copied text have many), letters with marks as their base letters, as on the plates of
/// our neighbours, and the letters O and I as the digits that cameras take them for. None: that is no plate.
pub(crate) fn normalise(text: &str) -> Option<String> {
    let mut plate = String::new();
    for letter in text.chars() {
        match letter {
            '-' | '.' | '·' | '•' | ':' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            blank if blank.is_whitespace() => {}
            'Ä' | 'ä' | 'Å' | 'å' => plate.push('A'),
            'Č' | 'č' | 'Ć' | 'ć' => plate.push('C'),
            'Đ' | 'đ' => plate.push('D'),
            'Š' | 'š' => plate.push('S'),
            'Ž' | 'ž' => plate.push('Z'),
            'Ö' | 'ö' | 'Ø' | 'ø' | 'O' | 'o' => plate.push('0'),
            'Ü' | 'ü' => plate.push('U'),
            'I' | 'i' => plate.push('1'),
            letter if letter.is_ascii_alphanumeric() => plate.push(letter.to_ascii_uppercase()),
            _ => return None,
        }
    }
    (3..=12).contains(&plate.len()).then_some(plate)
}

/// What a camera read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) plate: String,
    /// Other readings of the same plate with the certainty of their characters, the likeliest first.
    pub(crate) candidates: Vec<(String, u32)>,
    /// Certainty of the characters, in thousandths.
    pub(crate) score: u32,
    /// Certainty that there is a plate at all, in thousandths.
    pub(crate) dscore: u32,
    pub(crate) at: DateTime<Utc>,
}

/// The least certainty on which a camera is believed, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) score: u32,
    pub(crate) dscore: u32,
}

/// What a reading is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// These plates, in their one spelling, the likeliest first.
    Plates(Vec<String>),
    /// Not sure enough: the driver shows a code, or calls.
    Unreadable,
    /// About a car that has long passed, or the camera's clock is wrong.
    Late,
}

/// Both certainties count: rings on a bonnet are read as letters with great certainty where there is no plate.
pub(crate) fn judge(reading: &Reading, least: Least, now: DateTime<Utc>) -> Sight {
    if reading.at < now - PERISHES || reading.at > now + AHEAD {
        return Sight::Late;
    }
    if reading.score < least.score || reading.dscore < least.dscore {
        return Sight::Unreadable;
    }
    let mut plates = Vec::new();
    // Each must be likely by itself: a weak second thought may be the plate of somebody else who has booked.
    let likely = reading.candidates.iter().filter(|(_, score)| *score >= least.score).map(|(plate, _)| plate);
    for plate in std::iter::once(&reading.plate).chain(likely).filter_map(|text| normalise(text)) {
        if !plates.contains(&plate) {
            plates.push(plate);
        }
    }
    if plates.is_empty() { Sight::Unreadable } else { Sight::Plates(plates) }
}

#[cfg(test)]
mod tests;
