//! The ticket printer: a TCP port that takes ESC/POS. It is asked before each ticket, and in its turn after it; without
//! its word the ticket stays unsent. Nothing waits for it longer than a few seconds, and nothing else waits for it.

use std::time::Duration;

use kernel::{Db, clock::wall_now};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    commands::screens,
    domain::{
        Order,
        escpos::{self, Paper, PaperLine, Status},
        kitchen::Ticket,
    },
    error::Error,
    store,
};

/// What it is told of `[services.gastro]`.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where the kitchen's ticket printer listens, e.g. `192.168.10.40:9100`. Empty: there is none.
    pub(crate) printer: String,
}

const TO_CONNECT: Duration = Duration::from_secs(2);
const TO_SEND: Duration = Duration::from_secs(3);
const TO_ANSWER: Duration = Duration::from_secs(2);
/// A long ticket is 30 cm, which the slowest printers do in four seconds.
const TO_PRINT: Duration = Duration::from_secs(6);
/// So many tickets are tried in one turn; then the screens are looked at again.
const IN_ONE_TURN: usize = 20;

/// Why a ticket is not known to be on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    NotSetUp,
    Unreachable,
    Offline,
    NoPaper,
    /// Sent, but nobody knows whether it came out.
    NoAnswer,
    Nonsense,
}

impl Trouble {
    const fn name(self) -> &'static str {
        match self {
            Self::NotSetUp => "not_set_up",
            Self::Unreachable => "unreachable",
            Self::Offline => "offline",
            Self::NoPaper => "no_paper",
            Self::NoAnswer => "no_answer",
            Self::Nonsense => "nonsense",
        }
    }

    const fn of(status: Status) -> Result<(), Self> {
        match status {
            Status::Good => Ok(()),
            Status::Offline => Err(Self::Offline),
            Status::NoPaper => Err(Self::NoPaper),
            Status::Nonsense => Err(Self::Nonsense),
        }
    }
}

/// One turn: silent screens leave their tickets, and what is unsent is printed, one after the other.
pub(crate) async fn turn(db: &Db, settings: &Settings) -> Result<(), Error> {
    db.transact(|tx| Box::pin(screens::watch_over(tx))).await?;
    for _ in 0..IN_ONE_TURN {
        let mut conn = db.pool().acquire().await?;
        let Some(ticket) = store::tickets::next_to_print(&mut conn, wall_now()).await? else { return Ok(()) };
        let order = store::orders(&mut conn, &[ticket.order]).await?.pop().ok_or(Error::NoSuchOrder)?;
        let stations = store::stations(&mut conn).await?;
        drop(conn);
        let station = stations.into_iter().find(|it| it.id == ticket.station).map(|it| it.name.de);
        let bytes = escpos::ticket(&paper(&ticket, &order, station.unwrap_or_default()));
        let id = ticket.id;
        let done = match reach(&settings.printer).await {
            Ok(printer) => {
                if !db.transact(move |tx| Box::pin(screens::sending(tx, id))).await? {
                    continue;
                }
                print(printer, &bytes).await
            }
            Err(trouble) => Err(trouble),
        };
        match done {
            Ok(()) => db.transact(move |tx| Box::pin(screens::printed(tx, ticket.id))).await?,
            Err(trouble) => {
                tracing::warn!(ticket = %ticket.id, attempts = ticket.attempts + 1, problem = trouble.name(), "not printed");
                db.transact(move |tx| {
                    let ticket = ticket.clone();
                    Box::pin(async move { screens::not_printed(tx, &ticket, trouble.name()).await })
                })
                .await?;
                // The next one would wait for the same printer.
                return Ok(());
            }
        }
    }
    Ok(())
}

fn paper(ticket: &Ticket, order: &Order, station: String) -> Paper {
    let lines = order.lines.iter().filter(|line| line.is_made_at(&ticket.station));
    Paper {
        id: ticket.id,
        number: order.number.unwrap_or_default(),
        station,
        pickup_at: order.pickup_at,
        lines: lines
            .map(|line| PaperLine {
                quantity: line.quantity,
                name: line.name.de.clone(),
                notes: match line.tray.as_str() {
                    "" => Vec::new(),
                    tray => vec![format!("Tablett {tray}")],
                },
                allergens: line.allergens.clone(),
                traces: line.traces.clone(),
            })
            .collect(),
        again: ticket.may_be_out,
        replaces: ticket.replaces,
    }
}

/// A printer that says that it is well. It has been sent nothing that it prints.
async fn reach(address: &str) -> Result<TcpStream, Trouble> {
    if address.is_empty() {
        return Err(Trouble::NotSetUp);
    }
    let mut printer = timeout(TO_CONNECT, TcpStream::connect(address))
        .await
        .map_err(|_| Trouble::Unreachable)?
        .map_err(|_| Trouble::Unreachable)?;
    Trouble::of(escpos::online(ask(&mut printer, &escpos::ASK_STATUS, Trouble::Unreachable).await?))?;
    Trouble::of(escpos::paper(ask(&mut printer, &escpos::ASK_PAPER, Trouble::Unreachable).await?))?;
    Ok(printer)
}

/// Prints; `Ok` only when the printer has come to the question behind the ticket and is well: what is answered at once says
/// nothing of what is still in its buffer. Otherwise nobody knows what has come out.
async fn print(mut printer: TcpStream, bytes: &[u8]) -> Result<(), Trouble> {
    send(&mut printer, bytes, Trouble::NoAnswer).await?;
    send(&mut printer, &escpos::ASK_WHEN_PRINTED, Trouble::NoAnswer).await?;
    match read(&mut printer, TO_PRINT, Trouble::NoAnswer).await {
        Ok(byte) => Trouble::of(escpos::printed(byte)),
        // It has stopped in the middle: it may say why.
        Err(silent) => {
            Trouble::of(escpos::paper(ask(&mut printer, &escpos::ASK_PAPER, silent).await?))?;
            Trouble::of(escpos::online(ask(&mut printer, &escpos::ASK_STATUS, silent).await?))?;
            Err(silent)
        }
    }
}

async fn send(printer: &mut TcpStream, bytes: &[u8], silent: Trouble) -> Result<(), Trouble> {
    timeout(TO_SEND, printer.write_all(bytes)).await.map_err(|_| silent)?.map_err(|_| silent)
}

async fn ask(printer: &mut TcpStream, question: &[u8], silent: Trouble) -> Result<u8, Trouble> {
    send(printer, question, silent).await?;
    read(printer, TO_ANSWER, silent).await
}

async fn read(printer: &mut TcpStream, patience: Duration, silent: Trouble) -> Result<u8, Trouble> {
    timeout(patience, printer.read_u8()).await.map_err(|_| silent)?.map_err(|_| silent)
}
