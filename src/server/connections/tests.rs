//! Connections over streams in memory: slow clients, unread bodies, and evictions.

use tokio::io::DuplexStream;

use super::*;

fn connection(buffer: usize, write_timeout: Duration) -> (ClientConnection<DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(buffer);
    let slot = ConnectionSlots::new(1, false).acquire([127, 0, 0, 1].into()).expect("a slot");
    (ClientConnection::new(near, slot, write_timeout), far)
}

#[tokio::test]
async fn a_response_reaches_a_client_that_is_still_sending() {
    let (mut connection, mut far) = connection(64, WRITE_TIMEOUT);
    let caller = tokio::spawn(async move {
        far.write_all(&[b'x'; 10_000]).await.expect("sent");
        far.shutdown().await.expect("shut down");
        let mut answer = String::new();
        far.read_to_string(&mut answer).await.expect("an answer");
        answer
    });
    connection.slot.0.mark_unread_body();
    connection.write_all(b"no").await.expect("written");
    connection.shutdown().await.expect("shut down");
    drop(connection);
    assert_eq!(caller.await.expect("an answer"), "no");
}

#[tokio::test]
async fn an_evicted_connection_ends_while_it_waits_for_a_request() {
    let slots = ConnectionSlots::new(1, false);
    let (near, _far) = tokio::io::duplex(64);
    let mut first =
        ClientConnection::new(near, slots.acquire([127, 0, 0, 1].into()).expect("a slot"), WRITE_TIMEOUT);
    let reading = tokio::spawn(async move { first.read(&mut [0; 8]).await });
    tokio::task::yield_now().await;
    let _second = slots.acquire([127, 0, 0, 2].into()).expect("evicts another");
    reading.await.expect("ends").expect_err("no more is read");
}

#[tokio::test]
async fn an_evicted_connection_stops_draining_at_once() {
    let slots = ConnectionSlots::new(1, false);
    let (near, _far) = tokio::io::duplex(64);
    let slot = slots.acquire([127, 0, 0, 1].into()).expect("a slot");
    slot.0.mark_unread_body();
    let mut first = ClientConnection::new(near, slot, WRITE_TIMEOUT);
    let ending = tokio::spawn(async move { first.shutdown().await });
    tokio::task::yield_now().await;
    let _second = slots.acquire([127, 0, 0, 2].into()).expect("evicts another");
    // The client is still sending, so without the eviction it would drain for seconds.
    let ended = tokio::time::timeout(LINGER_TIME / 2, ending).await;
    ended.expect("at once").expect("ends").expect("shut down");
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected() {
    let (mut connection, far) = connection(16, Duration::from_millis(5));
    let error = connection.write_all(&[b'x'; 100]).await.expect_err("nothing is read");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(far);
}

#[tokio::test]
async fn a_client_that_reads_a_byte_now_and_then_is_disconnected() {
    let (mut connection, mut far) = connection(16, Duration::from_millis(5));
    // Far slower than 64 KiB in that time: each byte takes two changes of the task.
    let reading = tokio::spawn(async move { while far.read(&mut [0; 1]).await.is_ok_and(|it| it == 1) {} });
    let error = loop {
        if let Err(error) = connection.write(&[b'x'; 16]).await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(connection);
    reading.await.expect("ends");
}

#[tokio::test]
async fn a_client_that_has_read_enough_or_everything_is_no_longer_behind() {
    let (mut connection, mut far) = connection(16, WRITE_TIMEOUT);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut write = |connection: &mut ClientConnection<DuplexStream>| {
        Pin::new(connection).poll_write(&mut cx, &[b'x'; 16]).is_ready()
    };
    assert!(write(&mut connection), "it fills the buffer");
    for number in 0..WRITE_BYTES / 16 {
        assert!(!write(&mut connection) && connection.unread.is_some());
        far.read_exact(&mut [0; 16]).await.expect("read");
        // A stream in memory lets its task pause now and then.
        tokio::task::yield_now().await;
        assert!(write(&mut connection), "{number}");
    }
    assert!(connection.unread.is_none(), "it has read enough");
    assert!(!write(&mut connection) && connection.unread.is_some());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(Pin::new(&mut connection).poll_flush(&mut cx).is_ready() && connection.unread.is_none());
}

#[tokio::test]
async fn a_problem_body_is_added_even_when_writes_are_short() {
    let (mut connection, mut far) = connection(7, WRITE_TIMEOUT);
    let head =
        b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let writing = tokio::spawn(async move {
        connection.write_all(head).await.expect("written");
        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("written");
    });
    let mut read = String::new();
    far.read_to_string(&mut read).await.expect("read");
    writing.await.expect("written");
    let (first, second) = read.split_once("HTTP/1.1 200").expect("both");
    assert!(first.starts_with("HTTP/1.1 431") && first.ends_with('}'), "{first}");
    assert_eq!(second, " OK\r\n\r\n");
}
