//! Serves a folder as S3, with the object store that `textrail up` runs in its own process.
//!
//! `cargo run --example object_store -- FOLDER BUCKET ADDRESS:PORT`, with the key pair in
//! `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. The torture kills it as it kills the services.

use anyhow::{Context as _, Result, bail};
use std::path::Path;
use textrail::embedded::object_store::{Credentials, EmbeddedStore};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, bucket, listen] = arguments.as_slice() else {
        bail!("usage: object_store FOLDER BUCKET ADDRESS:PORT");
    };
    let credentials = Credentials {
        access_key: std::env::var("AWS_ACCESS_KEY_ID").context("AWS_ACCESS_KEY_ID")?,
        secret_key: std::env::var("AWS_SECRET_ACCESS_KEY").context("AWS_SECRET_ACCESS_KEY")?,
    };
    let listen = listen.parse().context("ADDRESS:PORT")?;
    let store = EmbeddedStore::start(Path::new(folder), bucket, &credentials, listen).await?;
    tokio::signal::ctrl_c().await?;
    store.stop().await
}
