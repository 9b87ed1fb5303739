//! The kitchen's own system as staff look after it: who may speak for it, and what it has not taken. Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A kitchen system's token, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) issued_by: String,
    /// To the minute.
    pub(crate) used_at: Option<DateTime<Utc>>,
    /// When it ended, and who ended it.
    pub(crate) revoked: Option<(DateTime<Utc>, String)>,
}

/// After so many attempts staff are shown that a message waits: a system that restarts is no news.
pub(crate) const PATIENT_ATTEMPTS: u32 = 3;

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageState {
    Waiting,
    Refused,
    GivenUp,
    Taken,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Time,
    Status,
    Busy,
}

impl About {
    /// By where it is sent to.
    pub(crate) fn of_path(path: &str) -> Self {
        match path {
            "/kds/busy" => Self::Busy,
            "/kds/prepTime" => Self::Time,
            _ => Self::Status,
        }
    }
}

/// A message as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) id: Uuid,
    pub(crate) about: About,
    /// Of its order.
    pub(crate) number: Option<u32>,
    pub(crate) attempts: u32,
    pub(crate) problem: String,
    pub(crate) made_at: Option<DateTime<Utc>>,
    /// None: it is not sent any more.
    pub(crate) next_try_at: Option<DateTime<Utc>>,
    /// Who has given it up, and why.
    pub(crate) given_up: Option<(String, String)>,
}

impl Letter {
    pub(crate) const fn state(&self) -> MessageState {
        if self.next_try_at.is_some() {
            MessageState::Waiting
        } else if self.given_up.is_some() {
            MessageState::GivenUp
        } else if self.problem.is_empty() {
            MessageState::Taken
        } else {
            MessageState::Refused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_its_row_says() {
        let taken = Letter {
            id: Uuid::nil(),
            about: About::of_path("/kds/busy"),
            number: None,
            attempts: 1,
            problem: String::new(),
            made_at: None,
            next_try_at: None,
            given_up: None,
        };
        let waiting =
            Letter { next_try_at: Some(DateTime::UNIX_EPOCH), problem: "it hung".to_owned(), ..taken.clone() };
        let refused = Letter { problem: "it answered 422".to_owned(), ..taken.clone() };
        let given_up = Letter { given_up: Some(("anna".to_owned(), "told by phone".to_owned())), ..refused.clone() };
        for (letter, state) in [
            (taken, MessageState::Taken),
            (waiting, MessageState::Waiting),
            (refused, MessageState::Refused),
            (given_up, MessageState::GivenUp),
        ] {
            assert_eq!(letter.state(), state, "{letter:?}");
        }
        assert_eq!(About::of_path("/kds/orderStatus/7"), About::Status);
    }
}
