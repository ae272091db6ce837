"""The hosts, for real: sessions over SSH or on this machine, and the transaction over all of them."""
