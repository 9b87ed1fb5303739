//! Visitor flow control: zones and counts, admission per showing, scans at the doors, the state of the
//! house. Goes on admitting from its own copy of the tickets when every other service is down.
//! Knows nothing of money or meals, and asks nobody at the door.

mod commands;
mod domain;
mod error;
mod events;
mod grpc;
mod house;
mod http;
mod reactions;
mod store;

use std::time::Duration;

use kernel::{Consumer, Context, HouseLoader, Live, Parts, Service, config::NoSettings};
use sky_proto::flow::v1::{
    directives_server::DirectivesServer, door_server::DoorServer, flow_server::FlowServer, zones_server::ZonesServer,
};
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "flow",
    migrations: || sqlx::migrate!(),
    build: |context| {
        Box::pin(async move {
            let NoSettings {} = context.settings.service(context.service)?;
            Ok(build(&context))
        })
    },
};

/// How often time is asked what it has done to the zones.
const TURN: Duration = Duration::from_secs(2);
/// How often estimates are told anew; each holds for a minute.
const ESTIMATES: Duration = Duration::from_secs(20);

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
    let scans = grpc::Scanner::start(context);
    let door = grpc::DoorGrpc::new(context.db.clone(), scans.clone());
    let db = context.db.clone();
    context.every("zones, counters, directives", TURN, move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::turn::turn(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("how long one waits", ESTIMATES, move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::estimates::renew(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("what was counted long ago", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::turn::forget(tx))).await?) })
    });
    let server = grpc::FlowGrpc::new(context.db.clone(), scans, flow);
    Parts {
        grpc: Routes::new(FlowServer::new(server))
            .add_service(DoorServer::new(door))
            .add_service(ZonesServer::new(grpc::zones::ZonesGrpc(context.db.clone())))
            .add_service(DirectivesServer::new(grpc::directives::DirectivesGrpc(context.db.clone()))),
        access: vec![grpc::ACCESS, grpc::DOOR_ACCESS, grpc::zones::ACCESS, grpc::directives::ACCESS],
        consumers: vec![
            Consumer::of_runs("reservations", reactions::from_reservations).heeding(reactions::OF_RESERVATIONS),
            Consumer::of_runs("signage", reactions::from_signage).heeding(reactions::OF_SIGNAGE),
            Consumer::new("portal", reactions::from_portal).heeding(reactions::OF_PORTAL).from_what_is_kept(),
        ],
        http: http::router(context.db.clone()),
        house: Some(HouseLoader { check: house::check, apply: house::apply }),
    }
}
