//! The folder behind the embedded store: `s3s-fs`, and three things that a lake needs beyond it.
//!
//! - **Durable**: an answered put survives a power cut. `s3s-fs` renames a finished file into place
//!   but syncs neither it nor the folders.
//! - **Put-if-absent is atomic**: `s3s-fs` looks whether the key exists before it reads the body, so
//!   two puts at once could both succeed. Here the second is told 409 `ConditionalRequestConflict`,
//!   as S3 itself does.
//! - **Listing reads only the folders that the prefix and the start leave over**: `s3s-fs` walks the
//!   whole bucket each time, which grows with history.
//!
//! Nothing can be deleted or uploaded in parts through it: the lake never does, so no one else can
//! by mistake.

use super::listing::{Listed, list_folder};
use anyhow::Context as _;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The most keys that S3 lists at once.
const PAGE: usize = 1000;

/// See the module.
#[derive(Debug)]
pub(super) struct Folder {
    files: FileSystem,
    root: PathBuf,
    puts: Mutex<HashSet<PathBuf>>,
}

impl Folder {
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let root = root.canonicalize()?;
        let files = FileSystem::new(&root)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
            .context("cannot open the folder")?;
        Ok(Self {
            files,
            root,
            puts: Mutex::default(),
        })
    }

    /// Notes that a key is being put; `None` if another put of it is under way.
    fn claim(&self, path: &Path) -> Option<Claim<'_>> {
        let mut puts = self.puts.lock().unwrap_or_else(PoisonError::into_inner);
        puts.insert(path.to_owned()).then(|| Claim {
            puts: &self.puts,
            path: path.to_owned(),
        })
    }
}

/// A put under way; dropped with it, also when its client goes away.
struct Claim<'a> {
    puts: &'a Mutex<HashSet<PathBuf>>,
    path: PathBuf,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut puts = self.puts.lock().unwrap_or_else(PoisonError::into_inner);
        puts.remove(&self.path);
    }
}

#[async_trait::async_trait]
impl S3 for Folder {
    async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let path = self
            .root
            .join(&request.input.bucket)
            .join(&request.input.key);
        let Some(_claim) = self.claim(&path) else {
            return Err(s3_error!(
                ConditionalRequestConflict,
                "another put of this key is under way"
            ));
        };
        // The attributes would become one more hidden file an object, and say what the key says.
        request.input.content_type = None;
        request.input.metadata = None;
        let answer = self.files.put_object(request).await?;
        let root = self.root.clone();
        tokio::task::spawn_blocking(move || sync_up_to(&path, &root))
            .await
            .map_err(|error| s3_error!(error, InternalError))?
            .map_err(|error| s3_error!(error, InternalError))?;
        Ok(answer)
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
        .map_err(|error| s3_error!(error, InternalError))?;
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

/// Syncs a file and every folder above it up to `root`: any of them may be new.
fn sync_up_to(path: &Path, root: &Path) -> std::io::Result<()> {
    for step in path.ancestors().take_while(|step| step.starts_with(root)) {
        std::fs::File::open(step)?.sync_all()?;
    }
    Ok(())
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
