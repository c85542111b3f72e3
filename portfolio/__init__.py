"""Pure numerics of the portfolio: arrays in, arrays out, no outside world."""
