//! The journey of one family, as every topology must let it happen: booked with parking and meal,
//! ordered, delayed, scanned in; and everything follows.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{
    Caller, Role,
    values::{from_timestamp, timestamp},
};
use sky_proto::{
    flow::v1::{AdmissionState, MoveAdmissionRequest, ScanRequest, ScanVerdict, flow_client::FlowClient},
    gastro::v1::{GetMenuRequest, OrderLine, Pickup, gastro_client::GastroClient},
    journey::v1::{
        CancelShowingRequest, CancelVisitRequest, ConfirmVisitRequest, Contact, DelayShowingRequest,
        ExchangeLinkRequest, FindByNameRequest, GetVisitRequest, HoldVisitRequest, IssueLinkRequest,
        ListMissingRequest, MealWish, ParkingWish, Visit, VisitState, contacts_client::ContactsClient,
        journey_client::JourneyClient,
    },
    parking::v1::{
        BayClass, Direction, RecordLaneRequest, Right, RightState, SetPlateRequest, parking_client::ParkingClient,
        record_lane_response,
    },
    payments::v1::{CheckPaymentRequest, Method, PaymentState, payments_client::PaymentsClient},
    reservations::v1::{
        Channel, GetBookingRequest, GetShowingRequest, ListProgrammeRequest, Need, PartyLine, Showing, ShowingState,
        reservations_client::ReservationsClient,
    },
    signage::v1::{GetContentRequest, signage_client::SignageClient},
};
use uuid::Uuid;

use crate::{
    day::pay,
    world::{World, staff, until},
};

/// A family on its way.
pub struct Family<'a> {
    pub world: &'a World,
    pub me: Caller,
    pub visit: String,
    pub showing: Showing,
}

/// The first public showing in the dome that starts at least 45 minutes from now and has a price for children too,
/// which a concert in the evening has not.
pub async fn next_showing(world: &World, now: DateTime<Utc>) -> Showing {
    let request = ListProgrammeRequest {
        from: Some(timestamp(now + TimeDelta::minutes(45))),
        until: Some(timestamp(now + TimeDelta::days(13))),
        include_closed: false,
    };
    let mut reservations =
        ReservationsClient::new(world.door("reservations", &Caller::Visitor { session: "x".to_owned(), visit: None }));
    // The programme is told from memory, within a second.
    for _ in 0..100 {
        let programme = reservations.list_programme(request).await.expect("a programme").into_inner().showings;
        let for_children = |showing: &Showing| showing.prices.iter().any(|price| price.tariff_class == "child");
        if let Some(showing) = programme.into_iter().find(|showing| showing.hall == "dome" && for_children(showing)) {
            return showing;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no showing in the dome")
}

impl<'a> Family<'a> {
    /// Holds four places, a bay and a meal after the showing.
    pub async fn holds(world: &'a World, now: DateTime<Utc>) -> Self {
        let showing = next_showing(world, now).await;
        let me = Caller::Visitor { session: Uuid::new_v4().to_string(), visit: None };
        let menu =
            GastroClient::new(world.door("gastro", &me)).get_menu(GetMenuRequest::default()).await.expect("a menu");
        let item = menu.into_inner().items.into_iter().find(|item| item.available).expect("something to eat");
        let line =
            |class: &str, count| PartyLine { tariff_class: class.to_owned(), count, need: Need::Unspecified.into() };
        let request = HoldVisitRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: showing.showing_id.clone(),
            party: vec![line("adult", 2), line("child", 2)],
            seats: Vec::new(),
            parking: Some(ParkingWish { bay_class: BayClass::Standard.into() }),
            meal: Some(MealWish {
                lines: vec![OrderLine { item_id: item.item_id, quantity: 2, ..OrderLine::default() }],
                pickup: Pickup::AfterShowing.into(),
                ..MealWish::default()
            }),
            language: "de".to_owned(),
            channel: Channel::Online.into(),
            wish: None,
        };
        let mut journey = JourneyClient::new(world.door("journey", &me));
        let visit = journey.hold_visit(request.clone()).await.expect("held").into_inner();
        let again = journey.hold_visit(request).await.expect("the first answer").into_inner();
        assert_eq!(again.visit_id, visit.visit_id, "a repeat holds nothing new");
        assert_eq!((visit.state(), visit.seats.len()), (VisitState::Held, 4));
        assert!(visit.parking.is_some() && visit.meal.is_some());
        let lines: i64 = visit
            .items
            .iter()
            .map(|item| item.unit_price.as_ref().map_or(0, |price| price.cents) * i64::from(item.quantity))
            .sum();
        assert_eq!(visit.total.as_ref().expect("a total").cents, lines);
        Self { world, me, visit: visit.visit_id, showing }
    }

    pub async fn visit(&self) -> Visit {
        let request = GetVisitRequest { visit_id: self.visit.clone() };
        JourneyClient::new(self.world.door("journey", &self.me)).get_visit(request).await.expect("a visit").into_inner()
    }

    /// Orders with payment; answers the visit as it is then.
    pub async fn orders(&self, method: Method) -> Visit {
        let request = ConfirmVisitRequest {
            visit_id: self.visit.clone(),
            method: method.into(),
            contact: Some(Contact { name: "Erika Muster".to_owned(), email: "erika@visitors.invalid".to_owned() }),
            return_url: "http://localhost/visit".to_owned(),
        };
        JourneyClient::new(self.world.door("journey", &self.me))
            .confirm_visit(request)
            .await
            .expect("ordered")
            .into_inner()
    }

    pub async fn is_confirmed(&self) -> Visit {
        until("the confirmation", || self.visit(), |visit| visit.state() == VisitState::Confirmed).await
    }

    /// The one code for barrier, door and counter.
    pub async fn code(&self) -> String {
        let desk = staff(Role::Desk);
        let request = GetBookingRequest { visit_id: self.visit.clone() };
        let mut reservations = ReservationsClient::new(self.world.door("reservations", &desk));
        reservations.get_booking(request).await.expect("a booking").into_inner().visit_code
    }

    pub async fn drives(&self, direction: Direction) {
        let request = RecordLaneRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            lane: "in-1".to_owned(),
            direction: direction.into(),
            code: self.code().await,
            bay_class: 0,
        };
        let mut parking = ParkingClient::new(self.world.door("parking", &staff(Role::Attendant)));
        let answer = parking.record_lane(request).await.expect("a verdict").into_inner();
        assert_eq!(answer.verdict(), record_lane_response::Verdict::Open, "{answer:?}");
    }

    pub async fn moves_admission(&self, to: AdmissionState) {
        let request = MoveAdmissionRequest { showing_id: self.showing.showing_id.clone(), to: to.into() };
        let mut flow = FlowClient::new(self.world.door("flow", &staff(Role::Operator)));
        flow.move_admission(request).await.unwrap_or_else(|status| panic!("{to:?}: {status}"));
    }

    /// Is scanned in with one code; the door may have to hear of the tickets first.
    pub async fn is_scanned_in(&self) {
        let code = self.code().await;
        let scan = || async {
            let request = ScanRequest {
                device_id: "desk".to_owned(),
                nonce: Uuid::new_v4().to_string(),
                lane: "dome-1".to_owned(),
                showing_id: self.showing.showing_id.clone(),
                code: code.clone(),
                party_count: 0,
                late_reason: String::new(),
            };
            let mut flow = FlowClient::new(self.world.door("flow", &staff(Role::Desk)));
            flow.scan(request).await.expect("a verdict").into_inner()
        };
        let answer = until("admission", scan, |answer| answer.verdict() == ScanVerdict::Admitted).await;
        assert_eq!(answer.admitted_now, 4);
    }

    /// A delay pressed at the desk moves the page, the bay, the meal and the monitor.
    pub async fn is_delayed(&self, minutes: i32) {
        let before = self.visit().await;
        let request = DelayShowingRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: self.showing.showing_id.clone(),
            minutes,
            reason: None,
            shift_following: false,
            expected_starts_at: None,
        };
        let mut journey = JourneyClient::new(self.world.door("journey", &staff(Role::Operator)));
        let answer = journey.delay_showing(request.clone()).await.expect("delayed").into_inner();
        assert_eq!(answer.visits_affected, 1);
        journey.delay_showing(request).await.expect("pressed twice, delayed once");
        let by = TimeDelta::minutes(minutes.into());
        let start = from_timestamp(before.starts_at) + by;
        let bay_end = from_timestamp(before.parking.as_ref().expect("a bay").until) + by;
        let pickup = from_timestamp(before.meal.as_ref().expect("a meal").pickup_at);
        let moved = until(
            "the delay on the page",
            || self.visit(),
            |visit| {
                from_timestamp(visit.starts_at) == start
                    && from_timestamp(visit.parking.as_ref().expect("a bay").until) == bay_end
                    && from_timestamp(visit.meal.as_ref().expect("a meal").pickup_at) > pickup
            },
        )
        .await;
        assert!(moved.timeline.iter().any(|step| step.kind == "start" && step.moved));
        assert!(!moved.notice.expect("said").de.is_empty());
        self.sees_on_monitor("dome-door-1", |line| from_timestamp(line.starts_at) == start || line.status == "delayed")
            .await;
    }

    /// Waits until a monitor has a line about this showing's hall that the test looks for.
    pub async fn sees_on_monitor(&self, display: &str, holds: impl Fn(&sky_proto::signage::v1::Line) -> bool) {
        let look = || async {
            let request = GetContentRequest { display_id: display.to_owned() };
            let mut signage = SignageClient::new(self.world.door("signage", &staff(Role::Desk)));
            signage.get_content(request).await.expect("content").into_inner()
        };
        until("the monitor's change", look, |content| content.lines.iter().any(&holds)).await;
    }

    pub async fn missing(&self) -> (u32, u32, usize) {
        let request = ListMissingRequest { showing_id: self.showing.showing_id.clone() };
        let mut journey = JourneyClient::new(self.world.door("journey", &staff(Role::Desk)));
        let answer = journey.list_missing(request).await.expect("a list").into_inner();
        (answer.booked, answer.admitted, answer.parties.len())
    }

    /// Pays at the provider's page, and is asked after as the visit's page does on the way back.
    pub async fn pays(&self) -> Visit {
        self.orders(Method::Online).await;
        let ordered = until("an address to pay at", || self.visit(), |visit| !visit.payment_url.is_empty()).await;
        pay(&ordered).await;
        let mut payments = PaymentsClient::new(self.world.door("payments", &Caller::Service("portal".to_owned())));
        payments.check_payment(CheckPaymentRequest { visit_id: self.visit.clone() }).await.expect("asked after");
        let paid = self.is_confirmed().await;
        assert_eq!(paid.payment_state(), PaymentState::Paid);
        paid
    }

    /// Everything goes back, the money the way it came.
    pub async fn gets_its_money_back(&self) {
        let over = |visit: &Visit| visit.state() == VisitState::Refunded;
        let visit = until("the money back", || self.visit(), over).await;
        assert_eq!(visit.payment_state(), PaymentState::Refunded);
        let bay = |visit: &Visit| visit.parking.as_ref().map(Right::state);
        until("the bay given back", || self.visit(), |visit| bay(visit) == Some(RightState::Cancelled)).await;
    }

    /// Says which car it comes with, and is found by its name at the desk.
    pub async fn is_known_at_the_desk(&self) {
        let request = SetPlateRequest { visit_id: self.visit.clone(), plate: PLATE.to_owned() };
        let on_its_page = Caller::Visitor { session: "page".to_owned(), visit: self.visit.parse().ok() };
        let mut parking = ParkingClient::new(self.world.door("parking", &on_its_page));
        assert!(parking.set_plate(request).await.expect("noted").into_inner().plate_known);
        let request = FindByNameRequest { showing_id: self.showing.showing_id.clone(), name: "Muster".to_owned() };
        let mut contacts = ContactsClient::new(self.world.door("journey", &staff(Role::Desk)));
        let found = contacts.find_by_name(request).await.expect("an answer").into_inner().visits;
        assert!(found.iter().any(|it| it.visit_id == self.visit && it.name == "Erika Muster"), "{found:?}");
    }

    pub async fn cancels(&self) {
        let request = CancelVisitRequest { visit_id: self.visit.clone(), reason: ILLNESS.to_owned() };
        JourneyClient::new(self.world.door("journey", &self.me)).cancel_visit(request).await.expect("cancelled");
    }

    pub async fn showing_is_cancelled(&self) {
        let request = CancelShowingRequest {
            idempotency_key: Uuid::new_v4().to_string(),
            showing_id: self.showing.showing_id.clone(),
            reason: None,
        };
        let mut journey = JourneyClient::new(self.world.door("journey", &staff(Role::Operator)));
        let answer = journey.cancel_showing(request.clone()).await.expect("cancelled").into_inner();
        assert_eq!(answer.visits_affected, 1);
        journey.cancel_showing(request).await.expect("pressed twice, cancelled once");
        let look = || async {
            let request = GetShowingRequest { showing_id: self.showing.showing_id.clone() };
            let mut reservations = ReservationsClient::new(self.world.door("reservations", &self.me));
            reservations.get_showing(request).await.expect("a showing").into_inner()
        };
        until("the cancelled showing", look, |showing| showing.state() == ShowingState::Cancelled).await;
    }

    /// A link opens the page for another session, and no other link does.
    pub async fn shares_a_link(&self) {
        let request = IssueLinkRequest { visit_id: self.visit.clone() };
        let mut journey = JourneyClient::new(self.world.door("journey", &self.me));
        let secret = journey.issue_link(request).await.expect("a link").into_inner().secret;
        assert!(secret.len() >= 43, "256 bits");
        let other = Caller::Visitor { session: Uuid::new_v4().to_string(), visit: None };
        let mut journey = JourneyClient::new(self.world.door("journey", &other));
        let opened = journey.exchange_link(ExchangeLinkRequest { secret }).await.expect("opened").into_inner();
        assert_eq!(opened.visit_id, self.visit);
        let wrong = journey.exchange_link(ExchangeLinkRequest { secret: "x".repeat(43) }).await.expect_err("no link");
        assert_eq!(wrong.code(), tonic::Code::NotFound);
        let get = GetVisitRequest { visit_id: self.visit.clone() };
        let refused = journey.get_visit(get).await.expect_err("a stranger without the link");
        assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    }
}

/// A car that comes nowhere else.
pub const PLATE: &str = "HAL-QX 4711";
/// Why somebody does not come, which is nobody's business.
pub const ILLNESS: &str = "Bandscheibenvorfall";

/// Opens where the bay's time has begun; before that the barrier says so.
async fn drives_in(family: &Family<'_>, visit: &Visit, now: DateTime<Utc>) {
    let from = from_timestamp(visit.parking.as_ref().expect("a bay").from);
    if now >= from {
        family.drives(Direction::In).await;
    } else {
        println!("its bay is free from {from} on");
    }
}

/// The part of the journey that needs no waiting: works at any hour, in any topology, with a payment provider.
pub async fn journey(world: &World, now: DateTime<Utc>) {
    comes_and_pays_at_the_desk(world, now).await;
    let tomorrow = now + TimeDelta::days(1);
    let family = Family::holds(world, tomorrow).await;
    family.pays().await;
    family.is_known_at_the_desk().await;
    family.cancels().await;
    family.gets_its_money_back().await;
    let another = Family::holds(world, tomorrow).await;
    another.pays().await;
    another.showing_is_cancelled().await;
    another.gets_its_money_back().await;
}

/// Booked with bay and meal, delayed, scanned in.
pub async fn comes_and_pays_at_the_desk(world: &World, now: DateTime<Utc>) {
    let family = Family::holds(world, now).await;
    let ordered = family.orders(Method::AtDesk).await;
    assert_ne!(ordered.state(), VisitState::Held);
    let visit = family.is_confirmed().await;
    assert_eq!(visit.payment_state(), PaymentState::DueAtDesk);
    assert!(!visit.reference.is_empty());
    family.shares_a_link().await;
    drives_in(&family, &visit, now).await;
    // With its doors open, the showing is what the door's monitor is about, whatever the hour.
    family.moves_admission(AdmissionState::DoorsOpen).await;
    family.is_delayed(15).await;
    assert_eq!(family.missing().await, (4, 0, 1));
    family.is_scanned_in().await;
    until("everybody in on the page", || family.visit(), |visit| visit.admitted == 4).await;
    assert_eq!(until("nobody missing", || family.missing(), |missing| missing.1 == 4).await, (4, 4, 0));
}
