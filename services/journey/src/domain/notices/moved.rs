//! What visitors are told of a showing that begins at another time, later or earlier again. Pure.

use chrono::{DateTime, SecondsFormat, Utc};
use kernel::values::Text;

use super::{Facts, Kind, Wanted};
use crate::domain::{Showing, State, Visit};

/// A showing begins at another time, as reservations told it at `told_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewStart {
    pub(crate) was: DateTime<Utc>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) told_at: DateTime<Utc>,
}

/// What the visitors of a showing are told when it begins at another time. The same time may be told again after another
/// one: what it is about is therefore when it was said.
pub(crate) fn delayed(visit: &Visit, new: NewStart, reason: &Text) -> Option<Wanted> {
    let comes = matches!(visit.state, State::Confirming | State::Confirmed) && visit.admitted < visit.size();
    (comes && new.was != new.starts_at).then(|| {
        let facts = Facts { reason: reason.clone(), was: Some(new.was), ..Facts::default() };
        Wanted::new(visit, Kind::Delayed, new.told_at.to_rfc3339_opts(SecondsFormat::Micros, true), facts)
    })
}

/// How a notice is said: a new start by what its reader knows.
pub(crate) fn said_as(kind: Kind, facts: &Facts, showing: &Showing) -> Kind {
    let is_earlier = kind == Kind::Delayed && facts.was.is_some_and(|was| was > showing.starts_at);
    if is_earlier { Kind::Earlier } else { kind }
}
