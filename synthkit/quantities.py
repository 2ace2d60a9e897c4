"""Durations and amounts of memory as people write them."""


def clock(seconds: float) -> str:
    """As a clock shows them: 0:12, 4:01, 3:20:05."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def words(seconds: float) -> str:
    """As people say them: 12 s, 4 min 1 s, 3 h 20 min."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def size(count: float) -> str:
    """Bytes as people say them: 1.2 GB, 340 MB, 40 kB."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
