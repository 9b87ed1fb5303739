//! Kitchen screens and the ticket printer, a real TCP port each time: one that acknowledges, one that hangs, one that
//! closes, one without paper; and a screen that dies and comes back.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use kernel::testing::{House, free_port};
use sky_proto::gastro::v1 as pb;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tonic::Code;
use uuid::Uuid;

use crate::{kitchen, support::*};

use pb::OrderState::Fired;

/// How the printer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Good,
    /// Takes everything, says nothing.
    Hangs,
    /// Closes before it is asked anything.
    Closes,
    /// Prints, and dies before it says so.
    DiesAfterwards,
    /// Its roll ends while it prints.
    RunsOut,
    /// Takes everything and says that it is well, and prints nothing of it.
    Stuck,
    NoPaper,
}

/// A printer on a port of its own, with what it was sent.
struct Printer {
    address: String,
    mood: Arc<Mutex<Mood>>,
    paper: Arc<Mutex<Vec<Vec<u8>>>>,
    calls: Arc<AtomicUsize>,
}

impl Printer {
    async fn start(mood: Mood) -> Self {
        Self::start_at("127.0.0.1:0", mood).await
    }

    async fn start_at(address: &str, mood: Mood) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let printer = Self { address, mood: Arc::new(Mutex::new(mood)), paper: Arc::default(), calls: Arc::default() };
        let (mood, paper, calls) = (printer.mood.clone(), printer.paper.clone(), printer.calls.clone());
        let tasks = kernel::Tasks::default();
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                calls.fetch_add(1, Ordering::SeqCst);
                let mood = *mood.lock().expect("lock");
                let (mut printed, mut bytes) = (Vec::new(), [0_u8; 4096]);
                if mood == Mood::Closes {
                    continue;
                }
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    printed.extend(&bytes[..count]);
                    // Questions are taken out of what is printed: those that are answered at once, and the one in its turn.
                    let asks = |it: &[u8]| it[..2] == [0x10, 0x04] || *it == [0x1d, b'r', 1];
                    while let Some(at) = printed.windows(3).position(asks) {
                        let in_turn = printed[at] == 0x1d;
                        let question = printed[at + 2];
                        printed.drain(at..at + 3);
                        let answer = match (mood, question) {
                            (Mood::Hangs, _) => None,
                            (Mood::Stuck | Mood::RunsOut | Mood::DiesAfterwards, _) if in_turn => None,
                            _ if in_turn => Some(0x00),
                            (Mood::DiesAfterwards, _) if !printed.is_empty() => None,
                            (Mood::RunsOut, 4) if !printed.is_empty() => Some(0x72),
                            (Mood::NoPaper, 4) => Some(0x72),
                            _ => Some(0x12),
                        };
                        if let Some(answer) = answer {
                            let _ = stream.write_all(&[answer]).await;
                        }
                    }
                    if mood == Mood::DiesAfterwards && !printed.is_empty() {
                        break;
                    }
                }
                if !printed.is_empty() {
                    paper.lock().expect("lock").push(printed);
                }
            }
        });
        printer
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("lock") = mood;
    }

    fn printed(&self) -> Vec<Vec<u8>> {
        self.paper.lock().expect("lock").clone()
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn beat(house: &House, screen: &str, station: &str) -> Result<(), tonic::Status> {
    let request = pb::BeatScreenRequest { screen_id: screen.to_owned(), station_id: station.to_owned() };
    kitchen!(house, &cook()).beat_screen(request).await.map(drop)
}

/// On a paper that may be the second one.
const REPEATED: &[u8] = b"WIEDERHOLUNG - nur einmal kochen";

async fn unsent(house: &House) -> Vec<pb::Ticket> {
    kitchen!(house, &cook()).list_tickets(pb::ListTicketsRequest {}).await.expect("a list").into_inner().tickets
}

/// What was tried is tried again now instead of after its pause.
async fn try_again_now(house: &House) {
    sqlx::query("update ticket set next_try_at = 'epoch'").execute(house.pool("gastro")).await.expect("set");
}

async fn fire(house: &House) -> pb::Order {
    let visit = Uuid::now_v7();
    scheduled_meal(house, visit, Uuid::now_v7()).await;
    until_state(house, visit, minutes(105), Fired).await
}

#[tokio::test]
async fn without_a_screen_each_stations_ticket_is_printed_once() {
    let printer = Printer::start(Mood::Good).await;
    let house = house_with(&[("printer", &printer.address)]).await;
    let order = fire(&house).await;
    until(&house, "both tickets are printed", async || unsent(&house).await.is_empty() && printer.printed().len() == 2)
        .await;
    let paper = printer.printed();
    assert!(paper.iter().any(|it| has(it, b"Warme K\x81che") && has(it, b"2 x Pasta") && !has(it, b"Mineralwasser")));
    assert!(paper.iter().all(|it| has(it, b"\x1d!\x331\n") && it.ends_with(b"\x1dV\x42\x03")), "number, cut");
    assert!(paper.iter().all(|it| !has(it, b"WIEDERHOLUNG")));
    // The firing is heard of again, and the house restarts: no second paper.
    twice(&house, "journey", &confirmed(order.visit_id.parse().expect("an id"), Uuid::now_v7())).await;
    let house = house.restart().await;
    let control = Uuid::now_v7();
    let mut request = wish(control, Uuid::now_v7());
    request.showing_ends_at = Some(kernel::values::timestamp(house.clock.now() + TimeDelta::minutes(30)));
    request.expires_at = Some(kernel::values::timestamp(house.clock.now() + TimeDelta::minutes(9)));
    request.lines = vec![line("pretzel", 1)];
    hold(&house, &request).await.expect("held");
    twice(&house, "journey", &confirmed(control, Uuid::now_v7())).await;
    let scheduled = self::order(&house, control).await;
    house.clock.set(kernel::values::from_timestamp(scheduled.fire_at));
    until(&house, "the control is printed", async || printer.printed().len() > 2).await;
    assert_eq!(printer.printed().len(), 3, "one paper for each ticket");
}

/// What is on paper says that it is no longer so; what was on none is printed once, as it is now.
#[tokio::test]
async fn a_substitute_is_printed_as_what_replaces_the_earlier_paper() {
    let printer = Printer::start(Mood::Good).await;
    let house = house_with(&[("printer", &printer.address)]).await;
    let order = fire(&house).await;
    until(&house, "both tickets are printed", async || printer.printed().len() == 2).await;
    let substitute = async |item: &str| {
        let request = pb::SubstituteRequest {
            order_id: order.order_id.clone(),
            line: 0,
            item_id: item.to_owned(),
            acknowledged_allergens: (1..=14).collect(),
        };
        kitchen!(house, &cook()).substitute(request).await.expect("replaced");
    };
    substitute("pumpkin-curry").await;
    until(&house, "the change is printed", async || printer.printed().len() == 3).await;
    let paper = printer.printed();
    assert!(paper[..2].iter().all(|it| !has(it, b"ersetzt")));
    assert!(has(&paper[2], b"ersetzt den fr\x81heren Zettel") && has(&paper[2], b"K\x81rbis-Curry"));

    printer.becomes(Mood::NoPaper);
    substitute("planet-salad").await;
    until(&house, "the salad waits for paper", async || unsent(&house).await.len() == 1).await;
    substitute("tomato-pasta").await;
    let waiting = unsent(&house).await;
    assert_eq!(waiting.len(), 1, "nothing waits for a station that has nothing left to make: {waiting:?}");
}

#[tokio::test]
async fn a_printer_that_hangs_leaves_its_tickets_red_and_stops_nobody() {
    let printer = Printer::start(Mood::Hangs).await;
    let house = house_with(&[("printer", &printer.address)]).await;
    let order = fire(&house).await;
    until(&house, "it was tried", async || unsent(&house).await.iter().any(|it| it.attempts > 0)).await;
    step(&house, &order.order_id, pb::OrderState::Preparing).await.expect("the kitchen goes on");
    let red = unsent(&house).await;
    assert_eq!(red.len(), 2);
    assert!(red.iter().all(|it| it.state() == pb::TicketState::Unsent && it.number == 1));
    assert!(red.iter().any(|it| it.problem.as_ref().is_some_and(|it| !it.de.is_empty())));
    let shown = self::order(&house, order.visit_id.parse().expect("an id")).await;
    assert!(shown.parts.iter().all(|part| part.unsent), "red on the board");

    printer.becomes(Mood::Good);
    try_again_now(&house).await;
    until(&house, "printed after all", async || unsent(&house).await.is_empty()).await;
    let ids: Vec<String> = red.iter().map(|it| it.ticket_id.clone()).collect();
    let paper = printer.printed();
    assert!(ids.iter().all(|id| paper.iter().filter(|it| has(it, id.as_bytes())).count() == 1), "under the same id");
}

#[tokio::test]
async fn what_may_have_come_out_is_printed_again_and_says_so() {
    for (mood, says) in [
        (Mood::DiesAfterwards, "may be there or not"),
        (Mood::RunsOut, "out of paper"),
        (Mood::Stuck, "may be there or not"),
    ] {
        let printer = Printer::start(mood).await;
        let house = house_with(&[("printer", &printer.address)]).await;
        fire(&house).await;
        until(&house, "it was tried", async || unsent(&house).await.iter().any(|it| it.attempts > 0)).await;
        let tried = unsent(&house).await.into_iter().find(|it| it.attempts > 0).expect("one");
        assert!(tried.problem.expect("why").en.contains(says), "{mood:?}");
        printer.becomes(Mood::Good);
        try_again_now(&house).await;
        until(&house, "printed", async || unsent(&house).await.is_empty()).await;
        let mine: Vec<Vec<u8>> =
            printer.printed().into_iter().filter(|it| has(it, tried.ticket_id.as_bytes())).collect();
        assert_eq!(mine.len(), 2, "{mood:?}");
        assert!(!has(&mine[0], REPEATED) && has(&mine[1], REPEATED), "{mood:?}");
    }
}

/// Tried often, printed never: a cook who reads that it is a repeat would not make it.
#[tokio::test]
async fn the_first_paper_does_not_say_that_it_is_a_repeat() {
    for mood in [Some(Mood::NoPaper), Some(Mood::Closes), None] {
        // None: its port is closed.
        let (there, closed) = match mood {
            Some(mood) => (Some(Printer::start(mood).await), String::new()),
            None => (None, format!("127.0.0.1:{}", free_port())),
        };
        let address = there.as_ref().map_or(closed, |printer| printer.address.clone());
        let house = house_with(&[("printer", &address)]).await;
        let order = fire(&house).await;
        until(&house, "it was tried", async || unsent(&house).await.iter().any(|it| it.attempts > 0)).await;
        // What takes the place of a dish replaces no paper: there is none.
        substitute(&house, &order, "pumpkin-curry").await;
        until(&house, "both were tried", async || unsent(&house).await.iter().all(|it| it.attempts > 0)).await;
        let printer = match there {
            Some(printer) => printer,
            None => Printer::start_at(&address, Mood::Good).await,
        };
        printer.becomes(Mood::Good);
        try_again_now(&house).await;
        until(&house, "printed", async || unsent(&house).await.is_empty()).await;
        let paper = printer.printed();
        assert_eq!(paper.len(), 2, "{mood:?}: one of each station");
        assert!(paper.iter().any(|it| has(it, b"K\x81rbis-Curry")), "{mood:?}");
        assert!(paper.iter().all(|it| !has(it, REPEATED) && !has(it, b"ersetzt")), "{mood:?}");
    }
}

#[tokio::test]
async fn a_printer_that_closes_or_has_no_paper_is_named() {
    for (mood, says) in [(Mood::Closes, "cannot be reached"), (Mood::NoPaper, "out of paper")] {
        let printer = Printer::start(mood).await;
        let house = house_with(&[("printer", &printer.address)]).await;
        fire(&house).await;
        until(&house, "it was tried", async || unsent(&house).await.iter().any(|it| it.attempts > 0)).await;
        let problems: Vec<String> = unsent(&house).await.into_iter().filter_map(|it| Some(it.problem?.en)).collect();
        assert!(problems.iter().any(|it| it.contains(says)), "{mood:?}: {problems:?}");
        assert!(printer.printed().is_empty(), "nothing was sent that would be lost");
    }
}

#[tokio::test]
async fn a_screen_that_misses_two_beats_leaves_its_tickets_to_the_printer() {
    let printer = Printer::start(Mood::Good).await;
    let house = house_with(&[("printer", &printer.address)]).await;
    beat(&house, "tablet-1", "").await.expect("heard");
    let order = fire(&house).await;
    assert!(order.parts.iter().all(|part| !part.unsent && !part.printed), "on the screen");
    let calls = printer.calls.load(Ordering::SeqCst);
    assert_eq!(calls, 0, "no paper is wasted while somebody sees it");
    // Devices are judged by the machine's clock, so that time is passed in what was noted.
    let silent = |seconds: i32| {
        sqlx::query("update screen set seen_at = seen_at - make_interval(secs => $1)")
            .bind(seconds)
            .execute(house.pool("gastro"))
    };
    silent(30).await.expect("one beat missed");
    beat(&house, "tablet-2", "bar").await.expect("heard");
    silent(30).await.expect("two missed");
    beat(&house, "tablet-2", "bar").await.expect("heard");
    until(&house, "the hot kitchen's ticket is printed", async || printer.printed().len() == 1).await;
    assert!(has(&printer.printed()[0], b"Warme K\x81che"), "the bar's is on its own screen");
    beat(&house, "tablet-1", "").await.expect("back");
    let visit = order.visit_id.parse().expect("an id");
    // The printer has it a moment before that is noted.
    let noted = async || self::order(&house, visit).await.parts.iter().any(|part| part.printed);
    until(&house, "it is noted", noted).await;
    let back = self::order(&house, visit).await;
    let printed: Vec<bool> = back.parts.iter().map(|part| part.printed).collect();
    assert_eq!(printed, [false, true]);
    assert_eq!(beat(&house, "tablet-1", "oven").await.expect_err("no station").code(), Code::NotFound);
    assert_eq!(beat(&house, "", "hot").await.expect_err("no screen").code(), Code::InvalidArgument);

    // Somebody wants it on paper all the same.
    let ticket = back.parts[0].ticket_id.clone();
    let request = pb::PrintTicketRequest { ticket_id: ticket.clone() };
    kitchen!(house, &cook()).print_ticket(request).await.expect("asked");
    beat(&house, "tablet-1", "").await.expect("a screen does not take it back");
    until(&house, "printed", async || printer.printed().len() == 2).await;
    assert!(has(&printer.printed()[1], ticket.as_bytes()));
    let request = pb::PrintTicketRequest { ticket_id: Uuid::nil().to_string() };
    assert_eq!(kitchen!(house, &cook()).print_ticket(request).await.expect_err("none").code(), Code::NotFound);
}
