//! A model of one showing, simple enough to be obviously right, beside the real commands: places, needs,
//! quotas, holds that run out and are taken over, confirmed, released and cancelled visits. Whatever
//! sequence of steps is played, both must agree on who has what and who is refused.
//!
//! `MODEL_STEPS` sets how many steps are played in all (default: 10,000).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{testing::House, values::timestamp};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use sky_proto::{
    journey::v1::{VisitCancelled, VisitExpired},
    reservations::v1 as pb,
};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

const STEPS: usize = 50;
/// A dome seating as the house file has it: general places, wheelchair places, and the two quotas.
const GENERAL: u32 = 102;
const WHEELCHAIRS: u32 = 4;
const DOOR: u32 = 11;
const STAFF: u32 = 5;

#[derive(Clone, Debug)]
enum Step {
    /// A party of so many, of whom some need a wheelchair place with its companion's.
    Hold {
        channel: pb::Channel,
        general: u32,
        wheelchairs: u32,
        companions: u32,
        minutes: i64,
    },
    /// The n-th of the orders before is sent again.
    Repeat(usize),
    Extend(usize, i64),
    Release(usize),
    Expire(usize),
    Confirm(usize),
    Cancel(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let channel = prop_oneof![
        6 => Just(pb::Channel::Online),
        2 => Just(pb::Channel::Door),
        1 => Just(pb::Channel::Staff)
    ];
    let hold = (channel, 0_u32..16, 0_u32..3, 0_u32..3, 1_i64..16).prop_map(
        |(channel, general, wheelchairs, companions, minutes)| Step::Hold {
            channel,
            general: if wheelchairs == 0 { general.max(1) } else { general },
            wheelchairs,
            companions: companions.min(wheelchairs),
            minutes,
        },
    );
    prop_oneof![
        10 => hold,
        1 => (0_usize..STEPS).prop_map(Step::Repeat),
        1 => (0_usize..STEPS, 1_i64..31).prop_map(|(visit, minutes)| Step::Extend(visit, minutes)),
        2 => (0_usize..STEPS).prop_map(Step::Release),
        1 => (0_usize..STEPS).prop_map(Step::Expire),
        4 => (0_usize..STEPS).prop_map(Step::Confirm),
        2 => (0_usize..STEPS).prop_map(Step::Cancel),
        2 => (1_i64..12).prop_map(Step::Wait),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held { until: DateTime<Utc>, since: DateTime<Utc> },
    Sold,
    Gone,
    Cancelled,
}

/// A visit as the model knows it.
#[derive(Clone, Debug)]
struct Visit {
    id: Uuid,
    channel: pb::Channel,
    order: pb::HoldSeatsRequest,
    answer: Option<pb::SeatHold>,
    seats: BTreeSet<String>,
    state: State,
}

impl Visit {
    fn has_places(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            State::Held { until, .. } => now < until,
            State::Sold => true,
            State::Gone | State::Cancelled => false,
        }
    }

    fn general(&self) -> u32 {
        u32::try_from(self.seats.iter().filter(|label| !label.starts_with('W')).count()).expect("few")
    }
}

struct Model<'h> {
    house: &'h House,
    showing: String,
    visits: Vec<Visit>,
}

impl Model<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.house.clock.now()
    }

    fn live(&self) -> impl Iterator<Item = &Visit> {
        let now = self.now();
        self.visits.iter().filter(move |visit| visit.has_places(now))
    }

    fn taken(&self) -> BTreeMap<String, Uuid> {
        self.live().flat_map(|visit| visit.seats.iter().map(|label| (label.clone(), visit.id))).collect()
    }

    /// How many general places a channel may still take: what door and staff have not used is kept for
    /// them, and nobody counts as more than there are.
    fn left(&self, channel: pb::Channel) -> u32 {
        let used = |by: Option<pb::Channel>| -> u32 {
            self.live().filter(|visit| by.is_none_or(|by| visit.channel == by)).map(Visit::general).sum()
        };
        let free = GENERAL - used(None);
        let staff = STAFF.saturating_sub(used(Some(pb::Channel::Staff)));
        let door = DOOR.saturating_sub(used(Some(pb::Channel::Door)));
        match channel {
            pb::Channel::Online => free.saturating_sub(staff + door),
            pb::Channel::Door => free.saturating_sub(staff),
            _ => free,
        }
    }

    fn wheelchairs_left(&self) -> u32 {
        let taken = self.taken();
        (1..=WHEELCHAIRS).filter(|number| !taken.contains_key(&format!("W{number}"))).count() as u32
    }

    fn pairs_left(&self) -> u32 {
        let taken = self.taken();
        let is_free = |label: String| !taken.contains_key(&label);
        (1..=WHEELCHAIRS).filter(|n| is_free(format!("W{n}")) && is_free(format!("W{n}B"))).count() as u32
    }

    async fn play(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Hold { channel, general, wheelchairs, companions, minutes } => {
                self.hold(channel, general, wheelchairs, companions, minutes).await
            }
            Step::Repeat(n) => self.repeat(n).await,
            Step::Extend(n, minutes) => self.extend(n, minutes).await,
            Step::Release(n) => {
                let Some(visit) = self.visits.get_mut(n) else { return Ok(()) };
                let request = pb::ReleaseHoldRequest { visit_id: visit.id.to_string() };
                client!(self.house, &journey()).release_hold(request).await.expect("releasing is never refused");
                visit.let_go();
                Ok(())
            }
            Step::Expire(n) => {
                let Some(visit) = self.visits.get_mut(n) else { return Ok(()) };
                let told = VisitExpired { visit_id: visit.id.to_string() };
                self.house.react("reservations", "journey", &told.visit_id, &told).await.expect("reacted");
                visit.let_go();
                Ok(())
            }
            Step::Confirm(n) => self.confirm(n).await,
            Step::Cancel(n) => {
                let Some(visit) = self.visits.get_mut(n) else { return Ok(()) };
                let told = VisitCancelled {
                    visit_id: visit.id.to_string(),
                    showing_id: self.showing.clone(),
                    reason: None,
                    refund: true,
                };
                self.house.react("reservations", "journey", &told.visit_id, &told).await.expect("reacted");
                if visit.answer.is_some() {
                    visit.state = State::Cancelled;
                }
                Ok(())
            }
            Step::Wait(minutes) => {
                self.house.clock.set(self.now() + TimeDelta::minutes(minutes));
                Ok(())
            }
        }
    }

    async fn hold(
        &mut self,
        channel: pb::Channel,
        general: u32,
        wheelchairs: u32,
        companions: u32,
        minutes: i64,
    ) -> Result<(), TestCaseError> {
        let id = Uuid::now_v7();
        let parts =
            [(general, pb::Need::Unspecified), (wheelchairs, pb::Need::Wheelchair), (companions, pb::Need::Companion)];
        let mut order = wish(id, &self.showing, 1);
        order.channel = channel.into();
        order.expires_at = Some(timestamp(self.now() + TimeDelta::minutes(minutes)));
        order.party = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, need)| line("adult", n, need)).collect();
        let answer = hold(self.house, &order).await;
        let fits =
            general <= self.left(channel) && wheelchairs <= self.wheelchairs_left() && companions <= self.pairs_left();
        let mut visit = Visit { id, channel, order, answer: None, seats: BTreeSet::new(), state: State::Gone };
        match answer {
            Ok(held) => {
                prop_assert!(fits, "held although {} are left for {channel:?}", self.left(channel));
                let seats: BTreeSet<String> = held.seats.iter().map(|seat| seat.label.clone()).collect();
                prop_assert_eq!(seats.len() as u32, general + wheelchairs + companions);
                let taken = self.taken();
                prop_assert!(seats.iter().all(|label| !taken.contains_key(label)), "{:?} twice", seats);
                let chairs = seats.iter().filter(|label| label.starts_with('W') && !label.ends_with('B')).count();
                prop_assert_eq!(chairs as u32, wheelchairs);
                let alone = seats.iter().filter_map(|label| label.strip_suffix('B'));
                prop_assert!(alone.into_iter().all(|chair| seats.contains(chair)), "a companion alone: {:?}", seats);
                let now = self.now();
                visit.state = State::Held { until: now + TimeDelta::minutes(minutes), since: now };
                visit.seats = seats;
                visit.answer = Some(held);
            }
            Err(refused) => {
                prop_assert_eq!(refused.code(), Code::ResourceExhausted, "{}", refused);
                prop_assert!(!fits, "{} although {} are left for {:?}", refused, self.left(channel), channel);
            }
        }
        self.visits.push(visit);
        Ok(())
    }

    async fn repeat(&mut self, n: usize) -> Result<(), TestCaseError> {
        let Some(visit) = self.visits.get(n) else { return Ok(()) };
        // What was refused is decided anew: only answers are kept.
        let Some(first) = &visit.answer else { return Ok(()) };
        let again = hold(self.house, &visit.order).await;
        prop_assert_eq!(again.as_ref().ok(), Some(first), "{:?}", again.as_ref().err());
        Ok(())
    }

    async fn extend(&mut self, n: usize, minutes: i64) -> Result<(), TestCaseError> {
        let now = self.now();
        let Some(visit) = self.visits.get_mut(n) else { return Ok(()) };
        let to = now + TimeDelta::minutes(minutes);
        let request = pb::ExtendHoldRequest { visit_id: visit.id.to_string(), expires_at: Some(timestamp(to)) };
        let answer = client!(self.house, &journey()).extend_hold(request).await;
        match &mut visit.state {
            State::Held { until, since } if now < *until && to <= *since + TimeDelta::minutes(30) => {
                prop_assert!(answer.is_ok(), "{:?}", answer.err());
                *until = to.max(*until);
            }
            _ => prop_assert!(answer.is_err(), "extended although it is {:?}", visit.state),
        }
        Ok(())
    }

    async fn confirm(&mut self, n: usize) -> Result<(), TestCaseError> {
        let taken = self.taken();
        let now = self.now();
        let Some(visit) = self.visits.get_mut(n) else { return Ok(()) };
        let told = confirmed(visit.id, &self.showing);
        self.house.react("reservations", "journey", &told.visit_id, &told).await.expect("reacted");
        if visit.answer.is_none() || visit.state == State::Cancelled {
            return Ok(());
        }
        let booked: Option<BTreeSet<String>> = booking(self.house, visit.id)
            .await
            .ok()
            .map(|booking| booking.tickets.into_iter().map(|ticket| ticket.seat).collect());
        let own_are_free = visit.seats.iter().all(|label| taken.get(label).is_none_or(|holder| *holder == visit.id));
        match booked {
            Some(seats) => {
                prop_assert_eq!(seats.len(), visit.seats.len());
                let others = |label: &String| taken.get(label).is_some_and(|holder| *holder != visit.id);
                prop_assert!(!seats.iter().any(others), "{:?} belong to others", seats);
                prop_assert!(!own_are_free || seats == visit.seats, "{:?} instead of {:?}", seats, visit.seats);
                visit.seats = seats;
                visit.state = State::Sold;
            }
            None => {
                prop_assert!(!visit.has_places(now) && !own_are_free, "refused although {:?}", visit.state);
                // Told once, for good.
                visit.state = State::Cancelled;
            }
        }
        Ok(())
    }

    /// The rows are what the model says, place by place.
    async fn compare(&self) -> Result<(), TestCaseError> {
        let rows: Vec<(String, Uuid)> = sqlx::query_as(
            "select seat, visit_id from seat_claim where showing_id = $1 and (expires_at is null or expires_at > $2)",
        )
        .bind(Uuid::parse_str(&self.showing).expect("an id"))
        .bind(self.now())
        .fetch_all(self.house.pool("reservations"))
        .await
        .expect("claims");
        prop_assert_eq!(rows.into_iter().collect::<BTreeMap<_, _>>(), self.taken());
        Ok(())
    }
}

impl Visit {
    fn let_go(&mut self) {
        if matches!(self.state, State::Held { .. }) {
            self.state = State::Gone;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_commands_do_what_the_model_says() {
    let house = house().await;
    let steps: usize = std::env::var("MODEL_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let cases = u32::try_from(steps.div_ceil(STEPS)).expect("a number of cases");
    let priced = |showing: &pb::Showing| showing.prices.iter().any(|price| price.tariff_class == "adult");
    let template = programme(&house, &journey(), false)
        .await
        .into_iter()
        .rfind(|showing| showing.hall == "dome" && priced(showing));
    let template = Uuid::parse_str(&template.expect("a showing in the dome").showing_id).expect("an id");
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let here = tokio::runtime::Handle::current();
    let played = tokio::task::block_in_place(|| {
        runner.run(&proptest::collection::vec(step(), STEPS), |steps| {
            here.block_on(async {
                house.clock.set(minutes(0));
                let mut model = Model { house: &house, showing: copy_of(&house, template).await, visits: Vec::new() };
                for step in &steps {
                    model.play(step).await?;
                }
                model.compare().await
            })
        })
    });
    if let Err(failure) = played {
        panic!("{failure}");
    }
}

/// A showing of its own for a sequence, like another one.
async fn copy_of(house: &House, showing: Uuid) -> String {
    let id = Uuid::now_v7();
    sqlx::query(
        "insert into showing (id, title_id, hall, layout_id, starts_at, ends_at, doors_at, last_entry_at,
             scheduled_starts_at, state, audience, numbered, notice, capacity, wheelchair_places, door_quota, staff_quota,
             told_revision)
         select $1, title_id, 'model', layout_id, starts_at, ends_at, doors_at, last_entry_at, scheduled_starts_at, state,
             audience, numbered, notice, capacity, wheelchair_places, door_quota, staff_quota, 1
         from showing where id = $2",
    )
    .bind(id)
    .bind(showing)
    .execute(house.pool("reservations"))
    .await
    .expect("a showing");
    id.to_string()
}
