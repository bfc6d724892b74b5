"""Digests of files, and files that are never seen half written."""

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from importcut.schema import whole

LARGE = 4_000_000  # bytes from which a file is not read again while its size and times stay the same


def digests(files: Iterable[Path], cache: Path) -> dict[Path, str]:
    """SHA-256 of each file; those of large files are remembered in `cache`."""
    known = json.loads(cache.read_text()) if cache.exists() else {}
    stamps = {file: _stamp(file) for file in files}
    found = {file: known[str(file)][1] for file, stamp in stamps.items() if known.get(str(file), [None])[0] == stamp}
    unread = [file for file in stamps if file not in found]
    with ThreadPoolExecutor() as pool:
        found |= zip(unread, pool.map(_digest, unread), strict=True)
    remembered = known | {str(file): [stamp, found[file]] for file, stamp in stamps.items() if stamp[0] >= LARGE}
    if remembered != known:
        write_whole(cache, json.dumps(remembered))
    return {file: found[file] for file in stamps}


def fingerprint_of(**parts) -> str:
    """One digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file so that it is never seen half written."""
    with whole(file) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode())


def _stamp(file: Path) -> list[int]:
    about = file.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
