//! The gRPC face of what speaks to the car park from outside. No decisions.

use kernel::{
    Access, Caller, Context, Db, Role, Who,
    values::{self, timestamp},
};
use sky_proto::parking::v1::{self as pb, connections_server::Connections};
use tonic::{Request, Response, Status};

use crate::{commands::connections, error::Error, events, store};

/// Who may call what. Everybody who would be asked why nothing comes any more may look; nothing secret is told.
pub(crate) const ACCESS: Access = Access {
    service: "sky.parking.v1.Connections",
    methods: &[
        (
            "ListConnections",
            &[
                Who::Staff(Role::Operator),
                Who::Staff(Role::Attendant),
                Who::Staff(Role::Desk),
                Who::Staff(Role::Kitchen),
            ],
        ),
        ("RevokeDeviceToken", &[Who::Staff(Role::Operator)]),
    ],
};

/// The server.
#[derive(Debug)]
pub(crate) struct ConnectionsGrpc {
    db: Db,
}

impl ConnectionsGrpc {
    pub(crate) fn new(context: &Context) -> Self {
        Self { db: context.db.clone() }
    }
}

#[tonic::async_trait]
impl Connections for ConnectionsGrpc {
    async fn list_connections(
        &self,
        _: Request<pb::ListConnectionsRequest>,
    ) -> Result<Response<pb::ListConnectionsResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let all = store::connections::list(&mut conn, None).await?;
        Ok(Response::new(pb::ListConnectionsResponse {
            connections: all.iter().map(events::connections::connection).collect(),
            observed_at: Some(timestamp(self.db.clock().now())),
        }))
    }

    async fn revoke_device_token(
        &self,
        request: Request<pb::RevokeDeviceTokenRequest>,
    ) -> Result<Response<pb::Connection>, Status> {
        let by = Caller::of(&request).for_the_record();
        let device = values::slug("device_id", &request.get_ref().device_id)?.to_owned();
        let connection = self
            .db
            .transact(move |tx| {
                let (device, by) = (device.clone(), by.clone());
                Box::pin(async move { connections::revoke(tx, &device, &by).await })
            })
            .await?;
        Ok(Response::new(events::connections::connection(&connection)))
    }
}
