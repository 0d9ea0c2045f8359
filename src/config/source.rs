//! Where values come from: defaults, then the file, then `DATABASE_URL`, then `TEXTRAIL_…`.

use super::Config;
use figment::providers::{Data, Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::path::{Path, PathBuf};

/// The file that is read when it exists and no other is named.
const DEFAULT_FILE: &str = "textrail.toml";
/// Begins the name of every variable of ours.
const PREFIX: &str = "TEXTRAIL_";
/// Parts section and key.
const SEPARATOR: &str = "__";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named is not there.
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    /// A key that does not exist, or a value that does not fit; each with its place.
    #[error("the configuration cannot be used:{}", places(.0))]
    Invalid(Box<figment::Error>),
}

impl Config {
    /// Reads `textrail.toml`, or the file named, and the environment.
    ///
    /// # Errors
    /// A named file that is missing; a key that does not exist; a value that does not fit.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) if !path.is_file() => return Err(ConfigError::Missing(path.to_path_buf())),
            Some(path) => Toml::file_exact(path),
            None if Path::new(DEFAULT_FILE).is_file() => Toml::file_exact(DEFAULT_FILE),
            None => Toml::string(""),
        };
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_sources(text, Environment(environment.collect()))
    }

    pub(super) fn from_sources(
        file: Data<Toml>,
        environment: Environment,
    ) -> Result<Self, ConfigError> {
        // Lossy: a variable is text, and `"8"` has to fit a number.
        Figment::new()
            .merge(file)
            .merge(environment)
            .extract_lossy()
            .map_err(|error| ConfigError::Invalid(Box::new(error)))
    }
}

/// Variables `TEXTRAIL_<SECTION>__<KEY>`, and `DATABASE_URL`.
///
/// figment's own provider would take every `TEXTRAIL_…`, of which Kubernetes invents some for a
/// service of that name (`TEXTRAIL_PORT=tcp://…`), and would read a secret of digits as a number.
pub(super) struct Environment(pub(super) Vec<(String, String)>);

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment").interpolater(|_: &Profile, keys: &[&str]| variable(keys))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut dict = Dict::new();
        // First, so that ours wins.
        if let Some((_, url)) = self.0.iter().find(|(name, _)| name == "DATABASE_URL") {
            insert(&mut dict, &["ledger", "url"], url);
        }
        for (name, value) in &self.0 {
            let Some(path) = name
                .strip_prefix(PREFIX)
                .filter(|rest| rest.contains(SEPARATOR))
            else {
                continue;
            };
            let path = path.to_lowercase();
            insert(&mut dict, &path.split(SEPARATOR).collect::<Vec<_>>(), value);
        }
        Ok(Profile::Default.collect(dict))
    }
}

fn insert(dict: &mut Dict, path: &[&str], value: &str) {
    match path {
        [] => {}
        [key] => {
            dict.insert((*key).to_owned(), parse(value));
        }
        [section, rest @ ..] => {
            let inner = dict
                .entry((*section).to_owned())
                .or_insert_with(|| Dict::new().into());
            // A variable can name a section and another a key in it; the section is what stands.
            if !matches!(inner, Value::Dict(..)) {
                *inner = Dict::new().into();
            }
            if let Value::Dict(_, inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// Text, but for lists: `["10.0.0.0/8"]`.
fn parse(value: &str) -> Value {
    if value.starts_with('[') {
        let Ok(list) = value.parse(); // what is no list stays text
        return list;
    }
    Value::from(value)
}

/// The variable that sets a key.
fn variable(keys: &[&str]) -> String {
    format!("{PREFIX}{}", keys.join(SEPARATOR).to_uppercase())
}

/// One line a mistake: what is wrong, at which key, in which file or variable.
fn places(error: &figment::Error) -> String {
    error
        .clone()
        .into_iter()
        .map(|one| format!("\n  {one}"))
        .collect()
}
