//! What somebody wants the house to ask of people, and the directive that comes of it. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{Acks, Directive, Kind, State, Stated, Words};

/// What somebody (or the policy) wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) kind: Kind,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) reason: Text,
    pub(crate) stated: Option<Stated>,
    pub(crate) active_from: DateTime<Utc>,
    pub(crate) valid_for: TimeDelta,
    pub(crate) by_policy: bool,
    pub(crate) by: String,
}

impl Wish {
    /// The directive, proposed and no more.
    pub(crate) fn directive(self, id: Uuid, words: Words, now: DateTime<Utc>) -> Directive {
        Directive {
            id,
            kind: self.kind,
            state: State::Proposed,
            from: self.from,
            to: self.to,
            text: words.text,
            step_free_text: words.step_free_text,
            step_free: words.step_free,
            lift: words.lift,
            reason: self.reason,
            stated: self.stated,
            by_policy: self.by_policy,
            proposed_by: self.by,
            confirmed_by: String::new(),
            ended_by: String::new(),
            proposed_at: now,
            active_from: self.active_from,
            ended_at: None,
            valid_until: self.active_from + self.valid_for,
            warned: false,
            acks: Acks::default(),
            revision: 1,
        }
    }
}
