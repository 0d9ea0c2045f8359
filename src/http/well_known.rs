//! `/.well-known/…`: the files that app links need (`apple-app-site-association`,
//! `assetlinks.json`). They are read once, at the start: no request ever names a path on disk.

use super::problem::{ApiError, Problem};
use actix_web::{HttpResponse, get, web};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::path::Path;

/// The most bytes of a file: Apple takes no more either.
const FILE_LIMIT: u64 = 128 * 1024;
/// The most files.
const COUNT_LIMIT: usize = 64;

/// The files, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct WellKnown(BTreeMap<String, Vec<u8>>);

impl WellKnown {
    /// Reads the files of a folder, not of those within it.
    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("cannot list the well-known folder {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let metadata = std::fs::metadata(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|_| metadata.is_file()) else {
                continue;
            };
            anyhow::ensure!(
                metadata.len() <= FILE_LIMIT,
                "{} is over {FILE_LIMIT} bytes",
                path.display()
            );
            anyhow::ensure!(
                files.len() < COUNT_LIMIT,
                "over {COUNT_LIMIT} files in {}",
                folder.display()
            );
            let content =
                std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name.to_owned(), content);
        }
        Ok(Self(files))
    }
}

/// A file that apps or certificate authorities look for.
#[utoipa::path(
    tag = "links",
    operation_id = "well_known",
    params(("name" = String, Path, description = "The file's name")),
    responses(
        (status = 200, description = "The file"),
        (status = 404, description = "No such file", body = Problem, content_type = "application/problem+json"),
    )
)]
#[get("/.well-known/{name}")]
pub(super) async fn well_known(
    files: web::Data<WellKnown>,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let content = files
        .0
        .get(name.as_str())
        .ok_or_else(|| ApiError::not_found("name", "file"))?;
    Ok(HttpResponse::Ok()
        .content_type(media_type(&name))
        .body(content.clone()))
}

/// Apple's file has no extension and must be JSON.
fn media_type(name: &str) -> &'static str {
    match name
        .rsplit_once('.')
        .map_or(name, |(_, extension)| extension)
    {
        "json" | "apple-app-site-association" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_known() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("assetlinks.json"), "[]").unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        let files = WellKnown::load(folder.path()).unwrap();
        assert_eq!(files.0.keys().collect::<Vec<_>>(), ["assetlinks.json"]);
        assert!(WellKnown::load(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn apples_file_is_json() {
        assert_eq!(media_type("apple-app-site-association"), "application/json");
        assert_eq!(media_type("security.txt"), "text/plain; charset=utf-8");
    }
}
