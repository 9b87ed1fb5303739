//! A house to walk through: where each service answers, and the keys to call it as anybody.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use kernel::{
    Caller, Clock, Role, Settings,
    identity::Keys,
    testing::{Furnished, House, noon},
};
use sky_proto::{
    kernel::v1::{LoadHouseRequest, operations_client::OperationsClient},
    portal::v1::{
        ApprovePairingRequest, FinishPairingRequest, IdentityToken, SignInDeviceRequest, StartPairingRequest,
        access_client::AccessClient,
    },
};
use tonic::{Request, Status, service::interceptor::InterceptedService, transport::Channel};

pub const HOUSE_FILE: &str = include_str!("../../../../deploy/houses/halle.toml");

/// Pictures of the menu, beside the house file.
const PICTURES: [(&str, &[u8]); 2] = [
    ("pictures/lentil-soup.png", include_bytes!("../../../../deploy/houses/pictures/lentil-soup.png")),
    ("pictures/moon-cake.png", include_bytes!("../../../../deploy/houses/pictures/moon-cake.png")),
];

/// Services that read a part of the house file.
const WITH_HOUSE: [&str; 6] = ["reservations", "parking", "flow", "signage", "gastro", "journey"];

pub const ALL: [kernel::Service; 8] = [
    reservations::SERVICE,
    parking::SERVICE,
    flow::SERVICE,
    signage::SERVICE,
    gastro::SERVICE,
    payments::SERVICE,
    journey::SERVICE,
    portal::SERVICE,
];

/// Puts an identity on every call.
#[derive(Clone)]
pub struct Bearer(Option<String>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.parse().expect("ASCII"));
        }
        Ok(request)
    }
}

/// Where to find every service.
pub struct World {
    addresses: BTreeMap<&'static str, String>,
    keys: Keys,
}

impl World {
    /// Everything in one process.
    pub fn of(house: &House) -> Self {
        let address = format!("http://{}", house.running.grpc);
        Self {
            addresses: ALL.iter().map(|service| (service.name, address.clone())).collect(),
            keys: house.keys.clone(),
        }
    }

    /// Every service at an address of its own.
    pub fn at(addresses: BTreeMap<&'static str, String>, keys: Keys) -> Self {
        Self { addresses, keys }
    }

    /// A connection to a service without any identity.
    pub fn bare(&self, service: &str) -> Channel {
        Channel::from_shared(self.addresses[service].clone()).expect("an address").connect_lazy()
    }

    /// The identity of somebody, as it stands in the metadata.
    pub fn bearer(&self, caller: &Caller) -> Option<String> {
        (*caller != Caller::Nobody).then(|| format!("Bearer {}", self.keys.sign(caller)))
    }

    /// A connection to a service as somebody.
    pub fn door(&self, service: &str, caller: &Caller) -> InterceptedService<Channel, Bearer> {
        InterceptedService::new(self.bare(service), Bearer(self.bearer(caller)))
    }

    /// A connection to a service with this very token.
    pub fn door_with(&self, service: &str, token: &str) -> InterceptedService<Channel, Bearer> {
        InterceptedService::new(self.bare(service), Bearer(Some(format!("Bearer {token}"))))
    }

    /// The token that somebody got when they signed in back then.
    pub fn issued(&self, caller: &Caller, back_then: DateTime<Utc>) -> String {
        self.keys.issue(caller, back_then)
    }

    /// Pairs a device as the desk does; answers the token that it keeps.
    pub async fn pairs(&self, kind: &str, device: &str) -> String {
        let mut access = AccessClient::new(self.door("portal", &Caller::Nobody));
        let begun = access.start_pairing(StartPairingRequest { device_kind: kind.to_owned() }).await.expect("begun");
        let begun = begun.into_inner();
        let approve = ApprovePairingRequest { claim_code: begun.claim_code, device_id: device.to_owned() };
        let mut desk = AccessClient::new(self.door("portal", &staff(Role::Desk)));
        desk.approve_pairing(approve).await.expect("approved");
        let finish = FinishPairingRequest { pairing_secret: begun.pairing_secret };
        access.finish_pairing(finish).await.expect("finished").into_inner().device_token
    }

    /// Signs a paired device in, as it does by itself.
    pub async fn signs_in(&self, device_token: &str) -> Result<IdentityToken, Status> {
        let request = SignInDeviceRequest { device_token: device_token.to_owned() };
        let mut access = AccessClient::new(self.door("portal", &Caller::Nobody));
        access.sign_in_device(request).await.map(tonic::Response::into_inner)
    }

    /// A connection to one of several replicas as somebody.
    pub fn door_at(&self, address: &str, caller: &Caller) -> InterceptedService<Channel, Bearer> {
        let channel = Channel::from_shared(address.to_owned()).expect("an address").connect_lazy();
        InterceptedService::new(channel, Bearer(self.bearer(caller)))
    }

    /// Loads the real house, as `sky house` does: first every check, then everything.
    pub async fn load_house(&self) {
        self.load(HOUSE_FILE).await;
    }

    /// The same with another house file.
    pub async fn load(&self, file: &str) {
        let picture = |(name, file): (&str, &[u8])| format!("\"{name}\" = \"{}\"\n", BASE64.encode(file));
        let pictures: String = PICTURES.map(picture).concat();
        for check_only in [true, false] {
            for service in WITH_HOUSE {
                let house_toml = match service {
                    "gastro" => format!("{file}\n[gastro.pictures]\n{pictures}"),
                    _ => file.to_owned(),
                };
                let mut operations = OperationsClient::new(self.door(service, &Caller::Service("sky".to_owned())));
                let request = LoadHouseRequest { service: service.to_owned(), house_toml, check_only };
                // A machine that runs every test at once may answer "try again in a few seconds".
                let mut left = 10;
                while let Err(status) = operations.load_house(request.clone()).await {
                    assert!(left > 0 && status.code() == tonic::Code::Unavailable, "{service}: {status}");
                    left -= 1;
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                }
            }
        }
    }
}

/// The house as [`World::load_house`] leaves it.
static FURNISHED: Furnished = Furnished::new();

/// Everything in one process on a Saturday noon, with the real house loaded, and settings changed by the test.
pub async fn furnished(change: impl FnOnce(&mut Settings)) -> (House, World) {
    let load = async |house: &House| World::of(house).load_house().await;
    let house = FURNISHED.start(&ALL, Clock::manual(noon()), load, change).await;
    let world = World::of(&house);
    (house, world)
}

/// A member of staff with one role.
pub fn staff(role: Role) -> Caller {
    kernel::testing::staff(role)
}

/// Waits until a condition holds; events take a moment. Panics after a minute with what was seen last.
pub async fn until<T: std::fmt::Debug, F: Future<Output = T>>(
    what: &str,
    look: impl Fn() -> F,
    holds: impl Fn(&T) -> bool,
) -> T {
    let mut last = look().await;
    for _ in 0..1200 {
        if holds(&last) {
            return last;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        last = look().await;
    }
    panic!("{what} did not happen; last seen: {last:#?}");
}
