//! A bay that cannot be used, in the words of parking and back. Decides nothing.

use kernel::values::{self, InvalidField, Text, invalid, timestamp};
use sky_proto::parking::v1::{self as parking, BayClass, SiteState};

use crate::domain::Suspension;

/// As parking tells it.
pub(super) fn told(suspension: &Suspension) -> parking::Suspension {
    let places = suspension.alternatives.iter();
    let left = suspension.left.iter();
    parking::Suspension {
        state: SiteState::from_str_name(&suspension.state).unwrap_or_default().into(),
        reason: Some(suspension.reason.to_proto()),
        until: suspension.until.map(timestamp),
        alternatives: places
            .map(|(name, minutes)| parking::Alternative {
                name: name.clone(),
                walk_minutes: *minutes,
                ..Default::default()
            })
            .collect(),
        lost: suspension.lost,
        left: left.map(|class| BayClass::from_str_name(class).unwrap_or_default().into()).collect(),
    }
}

/// What parking tells of a bay that cannot be used. How full the other car parks are changes by the minute: that is not
/// kept.
pub(crate) fn read(told: Option<parking::Suspension>) -> Result<Suspension, InvalidField> {
    let told = told.ok_or_else(|| invalid("suspension", "is missing"))?;
    Ok(Suspension {
        closure: String::new(),
        since: None,
        state: told.state().as_str_name().to_owned(),
        left: told.left().map(|class| class.as_str_name().to_owned()).collect(),
        reason: Text::from_proto(told.reason),
        until: match told.until {
            Some(at) => Some(values::time("until", Some(at))?),
            None => None,
        },
        alternatives: told.alternatives.into_iter().map(|place| (place.name, place.walk_minutes)).collect(),
        lost: told.lost,
    })
}
