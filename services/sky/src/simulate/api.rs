//! The public interfaces, as the simulation's people use them: gRPC over TCP with an identity that they
//! got by signing in, and plain HTTP.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use data_encoding::BASE32_NOPAD;
use kernel::Role;
use rand::RngExt;
use sky_proto::portal::v1::{SignInRequest, StartSessionRequest, access_client::AccessClient};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// A connection as somebody.
pub type Door = InterceptedService<Channel, Bearer>;

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

/// Everybody's way in.
pub struct Api {
    channel: Channel,
    /// Base of the web pages.
    pub web: String,
    /// For pages.
    pub http: reqwest::Client,
    staff: Vec<(Role, String)>,
}

fn bearer(token: &str) -> anyhow::Result<MetadataValue<Ascii>> {
    Ok(format!("Bearer {token}").parse()?)
}

impl Api {
    /// Connects, and gives each role an account with a made-up password.
    pub async fn connect(grpc: SocketAddr, http: SocketAddr, portal_database: &str) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(format!("http://{grpc}"))?.tcp_nodelay(true).connect().await?;
        let mut staff = Vec::new();
        for role in Role::ALL {
            let mut secret = [0_u8; 20];
            rand::rng().fill(&mut secret);
            let password = BASE32_NOPAD.encode(&secret);
            portal::add_account(portal_database, role.name(), &password, &[role]).await?;
            staff.push((role, password));
        }
        let http_client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { channel, web: format!("http://{http}"), http: http_client, staff })
    }

    /// A member of staff, signed in.
    pub async fn staff(&self, role: Role) -> anyhow::Result<Door> {
        let password = self
            .staff
            .iter()
            .find(|(known, _)| *known == role)
            .map(|(_, password)| password.clone())
            .unwrap_or_default();
        let request = SignInRequest { account: role.name().to_owned(), password };
        let token = AccessClient::new(self.channel.clone()).sign_in(request).await?.into_inner().token;
        Ok(self.door(&token)?)
    }

    /// A visitor without an account.
    pub async fn visitor(&self) -> anyhow::Result<Door> {
        let token =
            AccessClient::new(self.channel.clone()).start_session(StartSessionRequest {}).await?.into_inner().token;
        self.door(&token)
    }

    fn door(&self, token: &str) -> anyhow::Result<Door> {
        Ok(InterceptedService::new(self.channel.clone(), Bearer(Arc::new(RwLock::new(bearer(token)?)))))
    }
}
