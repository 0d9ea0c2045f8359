//! Holds the rooms to their direction of use: reads the code, not the compiler's mind.
//!
//! Two absences carry the design. `load`, `warehouse` and `report` never see `ledger`: the numbers
//! can be rebuilt with PostgreSQL switched off. `http` never sees `ship`, `lake` or `load`: no
//! request can wait for S3.

#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read fails the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may use. `commands` composes everything and is not listed.
const ROOMS: [(&str, &[&str]); 20] = [
    ("cause", &[]),
    ("file_lock", &[]),
    ("pauses", &[]),
    ("domain", &[]),
    ("event", &["domain"]),
    ("gateways", &["domain"]),
    ("http", &["ledger", "gateways", "report", "domain", "event"]),
    ("ledger", &["event", "domain", "file_lock"]),
    (
        "ship",
        &["ledger", "lake", "event", "domain", "cause", "pauses"],
    ),
    ("lake", &[]),
    ("announce", &["lake", "cause"]),
    (
        "load",
        &[
            "announce",
            "lake",
            "warehouse",
            "event",
            "domain",
            "cause",
            "pauses",
        ],
    ),
    ("warehouse", &["event", "domain", "cause", "file_lock"]),
    ("report", &["warehouse"]),
    ("verify", &["ledger", "lake", "report", "event", "domain"]),
    ("embedded", &[]),
    ("failpoint", &[]),
    ("telemetry", &[]),
    ("config", &["ledger", "gateways", "domain"]),
    ("cli", &["domain", "telemetry"]),
];

#[test]
fn rooms_use_only_what_they_may() {
    let mut mistakes = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        let Some((room, allowed)) = ROOMS
            .iter()
            .find(|(room, _)| module.first().is_some_and(|name| name == room))
        else {
            continue;
        };
        for used in rooms_used(&code_of(&file), module.len()) {
            if used != *room && !allowed.contains(&used.as_str()) {
                mistakes.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(
        mistakes.is_empty(),
        "against the direction of use:\n{}",
        mistakes.join("\n")
    );
}

#[test]
fn every_room_is_known() {
    let library = fs::read_to_string(root().join("lib.rs")).unwrap();
    let modules = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules.filter(|module| *module != "commands") {
        assert!(
            ROOMS.iter().any(|(room, _)| *room == module),
            "{module} has no line in ROOMS"
        );
    }
}

#[test]
fn paths_of_every_shape_are_seen() {
    let used = |code: &str, depth| rooms_used(code, depth).into_iter().collect::<Vec<_>>();
    assert_eq!(used("use crate::ledger::Pool;", 1), ["ledger"]);
    assert_eq!(
        used("use crate::{domain::{link, sms}, lake};", 1),
        ["domain", "lake"]
    );
    assert_eq!(used("fn f(pool: &crate::ship::Ship) {}", 1), ["ship"]);
    assert_eq!(used("use super::super::http;", 2), ["http"]);
    assert_eq!(
        used("use super::http;", 2),
        [""; 0],
        "a neighbour of that name"
    );
    assert_eq!(
        used("use {\n    crate::{\n        event::Kind,\n    },\n};", 1),
        ["event"]
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All files but tests', which may set any scene.
fn source_files() -> Vec<PathBuf> {
    let mut folders = vec![root()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                // Compiled for tests only.
                if name != "stories" && !name.contains("test") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| end == "rs") && !name.contains("test") {
                files.push(path);
            }
        }
    }
    files
}

/// `src/ledger/recorder/lane.rs` is `[ledger, recorder, lane]`.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(root()).unwrap().with_extension("");
    inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect()
}

/// The code without comments, up to the tests at its end.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.flat_map(|line| [line, "\n"]).collect::<String>();
    // `#[cfg(test)] mod tests;` hides one line; an inline module is the last thing in a file.
    match code.find("#[cfg(test)]\nmod tests {") {
        Some(end) => code[..end].to_owned(),
        None => code,
    }
}

/// The top-level modules that the code of a module at `depth` names by a path from the crate's root.
fn rooms_used(code: &str, depth: usize) -> BTreeSet<String> {
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let to_root = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut used = BTreeSet::new();
    for prefix in to_root {
        for (at, _) in code.match_indices(&prefix) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue; // the end of a longer path
            }
            used.extend(first_names(&code[at + prefix.len()..]));
        }
    }
    used.retain(|name| ROOMS.iter().any(|(room, _)| room == name) || name == "commands");
    used
}

/// The first segment of a path, or those of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut names, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                names.push(name(group[begin..at].trim()));
                begin = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}
