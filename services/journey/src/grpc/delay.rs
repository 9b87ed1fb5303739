//! A delay before and after it is decided: what it would do, and moving several showings with one command.
//! What is carried out is what was decided at first, also by whoever goes on after a crash.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Db,
    values::{self, Text, from_timestamp, invalid, timestamp},
};
use sky_proto::{
    journey::v1 as pb,
    reservations::v1::{self as reservations, ShowingState},
};
use tonic::{Response, Status};
use uuid::Uuid;

use super::{JourneyGrpc, sibling, siblings::Siblings};
use crate::{
    commands,
    domain::{
        Admission, Visit,
        delay::{self, InHall, Knock, SAME_DAY, Step, USUAL_TURNOVER},
    },
    error::Error,
    events,
    store::{self, missing::Plan},
};

/// As many as reservations takes.
const LONGEST: i32 = 240;
/// Whoever asked has so long to carry it out; then it is gone on with.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(15);

fn in_hall(showing: &reservations::Showing) -> Result<InHall, Error> {
    Ok(InHall {
        id: values::id("showing_id", &showing.showing_id)?,
        starts_at: from_timestamp(showing.starts_at),
        ends_at: from_timestamp(showing.ends_at),
        scheduled_starts_at: from_timestamp(showing.scheduled_starts_at),
    })
}

fn delay_of(minutes: i32) -> Result<TimeDelta, Error> {
    if minutes == 0 || !(-LONGEST..=LONGEST).contains(&minutes) {
        let range = format!("must be 1 to {LONGEST}, or -{LONGEST} to -1 to begin earlier again");
        return Err(invalid("minutes", range).into());
    }
    Ok(TimeDelta::minutes(minutes.into()))
}

/// The hall's day from a showing on: the showing, and those after it in the order of time.
struct Day {
    held: reservations::Showing,
    following: Vec<reservations::Showing>,
}

impl Day {
    fn cascade(&self, delay: TimeDelta, turnover: TimeDelta) -> Result<Vec<delay::Follower>, Error> {
        let following: Vec<InHall> = self.following.iter().map(in_hall).collect::<Result<_, _>>()?;
        Ok(delay::cascade(in_hall(&self.held)?, &following, delay, turnover))
    }
}

async fn day(siblings: &Siblings, showing: Uuid) -> Result<Day, Error> {
    let held = siblings.reservations_showing(showing).await.map_err(|status| sibling(&status))?;
    let starts_at = from_timestamp(held.starts_at);
    let mut following =
        siblings.whole_programme(starts_at, starts_at + SAME_DAY).await.map_err(|status| sibling(&status))?;
    following.retain(|other| {
        other.hall == held.hall
            && other.showing_id != held.showing_id
            && from_timestamp(other.starts_at) >= starts_at
            && other.state() != ShowingState::Cancelled
    });
    following.sort_by_key(|other| from_timestamp(other.starts_at));
    Ok(Day { held, following })
}

impl JourneyGrpc {
    /// A showing whose doors are closed or that is off cannot be waited with.
    pub(super) async fn must_be_ahead(&self, showing: Uuid) -> Result<(), Error> {
        let mut conn = self.db.reader().await?;
        match store::showings::get(&mut conn, showing).await? {
            Some(showing) if showing.is_off() => Err(Error::Off),
            Some(showing) if showing.admission.reached(Admission::Running) => Err(Error::DoorsClosed),
            _ => Ok(()),
        }
    }

    /// As the door has told it.
    async fn turnover(&self) -> Result<TimeDelta, Error> {
        let mut conn = self.db.reader().await?;
        Ok(store::missing::turnover(&mut conn).await?.unwrap_or(USUAL_TURNOVER))
    }

    async fn booked(&self, showing: Uuid) -> Result<Vec<Visit>, Error> {
        let mut conn = self.db.reader().await?;
        store::showings::booked(&mut conn, showing).await
    }

    pub(super) async fn preview(&self, request: &pb::PreviewDelayRequest) -> Result<pb::PreviewDelayResponse, Error> {
        let showing = values::id("showing_id", &request.showing_id)?;
        let longer = delay_of(request.minutes)?;
        self.must_be_ahead(showing).await?;
        let day = day(&self.siblings, showing).await?;
        if day.held.state() == ShowingState::Cancelled {
            return Err(Error::Off);
        }
        let earliest = from_timestamp(day.held.scheduled_starts_at).max(self.db.clock().now());
        let earlier_at_most = from_timestamp(day.held.starts_at) - earliest;
        if longer < TimeDelta::zero() && -longer > earlier_at_most {
            return Err(Error::TooEarly(earliest));
        }
        let missing = self.missing(showing).await?;
        let mut knock = Knock::default();
        knock.add(&missing.booked, longer);
        let mut affected = missing.booked.len();
        let mut following = Vec::new();
        let turnover = self.turnover().await?;
        for (follower, planned) in day.cascade(longer, turnover)?.iter().zip(&day.following) {
            let visits = self.booked(follower.showing.id).await?;
            if !follower.shift.is_zero() {
                knock.add(&visits, follower.shift);
                affected += visits.len();
            }
            let people = visits.iter().map(Visit::size).sum();
            following.push(events::missing::following(follower, &Text::from_proto(planned.title.clone()), people));
        }
        let now = delay::makes(&missing.parties, TimeDelta::zero());
        let then = delay::makes(&missing.parties, longer);
        let later = |at| Some(timestamp(from_timestamp(at) + longer));
        Ok(pb::PreviewDelayResponse {
            starts_at: later(day.held.starts_at),
            ends_at: later(day.held.ends_at),
            visits_affected: u32::try_from(affected).unwrap_or(u32::MAX),
            following,
            meals: knock.meals.iter().map(events::missing::moved_meal).collect(),
            bays_later: knock.bays,
            last_bay_until: knock.last_bay_until.map(timestamp),
            in_time_now: now.in_time,
            in_time_then: then.in_time,
            close_now: now.close,
            close_then: then.close,
            unknown: then.unknown,
            observed_at: Some(timestamp(missing.situation.now)),
            turnover_minutes: events::missing::minutes(turnover),
            earlier_at_most: events::missing::minutes(earlier_at_most),
        })
    }

    /// Moves a showing and those after it that it reaches.
    pub(super) async fn delay_with_following(
        &self,
        request: pb::DelayShowingRequest,
    ) -> Result<Response<pb::DelayShowingResponse>, Status> {
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let showing = values::id("showing_id", &request.showing_id)?;
        let longer = delay_of(request.minutes)?;
        let reason = Text::checked("reason", request.reason.clone(), 200, false)?;
        let (first, _) = self.first_answer("DelayShowing", key, request.clone(), showing).await?;
        if let Some(first) = first {
            return Ok(Response::new(first));
        }
        let plan = match self.plan(key).await? {
            Some(plan) => plan,
            None => {
                self.must_be_ahead(showing).await?;
                let day = day(&self.siblings, showing).await?;
                let expected = request.expected_starts_at.map(|at| values::time("expected_starts_at", Some(at)));
                let expected_starts_at = expected.transpose()?;
                let mut steps = vec![Step { showing, minutes: request.minutes, expected_starts_at }];
                let turnover = self.turnover().await?;
                steps.extend(day.cascade(longer, turnover)?.iter().filter(|follower| !follower.shift.is_zero()).map(
                    |follower| Step {
                        showing: follower.showing.id,
                        minutes: events::missing::shift(follower.shift),
                        expected_starts_at: None,
                    },
                ));
                let plan = Plan { key, steps, reason };
                self.db.transact(move |tx| Box::pin(async move { commands::missing::decide(tx, &plan).await })).await?
            }
        };
        let moved = carry_out(&self.db, &self.siblings, &plan).await?;
        let answer = self.answer_of(&plan, moved).await?;
        Ok(Response::new(self.remember("DelayShowing", key, request, answer).await?))
    }

    async fn plan(&self, key: Uuid) -> Result<Option<Plan>, Error> {
        let mut conn = self.db.reader().await?;
        store::missing::plan(&mut conn, key).await
    }

    async fn answer_of(
        &self,
        plan: &Plan,
        moved: Vec<Option<reservations::Showing>>,
    ) -> Result<pb::DelayShowingResponse, Error> {
        let mut conn = self.db.reader().await?;
        let mut answer = pb::DelayShowingResponse::default();
        for (place, (step, moved)) in plan.steps.iter().zip(moved).enumerate() {
            let Some(moved) = moved else { continue };
            answer.visits_affected += store::showings::count_coming(&mut conn, step.showing).await?;
            if place == 0 {
                (answer.starts_at, answer.ends_at) = (moved.starts_at, moved.ends_at);
            } else {
                answer.following.push(pb::MovedShowing {
                    showing_id: step.showing.to_string(),
                    title: moved.title,
                    minutes: step.minutes,
                    starts_at: moved.starts_at,
                });
            }
        }
        Ok(answer)
    }
}

/// Takes every step; each has a key of its own, so that taking it again changes nothing. A following showing
/// that was cancelled meanwhile does not move: None.
async fn carry_out(db: &Db, siblings: &Siblings, plan: &Plan) -> Result<Vec<Option<reservations::Showing>>, Error> {
    let mut moved = Vec::with_capacity(plan.steps.len());
    for (place, step) in plan.steps.iter().enumerate() {
        let request = reservations::DelayShowingRequest {
            idempotency_key: Uuid::new_v5(&plan.key, step.showing.as_bytes()).to_string(),
            showing_id: step.showing.to_string(),
            minutes: step.minutes,
            reason: Some(plan.reason.to_proto()),
            expected_starts_at: step.expected_starts_at.map(timestamp),
        };
        match siblings.delay_showing(request).await {
            Ok(showing) => moved.push(Some(showing)),
            Err(status) => {
                let error = sibling(&status);
                let refused = matches!(&error, Error::Part { code, .. } if code.is_refusal());
                if !refused {
                    return Err(error);
                }
                if place == 0 {
                    // Nothing has moved, and nothing is left to do.
                    finish(db, plan.key).await?;
                    return Err(error);
                }
                tracing::warn!(showing = %step.showing, reason = status.message(), "does not move with the delay");
                moved.push(None);
            }
        }
    }
    finish(db, plan.key).await?;
    Ok(moved)
}

async fn finish(db: &Db, key: Uuid) -> Result<(), Error> {
    db.transact(move |tx| Box::pin(async move { commands::missing::carried_out(tx, key).await })).await
}

/// Goes on with delays whose caller has gone before they were carried out.
pub(crate) async fn go_on(db: &Db, siblings: &Siblings) -> Result<(), Error> {
    let before: DateTime<Utc> = db.clock().now() - UNDER_WAY;
    let plans = {
        let mut conn = db.pool().acquire().await?;
        store::missing::open_plans(&mut conn, before).await?
    };
    for plan in plans {
        if let Err(error) = carry_out(db, siblings, &plan).await {
            tracing::warn!(%error, "a delay is not carried out yet; it is tried again");
        }
    }
    Ok(())
}
