//! A small mail server for the tests: it takes mails, counts them, and behaves as badly as it is told to.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// 451 for every address.
    PutsOff,
    /// 550 for every address.
    Refuses,
    /// 554 once it has read the whole mail.
    RefusesText,
    /// Keeps the mail and hangs up without an answer.
    HangsUp,
    /// Hangs up before the text.
    HangsUpEarly,
}

#[derive(Debug)]
struct Room {
    mood: Mood,
    mails: Vec<String>,
    offers: usize,
}

/// The server; it ends with the test's process.
#[derive(Clone, Debug)]
pub struct Sink {
    port: u16,
    room: Arc<Mutex<Room>>,
}

impl Sink {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let room = Arc::new(Mutex::new(Room { mood: Mood::Takes, mails: Vec::new(), offers: 0 }));
        let of_thread = room.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let room = of_thread.clone();
                thread::spawn(move || {
                    // Whoever hangs up in the middle is no failure of the server.
                    let _ = serve(&stream, &room);
                });
            }
        });
        Self { port, room }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn is(&self, mood: Mood) {
        self.room.lock().expect("the room").mood = mood;
    }

    /// The mails it has taken, decoded: headers, then text, HTML and calendar as they can be read.
    pub fn mails(&self) -> Vec<String> {
        self.room.lock().expect("the room").mails.clone()
    }

    /// How often an address was offered.
    pub fn offers(&self) -> usize {
        self.room.lock().expect("the room").offers
    }
}

fn serve(stream: &TcpStream, room: &Mutex<Room>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut out = stream;
    out.write_all(b"220 sink\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let mood = room.lock().expect("the room").mood;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
            "RCPT" => {
                room.lock().expect("the room").offers += 1;
                match mood {
                    Mood::PutsOff => b"451 greylisted, caroline\r\n",
                    Mood::Refuses => b"550 there is no caroline here\r\n",
                    Mood::HangsUpEarly => return Ok(()),
                    Mood::Takes | Mood::RefusesText | Mood::HangsUp => b"250 ok\r\n",
                }
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push('\n');
                }
                if mood == Mood::RefusesText {
                    b"554 looks like advertising\r\n"
                } else {
                    room.lock().expect("the room").mails.push(readable(&mail));
                    if mood == Mood::HangsUp {
                        return Ok(());
                    }
                    b"250 taken\r\n"
                }
            }
            "QUIT" => {
                out.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            "MAIL" | "RSET" | "NOOP" => b"250 ok\r\n",
            _ => b"502 what?\r\n",
        };
        out.write_all(answer)?;
    }
    Ok(())
}

/// Quoted-printable and folded calendar lines as they were meant.
fn readable(mail: &str) -> String {
    let mail = mail.replace("=\n", "").replace("\n ", "");
    let mut bytes = Vec::with_capacity(mail.len());
    let mut rest = mail.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'=').then(|| tail.get(..2)).flatten();
        let code =
            code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
