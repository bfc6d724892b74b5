"""Digests of files, and files that are never seen half written."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from importcut.schema import whole

LARGE = 4_000_000  # bytes from which a file is not read again while its size and times stay the same


def digests(files: Iterable[Path], cache: Path) -> dict[Path, str]:
    """SHA-256 of each file; those of large files are remembered in `cache`."""
    known = json.loads(cache.read_text()) if cache.exists() else {}
    found, remembered = {}, dict(known)
    for file in files:
        about = file.stat()
        stamp = [about.st_size, about.st_mtime_ns, about.st_ctime_ns]
        if about.st_size < LARGE:
            found[file] = _digest(file)
            continue
        if known.get(str(file), [None])[0] != stamp:
            remembered[str(file)] = [stamp, _digest(file)]
        found[file] = remembered[str(file)][1]
    if remembered != known:
        write_whole(cache, json.dumps(remembered))
    return found


def fingerprint_of(**parts) -> str:
    """One digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file so that it is never seen half written."""
    with whole(file) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode())


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
