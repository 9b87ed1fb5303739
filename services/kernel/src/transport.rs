//! The way from one service to another: the sibling's router when it runs in this process, a lazy
//! HTTP/2 channel otherwise. Both pass through the same layers, so identity is checked either way.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use tonic::{
    Status,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{Service, ServiceExt};

use crate::identity::{Caller, Keys};

type Request = http::Request<Body>;
type Response = http::Response<Body>;

/// Where every service is.
#[derive(Clone, Debug)]
pub(crate) struct Transports {
    ways: Arc<RwLock<HashMap<String, Way>>>,
    keys: Keys,
}

#[derive(Clone, Debug)]
enum Way {
    Here(axum::Router),
    There(Channel),
}

impl Transports {
    pub(crate) fn new(peers: &std::collections::BTreeMap<String, String>, keys: Keys) -> anyhow::Result<Self> {
        let mut ways = HashMap::new();
        for (service, address) in peers {
            let endpoint = Endpoint::from_shared(address.clone())
                .map_err(|error| anyhow::anyhow!("peers.{service} = \"{address}\" is not an address: {error}"))?
                .connect_timeout(std::time::Duration::from_secs(3))
                .http2_keep_alive_interval(std::time::Duration::from_secs(10))
                .keep_alive_while_idle(true);
            ways.insert(service.clone(), Way::There(endpoint.connect_lazy()));
        }
        Ok(Self { ways: Arc::new(RwLock::new(ways)), keys })
    }

    /// A service of this process: its calls need no network.
    pub(crate) fn here(&self, service: &str, router: axum::Router) {
        self.ways.write().unwrap_or_else(PoisonError::into_inner).insert(service.to_owned(), Way::Here(router));
    }

    pub(crate) fn to(&self, service: &'static str, caller: &'static str) -> Transport {
        Transport { to: service, caller: Caller::Service(caller.to_owned()), transports: self.clone() }
    }
}

/// A gRPC transport to one service; what generated clients take.
#[derive(Clone, Debug)]
pub struct Transport {
    to: &'static str,
    caller: Caller,
    transports: Transports,
}

impl Transport {
    /// The same way, for somebody else: the portal calls as the person or device it serves.
    #[must_use]
    pub fn on_behalf_of(&self, caller: Caller) -> Self {
        Self { caller, ..self.clone() }
    }
}

impl Service<Request> for Transport {
    type Response = Response;
    type Error = tower::BoxError;
    type Future = BoxFuture<'static, Result<Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let way = self.transports.ways.read().unwrap_or_else(PoisonError::into_inner).get(self.to).cloned();
        if !request.headers().contains_key(http::header::AUTHORIZATION)
            && self.caller != Caller::Nobody
            && let Ok(value) =
                http::HeaderValue::from_str(&format!("Bearer {}", self.transports.keys.sign(&self.caller)))
        {
            request.headers_mut().insert(http::header::AUTHORIZATION, value);
        }
        crate::telemetry::inject(request.headers_mut());
        let to = self.to;
        Box::pin(async move {
            match way {
                Some(Way::Here(router)) => Ok(router.oneshot(request).await?.map(Body::new)),
                Some(Way::There(channel)) => Ok(channel.oneshot(request).await?),
                None => {
                    Ok(Status::unavailable(format!("The service {to} is not known here; set peers.{to}.")).into_http())
                }
            }
        })
    }
}

/// Ways to a house elsewhere, all at one address, calling as `caller`: for command-line tools.
///
/// # Errors
/// When the address is none.
pub fn remote(
    address: &str,
    keys: Keys,
    caller: &'static str,
) -> anyhow::Result<impl Fn(&'static str) -> Transport + use<>> {
    let channel = Endpoint::from_shared(address.to_owned())
        .map_err(|error| anyhow::anyhow!("\"{address}\" is not an address: {error}"))?
        .connect_timeout(std::time::Duration::from_secs(3))
        .connect_lazy();
    let transports = Transports::new(&std::collections::BTreeMap::new(), keys)?;
    Ok(move |service: &'static str| {
        transports
            .ways
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(service.to_owned())
            .or_insert_with(|| Way::There(channel.clone()));
        transports.to(service, caller)
    })
}
