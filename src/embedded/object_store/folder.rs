//! The folder behind the embedded store: reads are `s3s-fs`'s; writes and listings are ours.
//!
//! - **Puts are durable and atomic.** `s3s-fs` syncs nothing, looks whether the key exists before it
//!   reads the body (two puts at once both succeed), and keeps two hidden files an object, which
//!   after a power cut may be garbage that makes the object unreadable. Here a put is a temporary
//!   file, synced, then named once and for all.
//! - **Listings read only the folders that the prefix and the start leave over.** `s3s-fs` walks the
//!   whole bucket each time, which grows with history.
//! - **A key has one content for ever**: every put is a put-if-absent, and nothing can be deleted.

use super::listing::{Listed, list_folder};
use anyhow::Context as _;
use futures_util::StreamExt as _;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

/// The most keys that S3 lists at once.
const PAGE: usize = 1000;
/// Where bodies are received, beside the bucket.
const INCOMING: &str = ".incoming";

/// See the module.
#[derive(Debug)]
pub(super) struct Folder {
    files: FileSystem,
    root: PathBuf,
}

impl Folder {
    /// Opens a folder that exists, and clears away what a killed process was receiving.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let root = root.canonicalize()?;
        let incoming = root.join(INCOMING);
        if incoming.exists() {
            std::fs::remove_dir_all(&incoming)?;
        }
        Self::beside(&root)
    }

    /// Opens a folder that another process may be serving. What it is receiving is left alone; a name
    /// is given once, by whichever of the two is first.
    pub(super) fn beside(root: &Path) -> anyhow::Result<Self> {
        let root = root.canonicalize()?;
        std::fs::create_dir_all(root.join(INCOMING))?;
        let files = FileSystem::new(&root)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
            .context("cannot open the folder")?;
        Ok(Self { files, root })
    }

    /// Where an object stands. A key is a client's text: it must not lead out of its bucket.
    fn path(&self, bucket: &str, key: &str) -> S3Result<PathBuf> {
        let is_plain = |text: &str| {
            let steps = Path::new(text).components();
            !text.is_empty()
                && steps
                    .into_iter()
                    .all(|step| matches!(step, Component::Normal(_)))
        };
        if !is_plain(bucket) || !is_plain(key) || key.ends_with('/') {
            return Err(s3_error!(InvalidArgument, "the key is no path of a file"));
        }
        if !self.root.join(bucket).is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        Ok(self.root.join(bucket).join(key))
    }

    /// Receives a body, whole, into a synced file that has no name of its own yet.
    async fn receive(&self, mut body: StreamingBlob) -> S3Result<NamedTempFile> {
        let received = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(0o644))
            .tempfile_in(self.root.join(INCOMING))
            .map_err(internal)?;
        let mut file = tokio::fs::File::from_std(received.reopen().map_err(internal)?);
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|_| s3_error!(IncompleteBody))?;
            file.write_all(&bytes).await.map_err(internal)?;
        }
        file.flush().await.map_err(internal)?;
        file.sync_all().await.map_err(internal)?;
        Ok(received)
    }
}

fn internal(error: io::Error) -> s3s::S3Error {
    s3_error!(error, InternalError)
}

/// Names a received file, unless a file of that name exists; true if it was named. It, and every new
/// folder above it, is then on the disk.
fn name(received: NamedTempFile, path: &Path, root: &Path) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match received.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error.error),
    }
    let folders = path.ancestors().skip(1);
    for folder in folders.take_while(|folder| folder.starts_with(root)) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(true)
}

#[async_trait::async_trait]
impl S3 for Folder {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let path = self.path(&input.bucket, &input.key)?;
        // Looked at early only to spare the body; `name` decides.
        if path.exists() {
            return Err(s3_error!(PreconditionFailed, "the object exists"));
        }
        let Some(body) = input.body else {
            return Err(s3_error!(IncompleteBody));
        };
        let received = self.receive(body).await?;
        let root = self.root.clone();
        let named = tokio::task::spawn_blocking(move || name(received, &path, &root))
            .await
            .map_err(|error| s3_error!(error, InternalError))?
            .map_err(internal)?;
        if !named {
            return Err(s3_error!(PreconditionFailed, "the object exists"));
        }
        Ok(S3Response::new(PutObjectOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        if request.input.delimiter.is_some() {
            return self.files.list_objects_v2(request).await;
        }
        let input = request.input;
        let bucket = self.root.join(&input.bucket);
        if !bucket.is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = input
            .continuation_token
            .clone()
            .max(input.start_after.clone());
        let limit = usize::try_from(input.max_keys.unwrap_or(i32::MAX))
            .unwrap_or(PAGE)
            .min(PAGE);
        let listed = tokio::task::spawn_blocking(move || {
            list_folder(&bucket, &prefix, after.as_deref(), limit + 1)
        })
        .await
        .map_err(|error| s3_error!(error, InternalError))?
        .map_err(internal)?;
        Ok(S3Response::new(page(input, listed, limit)))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        self.files.list_objects(request).await
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        self.files.list_buckets(request).await
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.files.get_bucket_location(request).await
    }
}

fn page(input: ListObjectsV2Input, mut listed: Vec<Listed>, limit: usize) -> ListObjectsV2Output {
    let more = listed.len() > limit;
    listed.truncate(limit);
    ListObjectsV2Output {
        is_truncated: Some(more),
        next_continuation_token: listed.last().filter(|_| more).map(|last| last.key.clone()),
        key_count: i32::try_from(listed.len()).ok(),
        max_keys: i32::try_from(limit).ok(),
        contents: Some(listed.into_iter().map(object).collect()),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        prefix: input.prefix,
        start_after: input.start_after,
        ..Default::default()
    }
}

fn object(listed: Listed) -> Object {
    Object {
        key: Some(listed.key),
        size: i64::try_from(listed.bytes).ok(),
        last_modified: Some(listed.modified.into()),
        ..Default::default()
    }
}
