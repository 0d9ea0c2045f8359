"""`python -m torture`: what scripts/torture runs."""

from .run import main

main()
