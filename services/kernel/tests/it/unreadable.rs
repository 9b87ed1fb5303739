//! A request that is no message of its method: its caller's mistake, and the answer says so.

use kernel::{Caller, testing::House};
use sky_proto::kernel::v1::{HeadRequest, event_log_client::EventLogClient};
use tonic::Code;
use tower::util::MapRequest;

use crate::SOURCE;

#[tokio::test]
async fn who_sends_no_message_of_the_method_is_told_so() {
    let house = House::start(&[SOURCE]).await;
    // A position stands where that method has a text.
    let elsewhere = |mut request: http::Request<tonic::body::Body>| {
        *request.uri_mut() = "/sky.kernel.v1.Operations/LoadHouse".parse().expect("a path");
        request
    };
    let channel = house.channel(&Caller::Service("sky".to_owned()));
    let mut log = EventLogClient::new(MapRequest::new(channel, elsewhere));
    let asked = HeadRequest { service: "source".to_owned(), position: Some(5) };
    let refused = log.head(asked).await.expect_err("no message of that method");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains("LoadHouseRequest.house_toml"), "the field: {refused}");
}
