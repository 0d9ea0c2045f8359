//! A TCP proxy before PostgreSQL that loses the answer to a COMMIT: the transaction is durable, and
//! the client never hears of it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use url::Url;

pub struct LossyProxy {
    address: SocketAddr,
    to_lose: Arc<AtomicUsize>,
}

impl LossyProxy {
    pub fn start(server: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let to_lose = Arc::new(AtomicUsize::new(0));
        let server = server
            .socket_addrs(|| Some(5432))
            .expect("the server's address")[0];
        let count = Arc::clone(&to_lose);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(server).expect("the server is up");
                forward(&client, &server, &count);
            }
        });
        Self { address, to_lose }
    }

    /// The same database, through the proxy.
    pub fn url(&self, database: &str) -> String {
        let mut url = Url::parse(database).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("an address");
        url.set_port(Some(self.address.port())).expect("a port");
        url.into()
    }

    /// Loses the answers to the next `count` COMMITs.
    pub fn lose_answers_to_commits(&self, count: usize) {
        self.to_lose.store(count, Ordering::SeqCst);
    }

    pub fn left_to_lose(&self) -> usize {
        self.to_lose.load(Ordering::SeqCst)
    }
}

fn forward(client: &TcpStream, server: &TcpStream, to_lose: &Arc<AtomicUsize>) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a socket can be cloned");
    // The sockets' second halves share this: the answer that comes next is the one to lose.
    let losing = Arc::new(AtomicUsize::new(0));
    let (from, to) = (clone(client), clone(server));
    let (count, flag) = (Arc::clone(to_lose), Arc::clone(&losing));
    std::thread::spawn(move || {
        pump(from, to, |bytes| {
            let is_commit = bytes.windows(7).any(|window| window == b"COMMIT\0");
            let take = |left: usize| left.checked_sub(1);
            if is_commit
                && count
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                    .is_ok()
            {
                flag.store(1, Ordering::SeqCst);
            }
            true
        });
    });
    let (from, to) = (clone(server), clone(client));
    std::thread::spawn(move || pump(from, to, |_| losing.load(Ordering::SeqCst) == 0));
}

/// Copies until an end is closed or `pass` says no; then both ends are closed.
fn pump(mut from: TcpStream, mut to: TcpStream, pass: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if !pass(&buffer[..count]) || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        drop(stream.shutdown(Shutdown::Both)); // already closed is as good
    }
}
