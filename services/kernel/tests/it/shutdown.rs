//! The end of a process: in order, and within ten seconds whatever hangs.

use std::{
    task::Poll,
    time::{Duration, Instant},
};

use axum::{Router, routing::post};
use kernel::{BoxFuture, Caller, Context, Parts, Service, Tasks, testing::House};
use sky_proto::kernel::v1::{HeadRequest, HeadResponse};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::oneshot};

use crate::{SINK, SOURCE, faults::tell};

/// Has a task that neither ends nor listens.
const STUBBORN: Service = Service { name: "stubborn", build: build_stubborn, ..SOURCE };

fn build_stubborn(context: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    Box::pin(async move {
        context.tasks.spawn(tokio::time::sleep(Duration::from_secs(120)));
        Ok(Parts::default())
    })
}

/// Reads what is posted to it.
const READER: Service = Service { name: "reader", build: build_reader, ..SOURCE };

fn build_reader(_: Context) -> BoxFuture<'static, anyhow::Result<Parts>> {
    let http = Router::new().route("/read", post(|body: String| async { body }));
    Box::pin(async { Ok(Parts { http, ..Parts::default() }) })
}

/// Over HTTP and over gRPC: whoever is in the middle of a request and says no more.
#[tokio::test(flavor = "multi_thread")]
async fn half_requests_do_not_hold_up_the_end() {
    let house = House::start(&[READER]).await;
    let mut half = TcpStream::connect(house.running.http).await.expect("connected");
    let head = b"POST /read HTTP/1.1\r\nhost: house\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";
    half.write_all(head).await.expect("written");
    half.readable().await.expect("the body is asked for");
    let (begun, has_begun) = oneshot::channel();
    let mut begun = Some(begun);
    let never = futures::stream::poll_fn(move |_| {
        begun.take().map(|begun| begun.send(()));
        Poll::<Option<HeadRequest>>::Pending
    });
    let mut client = tonic::client::Grpc::new(house.channel(&Caller::Service("sky".to_owned())));
    client.ready().await.expect("connected");
    let calls = Tasks::default();
    calls.spawn(async move {
        let codec = tonic_prost::ProstCodec::<HeadRequest, HeadResponse>::default();
        let path = http::uri::PathAndQuery::from_static("/sky.kernel.v1.EventLog/Head");
        client.client_streaming(tonic::Request::new(never), path, codec).await.map(drop)
    });
    has_begun.await.expect("the call is under way");
    let started = Instant::now();
    assert!(house.running.shutdown().await, "what is cut off here is nothing of ours");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_is_quick_and_says_so() {
    let house = House::start(&[SOURCE, SINK]).await;
    tell(&house, 1..=20).await;
    let started = Instant::now();
    assert!(house.running.shutdown().await, "everything ended by itself");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_cut_off_after_ten_seconds() {
    let house = House::start(&[STUBBORN]).await;
    let started = Instant::now();
    assert!(!house.running.shutdown().await, "and it is said");
    let took = started.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(15), "{took:?}");
}
