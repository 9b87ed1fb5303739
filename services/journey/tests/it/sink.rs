//! A small mail server for the tests: it takes mails, counts them, and behaves as badly as it is told to. With a
//! certificate (`tls/`, of an authority that nobody trusts) it speaks TLS; with an account it wants to know who comes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use data_encoding::BASE64;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
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

/// How its line is protected; but for `Plain` it takes no mail without that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Plain,
    StartTls,
    Tls,
}

/// Who may hand mails over; behind TLS only.
pub const ACCOUNT: (&str, &str) = ("house", "a pass word, with \u{e4}");

#[derive(Debug)]
struct Room {
    line: Line,
    mood: Mood,
    mails: Vec<String>,
    offers: usize,
    greetings: usize,
}

/// The server; it ends with the test's process.
#[derive(Clone, Debug)]
pub struct Sink {
    port: u16,
    room: Arc<Mutex<Room>>,
}

/// Where the files of its certificate are.
pub fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

impl Sink {
    pub fn start() -> Self {
        Self::start_at(0, Line::Plain)
    }

    /// At a port; 0: any.
    pub fn start_at(port: u16, line: Line) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let room = Room { line, mood: Mood::Takes, mails: Vec::new(), offers: 0, greetings: 0 };
        let room = Arc::new(Mutex::new(room));
        let of_thread = room.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let room = of_thread.clone();
                thread::spawn(move || {
                    // Whoever hangs up in the middle is no failure of the server.
                    let _ = serve(stream, line, &room);
                });
            }
        });
        Self { port, room }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn line(&self) -> Line {
        self.room.lock().expect("the room").line
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

    /// How often somebody has come, whatever became of it.
    pub fn greetings(&self) -> usize {
        self.room.lock().expect("the room").greetings
    }
}

/// A line, protected or not.
trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn protected(stream: TcpStream) -> Box<dyn Wire> {
    let certificates = CertificateDer::pem_file_iter(tls_file("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(tls_file("server-key.pem")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(certificates.map(|it| it.expect("a certificate")).collect(), key)
        .expect("a good key");
    let session = ServerConnection::new(Arc::new(config)).expect("TLS");
    Box::new(StreamOwned::new(session, stream))
}

fn serve(stream: TcpStream, line: Line, room: &Mutex<Room>) -> std::io::Result<()> {
    room.lock().expect("the room").greetings += 1;
    match line {
        Line::Plain => talk(Box::new(stream), Talk { greets: true, offers_tls: false, is_private: false }, room)?,
        Line::Tls => talk(protected(stream), Talk { greets: true, offers_tls: false, is_private: true }, room)?,
        Line::StartTls => {
            let open = Talk { greets: true, offers_tls: true, is_private: false };
            if talk(Box::new(stream.try_clone()?), open, room)? {
                talk(protected(stream), Talk { greets: false, offers_tls: false, is_private: true }, room)?
            } else {
                false
            }
        }
    };
    Ok(())
}

/// What a conversation is like.
#[derive(Clone, Copy)]
struct Talk {
    greets: bool,
    offers_tls: bool,
    is_private: bool,
}

/// One conversation; true: it goes on under TLS.
fn talk(wire: Box<dyn Wire>, how: Talk, room: &Mutex<Room>) -> std::io::Result<bool> {
    let mut wire = BufReader::new(wire);
    if how.greets {
        wire.get_mut().write_all(b"220 sink\r\n")?;
    }
    let mut is_known = false;
    while let Some(line) = read_line(&mut wire)? {
        let mood = room.lock().expect("the room").mood;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" if how.offers_tls => b"250-sink\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
            "EHLO" if how.is_private => b"250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
            "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
            "STAR" if how.offers_tls => {
                wire.get_mut().write_all(b"220 go on\r\n")?;
                return Ok(true);
            }
            "AUTH" if how.is_private => {
                is_known = line.strip_prefix("AUTH PLAIN ").is_some_and(is_the_account);
                if is_known { b"235 welcome\r\n" } else { b"535 not you, house\r\n" }
            }
            "MAIL" if how.offers_tls || how.is_private && !is_known => b"530 say who you are first\r\n",
            "RCPT" => {
                room.lock().expect("the room").offers += 1;
                match mood {
                    Mood::PutsOff => b"451 greylisted, caroline\r\n",
                    Mood::Refuses => b"550 there is no caroline here\r\n",
                    Mood::HangsUpEarly => return Ok(false),
                    Mood::Takes | Mood::RefusesText | Mood::HangsUp => b"250 ok\r\n",
                }
            }
            "DATA" => {
                wire.get_mut().write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                while let Some(line) = read_line(&mut wire)?.filter(|line| line != ".") {
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push('\n');
                }
                if mood == Mood::RefusesText {
                    b"554 looks like advertising\r\n"
                } else {
                    room.lock().expect("the room").mails.push(readable(&mail));
                    if mood == Mood::HangsUp {
                        return Ok(false);
                    }
                    b"250 taken\r\n"
                }
            }
            "QUIT" => {
                wire.get_mut().write_all(b"221 bye\r\n")?;
                return Ok(false);
            }
            "MAIL" | "RSET" | "NOOP" => b"250 ok\r\n",
            _ => b"502 what?\r\n",
        };
        wire.get_mut().write_all(answer)?;
    }
    Ok(false)
}

fn read_line(wire: &mut BufReader<Box<dyn Wire>>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = wire.read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn is_the_account(told: &str) -> bool {
    let (user, password) = ACCOUNT;
    BASE64.decode(told.as_bytes()).is_ok_and(|told| told == format!("\0{user}\0{password}").into_bytes())
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
