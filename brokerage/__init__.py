"""The broker edge: hardened alpaca-py clients, order planning and execution, the loopback exchange."""
