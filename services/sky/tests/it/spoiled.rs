//! `sky verify` can fail, in each of its checks: a good house, in which for every invariant something is spoiled, all in one.
//! So some are broken by more than what stands beside them; that each check can fail is what is shown. One that cannot
//! proves nothing; nor does one for which nobody has said here what would be wrong.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures::TryStreamExt;
use kernel::{Role, Settings, values::from_timestamp};
use sky_proto::{
    flow::v1::{AdmissionState, CorrectZoneRequest, flow_client::FlowClient},
    parking::v1::Direction,
    payments::v1::Method,
};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions, raw_sql};

use crate::{
    day::{open, wait_until},
    processes::sky,
    scenario::Family,
    world::{ALL, staff, until},
};

/// An invariant, the service whose rows are spoiled for it, and how.
type Spoil = (&'static str, &'static str, &'static str);

const SPOILS: &[Spoil] = &[
    (
        "event logs are gapless",
        "reservations",
        "delete from outbox where pub_seq = (select percentile_disc(0.5) within group (order by pub_seq) from outbox)",
    ),
    (
        "every event is published",
        "flow",
        "update outbox set published_at = null where pub_seq = (select max(pub_seq) from outbox)",
    ),
    (
        "events are in their aggregate's order",
        "flow",
        "update outbox set aggregate_version = aggregate_version + 7
         where seq = (select max(seq) from outbox where aggregate_version > 1)",
    ),
    (
        "every consumer consumes from its producers",
        "journey",
        "delete from consumer_pos where producer = 'reservations'",
    ),
    (
        "every consumer is at its producer's head",
        "signage",
        "update consumer_pos set last_pub_seq = last_pub_seq - 1 where producer = 'flow'",
    ),
    (
        "every consumer has applied what its producer's log has",
        "parking",
        "update consumer_pos set seen_event_id = gen_random_uuid() where seen_pub_seq <= last_pub_seq",
    ),
    (
        "no event is dead",
        "parking",
        "insert into dead_events (producer, pub_seq, event_id, aggregate_id, aggregate_version, type, payload, occurred_at,
             error, attempts, parked, died_at)
         values ('journey', 1, gen_random_uuid(), 'a', 1, 'sky.Nothing', '', now(), 'unreadable', 1, false, now())",
    ),
    (
        "no showing has more places taken than its plan allows",
        "reservations",
        "update showing set capacity = 1 where id in (select showing_id from ticket)",
    ),
    (
        "every place taken is a place of the showing's plan",
        "reservations",
        "update seat_claim set seat = 'Q99' where ctid = (select min(ctid) from seat_claim where expires_at is null)",
    ),
    (
        "no place is held or sold to two visits at a time",
        "reservations",
        "insert into booking (visit_id, showing_id, state, channel, reference, seats, items, held_at, expires_at)
         select gen_random_uuid(), showing_id, state, channel, 'K7QM-3F9A', seats, items, held_at, expires_at
         from booking where state = 'confirmed'",
    ),
    (
        "every live ticket has its place, every sold place its ticket",
        "reservations",
        "update ticket set live = false where id = (select id from ticket order by id limit 1)",
    ),
    (
        // A place and its ticket are gone together.
        "every booked party has a ticket and a place for each of its people",
        "reservations",
        "create temporary table lost on commit drop as
             select t.id, t.visit_id, c.ctid as claim from ticket t join seat_claim c using (showing_id, seat, visit_id)
             where t.live and c.expires_at is null order by t.id desc limit 1;
         delete from seat_claim where ctid in (select claim from lost);
         update ticket set live = false where id in (select id from lost)",
    ),
    (
        "every place that is not sold has a reason, and every reason its place",
        "reservations",
        "insert into blocked_seat (showing_id, seat, reason, by, at)
         select showing_id, 'H12', 'broken', 'desk', now() from ticket limit 1",
    ),
    (
        "a companion's place is sold with its wheelchair place only",
        "reservations",
        "update seat_claim set place = 'companion' where ctid = (select max(ctid) from seat_claim where expires_at is null)",
    ),
    (
        "every price of a place is a dated tariff row with its tax",
        "reservations",
        "update tariff set cents = cents + 1",
    ),
    (
        "who is counted as admitted has a ticket that was admitted",
        "flow",
        "update admission set admitted = admitted + 1 where admitted > 0",
    ),
    (
        "every admitted ticket was let in by exactly one scan",
        "flow",
        "update scan set admitted_now = admitted_now + 1 where admitted_now > 0",
    ),
    (
        "what is counted at a door is what its tickets say",
        "flow",
        "update admission set booked = booked + 1 where booked > 0",
    ),
    (
        "whatever was let in twice is in the desk's list",
        "flow",
        "create temporary table again on commit drop as select * from scan where verdict = 'admitted';
         update again set nonce = nonce || '-again';
         insert into scan select * from again",
    ),
    (
        "no zone holds more people than its document permits",
        "flow",
        "update zone set count = capacity + 1 where kind = 'room'",
    ),
    (
        "no escape group has more people than its permit allows",
        "flow",
        "update escape_group set most = 1",
    ),
    (
        "no hall held more people that day than its document permits",
        "flow",
        "update zone_sample set count = 100000, quality = 'manual' where at = (select max(at) from zone_sample)",
    ),
    (
        "cars in minus cars out are the cars that stand there",
        "parking",
        "update bay_class set occupied = occupied + 1 where class = 'standard'",
    ),
    (
        "no class of bays has more cars than bays",
        "parking",
        "update bay_class set capacity = occupied - 1 where class = 'standard'",
    ),
    (
        "bays given are those of the rights, and no class is given to more than it may be",
        "parking",
        "update bay_use set given = given + 1 where given > 0",
    ),
    (
        "the kerb is given as coaches stop, and to no more than may stand there",
        "parking",
        "insert into kerb_use (slot_at, given, most) values ('2030-01-01T12:00Z', 1, 2)",
    ),
    (
        "station time taken is what the orders need, and within capacity",
        "gastro",
        "update slot_use set seconds = seconds + 1 where seconds > 0",
    ),
    (
        "the taxed parts of a combo are its flat price",
        "gastro",
        "insert into combo_share (price_id, mix, tax_id, cents)
         select price_id, 'tea', (select min(id) from tax), cents + 1 from price where combo_id is not null limit 1",
    ),
    (
        "portions taken are what the orders have, and no more than there are",
        "gastro",
        "insert into stock_day (item_id, day, portions, taken) select item_id, '2030-01-01', 5, 1 from menu_item limit 1",
    ),
    (
        "receipts are numbered without a gap",
        "gastro",
        "update receipt_number set last = last + 1",
    ),
    (
        "a meal's receipts add up to what it costs",
        "gastro",
        "insert into receipt (number, order_id, visit_id, kind, issued_at, charges, taxes, cents, transaction_id)
         select 7, order_id, visit_id, 'sale', now(), charges, '[]', 1, gen_random_uuid() from meal_order",
    ),
    (
        "every payment's ledger adds up to its state",
        "payments",
        "update payment set state = 'paid' where state = 'due_at_desk'",
    ),
    (
        "what goes back of a payment is what its parts and its refund are",
        "payments",
        "update payment set given_back = given_back + 1",
    ),
    (
        "every amount is the sum of its charged lines",
        "payments",
        "update payment set cents = cents + 1",
    ),
    (
        "every charged line is a dated price of the house",
        "payments",
        "update payment set items = jsonb_set(items, '{0,tariff_id}', '\"king\"')",
    ),
    (
        "no visit waits for anything past its time",
        "journey",
        "update visit set deadline = '2020-01-01'",
    ),
    (
        "the door has exactly the tickets that were sold",
        "reservations",
        "update ticket set id = gen_random_uuid() where id = (select max(id::text)::uuid from ticket where live)",
    ),
    (
        // Where seating is free, the door was told no seat.
        "the door knows the seat of every ticket that has one",
        "reservations",
        "update showing set numbered = true",
    ),
    (
        "the door knows every showing with its times",
        "flow",
        "update admission set starts_at = starts_at + interval '1 minute'",
    ),
    (
        "every booking belongs to a confirmed visit, and every such visit has one",
        "reservations",
        "update booking set state = 'cancelled' where state = 'confirmed' and reference <> 'K7QM-3F9A'",
    ),
    (
        "every confirmed visit is booked for as many as come",
        "journey",
        "update visit set people = people + 1 where state = 'confirmed'",
    ),
    (
        "every visit's page says how many are in, as the door does",
        "journey",
        "update visit set admitted = admitted + 1",
    ),
    (
        "every confirmed visit is paid, free or due at the desk",
        "payments",
        "update payment set visit_id = gen_random_uuid()",
    ),
    (
        "what is kept of a visit's payment is what the visit costs",
        "journey",
        "update visit set meal = null",
    ),
    (
        "every part that is owed to a visitor is on its way, as much as was asked for",
        "journey",
        "insert into money_back (refund_id, visit_id, cents, reason, state, asked_at)
         select gen_random_uuid(), id, 100, '{}', 'asked', now() from visit",
    ),
    (
        "whoever is told of a refund has one",
        "journey",
        "alter table visit alter bay_suspended drop expression, alter bay_kept_out drop expression,
             alter waits drop expression;
         create temporary table other on commit drop as select * from visit where state = 'confirmed' limit 1;
         update other set id = gen_random_uuid(), idempotency_key = null, state = 'refunded';
         insert into visit select * from other",
    ),
    (
        "every bay on a confirmed visit's page is there",
        "journey",
        "create temporary table other on commit drop as select * from visit where state = 'confirmed' limit 1;
         update other set id = gen_random_uuid(), idempotency_key = null;
         insert into visit select * from other",
    ),
    (
        "every meal on a confirmed visit's page is there",
        "journey",
        "update visit set meal = '{\"part\": \"confirmed\", \"items\": []}' where state = 'confirmed'",
    ),
    (
        "no visit is being confirmed for more than ten minutes",
        "journey",
        "create temporary table other on commit drop as select * from visit where state = 'confirmed' limit 1;
         update other set id = gen_random_uuid(), idempotency_key = null, state = 'confirming', ordered_at = '2020-01-01';
         insert into visit select * from other",
    ),
    (
        "no confirmation waits for a showing that was locked",
        "reservations",
        "insert into set_aside (visit_id, pub_seq, event_id, aggregate_id, aggregate_version, type, payload, occurred_at)
         values (gen_random_uuid(), 1, gen_random_uuid(), 'a', 1, 'sky.Nothing', '', now())",
    ),
    (
        "of every payment it is known whether money came",
        "payments",
        "create temporary table unknown on commit drop as select * from payment limit 1;
         update unknown set id = gen_random_uuid(), visit_id = gen_random_uuid(), idempotency_key = gen_random_uuid(),
             state = 'failed', watch_until = '2020-01-01', next_check_at = '2020-01-02';
         insert into payment select * from unknown",
    ),
    (
        "no provider has owed a refund for more than a day",
        "payments",
        "insert into refund (payment_id, reason, cents, requested_at, next_try_at)
             select id, 'lost', 1, '2020-01-01', '2020-01-02' from payment
             where id not in (select payment_id from refund) limit 1",
    ),
    (
        "every paid payment belongs to a visit that takes place, or was called off too late",
        "payments",
        "update payment set visit_id = gen_random_uuid() where state = 'paid'",
    ),
    (
        "every bay in use belongs to a visit that was confirmed",
        "parking",
        "update parking_right set visit_id = gen_random_uuid()",
    ),
    (
        "every open order belongs to a confirmed visit",
        "gastro",
        "update meal_order set visit_id = gen_random_uuid()",
    ),
    (
        "no visitor's address is in any event",
        "journey",
        "update outbox set payload = payload || (select convert_to(contact_email, 'UTF8') from visit limit 1)",
    ),
    (
        "every line of a display has its time, and none was over when it was shown",
        "signage",
        "update view set content = jsonb_set(content::jsonb, '{lines, 0, valid_until}', '\"2023-03-30T00:00:00Z\"')::text",
    ),
    (
        "no visitor's name or address is on any display",
        "signage",
        "update display set location = (select contact_name from journey.visit where contact_name <> '' limit 1)",
    ),
];

/// The last walls of the database, which would keep it from being spoiled.
const NO_WALLS: &str = "do $$
declare wall record;
begin
    for wall in select conrelid::regclass as place, conname as name from pg_constraint
        where connamespace = current_schema()::regnamespace and contype in ('c', 'f')
    loop
        execute format('alter table %s drop constraint if exists %I cascade', wall.place, wall.name);
    end loop;
    for wall in select tgrelid::regclass as place, tgname as name from pg_trigger
        join pg_class on pg_class.oid = tgrelid where relnamespace = current_schema()::regnamespace and not tgisinternal
    loop
        execute format('drop trigger %I on %s', wall.name, wall.place);
    end loop;
end $$";

/// The invariants that `sky verify` found to hold, or had nothing to check for, and those that are broken.
fn verdict(settings: &Settings) -> (BTreeSet<String>, BTreeSet<String>) {
    let output = sky(settings).arg("verify").output().expect("sky verify runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!said.contains("Erika") && !said.contains("ERIKA"), "a name in a log: {said}");
    let (mut good, mut broken) = (BTreeSet::new(), BTreeSet::new());
    for line in said.lines() {
        let marked = |mark: &str| Some(line.strip_prefix(mark)?.trim_start().split_once("  ")?.1.to_owned());
        good.extend(marked("ok "));
        good.extend(marked("empty "));
        broken.extend(marked("BROKEN "));
    }
    assert!(!good.is_empty() || !broken.is_empty(), "{said}");
    assert_eq!(output.status.success(), broken.is_empty(), "{said}");
    (good, broken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_invariant_is_found_broken_in_a_house_that_is_spoiled_throughout() {
    let (house, world, _provider) = open().await;
    let family = Family::holds(&world, house.clock.now()).await;
    family.orders(Method::AtDesk).await;
    let visit = family.is_confirmed().await;
    let start = from_timestamp(visit.starts_at);
    wait_until(&house, start - TimeDelta::minutes(30)).await;
    family.drives(Direction::In).await;
    wait_until(&house, start - TimeDelta::minutes(20)).await;
    family.moves_admission(AdmissionState::DoorsOpen).await;
    family.is_scanned_in().await;
    until("everybody in on the page", || family.visit(), |visit| visit.admitted == 4).await;
    // That somebody has counted more people than may be there is a fact, and no breach of what the house lets in.
    let counted = CorrectZoneRequest { zone_id: "dome".to_owned(), count: 111, reason: "counted".to_owned() };
    let mut flow = FlowClient::new(world.door("flow", &staff(Role::Operator)));
    flow.correct_zone(counted).await.expect("counted");
    house.settle().await;
    let (good, broken) = verdict(&house.settings);
    assert_eq!(broken, BTreeSet::new(), "a good house");

    // Nobody may put right what is spoiled, or stumble over it.
    let settings = house.settings.clone();
    let _database = house.stop().await;
    for service in ALL {
        spoil(&settings, service.name, NO_WALLS).await;
    }
    for (_, service, how) in SPOILS {
        spoil(&settings, service, how).await;
    }
    let (unnoticed, broken) = verdict(&settings);
    assert_eq!(unnoticed, BTreeSet::new(), "spoiled, and not noticed");
    assert_eq!(broken, good);
    let spoiled: BTreeSet<String> = SPOILS.iter().map(|(invariant, ..)| (*invariant).to_owned()).collect();
    assert_eq!(spoiled, good, "every invariant is to be spoiled here");
}

/// Several statements are one transaction; the last of them must change something.
async fn spoil(settings: &Settings, service: &'static str, how: &'static str) {
    let options: PgConnectOptions = settings.database_url.parse().expect("a URL");
    let mut connection = PgConnection::connect_with(&options.options([("search_path", service)])).await.expect("there");
    let done: Result<Vec<_>, _> = raw_sql(how).execute_many(&mut connection).try_collect().await;
    let done = done.unwrap_or_else(|error| panic!("{how}: {error}"));
    let changed = done.last().is_some_and(|last| last.rows_affected() > 0);
    assert!(changed || how == NO_WALLS, "nothing to spoil: {how}");
}
