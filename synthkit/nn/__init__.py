"""Building blocks shared by networks: norms, blocks and initialisers."""
