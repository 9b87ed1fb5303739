//! Places that the house does not sell, in the model and at the desk: nobody's, and not counted as sold.

use std::collections::BTreeSet;

use kernel::{Role, testing::staff};
use proptest::{prelude::*, test_runner::TestCaseError};
use sky_proto::reservations::v1 as pb;
use tonic::Code;

use super::{Model, START, places::is_place};
use crate::client;

impl Model<'_> {
    pub(super) async fn block(&mut self, seats: Vec<String>, blocked: bool) -> Result<(), TestCaseError> {
        let taken = self.taken();
        let is_somebodys = |label: &String| taken.get(label).is_some_and(|holder| !holder.is_nil());
        let refusal = if self.now() >= self.at(START + 50) {
            Some(Code::FailedPrecondition)
        } else if !seats.iter().all(|label| is_place(label)) {
            Some(Code::InvalidArgument)
        } else if blocked && seats.iter().any(is_somebodys) {
            Some(Code::Aborted)
        } else {
            None
        };
        let reason = if blocked { "broken".to_owned() } else { String::new() };
        let request = pb::BlockSeatsRequest { showing_id: self.showing.clone(), seats: seats.clone(), blocked, reason };
        let answer = client!(self.house, &staff(Role::Desk)).block_seats(request).await;
        prop_assert_eq!(answer.as_ref().err().map(tonic::Status::code), refusal, "{:?} {:?}", seats, answer);
        let Ok(plan) = answer else { return Ok(()) };
        if blocked {
            self.blocked.extend(seats);
        } else {
            self.blocked.retain(|label| !seats.contains(label));
        }
        let told = plan.into_inner().seats.into_iter().filter(|seat| seat.blocked).map(|seat| seat.label);
        prop_assert_eq!(told.collect::<BTreeSet<_>>(), self.blocked.clone());
        Ok(())
    }
}
