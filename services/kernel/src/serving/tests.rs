//! Whoever keeps the HTTP listener waiting, on real sockets; with little patience, so that no test takes long.

use axum::routing::{get, post};
use futures::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

use super::*;

const LITTLE: Patience = Patience {
    first: Duration::from_millis(300),
    next: Duration::from_millis(300),
    piece: Duration::from_millis(300),
    end: Duration::from_millis(300),
};
/// Nobody runs out of this one.
const MUCH: Duration = Duration::from_secs(60);

/// Reads a body, or gives an answer that takes a second.
async fn listener(patience: Patience) -> (SocketAddr, Tasks) {
    let router = Router::new()
        .route("/read", post(|body: String| async move { body.len().to_string() }))
        .route("/slow", get(|| async { axum::body::Body::from_stream(stream::unfold(0, ten)) }));
    let (listener, tasks) = (TcpListener::bind("127.0.0.1:0").await.expect("a port"), Tasks::default());
    (http(listener, router, patience, &tasks, &tasks).expect("served"), tasks)
}

async fn ten(already: u8) -> Option<(Result<String, io::Error>, u8)> {
    sleep(Duration::from_millis(100)).await;
    (already < 10).then(|| (Ok(format!("[{already}]")), already + 1))
}

async fn says(to: SocketAddr, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(to).await.expect("connected");
    socket.write_all(text.as_bytes()).await.expect("written");
    socket
}

/// All that is answered until the other end closes.
async fn hears(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // Whoever is cut off while they still write may hear of that as an error.
    let _ = timeout(Duration::from_secs(10), socket.read_to_end(&mut text)).await.expect("it is closed");
    String::from_utf8(text).expect("text")
}

const READ: &str = "POST /read HTTP/1.1\r\nhost: house\r\ncontent-length: 4\r\n\r\n";

/// What somebody has sent who then says no more.
const HALF: [&str; 5] = [
    "",
    // So begins HTTP/2, too.
    "P",
    "POST /read HTTP/1.1\r\nhost: ho",
    "POST /read HTTP/1.1\r\nhost: house\r\ncontent-length: 4\r\n\r\nab",
    "POST /read HTTP/1.1\r\nhost: house\r\ncontent-length: 4\r\n\r\nabcdPOST /read HTTP/1.1\r\nhos",
];

#[tokio::test]
async fn who_says_no_more_is_waited_for_so_long_and_no_longer() {
    let (address, tasks) = listener(LITTLE).await;
    for half in HALF {
        let answer = hears(&mut says(address, half).await).await;
        let whole = half.contains("abcd");
        assert_eq!(answer.starts_with("HTTP/1.1 200"), whole, "{half:?}: {answer}");
    }
    tasks.shutdown(MUCH).await;
}

#[tokio::test]
async fn an_answer_may_take_as_long_as_it_takes() {
    let (address, tasks) = listener(LITTLE).await;
    let answer = hears(&mut says(address, "GET /slow HTTP/1.1\r\nhost: house\r\n\r\n").await).await;
    assert!(answer.contains("[0]") && answer.contains("[9]"), "{answer}");
    tasks.shutdown(MUCH).await;
}

#[tokio::test]
async fn a_body_may_come_in_pieces() {
    let (address, tasks) = listener(Patience { piece: Duration::from_secs(2), ..LITTLE }).await;
    let mut socket = says(address, READ).await;
    for piece in ["a", "b", "c", "d"] {
        sleep(Duration::from_millis(700)).await;
        socket.write_all(piece.as_bytes()).await.expect("written");
    }
    let answer = hears(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n4"), "{answer}");
    tasks.shutdown(MUCH).await;
}

#[tokio::test]
async fn nobody_who_says_no_more_holds_up_the_end() {
    let patient = Patience { first: MUCH, next: MUCH, piece: MUCH, ..LITTLE };
    let (address, tasks) = listener(patient).await;
    let mut open = Vec::new();
    for half in HALF {
        open.push(says(address, half).await);
    }
    // The last one has had an answer: all have been heard.
    open.last().expect("one").readable().await.expect("an answer");
    let (started, ended) = (Instant::now(), tasks.shutdown(MUCH).await);
    assert!(ended && started.elapsed() < MUCH / 2, "{:?}", started.elapsed());
    for socket in &mut open {
        hears(socket).await;
    }
}
