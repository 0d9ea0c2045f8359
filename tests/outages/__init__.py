"""Long outages: `scripts/outages --help`."""
