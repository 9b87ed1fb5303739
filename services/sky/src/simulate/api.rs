//! The public interfaces, as the simulation's people use them: gRPC over TCP with an identity that they
//! got by signing in, and plain HTTP.

use std::{
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context as Task, Poll},
    time::{Duration, Instant},
};

use anyhow::Context;
use data_encoding::BASE32_NOPAD;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use kernel::Role;
use rand::RngExt;
use sky_proto::portal::v1::{
    ApprovePairingRequest, FinishPairingRequest, OpenVisitRequest, SignInDeviceRequest, SignInRequest,
    StartPairingRequest, StartSessionRequest, access_client::AccessClient,
};
use tokio::sync::Mutex;
use tonic::{
    Request, Status,
    body::Body,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};
use tower::{BoxError, Service, ServiceExt};

/// A connection as somebody.
pub type Door = InterceptedService<Patient, Bearer>;

/// So often somebody tries again who is told that the house is not available at the moment, each time after a pause.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// A connection on which whoever is told "not available, try again in a few seconds" does that. A day runs through in
/// minutes on a machine that may have much else to do.
#[derive(Clone)]
pub struct Patient {
    channel: Channel,
    again: Arc<AtomicU64>,
}

impl Service<http::Request<Body>> for Patient {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), BoxError>> {
        self.channel.poll_ready(task).map_err(BoxError::from)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        // The ready one; the other is not.
        let other = self.channel.clone();
        let (mut channel, again) = (std::mem::replace(&mut self.channel, other), self.again.clone());
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let mut tries = 0;
            loop {
                tries += 1;
                let request = http::Request::from_parts(head.clone(), Body::new(Full::new(body.clone())));
                let answer = channel.ready().await?.call(request).await?;
                let is_away = Status::from_header_map(answer.headers())
                    .is_some_and(|status| status.code() == tonic::Code::Unavailable);
                if !is_away || tries == TRIES {
                    return Ok(answer);
                }
                again.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        })
    }
}

/// Puts the caller's identity on every call.
#[derive(Clone)]
pub struct Bearer(Arc<RwLock<MetadataValue<Ascii>>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        request.metadata_mut().insert("authorization", token);
        Ok(request)
    }
}

/// Identities are good for ten minutes of real time; whoever works longer signs in again before.
const RENEW: Duration = Duration::from_secs(300);

/// What somebody signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Credential {
    Staff(Role),
    Device(String),
}

/// Everybody's way in.
pub struct Api {
    channel: Patient,
    /// Base of the web pages.
    pub web: String,
    /// For pages.
    pub http: reqwest::Client,
    passwords: Vec<(Role, String)>,
    at_work: Mutex<AtWork>,
}

/// Staff and devices that have signed in.
struct AtWork {
    doors: Vec<(Credential, Bearer)>,
    renewed: Instant,
}

fn bearer(token: &str) -> anyhow::Result<MetadataValue<Ascii>> {
    Ok(format!("Bearer {token}").parse()?)
}

impl Api {
    /// Connects, and gives each role an account with a made-up password.
    pub async fn connect(grpc: SocketAddr, http: SocketAddr, portal_database: &str) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(format!("http://{grpc}"))?.tcp_nodelay(true).connect().await?;
        let mut passwords = Vec::new();
        for role in Role::ALL {
            let mut secret = [0_u8; 20];
            rand::rng().fill(&mut secret);
            let password = BASE32_NOPAD.encode(&secret);
            portal::add_account(portal_database, role.name(), &password, &[role]).await?;
            passwords.push((role, password));
        }
        Ok(Self {
            channel: Patient { channel, again: Arc::default() },
            web: format!("http://{http}"),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
            passwords,
            at_work: Mutex::new(AtWork { doors: Vec::new(), renewed: Instant::now() }),
        })
    }

    fn access(&self) -> AccessClient<Patient> {
        AccessClient::new(self.channel.clone())
    }

    /// A member of staff, signed in once for the day.
    pub async fn staff(&self, role: Role) -> anyhow::Result<Door> {
        self.work(Credential::Staff(role)).await
    }

    /// A device that the desk has paired.
    pub async fn device(&self, kind: &str, device_id: &str) -> anyhow::Result<Door> {
        let begun = self
            .access()
            .start_pairing(StartPairingRequest { device_kind: kind.to_owned() })
            .await
            .context("pairing")?
            .into_inner();
        let approve = ApprovePairingRequest { claim_code: begun.claim_code, device_id: device_id.to_owned() };
        AccessClient::new(self.staff(Role::Desk).await?)
            .approve_pairing(approve)
            .await
            .with_context(|| format!("pairing {device_id}"))?;
        let finish = FinishPairingRequest { pairing_secret: begun.pairing_secret };
        let paired = self.access().finish_pairing(finish).await?.into_inner();
        self.work(Credential::Device(paired.device_token)).await
    }

    async fn work(&self, credential: Credential) -> anyhow::Result<Door> {
        let mut at_work = self.at_work.lock().await;
        if let Some((_, bearer)) = at_work.doors.iter().find(|(known, _)| *known == credential) {
            return Ok(InterceptedService::new(self.channel.clone(), bearer.clone()));
        }
        let bearer = Bearer(Arc::new(RwLock::new(bearer(&self.sign_in(&credential).await?)?)));
        at_work.doors.push((credential, bearer.clone()));
        Ok(InterceptedService::new(self.channel.clone(), bearer))
    }

    async fn sign_in(&self, credential: &Credential) -> anyhow::Result<String> {
        let answer = match credential {
            Credential::Staff(role) => {
                let password = self.passwords.iter().find(|(known, _)| known == role).context("a role's account")?;
                let request = SignInRequest { account: role.name().to_owned(), password: password.1.clone() };
                self.access().sign_in(request).await
            }
            Credential::Device(token) => {
                self.access().sign_in_device(SignInDeviceRequest { device_token: token.clone() }).await
            }
        };
        Ok(answer.context("signing in")?.into_inner().token)
    }

    /// Signs in again whoever has been at work for a while. To be called now and then.
    pub async fn renew(&self) -> anyhow::Result<()> {
        let mut at_work = self.at_work.lock().await;
        if at_work.renewed.elapsed() < RENEW {
            return Ok(());
        }
        for (credential, door) in &at_work.doors {
            let token = bearer(&self.sign_in(credential).await?)?;
            *door.0.write().unwrap_or_else(PoisonError::into_inner) = token;
        }
        at_work.renewed = Instant::now();
        Ok(())
    }

    /// A visitor without an account.
    pub async fn visitor(&self) -> anyhow::Result<Door> {
        let token = self.access().start_session(StartSessionRequest {}).await?.into_inner().token;
        self.door(&token)
    }

    /// A visitor who has opened the link to a visit's page.
    pub async fn visitor_with_link(&self, secret: String) -> anyhow::Result<Door> {
        let token = self.access().open_visit(OpenVisitRequest { secret }).await?.into_inner().token;
        self.door(&token)
    }

    /// Calls and pages that were asked for again, because the house was not available.
    pub fn asked_again(&self) -> u64 {
        self.channel.again.load(Ordering::Relaxed)
    }

    /// Sends a request of the web until the house is available, as a browser's user or a device does.
    pub async fn send(&self, request: &reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = request.try_clone().context("a request that can be sent again")?.send().await?;
            if answer.status() != reqwest::StatusCode::SERVICE_UNAVAILABLE || tries == TRIES {
                return Ok(answer);
            }
            self.channel.again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn door(&self, token: &str) -> anyhow::Result<Door> {
        Ok(InterceptedService::new(self.channel.clone(), Bearer(Arc::new(RwLock::new(bearer(token)?)))))
    }
}
