//! The kitchen's own system, in the words of the contract. Decides nothing.

use kernel::values::timestamp;
use sky_proto::gastro::v1 as pb;

use crate::domain::kitchen_system::{About, Letter, MessageState, Token};

pub(crate) fn token(it: &Token) -> pb::KdsToken {
    let (revoked_at, revoked_by) = it.revoked.clone().unzip();
    pb::KdsToken {
        token_id: it.id.to_string(),
        name: it.name.clone(),
        issued_at: Some(timestamp(it.issued_at)),
        issued_by: it.issued_by.clone(),
        last_used_at: it.used_at.map(timestamp),
        revoked_at: revoked_at.map(timestamp),
        revoked_by: revoked_by.unwrap_or_default(),
    }
}

pub(crate) fn message(it: &Letter) -> pb::KdsMessage {
    let state = match it.state() {
        MessageState::Waiting => pb::KdsMessageState::Waiting,
        MessageState::Refused => pb::KdsMessageState::Refused,
        MessageState::GivenUp => pb::KdsMessageState::GivenUp,
        MessageState::Taken => pb::KdsMessageState::Taken,
    };
    let about = match it.about {
        About::Time => pb::KdsAbout::Time,
        About::Status => pb::KdsAbout::Status,
        About::Busy => pb::KdsAbout::Busy,
    };
    let (given_up_by, given_up_reason) = it.given_up.clone().unwrap_or_default();
    pb::KdsMessage {
        message_id: it.id.to_string(),
        state: state.into(),
        about: about.into(),
        number: it.number.unwrap_or_default(),
        attempts: it.attempts,
        problem: it.problem.clone(),
        created_at: it.made_at.map(timestamp),
        next_try_at: it.next_try_at.map(timestamp),
        given_up_by,
        given_up_reason,
    }
}
