"""Files of pretrained weights: where they are kept, how they are fetched and checked.

The folder is `$SYNTHKIT_WEIGHTS`, else `~/.cache/synthkit/weights`. A file that lies there is used without
any network.
"""

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from synthkit.errors import SynthkitError

TIMEOUT = 30  # seconds without an answer


def folder() -> Path:
    """The folder of weights files; it may not exist yet."""
    return Path(os.environ.get("SYNTHKIT_WEIGHTS") or "~/.cache/synthkit/weights").expanduser()


def fetch(name: str, url: str, *, sha256: str | None = None, instead: str = "") -> Path:
    """The path of weights file `name`, downloaded from `url` if it is not in the folder yet.

    `sha256` is the file's hash or its first digits, where known. A download goes to NAME.partial and takes
    its name only when it is whole and the hash fits. Raises SynthkitError: without a network it names the
    file, the folder, and `instead`, what would do without the file.
    """
    path = folder() / name
    if not path.is_file():
        try:
            _download(url, path, sha256)
        except (urllib.error.URLError, OSError) as err:
            raise SynthkitError(
                f"the weights file {name} is needed and could not be fetched from {url} ({err}).\n"
                f"  Put it at {path} (or name another folder in $SYNTHKIT_WEIGHTS)."
                + (f"\n  Without it: {instead}" if instead else "")
            ) from err
    elif sha256 and not digest(path).startswith(sha256):
        raise SynthkitError(f"{path} is not the file it should be: its SHA-256 does not begin with {sha256}")
    return path


def _download(url: str, path: Path, sha256: str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, partial.open("wb") as file:
            expected, received = answer.headers.get("Content-Length"), 0
            while chunk := answer.read(1 << 20):
                received += file.write(chunk)
        if expected and received != int(expected):
            raise OSError(f"{received} of {expected} bytes came")
        if sha256 and not digest(partial).startswith(sha256):
            raise OSError(f"what came has SHA-256 {digest(partial)}, not {sha256}")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
