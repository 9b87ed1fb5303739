//! The floor of the displays: a bare tonic stream with the same payload and the same fan-out. Nothing of the house in it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt, future::BoxFuture};
use kernel::Tasks;
use sky_proto::signage::v1::{Content, DisplayUpdate, WatchDisplayRequest, display_update::Update};
use tokio::sync::{mpsc, watch};
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, ServerStreamingService},
    transport::Channel,
};
use tonic_prost::ProstCodec;

use super::{Options, PATIENCE};
use crate::report::Latencies;

/// The same payload to as many streams over as many connections, with nothing else around.
pub(super) async fn bare(options: &Options, payload: Content) -> anyhow::Result<Latencies> {
    let (sender, receiver) = watch::channel(Arc::new(payload.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let tasks = Tasks::default();
    tasks.spawn_until_stop(async move {
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let server = tonic::transport::Server::builder().add_service(Push(receiver)).serve_with_incoming(incoming);
        if let Err(error) = server.await {
            eprintln!("bare server: {error}");
        }
    });
    let (told, mut seen) = mpsc::unbounded_channel();
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(Channel::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?);
    }
    for n in 0..options.displays {
        let (channel, told) = (connections[n as usize % connections.len()].clone(), told.clone());
        tasks.spawn_until_stop(async move {
            let mut client = tonic::client::Grpc::new(channel);
            if client.ready().await.is_err() {
                return;
            }
            let path = http::uri::PathAndQuery::from_static("/floor.Displays/Watch");
            let codec: ProstCodec<WatchDisplayRequest, DisplayUpdate> = ProstCodec::default();
            let request = Request::new(WatchDisplayRequest::default());
            let Ok(updates) = client.server_streaming(request, path, codec).await else { return };
            let mut updates = updates.into_inner();
            while let Ok(Some(_)) = updates.message().await {
                let _ = told.send(Instant::now());
            }
        });
    }
    let mut latencies = Latencies::new();
    for round in 0..2_u64 {
        let since = Instant::now();
        if round > 0 {
            sender.send_replace(Arc::new(Content { revision: payload.revision + round, ..payload.clone() }));
        }
        for _ in 0..options.displays {
            let at = tokio::time::timeout(PATIENCE, seen.recv()).await?;
            if let (Some(at), true) = (at, round > 0) {
                latencies.add(at - since);
            }
        }
    }
    tasks.shutdown(Duration::from_secs(5)).await;
    Ok(latencies)
}

/// A gRPC service with one method: the newest content, pushed.
#[derive(Clone)]
struct Push(watch::Receiver<Arc<Content>>);

impl NamedService for Push {
    const NAME: &'static str = "floor.Displays";
}

impl tower::Service<http::Request<Body>> for Push {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).server_streaming(method, request).await) })
    }
}

impl ServerStreamingService<WatchDisplayRequest> for Push {
    type Response = DisplayUpdate;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<DisplayUpdate, Status>> + Send>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<WatchDisplayRequest>) -> Self::Future {
        let contents = tokio_stream::wrappers::WatchStream::new(self.0.clone());
        let updates = contents
            .map(|content| Ok(DisplayUpdate { update: Some(Update::Content((*content).clone())), anew: false }));
        Box::pin(async move { Ok(Response::new(Box::pin(updates) as Self::ResponseStream)) })
    }
}
