//! A model of one showing, simple enough to be obviously right, beside the real commands: places, needs, chosen
//! places, places that are not sold, the start of the sale, quotas and their release, holds that run out and are taken over, confirmed, moved,
//! released and cancelled visits. Whatever sequence of steps is played, both must agree on who has what,
//! who is refused, and what everybody is told of what is left.
//!
//! `MODEL_STEPS` sets how many steps are played in all (default: 10,000).

mod blocked;
mod places;
mod steps;
mod told;

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

use self::{
    places::*,
    steps::{Party, Step, step},
};
use crate::{client, support::*};

const STEPS: usize = 50;
const DOOR: u32 = 11;
const STAFF: u32 = 5;
const SCHOOL: u32 = 20;
/// In minutes of the house's clock: sold online from then on, and when it begins.
const ON_SALE: i64 = 3;
const START: i64 = 45;
/// In minutes before the start: what is left of the quota is free for all.
const STAFF_RELEASE: i64 = 20;
const SCHOOL_RELEASE: i64 = 32;
const PROTECTED_RELEASE: i64 = 8;

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
    /// The first of its minutes.
    begins: DateTime<Utc>,
    showing: String,
    visits: Vec<Visit>,
    /// Places that the house does not sell.
    blocked: BTreeSet<String>,
}

impl Model<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.house.clock.now()
    }

    /// A minute of the house's clock, counted from the first.
    fn at(&self, minute: i64) -> DateTime<Utc> {
        self.begins + TimeDelta::minutes(minute)
    }

    fn live(&self) -> impl Iterator<Item = &Visit> {
        let now = self.now();
        self.visits.iter().filter(move |visit| visit.has_places(now))
    }

    fn taken(&self) -> BTreeMap<String, Uuid> {
        let of_visits = self.live().flat_map(|visit| visit.seats.iter().map(|label| (label.clone(), visit.id)));
        of_visits.chain(self.blocked.iter().map(|label| (label.clone(), Uuid::nil()))).collect()
    }

    /// How many general places a channel may still take: what the others have not used is kept for them
    /// until its release, and nobody counts as more than there are.
    fn left(&self, channel: pb::Channel) -> u32 {
        let used = |by: Option<pb::Channel>| -> u32 {
            self.live().filter(|visit| by.is_none_or(|by| visit.channel == by)).map(Visit::general).sum()
        };
        let kept = |by: pb::Channel, places: u32, release: i64| {
            let over = self.now() >= self.at(START - release);
            if over { 0 } else { places.saturating_sub(used(Some(by))) }
        };
        let not_sold = self.blocked.iter().filter(|label| !label.starts_with('W')).count() as u32;
        let free = GENERAL - used(None) - not_sold;
        let staff = kept(pb::Channel::Staff, STAFF, STAFF_RELEASE);
        let door = kept(pb::Channel::Door, DOOR, 0);
        let school = kept(pb::Channel::School, SCHOOL, SCHOOL_RELEASE);
        match channel {
            pb::Channel::Online => free.saturating_sub(staff + door + school),
            pb::Channel::Door => free.saturating_sub(staff + school),
            pb::Channel::School => free.saturating_sub(staff + door),
            _ => free,
        }
    }

    /// Shortly before the start whoever stands at the door gets any place, protected or kept.
    fn is_open(&self, channel: pb::Channel) -> bool {
        channel != pb::Channel::Online && self.now() >= self.at(START - PROTECTED_RELEASE)
    }

    /// What everybody is answered who orders at the wrong time.
    fn refusal_now(&self, channel: pb::Channel) -> Option<Code> {
        if self.now() >= self.at(START) {
            Some(Code::InvalidArgument)
        } else if channel == pb::Channel::Online && self.now() < self.at(ON_SALE) {
            Some(Code::FailedPrecondition)
        } else {
            None
        }
    }

    /// What an order is answered: nothing when it is granted.
    fn refusal(&self, channel: pb::Channel, party: Party) -> Option<Code> {
        let places = 2 * WHEELCHAIRS + GENERAL - u32::try_from(self.taken().len()).expect("few");
        let fits_general =
            if self.is_open(channel) { party.people() <= places } else { party.general() <= self.left(channel) };
        // Some places without steps have floor for a dog, too: each serves one of both.
        let for_either = step_free().into_iter().chain(for_dogs()).collect::<BTreeSet<_>>();
        let fits_needs = party.loops <= self.free_among(with_loop())
            && party.dogs <= self.free_among(for_dogs())
            && party.step_free <= self.free_among(step_free())
            && party.dogs + party.step_free <= self.free_among(for_either)
            && party.wheelchairs <= self.free_among(for_wheelchairs())
            && party.companions <= self.pairs_left();
        let full = || (!fits_general || !fits_needs).then_some(Code::ResourceExhausted);
        self.refusal_now(channel).or_else(full)
    }

    /// The same for people without needs who have chosen these places.
    fn refusal_chosen(&self, channel: pb::Channel, seats: &[String]) -> Option<Code> {
        let taken = self.taken();
        let refusal = || {
            if !self.is_open(channel) && u32::try_from(seats.len()).expect("few") > self.left(channel) {
                Some(Code::ResourceExhausted)
            } else if !seats.iter().all(|label| is_place(label)) {
                Some(Code::InvalidArgument)
            } else if seats.iter().any(|label| taken.contains_key(label)) {
                Some(Code::Aborted)
            } else if !self.is_open(channel) && seats.iter().any(|label| label.starts_with('W')) {
                Some(Code::InvalidArgument)
            } else {
                None
            }
        };
        self.refusal_now(channel).or_else(refusal)
    }

    fn free_among(&self, places: impl IntoIterator<Item = String>) -> u32 {
        let taken = self.taken();
        places.into_iter().filter(|label| !taken.contains_key(label)).count() as u32
    }

    fn pairs_left(&self) -> u32 {
        let taken = self.taken();
        let is_free = |label: String| !taken.contains_key(&label);
        (1..=WHEELCHAIRS).filter(|n| is_free(format!("W{n}")) && is_free(format!("W{n}B"))).count() as u32
    }

    async fn play(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Hold { channel, party, minutes } => self.hold(channel, party, minutes).await,
            Step::Choose { channel, row, number, people } => self.choose(channel, named(row, number, people)).await,
            Step::Block { row, number, people, blocked } => self.block(named(row, number, people), blocked).await,
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
            Step::Reseat(n, wish) => self.reseat(n, wish).await,
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

    async fn hold(&mut self, channel: pb::Channel, party: Party, minutes: i64) -> Result<(), TestCaseError> {
        let refusal = self.refusal(channel, party);
        let order = pb::HoldSeatsRequest { party: party.lines(), ..wish(Uuid::now_v7(), &self.showing, 1) };
        let Some(seats) = self.order(channel, order, minutes, refusal).await? else { return Ok(()) };
        prop_assert_eq!(seats.len() as u32, party.people());
        let of = |these: BTreeSet<String>| seats.intersection(&these).count() as u32;
        for (places, people) in [(with_loop(), party.loops), (for_dogs(), party.dogs), (step_free(), party.step_free)] {
            prop_assert!(of(places) >= people, "{:?} for {:?}", seats, party);
        }
        if !self.is_open(channel) {
            prop_assert_eq!(chairs(&seats), party.wheelchairs);
            let alone = seats.iter().filter_map(|label| label.strip_suffix('B'));
            prop_assert!(alone.into_iter().all(|it| seats.contains(it)), "a companion alone: {:?}", seats);
        }
        Ok(())
    }

    async fn choose(&mut self, channel: pb::Channel, seats: Vec<String>) -> Result<(), TestCaseError> {
        let people = u32::try_from(seats.len()).expect("few");
        let refusal = self.refusal_chosen(channel, &seats);
        let order = pb::HoldSeatsRequest { seats: seats.clone(), ..wish(Uuid::now_v7(), &self.showing, people) };
        let held = self.order(channel, order, 10, refusal).await?;
        prop_assert!(held.is_none_or(|held| held == BTreeSet::from_iter(seats)));
        Ok(())
    }

    /// Sends an order and keeps what it is answered, which is known before; the places that it was given.
    async fn order(
        &mut self,
        channel: pb::Channel,
        mut order: pb::HoldSeatsRequest,
        minutes: i64,
        refusal: Option<Code>,
    ) -> Result<Option<BTreeSet<String>>, TestCaseError> {
        let now = self.now();
        order.channel = channel.into();
        order.expires_at = Some(timestamp(now + TimeDelta::minutes(minutes)));
        let answer = hold(self.house, &order).await;
        let id = Uuid::parse_str(&order.visit_id).expect("an id");
        let mut visit = Visit { id, channel, order, answer: None, seats: BTreeSet::new(), state: State::Gone };
        let mut given = None;
        match answer {
            Ok(held) => {
                prop_assert!(refusal.is_none(), "held although {} are left for {channel:?}", self.left(channel));
                let seats: BTreeSet<String> = held.seats.iter().map(|seat| seat.label.clone()).collect();
                let taken = self.taken();
                prop_assert!(seats.iter().all(|label| !taken.contains_key(label)), "{:?} twice", seats);
                visit.state = State::Held { until: now + TimeDelta::minutes(minutes), since: now };
                visit.seats = seats.clone();
                visit.answer = Some(held);
                given = Some(seats);
            }
            Err(refused) => {
                prop_assert_eq!(Some(refused.code()), refusal, "{} for {:?}: {}", refused, channel, self.left(channel));
            }
        }
        self.visits.push(visit);
        Ok(given)
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
            State::Held { until, since } if now < *until && to <= *since + TimeDelta::minutes(67) => {
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
        let is_over = now >= self.at(START + 50);
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
                prop_assert!(
                    !visit.has_places(now) && (!own_are_free || is_over),
                    "refused although {:?}",
                    visit.state
                );
                // Told once, for good.
                visit.state = State::Cancelled;
            }
        }
        Ok(())
    }

    async fn reseat(&mut self, n: usize, wish: pb::SeatWish) -> Result<(), TestCaseError> {
        let taken = self.taken();
        let is_over = self.now() >= self.at(START + 50);
        let Some(visit) = self.visits.get_mut(n) else { return Ok(()) };
        let before = booking(self.house, visit.id).await.ok();
        let request = pb::ReseatRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            visit_id: visit.id.to_string(),
            seats: Vec::new(),
            wish: Some(wish),
        };
        let answer = client!(self.house, &operator()).reseat(request).await;
        if visit.state != State::Sold || is_over {
            prop_assert!(answer.is_err(), "moved although it is {:?}", visit.state);
            return Ok(());
        }
        let moved = answer.map_err(|refused| TestCaseError::fail(refused.to_string()))?.into_inner();
        let codes = |booking: &pb::Booking| -> BTreeSet<String> {
            booking.tickets.iter().map(|ticket| ticket.code.clone()).collect()
        };
        prop_assert_eq!(before.as_ref().map(codes), Some(codes(&moved)), "codes changed");
        let seats: BTreeSet<String> = moved.tickets.into_iter().map(|ticket| ticket.seat).collect();
        let others = |label: &String| taken.get(label).is_some_and(|holder| *holder != visit.id);
        prop_assert!(!seats.iter().any(others), "{:?} belong to others", seats);
        prop_assert_eq!(seats.len(), visit.seats.len());
        visit.seats = seats;
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
        self.compare_told().await
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
                // The clock never goes back: what looks at it would sleep until it is as late again.
                let begins = house.clock.now() + TimeDelta::minutes(1);
                house.clock.set(begins);
                let showing = copy_of(&house, template, begins).await;
                let (visits, blocked) = (Vec::new(), BTreeSet::new());
                let mut model = Model { house: &house, begins, showing, visits, blocked };
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

/// A showing of its own for a sequence, of the title and in the hall of another one.
async fn copy_of(house: &House, showing: Uuid, begins: DateTime<Utc>) -> String {
    let id = Uuid::now_v7();
    sqlx::query(
        "insert into showing (id, title_id, hall, layout_id, starts_at, ends_at, doors_at, last_entry_at,
             scheduled_starts_at, state, audience, numbered, notice, capacity, wheelchair_places, door_quota, staff_quota,
             told_revision, school_quota, staff_release_minutes, school_release_minutes, protected_release_minutes,
             on_sale_at)
         select $1, title_id, 'model', layout_id, $3, $3 + interval '50 minutes', $3, $3, $3, state,
             audience, numbered, notice, capacity, wheelchair_places, door_quota, staff_quota, 1, $4, $5, $6, $7, $8
         from showing where id = $2",
    )
    .bind(id)
    .bind(showing)
    .bind(begins + TimeDelta::minutes(START))
    .bind(SCHOOL.cast_signed())
    .bind(i32::try_from(STAFF_RELEASE).expect("minutes"))
    .bind(i32::try_from(SCHOOL_RELEASE).expect("minutes"))
    .bind(i32::try_from(PROTECTED_RELEASE).expect("minutes"))
    .bind(begins + TimeDelta::minutes(ON_SALE))
    .execute(house.pool("reservations"))
    .await
    .expect("a showing");
    id.to_string()
}
