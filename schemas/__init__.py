"""What the rooms agree on: artifact models, parameter sets, run identity and errors. No I/O."""
