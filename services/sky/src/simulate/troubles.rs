//! What goes wrong on the day, and how the house copes: a rain shower fills the foyer, a people counter falls silent,
//! a monitor dies, a coach comes early, and there is an evacuation drill. Each ends with a sentence in the report;
//! one that has none was not coped with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Role, values};
use sky_proto::{
    flow::v1::{
        ClickZoneRequest, ConfirmDirectiveRequest, DirectiveKind, FlowSnapshot, GetHeadcountRequest, HouseState,
        Incident, IncidentKind, ListMeasuresRequest, MeasureState, Quality, ScanRequest, ScanVerdict, SensorState,
        SetHouseStateRequest, WatchFlowRequest, Zone, ZoneLevel, directives_client::DirectivesClient,
        flow_client::FlowClient, zones_client::ZonesClient,
    },
    reservations::v1::Showing,
    signage::v1::{Display, DisplayState, ListDisplaysRequest, signage_client::SignageClient},
};
use tonic::{Code, Streaming};
use uuid::Uuid;

use super::{
    World,
    arrival::{BRIDGE, KITCHEN, LATE_FAMILY},
    places,
    visitor::{EARLY_COACH, KERB},
};

/// The monitor that dies.
pub const DEAD_SCREEN: &str = "foyer-3";

const CROWDING: &str = "crowding";
const SILENT_COUNTER: &str = "silent counter";
const DRILL: &str = "evacuation drill";
const DEAD_MONITOR: &str = "dead monitor";
/// In `staff`.
pub const LATE_SHOWING: &str = "late showing";
pub const NO_SHOWING: &str = "cancelled showing";

/// Without one of these a day that is long enough for all of them proves nothing.
const ALL: [&str; 11] = [
    CROWDING,
    SILENT_COUNTER,
    DRILL,
    DEAD_MONITOR,
    EARLY_COACH,
    KERB,
    LATE_FAMILY,
    KITCHEN,
    BRIDGE,
    LATE_SHOWING,
    NO_SHOWING,
];
/// So many showings, and so much of the machine's time, are enough.
const SHOWINGS: usize = 4;
const LONG: Duration = Duration::from_secs(180);

/// What went wrong, and how it ended.
#[derive(Debug, Default)]
pub struct Troubles(Mutex<BTreeMap<&'static str, Option<String>>>);

impl Troubles {
    /// It will go wrong.
    pub fn expect(&self, what: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default();
    }

    /// It is over.
    pub fn over(&self, what: &'static str, how: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what, Some(how));
    }

    /// Those that were to go wrong and did not, or were not coped with.
    pub fn left(&self) -> Vec<&'static str> {
        self.told().into_iter().filter(|(_, how)| how.is_none()).map(|(what, _)| what).collect()
    }

    /// All of them.
    pub fn told(&self) -> BTreeMap<&'static str, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn is_long_enough(showings: usize, machine_time: Duration) -> bool {
    showings >= SHOWINGS && machine_time >= LONG
}

/// Plans the troubles that fit into the day. On one that is long enough all of them must: what no plan below or in
/// `arrival` or `staff` begins, nor the class whose coach is early and stops at the kerb, is not coped with either.
pub fn begin(world: &Arc<World>, showings: &[Showing]) {
    let machine_time = (world.closes - world.opens).to_std().unwrap_or_default() / world.clock.speed();
    if is_long_enough(showings.len(), machine_time) {
        ALL.iter().for_each(|what| world.report.troubles.expect(what));
    }
    // So long after a showing's start, if the day is long enough for what follows.
    let after = |place: usize, minutes: i64| {
        let at = values::from_timestamp(showings.get(place)?.starts_at) + TimeDelta::minutes(minutes);
        (at + TimeDelta::minutes(90) <= world.closes).then_some(at)
    };
    if let Some(at) = after(0, 10) {
        plan(world, CROWDING, at, crowding);
    }
    if let Some(at) = after(1, 15) {
        plan(world, SILENT_COUNTER, at, silent_counter);
    }
    // The third showing is cancelled: the house is quiet enough for a drill.
    if let Some(third) = after(2, 0).filter(|_| showings.len() > 3) {
        plan(world, DRILL, third, drill);
    }
    // Whether a monitor is there is judged by the machine's clock, so that a short day is too short for this.
    let dies = world.opens + TimeDelta::minutes(5);
    let left = (world.closes - dies).to_std().unwrap_or_default() / world.clock.speed();
    if left > Duration::from_secs(100) {
        plan(world, DEAD_MONITOR, dies, dead_monitor);
    }
}

/// Lets something happen at its time; it must end with a sentence.
pub fn plan<F, P>(world: &Arc<World>, what: &'static str, at: DateTime<Utc>, play: P)
where
    P: FnOnce(Arc<World>) -> F + Send + 'static,
    F: Future<Output = anyhow::Result<String>> + Send + 'static,
{
    world.report.troubles.expect(what);
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        w.until(at).await;
        match play(w.clone()).await {
            Ok(how) => w.report.troubles.over(what, how),
            Err(error) => w.report.surprise(format!("{what}: {error:#}")),
        }
    });
}

async fn board(world: &World) -> anyhow::Result<Streaming<FlowSnapshot>> {
    let mut flow = FlowClient::new(world.api.staff(Role::Desk).await?);
    Ok(flow.watch_flow(WatchFlowRequest { after_revision: 0 }).await?.into_inner())
}

async fn next(board: &mut Streaming<FlowSnapshot>) -> anyhow::Result<FlowSnapshot> {
    board.message().await?.context("the house's board ended")
}

fn zone<'a>(board: &'a FlowSnapshot, id: &str) -> anyhow::Result<&'a Zone> {
    board.zones.iter().find(|zone| zone.zone_id == id).with_context(|| format!("no zone {id}"))
}

/// Seconds of the house's time.
fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to - from).num_seconds()
}

/// So many people come in out of the rain, in fours, and stay a while.
const WET: u64 = 120;

/// A shower: the foyer fills until its level rises, the policy redirects, staff open the overflow, and it empties.
async fn crowding(world: Arc<World>) -> anyhow::Result<String> {
    let began = world.clock.now();
    let w = world.clone();
    world.tasks.spawn_until_stop(async move {
        for _ in 0..WET / 4 {
            w.report.places.arrive(4);
            w.wait(8).await;
        }
    });
    let mut directives = DirectivesClient::new(world.api.staff(Role::Operator).await?);
    let mut board = board(&world).await?;
    let (mut levels, mut most) = (vec![ZoneLevel::Green], 0);
    let (mut redirected, mut shown, mut opened) = (None, None, None);
    let mut rain_ends = began + TimeDelta::minutes(25);
    loop {
        let snapshot = next(&mut board).await?;
        let now = world.clock.now();
        let foyer = zone(&snapshot, "foyer")?;
        most = most.max(foyer.count.unwrap_or_default());
        if levels.last() != Some(&foyer.level()) {
            levels.push(foyer.level());
        }
        for directive in snapshot.directives.iter().filter(|directive| directive.from_zone_id == "foyer") {
            let active = matches!(directive.state(), MeasureState::Active | MeasureState::AckedByDisplays);
            if directive.state() == MeasureState::Proposed {
                // From red on the policy asks first; so it does when the foyer fills faster than it looks.
                let confirm = ConfirmDirectiveRequest { directive_id: directive.directive_id.clone() };
                directives.confirm_directive(confirm).await.context("confirming what the policy proposes")?;
                continue;
            }
            match directive.kind() {
                DirectiveKind::Redirect if active => {
                    redirected.get_or_insert(now);
                    let (answered, all) = (directive.acknowledgements.len(), directive.displays_concerned);
                    // A dead monitor that nobody has missed yet is waited for by the house, not by this.
                    let dead = usize::from(*world.dead_screen.borrow());
                    if answered > 0 && answered + dead >= usize::try_from(all)? {
                        shown.get_or_insert((now, answered, all));
                    }
                }
                DirectiveKind::OpenOverflow if active && opened.is_none() => {
                    opened = Some(now);
                    move_to_room(&world, 40).await?;
                }
                _ => {}
            }
        }
        if now > rain_ends {
            // Once.
            rain_ends = world.closes;
            if opened.is_some() {
                move_to_room(&world, -40).await?;
            }
            world.report.places.leave(WET);
        }
        if rain_ends == world.closes && foyer.level() == ZoneLevel::Green {
            let redirected = redirected.context("nobody was redirected")?;
            let (shown, monitors, of) = shown.context("the redirection was not acknowledged by the monitors")?;
            anyhow::ensure!(
                levels.iter().any(|level| *level >= ZoneLevel::Red),
                "the foyer never was full: {levels:?}"
            );
            let opened = opened.context("the overflow was not opened")?;
            return Ok(format!(
                "{most} people in the foyer ({} changes of level); redirected {} s after the shower began, on {monitors} \
                 of {of} monitors {} s later, overflow opened {} s after the shower began, green again after {} min",
                levels.len() - 1,
                seconds(began, redirected),
                seconds(redirected, shown),
                seconds(began, opened),
                seconds(began, now) / 60,
            ));
        }
    }
}

/// People go where staff send them; somebody with a clicker counts them there.
async fn move_to_room(world: &World, people: i32) -> anyhow::Result<()> {
    let many = u64::from(people.unsigned_abs());
    if people > 0 {
        world.report.places.overflow(many);
    } else {
        world.report.places.back_from_overflow(many);
    }
    let click = ClickZoneRequest { idempotency_key: Uuid::new_v4().to_string(), zone_id: "room-1".to_owned(), people };
    ZonesClient::new(world.api.staff(Role::Desk).await?).click_zone(click).await.context("clicking room 1")?;
    Ok(())
}

/// The café's counter says nothing for a quarter of an hour: its number must go, and come back.
async fn silent_counter(world: Arc<World>) -> anyhow::Result<String> {
    let places = &world.report.places;
    let mut board = board(&world).await?;
    places.cafe_silent.store(true, Ordering::Relaxed);
    let (began, mut gone, mut again) = (world.clock.now(), None, None);
    loop {
        let snapshot = next(&mut board).await?;
        let now = world.clock.now();
        let cafe = zone(&snapshot, "cafe")?;
        let silent = snapshot
            .sensors
            .iter()
            .any(|sensor| sensor.sensor_id == "cafe-1" && sensor.state() == SensorState::Offline);
        // What somebody has counted meanwhile is no counter's number.
        let by_hand = cafe.quality() == Quality::Manual;
        anyhow::ensure!(!silent || cafe.count.is_none() || by_hand, "a number was told of a silent counter");
        if silent && cafe.quality() == Quality::Degraded {
            gone.get_or_insert(now);
        }
        if again.is_none() && now > began + TimeDelta::minutes(15) {
            places.cafe_silent.store(false, Ordering::Relaxed);
            again = Some(now);
        }
        let Some(again) = again else { continue };
        let gone = gone.context("the house told the café's number for a quarter of an hour without hearing of it")?;
        if !silent && cafe.quality() != Quality::Degraded {
            return Ok(format!(
                "its number was withdrawn after {} s, its level kept; a number again {} s after it came back",
                seconds(began, gone),
                seconds(again, now)
            ));
        }
        if now > again + TimeDelta::minutes(5) {
            // A line cannot know what it missed: somebody counts.
            places::correct_cafe(&world, places.in_cafe(), "counter was silent").await?;
        }
    }
}

async fn displays(world: &World) -> anyhow::Result<Vec<Display>> {
    let mut signage = SignageClient::new(world.api.staff(Role::Desk).await?);
    Ok(signage.list_displays(ListDisplaysRequest {}).await?.into_inner().displays)
}

/// A monitor loses its power: staff must see it, and a neighbour must take its message.
async fn dead_monitor(world: Arc<World>) -> anyhow::Result<String> {
    world.dead_screen.send_replace(true);
    let died = Instant::now();
    let (noticed, by) = loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let displays = displays(&world).await?;
        let dead = displays.iter().find(|display| display.display_id == DEAD_SCREEN).context("it is listed")?;
        let by = displays.iter().find(|display| display.standing_in_for.iter().any(|id| id == DEAD_SCREEN));
        if let (DisplayState::Offline, Some(by)) = (dead.state(), by) {
            break (died.elapsed(), by.display_id.clone());
        }
    };
    world.dead_screen.send_replace(false);
    let repaired = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let displays = displays(&world).await?;
        let well = displays.iter().any(|it| it.display_id == DEAD_SCREEN && it.state() == DisplayState::Active);
        if well && displays.iter().all(|display| display.standing_in_for.is_empty()) {
            return Ok(format!(
                "{DEAD_SCREEN} missed after {:.1} s, {by} stood in for it; well {:.1} s after its repair (machine's time)",
                noticed.as_secs_f32(),
                repaired.elapsed().as_secs_f32()
            ));
        }
    }
}

/// The alarm: every monitor must show it, scans must stop, and two people clear it.
async fn drill(world: Arc<World>) -> anyhow::Result<String> {
    let mut operator = FlowClient::new(world.api.staff(Role::Operator).await?);
    let mut desk = FlowClient::new(world.api.staff(Role::Desk).await?);
    let (began, machine) = (world.clock.now(), Instant::now());
    let really = world.report.places.people();
    operator.set_house_state(house(HouseState::Evacuating)).await.context("the alarm")?;
    let headcount =
        ZonesClient::new(world.api.staff(Role::Desk).await?).get_headcount(GetHeadcountRequest {}).await?.into_inner();
    let stopped = scan_anything(&world).await?;
    anyhow::ensure!(stopped == ScanVerdict::Stopped, "a scan during the alarm was answered {stopped:?}");
    let dead = usize::from(*world.dead_screen.borrow());
    let (shown, all) = loop {
        let incident = evacuation(&world).await?;
        let answered: BTreeSet<_> = incident.acknowledgements.iter().map(|it| it.display_id.clone()).collect();
        let all = usize::try_from(incident.displays_concerned)?;
        if all > 0 && answered.len() + dead >= all {
            break (answered.len(), all);
        }
        if machine.elapsed() > Duration::from_secs(15) {
            let silent =
                displays(&world).await?.into_iter().map(|it| it.display_id).filter(|id| !answered.contains(id));
            anyhow::bail!("not acknowledged by {}", silent.collect::<Vec<_>>().join(", "));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let took = machine.elapsed();
    world.until(began + TimeDelta::minutes(4)).await;
    operator.set_house_state(house(HouseState::AllClear)).await.context("the first all-clear")?;
    let alone = operator.set_house_state(house(HouseState::AllClear)).await;
    anyhow::ensure!(
        alone.as_ref().is_err_and(|status| status.code() == Code::FailedPrecondition),
        "one person alone cleared the house: {alone:?}"
    );
    desk.set_house_state(house(HouseState::AllClear)).await.context("the second all-clear")?;
    operator.set_house_state(house(HouseState::Normal)).await.context("back to normal")?;
    anyhow::ensure!(
        (u64::from(headcount.low)..=u64::from(headcount.high)).contains(&really),
        "{really} people were in the house, the headcount said {} to {}",
        headcount.low,
        headcount.high
    );
    Ok(format!(
        "{shown} of {all} monitors ({dead} dead) showed it after {} ms (machine's time); headcount {} to {}, really \
         {really}; scans frozen; cleared by two after {} min",
        took.as_millis(),
        headcount.low,
        headcount.high,
        seconds(began, world.clock.now()) / 60
    ))
}

fn house(state: HouseState) -> SetHouseStateRequest {
    SetHouseStateRequest { state: state.into(), reason: String::new(), exercise: state == HouseState::Evacuating }
}

async fn evacuation(world: &World) -> anyhow::Result<Incident> {
    let mut directives = DirectivesClient::new(world.api.staff(Role::Desk).await?);
    let measures = directives.list_measures(ListMeasuresRequest {}).await?.into_inner();
    let mut open = measures.incidents.into_iter().filter(|incident| incident.state() != MeasureState::Ended);
    open.find(|incident| incident.kind() == IncidentKind::Evacuation).context("no evacuation is open")
}

/// Somebody holds something in front of a scanner.
async fn scan_anything(world: &World) -> anyhow::Result<ScanVerdict> {
    let showing = super::programme::showings(world).await?.pop().context("a showing")?;
    let request = ScanRequest {
        device_id: "scanner-1".to_owned(),
        nonce: Uuid::new_v4().to_string(),
        lane: "dome-1".to_owned(),
        showing_id: showing.showing_id,
        code: "AAAA-AAAA".to_owned(),
        party_count: 0,
        late_reason: String::new(),
    };
    let lane = world.lanes.first().context("a lane")?;
    Ok(FlowClient::new(lane.clone()).scan(request).await?.into_inner().verdict())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_the_tests_is_long_enough_and_a_short_one_is_not() {
        let day = |hours: u64, speed: u64| Duration::from_secs(hours * 3600 / speed);
        assert!(is_long_enough(4, day(9, 160)), "deploy/test");
        assert!(!is_long_enough(3, day(9, 160)), "too few showings for a drill");
        assert!(!is_long_enough(4, day(9, 600)), "a monitor is missed by the machine's clock");
    }

    #[test]
    fn a_trouble_that_never_began_is_one_that_was_not_coped_with() {
        for left_out in ALL {
            let troubles = Troubles::default();
            ALL.iter().for_each(|what| troubles.expect(what));
            ALL.iter().filter(|what| **what != left_out).for_each(|what| troubles.over(what, "well".to_owned()));
            assert_eq!(troubles.left(), [left_out]);
            troubles.over(left_out, "well".to_owned());
            assert!(troubles.left().is_empty());
        }
    }
}
