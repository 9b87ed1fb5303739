//! The cable between a monitor and the house. Tests pull it out, squeeze it until nothing passes, or let
//! somebody answer who has no time.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    /// Connections break, new ones are refused.
    Cut,
    /// Connections stay, nothing passes.
    Squeezed,
    /// Everything is answered with 503.
    Busy,
}

/// A cable; whole at first.
pub struct Cable {
    pub port: u16,
    state: watch::Sender<State>,
    house: watch::Sender<SocketAddr>,
    _strands: JoinSet<()>,
}

impl Cable {
    /// From a port of its own to the house.
    pub async fn to(house: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (state, seen) = watch::channel(State::Whole);
        let (house, at) = watch::channel(house);
        let mut strands = JoinSet::new();
        strands.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.expect("a connection");
                let house = *at.borrow();
                connections.spawn(carry(near, house, seen.clone()));
            }
        });
        Self { port, state, house, _strands: strands }
    }

    /// Whoever connects from now on comes to another replica of the house.
    pub fn leads_to(&self, house: SocketAddr) {
        self.house.send_replace(house);
    }

    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub fn squeeze(&self) {
        self.state.send_replace(State::Squeezed);
    }

    pub fn answers_503(&self) {
        self.state.send_replace(State::Busy);
    }

    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn carry(mut near: TcpStream, house: SocketAddr, mut seen: watch::Receiver<State>) {
    let mut far = None;
    loop {
        let state = *seen.borrow_and_update();
        let carried = async {
            match state {
                State::Whole => {
                    let far = match &mut far {
                        Some(far) => far,
                        none => none.insert(TcpStream::connect(house).await.ok()?),
                    };
                    let _ = copy_bidirectional(&mut near, far).await;
                    None
                }
                State::Cut => None,
                State::Squeezed => std::future::pending().await,
                State::Busy => {
                    let _ = near.read(&mut [0; 4096]).await;
                    let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    near.write_all(answer).await.ok()
                }
            }
        };
        tokio::select! {
            _ = carried => return,
            changed = seen.changed() => if changed.is_err() { return },
        }
    }
}
