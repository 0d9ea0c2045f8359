"""How fast textrail is, against limits of the same machine: see scripts/bench --help."""
