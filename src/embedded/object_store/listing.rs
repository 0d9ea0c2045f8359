//! Keys of a folder in the order of S3: byte order of the whole key.

use std::io;
use std::path::Path;
use std::time::SystemTime;

/// One file.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
}

/// Up to `limit` files whose key begins with `prefix` and sorts after `after`. Folders that cannot
/// hold such a key are not read.
pub(super) fn list_folder(
    bucket: &Path,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> io::Result<Vec<Listed>> {
    let mut walk = Walk {
        prefix,
        after: after.unwrap_or_default(),
        limit,
        found: Vec::new(),
    };
    // The prefix's own folders need no search: begin in the deepest of them.
    let start = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
    let folder = bucket.join(start);
    // A prefix is a client's text: `..` in it must not lead out of the bucket.
    if start.split('/').all(|step| step != "..") && folder.is_dir() {
        walk.visit(&folder, start)?;
    }
    Ok(walk.found)
}

struct Walk<'a> {
    prefix: &'a str,
    after: &'a str,
    limit: usize,
    found: Vec<Listed>,
}

impl Walk<'_> {
    fn visit(&mut self, folder: &Path, folder_key: &str) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            // A name that is not UTF-8 is none of ours.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_folder = entry.file_type()?.is_dir();
            // With its slash a folder sorts among the files as its keys do.
            let slash = if is_folder { "/" } else { "" };
            entries.push((format!("{folder_key}{name}{slash}"), is_folder, entry));
        }
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        for (key, is_folder, entry) in entries {
            if self.found.len() == self.limit {
                break;
            }
            if is_folder && self.may_hold(&key) {
                self.visit(&entry.path(), &key)?;
            } else if !is_folder && key.starts_with(self.prefix) && key.as_str() > self.after {
                let metadata = entry.metadata()?;
                self.found.push(Listed {
                    key,
                    bytes: metadata.len(),
                    modified: metadata.modified()?,
                });
            }
        }
        Ok(())
    }

    fn may_hold(&self, folder_key: &str) -> bool {
        let matches = folder_key.starts_with(self.prefix) || self.prefix.starts_with(folder_key);
        matches && (folder_key > self.after || self.after.starts_with(folder_key))
    }
}
