//! Background tasks and their end. Every task belongs to a tracker, so that shutdown can wait for it;
//! bare `tokio::spawn` is banned.

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one running process, and the word that tells them to stop.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Runs a task that shutdown waits for. It must watch [`Tasks::stopping`] or end by itself.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(task)
    }

    /// Runs a loop that may be dropped at any await when the process stops.
    pub fn spawn_until_stop<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let _ = stop.run_until_cancelled(task).await;
        });
    }

    /// Resolves when the process is told to stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// A group that ends with this one and can be ended alone before it.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { tracker: TaskTracker::new(), stop: self.stop.child_token() }
    }

    /// Tells all tasks to stop and waits for them, at most `cap`. False: some did not end in time.
    pub async fn shutdown(&self, cap: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(cap, self.tracker.wait()).await.is_ok()
    }
}
