//! Money: payments, refunds, an append-only ledger, and the way to the payment provider. Money never
//! leaves this room: others hear that something is paid or back, never how.

mod commands;
mod domain;
mod error;
mod events;
mod grpc;
mod online;
mod provider;
mod reactions;
mod store;

use std::{path::PathBuf, time::Duration};

use kernel::{Consumer, Parts, Service};
use serde::Deserialize;
use sky_proto::payments::v1::{payments_server::PaymentsServer, payouts_server::PayoutsServer};
use tonic::service::Routes;

/// The service as the kernel runs it.
pub const SERVICE: Service = Service {
    name: "payments",
    migrations: || sqlx::migrate!(),
    build: |context| {
        Box::pin(async move {
            let settings: Settings = context.settings.service(context.service)?;
            let every = Duration::from_secs(settings.poll_seconds.max(1));
            let online = online::Online::new(context.db.clone(), provider::Provider::new(&settings)?, every);
            let poller = online.clone();
            context.every("ask the payment provider", every, move || {
                let poller = poller.clone();
                Box::pin(async move { Ok(poller.poll().await?) })
            });
            Ok(Parts {
                grpc: Routes::new(PaymentsServer::new(grpc::PaymentsGrpc::new(&context, online)))
                    .add_service(PayoutsServer::new(grpc::payouts::PayoutsGrpc::new(&context))),
                access: vec![grpc::ACCESS, grpc::payouts::ACCESS],
                consumers: vec![Consumer::new("journey", reactions::from_journey).heeding(reactions::OF_JOURNEY)],
                ..Parts::default()
            })
        })
    },
};

/// `[services.payments]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Where the provider speaks XBezahldienste, "https://…"; empty: no online payment.
    provider_url: String,
    /// Secret: from the environment only. What the provider knows us by; empty: it does not ask.
    provider_token: String,
    /// A PEM file with the certificate of an authority that is trusted beside the usual ones: a town's own.
    provider_ca_file: PathBuf,
    /// Whom the payer reads to have paid, before the booking's reference: at most 17 characters. Empty: the reference alone.
    payee: String,
    /// Who we are to the provider, and which authority is paid: as the provider has told the house. There is no default: it
    /// would be another house's.
    originator_id: String,
    endpoint_id: String,
    /// How often the provider is asked, in seconds of the house's time.
    poll_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            provider_url: String::new(),
            provider_token: String::new(),
            provider_ca_file: PathBuf::new(),
            payee: String::new(),
            originator_id: String::new(),
            endpoint_id: String::new(),
            poll_seconds: 2,
        }
    }
}
