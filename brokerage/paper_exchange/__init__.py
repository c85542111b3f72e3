"""A paper exchange on the loopback interface that answers like Alpaca: no keys, no network, no cost.

Trading and market data are served by one process from one SQLite file. Prices are the bundled real
daily closes of 23 ETFs; open, high, low, volume and every intraday price are a seeded path around
those closes, not history. Dividends are not paid, as on Alpaca paper. The clock is virtual: it stands
still until the admin API moves it.
"""
