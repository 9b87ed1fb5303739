//! What a lane sees, and whether it opens. Pure decisions: no I/O, no clock, no proto.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use serde::Deserialize;
use uuid::Uuid;

use super::{Alternative, BayClass, ClassCount, EARLY, Right, RightState, SiteState, list_at_gate};

/// Which way a vehicle passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    In,
    Out,
}

impl Direction {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// What a vehicle showed at the lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The code of the whole party, in one of its generations.
    Visit(Uuid, u16),
    Ticket(Uuid, u16),
    /// A camera knows the car of this visit.
    Plate(Uuid),
    Reference(String),
    /// Counted without a code; an exit need not know its class.
    Anonymous(Option<BayClass>),
    /// Not a code of ours.
    Unknown,
    /// Looks like one of ours and is not.
    Forged,
    /// A plate of no booked bay.
    UnknownPlate,
    /// A camera that is not sure what it saw.
    Unreadable,
    /// A camera's word about a car that has passed.
    Late,
}

/// What a lane is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Open,
    Full,
    UnknownCode,
    Forged,
    WrongWindow,
    AlreadyIn,
    Closed,
    Cancelled,
    UnknownPlate,
    Unreadable,
    TooLate,
    Replaced,
    Ambiguous,
    /// The house is being evacuated: nobody drives in.
    Evacuated,
}

impl Verdict {
    const ALL: [Self; 14] = [
        Self::Open,
        Self::Full,
        Self::UnknownCode,
        Self::Forged,
        Self::WrongWindow,
        Self::AlreadyIn,
        Self::Closed,
        Self::Cancelled,
        Self::UnknownPlate,
        Self::Unreadable,
        Self::TooLate,
        Self::Replaced,
        Self::Ambiguous,
        Self::Evacuated,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Full => "full",
            Self::UnknownCode => "unknown_code",
            Self::Forged => "forged",
            Self::WrongWindow => "wrong_window",
            Self::AlreadyIn => "already_in",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::UnknownPlate => "unknown_plate",
            Self::Unreadable => "unreadable",
            Self::TooLate => "too_late",
            Self::Replaced => "replaced",
            Self::Ambiguous => "ambiguous",
            Self::Evacuated => "evacuated",
        }
    }

    /// Reads what [`Self::name`] wrote.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// What the lane says to the driver.
    pub(crate) fn message(self, direction: Direction, alternatives: &[Alternative]) -> Text {
        match (self, direction) {
            (Self::Open, Direction::In) => Text::new("Willkommen.", "Welcome."),
            (Self::Open, Direction::Out) => Text::new("Gute Fahrt.", "Have a safe journey."),
            (Self::Full, _) => park_elsewhere(["Besetzt.", "Full."], alternatives),
            (Self::Closed, _) => {
                park_elsewhere(["Der Parkplatz ist geschlossen.", "The car park is closed."], alternatives)
            }
            (Self::Evacuated, _) => Text::new(
                "Das Haus wird gerade geräumt. Bitte fahren Sie nicht ein und halten Sie die Zufahrt frei.",
                "The house is being evacuated. Please do not drive in, and keep the way clear.",
            ),
            (Self::UnknownCode, _) => Text::new(
                "Dieser Code gehört zu keinem bestätigten Stellplatz. Bitte rufen Sie uns über die Sprechstelle.",
                "This code belongs to no confirmed bay. Please call us on the intercom.",
            ),
            (Self::Forged, _) => Text::new(
                "Dieser Code ist nicht von uns. Bitte rufen Sie uns über die Sprechstelle.",
                "This code is not ours. Please call us on the intercom.",
            ),
            (Self::WrongWindow, _) => Text::new(
                "Ihr Stellplatz ist zu einer anderen Zeit gebucht. Bitte rufen Sie uns über die Sprechstelle.",
                "Your bay is booked for another time. Please call us on the intercom.",
            ),
            (Self::AlreadyIn, _) => Text::new(
                "Mit diesem Code ist schon ein Fahrzeug eingefahren.",
                "A vehicle has already come in with this code.",
            ),
            (Self::UnknownPlate, _) => Text::new(
                "Für dieses Kennzeichen ist kein Stellplatz gebucht. Bitte zeigen Sie Ihren Code.",
                "No bay is booked for this plate. Please show your code.",
            ),
            (Self::Unreadable, _) => Text::new(
                "Das Kennzeichen war nicht zu lesen. Bitte zeigen Sie Ihren Code oder rufen Sie uns über die Sprechstelle.",
                "The plate could not be read. Please show your code, or call us on the intercom.",
            ),
            (Self::Replaced, _) => Text::new(
                "Dieser Code wurde ersetzt. Bitte zeigen Sie den neuen.",
                "This code was replaced. Please show the new one.",
            ),
            (Self::Ambiguous, _) => Text::new(
                "Diese kurze Nummer haben zwei Buchungen. Bitte zeigen Sie den QR-Code Ihrer Buchung.",
                "Two bookings share this short reference. Please show the QR code of your booking.",
            ),
            (Self::TooLate, Direction::In) => Text::new(
                "Bitte zeigen Sie Ihren Code oder rufen Sie uns über die Sprechstelle.",
                "Please show your code, or call us on the intercom.",
            ),
            (Self::TooLate, Direction::Out) => Text::new(
                "Öffnet die Schranke nicht: Bitte rufen Sie uns über die Sprechstelle. Wir öffnen von Hand.",
                "If the barrier does not open, please call us on the intercom. We open it by hand.",
            ),
            (Self::Cancelled, _) => Text::new(
                "Diese Buchung ist storniert. Bitte rufen Sie uns über die Sprechstelle.",
                "This booking is cancelled. Please call us on the intercom.",
            ),
        }
    }
}

/// What is the matter, in German and in English, and where else there is room; of a house that names no other car park, that
/// somebody can be asked.
fn park_elsewhere([was, what]: [&str; 2], alternatives: &[Alternative]) -> Text {
    if alternatives.is_empty() {
        return Text::new(
            format!("{was} Bitte rufen Sie uns über die Sprechstelle."),
            format!("{what} Please call us on the intercom."),
        );
    }
    let (woanders, elsewhere) = list_at_gate(alternatives);
    Text::new(
        format!("{was} Bitte weichen Sie aus: {woanders}."),
        format!("{what} Please park elsewhere: {elsewhere}."),
    )
}

/// What a driver is told whose bay was lost to a closure: the visit stands.
pub(crate) fn bay_lost(alternatives: &[Alternative]) -> Text {
    let what = [
        "Ihr Besuch steht, Ihr Stellplatz ist durch die Sperrung entfallen.",
        "Your visit stands, but your bay was lost to the closure.",
    ];
    park_elsewhere(what, alternatives)
}

/// May the car of this right come in? A confirmed right opens even when the count says full: a count
/// may drift, a promise may not. A car that stands at the lane has reached an unreachable site. `unseen`: since the car
/// of this right came in, one has left of which nobody knows which it was; here it is again, so it was this one.
pub(crate) fn judge_entry(site: SiteState, right: &Right, room: bool, unseen: bool, now: DateTime<Utc>) -> Verdict {
    if site == SiteState::Closed {
        return Verdict::Closed;
    }
    let in_window = right.window.from - EARLY <= now && now <= right.window.until;
    match right.state {
        // Not paid yet, or never was.
        RightState::Held | RightState::Expired => Verdict::UnknownCode,
        RightState::Cancelled => Verdict::Cancelled,
        RightState::CheckedIn if !unseen => Verdict::AlreadyIn,
        RightState::NoShow => Verdict::WrongWindow,
        RightState::Confirmed | RightState::CheckedIn | RightState::Suspended | RightState::Left if !in_window => {
            Verdict::WrongWindow
        }
        RightState::Confirmed | RightState::CheckedIn => Verdict::Open,
        // Here in spite of the closure, or back again within the window: the bay was given up, so there must be room.
        RightState::Suspended | RightState::Left if room => Verdict::Open,
        RightState::Suspended | RightState::Left => Verdict::Full,
    }
}

/// May a car without a right come in?
pub(crate) const fn judge_walk_in(site: SiteState, count: ClassCount) -> Verdict {
    match site {
        SiteState::Closed => Verdict::Closed,
        SiteState::Open | SiteState::Unreachable | SiteState::Unknown if count.has_room() => Verdict::Open,
        SiteState::Open | SiteState::Unreachable | SiteState::Unknown => Verdict::Full,
    }
}

/// Whose a short reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Nobodys,
    Of(Uuid),
    /// Several visits share it, and any of them may be meant.
    Several,
}

/// Whose car shows a reference that these rights have, the latest first. Those that are over are out of the question as
/// long as one is not; and whoever leaves has come in.
pub(crate) fn whose(rights: &[Right], direction: Direction, now: DateTime<Utc>) -> Whose {
    let is_open = |right: &&Right| {
        let stands = !matches!(right.state, RightState::Cancelled | RightState::Expired | RightState::NoShow);
        right.state == RightState::CheckedIn || (stands && now < right.window.until)
    };
    let mut meant: Vec<&Right> = rights.iter().filter(is_open).collect();
    if direction == Direction::Out && rights.iter().any(Right::may_be_in) {
        meant = rights.iter().filter(|right| right.may_be_in()).collect();
    }
    match (meant.as_slice(), rights.first()) {
        ([], None) => Whose::Nobodys,
        ([], Some(latest)) => Whose::Of(latest.visit),
        ([one], _) => Whose::Of(one.visit),
        _ => Whose::Several,
    }
}

/// The class of a car that has passed: the one that was told, if the site has it; else a standard bay, or whatever there is.
pub(crate) fn class_here(told: BayClass, counts: &[ClassCount]) -> Option<BayClass> {
    let here = |class: BayClass| counts.iter().any(|count| count.class == class);
    let known = [told, BayClass::Standard].into_iter().find(|class| here(*class));
    known.or_else(|| counts.first().map(|count| count.class))
}

/// Which class an unnamed car is counted out of when no stay is known that it may end: the one with the most cars.
/// Bicycles pass no barrier.
pub(crate) fn most_cars(counts: &[ClassCount]) -> Option<BayClass> {
    let cars = counts.iter().filter(|count| count.class != BayClass::Bicycle);
    // Of equals the first: standard bays, when nobody is in.
    cars.rev().max_by_key(|count| count.occupied).map(|count| count.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_read_whole_sentences_also_where_no_other_car_park_is_known() {
        for verdict in Verdict::ALL {
            for direction in [Direction::In, Direction::Out] {
                let said = verdict.message(direction, &[]);
                for said in [said.de, said.en] {
                    assert!(said.ends_with('.') && !said.contains(": ."), "{verdict:?} {direction:?}: {said}");
                }
            }
        }
        assert!(bay_lost(&[]).de.ends_with("Sprechstelle."));
    }

    #[test]
    fn an_unnamed_car_is_one_of_the_class_with_the_most_cars() {
        let count = |class, occupied| ClassCount { class, capacity: 40, occupied, is_known: true, expected: 0 };
        use BayClass::{Bicycle, Ev, Family, Standard};
        for (counts, class) in [
            (vec![count(Standard, 0), count(Family, 0)], Some(Standard)),
            (vec![count(Standard, 1), count(Family, 2), count(Ev, 2)], Some(Family)),
            (vec![count(Standard, 0), count(Bicycle, 60)], Some(Standard)),
            (vec![count(Bicycle, 60)], None),
            (Vec::new(), None),
        ] {
            assert_eq!(most_cars(&counts), class, "{counts:?}");
        }
    }
}
