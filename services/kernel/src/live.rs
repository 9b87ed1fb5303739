//! Live streams: the latest value of something, pushed to whoever watches it.
//!
//! A slow watcher skips values instead of queueing them; every value has a revision, and a watcher
//! that comes back with the last one it saw is sent nothing until there is a newer one.
//! Values are loaded once per change and key, however many watch, and what changes all the time is
//! loaded so seldom that the loading itself stays a small part of the work.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{Stream, future::BoxFuture};
use tokio::{
    sync::{Notify, broadcast, watch},
    time::Instant,
};
use tonic::Status;

use crate::{Failure, Tasks, outbox::Handed};

/// The wake-ups of one service in this process: the relay's, and the live streams'.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    relay: Arc<Notify>,
    /// What the relay sends before it asks the database.
    pub handed: Handed,
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
        Self { relay: Arc::new(Notify::new()), handed: Handed::default(), touched: broadcast::Sender::new(1024) }
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
type Found<T> = Vec<(String, u64, T)>;
type Load<T> = Arc<dyn Fn(Vec<String>) -> BoxFuture<'static, Result<Found<T>, Failure>> + Send + Sync>;

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
        let load = Arc::new(load);
        Self::of_many(context, topic, move |keys| {
            let load = load.clone();
            Box::pin(async move {
                let mut found = Vec::with_capacity(keys.len());
                for key in keys {
                    let (revision, value) = load(key.clone()).await?;
                    found.push((key, revision, value));
                }
                Ok(found)
            })
        })
    }

    /// Live values of `topic`, of many keys that change often: `load` reads all keys that have changed at once. One
    /// that it does not find has no value.
    pub fn of_many(
        context: &crate::Context,
        topic: &'static str,
        load: impl Fn(Vec<String>) -> BoxFuture<'static, Result<Found<T>, Failure>> + Send + Sync + 'static,
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
                let mut changed: HashSet<String> = tokio::select! {
                    change = touched.recv() => match change {
                        Ok(change) => follower.of_topic(change).into_iter().collect(),
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
                        due.into_iter().filter(|key| matches!(resting.remove(key), Some((_, true)))).collect()
                    }
                    _ = refresh.tick() => {
                        follower.reload_all().await;
                        continue;
                    }
                };
                // Whatever else has been heard by now; what was missed is heard of in the next turn.
                while let Ok(change) = touched.try_recv() {
                    changed.extend(follower.of_topic(change));
                }
                changed.retain(|key| match resting.get_mut(key) {
                    Some((_, again)) => {
                        *again = true;
                        false
                    }
                    None => true,
                });
                let changed: Vec<String> = changed.into_iter().collect();
                let until = follower.reload(changed.clone()).await;
                resting.extend(changed.into_iter().map(|key| (key, (until, false))));
            }
        });
        live
    }

    fn watchers(&self) -> std::sync::MutexGuard<'_, HashMap<String, watch::Sender<Latest<T>>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_topic(&self, change: Touched) -> Option<String> {
        (change.topic == self.topic).then_some(change.key)
    }

    async fn reload_all(&self) {
        let keys: Vec<String> = {
            let mut values = self.watchers();
            values.retain(|_, sender| sender.receiver_count() > 0);
            values.keys().cloned().collect()
        };
        self.reload(keys).await;
    }

    /// Loads those values that somebody watches; answers until when they rest.
    async fn reload(&self, mut keys: Vec<String>) -> Instant {
        let started = Instant::now();
        {
            let watched = self.watchers();
            keys.retain(|key| watched.contains_key(key));
        }
        let many = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        if many == 0 {
            return started;
        }
        match (self.load)(keys).await {
            Ok(found) => {
                for (key, revision, value) in found {
                    self.publish(&key, (revision, value));
                }
            }
            Err(failure) => tracing::warn!(
                topic = self.topic,
                values = many,
                error = failure.message,
                "live values not loaded; watchers keep the last ones"
            ),
        }
        Instant::now() + (started.elapsed() / many * REST).min(LONGEST_REST)
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
        let receiver = self.subscribe(key);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), receiver);
    }

    /// The value of a kept key as it was loaded last, with its revision; None before the first time.
    #[must_use]
    pub fn latest(&self, key: &str) -> Option<Arc<(u64, T)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key)?.borrow().clone()
    }

    /// Loads a kept value now, whatever has been heard.
    pub async fn refresh(&self, key: &str) {
        self.reload(vec![key.to_owned()]).await;
    }

    /// Follows one value: the present one at once if it is newer than `after`, or older, which is of a database that is no
    /// more; then each newer one.
    /// The stream ends with UNAVAILABLE when the process stops; the client comes back with `after`.
    ///
    /// # Errors
    /// When the value cannot be loaded at all.
    pub async fn watch(
        &self,
        key: &str,
        after: u64,
    ) -> Result<impl Stream<Item = Result<T, Status>> + Send + 'static + use<T>, Status> {
        let changes = self.subscribe(key);
        // Always from the database: another replica's change may not have been heard yet.
        self.load_now(key).await?;
        Ok(self.newer(changes, after))
    }

    /// The same of a kept key, from the value that was loaded last: for what its keeper looks at often enough by itself.
    /// Only before the first time it is loaded for who asks.
    ///
    /// # Errors
    /// When there is none and it cannot be loaded.
    pub async fn watch_kept(
        &self,
        key: &str,
        after: u64,
    ) -> Result<impl Stream<Item = Result<T, Status>> + Send + 'static + use<T>, Status> {
        let changes = self.subscribe(key);
        if self.latest(key).is_none() {
            self.load_now(key).await?;
        }
        Ok(self.newer(changes, after))
    }

    async fn load_now(&self, key: &str) -> Result<(), Failure> {
        for (key, revision, value) in (self.load)(vec![key.to_owned()]).await? {
            self.publish(&key, (revision, value));
        }
        Ok(())
    }

    /// Follows what becomes of one value from now on, without looking what it is.
    pub fn follow(&self, key: &str) -> impl Stream<Item = Result<T, Status>> + Send + 'static + use<T> {
        let changes = self.subscribe(key);
        let known = changes.borrow().as_ref().map_or(0, |latest| latest.0);
        self.newer(changes, known)
    }

    fn subscribe(&self, key: &str) -> watch::Receiver<Latest<T>> {
        self.watchers().entry(key.to_owned()).or_insert_with(|| watch::Sender::new(None)).subscribe()
    }

    fn newer(
        &self,
        mut receiver: watch::Receiver<Latest<T>>,
        after: u64,
    ) -> impl Stream<Item = Result<T, Status>> + Send + 'static + use<T> {
        receiver.mark_changed();
        // Who has seen more than there is comes from before the database was restored: what they have is of another time.
        let known = receiver.borrow().as_ref().map_or(0, |latest| latest.0);
        let after = if known > 0 && known < after { 0 } else { after };
        let stop = self.tasks.stopping();
        futures::stream::unfold((receiver, after, false, stop), |(mut receiver, seen, ended, stop)| async move {
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
        })
    }
}
