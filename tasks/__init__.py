"""One module a stage: read artifacts, call a pure function, write artifacts, hand on references."""
