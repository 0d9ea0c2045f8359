//! What the end of each `--help` says: what a command needs and does, and examples to paste.

pub(super) const UP: &str = "\
Starts a private PostgreSQL, an S3-compatible store in a folder, the API, the
shipper, the loader and the reports, under one data folder. The first start
prints an API key. Ctrl-C finishes what is in hand and stops everything;
starting again goes on where it stopped.

Examples:
  textrail up                           # http://127.0.0.1:8080, data in ./data
  textrail up --window 5s               # reports follow within seconds
  TEXTRAIL_HTTP__PUBLIC_URL=https://sms.example.com \\
    textrail up --data /srv/textrail --listen 0.0.0.0:8080
                                        # texts and gateways get this URL";

pub(super) const SERVE: &str = "\
Needs the ledger (ledger.url or DATABASE_URL), migrated, and asks the loader
(loader.url) for reports. Any number may run. See textrail.example.toml for
every setting.

Example:
  DATABASE_URL=postgres://textrail@db/textrail \\
    TEXTRAIL_HTTP__LISTEN=0.0.0.0:8080 textrail serve";

pub(super) const SHIP: &str = "\
Needs the ledger (ledger.url or DATABASE_URL) and the lake (lake.bucket).
Several may run: one is active, the others stand by. Answers health and
metrics on shipper.listen.

Example:
  DATABASE_URL=postgres://textrail@db/textrail \\
    TEXTRAIL_LAKE__BUCKET=my-lake textrail ship";

pub(super) const LOAD: &str = "\
Needs the lake (lake.bucket) and a folder for the warehouse
(warehouse.directory); never the ledger. Answers reports, health and metrics
on loader.listen. Finds new windows by asking the lake, and sooner if S3 posts
to an SQS queue (loader.queue_url): messages are deleted once their windows
are loaded. What is no notification of this lake is left to the queue's dead
letters, or, if it has none, stored under _quarantine/queue/ in the lake.

Examples:
  TEXTRAIL_LAKE__BUCKET=my-lake TEXTRAIL_LOADER__LISTEN=0.0.0.0:8081 \\
    textrail load
  textrail load \\
    --queue https://sqs.eu-central-1.amazonaws.com/123456789012/textrail
  textrail load --drain                 # as a task that a clock starts";

pub(super) const REPORT: &str = "\
A report is about the messages recorded in the range, restated as later facts
arrive; its first line tells through when it is complete.

Examples:
  textrail report --group-by campaign_type
  textrail report --start 2026-11-01 --end 2026-12-01 --tz Europe/Vienna \\
    --group-by day --format csv
  textrail report errors --group-by gateway
  textrail report --url https://sms.example.com --key \"$KEY\"";

pub(super) const DEMO: &str = "\
Sends messages, reports on them as gateways do, and visits links and answers
as people and programs do, over HTTP alone. Calls are repeated while the
server is away, so a server that is killed in the middle and started again
must still end with these numbers.

Examples:
  textrail demo                                 # 2,000 messages at 200 a second
  textrail demo --messages 20000 --rate 1000 --verify
  textrail demo --seed 7 --expect /tmp/expected.json";

pub(super) const QUARANTINE: &str = "\
A line that cannot be loaded stops nothing: it is put aside with its reason,
in the warehouse's list and under _quarantine/ in the lake, and the rest of
its file is loaded. It can be loaded later: by a newer version that knows it,
or with a correction. Corrections are kept in the lake, so that every rebuild
takes them; log files are never changed. A line that is loaded leaves
quarantine in the same transaction, once.

Asks the server of --url and --key, the `textrail up` of the data folder, or,
if lake.bucket is configured, the loader at loader.url with loader.key; if
that does not run, opens the warehouse itself.

Examples:
  textrail quarantine list
  textrail quarantine show events/click/dt=2026-11-23/hr=05/….json.gz 17 \\
    > line.json
  textrail quarantine retry --with line.json  # after `line` in it was put right
  textrail quarantine retry                   # after an upgrade
  textrail quarantine list --url https://sms.example.com --key \"$KEY\"";

pub(super) const QUERY: &str = "\
Each kind of log line is a view: message, submission, receipt, matches, click,
inbound, opt_out. Reads the lake of the data folder in place, or, if
lake.bucket is configured, a copy of that bucket's last days. No server is
needed.

Examples:
  textrail query 'SELECT count(*) FROM click'
  textrail query \"SELECT date_trunc('hour', occurred_at) AS hour, count(*)
    FROM click GROUP BY 1\"";

pub(super) const REPROCESS: &str = "\
Builds another generation of the warehouse beside the current one, from the
files of the lake alone: PostgreSQL may be off. Meanwhile the loader goes on
loading, and reports come from the current generation. When every file of the
lake is proven to be in the new one, it becomes current by one rename; a
running loader brings it up to the last window, then answers from it. Killed
or stopped, it goes on where it was when it is run again. A file that is
missing or altered is named, and there is no switch until the lake is whole.
The generation before is kept until the next switch.

This is how the warehouse's tables change: install the new version, run its
`textrail reprocess` beside the old loader, then restart the loader as the new
version.

Works in warehouse.directory on the lake of lake.bucket, on the loader's
machine; or, with --data or without a bucket, on the data folder of a
`textrail up`, which may run.

Examples:
  textrail reprocess              # the data folder ./data, or lake.bucket
  textrail reprocess --data /srv/textrail --memory 4GB
  textrail reprocess --restart    # forget what an earlier attempt built";

pub(super) const VERIFY: &str = "\
Holds three counts of each window and kind against each other: the ledger's
own (outbox and fact tables), the lake's (manifests, and that their files are
there), the warehouse's (loaded + duplicates + quarantined). The ledger keeps
its count, so that no file is read again: --deep reads them all. Windows
before the span are compared in sum. A window that was sealed less than ten
minutes ago may be on its way; later it is late, and a difference. The running
services do the same all the time: see the metric textrail_verify_alarm.

Looks into the spool of this machine, too (spool.directory, or the data
folder's), and says which folder that is: facts that wait there are on their
way, facts that were refused or damaged differ. What lies in other servers'
spools, their own metrics tell (textrail_spool_facts,
textrail_spool_set_aside).

The outbox is kept from the first window on whose count is not its manifest's,
and PostgreSQL's disk fills. Such a window is counted again by itself once it
is mended; where that cannot be, someone looks and accepts it with --accept.

Exit code: 0 if all is equal, 1 if anything differs, 2 if a part cannot be
asked.

Examples:
  textrail verify                                  # the last day
  textrail verify --since 2d                       # the last two days
  textrail verify --since 2026-11-01 --json
  textrail verify --window 1-42 --deep
  textrail verify --accept 1-42";

pub(super) const MIGRATE: &str = "\
Applies what is pending and prints it. Waits for no lock longer than five
seconds, so it can run beside servers of this version and the one before.
Where a step has to read all facts, their writes wait meanwhile: less than a
second a million; docs/migrating.md says how to do it beforehand. `textrail
up` migrates by itself.

Example:
  DATABASE_URL=postgres://textrail@db/textrail textrail migrate";

pub(super) const KEY: &str = "\
Works on the ledger of ledger.url or DATABASE_URL, or else on that of the
running `textrail up` of the data folder.

Examples:
  textrail key create newsletter --role campaign --role report
  textrail key list
  textrail key revoke 019ab0c2-7d31-7c4e-9c70-3f3b8f7f7c11";

pub(super) const GATEWAY: &str = "\
A gateway is an account at an SMS provider: three lines in textrail.toml.
docs/gateways.md says what `secret` is at each provider and where its URLs are
entered.

  [gateways.main]
  dialect = \"twilio\"
  secret_file = \"/run/secrets/twilio\"

To replace a secret without losing a call, put the new one into `secret` and
the one before into `previous_secret`, restart, change it at the provider, and
take `previous_secret` away again.

Verified calls are kept for webhooks.keep_requests_days. `refused` lists what
could not be read of them; `replay` reads them again once a mapping is
corrected (docs/gateways-replay.md).

Examples:
  textrail gateway dialects             # what there is
  textrail gateway list --show-secrets  # the URLs to enter at the provider
  textrail gateway check main           # a signed sample and a forged one,
                                        # through the public URL
  textrail gateway check main --via http://127.0.0.1:8080
  textrail gateway refused main --since 2d  # calls that could not be read
  textrail gateway replay main --since 2d --dry-run
  textrail gateway replay main --since 2026-11-22T08:00:00Z \\
    --until 2026-11-22T12:00:00Z";
