//! When each producer was last heard of: it told something on the bus, or answered when it was asked for its log. By
//! the machine's ticks. Only the replica that follows knows; a fact is not old as long as whoever tells it is there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What this process has heard of the producers that it follows.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<HashMap<&'static str, (Instant, bool)>>>);

/// Whether a producer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is.
    Lately,
    /// Nothing was heard of it for so long.
    Silent(Duration),
    /// Nobody has listened for long enough to say.
    Unknown,
}

impl Heard {
    /// Somebody begins to listen to it.
    pub(crate) fn begin(&self, producer: &'static str) {
        self.set(producer, false);
    }

    /// It has spoken.
    pub(crate) fn note(&self, producer: &'static str) {
        self.set(producer, true);
    }

    fn set(&self, producer: &'static str, heard: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(producer, (Instant::now(), heard));
    }

    /// Whether it was heard of within `limit`.
    #[must_use]
    pub fn of(&self, producer: &str, limit: Duration) -> Word {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).get(producer) {
            None => Word::Unknown,
            Some((since, _)) if since.elapsed() > limit => Word::Silent(since.elapsed()),
            Some((_, true)) => Word::Lately,
            Some((_, false)) => Word::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_spoken_is_there_and_only_who_was_listened_to_is_silent() {
        let heard = Heard::default();
        let (long, none) = (Duration::from_secs(3600), Duration::ZERO);
        assert_eq!(heard.of("flow", none), Word::Unknown);
        heard.begin("flow");
        assert_eq!(heard.of("flow", long), Word::Unknown);
        std::thread::sleep(Duration::from_millis(2));
        assert!(matches!(heard.of("flow", none), Word::Silent(_)));
        heard.note("flow");
        assert_eq!(heard.of("flow", long), Word::Lately);
        assert_eq!(heard.of("parking", long), Word::Unknown);
    }
}
