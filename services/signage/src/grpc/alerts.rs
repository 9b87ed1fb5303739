//! Official warnings: reads the formats, calls the command.

use chrono::TimeDelta;
use kernel::{Access, Caller, clock::wall_now, values::timestamp};
use serde_json::json;
use sky_proto::signage::v1::{self as pb, alerts_server::Alerts};
use tonic::{Request, Response, Status};

use super::{ATTENDANT, Api, DESK, KITCHEN, OPERATOR};
use crate::{
    cap,
    commands::{
        self,
        alerts::{self, Imported},
    },
    domain::Alert,
    error::Error,
    store,
};

/// Who may call what.
pub const ACCESS: Access = Access {
    service: "sky.signage.v1.Alerts",
    methods: &[
        ("ImportCap", &[DESK, OPERATOR]),
        ("ImportNina", &[DESK, OPERATOR]),
        ("ListFeeds", &[DESK, OPERATOR, KITCHEN, ATTENDANT]),
    ],
};

/// A feed that has given no good answer for so long is silent.
const SILENT: TimeDelta = TimeDelta::minutes(10);

#[tonic::async_trait]
impl Alerts for Api {
    async fn import_cap(&self, request: Request<pb::ImportCapRequest>) -> Result<Response<pb::ImportedAlert>, Status> {
        let who = Caller::of(&request).for_the_record();
        let alert = cap::read(&request.into_inner().alert)?;
        self.feeds.takes(&alert)?;
        Ok(Response::new(self.import(alert, who, "import_cap").await?))
    }

    async fn import_nina(
        &self,
        request: Request<pb::ImportNinaRequest>,
    ) -> Result<Response<pb::ImportNinaResponse>, Status> {
        let who = Caller::of(&request).for_the_record();
        let mut answer = pb::ImportNinaResponse::default();
        for entry in cap::read_list(&request.into_inner().list)? {
            match entry.and_then(|alert| self.feeds.takes(&alert).map(|()| alert)) {
                Ok(alert) => answer.alerts.push(self.import(alert, who.clone(), "import_nina").await?),
                Err(problem) => answer.problems.push(problem.to_string()),
            }
        }
        Ok(Response::new(answer))
    }

    async fn list_feeds(&self, _: Request<pb::ListFeedsRequest>) -> Result<Response<pb::ListFeedsResponse>, Status> {
        let known = store::feeds::all(self.db.pool()).await?;
        let feed = |(address, name): (&str, String)| match known.iter().find(|feed| feed.address == address) {
            Some(feed) => pb::WarningFeed {
                name,
                asked_at: Some(timestamp(feed.asked_at)),
                heard_at: feed.heard_at.map(timestamp),
                problem: feed.problem.clone(),
                silent: feed.heard_at.is_none_or(|at| wall_now() - at > SILENT),
                warnings: u32::try_from(feed.warnings.len()).unwrap_or(u32::MAX),
            },
            None => pb::WarningFeed { name, ..Default::default() },
        };
        let feeds = self.feeds.names().map(feed).collect();
        Ok(Response::new(pb::ListFeedsResponse { feeds }))
    }
}

impl Api {
    async fn import(&self, alert: Alert, who: String, act: &'static str) -> Result<pb::ImportedAlert, Status> {
        let board = self.board.clone();
        let imported = self.db.transact(move |tx| {
            Box::pin(async move {
                let imported = alerts::import(tx, &board, &alert).await?;
                let about = imported.shown.map(|id| id.to_string()).unwrap_or_default();
                let what = json!({
                    "alert": alert.identifier,
                    "sender": alert.sender,
                    "not_shown": imported.shown.err(),
                    "ended": imported.ended,
                    "not_ended": imported.not_ended,
                });
                commands::record(tx, &who, act, &about, what).await?;
                Ok::<_, Error>(imported)
            })
        });
        let imported = imported.await?;
        let Imported { shown, ended, not_ended } = imported;
        Ok(pb::ImportedAlert {
            message_id: shown.map(|id| id.to_string()).unwrap_or_default(),
            not_shown: shown.err().unwrap_or_default().to_owned(),
            ended_message_ids: ended.iter().map(ToString::to_string).collect(),
            not_ended_message_ids: not_ended.iter().map(ToString::to_string).collect(),
        })
    }
}
