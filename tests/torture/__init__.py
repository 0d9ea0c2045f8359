"""The torture: real binaries, real PostgreSQL, real S3, and everything that can go wrong.

`scripts/torture --help` tells how to run it, `docs/torture.md` what it does. The modules, in the order
of a run:

- `run`: the command line; rounds, one after the other.
- `plan`: what one round does, drawn from its seed alone.
- `cluster`, `stores`, `services`: PostgreSQL, S3 and textrail as processes.
- `ledger_proxy`, `s3_proxy`: stand between them and lose what passes through.
- `notifications`: a queue to which S3 posts, and what becomes of its messages.
- `traffic`, `client_log`: clients that note what they sent and what they heard.
- `faults`: carries out the plan. `bad_line`: a line that cannot be loaded.
- `lake`, `warehouse`, `status`, `oracle`: read what came of it, with no code of textrail's.
- `report`: the table at the end.
"""
