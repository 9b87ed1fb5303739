//! Who asks for a visit, and whose visit it is. Pure.

use uuid::Uuid;

use super::{State, Visit};

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// Staff, or another service of the house.
    House,
    /// A visitor: as a maker of visits, and with the visit whose link was opened.
    Visitor { maker: String, opened: Option<Uuid> },
}

/// Not the asker's visit, or none at all: visitors cannot tell one from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    NotYours,
    NoVisit,
}

impl Asker {
    /// The visit that was found under an id, if the asker may know of it.
    pub(crate) fn sees(&self, id: Uuid, found: Option<Visit>) -> Result<Visit, Hidden> {
        let found = found.filter(|visit| !matches!(visit.state, State::Holding | State::Refused));
        if let Self::Visitor { maker, opened } = self {
            let made = found.as_ref().is_some_and(|visit| visit.maker == *maker);
            if *opened != Some(id) && !made {
                return Err(Hidden::NotYours);
            }
        }
        found.ok_or(Hidden::NoVisit)
    }
}
