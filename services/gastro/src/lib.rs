//! AstroGastro: menu, stations with their time, meals that follow the showing, the kitchen's board.
//! A meal is paid with its visit: nothing here knows money beyond prices, and no cash is recorded.

mod commands;
mod domain;
mod error;
mod events;
mod grpc;
mod house;
mod http;
mod printer;
mod push;
mod reactions;
mod signing;
mod store;
mod tse;

pub use domain::replan;

use std::time::Duration;

use kernel::{Consumer, Context, HouseLoader, Live, Parts, Service};
use serde::Deserialize;
use sky_proto::gastro::v1::{
    counter_money_server::CounterMoneyServer, gastro_server::GastroServer, kitchen_server::KitchenServer,
    kitchen_system_server::KitchenSystemServer,
};
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "gastro",
    migrations: || sqlx::migrate!(),
    build: |context| {
        Box::pin(async move {
            let settings: Settings = context.settings.service(context.service)?;
            let Settings {
                printer,
                tse_url,
                tse_id,
                tse_client_id,
                tse_token,
                tse_timeout_seconds,
                kds_url,
                kds_token,
                public_url,
            } = settings;
            let tse_timeout = Duration::from_secs(tse_timeout_seconds.unwrap_or(10).max(1).into());
            let unit = signing::Unit { tse_url, tse_id, tse_client_id, tse_token, tse_timeout };
            let signing = signing::Signing::new(context.db.clone(), &unit)?;
            let pusher = push::Pusher::new(context.db.clone(), &kds_url, kds_token)?;
            Ok(build(&context, printer::Settings { printer }, signing, pusher, &public_url))
        })
    },
};

/// `[services.gastro]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Where the kitchen's ticket printer listens, e.g. `192.168.10.40:9100`. Empty: there is none.
    printer: String,
    /// Where the technical security unit listens, "https://…/api/v2". Empty: there is none.
    tse_url: String,
    /// The unit.
    tse_id: String,
    /// Who we are to it.
    tse_client_id: String,
    /// Secret: from the environment only.
    tse_token: String,
    /// How long it may take to answer; 10 without it.
    tse_timeout_seconds: Option<u8>,
    /// Where the kitchen's own system takes messages, "https://…": `/kds/…` is below it. Empty: there is none.
    kds_url: String,
    /// Secret: from the environment only. What it knows us by; empty: it does not ask.
    kds_token: String,
    /// Where browsers find this house, e.g. `https://planetarium.example`: pictures on the public menu have whole addresses.
    /// Empty: where the request went to.
    public_url: String,
}

/// Orders are fired, and what time has ended is ended, this often.
const TICK: Duration = Duration::from_secs(1);

/// The printer is served, and screens are looked after, this often.
const PRINTING: Duration = Duration::from_secs(1);

/// Health data are erased soon after their day.
const ERASURE: Duration = Duration::from_mins(10);

/// Receipts without a signature are taken to the TSE this often.
const SIGNING: Duration = Duration::from_secs(5);

/// What the kitchen's own system is told is taken there this often.
const PUSHING: Duration = Duration::from_secs(1);

fn build(
    context: &Context,
    settings: printer::Settings,
    signing: signing::Signing,
    pusher: push::Pusher,
    public_url: &str,
) -> Parts {
    context.every("pushing to the kitchen's system", PUSHING, move || {
        let pusher = pusher.clone();
        Box::pin(async move { Ok(pusher.turn().await?) })
    });
    context.every("asking the TSE for signatures", SIGNING, move || {
        let signing = signing.clone();
        Box::pin(async move { Ok(signing.turn().await?) })
    });
    let db = context.db.clone();
    let board = Live::new(context, commands::KITCHEN_TOPIC, move |_| {
        let db = db.clone();
        Box::pin(async move { Ok(grpc::load_board(&db).await?) })
    });
    let db = context.db.clone();
    context.every("the kitchen's clock", TICK, move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::kitchen::tick(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("erasing what parties avoid", ERASURE, move || {
        let db = db.clone();
        Box::pin(async move { Ok(db.transact(|tx| Box::pin(commands::ordering::erase(tx))).await?) })
    });
    let db = context.db.clone();
    context.every("the ticket printer", PRINTING, move || {
        let (db, settings) = (db.clone(), settings.clone());
        Box::pin(async move { Ok(printer::turn(&db, &settings).await?) })
    });
    let db = context.db.clone();
    let pickup = Live::new(context, commands::KITCHEN_TOPIC, move |_| {
        let db = db.clone();
        Box::pin(async move { Ok(grpc::kitchen::load_pickup(&db).await?) })
    });
    let kitchen = grpc::kitchen::KitchenGrpc { db: context.db.clone(), pickup };
    let server = grpc::GastroGrpc::new(context, board);
    Parts {
        grpc: Routes::new(GastroServer::new(server))
            .add_service(KitchenServer::new(kitchen))
            .add_service(KitchenSystemServer::new(grpc::kitchen_system::KitchenSystemGrpc::new(context)))
            .add_service(CounterMoneyServer::new(grpc::counter_money::CounterMoneyGrpc::new(context))),
        access: vec![grpc::ACCESS, grpc::kitchen::ACCESS, grpc::kitchen_system::ACCESS, grpc::counter_money::ACCESS],
        consumers: vec![
            Consumer::of_runs("journey", reactions::from_journey).heeding(reactions::OF_JOURNEY),
            Consumer::of_runs("reservations", reactions::from_reservations).heeding(reactions::OF_RESERVATIONS),
            Consumer::new("flow", reactions::from_flow).heeding(reactions::OF_FLOW).at_leisure(),
            Consumer::new("payments", reactions::from_payments).heeding(reactions::OF_PAYMENTS),
        ],
        http: http::router(context.db.clone(), public_url),
        house: Some(HouseLoader { check: house::check, apply: house::apply }),
    }
}
