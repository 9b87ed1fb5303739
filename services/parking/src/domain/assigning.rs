//! Rights that another system assigns, in versions: which one is taken. Pure.

use uuid::Uuid;

use super::{BayClass, RightState, Window};

/// A right as a partner assigns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) id: Uuid,
    pub(crate) version: u32,
    pub(crate) class: BayClass,
    pub(crate) window: Window,
}

/// What is known of the right with that id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The partner's who asks; else somebody else's, or a visit's.
    pub(crate) own: bool,
    pub(crate) version: u32,
    /// It says the same as what is wanted.
    pub(crate) same: bool,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    Amended,
    /// Sent before: it is as it was.
    Repeated,
    /// The id is somebody else's, or this version says something else.
    Collides,
    /// Not the version after the one that is known.
    Stale,
}

/// Judges a version: an id begins with 1, and each goes one further.
pub(crate) fn judge(known: Option<Known>, version: u32) -> Taken {
    match known {
        None if version == 1 => Taken::New,
        None => Taken::Stale,
        Some(known) if !known.own => Taken::Collides,
        Some(known) if version == known.version && known.same => Taken::Repeated,
        Some(known) if version == known.version => Taken::Collides,
        Some(known) if known.version.checked_add(1) == Some(version) => Taken::Amended,
        Some(_) => Taken::Stale,
    }
}

/// What becomes of a right that its partner cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    Now,
    /// Cancelled before.
    Already,
    /// Another version is known than the one that is meant.
    Stale,
    /// Its car is in or has left, or its time is over: it ends by itself, or has ended.
    TooLate,
}

/// Judges a cancellation. Without a version, whichever is known is meant.
pub(crate) fn judge_cancellation(state: RightState, is_over: bool, known: u32, meant: Option<u32>) -> Cancelled {
    match state {
        RightState::Cancelled => Cancelled::Already,
        _ if meant.is_some_and(|meant| meant != known) => Cancelled::Stale,
        RightState::Held | RightState::Confirmed | RightState::Suspended if !is_over => Cancelled::Now,
        // Nobody came, though it is not written down yet.
        RightState::Held | RightState::Confirmed | RightState::Suspended => Cancelled::TooLate,
        RightState::CheckedIn | RightState::Left | RightState::Expired | RightState::NoShow => Cancelled::TooLate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_taken_once_and_in_its_turn() {
        let known = |own, version, same| Some(Known { own, version, same });
        for (what, known, version, taken) in [
            ("a new one", None, 1, Taken::New),
            ("no version", None, 0, Taken::Stale),
            ("in the middle", None, 2, Taken::Stale),
            ("sent again", known(true, 3, true), 3, Taken::Repeated),
            ("another with this version", known(true, 3, false), 3, Taken::Collides),
            ("the next", known(true, 3, false), 4, Taken::Amended),
            ("overtaken", known(true, 3, true), 2, Taken::Stale),
            ("one left out", known(true, 3, false), 5, Taken::Stale),
            ("the last there is", known(true, u32::MAX, false), 0, Taken::Stale),
            ("somebody else's", known(false, 1, true), 1, Taken::Collides),
            ("somebody else's next", known(false, 1, false), 2, Taken::Collides),
        ] {
            assert_eq!(judge(known, version), taken, "{what}");
        }
    }

    #[test]
    fn a_right_is_cancelled_until_its_car_comes_and_in_the_version_that_is_meant() {
        for (what, state, meant, becomes) in [
            ("whichever", RightState::Confirmed, None, Cancelled::Now),
            ("this version", RightState::Confirmed, Some(3), Cancelled::Now),
            ("while the site is closed", RightState::Suspended, Some(3), Cancelled::Now),
            ("an amendment is on its way", RightState::Confirmed, Some(4), Cancelled::Stale),
            ("overtaken by an amendment", RightState::Confirmed, Some(2), Cancelled::Stale),
            ("again", RightState::Cancelled, Some(3), Cancelled::Already),
            ("again, with an older version", RightState::Cancelled, Some(2), Cancelled::Already),
            ("its car is in", RightState::CheckedIn, Some(3), Cancelled::TooLate),
            ("its car has left", RightState::Left, None, Cancelled::TooLate),
            ("nobody came", RightState::NoShow, Some(3), Cancelled::TooLate),
        ] {
            assert_eq!(judge_cancellation(state, false, 3, meant), becomes, "{what}");
        }
        assert_eq!(judge_cancellation(RightState::Confirmed, true, 3, Some(3)), Cancelled::TooLate, "its time is over");
        assert_eq!(
            judge_cancellation(RightState::Cancelled, true, 3, Some(3)),
            Cancelled::Already,
            "again, much later"
        );
    }
}
