//! What signage tells the house: domain to proto. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::timestamp;
use sky_proto::signage::v1 as pb;
use uuid::Uuid;

use crate::domain::{About, Class, Hazard, Message, Severity, State};

/// A class for the wire.
#[must_use]
pub const fn class(class: Class) -> pb::PriorityClass {
    match class {
        Class::Default => pb::PriorityClass::Default,
        Class::Scheduled => pb::PriorityClass::Scheduled,
        Class::Operations => pb::PriorityClass::Operations,
        Class::Safety => pb::PriorityClass::Safety,
        Class::Evacuation => pb::PriorityClass::Evacuation,
    }
}

/// A display's state for the wire.
#[must_use]
pub const fn display_state(state: State) -> pb::DisplayState {
    match state {
        State::Unclaimed => pb::DisplayState::Unclaimed,
        State::Pending => pb::DisplayState::PendingApproval,
        State::Active => pb::DisplayState::Active,
        State::Degraded => pb::DisplayState::Degraded,
        State::Offline => pb::DisplayState::Offline,
        State::Retired => pb::DisplayState::Retired,
        State::Revoked => pb::DisplayState::Revoked,
    }
}

/// A message for the wire.
#[must_use]
pub fn message(message: &Message) -> pb::Message {
    pb::Message {
        message_id: message.message_id.to_string(),
        priority_class: class(message.class).into(),
        text: Some(message.text.to_proto()),
        group: message.group.clone().unwrap_or_default(),
        valid_until: Some(timestamp(message.valid_until)),
        withdrawn: message.withdrawn,
        state: match message.withdrawn {
            true => pb::MessageState::Withdrawn,
            false => pb::MessageState::Published,
        }
        .into(),
        // Counted only where staff read it.
        ..Default::default()
    }
}

/// A display shows safety or evacuation.
#[must_use]
pub fn acknowledged(display_id: &str, revision: u64, of: Class, at: DateTime<Utc>) -> pb::ContentAcknowledged {
    pb::ContentAcknowledged {
        display_id: display_id.to_owned(),
        revision,
        priority_class: class(of).into(),
        rendered_at: Some(timestamp(at)),
    }
}

/// A display shows a directive or an incident.
#[must_use]
pub fn tells(display_id: &str, about: &About, at: DateTime<Utc>) -> pb::DisplayAcknowledged {
    pb::DisplayAcknowledged {
        about_id: about.id.to_string(),
        about_revision: about.revision,
        display_id: display_id.to_owned(),
        rendered_at: Some(timestamp(at)),
    }
}

/// These displays are to show a directive or an incident.
#[must_use]
pub fn concerned(about: &About, display_ids: Vec<String>) -> pb::DisplaysConcerned {
    pb::DisplaysConcerned { about_id: about.id.to_string(), about_revision: about.revision, display_ids }
}

/// A message was published.
#[must_use]
pub fn published(told: &Message) -> pb::MessagePublished {
    pb::MessagePublished { message: Some(message(told)) }
}

/// A message was taken back.
#[must_use]
pub fn withdrawn(message_id: Uuid) -> pb::MessageWithdrawn {
    pb::MessageWithdrawn { message_id: message_id.to_string() }
}

/// An official warning has become a message, or is one again.
#[must_use]
pub fn warning(message: &Message) -> pb::WarningTaken {
    let kind = message.hazard.map_or(pb::WarningKind::Unspecified, |hazard| match hazard {
        Hazard::Thunderstorm => pb::WarningKind::Thunderstorm,
        Hazard::Storm => pb::WarningKind::Storm,
    });
    let severity = match Severity::of(message.gravity) {
        Severity::Extreme => pb::WarningSeverity::Extreme,
        Severity::Severe => pb::WarningSeverity::Severe,
        Severity::Moderate => pb::WarningSeverity::Moderate,
        Severity::Minor => pb::WarningSeverity::Minor,
        Severity::Unknown => pb::WarningSeverity::Unspecified,
    };
    pb::WarningTaken {
        message_id: message.message_id.to_string(),
        kind: kind.into(),
        severity: severity.into(),
        text: Some(message.text.to_proto()),
        valid_until: Some(timestamp(message.valid_until)),
    }
}
