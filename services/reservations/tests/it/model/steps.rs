//! What can happen to a showing, in random sequences: the model and the real commands are both led through it.

use proptest::prelude::*;
use sky_proto::reservations::v1 as pb;

use super::STEPS;
use crate::support::line;

/// What one visit does, by its place among all, or time.
#[derive(Clone, Debug)]
pub enum Step {
    Hold {
        channel: pb::Channel,
        party: Party,
        minutes: i64,
    },
    /// So many neighbouring places of a row from a number on; some rows and numbers are not there.
    Choose {
        channel: pb::Channel,
        row: usize,
        number: u32,
        people: u32,
    },
    /// The house does not sell these, or sells them again.
    Block {
        row: usize,
        number: u32,
        people: u32,
        blocked: bool,
    },
    /// The n-th of the orders before is sent again.
    Repeat(usize),
    Extend(usize, i64),
    Release(usize),
    Expire(usize),
    Confirm(usize),
    /// To the best places near where it would like to sit.
    Reseat(usize, pb::SeatWish),
    Cancel(usize),
    Wait(i64),
}

/// A party of so many, of whom some need the induction loop, floor for a dog, a way without steps, a wheelchair place, its
/// companion's.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    pub easy: u32,
    pub loops: u32,
    pub dogs: u32,
    pub step_free: u32,
    pub wheelchairs: u32,
    pub companions: u32,
}

impl Party {
    /// Who sits on general places.
    pub fn general(self) -> u32 {
        self.easy + self.loops + self.dogs + self.step_free
    }

    pub fn people(self) -> u32 {
        self.general() + self.wheelchairs + self.companions
    }

    pub fn lines(self) -> Vec<pb::PartyLine> {
        let parts = [
            (self.easy, pb::Need::Unspecified),
            (self.loops, pb::Need::HearingLoop),
            (self.dogs, pb::Need::GuideDog),
            (self.step_free, pb::Need::StepFree),
            (self.wheelchairs, pb::Need::Wheelchair),
            (self.companions, pb::Need::Companion),
        ];
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, need)| line("adult", n, need)).collect()
    }
}

fn party() -> impl Strategy<Value = Party> {
    let few = |often| prop_oneof![often => Just(0_u32), 1 => 1_u32..3];
    let needs = (few(4), few(6), few(6));
    (0_u32..16, needs, 0_u32..3, 0_u32..3).prop_map(|(easy, (loops, dogs, step_free), wheelchairs, companions)| Party {
        easy: if loops + dogs + step_free + wheelchairs == 0 { easy.max(1) } else { easy },
        loops,
        dogs,
        step_free,
        wheelchairs,
        companions: companions.min(wheelchairs),
    })
}

pub fn step() -> impl Strategy<Value = Step> {
    let channel = prop_oneof![
        6 => Just(pb::Channel::Online),
        2 => Just(pb::Channel::Door),
        1 => Just(pb::Channel::Staff),
        2 => Just(pb::Channel::School)
    ]
    .boxed();
    let hold = (channel.clone(), party(), 1_i64..16).prop_map(|(channel, party, minutes)| Step::Hold {
        channel,
        party,
        minutes,
    });
    let choose = (channel, 0_usize..9, 1_u32..16, 1_u32..5).prop_map(|(channel, row, number, people)| Step::Choose {
        channel,
        row,
        number,
        people,
    });
    let block = (0_usize..9, 1_u32..16, 1_u32..5, prop_oneof![2 => Just(true), 1 => Just(false)]);
    let block = block.prop_map(|(row, number, people, blocked)| Step::Block { row, number, people, blocked });
    prop_oneof![
        10 => hold,
        3 => choose,
        2 => block,
        1 => (0_usize..STEPS).prop_map(Step::Repeat),
        1 => (0_usize..STEPS, 1_i64..31).prop_map(|(visit, minutes)| Step::Extend(visit, minutes)),
        2 => (0_usize..STEPS).prop_map(Step::Release),
        1 => (0_usize..STEPS).prop_map(Step::Expire),
        4 => (0_usize..STEPS).prop_map(Step::Confirm),
        2 => (0_usize..STEPS, any::<bool>(), 0_i32..3)
            .prop_map(|(visit, aisle, part)| Step::Reseat(visit, pb::SeatWish { aisle, part })),
        2 => (0_usize..STEPS).prop_map(Step::Cancel),
        4 => (1_i64..9).prop_map(Step::Wait),
    ]
}
