//! Official warnings: reads the formats, calls the command.

use kernel::Access;
use sky_proto::signage::v1::{self as pb, alerts_server::Alerts};
use tonic::{Request, Response, Status};

use super::{Api, DESK, OPERATOR};
use crate::{
    cap,
    commands::alerts::{self, Imported},
    domain::Alert,
};

/// Who may call what.
pub const ACCESS: Access = Access {
    service: "sky.signage.v1.Alerts",
    methods: &[("ImportCap", &[DESK, OPERATOR]), ("ImportNina", &[DESK, OPERATOR])],
};

#[tonic::async_trait]
impl Alerts for Api {
    async fn import_cap(&self, request: Request<pb::ImportCapRequest>) -> Result<Response<pb::ImportedAlert>, Status> {
        let alert = cap::read(&request.into_inner().alert)?;
        Ok(Response::new(self.import(alert).await?))
    }

    async fn import_nina(
        &self,
        request: Request<pb::ImportNinaRequest>,
    ) -> Result<Response<pb::ImportNinaResponse>, Status> {
        let mut answer = pb::ImportNinaResponse::default();
        for entry in cap::read_list(&request.into_inner().list)? {
            match entry {
                Ok(alert) => answer.alerts.push(self.import(alert).await?),
                Err(problem) => answer.problems.push(problem.to_string()),
            }
        }
        Ok(Response::new(answer))
    }
}

impl Api {
    async fn import(&self, alert: Alert) -> Result<pb::ImportedAlert, Status> {
        let board = self.board.clone();
        let imported =
            self.db.transact(move |tx| Box::pin(async move { alerts::import(tx, &board, &alert).await })).await?;
        let Imported { shown, ended } = imported;
        Ok(pb::ImportedAlert {
            message_id: shown.map(|id| id.to_string()).unwrap_or_default(),
            not_shown: shown.err().unwrap_or_default().to_owned(),
            ended_message_ids: ended.iter().map(ToString::to_string).collect(),
        })
    }
}
