//! A TCP proxy that can be closed: what a client sends is kept until it is opened again, so that the
//! client is in the middle of a call for as long as a story needs.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

pub struct Gate {
    address: SocketAddr,
    closed: watch::Sender<bool>,
    held: Arc<AtomicUsize>,
    /// Whether new connections are refused and old ones cut.
    away: Arc<AtomicBool>,
}

impl Gate {
    /// An open gate before the server of a URL.
    pub async fn before(server: &str) -> Self {
        let server = Url::parse(server).expect("a URL");
        let target = server
            .socket_addrs(|| Some(5432))
            .expect("the server's address")[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let gate = Self {
            address: listener.local_addr().expect("an address"),
            closed: watch::Sender::new(false),
            held: Arc::default(),
            away: Arc::default(),
        };
        let (closed, held, away) = (gate.closed.clone(), gate.held.clone(), gate.away.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !away.load(Ordering::SeqCst) {
                    let side = (closed.subscribe(), held.clone(), away.clone());
                    tokio::spawn(pass(client, target, side));
                }
            }
        });
        gate
    }

    /// The server's URL, through the gate.
    pub fn url(&self, server: &str) -> String {
        let mut url = Url::parse(server).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("an address");
        url.set_port(Some(self.address.port())).expect("a port");
        url.to_string().trim_end_matches('/').to_owned()
    }

    pub fn close(&self) {
        self.held.store(0, Ordering::SeqCst);
        self.closed.send_replace(true);
    }

    pub fn open(&self) {
        self.away.store(false, Ordering::SeqCst);
        self.closed.send_replace(false);
    }

    /// As if the server were gone: connections are cut, and new ones with them.
    pub fn cut(&self) {
        self.away.store(true, Ordering::SeqCst);
        self.closed.send_modify(|_| {});
    }

    /// Whether somebody waits at the closed gate.
    pub fn holds(&self) -> bool {
        self.held.load(Ordering::SeqCst) > 0
    }
}

type Side = (watch::Receiver<bool>, Arc<AtomicUsize>, Arc<AtomicBool>);

async fn pass(client: TcpStream, target: impl ToSocketAddrs, side: Side) {
    let target = target.to_socket_addrs().ok().and_then(|mut all| all.next());
    let Some(target) = target else { return };
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = side.0.clone();
    let away = side.2.clone();
    tokio::select! {
        () = hold(from_client, to_server, side) => {}
        () = copy(from_server, to_client) => {}
        () = async { while !away.load(Ordering::SeqCst) && cut.changed().await.is_ok() {} } => {}
    }
}

async fn hold(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    (mut closed, held, _): Side,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if *closed.borrow() {
            held.fetch_add(1, Ordering::SeqCst);
        }
        if closed.wait_for(|closed| !closed).await.is_err()
            || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    // Either end may hang up.
    drop(tokio::io::copy(&mut from, &mut to).await);
}
