//! What a `Watch…` costs at least: a bare gRPC stream of the newest value. Nothing of the house in it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, future::BoxFuture};
use kernel::Tasks;
use prost::Message;
use tokio::{net::TcpListener, sync::watch};
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    server::{Grpc, NamedService, ServerStreamingService},
    transport::Channel,
};
use tonic_prost::ProstCodec;

/// What can be pushed.
pub trait Value: Message + Default + Clone + 'static {}
impl<M: Message + Default + Clone + 'static> Value for M {}

/// Serves the newest value on a port until the tasks stop.
pub fn serve<M: Value>(listener: TcpListener, newest: watch::Receiver<M>, tasks: &Tasks) {
    tasks.spawn_until_stop(async move {
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let server = tonic::transport::Server::builder().add_service(Push(newest)).serve_with_incoming(incoming);
        if let Err(error) = server.await {
            eprintln!("bare server: {error}");
        }
    });
}

/// A connection to it.
pub async fn connect(address: std::net::SocketAddr) -> anyhow::Result<Channel> {
    Ok(Channel::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?)
}

/// Its stream: the value as it is, then each newer one.
pub async fn watch<M: Value>(channel: Channel) -> anyhow::Result<Streaming<M>> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await?;
    let path = http::uri::PathAndQuery::from_static("/floor.Push/Watch");
    let codec: ProstCodec<(), M> = ProstCodec::default();
    Ok(client.server_streaming(Request::new(()), path, codec).await?.into_inner())
}

/// A gRPC service with one method.
#[derive(Clone)]
struct Push<M>(watch::Receiver<M>);

impl<M> NamedService for Push<M> {
    const NAME: &'static str = "floor.Push";
}

impl<M: Value> tower::Service<http::Request<Body>> for Push<M> {
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

impl<M: Value> ServerStreamingService<()> for Push<M> {
    type Response = M;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let values = tokio_stream::wrappers::WatchStream::new(self.0.clone()).map(Ok);
        Box::pin(async move { Ok(Response::new(Box::pin(values) as Self::ResponseStream)) })
    }
}
