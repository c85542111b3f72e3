"""From bars as delivered to a matrix of daily returns that can be believed; every alteration is logged."""
