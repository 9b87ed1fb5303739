//! Events: what a service appends to its outbox and what another one reads from its log.

use std::{collections::HashSet, sync::LazyLock};

use chrono::{DateTime, Utc};
use prost::{Message, Name};
use prost_types::FileDescriptorSet;
use sky_proto::kernel::v1::LoggedEvent;
use uuid::Uuid;

use crate::values;

/// An event from another service's log.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Event {
    /// Position in the producer's log: gapless, from 1.
    pub pub_seq: i64,
    /// The event's own id; also its message id on the bus.
    pub event_id: Uuid,
    /// What it happened to.
    pub aggregate_id: String,
    /// 1, 2, 3, … per aggregate.
    pub aggregate_version: i64,
    /// Full protobuf name, e.g. `sky.flow.v1.AdmissionMoved`.
    #[sqlx(rename = "type")]
    pub type_name: String,
    /// The encoded message.
    pub payload: Vec<u8>,
    /// When the producer's transaction said it happened.
    pub occurred_at: DateTime<Utc>,
    /// W3C trace context of the causing command; may be empty.
    #[sqlx(default)]
    pub traceparent: String,
}

impl Event {
    /// The message's name without its package, e.g. `AdmissionMoved`: match it against `T::NAME`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.type_name.rsplit('.').next().unwrap_or_default()
    }

    /// The message inside.
    ///
    /// # Errors
    /// When the payload is not such a message; the event is then poison.
    pub fn decode<M: Message + Default>(&self) -> Result<M, prost::DecodeError> {
        M::decode(self.payload.as_slice())
    }

    /// Whether this build knows the type: a producer that is newer may tell of what nobody here has heard of.
    pub(crate) fn is_in_the_contract(&self) -> bool {
        static CONTRACT: LazyLock<HashSet<String>> = LazyLock::new(|| {
            let files = FileDescriptorSet::decode(sky_proto::DESCRIPTORS).unwrap_or_default().file;
            let names = files.iter().flat_map(|file| {
                file.message_type.iter().map(|message| format!("{}.{}", file.package(), message.name()))
            });
            names.collect()
        });
        CONTRACT.contains(&self.type_name)
    }

    pub(crate) fn from_logged(logged: LoggedEvent) -> Self {
        Self {
            pub_seq: i64::try_from(logged.pub_seq).unwrap_or(i64::MAX),
            event_id: Uuid::try_parse(&logged.event_id).unwrap_or_default(),
            aggregate_id: logged.aggregate_id,
            aggregate_version: i64::try_from(logged.aggregate_version).unwrap_or(i64::MAX),
            type_name: logged.r#type,
            payload: logged.payload,
            occurred_at: values::from_timestamp(logged.occurred_at),
            traceparent: logged.traceparent,
        }
    }

    pub(crate) fn to_logged(&self) -> LoggedEvent {
        LoggedEvent {
            pub_seq: self.pub_seq.unsigned_abs(),
            event_id: self.event_id.to_string(),
            aggregate_id: self.aggregate_id.clone(),
            aggregate_version: self.aggregate_version.unsigned_abs(),
            r#type: self.type_name.clone(),
            payload: self.payload.clone(),
            occurred_at: Some(values::timestamp(self.occurred_at)),
            traceparent: self.traceparent.clone(),
        }
    }
}

/// `AdmissionMoved` → `admission_moved`, the event's token in its subject.
pub(crate) fn subject_token<M: Name>() -> String {
    let mut token = String::with_capacity(M::NAME.len() + 4);
    for (place, letter) in M::NAME.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            token.push('_');
        }
        token.push(letter.to_ascii_lowercase());
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use sky_proto::flow::v1::AdmissionMoved;

    #[test]
    fn subjects_are_snake_case() {
        assert_eq!(subject_token::<AdmissionMoved>(), "admission_moved");
    }
}
