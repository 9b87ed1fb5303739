//! The gRPC face of the kitchen's own system, as staff look after it. No decisions.

use kernel::{
    Access, Caller, Context, Db, Role, Who,
    values::{self, invalid, timestamp},
};
use sky_proto::gastro::v1::{self as pb, kitchen_system_server::KitchenSystem};
use tonic::{Request, Response, Status};

use crate::{
    commands::{kds, pushes},
    error::Error,
    events::kitchen_system as words,
    store,
};

const KITCHEN: &[Who] = &[Who::Staff(Role::Kitchen), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.gastro.v1.KitchenSystem",
    methods: &[
        (
            "ListKdsTokens",
            &[
                Who::Staff(Role::Operator),
                Who::Staff(Role::Kitchen),
                Who::Staff(Role::Desk),
                Who::Staff(Role::Attendant),
            ],
        ),
        ("RevokeKdsToken", &[Who::Staff(Role::Operator)]),
        ("ListKdsMessages", KITCHEN),
        ("SendKdsMessage", KITCHEN),
        ("GiveUpKdsMessage", KITCHEN),
    ],
};

const LONGEST_REASON: usize = 200;

/// The server.
#[derive(Debug)]
pub(crate) struct KitchenSystemGrpc {
    db: Db,
}

impl KitchenSystemGrpc {
    pub(crate) fn new(context: &Context) -> Self {
        Self { db: context.db.clone() }
    }
}

#[tonic::async_trait]
impl KitchenSystem for KitchenSystemGrpc {
    async fn list_kds_tokens(
        &self,
        _: Request<pb::ListKdsTokensRequest>,
    ) -> Result<Response<pb::ListKdsTokensResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let tokens = store::kds_tokens::list(&mut conn).await?;
        let (tells, taken) = store::letters::system(&mut conn).await?;
        Ok(Response::new(pb::ListKdsTokensResponse {
            tokens: tokens.iter().map(words::token).collect(),
            tells,
            last_taken_at: taken.map(timestamp),
            observed_at: Some(timestamp(self.db.clock().now())),
        }))
    }

    async fn revoke_kds_token(
        &self,
        request: Request<pb::RevokeKdsTokenRequest>,
    ) -> Result<Response<pb::KdsToken>, Status> {
        let by = Caller::of(&request).for_the_record();
        let id = values::id("token_id", &request.get_ref().token_id)?;
        let token = self
            .db
            .transact(move |tx| {
                let by = by.clone();
                Box::pin(async move { kds::revoke_token(tx, id, &by).await })
            })
            .await?;
        Ok(Response::new(words::token(&token)))
    }

    async fn list_kds_messages(
        &self,
        _: Request<pb::ListKdsMessagesRequest>,
    ) -> Result<Response<pb::ListKdsMessagesResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let letters = store::letters::open(&mut conn).await?;
        let (waiting, refused) = store::letters::count(&mut conn).await?;
        let (tells, _) = store::letters::system(&mut conn).await?;
        let messages = letters.iter().map(words::message).collect();
        Ok(Response::new(pb::ListKdsMessagesResponse { messages, waiting, refused, tells }))
    }

    async fn send_kds_message(
        &self,
        request: Request<pb::SendKdsMessageRequest>,
    ) -> Result<Response<pb::KdsMessage>, Status> {
        let id = values::id("message_id", &request.get_ref().message_id)?;
        let letter = self.db.transact(move |tx| Box::pin(pushes::send_now(tx, id))).await?;
        Ok(Response::new(words::message(&letter)))
    }

    async fn give_up_kds_message(
        &self,
        request: Request<pb::GiveUpKdsMessageRequest>,
    ) -> Result<Response<pb::KdsMessage>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let id = values::id("message_id", &request.message_id)?;
        let reason = values::text("reason", &request.reason, LONGEST_REASON)?;
        if reason.is_empty() {
            return Err(invalid("reason", "is missing; it is kept for the record").into());
        }
        let letter = self
            .db
            .transact(move |tx| {
                let (reason, by) = (reason.clone(), by.clone());
                Box::pin(async move { pushes::give_up(tx, id, &reason, &by).await })
            })
            .await?;
        Ok(Response::new(words::message(&letter)))
    }
}
