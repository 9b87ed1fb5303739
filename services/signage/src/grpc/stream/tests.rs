//! A display that reads slowly: it is told what is true, not what was.

use std::sync::Arc;

use chrono::DateTime;
use futures::{FutureExt, StreamExt};
use kernel::{Clock, values::Text};

use super::*;
use crate::domain::{Class, Content, Shown};

fn told(revision: i64) -> Option<Told> {
    let at = DateTime::UNIX_EPOCH;
    let words = Text::new(format!("Stand {revision}"), format!("State {revision}"));
    let content =
        Content { class: Class::Default, headline: words.clone(), lines: Vec::new(), fallback: words, exercise: false };
    let shown = Arc::new(Shown { revision, content, computed_at: at });
    Some(Told { revision, epoch: 0, shown, asked: None, pairing: None })
}

#[tokio::test]
async fn a_slow_display_skips_states_and_is_told_the_latest() {
    let (sender, receiver) = watch::channel(told(1));
    let clock = Clock::manual(DateTime::UNIX_EPOCH);
    let watcher = Watcher::new("foyer-1".to_owned(), receiver, 0, None, clock);
    let mut stream = watcher.updates(CancellationToken::new());
    // What there is to read at once.
    let mut read = || match stream.next().now_or_never() {
        Some(Some(Ok(pb::DisplayUpdate { update: Some(Update::Content(content)), .. }))) => Some(content.revision),
        _ => None,
    };
    assert_eq!(read(), Some(1));
    // While it draws that one, five more come.
    for revision in 2..=6 {
        sender.send_replace(told(revision));
    }
    assert_eq!(read(), Some(6), "only the latest");
    assert_eq!(read(), None, "nothing is kept behind it");
    sender.send_replace(told(7));
    assert_eq!(read(), Some(7));
}
