from __future__ import annotations

from email.message import EmailMessage
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.signing.multipart import part_of

KIND = "multipart/form-data; boundary=b-1"
META = b'--b-1\r\nContent-Disposition: form-data; name="meta"\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n'
FILE = b'--b-1\r\nContent-Disposition: form-data; name="file"; filename="meta"\r\n\r\n\x00--b-1\r\n\r\nPNG\r\n'
END = b"--b-1--\r\n"


@pytest.mark.parametrize(
    ("body", "kind", "content"),
    [
        (META + FILE + END, KIND, b'{"a":1}'),
        (FILE + META + END, KIND, b'{"a":1}'),
        (b"before\r\n" + META + END, KIND, b'{"a":1}'),
        (META + FILE + END, 'Multipart/Form-Data; charset=utf-8; Boundary="b-1"', b'{"a":1}'),
        (META + FILE + END, "multipart/form-data", b'{"a":1}'),
        (META.replace(b'"meta"', b"meta") + END, KIND, b'{"a":1}'),
        (META.replace(b'{"a":1}', b"") + END, KIND, b""),
        (FILE + END, KIND, None),
        (META + END, "multipart/mixed; boundary=b-1", None),
        (META + END, "multipart/form-data; boundary=other", None),
        (b"", KIND, None),
        (b"--\r\n", "multipart/form-data", None),
        (b"\r\n" * 9, "multipart/form-data", None),
    ],
)
def test_the_content_of_a_part(body: bytes, kind: str, content: bytes | None) -> None:
    assert part_of(body, kind, "meta") == content


@given(st.binary(max_size=80), st.sampled_from([KIND, "multipart/form-data", "multipart/form-data; boundary="]))
def test_whatever_comes_it_is_a_part_of_it_or_nothing(body: bytes, kind: str) -> None:
    found = part_of(body, kind, "meta")
    assert found is None or found in body


def test_as_another_writer_makes_it() -> None:
    form = EmailMessage(HTTP)
    form.add_header("Content-Type", "multipart/form-data")
    for name, content in (("file", b"\x89PNG\r\n--"), ("meta", b'{"sha256":"1"}')):
        part = EmailMessage(HTTP)
        part.set_content(content, "application", "octet-stream", cte="binary")
        part.add_header("Content-Disposition", "form-data", name=name)
        form.attach(part)
    head, _, body = form.as_bytes().partition(b"\r\n\r\n")
    kind = form["Content-Type"]
    assert b"boundary" in head
    assert part_of(body, kind, "meta") == b'{"sha256":"1"}'
