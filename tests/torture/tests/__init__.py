"""Tests of the torture itself: `PYTHONPATH=tests python -m unittest discover -s tests/torture -t tests`.

An oracle that sees nothing passes everything, so faults are planted here, one at a time.
"""
