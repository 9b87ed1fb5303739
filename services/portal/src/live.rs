//! Live parts of pages: a service's stream, re-rendered by the block that made the page, as server-sent
//! events. A beat comes every two seconds, so that a browser notices a stream that has died silently.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio_stream::wrappers::IntervalStream;

use crate::{edge::Edge, problem::Problem};

/// Half as long as signage's own, so that two can be missed within the browser's patience.
const BEAT: Duration = Duration::from_secs(2);
/// The stream ends so that the browser comes back with a fresh identity: a sign-out takes effect.
const LONGEST: Duration = Duration::from_secs(9 * 60);

/// What a browser has seen last.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct After {
    pub(crate) after: u64,
}

/// `?after=` of a script that opened a new stream, or what EventSource sends when it reconnects itself.
impl<S: Send + Sync> FromRequestParts<S> for After {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let last = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        if let Some(after) = last {
            return Ok(Self { after });
        }
        Ok(Query::from_request_parts(parts, state).await.map_or_else(|_| Self::default(), |Query(after)| after))
    }
}

/// A rendered part with the revision it shows.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(crate) revision: u64,
    pub(crate) html: String,
}

impl From<Fragment> for Event {
    fn from(fragment: Fragment) -> Self {
        // Browsers pass over an event without data; this one says that there is nothing any more.
        let html = if fragment.html.is_empty() { " " } else { &fragment.html };
        Self::default().event("update").id(fragment.revision.to_string()).data(html)
    }
}

/// Sends fragments, or what else becomes an event, until the source ends or fails; the browser's script then comes
/// back.
pub(crate) fn respond<F: Into<Event> + Send + Sync + 'static>(
    edge: &Edge,
    fragments: impl Stream<Item = Result<F, Problem>> + Send + 'static,
) -> Response {
    let updates = fragments
        .take_while(|fragment| std::future::ready(fragment.is_ok()))
        .filter_map(|fragment| std::future::ready(fragment.ok()))
        .map(|fragment| Some(fragment.into()))
        .chain(stream::once(std::future::ready(None)));
    let clock = edge.clock.clone();
    let beats = IntervalStream::new(tokio::time::interval(BEAT))
        .map(move |_| Some(Event::default().event("beat").data(clock.now().timestamp_millis().to_string())));
    let stopping = edge.tasks.stopping().cancelled_owned();
    let end = Box::pin(async move {
        let _ = tokio::time::timeout(LONGEST, stopping).await;
    });
    let events = stream::select(updates, beats)
        .take_while(|event| std::future::ready(event.is_some()))
        .filter_map(std::future::ready)
        .map(Ok::<Event, Infallible>)
        .take_until(end);
    ([("x-accel-buffering", "no")], Sse::new(events)).into_response()
}
