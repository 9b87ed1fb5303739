//! One visit: the hold over seats, bay and meal, its confirmation, its live timeline. The only domain
//! service that calls others; what they decide comes back as their events.

mod commands;
mod counters;
mod domain;
mod error;
mod events;
mod grpc;
mod house;
mod post;
mod projection;
mod reactions;
mod saga;
mod settings;
mod store;
mod sweep;

use std::time::Duration;

use kernel::{Consumer, Context, HouseLoader, Live, Parts, Service};
use sky_proto::journey::v1::{
    arrivals_server::ArrivalsServer, contacts_server::ContactsServer, house_server::HouseServer,
    journey_server::JourneyServer, notices_server::NoticesServer, rebooking_server::RebookingServer,
    waiting_list_server::WaitingListServer,
};
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "journey",
    migrations: || sqlx::migrate!(),
    build: |context| Box::pin(async move { build(&context) }),
};

fn build(context: &Context) -> anyhow::Result<Parts> {
    let settings::Settings { limits, day_before_at, post } = settings::read(context)?;
    let db = context.db.clone();
    let visits = Live::of_many(context, commands::VISIT_TOPIC, move |keys| {
        let db = db.clone();
        Box::pin(async move { Ok(grpc::load_visits(&db, &keys).await?) })
    });
    let siblings = grpc::siblings::Siblings::new(context);
    let (db, asked) = (context.db.clone(), siblings.clone());
    context.every("visits whose time is over", Duration::from_secs(1), move || {
        let (db, siblings) = (db.clone(), asked.clone());
        Box::pin(async move { Ok(sweep::sweep(&db, &siblings).await?) })
    });
    let db = context.db.clone();
    context.every("old contact data", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::erase_contacts(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("what says nothing any more of who is missing", Duration::from_secs(3600), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::missing::forget(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("bays that were lost", Duration::from_secs(60), move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::money_back::lost_bays(tx))).await?) })
    });
    let (db, asked) = (context.db.clone(), siblings.clone());
    context.every("delays that are not carried out", Duration::from_secs(5), move || {
        let (db, siblings) = (db.clone(), asked.clone());
        Box::pin(async move { Ok(grpc::delay::go_on(&db, &siblings).await?) })
    });
    let notices = grpc::NoticesGrpc::new(context.db.clone(), post.is_some());
    post::start(context, &siblings, day_before_at, post);
    let (db, asked) = (context.db.clone(), siblings.clone());
    context.every("the clock of the visits", Duration::from_secs(3), move || {
        let (db, siblings) = (db.clone(), asked.clone());
        Box::pin(async move { Ok(grpc::clock::turn(&db, &siblings).await?) })
    });
    let (db, asked) = (context.db.clone(), siblings.clone());
    context.every("moves to another showing that are not carried out", Duration::from_secs(5), move || {
        let (db, siblings) = (db.clone(), asked.clone());
        Box::pin(async move { Ok(grpc::rebooking::go_on(&db, &siblings).await?) })
    });
    let (db, asked) = (context.db.clone(), siblings.clone());
    context.every("places for those who wait", Duration::from_secs(1), move || {
        let (db, siblings) = (db.clone(), asked.clone());
        Box::pin(async move { Ok(grpc::waiting::turn(&db, &siblings).await?) })
    });
    let waiting = grpc::waiting::WaitingListGrpc::new(context.db.clone(), siblings.clone());
    let rebooking = grpc::rebooking::RebookingGrpc::new(context.db.clone(), context.tasks.clone(), siblings.clone());
    let arrivals = grpc::arrival::ArrivalsGrpc::new(context.db.clone());
    let house = grpc::house::HouseGrpc::new(context.db.clone());
    let counters = counters::Counters::start(context);
    let contacts = grpc::ContactsGrpc::new(context.db.clone());
    let server = grpc::JourneyGrpc::new(context.db.clone(), context.tasks.clone(), siblings, counters, visits, limits);
    Ok(Parts {
        grpc: Routes::new(JourneyServer::new(server))
            .add_service(ContactsServer::new(contacts))
            .add_service(NoticesServer::new(notices))
            .add_service(HouseServer::new(house))
            .add_service(RebookingServer::new(rebooking))
            .add_service(ArrivalsServer::new(arrivals))
            .add_service(WaitingListServer::new(waiting)),
        access: vec![
            grpc::ACCESS,
            grpc::CONTACTS_ACCESS,
            grpc::NOTICES_ACCESS,
            grpc::rebooking::ACCESS,
            grpc::arrival::ACCESS,
            grpc::waiting::ACCESS,
            grpc::house::ACCESS,
        ],
        consumers: vec![
            Consumer::of_runs("payments", reactions::from_payments).heeding(reactions::OF_PAYMENTS),
            Consumer::of_runs("reservations", reactions::from_reservations).heeding(reactions::OF_RESERVATIONS),
            Consumer::of_runs("parking", reactions::from_parking).heeding(reactions::OF_PARKING),
            Consumer::of_runs("gastro", reactions::from_gastro).heeding(reactions::OF_GASTRO),
            Consumer::new("flow", reactions::from_flow).heeding(reactions::OF_FLOW).at_leisure(),
        ],
        house: Some(HouseLoader { check: house::check, apply: house::apply }),
        ..Parts::default()
    })
}
