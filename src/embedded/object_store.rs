//! The private S3 that `up` starts: a folder, served in this process on a loopback port.
//!
//! The objects are plain files under `<root>/<bucket>/`, so `zcat` and any other tool read them. The
//! protocol is `s3s`'s, the files are `s3s-fs`'s; [`folder`] adds what a lake needs beyond them.

mod folder;
mod listing;

use anyhow::Context as _;
use folder::Folder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long [`EmbeddedStore::stop`] waits for requests in hand.
const GRACE: Duration = Duration::from_secs(10);

/// The one key pair that the store accepts.
#[derive(Clone)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

impl Credentials {
    /// A random pair.
    pub fn random() -> Self {
        Self {
            access_key: hex::encode(rand::random::<[u8; 10]>()),
            secret_key: hex::encode(rand::random::<[u8; 20]>()),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// A running store. Dropped, it stops at once; [`EmbeddedStore::stop`] lets requests finish.
#[derive(Debug)]
pub struct EmbeddedStore {
    address: SocketAddr,
    shutdown: CancellationToken,
    server: Option<JoinHandle<()>>,
}

impl EmbeddedStore {
    /// Serves `root`, made if need be, with one bucket in it. Port 0 picks a free port.
    ///
    /// # Errors
    /// If the folder cannot be made or opened, or nothing can listen on the address.
    pub async fn start(
        root: &Path,
        bucket: &str,
        credentials: &Credentials,
        listen: SocketAddr,
    ) -> anyhow::Result<Self> {
        let folder = || {
            std::fs::create_dir_all(root.join(bucket))?;
            Folder::open(root)
        };
        let folder =
            folder().with_context(|| format!("cannot serve the folder {}", root.display()))?;
        Self::serve(folder, credentials, listen).await
    }

    /// Serves a folder that is there, on a free port of this machine. Another process may serve it at
    /// the same time.
    ///
    /// # Errors
    /// If the folder is not there or cannot be used, or no port is to be had.
    pub async fn beside(root: &Path, credentials: &Credentials) -> anyhow::Result<Self> {
        let folder = Folder::beside(root)
            .with_context(|| format!("cannot serve the folder {}", root.display()))?;
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::serve(folder, credentials, any_port).await
    }

    async fn serve(
        folder: Folder,
        credentials: &Credentials,
        listen: SocketAddr,
    ) -> anyhow::Result<Self> {
        let service = service(folder, credentials);
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the object store cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, service, shutdown.clone()));
        Ok(Self {
            address,
            shutdown,
            server: Some(server),
        })
    }

    /// What `AWS_ENDPOINT_URL` would be.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no new connection, and returns when the requests in hand are answered.
    ///
    /// # Errors
    /// If the server's task panicked.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        match self.server.take() {
            Some(server) => server.await.context("the object store failed"),
            None => Ok(()),
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

fn service(folder: Folder, credentials: &Credentials) -> S3Service {
    let mut builder = S3ServiceBuilder::new(folder);
    builder.set_auth(SimpleAuth::from_single(
        credentials.access_key.clone(),
        credentials.secret_key.clone(),
    ));
    builder.build()
}

async fn serve(listener: TcpListener, service: S3Service, shutdown: CancellationToken) {
    let http = Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    // Out of descriptors, most likely: give the others time to close theirs.
                    tracing::warn!(%error, "the object store could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = shutdown.cancelled() => break,
        };
        let connection = http.serve_connection(TokioIo::new(socket), service.clone());
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection to the object store broke");
            }
        });
    }
    if tokio::time::timeout(GRACE, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("the object store stopped with requests in hand");
    }
}

#[cfg(test)]
mod tests;
