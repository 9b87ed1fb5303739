//! Buying: a steady number of callers, and everybody at one instant.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use kernel::{Caller, values::timestamp};
use sky_proto::reservations::v1::{
    Channel, GetShowingRequest, HoldSeatsRequest, PartyLine, ReleaseHoldRequest, SeatHold,
    reservations_client::ReservationsClient,
};
use tonic::{
    Code, Request,
    metadata::{Ascii, MetadataValue},
    transport,
};
use uuid::Uuid;

use super::callers::{Pace, Steady, come};
use crate::{
    house::{House, bearer},
    report::Latencies,
};

/// HTTP/2 connections that the callers share.
pub const CONNECTIONS: usize = 4;

fn journey() -> Caller {
    Caller::Service("journey".to_owned())
}

/// An order of some adults.
pub fn order(showing: Uuid, people: u32) -> HoldSeatsRequest {
    HoldSeatsRequest {
        idempotency_key: Uuid::new_v4().to_string(),
        visit_id: Uuid::new_v4().to_string(),
        showing_id: showing.to_string(),
        party: vec![PartyLine { tariff_class: "adult".to_owned(), count: people, need: 0 }],
        expires_at: Some(timestamp(kernel::clock::wall_now() + TimeDelta::minutes(10))),
        seats: Vec::new(),
        channel: Channel::Online.into(),
        wish: None,
        offered: false,
    }
}

/// Orders of one place, the showings in turn; of a hundred `repeats` are sent twice.
pub async fn steady(
    house: &House,
    showings: &[Uuid],
    pace: Pace,
    repeats: usize,
    seconds: u64,
) -> anyhow::Result<Steady> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(ReservationsClient::new(house.channel(&journey()).await?));
    }
    let (clients, showings) = (Arc::new(clients), Arc::new(showings.to_vec()));
    come(pace, seconds, move |caller, number| {
        let (mut client, order) = (clients[caller % CONNECTIONS].clone(), order(showings[number % showings.len()], 1));
        async move {
            let asked = Instant::now();
            let answer = client.hold_seats(order.clone()).await?.into_inner();
            let latency = asked.elapsed();
            if number % 100 < repeats {
                let again = client.hold_seats(order).await?.into_inner();
                anyhow::ensure!(again == answer, "a repeat was answered otherwise");
            }
            Ok(latency)
        }
    })
    .await
}

/// So many callers hold a place and give it back, again and again: the showing changes all the time and is never sold
/// out.
pub async fn coming_and_going(house: &House, showing: Uuid, callers: usize, seconds: u64) -> anyhow::Result<Steady> {
    let client = ReservationsClient::new(house.channel(&journey()).await?);
    come(Pace::Closed(callers), seconds, move |_, _| {
        let (mut client, order) = (client.clone(), order(showing, 1));
        async move {
            let asked = Instant::now();
            let release = ReleaseHoldRequest { visit_id: order.visit_id.clone() };
            client.hold_seats(order).await?;
            client.release_hold(release).await?;
            Ok(asked.elapsed())
        }
    })
    .await
}

/// What a rush came to.
pub struct Rush {
    /// Places held.
    pub held: u32,
    /// From the instant at which all wanted to start.
    pub latencies: Latencies,
}

/// The connections of a crowd, open before it comes.
pub struct Crowd {
    clients: Vec<ReservationsClient<transport::Channel>>,
    bearer: MetadataValue<Ascii>,
}

impl Crowd {
    /// It looks at the showing first, as people do.
    pub async fn gather(house: &House, showing: &Uuid) -> anyhow::Result<Self> {
        let mut crowd = Self { clients: Vec::new(), bearer: bearer(house.keys(), &journey())? };
        for _ in 0..50 {
            let mut client = ReservationsClient::new(house.connection().await?);
            client.get_showing(crowd.asks(GetShowingRequest { showing_id: showing.to_string() })).await?;
            crowd.clients.push(client);
        }
        Ok(crowd)
    }

    fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        request
    }
}

/// So many people at one instant, each for one place of a showing. Everybody is answered: held, or
/// sold out.
pub async fn rush(house: &House, showing: &Uuid, people: usize) -> anyhow::Result<Rush> {
    rush_of(&Crowd::gather(house, showing).await?, showing, people).await
}

/// The same over connections that are open.
pub async fn rush_of(crowd: &Crowd, showing: &Uuid, people: usize) -> anyhow::Result<Rush> {
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let start = tokio::time::Instant::now() + Duration::from_millis(500);
    for person in 0..people {
        let mut client = crowd.clients[person % crowd.clients.len()].clone();
        let (told, order) = (told.clone(), crowd.asks(order(*showing, 1)));
        tasks.spawn(async move {
            tokio::time::sleep_until(start).await;
            let answer = client.hold_seats(order).await;
            let _ = told.send((start.elapsed(), answer));
        });
    }
    drop(told);
    let mut rush = Rush { held: 0, latencies: Latencies::new() };
    let mut answered = 0;
    while let Some((latency, answer)) = answers.recv().await {
        rush.latencies.add(latency);
        answered += 1;
        match answer {
            Ok(_) => rush.held += 1,
            Err(status) if status.code() == Code::ResourceExhausted && status.message().starts_with("sold out") => {}
            Err(status) => anyhow::bail!("neither a place nor \"sold out\": {status}"),
        }
    }
    anyhow::ensure!(answered == people, "{answered} of {people} were answered");
    Ok(rush)
}

/// What a herd of parties came to.
pub struct Herd {
    /// Parties with places.
    pub held: u32,
    /// Of these, in one row side by side.
    pub together: u32,
    /// Places that are left over.
    pub free: u32,
    /// Free places without a free neighbour when about half of all were sold: who comes in twos does not get them.
    pub lone: u32,
}

/// So many parties come to about 250 people.
const HALF: usize = 71;

/// Parties of one to six, one after the other by eight callers, until nobody fits in.
pub async fn herd(house: &House, showing: &Uuid, parties: usize) -> anyhow::Result<Herd> {
    let mut herd = Herd { held: 0, together: 0, free: 0, lone: 0 };
    arrive(house, showing, 0..HALF, &mut herd).await?;
    let half = free_places(house, showing).await?;
    let has = |row: &str, number: u32| half.iter().any(|(known, it)| known == row && *it == number);
    let lone = half.iter().filter(|(row, number)| !has(row, number + 1) && !has(row, number.wrapping_sub(1)));
    herd.lone = u32::try_from(lone.count())?;
    arrive(house, showing, HALF..parties, &mut herd).await?;
    herd.free = u32::try_from(free_places(house, showing).await?.len())?;
    Ok(herd)
}

/// The free places by row and number.
async fn free_places(house: &House, showing: &Uuid) -> anyhow::Result<Vec<(String, u32)>> {
    let mut client = ReservationsClient::new(house.channel(&journey()).await?);
    let request = sky_proto::reservations::v1::GetSeatPlanRequest { showing_id: showing.to_string() };
    let plan = client.get_seat_plan(request).await?.into_inner();
    let free = plan.seats.iter().filter(|seat| seat.free).filter_map(|seat| place(&seat.label));
    Ok(free.map(|(row, number)| (row.to_owned(), number)).collect())
}

/// Some of the parties, by their numbers.
async fn arrive(house: &House, showing: &Uuid, numbers: std::ops::Range<usize>, herd: &mut Herd) -> anyhow::Result<()> {
    let (next, parties) = (Arc::new(AtomicUsize::new(numbers.start)), numbers.end);
    let tasks = kernel::Tasks::default();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..8 {
        let mut client = ReservationsClient::new(house.channel(&journey()).await?);
        let (next, told, showing) = (next.clone(), told.clone(), *showing);
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= parties {
                    return;
                }
                // 1 to 6 in an order that is mixed and the same each time.
                let people = u32::try_from(number * 7919 % 6).unwrap_or(0) + 1;
                let _ = told.send(client.hold_seats(order(showing, people)).await);
            }
        });
    }
    drop(told);
    while let Some(answer) = answers.recv().await {
        match answer {
            Ok(held) => {
                herd.held += 1;
                herd.together += u32::from(side_by_side(&held.into_inner()));
            }
            Err(status) if status.code() == Code::ResourceExhausted => {}
            Err(status) => anyhow::bail!("{status}"),
        }
    }
    Ok(())
}

/// Row and number of a label such as "12-7".
fn place(label: &str) -> Option<(&str, u32)> {
    let (row, number) = label.split_once('-')?;
    Some((row, number.parse().ok()?))
}

fn side_by_side(hold: &SeatHold) -> bool {
    let mut places: Vec<(&str, u32)> = hold.seats.iter().filter_map(|seat| place(&seat.label)).collect();
    places.sort_unstable();
    places.windows(2).all(|two| two[0].0 == two[1].0 && two[0].1 + 1 == two[1].1)
}
