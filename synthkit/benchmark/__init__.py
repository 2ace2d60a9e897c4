"""Protocols, judges, trials, the leaderboard and ablation studies."""
