//! Licence plates: what a camera read, and whether that is good enough to open a barrier. Pure.
//!
//! A plate is never stored and never told: only its fingerprint, for as long as its bay is booked for that day.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Right, RightState};

/// A reading that is older is about the car before: the barrier must not open for the next one.
const PERISHES: TimeDelta = TimeDelta::seconds(20);
/// A camera's clock may be ahead by so much.
const AHEAD: TimeDelta = TimeDelta::seconds(5);
/// Nobody stands at a barrier for longer, whatever the camera's clock says.
const STANDS: TimeDelta = TimeDelta::minutes(5);
/// So soon after a car no other one stands at the same barrier: a camera has seen the first one again.
pub(crate) const SAME_CAR: TimeDelta = TimeDelta::seconds(5);

impl Right {
    /// Whether a plate may be kept with it: its car is to come, or is in.
    pub(crate) const fn keeps_plate(&self) -> bool {
        matches!(self.state, RightState::Held | RightState::Confirmed | RightState::Suspended | RightState::CheckedIn)
    }
}

/// By how much a reading comes too late or too early to be about the car that stands there; None: it comes in time. Either
/// its camera's clock is wrong, or it was long on the way.
pub(crate) fn late(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<TimeDelta> {
    (at < now - PERISHES || at > now + AHEAD).then(|| now - at)
}

/// A camera whose readings come late, all about as late as each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    /// Negative: they are ahead.
    pub(crate) by: TimeDelta,
    /// When the first of them came.
    pub(crate) since: DateTime<Utc>,
}

impl Behind {
    /// With a reading that is so late, after those `before`.
    pub(crate) fn of(late: TimeDelta, before: Option<Self>, now: DateTime<Utc>) -> Self {
        before.filter(|before| before.is_as_late(late)).unwrap_or(Self { by: late, since: now })
    }

    fn is_as_late(self, late: TimeDelta) -> bool {
        (late - self.by).abs() < SAME_CAR
    }
}

/// If a way out has let out no car since then, the one of such a reading still stands there. `before`: how late the camera's
/// readings before were. As late as this one, and not only since a moment, it is the clock that is wrong, and what the camera
/// sees, it sees now. Readings that were only long on the way and come all together when the link is back are less late from
/// one to the next: however many they are and however long they take to come, none of them stays as late for so long, and
/// each is about a car that has left if any has since.
pub(crate) fn may_stand_since(at: DateTime<Utc>, before: Option<Behind>, now: DateTime<Utc>) -> DateTime<Utc> {
    match before {
        Some(before) if before.is_as_late(now - at) && before.since + SAME_CAR <= now => now - SAME_CAR,
        _ => at.clamp(now - STANDS, now - SAME_CAR),
    }
}

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
}

/// Both certainties count: rings on a bonnet are read as letters with great certainty where there is no plate.
pub(crate) fn judge(reading: &Reading, least: Least) -> Sight {
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
