//! What a service says about the events of another: a reaction to each or to all that wait, and what it does once
//! after many. Following the producer is in `follower`.

use std::{sync::Arc, time::Duration};

use crate::{BoxFuture, Failure, Tx, event::Event};

/// What a service does with an event: a command in the given transaction. Unknown event types must
/// answer Ok. An error that [`Code::is_refusal`] completes the event without effect; UNAVAILABLE is
/// tried again; anything else is poison and goes to the dead events.
pub type React = Arc<dyn for<'t> Fn(&'t mut Tx, &'t Event) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync>;

/// What a service does with a run of events, one or many, in the order in which they were told. It fails or works
/// as a whole: when a run of several fails for good, each of its events is applied by itself.
pub type ReactToRun = Arc<dyn for<'t> Fn(&'t mut Tx, &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync>;

/// So long a few events wait for more, where nobody waits for what they do: whoever is in a hurry goes first, and what
/// belongs together is one transaction.
const GATHER: Duration = Duration::from_millis(2);
/// The same of a consumer at leisure; less than a frame of a screen.
const LEISURE: Duration = Duration::from_millis(15);

/// One event after the other, or all that wait at once.
#[derive(Clone)]
pub(crate) enum Reaction {
    Each(React),
    Run(ReactToRun),
}

/// What a service does once after a run of events, in the same transaction.
pub type Finish = Arc<dyn for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync>;

/// A run of events that comes next, for a statement that does all that they call for and moves the position, by the
/// database's function `step_over`.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Whose events.
    pub producer: &'static str,
    /// The position as it is stored.
    pub stored: i64,
    /// Where it goes.
    pub reached: i64,
}

/// What a service does with a run of events in a single statement, its own transaction, which moves the position too.
/// False, and then nothing is written: they are to be applied in a transaction as any other.
pub type AtOnce = Arc<dyn Fn(Step, Vec<Event>) -> BoxFuture<'static, Result<bool, Failure>> + Send + Sync>;

/// A service's interest in another one's events.
#[derive(Clone)]
pub struct Consumer {
    /// Whose events.
    pub producer: &'static str,
    pub(crate) reaction: Reaction,
    /// The names of the messages that it wants; None: all.
    pub(crate) heeds: Option<&'static [&'static str]>,
    pub(crate) finish: Option<Finish>,
    /// So long a few events wait for more.
    pub(crate) gather: Duration,
    pub(crate) in_one_statement: Option<AtOnce>,
    /// It may begin with what its producer still has, when it has never heard of it before.
    pub(crate) may_begin_late: bool,
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Consumer").field("producer", &self.producer).finish_non_exhaustive()
    }
}

impl Consumer {
    fn reacting(producer: &'static str, reaction: Reaction) -> Self {
        Self {
            producer,
            reaction,
            heeds: None,
            finish: None,
            gather: GATHER,
            in_one_statement: None,
            may_begin_late: false,
        }
    }

    /// All events of `producer` go to `react`.
    pub fn new(
        producer: &'static str,
        react: impl for<'t> Fn(&'t mut Tx, &'t Event) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync + 'static,
    ) -> Self {
        Self::reacting(producer, Reaction::Each(Arc::new(react)))
    }

    /// All events of `producer` go to `react`, as many at once as wait: what many of them need is read and
    /// written once, so that a crowd costs little more than one.
    pub fn of_runs(
        producer: &'static str,
        react: impl for<'t> Fn(&'t mut Tx, &'t [Event]) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync + 'static,
    ) -> Self {
        Self::reacting(producer, Reaction::Run(Arc::new(react)))
    }

    /// Only messages of these names (`T::NAME`) go to the reaction. All others are passed over, which costs next to
    /// nothing: most of what is told means nothing to most of those who hear it.
    #[must_use]
    pub const fn heeding(mut self, names: &'static [&'static str]) -> Self {
        self.heeds = Some(names);
        self
    }

    /// Somebody sees within the second what these events do, on a monitor or at a door: they are applied as soon as
    /// they come. All others wait a few milliseconds for more.
    #[must_use]
    pub const fn at_once(mut self) -> Self {
        self.gather = Duration::ZERO;
        self
    }

    /// Nothing that comes of these events is waited for by anybody: they gather longer, and whoever is in a hurry has the
    /// processors for itself meanwhile.
    #[must_use]
    pub const fn at_leisure(mut self) -> Self {
        self.gather = LEISURE;
        self
    }

    /// A release may bring this consumer to a house that has been open for longer than its events are kept. What was told
    /// before the oldest that is still there is none of its business then: it begins with that one. Any other consumer stops
    /// at a hole, and so does this one once it has heard anything.
    #[must_use]
    pub const fn from_what_is_kept(mut self) -> Self {
        self.may_begin_late = true;
        self
    }

    /// Where a single statement can do all that a run of events calls for, `apply` does: one round trip instead of three.
    /// It is asked first, and answers false where it cannot; after an error too they go the usual way.
    #[must_use]
    pub fn in_one_statement(
        mut self,
        apply: impl Fn(Step, Vec<Event>) -> BoxFuture<'static, Result<bool, Failure>> + Send + Sync + 'static,
    ) -> Self {
        self.in_one_statement = Some(Arc::new(apply));
        self
    }

    /// After the events that are applied together, `finish` does once what all of them call for: many
    /// waiting events cost little more than one.
    #[must_use]
    pub fn and_then(
        mut self,
        finish: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<(), Failure>> + Send + Sync + 'static,
    ) -> Self {
        self.finish = Some(Arc::new(finish));
        self
    }
}
