//! Clients that do not do their part are hung up on. The tests end when the server ends the connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Page, connect, get, hear};
use super::server::{Directory, Server};

/// What comes until the server hangs up.
async fn until_closed(server: &Server, sent: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn silent_and_dribbling_clients_are_closed_and_others_are_served() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let idle = format!("GET /nothing.txt HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let (silent, half_line, half_head, idle, _) = tokio::join!(
        until_closed(&server, ""),
        until_closed(&server, "GET / HT"),
        until_closed(&server, "GET / HTTP/1.1\r\nHost: x\r\nX-"),
        until_closed(&server, &idle),
        async {
            for _ in 0..20 {
                assert_eq!(get(&server, "/api/host").await.status, 200);
            }
        }
    );
    for answer in [silent, half_line, half_head] {
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408 ") || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
    }
    assert!(idle.starts_with("HTTP/1.1 404 "), "{idle}");
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let many = format!("X-A: {}\r\n", "y".repeat(1000)).repeat(100);
    let answer = until_closed(&server, &format!("GET / HTTP/1.1\r\nHost: {}\r\n{many}\r\n", server.address)).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(get(&server, "/api/host").await.status, 200);
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let directory = Directory::new();
    let server = Server::start(&directory).await;
    let page = Page::operator(&server).await;
    let mut socket = connect(&server, &page).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "error");
    assert_eq!(hear(&mut socket).await, None);
}
