//! The two listeners of a process, gRPC and HTTP: how long they wait for those who ask, and how they end.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, serve::Listener};
use futures::StreamExt;
use http::Request;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tower::util::MapRequest;
use tower_http::timeout::TimeoutBody;

use crate::Tasks;

/// How long the listeners wait for whoever asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From a connection to its first request, which is the end of that one's head.
    first: Duration,
    /// From an answer to the next request. Longer than proxies keep connections that nobody uses (nginx: 60 s): the one who
    /// closes them is to be the one who asks, or a request is lost on the way now and then.
    next: Duration,
    /// For the next piece of a body.
    piece: Duration,
    /// For all that is under way when the process is told to stop.
    end: Duration,
}

impl Patience {
    pub(crate) const USUAL: Self = Self {
        first: Duration::from_secs(10),
        next: Duration::from_secs(75),
        piece: Duration::from_secs(30),
        end: Duration::from_secs(5),
    };
}

/// Whether the other end of a connection over HTTP/2 is still there is asked so often.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves gRPC until the group of `background` stops, and then what is under way for a while.
pub(crate) fn grpc(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    tasks: &Tasks,
    background: &Tasks,
) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let stop = background.stopping();
    tasks.spawn(async move {
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener).map(|socket| {
            socket.inspect(|socket| {
                // Small answers must not wait for the next packet.
                let _ = socket.set_nodelay(true);
            })
        });
        let served = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .max_concurrent_streams(10_000)
            .add_routes(Routes::from(router))
            .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
        let patience_ends = async {
            stop.cancelled().await;
            sleep(patience.end).await;
        };
        tokio::select! {
            served = served => if let Err(error) = served {
                tracing::error!(%error, "gRPC listener failed");
            },
            () = patience_ends => tracing::info!("some gRPC calls did not end and are cut off"),
        }
    });
    Ok(address)
}

/// Serves HTTP likewise.
pub(crate) fn http(
    mut listener: TcpListener,
    router: Router,
    patience: Patience,
    tasks: &Tasks,
    background: &Tasks,
) -> io::Result<SocketAddr> {
    let address = TcpListener::local_addr(&listener)?;
    let stop = background.stopping();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.next);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(KEEP_ALIVE);
    // Its routes are made ready once, and not for each request.
    let (builder, router) = (Arc::new(builder), router.with_state(()));
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Some((socket, from)) = stop.run_until_cancelled(Listener::accept(&mut listener)).await {
            connections.spawn(serve(builder.clone(), router.clone(), patience, stop.clone(), socket, from));
        }
    });
    Ok(address)
}

async fn serve(
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
    socket: TcpStream,
    from: SocketAddr,
) {
    let asked = CancellationToken::new();
    let service = MapRequest::new(router, {
        let asked = asked.clone();
        move |request| {
            asked.cancel();
            told(request, from, patience.piece)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), TowerToHyperService::new(service)));
    let is_late = async {
        if timeout(patience.first, asked.cancelled()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        // What goes wrong on the way is not ours to mend.
        _ = connection.as_mut() => return,
        () = is_late => return,
        () = stop.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(patience.end, connection).await;
}

/// A request with what its handler is to know of it: whose it is, and that its body may not keep anybody waiting.
fn told<B>(mut request: Request<B>, from: SocketAddr, piece: Duration) -> Request<TimeoutBody<B>> {
    request.extensions_mut().insert(ConnectInfo(from));
    request.map(|body| TimeoutBody::new(piece, body))
}

#[cfg(test)]
mod tests;
