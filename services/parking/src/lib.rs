//! The car park: one site with bay classes, a right to a bay per visit, lanes and live occupancy.
//! A right's window follows its showing. Knows nothing of seats, meals or money.

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

use kernel::{Consumer, Context, EndedDevices, HouseLoader, Live, Parts, Service, config::NoSettings};
use sky_proto::parking::v1::{
    connections_server::ConnectionsServer, gates_server::GatesServer, occupancy_server::OccupancyServer,
    parking_server::ParkingServer,
};
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "parking",
    migrations: || sqlx::migrate!(),
    build: |context| {
        Box::pin(async move {
            let NoSettings {} = context.settings.service(context.service)?;
            Ok(build(&context))
        })
    },
};

fn build(context: &Context) -> Parts {
    let db = context.db.clone();
    let site = Live::new(context, commands::SITE_TOPIC, move |_| {
        let db = db.clone();
        Box::pin(async move { Ok(grpc::load_site(&db).await?) })
    });
    let db = context.db.clone();
    context.every("rights that ran out", Duration::from_secs(60), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::run_out(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("forecasts", Duration::from_secs(15 * 60), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::forecasts::learn(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("barriers", Duration::from_secs(5), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::gates::turn(tx))).await?) })
    });
    // Controllers and whatever else was paired, as far as their pairing has ended.
    let devices = EndedDevices::new(context);
    let server = grpc::ParkingGrpc::new(context, site, devices.clone());
    Parts {
        grpc: Routes::new(ParkingServer::new(server))
            .add_service(GatesServer::new(grpc::gates::GatesGrpc::new(context, devices.clone())))
            .add_service(OccupancyServer::new(grpc::occupancy::OccupancyGrpc::new(context, devices)))
            .add_service(ConnectionsServer::new(grpc::connections::ConnectionsGrpc::new(context))),
        access: vec![grpc::ACCESS, grpc::gates::ACCESS, grpc::occupancy::ACCESS, grpc::connections::ACCESS],
        consumers: vec![
            Consumer::of_runs("journey", reactions::from_journey).heeding(reactions::OF_JOURNEY),
            Consumer::of_runs("reservations", reactions::from_reservations).heeding(reactions::OF_RESERVATIONS),
            Consumer::new("flow", reactions::from_flow).heeding(reactions::OF_FLOW).at_leisure(),
            Consumer::of_runs("gastro", reactions::from_gastro)
                .heeding(reactions::OF_GASTRO)
                .at_leisure()
                .from_what_is_kept(),
            Consumer::new("portal", reactions::from_portal).heeding(reactions::OF_PORTAL).from_what_is_kept(),
        ],
        http: http::router(context),
        house: Some(HouseLoader { check: house::check, apply: house::apply }),
    }
}
