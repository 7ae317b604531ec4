"""One part of a multipart form (RFC 7578), for vendors who sign that part alone.

Must not know: any vendor, or what is made of the part. A client's bytes come in.
"""

from __future__ import annotations

import re
from typing import Final

KIND: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r';\s*boundary="?([^";\s]{1,70})"?', re.IGNORECASE)
_NAME: Final = re.compile(rb'^content-disposition:[^\r\n]*;\s*name="?([^";\r\n]*)"?', re.IGNORECASE | re.MULTILINE)


def part_of(body: bytes, content_type: str, name: str) -> bytes | None:
    """The content of the first part of that name; None where there is none, or the body is nothing of the kind.

    A boundary that the header does not say is that of the first line: SDKs leave it out.
    """
    if not content_type.lower().startswith(KIND):
        return None
    said = _BOUNDARY.search(content_type)
    opening = b"--" + said[1].encode("latin-1") if said else body.partition(b"\r\n")[0]
    if len(opening) < len(b"--x") or not opening.startswith(b"--"):
        return None
    for part in (b"\r\n" + body).split(b"\r\n" + opening)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        found = _NAME.search(head)
        if blank and found is not None and found[1] == name.encode("latin-1"):
            return content
    return None
