//! The gRPC face of counts, stays, quotes and the forecast. No decisions.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Access, Caller, Context, Db, EndedDevices, Role, Who,
    values::{self, InvalidField, invalid},
};
use sky_proto::parking::v1::{self as pb, occupancy_server::Occupancy};
use tonic::{Request, Response, Status};

use super::{PUBLIC, bay_class};
use crate::{
    commands::{
        forecasts,
        occupancy::{self, Count},
    },
    domain::{LONGEST_STAY, Window},
    error::Error,
    events, store,
};

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.parking.v1.Occupancy",
    methods: &[
        ("GetQuote", PUBLIC),
        ("RecordOccupancy", &[Who::Staff(Role::Attendant), Who::Device("lane")]),
        ("ListCounts", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator)]),
        ("UndoCount", &[Who::Staff(Role::Attendant)]),
        ("ListChargePoints", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator), Who::Staff(Role::Desk)]),
        ("ListSessions", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator)]),
        ("GetForecast", &[Who::Staff(Role::Attendant), Who::Staff(Role::Operator), Who::Staff(Role::Desk)]),
    ],
};

const LONGEST_LIST: TimeDelta = TimeDelta::days(31);
/// Hours that a forecast has unless it is said, and the most.
const HOURS: u32 = 6;
const MOST_HOURS: u32 = 12;

/// The server.
#[derive(Debug)]
pub(crate) struct OccupancyGrpc {
    db: Db,
    devices: EndedDevices,
}

impl OccupancyGrpc {
    pub(crate) fn new(context: &Context, devices: EndedDevices) -> Self {
        Self { db: context.db.clone(), devices }
    }
}

fn window(
    from: Option<prost_types::Timestamp>,
    until: Option<prost_types::Timestamp>,
    longest: TimeDelta,
) -> Result<Window, InvalidField> {
    let window = Window { from: values::time("from", from)?, until: values::time("until", until)? };
    if window.until <= window.from || window.until - window.from > longest {
        return Err(invalid("until", format!("must be later than `from`, by at most {} hours", longest.num_hours())));
    }
    Ok(window)
}

#[tonic::async_trait]
impl Occupancy for OccupancyGrpc {
    async fn get_quote(&self, request: Request<pb::GetQuoteRequest>) -> Result<Response<pb::Quote>, Status> {
        let request = request.into_inner();
        let class = bay_class(request.bay_class)?;
        let window = window(request.from, request.until, LONGEST_STAY)?;
        let now = self.db.clock().now();
        if window.until <= now {
            return Err(invalid("until", "is in the past").into());
        }
        let quote = self.db.transact(move |tx| Box::pin(occupancy::quote(tx, class, window))).await?;
        Ok(Response::new(events::occupancy::quote(class, window, &quote, now)))
    }

    async fn record_occupancy(
        &self,
        request: Request<pb::RecordOccupancyRequest>,
    ) -> Result<Response<pb::RecordOccupancyResponse>, Status> {
        let caller = self.devices.hear(&request).await?;
        let request = request.into_inner();
        let count = Count {
            key: values::id("idempotency_key", &request.idempotency_key)?,
            class: bay_class(request.bay_class)?,
            occupied: request.occupied,
            at: values::time("observed_at", request.observed_at)?,
            by: caller.for_the_record(),
            lane: match caller {
                Caller::Device { id, .. } => Some(id),
                _ => None,
            },
        };
        let (outcome, site) = self.db.transact(move |tx| Box::pin(occupancy::record(tx, count))).await?;
        Ok(Response::new(events::occupancy::recorded(&outcome, &site, self.db.clock().now())))
    }

    async fn list_counts(&self, _: Request<pb::ListCountsRequest>) -> Result<Response<pb::ListCountsResponse>, Status> {
        Ok(Response::new(pb::ListCountsResponse { counts: self.counts().await? }))
    }

    async fn list_charge_points(
        &self,
        _: Request<pb::ListChargePointsRequest>,
    ) -> Result<Response<pb::ListChargePointsResponse>, Status> {
        Ok(Response::new(pb::ListChargePointsResponse { charge_points: self.charge_points().await? }))
    }

    async fn undo_count(&self, request: Request<pb::UndoCountRequest>) -> Result<Response<pb::Site>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("count_id", &request.into_inner().count_id)?;
        let undo = self.db.transact(move |tx| {
            let by = by.clone();
            Box::pin(async move { occupancy::undo(tx, id, &by).await })
        });
        Ok(Response::new(events::site(&undo.await?, self.db.clock().now())))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let request = request.into_inner();
        let span = window(request.from, request.until, LONGEST_LIST)?;
        Ok(Response::new(pb::ListSessionsResponse { sessions: self.sessions(span).await? }))
    }

    async fn get_forecast(&self, request: Request<pb::GetForecastRequest>) -> Result<Response<pb::Forecast>, Status> {
        let hours = match request.into_inner().hours {
            0 => HOURS,
            hours if hours <= MOST_HOURS => hours,
            _ => return Err(invalid("hours", "must be at most 12").into()),
        };
        Ok(Response::new(self.forecast(self.db.clock().now(), hours).await?))
    }
}

/// Pure reads.
impl OccupancyGrpc {
    async fn counts(&self) -> Result<Vec<pb::Count>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        store::counts::last(&mut conn).await?.iter().map(events::occupancy::count).collect()
    }

    async fn charge_points(&self) -> Result<Vec<pb::ChargePoint>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        let known = store::partners::charge_points(&mut conn).await?;
        let now = self.db.clock().now();
        Ok(known.into_iter().map(|point| events::occupancy::charge_point(point, now)).collect())
    }

    async fn sessions(&self, span: Window) -> Result<Vec<pb::Session>, Error> {
        let mut conn = self.db.pool().acquire().await?;
        store::occupancy::sessions(&mut conn, span).await?.iter().map(events::occupancy::session).collect()
    }

    async fn forecast(&self, now: DateTime<Utc>, hours: u32) -> Result<pb::Forecast, Error> {
        let mut conn = self.db.pool().acquire().await?;
        Ok(events::occupancy::forecast(&forecasts::look_ahead(&mut conn, now, hours * 4).await?))
    }
}
