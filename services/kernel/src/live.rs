//! Live streams: the latest value of something, pushed to whoever watches it.
//!
//! A slow watcher skips values instead of queueing them; every value has a revision, and a watcher
//! that comes back with the last one it saw is sent nothing until there is a newer one.
//! Values are loaded once per change and key, however many watch, and what changes all the time is
//! loaded so seldom that the loading itself stays a small part of the work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{Stream, future::BoxFuture};
use tokio::{
    sync::{Notify, broadcast, watch},
    time::Instant,
};
use tonic::Status;

use crate::{Failure, Tasks};

/// The wake-ups of one service in this process: the relay's, and the live streams'.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    relay: Arc<Notify>,
    touched: broadcast::Sender<Touched>,
}

/// What a live stream shows has changed.
#[derive(Clone, Debug)]
pub(crate) struct Touched {
    pub topic: String,
    pub key: String,
    /// False when another replica said so: then it must not be told on.
    pub local: bool,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { relay: Arc::new(Notify::new()), touched: broadcast::Sender::new(1024) }
    }

    pub(crate) fn wake_relay(&self) {
        self.relay.notify_one();
    }

    pub(crate) fn relay_wakeups(&self) -> Arc<Notify> {
        self.relay.clone()
    }

    pub(crate) fn touched(&self, topic: &str, key: String) {
        // No receiver means nobody watches.
        let _ = self.touched.send(Touched { topic: topic.to_owned(), key, local: true });
    }

    pub(crate) fn touched_elsewhere(&self, topic: String, key: String) {
        let _ = self.touched.send(Touched { topic, key, local: false });
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Touched> {
        self.touched.subscribe()
    }
}

type Latest<T> = Option<Arc<(u64, T)>>;
type Load<T> = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(u64, T), Failure>> + Send + Sync>;

/// The live values of one topic of a service, by key.
pub struct Live<T> {
    topic: &'static str,
    values: Arc<Mutex<HashMap<String, watch::Sender<Latest<T>>>>>,
    kept: Arc<Mutex<HashMap<String, watch::Receiver<Latest<T>>>>>,
    load: Load<T>,
    tasks: Tasks,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self {
            topic: self.topic,
            values: self.values.clone(),
            kept: self.kept.clone(),
            load: self.load.clone(),
            tasks: self.tasks.clone(),
        }
    }
}

impl<T> std::fmt::Debug for Live<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Live").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Hints from other replicas may be lost: every watched value is looked at again this often.
const REFRESH: Duration = Duration::from_secs(15);
/// After a value was loaded it rests for so many times as long as that took …
const REST: u32 = 9;
/// … but no longer than this.
const LONGEST_REST: Duration = Duration::from_millis(500);

impl<T: Clone + Send + Sync + 'static> Live<T> {
    /// Live values of `topic`; `load` reads the value of a key with its revision, which must rise
    /// with every change and survive restarts (so: from the database).
    pub fn new(
        context: &crate::Context,
        topic: &'static str,
        load: impl Fn(String) -> BoxFuture<'static, Result<(u64, T), Failure>> + Send + Sync + 'static,
    ) -> Self {
        let live = Self {
            topic,
            values: Arc::default(),
            kept: Arc::default(),
            load: Arc::new(load),
            tasks: context.tasks.clone(),
        };
        let mut touched = context.db.hub().subscribe();
        let follower = live.clone();
        context.tasks.spawn_until_stop(async move {
            let mut refresh = tokio::time::interval(REFRESH);
            // Keys that were just loaded, until when they rest, and whether they changed meanwhile.
            let mut resting: HashMap<String, (Instant, bool)> = HashMap::new();
            loop {
                let rested = resting.values().map(|(until, _)| *until).min();
                let changed = tokio::select! {
                    change = touched.recv() => match change {
                        Ok(change) if change.topic == follower.topic => change.key,
                        Ok(_) => continue,
                        // Some were missed: look at all.
                        Err(broadcast::error::RecvError::Lagged(_)) => {
                            follower.reload_all().await;
                            continue;
                        }
                        Err(broadcast::error::RecvError::Closed) => return,
                    },
                    () = tokio::time::sleep_until(rested.unwrap_or_else(Instant::now)), if rested.is_some() => {
                        let now = Instant::now();
                        let due: Vec<String> =
                            resting.iter().filter(|(_, (until, _))| *until <= now).map(|(key, _)| key.clone()).collect();
                        for key in due {
                            if let Some((_, true)) = resting.remove(&key) {
                                resting.insert(key.clone(), (follower.reload(&key).await, false));
                            }
                        }
                        continue;
                    }
                    _ = refresh.tick() => {
                        follower.reload_all().await;
                        continue;
                    }
                };
                match resting.get_mut(&changed) {
                    Some((_, again)) => *again = true,
                    None => {
                        let until = follower.reload(&changed).await;
                        resting.insert(changed, (until, false));
                    }
                }
            }
        });
        live
    }

    fn watchers(&self) -> std::sync::MutexGuard<'_, HashMap<String, watch::Sender<Latest<T>>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reload_all(&self) {
        let keys: Vec<String> = {
            let mut values = self.watchers();
            values.retain(|_, sender| sender.receiver_count() > 0);
            values.keys().cloned().collect()
        };
        for key in keys {
            self.reload(&key).await;
        }
    }

    /// Loads a value that somebody watches; answers until when it rests.
    async fn reload(&self, key: &str) -> Instant {
        let started = Instant::now();
        if !self.watchers().contains_key(key) {
            return started;
        }
        match (self.load)(key.to_owned()).await {
            Ok(fresh) => self.publish(key, fresh),
            Err(failure) => tracing::warn!(
                topic = self.topic,
                key,
                error = failure.message,
                "live value not loaded; watchers keep the last one"
            ),
        }
        Instant::now() + (started.elapsed() * REST).min(LONGEST_REST)
    }

    fn publish(&self, key: &str, fresh: (u64, T)) {
        if let Some(sender) = self.watchers().get(key) {
            sender.send_if_modified(|latest| {
                let newer = latest.as_ref().is_none_or(|old| old.0 < fresh.0);
                if newer {
                    *latest = Some(Arc::new(fresh));
                }
                newer
            });
        }
    }

    /// Keeps a value loaded from now on, for [`Self::latest`].
    pub fn keep(&self, key: &str) {
        let receiver = self.watchers().entry(key.to_owned()).or_insert_with(|| watch::Sender::new(None)).subscribe();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), receiver);
    }

    /// The value of a kept key as it was loaded last, with its revision; None before the first time.
    #[must_use]
    pub fn latest(&self, key: &str) -> Option<Arc<(u64, T)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key)?.borrow().clone()
    }

    /// Loads a kept value now, whatever has been heard.
    pub async fn refresh(&self, key: &str) {
        self.reload(key).await;
    }

    /// Follows one value: the present one at once if it is newer than `after`, then each newer one.
    /// The stream ends with UNAVAILABLE when the process stops; the client comes back with `after`.
    ///
    /// # Errors
    /// When the value cannot be loaded at all.
    pub async fn watch(
        &self,
        key: &str,
        after: u64,
    ) -> Result<impl Stream<Item = Result<T, Status>> + Send + 'static + use<T>, Status> {
        let mut receiver =
            self.watchers().entry(key.to_owned()).or_insert_with(|| watch::Sender::new(None)).subscribe();
        // Always from the database: another replica's change may not have been heard yet.
        let fresh = (self.load)(key.to_owned()).await?;
        self.publish(key, fresh);
        receiver.mark_changed();
        let stop = self.tasks.stopping();
        Ok(futures::stream::unfold((receiver, after, false, stop), |(mut receiver, seen, ended, stop)| async move {
            if ended {
                return None;
            }
            loop {
                let changed = tokio::select! {
                    changed = receiver.changed() => changed.is_ok(),
                    () = stop.cancelled() => false,
                };
                if !changed {
                    let goodbye =
                        Status::unavailable("The service is restarting; reconnect with the last revision seen.");
                    return Some((Err(goodbye), (receiver, seen, true, stop)));
                }
                let latest = receiver.borrow_and_update().clone();
                if let Some(latest) = latest.filter(|latest| latest.0 > seen) {
                    return Some((Ok(latest.1.clone()), (receiver, latest.0, false, stop)));
                }
            }
        }))
    }
}
