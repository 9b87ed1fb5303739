//! The gRPC face of counting, counters and replays. No decisions.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{
    Access, Caller, Db, Role, Who, token,
    values::{self, InvalidField, invalid, timestamp},
};
use sky_proto::flow::v1::{self as pb, zones_server::Zones};
use tonic::{Request, Response, Status};

use super::DOOR;
use crate::{
    commands::{sensors, zones},
    domain::{
        Level,
        counters::State,
        replay::{self, Counted, Course},
        zones::{Threshold, Thresholds},
    },
    error::Error,
    events, store,
};

/// Whoever stands in a zone may click.
const CLICKERS: &[Who] =
    &[Who::Staff(Role::Desk), Who::Staff(Role::Operator), Who::Staff(Role::Kitchen), Who::Staff(Role::Attendant)];
const OPERATOR: &[Who] = &[Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.flow.v1.Zones",
    methods: &[
        ("ClickZone", CLICKERS),
        ("RezeroZones", DOOR),
        ("SetSensorState", OPERATOR),
        ("IssueSensorToken", OPERATOR),
        ("ListSensorPushes", DOOR),
        ("GetHeadcount", CLICKERS),
        ("ReplayDay", DOOR),
    ],
};

/// More people at one click is a typing error.
const MOST_CLICKED: i32 = 50;

/// The server.
#[derive(Debug)]
pub(crate) struct ZonesGrpc(pub(crate) Db);

fn sensor_state(value: i32) -> Result<State, InvalidField> {
    match values::choice("state", value)? {
        pb::SensorState::Commissioning => Ok(State::Commissioning),
        pb::SensorState::Online => Ok(State::Online),
        pb::SensorState::Retired => Ok(State::Retired),
        pb::SensorState::Degraded | pb::SensorState::Offline => {
            Err(invalid("state", "is found out by what the counter sends; set COMMISSIONING, ONLINE or RETIRED"))
        }
        pb::SensorState::Unspecified => Err(invalid("state", "is missing")),
    }
}

fn thresholds(given: Option<pb::Thresholds>) -> Result<Thresholds, InvalidField> {
    let given = given.ok_or_else(|| invalid("thresholds", "is missing"))?;
    let one = |given: Option<pb::Threshold>| {
        given
            .map(|given| Threshold { rise: given.rise, fall: given.fall })
            .ok_or_else(|| invalid("thresholds", "needs amber, red and stop"))
    };
    let read = Thresholds { amber: one(given.amber)?, red: one(given.red)?, stop: one(given.stop)? };
    read.problem().map_or(Ok(read), |problem| Err(invalid("thresholds", problem)))
}

/// A day from midnight to midnight in Halle, which may have 23 or 25 hours.
fn day(text: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), InvalidField> {
    let wrong = || invalid("day", "is not a day such as 2026-11-25");
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    Ok((values::midnight(day), values::midnight(day.succ_opt().ok_or_else(wrong)?)))
}

fn course(course: &Course) -> pb::ZoneCourse {
    let minutes = |level| u32::try_from(course.time_in(level).num_minutes()).unwrap_or(0);
    pb::ZoneCourse {
        spans: course
            .spans
            .iter()
            .map(|span| pb::LevelSpan {
                from: Some(timestamp(span.from)),
                until: Some(timestamp(span.until)),
                level: events::zones::level(span.level).into(),
                quality: events::zones::quality(span.quality).into(),
            })
            .collect(),
        stops: course.stops,
        minutes_green: minutes(Level::Green),
        minutes_amber: minutes(Level::Amber),
        minutes_red: minutes(Level::Red),
        minutes_stop: minutes(Level::Stop),
    }
}

impl ZonesGrpc {
    async fn replay(
        &self,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        thresholds: Thresholds,
        (zone_ids, group_ids): (&[String], &[String]),
    ) -> Result<pb::ReplayDayResponse, Error> {
        let mut conn = self.0.pool().acquire().await?;
        // A day that is not over ends now.
        let until = until.min(self.0.clock().now());
        let zones = store::zones(&mut conn).await?;
        let groups = store::escape_groups(&mut conn, &zones).await?;
        if zone_ids.iter().any(|id| !zones.iter().any(|zone| zone.id == *id)) {
            return Err(Error::NoZone);
        }
        if group_ids.iter().any(|id| !groups.iter().any(|group| group.id == *id)) {
            return Err(Error::NoEscapeGroup);
        }
        let is_all = zone_ids.is_empty() && group_ids.is_empty();
        let mut told = pb::ReplayDayResponse::default();
        // The policy looks at all of them, whichever are asked for.
        let mut was = Counted { zones: Vec::new(), groups: Vec::new() };
        let mut would = Counted { zones: Vec::new(), groups: Vec::new() };
        for zone in &zones {
            let samples = store::history::samples(&mut conn, &zone.id, (from, until)).await?;
            let as_it_was = replay::as_it_was(&samples, until);
            let replayed = replay::with(&samples, zone.capacity, &thresholds, until);
            if !samples.is_empty() && (is_all || zone_ids.contains(&zone.id)) {
                told.zones.push(pb::ZoneReplay {
                    zone_id: zone.id.clone(),
                    name: Some(zone.name.to_proto()),
                    as_it_was: Some(course(&as_it_was)),
                    replayed: Some(course(&replayed)),
                });
            }
            was.zones.push((zone.clone(), as_it_was));
            would.zones.push((zone.clone(), replayed));
        }
        for group in groups {
            let samples = store::history::group_samples(&mut conn, &group.id, (from, until)).await?;
            let as_it_was = replay::as_it_was(&samples, until);
            let replayed = replay::with(&samples, group.limit, &thresholds, until);
            if !samples.is_empty() && (is_all || group_ids.contains(&group.id)) {
                told.groups.push(pb::EscapeGroupReplay {
                    group_id: group.id.clone(),
                    name: Some(group.name.to_proto()),
                    as_it_was: Some(course(&as_it_was)),
                    replayed: Some(course(&replayed)),
                });
            }
            was.groups.push((group.clone(), as_it_was));
            would.groups.push((group, replayed));
        }
        let rules = store::measures::rules(&mut conn).await?;
        let proposed = |counted: &Counted| {
            let proposals = replay::proposals(counted, &rules, until);
            proposals.iter().map(|it| events::measures::proposal(it, &zones)).collect()
        };
        (told.policy_as_it_was, told.policy_replayed) = (proposed(&was), proposed(&would));
        Ok(told)
    }

    async fn pushes(&self, sensor: &str, limit: u32) -> Result<Vec<store::sensors::Listed>, Error> {
        let mut conn = self.0.pool().acquire().await?;
        store::sensors::pushes(&mut conn, sensor, limit.into()).await
    }
}

/// How many lines of a list are asked for.
pub(super) fn limit(asked: u32) -> Result<u32, InvalidField> {
    match asked {
        0 => Ok(50),
        1..=200 => Ok(asked),
        _ => Err(invalid("limit", "is at most 200")),
    }
}

#[tonic::async_trait]
impl Zones for ZonesGrpc {
    async fn click_zone(&self, request: Request<pb::ClickZoneRequest>) -> Result<Response<pb::Zone>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let id = values::slug("zone_id", &request.zone_id)?.to_owned();
        let people = request.people;
        if people == 0 || !(-MOST_CLICKED..=MOST_CLICKED).contains(&people) {
            return Err(invalid("people", "must be -50 to 50, and not 0").into());
        }
        let zone =
            self.0.transact(move |tx| Box::pin(async move { zones::click(tx, key, &id, people, &by).await })).await?;
        Ok(Response::new(events::zone(&zone)))
    }

    async fn rezero_zones(
        &self,
        request: Request<pb::RezeroZonesRequest>,
    ) -> Result<Response<pb::RezeroZonesResponse>, Status> {
        let by = Caller::of(&request).for_the_record();
        if !request.into_inner().verified_empty {
            return Err(invalid("verified_empty", "must be true: walk through the house first").into());
        }
        let zones = self.0.transact(move |tx| Box::pin(async move { zones::rezero(tx, &by).await })).await?;
        Ok(Response::new(pb::RezeroZonesResponse { zones: zones.iter().map(events::zone).collect() }))
    }

    async fn set_sensor_state(
        &self,
        request: Request<pb::SetSensorStateRequest>,
    ) -> Result<Response<pb::Sensor>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let id = values::slug("sensor_id", &request.sensor_id)?.to_owned();
        let to = sensor_state(request.state)?;
        let sensor =
            self.0.transact(move |tx| Box::pin(async move { sensors::set_state(tx, &id, to, &by).await })).await?;
        Ok(Response::new(events::zones::sensor(&sensor)))
    }

    async fn issue_sensor_token(
        &self,
        request: Request<pb::IssueSensorTokenRequest>,
    ) -> Result<Response<pb::IssueSensorTokenResponse>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::slug("sensor_id", &request.get_ref().sensor_id)?.to_owned();
        let token = token::new();
        let hash = token::hash(&token);
        self.0.transact(move |tx| Box::pin(async move { sensors::set_token(tx, &id, &hash, &by).await })).await?;
        Ok(Response::new(pb::IssueSensorTokenResponse { token }))
    }

    async fn list_sensor_pushes(
        &self,
        request: Request<pb::ListSensorPushesRequest>,
    ) -> Result<Response<pb::ListSensorPushesResponse>, Status> {
        let request = request.into_inner();
        let pushes = self.pushes(values::slug("sensor_id", &request.sensor_id)?, limit(request.limit)?).await?;
        let push = |push: store::sensors::Listed| pb::SensorPush {
            at: Some(timestamp(push.at)),
            status: push.status.unsigned_abs(),
            size: push.size.unsigned_abs(),
            problem: push.problem,
        };
        Ok(Response::new(pb::ListSensorPushesResponse { pushes: pushes.into_iter().map(push).collect() }))
    }

    async fn get_headcount(&self, _: Request<pb::GetHeadcountRequest>) -> Result<Response<pb::Headcount>, Status> {
        Ok(Response::new(self.headcount().await?))
    }

    async fn replay_day(
        &self,
        request: Request<pb::ReplayDayRequest>,
    ) -> Result<Response<pb::ReplayDayResponse>, Status> {
        let request = request.into_inner();
        for (field, ids) in [("zone_ids", &request.zone_ids), ("group_ids", &request.group_ids)] {
            if ids.len() > 200 {
                return Err(invalid(field, "are more than 200").into());
            }
        }
        let thresholds = thresholds(request.thresholds)?;
        let wanted = (request.zone_ids.as_slice(), request.group_ids.as_slice());
        Ok(Response::new(self.replay(day(&request.day)?, thresholds, wanted).await?))
    }
}
