//! Displays: thousands of them watched at once. From the desk's action to the change on the last stream, once as a message
//! straight to signage and once by the long way (the doors are opened: flow, its event, signage), beside a bare tonic
//! stream with the same payload and the same fan-out; an evacuation acknowledged by all; how many are
//! woken by what concerns few; memory of an idle stream.

mod bare;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use kernel::{Caller, Role, Tasks, clock::wall_now, values::Text};
use sky_proto::{
    flow::v1::{
        AdmissionState, HouseState, Incident, IncidentKind, MeasureState, MoveAdmissionRequest, SetHouseStateRequest,
        WatchFlowRequest, flow_client::FlowClient,
    },
    signage::v1::{
        AcknowledgeContentRequest, Content, Message, PriorityClass, PublishMessageRequest, WatchDisplayRequest,
        WithdrawMessageRequest, display_update::Update, signage_client::SignageClient,
    },
};
use tokio::sync::mpsc;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};

use crate::{
    house::{HALLE, House, bearer},
    lanes::upcoming,
    report::{Figure, Latencies, Report, median},
};

/// How much is measured.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    runs: u32,
    /// Displays, all watched.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(20..=20_000))]
    displays: u32,
    /// Connections that they share.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    connections: u32,
}

/// So many of them are car park displays: what concerns the car park wakes these.
const FEW: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(60);
/// So long streams are left alone before the process is looked at.
const IDLE: Duration = Duration::from_secs(8);
/// At most so often all displays are watched once more, to see what that takes.
const MORE_CROWDS: usize = 12;
/// A stream with its buffers takes more than that; less is memory that was free before.
const LEAST_KB: f64 = 0.5;

/// A content has come to a display.
struct Seen {
    at: Instant,
    class: PriorityClass,
    few: bool,
    /// It says of some showing that its doors are open.
    open: bool,
}

/// Everything, `runs` times on one house.
pub async fn measure(report: &mut Report, options: Options) -> anyhow::Result<()> {
    // Loading thousands of displays leaves much memory free in the process, from which all streams could live: so it is
    // started again.
    let folder = House::fresh_as(&house_file(options.displays)?).await?.stop().await?;
    let house = House::start_as(folder.clone(), &folder.join("house.toml")).await?;
    in_one_house(&house, report, &options).await?;
    std::fs::remove_dir_all(house.stop().await?)?;
    Ok(())
}

async fn in_one_house(house: &House, report: &mut Report, options: &Options) -> anyhow::Result<()> {
    let mut crowd = Crowd::watch(house, options).await?;
    let payload = crowd.payload.clone();
    let per_stream = memory_per_stream(house, options).await?;

    let mut all: [Vec<Latencies>; 4] = Default::default();
    let (mut acknowledged, mut known, mut woken, mut counted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in 1..=options.runs {
        all[0].push(bare::bare(options, payload.clone()).await?);
        all[1].push(crowd.message(house, "", options.displays).await?);
        all[3].push(crowd.doors(house, options.displays - FEW).await?);
        let wakes = wakes(house).await?;
        crowd.message(house, "parking-load", FEW).await?;
        counted.push((self::wakes(house).await? - wakes) / 2.0);
        woken.push(f64::from(crowd.woken));
        let (latencies, all_acknowledged, desk_knows) = crowd.evacuation(house, options.displays).await?;
        all[2].push(latencies);
        acknowledged.push(all_acknowledged.as_secs_f64() * 1000.0);
        known.push(desk_knows.as_secs_f64() * 1000.0);
        let last: Vec<String> = all.iter().filter_map(|of| of.last()).map(ToString::to_string).collect();
        println!(
            "run {run}: bare, message, evacuation, doors = {}; acknowledged by all after {:.0} ms, as the desk knows after {:.0} ms",
            last.join("; "),
            acknowledged[acknowledged.len() - 1],
            known[known.len() - 1]
        );
    }
    drop(crowd);

    let of = |place: usize, figure: fn(&Latencies) -> f64| median(all[place].iter().map(figure).collect());
    let floor = of(0, Latencies::max_ms);
    let names = [
        "bare stream, to the last one",
        "desk action, to the last one",
        "evacuation, to the last one",
        "doors opened: flow, event, signage, last one",
    ];
    for (place, metric) in names.into_iter().enumerate() {
        report.add(Figure {
            scenario: "displays",
            metric,
            unit: "ms",
            median: of(place, Latencies::max_ms),
            p99: Some(of(place, Latencies::p99_ms)),
            floor: (place > 0).then_some(floor),
        })?;
    }
    let few = f64::from(FEW);
    for (metric, unit, figure, floor) in [
        ("evacuation, acknowledged by all", "ms", median(acknowledged), None),
        ("evacuation, the desk knows that all have", "ms", median(known), None),
        ("displays told of what concerns ten", "n", median(woken), Some(few)),
        ("displays woken by what concerns ten", "n", median(counted), Some(few)),
    ] {
        report.add(Figure { scenario: "displays", metric, unit, median: figure, p99: None, floor })?;
    }
    match per_stream {
        Some(median) => {
            let (scenario, metric, unit) = ("displays", "resident memory of an idle stream, at most", "kB");
            report.add(Figure { scenario, metric, unit, median, p99: None, floor: None })?;
        }
        None => println!("memory of an idle stream: the process had enough for all of them, so that nothing was seen"),
    }
    Ok(())
}

/// What the process grows by when all displays are watched once more, in kB for each of these streams while they idle: the
/// costliest of several times. The first streams take what the process has freed while it started, and seem to cost nothing;
/// so it goes on until two times in a row have shown. None: none has. What else grows meanwhile is counted as theirs.
async fn memory_per_stream(house: &House, options: &Options) -> anyhow::Result<Option<f64>> {
    tokio::time::sleep(IDLE).await;
    let (mut before, mut seen, mut crowds) = (house.resident_mb()?, Vec::new(), Vec::new());
    while crowds.len() < MORE_CROWDS && seen.len() < 2 {
        crowds.push(Crowd::watch(house, options).await?);
        tokio::time::sleep(IDLE).await;
        let now = house.resident_mb()?;
        let each = (now - before) * 1024.0 / f64::from(options.displays);
        println!("memory: {} streams more, {before:.1} to {now:.1} MB: {each:.2} kB each", options.displays);
        if each < LEAST_KB {
            seen.clear();
        } else {
            seen.push(each);
        }
        before = now;
    }
    Ok(seen.into_iter().reduce(f64::max))
}

/// The house's file with thousands of displays that are set up like its own.
fn house_file(displays: u32) -> anyhow::Result<String> {
    let file = std::fs::read_to_string(HALLE)?;
    let copies = |of: &str, group: &str, count: u32| -> anyhow::Result<String> {
        let mark = format!("[[signage.displays]]\nid = \"{of}\"");
        let begin = file.find(&mark).ok_or_else(|| anyhow::anyhow!("{HALLE} has no display {of}"))?;
        let rest = &file[begin + 1..];
        let entry = &rest[..rest.find("\n[").unwrap_or(rest.len())];
        let entry: String =
            entry.lines().filter(|line| !line.starts_with("group =")).map(|line| format!("{line}\n")).collect();
        let named =
            entry.replacen(&format!("id = \"{of}\""), "id = \"ID\"\ngroup = \"GROUP\"", 1).replace("GROUP", group);
        Ok((0..count).map(|n| format!("\n[{}", named.replacen("ID", &format!("{group}-{n}"), 1))).collect())
    };
    Ok(format!(
        "{file}{}{}",
        copies("foyer-1", "foyer-load", displays - FEW)?,
        copies("parking-1", "parking-load", FEW)?
    ))
}

/// How often a display was woken, as the process counts it.
async fn wakes(house: &House) -> anyhow::Result<f64> {
    let metrics = reqwest::get(format!("{}/metrics", house.web)).await?.text().await?;
    let line = metrics.lines().find(|line| line.starts_with("sky_signage_wakes_total"));
    Ok(line.and_then(|line| line.split_whitespace().last()).map_or(Ok(0.0), str::parse)?)
}

/// All displays, each with its stream, over a few connections.
struct Crowd {
    seen: mpsc::UnboundedReceiver<Seen>,
    /// What they say in an evacuation has been noted.
    acknowledged: Arc<AtomicUsize>,
    last_acknowledged: Arc<AtomicU64>,
    begun: Instant,
    payload: Content,
    /// How many were told of the last message.
    woken: u32,
    tasks: Tasks,
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.stopping().cancel();
    }
}

impl Crowd {
    async fn watch(house: &House, options: &Options) -> anyhow::Result<Self> {
        let (sender, seen) = mpsc::unbounded_channel();
        let tasks = Tasks::default();
        let (acknowledged, last_acknowledged) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let begun = Instant::now();
        let mut connections = Vec::new();
        for _ in 0..options.connections {
            connections.push(house.connection().await?);
        }
        for n in 0..options.displays {
            let few = n < FEW;
            let id = if few { format!("parking-load-{n}") } else { format!("foyer-load-{}", n - FEW) };
            let caller = Caller::Device { id: id.clone(), kind: "display".to_owned() };
            let display = Display {
                token: bearer(house.keys(), &caller)?,
                channel: connections[n as usize % connections.len()].clone(),
                id,
                few,
                seen: sender.clone(),
                acknowledged: acknowledged.clone(),
                last_acknowledged: last_acknowledged.clone(),
                begun,
            };
            tasks.spawn_until_stop(async move {
                // A house that is closed ends all of them.
                if let Err(status) = display.run().await
                    && status.code() != tonic::Code::Unavailable
                {
                    eprintln!("a display's stream ended: {status}");
                }
            });
        }
        let mut crowd =
            Self { seen, acknowledged, last_acknowledged, begun, payload: Content::default(), woken: 0, tasks };
        // The first of them were told before the last one began.
        crowd.wait(options.displays, PriorityClass::Default, begun).await?;
        let mut signage = SignageClient::new(house.channel(&House::operator()).await?);
        let get = sky_proto::signage::v1::GetContentRequest { display_id: "foyer-load-0".to_owned() };
        crowd.payload = signage.get_content(get).await?.into_inner();
        Ok(crowd)
    }

    /// Waits until so many have a content of this class.
    async fn wait(&mut self, displays: u32, class: PriorityClass, since: Instant) -> anyhow::Result<Latencies> {
        self.wait_until(displays, since, |seen| seen.class == class && (displays > FEW || seen.few)).await
    }

    /// Waits until so many have a content of this kind.
    async fn wait_until(
        &mut self,
        displays: u32,
        since: Instant,
        is_it: impl Fn(&Seen) -> bool,
    ) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::new();
        let mut told = 0;
        let all = async {
            while told < displays {
                let Some(seen) = self.seen.recv().await else { anyhow::bail!("the displays are gone") };
                // What was on its way before is not counted.
                if seen.at >= since && is_it(&seen) {
                    latencies.add(seen.at - since);
                    told += 1;
                }
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, all).await.map_err(|_| anyhow::anyhow!("{told} of {displays} were told"))??;
        Ok(latencies)
    }

    /// A message of the desk to a group of displays, and its withdrawal.
    async fn message(&mut self, house: &House, group: &str, displays: u32) -> anyhow::Result<Latencies> {
        let mut signage = SignageClient::new(house.channel(&House::operator()).await?);
        let words = Text::new("Der Aufzug ist außer Betrieb.", "The lift is out of order.");
        let request = PublishMessageRequest {
            idempotency_key: uuid::Uuid::new_v4().to_string(),
            priority_class: PriorityClass::Operations.into(),
            text: Some(words.to_proto()),
            group: group.to_owned(),
            valid_until: Some(kernel::values::timestamp(wall_now() + chrono::TimeDelta::hours(1))),
        };
        let since = Instant::now();
        let Message { message_id, .. } = signage.publish_message(request).await?.into_inner();
        let latencies = self.wait(displays, PriorityClass::Operations, since).await?;
        let since = Instant::now();
        signage.withdraw_message(WithdrawMessageRequest { message_id }).await?;
        self.wait(displays, PriorityClass::Default, since).await?;
        // Whoever else was told would have said so by now.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut others = 0;
        while self.seen.try_recv().is_ok() {
            others += 1;
        }
        self.woken = displays + others;
        Ok(latencies)
    }

    /// Staff open the doors of the next showing, which all displays but those of the car park say; then they close them.
    async fn doors(&mut self, house: &House, displays: u32) -> anyhow::Result<Latencies> {
        let listed: Vec<_> = self.payload.lines.iter().filter_map(|line| line.starts_at).collect();
        let next = upcoming(house, wall_now()).await?;
        let next = next
            .into_iter()
            .find(|it| it.state() == AdmissionState::Planned && listed.contains(&it.starts_at.unwrap_or_default()));
        let showing_id =
            next.ok_or_else(|| anyhow::anyhow!("no display says when the next showing begins"))?.showing_id;
        let mut flow = FlowClient::new(house.channel(&House::operator()).await?);
        let step = |to: AdmissionState| MoveAdmissionRequest { showing_id: showing_id.clone(), to: to.into() };
        let since = Instant::now();
        flow.move_admission(step(AdmissionState::DoorsOpen)).await?;
        let latencies = self.wait_until(displays, since, |seen| seen.open).await?;
        let since = Instant::now();
        flow.move_admission(step(AdmissionState::Planned)).await?;
        self.wait_until(displays, since, |seen| !seen.open && !seen.few).await?;
        Ok(latencies)
    }

    /// The house is evacuated; every display says that it shows it, which the desk sees; then it is over.
    async fn evacuation(&mut self, house: &House, displays: u32) -> anyhow::Result<(Latencies, Duration, Duration)> {
        let mut flow = FlowClient::new(house.channel(&House::operator()).await?);
        let set = |state: HouseState| SetHouseStateRequest {
            state: state.into(),
            reason: "Lasttest".to_owned(),
            exercise: false,
        };
        self.acknowledged.store(0, Ordering::Relaxed);
        let since = Instant::now();
        flow.set_house_state(set(HouseState::Evacuating)).await?;
        let latencies = self.wait(displays, PriorityClass::Evacuation, since).await?;
        let all = async {
            while self.acknowledged.load(Ordering::Relaxed) < displays as usize {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.map_err(|_| anyhow::anyhow!("not all have acknowledged"))?;
        let last = Duration::from_micros(self.last_acknowledged.load(Ordering::Relaxed));
        let took = last.saturating_sub(since - self.begun);
        let mut told = flow.watch_flow(WatchFlowRequest { after_revision: 0 }).await?.into_inner();
        let known = async {
            while let Some(snapshot) = told.message().await? {
                let by_all = |it: &Incident| {
                    it.kind() == IncidentKind::Evacuation && it.state() == MeasureState::AckedByDisplays
                };
                if snapshot.incidents.iter().any(by_all) {
                    return Ok(since.elapsed());
                }
            }
            Err(Status::unavailable("the stream ended"))
        };
        let known = tokio::time::timeout(PATIENCE, known).await??;
        // It takes two people to clear it.
        let second = Caller::Staff { account: "load-test-2".to_owned(), roles: vec![Role::Admin] };
        flow.set_house_state(set(HouseState::AllClear)).await?;
        FlowClient::new(house.channel(&second).await?).set_house_state(set(HouseState::AllClear)).await?;
        flow.set_house_state(set(HouseState::Normal)).await?;
        self.wait(displays, PriorityClass::Default, since).await?;
        Ok((latencies, took, known))
    }
}

/// One display: watches, and acknowledges an evacuation.
struct Display {
    id: String,
    few: bool,
    channel: Channel,
    token: MetadataValue<Ascii>,
    seen: mpsc::UnboundedSender<Seen>,
    acknowledged: Arc<AtomicUsize>,
    last_acknowledged: Arc<AtomicU64>,
    begun: Instant,
}

impl Display {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }

    async fn run(self) -> Result<(), Status> {
        let mut signage = SignageClient::new(self.channel.clone());
        let watch = WatchDisplayRequest { display_id: self.id.clone(), after_revision: 0 };
        let mut updates = signage.watch_display(self.request(watch)).await?.into_inner();
        while let Some(update) = updates.message().await? {
            let Some(Update::Content(content)) = update.update else { continue };
            let class = content.priority_class();
            let open = content.lines.iter().any(|line| line.status == "doors_open");
            let _ = self.seen.send(Seen { at: Instant::now(), class, few: self.few, open });
            if class == PriorityClass::Evacuation {
                let said = AcknowledgeContentRequest { display_id: self.id.clone(), revision: content.revision };
                signage.acknowledge_content(self.request(said)).await?;
                let at = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.last_acknowledged.fetch_max(at, Ordering::Relaxed);
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}
