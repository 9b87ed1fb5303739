//! What a party says of its way to the house: read, checked, noted.

use chrono::TimeDelta;
use kernel::{
    Access, Caller, Db,
    values::{self, invalid},
};
use sky_proto::journey::v1::{self as pb, arrivals_server::Arrivals};
use tonic::{Request, Response, Status};

use super::{load_visit, own_visit};
use crate::commands;

/// The longest way that somebody may say, in minutes.
const LONGEST: u32 = 240;

/// Who may call what.
pub(crate) const ACCESS: Access =
    Access { service: "sky.journey.v1.Arrivals", methods: &[("TellArrival", super::OWN)] };

/// The server.
#[derive(Debug)]
pub(crate) struct ArrivalsGrpc {
    db: Db,
}

impl ArrivalsGrpc {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }
}

#[tonic::async_trait]
impl Arrivals for ArrivalsGrpc {
    async fn tell_arrival(&self, request: Request<pb::TellArrivalRequest>) -> Result<Response<pb::Visit>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let visit = values::id("visit_id", &request.visit_id)?;
        if request.minutes.is_some_and(|minutes| !(1..=LONGEST).contains(&minutes)) {
            return Err(invalid("minutes", "must be 1 to 240").into());
        }
        own_visit(&self.db, &caller, visit).await?;
        let takes = request.minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
        self.db
            .transact(move |tx| Box::pin(async move { commands::clock::arrival_told(tx, visit, takes).await }))
            .await?;
        Ok(Response::new(load_visit(&self.db, visit).await?))
    }
}
