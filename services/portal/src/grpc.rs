//! The gRPC face of the edge: signing in, and pairing of devices. Checks what was sent and signs
//! identities; the domain's decisions are in `accounts` and `commands`.

pub(crate) mod waiting_rooms;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kernel::{
    Access, Caller, Role, Who,
    clock::wall_now,
    values::{self, InvalidField, invalid, timestamp},
};
use sky_proto::{
    journey::v1::ExchangeLinkRequest,
    portal::v1::{self as pb, access_server},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{commands, domain, edge::Edge, error::Error, store, whence::Asker};

/// Who may call what.
pub(crate) const ACCESS: Access = Access {
    service: "sky.portal.v1.Access",
    methods: &[
        ("SignIn", &[Who::Anyone]),
        ("StartSession", &[Who::Anyone]),
        ("OpenVisit", &[Who::Anyone]),
        ("StartPairing", &[Who::Anyone]),
        ("ApprovePairing", &[Who::Staff(Role::Desk), Who::Staff(Role::Admin)]),
        ("FinishPairing", &[Who::Anyone]),
        ("SignInDevice", &[Who::Anyone]),
        ("RevokeDevice", &[Who::Staff(Role::Desk), Who::Staff(Role::Admin)]),
        (
            "ListDevices",
            &[
                Who::Staff(Role::Desk),
                Who::Staff(Role::Operator),
                Who::Staff(Role::Attendant),
                Who::Staff(Role::Kitchen),
            ],
        ),
    ],
};

/// The server.
#[derive(Debug)]
pub(crate) struct AccessGrpc(pub(crate) Arc<Edge>);

impl AccessGrpc {
    /// An identity of its own for each who asks: a device that was paired anew must not get one from before.
    fn token(&self, caller: &Caller, asked_at: DateTime<Utc>) -> Response<pb::IdentityToken> {
        let expires_at = Some(timestamp(asked_at + caller.lifetime()));
        Response::new(pb::IdentityToken { token: self.0.keys.issue(caller, asked_at), expires_at })
    }

    fn asker<T>(&self, request: &Request<T>) -> Asker {
        let peer = request.remote_addr().map(|peer| peer.ip());
        self.0.proxies.asker(peer, &request.metadata().clone().into_headers())
    }
}

/// The session of somebody who does not come by the pages, where the waiting rooms are. Journey goes by the word before
/// it; no browser's session has it, and nobody can change it: the identity is signed.
fn direct_session() -> String {
    format!("direct:{}", Uuid::new_v4())
}

/// A secret of ours in base64url; anything else cannot be one.
fn secret<'a>(field: &'static str, text: &'a str) -> Result<&'a str, InvalidField> {
    match text.len() {
        0 => Err(invalid(field, "is missing")),
        1..=128 => Ok(text),
        _ => Err(invalid(field, "is too long to be one of ours")),
    }
}

fn device_kind(text: &str) -> Result<&'static str, InvalidField> {
    domain::DEVICE_KINDS
        .into_iter()
        .find(|kind| *kind == text)
        .ok_or_else(|| invalid("device_kind", "must be \"display\", \"scanner\" or \"lane\""))
}

#[tonic::async_trait]
impl access_server::Access for AccessGrpc {
    async fn sign_in(&self, request: Request<pb::SignInRequest>) -> Result<Response<pb::IdentityToken>, Status> {
        let network = self.asker(&request).network();
        let request = request.into_inner();
        let account = self.0.doorman.sign_in(&request.account, &request.password, &network).await?;
        Ok(self.token(&Caller::Staff { account: account.name, roles: account.roles }, wall_now()))
    }

    async fn start_session(&self, _: Request<pb::StartSessionRequest>) -> Result<Response<pb::IdentityToken>, Status> {
        Ok(self.token(&Caller::Visitor { session: direct_session(), visit: None }, wall_now()))
    }

    async fn open_visit(&self, request: Request<pb::OpenVisitRequest>) -> Result<Response<pb::IdentityToken>, Status> {
        let secret = secret("secret", &request.get_ref().secret)?.to_owned();
        let found = self.0.journey_as_portal().exchange_link(ExchangeLinkRequest { secret }).await?.into_inner();
        let visit = Uuid::try_parse(&found.visit_id).ok();
        Ok(self.token(&Caller::Visitor { session: direct_session(), visit }, wall_now()))
    }

    async fn start_pairing(
        &self,
        request: Request<pb::StartPairingRequest>,
    ) -> Result<Response<pb::StartPairingResponse>, Status> {
        let kind = device_kind(&request.get_ref().device_kind)?;
        let asker = self.asker(&request);
        let begun = self
            .0
            .db
            .transact(move |tx| Box::pin(async move { commands::start_pairing(tx, kind, asker).await }))
            .await?;
        Ok(Response::new(pb::StartPairingResponse { claim_code: begun.claim_code, pairing_secret: begun.secret }))
    }

    async fn approve_pairing(
        &self,
        request: Request<pb::ApprovePairingRequest>,
    ) -> Result<Response<pb::ApprovePairingResponse>, Status> {
        let by = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        self.0.approve_pairing(&request.claim_code, &request.device_id, by).await?;
        Ok(Response::new(pb::ApprovePairingResponse {}))
    }

    async fn finish_pairing(
        &self,
        request: Request<pb::FinishPairingRequest>,
    ) -> Result<Response<pb::FinishPairingResponse>, Status> {
        let secret = secret("pairing_secret", &request.get_ref().pairing_secret)?.to_owned();
        let paired =
            self.0.db.transact(move |tx| Box::pin(async move { commands::finish_pairing(tx, &secret).await })).await?;
        Ok(Response::new(match paired {
            Some(paired) => {
                pb::FinishPairingResponse { approved: true, device_token: paired.token, device_id: paired.device_id }
            }
            None => pb::FinishPairingResponse::default(),
        }))
    }

    async fn sign_in_device(
        &self,
        request: Request<pb::SignInDeviceRequest>,
    ) -> Result<Response<pb::IdentityToken>, Status> {
        let token = secret("device_token", &request.get_ref().device_token)?;
        let hash = kernel::token::hash(token);
        // Before it is looked: an identity must not be newer than the end of the pairing that it comes from.
        let asked_at = wall_now();
        let found =
            self.0.db.transact(move |tx| Box::pin(async move { commands::device_signs_in(tx, &hash).await })).await?;
        let (id, kind) = found.ok_or(Error::NoSuchDevice)?;
        Ok(self.token(&Caller::Device { id, kind }, asked_at))
    }

    async fn revoke_device(
        &self,
        request: Request<pb::RevokeDeviceRequest>,
    ) -> Result<Response<pb::RevokeDeviceResponse>, Status> {
        let by = Caller::of(&request).for_the_record();
        let device_id = values::slug("device_id", &request.get_ref().device_id)?.to_owned();
        self.0
            .db
            .transact(move |tx| Box::pin(async move { commands::revoke_device(tx, &device_id, &by).await }))
            .await?;
        Ok(Response::new(pb::RevokeDeviceResponse {}))
    }

    async fn list_devices(
        &self,
        _: Request<pb::ListDevicesRequest>,
    ) -> Result<Response<pb::ListDevicesResponse>, Status> {
        let now = wall_now();
        let devices = store::devices(self.0.db.pool(), now).await?;
        let devices = devices.into_iter().map(|it| pb::Device {
            device_id: it.device_id,
            device_kind: it.kind,
            approved_by: it.approved_by,
            paired_at: Some(timestamp(it.paired_at)),
            last_used_at: it.used_at.map(timestamp),
            revoked_at: it.revoked_at.map(timestamp),
            revoked_by: it.revoked_by,
        });
        Ok(Response::new(pb::ListDevicesResponse { devices: devices.collect(), observed_at: Some(timestamp(now)) }))
    }
}
