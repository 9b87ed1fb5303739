//! A scanner from its code to its end: the desk types what it shows on the page of everything that speaks from outside,
//! it lets a party in, and is heard no more when the desk ends it.

use kernel::Caller;
use sky_proto::{
    flow::v1::{ScanRequest, ScanVerdict, flow_client::FlowClient},
    portal::v1::{FinishPairingRequest, SignInDeviceRequest, StartPairingRequest, access_client::AccessClient},
};
use uuid::Uuid;

use crate::{accessible, chrome::Device, door::opens, stage::Stage, world::until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_pairs_a_scanner_that_lets_people_in_until_it_is_ended() {
    let Some(stage) = Stage::open().await else { return };
    let (booked, reference, desk) = opens(&stage, "Der Sternenhimmel heute Nacht", Device::Phone).await;
    let mut access = AccessClient::new(stage.world.door("portal", &Caller::Nobody));
    let begun = access.start_pairing(StartPairingRequest { device_kind: "scanner".to_owned() }).await.expect("begun");
    let begun = begun.into_inner();
    let finish = FinishPairingRequest { pairing_secret: begun.pairing_secret.clone() };
    let waiting = access.finish_pairing(finish.clone()).await.expect("heard").into_inner();
    assert!(!waiting.approved, "nobody has typed its code");

    desk.open("/connections").await;
    desk.press("Gerät koppeln").await;
    desk.types("#claim", "XXXXXX").await;
    desk.types("#device", "scanner-7").await;
    desk.click("form[action='/connections/devices'] button").await;
    desk.sees(".notice.bad", "").await;
    desk.press("Gerät koppeln").await;
    desk.types("#claim", &begun.claim_code.to_lowercase()).await;
    desk.types("#device", "scanner-7").await;
    desk.click("form[action='/connections/devices'] button").await;
    desk.sees(".notice.good", "scanner-7 ist gekoppelt").await;
    let paired = access.finish_pairing(finish).await.expect("heard").into_inner();
    assert_eq!((paired.approved, paired.device_id.as_str()), (true, "scanner-7"));
    let sign_in = SignInDeviceRequest { device_token: paired.device_token };
    let identity = access.sign_in_device(sign_in.clone()).await.expect("it is who it is").into_inner();

    // It lets a party in as itself, and the page knows that it was heard.
    let caller = stage.house.keys.verify(&identity.token).expect("the house's own signature");
    assert_eq!(caller, Caller::Device { id: "scanner-7".to_owned(), kind: "scanner".to_owned() });
    let scan = ScanRequest {
        device_id: "scanner-7".to_owned(),
        nonce: Uuid::new_v4().to_string(),
        lane: "dome-1".to_owned(),
        showing_id: booked.showing.clone(),
        code: reference,
        party_count: 0,
        late_reason: String::new(),
    };
    let scans = async || {
        let request = ScanRequest { nonce: Uuid::new_v4().to_string(), ..scan.clone() };
        FlowClient::new(stage.world.door_with("flow", &identity.token)).scan(request).await
    };
    let answer = scans().await.expect("a verdict").into_inner();
    assert_eq!((answer.verdict(), answer.admitted_now), (ScanVerdict::Admitted, 3));
    desk.open("/connections").await;
    desk.sees("[id^=devices-scanner-7]", "Zugang gültig").await;
    desk.sees_no_more("[id^=devices-scanner-7]", "noch nie").await;
    desk.shoots("connections-scanner").await;
    accessible::check(&desk, "a scanner among the connections").await;

    let card = "//li[starts-with(@id, 'devices-scanner-7')]";
    desk.press_in(card, "Zugang beenden").await;
    desk.press_in(card, "Jetzt beenden").await;
    desk.sees(".notice.good", "scanner-7").await;
    desk.sees("[id^=devices-scanner-7]", "beendet").await;
    // Its identity would be good for hours yet.
    let unheard = |code: &Option<tonic::Code>| *code == Some(tonic::Code::Unauthenticated);
    until("its end at the door", || async { scans().await.err().map(|status| status.code()) }, unheard).await;
    let refused = access.sign_in_device(sign_in).await.expect_err("its token is good no more");
    assert_eq!(refused.code(), tonic::Code::Unauthenticated, "{refused}");
    desk.quits().await;
}
