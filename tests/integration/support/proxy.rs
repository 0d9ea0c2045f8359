//! A TCP proxy, before PostgreSQL or S3, that closes, goes away, loses an answer, and comes back as a
//! story says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use url::Url;

/// How the way to the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Connections are cut, and new ones end at once: the server is down.
    Cut,
    /// Nothing passes and nobody is told. What was sent is kept, and passes when the way is open
    /// again: whoever sent it is in the middle of a call for as long as a story needs.
    Silent,
    /// The next COMMIT reaches PostgreSQL; its answer does not come back, and then the server is
    /// down.
    CutAtCommit,
    /// The answers to so many COMMITs are lost, each with its connection; then the way is open.
    LoseCommits(usize),
}

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared(Mutex<State>);

struct State {
    way: Way,
    /// Whether a client waits since the way is silent.
    holds: bool,
    connections: Vec<TcpStream>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic")
    }
}

impl Proxy {
    /// An open way to the server of a URL.
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Url::parse(server).expect("a URL");
        let server = server.socket_addrs(|| Some(5432)).expect("an address")[0];
        let shared = Arc::new(Shared(Mutex::new(State {
            way: Way::Open,
            holds: false,
            connections: Vec::new(),
        })));
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accept(&client, server, &of_thread);
            }
        });
        Self { address, shared }
    }

    /// The server's URL, through the proxy.
    pub fn url(&self, server: &str) -> String {
        let mut url = Url::parse(server).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("an address");
        url.set_port(Some(self.address.port())).expect("a port");
        if url.scheme().starts_with("postgres") {
            url.query_pairs_mut().append_pair("connect_timeout", "2");
        }
        url.as_str().trim_end_matches('/').to_owned()
    }

    pub fn set(&self, way: Way) {
        let mut state = self.shared.lock();
        state.way = way;
        state.holds = false;
        if way == Way::Cut {
            for stream in state.connections.drain(..) {
                close(&stream, Shutdown::Both);
            }
        }
    }

    pub fn way(&self) -> Way {
        self.shared.lock().way
    }

    /// Whether a client waits since the way is silent.
    pub fn holds(&self) -> bool {
        self.shared.lock().holds
    }
}

fn accept(client: &TcpStream, server: SocketAddr, shared: &Arc<Shared>) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a socket can be cloned");
    let mut state = shared.lock();
    if state.way == Way::Cut {
        return; // dropped: the client's connection ends
    }
    let Ok(server) = TcpStream::connect(server) else {
        return; // the story is over
    };
    state.connections.extend([clone(client), clone(&server)]);
    drop(state);
    for (from, to, of_client) in [(client, &server, true), (&server, client, false)] {
        let (from, to, shared) = (clone(from), clone(to), Arc::clone(shared));
        std::thread::spawn(move || pump(from, to, of_client, &shared));
    }
}

/// Copies until an end is closed or the way is cut; then both ends are closed.
fn pump(mut from: TcpStream, mut to: TcpStream, of_client: bool, shared: &Shared) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..count];
        let commits = of_client && bytes.windows(7).any(|window| window == b"COMMIT\0");
        let mut state = passed(shared, of_client);
        if !commits {
            drop(state); // who is frozen does not read, and must not hold up the story
            if to.write_all(bytes).is_err() {
                break;
            }
            continue;
        }
        // The state is held meanwhile: no answer passes before it is decided.
        if to.write_all(bytes).is_err() {
            break;
        }
        match state.way {
            Way::CutAtCommit => {
                state.way = Way::Cut;
                // PostgreSQL reads it first: what lies in its socket outlives the connection.
                for stream in state.connections.drain(..) {
                    close(&stream, Shutdown::Write);
                }
            }
            Way::LoseCommits(left @ 1..) => {
                state.way = match left {
                    1 => Way::Open,
                    more => Way::LoseCommits(more - 1),
                };
                // In this order: no answer can pass, and PostgreSQL has read it before the end.
                close(&from, Shutdown::Both);
                close(&to, Shutdown::Write);
                return;
            }
            _ => {}
        }
    }
    for stream in [from, to] {
        close(&stream, Shutdown::Both);
    }
}

/// Waits while nothing passes.
fn passed(shared: &Shared, of_client: bool) -> MutexGuard<'_, State> {
    loop {
        let mut state = shared.lock();
        if state.way != Way::Silent {
            return state;
        }
        state.holds |= of_client;
        drop(state);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn close(stream: &TcpStream, how: Shutdown) {
    drop(stream.shutdown(how)); // already closed is as good
}
