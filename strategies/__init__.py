"""Strategies: each a module that turns a window of returns into target weights."""
