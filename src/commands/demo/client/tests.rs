use super::*;
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server does with one request; the connection is closed after each.
#[derive(Clone, Copy)]
enum Does {
    /// Reads it and hangs up.
    HangUp,
    /// Answers with this status line and body.
    Answer(&'static str, &'static str),
}

async fn server(script: &[Does]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap());
    let mut script: VecDeque<Does> = script.iter().copied().collect();
    tokio::spawn(async move {
        while let Some(does) = script.pop_front() {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(buffer[..read].starts_with(b"POST /base/v1/messages HTTP/1.1"));
            if let Does::Answer(status, body) = does {
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\nDate: Mon, 23 Nov 2026 05:00:00 GMT\r\n\r\n{body}"
                );
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        }
    });
    url.parse().unwrap()
}

async fn send(url: Url, patience: Duration) -> (Result<Answer, CallError>, u64) {
    let client = Client::new(url, "key".to_owned(), patience).unwrap();
    let request = || client.api(Method::POST, &["v1", "messages"]).body("{}");
    (client.send("a send", request).await, client.repeated())
}

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn asks_again_after_a_hang_up_and_a_503_and_knows_which_of_them_may_have_counted() {
    let script = [
        Does::HangUp,
        Does::Answer("503 Service Unavailable", ""),
        Does::Answer("409 Conflict", ""),
        Does::HangUp,
        Does::Answer("201 Created", "{}"),
    ];
    let (answer, repeated) = send(server(&script).await, PATIENCE).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.lost, repeated),
        (StatusCode::CREATED, 2, 4)
    );
    assert_eq!(
        answer.date.unwrap().to_rfc3339(),
        "2026-11-23T05:00:00+00:00"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_has_done_nothing() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}").parse().unwrap();
    let (answer, repeated) = send(url, Duration::from_millis(200)).await;
    assert!(matches!(answer, Err(CallError::NoAnswer { .. })));
    assert!(repeated > 0);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words() {
    let problem = r#"{"type":"/problems/invalid-fields","title":"Fields were refused","status":422,"detail":"refused: to","errors":[{"field":"to","message":"must be a number"}]}"#;
    let script = [Does::Answer("422 Unprocessable Content", problem)];
    let (answer, _) = send(server(&script).await, PATIENCE).await;
    let error = expect("a send", answer.unwrap(), &[StatusCode::CREATED]).unwrap_err();
    insta::assert_snapshot!(error, @"a send was refused with 422 Unprocessable Entity: Fields were refused. refused: to [to must be a number]");
}
