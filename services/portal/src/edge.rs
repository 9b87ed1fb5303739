//! What every route has at hand: the edge's own database, the keys, and the ways to the other services,
//! each taken on behalf of somebody. Nothing here knows a page.

use std::{future::Future, time::Duration};

use chrono::{DateTime, Utc};
use kernel::{Caller, Clock, Context, Db, Tasks, Transport, error::too_slow, identity::Keys, values};
use serde::Deserialize;
use sky_proto::{
    flow::v1::{
        directives_client::DirectivesClient, door_client::DoorClient, flow_client::FlowClient,
        zones_client::ZonesClient,
    },
    gastro::v1::{
        counter_money_client::CounterMoneyClient, gastro_client::GastroClient, kitchen_client::KitchenClient,
        kitchen_system_client::KitchenSystemClient,
    },
    journey::v1::{
        arrivals_client::ArrivalsClient, contacts_client::ContactsClient, house_client::HouseClient,
        journey_client::JourneyClient, notices_client::NoticesClient, rebooking_client::RebookingClient,
        waiting_list_client::WaitingListClient,
    },
    parking::v1::{
        connections_client::ConnectionsClient, gates_client::GatesClient, occupancy_client::OccupancyClient,
        parking_client::ParkingClient,
    },
    payments::v1::{payments_client::PaymentsClient, payouts_client::PayoutsClient},
    reservations::v1::reservations_client::ReservationsClient,
    signage::v1::{
        alerts_client::AlertsClient, displays_client::DisplaysClient, programmes_client::ProgrammesClient,
        signage_client::SignageClient,
    },
};
use tonic::{Response, Status, Streaming};

use crate::{
    accounts::Doorman, alarm::Alarm, commands, domain, error::Error, house::Told, rooms::Rooms, routes::showing::Shown,
    store, whence::Proxies,
};

/// `[services.portal]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PortalSettings {
    /// Where browsers find this house, e.g. `https://planetarium.example`. Empty: where the request went to.
    pub(crate) public_url: String,
    /// Cookies without `Secure`: only for a trial over plain http on another name than localhost.
    pub(crate) insecure_cookies: bool,
    /// When monitors are dark, in Halle: "22:30-08:00". Empty: never. An emergency lights them up.
    pub(crate) monitors_dark: String,
    /// A monitor that hears nothing takes figures and states off after so long; 0: two minutes.
    pub(crate) monitors_figures_seconds: u64,
    /// … and all that has no end of its own after so long; 0: a quarter of an hour. Never an evacuation.
    pub(crate) monitors_facts_seconds: u64,
    /// Addresses and networks of proxies, whose `X-Forwarded-For` is believed; without the key those on this machine.
    pub(crate) proxies: Option<Vec<String>>,
}

/// The edge.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) keys: Keys,
    pub(crate) doorman: Doorman,
    pub(crate) settings: PortalSettings,
    pub(crate) proxies: Proxies,
    pub(crate) rooms: Rooms,
    pub(crate) shown: Shown,
    pub(crate) house: Told,
    pub(crate) alarm: Alarm,
    flow: Transport,
    gastro: Transport,
    journey: Transport,
    parking: Transport,
    payments: Transport,
    reservations: Transport,
    signage: Transport,
}

impl Edge {
    pub(crate) async fn new(context: &Context) -> anyhow::Result<Self> {
        let settings: PortalSettings = context.settings.service("portal")?;
        anyhow::ensure!(
            settings.monitors_dark.is_empty() || domain::is_span_of_day(&settings.monitors_dark),
            "services.portal.monitors_dark is \"{}\"; it must be two times of the day such as 22:30-08:00, or empty",
            settings.monitors_dark
        );
        Ok(Self {
            db: context.db.clone(),
            clock: context.clock.clone(),
            tasks: context.tasks.clone(),
            keys: context.keys.clone(),
            doorman: Doorman::new(context.db.clone()),
            proxies: Proxies::read(settings.proxies.as_deref())?,
            settings,
            rooms: Rooms::new(context),
            shown: Shown::new(),
            house: Told::before(store::house_words(context.db.pool()).await?.as_deref()),
            alarm: Alarm::default(),
            flow: context.transport("flow"),
            gastro: context.transport("gastro"),
            journey: context.transport("journey"),
            parking: context.transport("parking"),
            payments: context.transport("payments"),
            reservations: context.transport("reservations"),
            signage: context.transport("signage"),
        })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn flow(&self, caller: &Caller) -> FlowClient<Transport> {
        FlowClient::new(self.flow.on_behalf_of(caller.clone()))
    }

    pub(crate) fn door(&self, caller: &Caller) -> DoorClient<Transport> {
        DoorClient::new(self.flow.on_behalf_of(caller.clone()))
    }

    pub(crate) fn directives(&self, caller: &Caller) -> DirectivesClient<Transport> {
        DirectivesClient::new(self.flow.on_behalf_of(caller.clone()))
    }

    pub(crate) fn zones(&self, caller: &Caller) -> ZonesClient<Transport> {
        ZonesClient::new(self.flow.on_behalf_of(caller.clone()))
    }

    pub(crate) fn gastro(&self, caller: &Caller) -> GastroClient<Transport> {
        GastroClient::new(self.gastro.on_behalf_of(caller.clone()))
    }

    /// The kitchen's own work.
    pub(crate) fn kitchen(&self, caller: &Caller) -> KitchenClient<Transport> {
        KitchenClient::new(self.gastro.on_behalf_of(caller.clone()))
    }

    /// What the counter gives back.
    pub(crate) fn counter_money(&self, caller: &Caller) -> CounterMoneyClient<Transport> {
        CounterMoneyClient::new(self.gastro.on_behalf_of(caller.clone()))
    }

    /// The kitchen's own system.
    pub(crate) fn kitchen_system(&self, caller: &Caller) -> KitchenSystemClient<Transport> {
        KitchenSystemClient::new(self.gastro.on_behalf_of(caller.clone()))
    }

    pub(crate) fn journey(&self, caller: &Caller) -> JourneyClient<Transport> {
        JourneyClient::new(self.journey.on_behalf_of(caller.clone()))
    }

    pub(crate) fn contacts(&self, caller: &Caller) -> ContactsClient<Transport> {
        ContactsClient::new(self.journey.on_behalf_of(caller.clone()))
    }

    pub(crate) fn arrivals(&self, caller: &Caller) -> ArrivalsClient<Transport> {
        ArrivalsClient::new(self.journey.on_behalf_of(caller.clone()))
    }

    pub(crate) fn waiting_list(&self, caller: &Caller) -> WaitingListClient<Transport> {
        WaitingListClient::new(self.journey.on_behalf_of(caller.clone()))
    }

    pub(crate) fn rebooking(&self, caller: &Caller) -> RebookingClient<Transport> {
        RebookingClient::new(self.journey.on_behalf_of(caller.clone()))
    }

    pub(crate) fn notices(&self, caller: &Caller) -> NoticesClient<Transport> {
        NoticesClient::new(self.journey.on_behalf_of(caller.clone()))
    }

    /// Only for exchanging a visit's link: before it nobody is anybody.
    pub(crate) fn journey_as_portal(&self) -> JourneyClient<Transport> {
        JourneyClient::new(self.journey.clone())
    }

    /// What the house says of itself is nobody's secret.
    pub(crate) fn house_as_portal(&self) -> HouseClient<Transport> {
        HouseClient::new(self.journey.clone())
    }

    pub(crate) fn parking(&self, caller: &Caller) -> ParkingClient<Transport> {
        ParkingClient::new(self.parking.on_behalf_of(caller.clone()))
    }

    pub(crate) fn occupancy(&self, caller: &Caller) -> OccupancyClient<Transport> {
        OccupancyClient::new(self.parking.on_behalf_of(caller.clone()))
    }

    pub(crate) fn gates(&self, caller: &Caller) -> GatesClient<Transport> {
        GatesClient::new(self.parking.on_behalf_of(caller.clone()))
    }

    /// What speaks to the car park from outside.
    pub(crate) fn connections(&self, caller: &Caller) -> ConnectionsClient<Transport> {
        ConnectionsClient::new(self.parking.on_behalf_of(caller.clone()))
    }

    /// What the desk has to hand out.
    pub(crate) fn payouts(&self, caller: &Caller) -> PayoutsClient<Transport> {
        PayoutsClient::new(self.payments.on_behalf_of(caller.clone()))
    }

    pub(crate) fn payments(&self, caller: &Caller) -> PaymentsClient<Transport> {
        PaymentsClient::new(self.payments.on_behalf_of(caller.clone()))
    }

    /// Only for asking the provider at once when a visitor comes back from it.
    pub(crate) fn payments_as_portal(&self) -> PaymentsClient<Transport> {
        PaymentsClient::new(self.payments.clone())
    }

    pub(crate) fn reservations(&self, caller: &Caller) -> ReservationsClient<Transport> {
        ReservationsClient::new(self.reservations.on_behalf_of(caller.clone()))
    }

    /// Only for what a waiting room asks on behalf of nobody.
    pub(crate) fn reservations_as_portal(&self) -> ReservationsClient<Transport> {
        ReservationsClient::new(self.reservations.clone())
    }

    pub(crate) fn signage(&self, caller: &Caller) -> SignageClient<Transport> {
        SignageClient::new(self.signage.on_behalf_of(caller.clone()))
    }

    /// The devices behind the displays.
    pub(crate) fn devices(&self, caller: &Caller) -> DisplaysClient<Transport> {
        DisplaysClient::new(self.signage.on_behalf_of(caller.clone()))
    }

    /// Official warnings.
    pub(crate) fn alerts(&self, caller: &Caller) -> AlertsClient<Transport> {
        AlertsClient::new(self.signage.on_behalf_of(caller.clone()))
    }

    /// Pictures, films, and when they run.
    pub(crate) fn programmes(&self, caller: &Caller) -> ProgrammesClient<Transport> {
        ProgrammesClient::new(self.signage.on_behalf_of(caller.clone()))
    }

    /// Staff have read a claim code on a device's screen.
    pub(crate) async fn approve_pairing(&self, claim_code: &str, device_id: &str, by: String) -> Result<(), Error> {
        let code = domain::read_claim_code(claim_code)
            .ok_or_else(|| values::invalid("claim_code", "is not one; it has six letters and digits"))?;
        let device = values::slug("device_id", device_id)?.to_owned();
        self.db
            .transact(move |tx| Box::pin(async move { commands::approve_pairing(tx, &code, &device, &by).await }))
            .await
    }
}

/// How long a page waits for a service.
const PATIENCE: Duration = Duration::from_secs(8);

/// The answer to a call, in time or not at all.
pub(crate) async fn answer<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Status> {
    Ok(tokio::time::timeout(PATIENCE, call).await.map_err(|_| too_slow())??.into_inner())
}

/// The first value of a stream that says at once how things are.
pub(crate) async fn first<T>(call: impl Future<Output = Result<Response<Streaming<T>>, Status>>) -> Result<T, Status> {
    let mut stream = answer(call).await?;
    tokio::time::timeout(PATIENCE, stream.message())
        .await
        .map_err(|_| too_slow())??
        .ok_or_else(|| Status::unavailable("the stream ended before its first value"))
}
