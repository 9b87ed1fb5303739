//! The way from one service to another: the sibling's router when it runs in this process, a lazy
//! HTTP/2 channel otherwise. Both pass through the same layers, so identity is checked either way.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use tokio::{net::TcpStream, sync::Mutex, time::timeout};
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
    There(Arc<Replicas>),
}

/// How long a replica may take to take a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Where there are others to turn to: so long one may take to show that it is there, …
const SHOW: Duration = Duration::from_millis(500);
/// … and so long that holds. Whoever watches is with another one within five seconds, also when a machine loses its
/// power and says nothing any more.
const HOLDS: Duration = Duration::from_secs(1);
const PING: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(2);

/// The replicas of a service elsewhere. All calls go to one of them, until it is gone: then to the next.
#[derive(Debug)]
struct Replicas {
    /// Where each is, for a look whether it listens, and the way there.
    all: Vec<(String, Channel)>,
    /// Which one is called, and when it was last seen to be there.
    chosen: Mutex<(usize, Option<Instant>)>,
}

impl Replicas {
    /// One address or several, with commas between them.
    fn at(addresses: &str) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        let several = addresses.contains(',');
        for address in addresses.split(',') {
            let endpoint = endpoint(address.trim())?;
            let uri = endpoint.uri();
            let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
            let place = format!("{}:{port}", uri.host().unwrap_or_default());
            let endpoint = match several {
                true => endpoint.http2_keep_alive_interval(PING).keep_alive_timeout(ANSWER),
                false => endpoint.http2_keep_alive_interval(Duration::from_secs(10)),
            };
            all.push((place, endpoint.keep_alive_while_idle(true).connect_lazy()));
        }
        Ok(Self { all, chosen: Mutex::new((0, None)) })
    }

    /// The one to call: as before as long as it is there, else the next that is. A lazy channel tells only by failing, and
    /// then the call is lost; so it is looked first.
    async fn choose(&self) -> (usize, Channel) {
        if let [(_, only)] = &self.all[..] {
            return (0, only.clone());
        }
        let mut chosen = self.chosen.lock().await;
        if chosen.1.is_none_or(|seen| seen.elapsed() > HOLDS) {
            for step in 0..self.all.len() {
                let at = (chosen.0 + step) % self.all.len();
                if matches!(timeout(SHOW, TcpStream::connect(&self.all[at].0)).await, Ok(Ok(_))) {
                    *chosen = (at, Some(Instant::now()));
                    break;
                }
            }
        }
        (chosen.0, self.all[chosen.0].1.clone())
    }

    /// A call to it has failed on the way: the next call looks anew, at the others first.
    async fn lost(&self, at: usize) {
        let mut chosen = self.chosen.lock().await;
        if chosen.0 == at {
            *chosen = ((at + 1) % self.all.len(), None);
        }
    }
}

fn endpoint(address: &str) -> anyhow::Result<Endpoint> {
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|error| anyhow::anyhow!("\"{address}\" is not an address: {error}"))?;
    Ok(endpoint.connect_timeout(CONNECT))
}

impl Transports {
    pub(crate) fn new(peers: &std::collections::BTreeMap<String, String>, keys: Keys) -> anyhow::Result<Self> {
        let mut ways = HashMap::new();
        for (service, address) in peers {
            let replicas = Replicas::at(address).map_err(|error| error.context(format!("peers.{service}")))?;
            ways.insert(service.clone(), Way::There(Arc::new(replicas)));
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
                Some(Way::There(replicas)) => {
                    let (at, channel) = replicas.choose().await;
                    match channel.oneshot(request).await {
                        Ok(answer) => Ok(answer),
                        Err(error) => {
                            replicas.lost(at).await;
                            Err(error.into())
                        }
                    }
                }
                None => {
                    Ok(Status::unavailable(format!("The service {to} is not known here; set peers.{to}.")).into_http())
                }
            }
        })
    }
}

/// Ways to a house elsewhere, calling as `caller`: for command-line tools. `addresses` by service, as `peers` in the
/// configuration.
///
/// # Errors
/// When an address is none.
pub fn remote(
    addresses: &std::collections::BTreeMap<String, String>,
    keys: Keys,
    caller: &'static str,
) -> anyhow::Result<impl Fn(&'static str) -> Transport + use<>> {
    let transports = Transports::new(addresses, keys)?;
    Ok(move |service: &'static str| transports.to(service, caller))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn calls_go_to_one_replica_until_it_is_gone_and_come_back_to_one_that_returns() {
        let (first, second) = (TcpListener::bind("127.0.0.1:0").await, TcpListener::bind("127.0.0.1:0").await);
        let (first, second) = (first.expect("a port"), second.expect("a port"));
        let at = |listener: &TcpListener| listener.local_addr().expect("bound");
        let (one, other) = (at(&first), at(&second));
        let replicas = Replicas::at(&format!("http://{one}, http://{other}")).expect("addresses");
        assert_eq!(replicas.choose().await.0, 0);
        drop(first);
        replicas.lost(0).await;
        assert_eq!(replicas.choose().await.0, 1);
        let first = TcpListener::bind(one).await.expect("the port is free again");
        assert_eq!(replicas.choose().await.0, 1, "not without need");
        drop(second);
        replicas.lost(1).await;
        assert_eq!(replicas.choose().await.0, 0);
        drop(first);
        replicas.lost(0).await;
        // Nobody is there: some call has to say so.
        replicas.choose().await;
        for wrong in ["", "http://", "http://one,,http://two"] {
            assert!(Replicas::at(wrong).is_err(), "{wrong}");
        }
    }
}
