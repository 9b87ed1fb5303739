//! Visitor flow control: zones and counts, admission per showing, scans at the doors, the state of the
//! house. Goes on admitting from its own copy of the tickets when every other service is down.
//! Knows nothing of money or meals, and asks nobody at the door.

mod commands;
mod domain;
mod error;
mod events;
mod grpc;
mod house;
mod reactions;
mod store;

use kernel::{Consumer, Context, HouseLoader, Live, Parts, Service};
use sky_proto::flow::v1::flow_server::FlowServer;
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "flow",
    migrations: || sqlx::migrate!(),
    build: |context| Box::pin(async move { Ok(build(&context)) }),
};

fn build(context: &Context) -> Parts {
    let db = context.db.clone();
    let flow = Live::new(context, commands::FLOW_TOPIC, move |_| {
        let db = db.clone();
        Box::pin(async move {
            let now = db.clock().now();
            let snapshot = grpc::snapshot(&db, now - grpc::WATCHED_BEFORE, now + grpc::WATCHED_AHEAD).await?;
            Ok((snapshot.revision, snapshot))
        })
    });
    let server = grpc::FlowGrpc::new(context.db.clone(), context.keys.clone(), flow);
    Parts {
        grpc: Routes::new(FlowServer::new(server)),
        access: vec![grpc::ACCESS],
        consumers: vec![Consumer::of_runs("reservations", reactions::from_reservations)],
        house: Some(HouseLoader { check: house::check, apply: house::apply }),
        ..Parts::default()
    }
}
