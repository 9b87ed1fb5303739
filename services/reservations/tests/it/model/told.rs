//! What everybody is told of the model's showing, beside what the service tells: figures, reason, and until when what is
//! held may come back. Decides nothing about who gets what.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kernel::values::from_timestamp;
use proptest::{prelude::*, test_runner::TestCaseError};
use sky_proto::reservations::v1::{self as pb, AvailabilityReason as Reason};

use super::{DOOR, Model, ON_SALE, SCHOOL, STAFF, START, State, Visit, places::*};
use crate::{client, support::*};

/// Not how long it takes, but how long a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What of a showing's availability is compared.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    sold: u32,
    held: u32,
    online: u32,
    door: u32,
    school: u32,
    staff: u32,
    wheelchair: u32,
    /// Of the places without steps, so many may be booked online.
    step_free: u32,
    reason: Reason,
}

impl Model<'_> {
    /// What everybody is told of the showing: figures, reason, and whether held places may come back.
    fn told(&self) -> Told {
        let (now, places) = (self.now(), 2 * WHEELCHAIRS + GENERAL);
        let having = |is: fn(&State) -> bool| {
            let visits = self.live().filter(|visit| is(&visit.state));
            visits.map(|visit| u32::try_from(visit.seats.len()).expect("few")).sum()
        };
        let (sold, held) = (having(|it| *it == State::Sold), having(|it| matches!(it, State::Held { .. })));
        let is_on_sale = now >= self.at(ON_SALE);
        let online = if is_on_sale { self.left(pb::Channel::Online) } else { 0 };
        let without_holds = Model {
            visits: self.visits.iter().filter(|visit| visit.state == State::Sold).cloned().collect(),
            showing: self.showing.clone(),
            blocked: self.blocked.clone(),
            ..*self
        };
        let reason = match online {
            _ if !is_on_sale => Reason::NotYetOnSale,
            0 if without_holds.left(pb::Channel::Online) > 0 => Reason::AllHeld,
            0 => Reason::SoldOut,
            left if left <= (places - DOOR - STAFF - SCHOOL) / 10 => Reason::Few,
            _ => Reason::Free,
        };
        Told {
            sold,
            held,
            online,
            door: if self.is_open(pb::Channel::Door) {
                places - sold - held - self.blocked.len() as u32
            } else {
                self.left(pb::Channel::Door)
            },
            school: self.left(pb::Channel::School),
            staff: self.left(pb::Channel::Staff),
            wheelchair: self.free_among(for_wheelchairs()),
            step_free: self.free_among(step_free()).min(online),
            reason,
        }
    }

    /// Availability is what the model says, soon (`freshness` says how soon). The house's clock goes on meanwhile, because
    /// what time alone changes is looked for with it.
    pub(super) async fn compare_told(&self) -> Result<(), TestCaseError> {
        let begun = Instant::now();
        // What is past is told as past, and no more.
        while self.now() < self.at(START) {
            let told = self.showing_told().await;
            let difference = self.differs(&told);
            if difference.is_none() {
                return Ok(());
            }
            prop_assert!(begun.elapsed() < PATIENCE, "{:?} instead of {:?}", told, difference);
            self.house.clock.advance(TimeDelta::milliseconds(50));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn showing_told(&self) -> pb::Availability {
        let request = pb::GetShowingRequest { showing_id: self.showing.clone() };
        let showing = client!(self.house, &journey()).get_showing(request).await.expect("a showing").into_inner();
        showing.availability.expect("its availability")
    }

    /// What should have been told instead.
    fn differs(&self, availability: &pb::Availability) -> Option<String> {
        let expected = self.told();
        let told = Told {
            sold: availability.sold,
            held: availability.held,
            online: availability.free_online,
            door: availability.free_door,
            school: availability.free_school,
            staff: availability.free_staff,
            wheelchair: availability.wheelchair_free,
            step_free: availability.needs.iter().find(|it| it.need() == pb::Need::StepFree).map_or(0, |it| it.free),
            reason: availability.reason(),
        };
        let ends = |visit: &Visit| match visit.state {
            State::Held { until, .. } => Some(until),
            _ => None,
        };
        let until = availability.held_until.map(|until| from_timestamp(Some(until)));
        let is_end_of_a_hold = until.is_some_and(|until| self.live().filter_map(ends).any(|end| end == until));
        if told != expected {
            Some(format!("{expected:?}"))
        } else if expected.reason == Reason::AllHeld && !is_end_of_a_hold {
            Some(format!("held until the end of a hold, not {until:?}"))
        } else {
            None
        }
    }
}
