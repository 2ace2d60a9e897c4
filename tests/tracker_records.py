"""The records of a small training, and a tracker that is handed all of them."""

RECORDS = [
    {"kind": "start", "step": 0, "steps": 40, "device": "cpu", "parameters": {"generator": 4_000_000}},
    {"kind": "step", "step": 19},
    {
        "kind": "train",
        "step": 20,
        "losses": {"gan": 0.5, "gan/discriminator": 0.25},
        "signals": {"saturation": 0.125},
        "rate": 2e-4,
        "rates": {"generator": 2e-4},
        "seconds_per_step": 3.5,
        "data_wait": 0.12,
        "seconds": 70.0,
    },
    {"kind": "validation", "step": 20, "scores": {"psnr": 17.25}, "images": 3},
    {"kind": "notice", "step": 20, "message": "something happened"},
    {"kind": "warning", "step": 20, "name": "saturated", "message": "lower the rate"},
    {"kind": "end", "step": 40, "seconds": 3700},
]


def log_all(tracker, run) -> None:
    samples = {"kind": "samples", "step": 20, "folder": str(run / "samples" / "00000020")}
    for record in (*RECORDS[:4], samples, *RECORDS[4:]):
        tracker.log(record)
    tracker.close()
