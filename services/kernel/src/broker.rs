//! NATS JetStream, as far as the event log needs it: connecting, checking the version, and the
//! provisioner that creates or updates streams and consumers. Nobody else creates them.

use std::time::Duration;

use async_nats::{
    Client, ConnectOptions, ServerAddr,
    jetstream::{self, Context, consumer::pull, stream},
};

/// Older servers drop filters silently and starve consumers after data loss.
const OLDEST: (u32, u32) = (2, 14);

/// How long a stream keeps a message.
pub(crate) const STREAM_DAYS: u16 = 30;

/// A connection to the broker and the names this house uses there.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    pub client: Client,
    pub jetstream: Context,
    prefix: String,
}

impl Broker {
    /// Connects and checks the server's version.
    pub(crate) async fn connect(url: &str, prefix: &str, name: &str) -> anyhow::Result<Self> {
        let address: ServerAddr = url
            .parse()
            .map_err(|error| anyhow::anyhow!("SKY_NATS_URL is not an address such as nats://host:4222: {error}"))?;
        // The client does not take these from the address by itself.
        let options = match (address.username(), address.password()) {
            (Some(user), Some(password)) => {
                ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
            }
            _ => ConnectOptions::new(),
        };
        let client = options
            .name(name)
            .max_reconnects(None)
            .ping_interval(Duration::from_secs(10))
            .request_timeout(Some(Duration::from_secs(3)))
            .connection_timeout(Duration::from_secs(3))
            .reconnect_delay_callback(|tries| Duration::from_millis((50 * tries as u64).min(1000)))
            .connect(address)
            .await
            .map_err(|error| {
                // Who is no broker may say anything, over several lines.
                let said = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
                anyhow::anyhow!("NATS is not reachable: {said}. Check SKY_NATS_URL and that nats-server runs.")
            })?;
        let version = client.server_info().version;
        let mut numbers = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        anyhow::ensure!(
            found >= OLDEST,
            "nats-server {version} is too old: Digital Sky needs {}.{} or newer. Install a newer nats-server.",
            OLDEST.0,
            OLDEST.1
        );
        let jetstream = jetstream::ContextBuilder::new()
            .timeout(Duration::from_secs(5))
            .ack_timeout(Duration::from_secs(5))
            .max_ack_inflight(4096)
            .build(client.clone());
        Ok(Self { client, jetstream, prefix: prefix.to_owned() })
    }

    /// The stream of one producing service.
    pub(crate) fn stream_name(&self, service: &str) -> String {
        format!("{}_{service}", self.prefix)
    }

    /// The full subject of an outbox row.
    pub(crate) fn subject(&self, tail: &str) -> String {
        format!("{}.{tail}", self.prefix)
    }

    /// Lossy hints between the replicas of one service.
    pub(crate) fn hint_subject(&self, service: &str) -> String {
        format!("{}-hint.{service}", self.prefix)
    }

    /// The producer's stream, created or brought to the present configuration.
    pub(crate) async fn provision_stream(&self, service: &str) -> Result<stream::Info, async_nats::Error> {
        let config = stream::Config {
            name: self.stream_name(service),
            subjects: vec![self.subject(&format!("{service}.v1.>"))],
            allow_direct: true,
            duplicate_window: Duration::from_secs(120),
            // The log is PostgreSQL's; the stream is a cache of its last weeks.
            max_age: Duration::from_secs(u64::from(STREAM_DAYS) * 24 * 3600),
            ..Default::default()
        };
        Ok(self.jetstream.create_or_update_stream(config).await?)
    }

    /// The durable consumer of `service` on `producer`'s stream. The stream may not be there yet.
    pub(crate) async fn provision_consumer(
        &self,
        producer: &str,
        service: &str,
    ) -> Result<jetstream::consumer::PullConsumer, async_nats::Error> {
        let config = pull::Config {
            durable_name: Some(service.to_owned()),
            ack_policy: jetstream::consumer::AckPolicy::Explicit,
            ack_wait: Duration::from_secs(30),
            max_ack_pending: 4096,
            max_deliver: -1,
            ..Default::default()
        };
        Ok(self.jetstream.create_consumer_on_stream(config, self.stream_name(producer)).await?)
    }
}
