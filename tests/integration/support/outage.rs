//! A TCP proxy before PostgreSQL that goes away and comes back as a story says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

/// How PostgreSQL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Connections are cut, and new ones end at once: the server is down.
    Cut,
    /// Nothing passes and nobody is told: the network swallows everything.
    Silent,
    /// The next COMMIT reaches PostgreSQL; its answer does not come back, and then the server is
    /// down.
    CutAtCommit,
}

pub struct Outage {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    way: Way,
    connections: Vec<TcpStream>,
}

impl Outage {
    /// A proxy before the server of a database.
    pub fn before(database: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Url::parse(database).expect("a URL");
        let server = server.socket_addrs(|| Some(5432)).expect("an address")[0];
        let shared = Arc::new(Mutex::new(Shared {
            way: Way::Open,
            connections: Vec::new(),
        }));
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accept(&client, server, &of_thread);
            }
        });
        Self { address, shared }
    }

    /// The same database, through the proxy.
    pub fn url(&self, database: &str) -> String {
        let mut url = Url::parse(database).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("an address");
        url.set_port(Some(self.address.port())).expect("a port");
        url.query_pairs_mut().append_pair("connect_timeout", "2");
        url.into()
    }

    pub fn set(&self, way: Way) {
        let mut shared = self.shared.lock().expect("no panic");
        shared.way = way;
        if way == Way::Cut {
            cut(&mut shared);
        }
    }

    pub fn way(&self) -> Way {
        self.shared.lock().expect("no panic").way
    }
}

fn cut(shared: &mut Shared) {
    for stream in shared.connections.drain(..) {
        drop(stream.shutdown(Shutdown::Both)); // already closed is as good
    }
}

fn accept(client: &TcpStream, server: SocketAddr, shared: &Arc<Mutex<Shared>>) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a socket can be cloned");
    let mut held = shared.lock().expect("no panic");
    if held.way == Way::Cut {
        return; // dropped: the client's connection ends
    }
    let server = TcpStream::connect(server).expect("the server is up");
    held.connections.extend([clone(client), clone(&server)]);
    drop(held);
    for (from, to) in [(client, &server), (&server, client)] {
        let (from, to, shared) = (clone(from), clone(to), Arc::clone(shared));
        std::thread::spawn(move || pump(from, to, &shared));
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, shared: &Mutex<Shared>) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..count];
        while shared.lock().expect("no panic").way == Way::Silent {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut held = shared.lock().expect("no panic");
        let commits = bytes.windows(7).any(|window| window == b"COMMIT\0");
        if to.write_all(bytes).is_err() {
            break;
        }
        if held.way == Way::CutAtCommit && commits {
            held.way = Way::Cut;
            // PostgreSQL reads it first: what lies in its socket outlives the connection.
            for stream in held.connections.drain(..) {
                drop(stream.shutdown(Shutdown::Write));
            }
        }
    }
    for stream in [from, to] {
        drop(stream.shutdown(Shutdown::Both));
    }
}
