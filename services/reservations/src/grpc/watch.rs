//! One watcher's stream of the programme: a window of it, and of that what has changed. Reads only.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt};
use kernel::values::from_timestamp;
use sky_proto::reservations::v1 as pb;
use tonic::Status;

use super::view::Programme;

/// What one watcher wants to see of the programme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    pub(crate) closed_too: bool,
}

impl Window {
    pub(crate) fn shows(&self, showing: &pb::Showing) -> bool {
        self.may_see(showing) && self.spans(from_timestamp(showing.starts_at))
    }

    /// One that was moved out of the window is followed by the start that it was scheduled for: whoever comes back hears of
    /// the move.
    fn follows(&self, showing: &pb::Showing) -> bool {
        self.may_see(showing)
            && (self.spans(from_timestamp(showing.starts_at))
                || self.spans(from_timestamp(showing.scheduled_starts_at)))
    }

    fn may_see(&self, showing: &pb::Showing) -> bool {
        self.closed_too || showing.audience() == pb::Audience::Public
    }

    fn spans(&self, at: DateTime<Utc>) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// One watcher's stream: first all that it may see, unless that is what it has seen before it came back; then what has
/// changed of it.
pub(crate) fn updates(
    programme: impl Stream<Item = Result<Programme, Status>> + Send,
    window: Window,
    after: u64,
) -> impl Stream<Item = Result<pb::ShowingsUpdate, Status>> + Send {
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut first = true;
    programme.filter_map(move |update| {
        let answer = update.map(|programme| {
            let showings: Vec<pb::Showing> = programme
                .showings
                .iter()
                .filter(|showing| window.follows(showing) || seen.contains_key(&showing.showing_id))
                .filter(|showing| seen.get(&showing.showing_id) != Some(&showing.revision))
                .map(|showing| showing.as_ref().clone())
                .collect();
            for showing in &showings {
                seen.insert(showing.showing_id.clone(), showing.revision);
            }
            pb::ShowingsUpdate { revision: programme.revision, showings }
        });
        let tell = answer.as_ref().map_or(true, |update| {
            if first { after == 0 || update.revision > after } else { !update.showings.is_empty() }
        });
        first = false;
        async move { tell.then_some(answer) }
    })
}
