use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

fn settings(directory: &Path) -> SpoolSettings {
    SpoolSettings {
        directory: directory.to_path_buf(),
        max_bytes: 10_000,
    }
}

/// A record that a survey can count.
fn click(number: u32) -> Vec<u8> {
    let time = format!("2026-11-23T05:00:{number:02}Z");
    serde_json::json!({"click": {"recorded_at": time}})
        .to_string()
        .into_bytes()
}

fn put(spool: &Spool, stream: Stream, texts: &[Vec<u8>]) {
    spool.append(stream, texts).unwrap().wait().unwrap();
}

/// What a spool holds, as the thread that drains it reads it.
fn contents(spool: &Spool, stream: Stream) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(segment) = spool.oldest(stream) {
        all.extend(spool.read(&segment).unwrap());
        spool.remove(&segment).unwrap();
    }
    all
}

/// The one segment of a folder.
fn segment(directory: &Path) -> PathBuf {
    folder::segments(directory).unwrap()[0].path.clone()
}

#[test]
fn what_a_dead_process_left_is_there_in_its_order_and_counted_from_outside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    assert_eq!(survey(&path).unwrap(), Survey::default(), "no folder yet");
    {
        let (spool, _) = Spool::open(settings(&path)).unwrap();
        for number in 1..4 {
            put(&spool, Stream::Clicks, &[click(number)]);
        }
        put(&spool, Stream::Inbound, &[b"{}".to_vec()]);
        let seen = survey(&path).unwrap();
        // A record that cannot be read was answered, too.
        assert_eq!(
            (seen.facts["click"], seen.facts["unknown"], seen.waiting()),
            (3, 1, 4)
        );
        assert_eq!(
            seen.oldest.unwrap().to_rfc3339(),
            "2026-11-23T05:00:01+00:00"
        );
        assert_eq!(seen.bytes, spool.bytes());
    }
    let (spool, thread) = eventually_open(&path);
    assert_eq!(
        (
            spool.waiting(Stream::Clicks),
            spool.waiting(Stream::Inbound)
        ),
        (3, 1)
    );
    put(&spool, Stream::Clicks, &[click(4)]);
    let expected: Vec<_> = (1..5).map(click).collect();
    assert_eq!(contents(&spool, Stream::Clicks), expected);
    assert_eq!(contents(&spool, Stream::Inbound).len(), 1);
    assert_eq!((spool.waiting(Stream::Clicks), spool.bytes()), (0, 0));
    drop(spool);
    thread.join().unwrap();
}

/// The thread of a spool that was dropped closes the folder a moment later.
fn eventually_open(path: &Path) -> (Spool, std::thread::JoinHandle<()>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match Spool::open(settings(path)) {
            Err(SpoolError::Owned(_)) if Instant::now() < deadline => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn a_folder_has_one_owner_and_is_private() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    let (spool, _) = Spool::open(settings(&path)).unwrap();
    put(&spool, Stream::Receipts, &[b"{}".to_vec()]);
    let second = Spool::open(settings(&path)).unwrap_err().to_string();
    assert!(second.contains("another server owns the spool"), "{second}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&segment(&path))), (0o700, 0o600));
}

#[test]
fn a_full_spool_refuses_and_takes_again_when_it_was_drained() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(settings(directory.path())).unwrap();
    let large = vec![b'x'; 6_000];
    put(&spool, Stream::Clicks, std::slice::from_ref(&large));
    let refused = spool.append(Stream::Clicks, std::slice::from_ref(&large));
    assert!(matches!(refused, Err(SpoolError::Full)));
    assert_eq!(spool.waiting(Stream::Clicks), 1);
    assert_eq!(contents(&spool, Stream::Clicks).len(), 1);
    put(&spool, Stream::Clicks, &[large]);
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_was_torn() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    {
        let (spool, _) = Spool::open(settings(&path)).unwrap();
        put(&spool, Stream::Clicks, &[click(1)]);
        put(&spool, Stream::Clicks, &[click(2)]);
    }
    let file = segment(&path);
    let whole = fs::read(&file).unwrap();
    let first = whole.len() / 2;
    for end in first..whole.len() {
        fs::write(&file, &whole[..end]).unwrap();
        assert_eq!(folder::read(&file, 0).unwrap(), [click(1)], "torn at {end}");
        assert_eq!(fs::metadata(&file).unwrap().len(), first as u64);
        if end > first {
            let tail = fs::read(file.with_extension("torn")).unwrap();
            assert_eq!(tail, &whole[first..end]);
        }
    }
    assert_eq!(survey(&path).unwrap().damaged_files, 0);
}

#[test]
fn damage_in_the_middle_is_kept_aside_and_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    {
        let (spool, _) = Spool::open(settings(&path)).unwrap();
        for number in 1..4 {
            put(&spool, Stream::Clicks, &[click(number)]);
        }
    }
    let file = segment(&path);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(survey(&path).unwrap().damaged_files, 1, "nobody read it");
    let (spool, _) = eventually_open(&path);
    let drained = spool.oldest(Stream::Clicks).unwrap();
    assert_eq!(spool.read(&drained).unwrap().len(), 2);
    assert_eq!(survey(&path).unwrap().damaged_files, 1, "counted once");
    assert_eq!(contents(&spool, Stream::Clicks), [click(1), click(3)]);
    assert_eq!(spool.set_aside().unwrap(), (1, 0));
    assert_eq!(fs::read(file.with_extension("damaged")).unwrap(), bytes);
}

#[test]
fn nothing_is_torn_where_this_process_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(settings(directory.path())).unwrap();
    for number in 1..3 {
        put(&spool, Stream::Inbound, &[click(number)]);
    }
    let found = spool.oldest(Stream::Inbound).unwrap();
    let file = segment(directory.path());
    let whole = fs::read(&file).unwrap();
    // At a record's end, and within one.
    for end in [whole.len() / 2, whole.len() - 1] {
        let file = directory.path().join(format!("inbound-{end}.spool"));
        fs::write(&file, &whole[..end]).unwrap();
        let read = folder::read(&file, found.bytes).unwrap();
        assert_eq!(read, [click(1)]);
        assert!(file.with_extension("damaged").exists(), "cut at {end}");
    }
}

#[test]
fn each_damaged_segment_leaves_a_copy_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    for number in 1..4 {
        let (spool, _) = eventually_open(&path);
        put(&spool, Stream::Inbound, &[click(number), click(number)]);
        let file = segment(&path);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, &bytes).unwrap();
        assert_eq!(contents(&spool, Stream::Inbound), [click(number)]);
        assert_eq!(spool.set_aside().unwrap(), (number.into(), 0));
    }
}

#[test]
fn refused_facts_are_kept_with_their_reasons() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(settings(directory.path())).unwrap();
    let facts: [(&[u8], String); 2] = [
        (b"{\"a\":1}", "not wanted".to_owned()),
        (b"\xff", "no JSON".to_owned()),
    ];
    spool.refuse(Stream::Inbound, &facts).unwrap();
    let kept = fs::read_to_string(directory.path().join("refused/inbound.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = kept
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["fact"]["a"], &lines[0]["reason"]),
        (&1.into(), &"not wanted".into())
    );
    assert_eq!(spool.set_aside().unwrap(), (0, 2));
}

#[cfg(feature = "failpoints")]
#[test]
fn writes_that_failed_leave_no_segment() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(settings(directory.path())).unwrap();
    fail::cfg("spool.append.before", "return").unwrap();
    for _ in 0..3 {
        let appending = spool.append(Stream::Clicks, &[click(1)]).unwrap();
        assert!(appending.wait().is_err());
    }
    fail::remove("spool.append.before");
    assert_eq!(spool.oldest(Stream::Clicks), None);
    assert_eq!((spool.waiting(Stream::Clicks), spool.bytes()), (0, 0));
    let left = fs::read_dir(directory.path()).unwrap();
    let files = left.filter(|entry| entry.as_ref().unwrap().path().extension().is_some());
    assert_eq!(files.count(), 0);
    put(&spool, Stream::Clicks, &[click(2)]);
    let segment = spool.oldest(Stream::Clicks).unwrap();
    assert_eq!(spool.read(&segment).unwrap(), [click(2)]);
}

#[cfg(feature = "failpoints")]
#[test]
fn nobody_is_answered_before_the_disk_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(settings(directory.path())).unwrap();
    fail::cfg("spool.fsync.before", "sleep(300)").unwrap();
    let asked = Instant::now();
    put(&spool, Stream::Clicks, &[click(1)]);
    let answered_after = asked.elapsed();
    fail::remove("spool.fsync.before");
    assert!(answered_after.as_millis() >= 300, "{answered_after:?}");
}
