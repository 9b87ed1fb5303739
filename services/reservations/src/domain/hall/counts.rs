//! What is left of a hall, counted. Pure.

use super::Hall;
use crate::domain::{Need, Place};

impl Hall {
    /// How many free places meet a need; a companion's only together with its wheelchair place.
    pub(crate) fn free_for(&self, need: Need) -> usize {
        let is_free = |at: usize| !self.taken[at];
        let plan = &self.plan;
        match need {
            Need::Wheelchair => plan.pairs.iter().filter(|pair| is_free(pair.wheelchair)).count(),
            Need::Companion => {
                let whole = plan.pairs.iter().filter(|pair| is_free(pair.wheelchair));
                whole.filter(|pair| pair.companion.is_some_and(is_free)).count()
            }
            Need::HearingLoop | Need::StepFree | Need::GuideDog => {
                let general = plan.seats.iter().enumerate().filter(|(_, seat)| seat.place() == Place::General);
                general.filter(|(at, seat)| is_free(*at) && seat.has(need.name())).count()
            }
        }
    }

    /// The most general places that are free side by side.
    pub(crate) fn longest_run(&self) -> usize {
        let mut longest = 0;
        for row in &self.plan.rows {
            let mut run = 0;
            for at in row.seats.clone() {
                let joined = at > row.seats.start && self.plan.neighbours(at - 1, at);
                run = match (self.taken[at], joined) {
                    (true, _) => 0,
                    (false, true) => run + 1,
                    (false, false) => 1,
                };
                longest = longest.max(run);
            }
        }
        longest
    }
}
