//! How a display is set up: by the house file, and not by anything that happens.

use kernel::values::Text;
use serde::{Deserialize, Serialize};

/// What a display is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The next showings.
    Foyer,
    /// The showing behind this door.
    DomeDoor,
    /// Arrows.
    Wayfinding,
    /// The car park.
    Parking,
    /// Numbers to collect at the counter.
    Cafe,
    /// Numbers of those who wait for a place.
    Queue,
    /// The day in this room.
    RoomDoor,
}

impl Profile {
    /// As in the house file and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foyer => "foyer",
            Self::DomeDoor => "dome_door",
            Self::Wayfinding => "wayfinding",
            Self::Parking => "parking",
            Self::Cafe => "cafe",
            Self::Queue => "queue",
            Self::RoomDoor => "room_door",
        }
    }

    /// Reads what [`Self::name`] wrote.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Foyer, Self::DomeDoor, Self::Wayfinding, Self::Parking, Self::Cafe, Self::Queue, Self::RoomDoor]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// Where to go, seen from the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrow {
    /// Up the stairs, or by lift.
    Up,
    /// Down.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Straight on.
    Ahead,
}

/// One direction on a display, from the house file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Where to.
    pub text: Text,
    /// Second line.
    #[serde(default)]
    pub detail: Text,
    /// Which way.
    pub arrow: Arrow,
    /// Without any step.
    #[serde(default)]
    pub step_free: bool,
    /// The zone it leads to: when that is full, the line says so.
    #[serde(default)]
    pub zone: String,
    /// The lift that the way needs: when that fails, the line says what to do instead.
    #[serde(default)]
    pub lift: String,
}

/// What everybody reads when the house is cleared; the same on all displays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evacuation {
    /// Large.
    pub headline: Text,
    /// What to do.
    pub instruction: Text,
}

/// How a display is set up by the house file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What it is there for.
    pub profile: Profile,
    /// The hall behind a door.
    pub hall: String,
    /// Where it hangs: it tells what concerns these zones; empty: all.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Its letters must be readable from here. A part of what it shows: its page hears at once when that is changed.
    #[serde(default)]
    pub viewing_distance_m: i32,
    /// Its arrows.
    pub wayfinding: Vec<Way>,
    /// The ways out, seen from here.
    pub exits: Vec<Way>,
    /// What it says when there is nothing else.
    pub welcome: Text,
    /// The house's name, for warnings that go out to others.
    #[serde(default)]
    pub house: Text,
    /// Who the house is in warnings that go out to others; empty: after its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sender: String,
    /// What it says in an evacuation.
    pub evacuation: Evacuation,
}
