"""What it costs to sign one request, by algorithm and by preset that describes its own: `python -m bench.signing`.

From the draft to the signed draft: a chat call of half a kilobyte with four headers and two parameters; for those that
sign the fields of a form, a form of five. CPU time of this thread, the best of several rounds, less what the draft
itself costs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from proxy.auth.keys.sign import Sign
from proxy.auth.placing.draft import Draft
from proxy.auth.signing.vendors import ALGORITHMS
from proxy.auth.token import Token
from proxy.http.origin import Origin
from proxy.values.now import Now

AIM = 60
CALLS, ROUNDS = 500, 20
ORIGIN = Origin(True, "api.example.com", 443)
LINES = [
    b"Content-Type: application/json\r\n",
    b"User-Agent: bench\r\n",
    b"Accept: application/json\r\n",
    b"X-Request-Id: 1234\r\n",
]
BODY = b'{"model": "any", "messages": []}'.ljust(500)
FORM = b"method=item.get&fields=num_iid%2Ctitle%2Cnick&num_iid=11223344&v=2.0&format=json"
KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
SCOPE = {"region": "eu-west-1", "service": "bedrock"}


def drafted(clock: Callable[[], Now], *, form: bool = False) -> Draft:
    lines = [b"Content-Type: application/x-www-form-urlencoded\r\n", *LINES[1:]] if form else LINES.copy()
    draft = Draft("POST", ORIGIN, b"/", b"/v1/chat/completions", lines)
    draft.query, draft.body, draft.clock = b"a=1&b=x%20y", FORM if form else BODY, clock
    return draft


def cost(call: Callable[[], object]) -> float:
    """Microseconds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.thread_time_ns()
        for _ in range(CALLS):
            call()
        rounds.append((time.thread_time_ns() - began) / CALLS / 1000)
    return min(rounds)


def of_algorithm(name: str) -> float:
    """Each second has new dates, and some keys with them, as at a few thousand requests a second."""
    scope = {key: SCOPE[key] for key in ALGORITHMS[name].needs}
    return of(Sign.model_validate({"name": name, **KEYS, **scope}), form=False)


def of(sign: Sign, *, form: bool) -> float:
    signing = sign.signing()
    now = Now(0.0, 1767323045.0)
    token = Token.eternal(sign.secret_key, now)

    def make() -> Draft:
        return drafted(lambda: now, form=form)

    return cost(lambda: signing.place(make(), token)) - cost(make)


def described() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the presets say of digests of their own."""
    for file in sorted((Path(__file__).parent.parent / "proxy" / "presets").glob("*.yaml")):
        preset = yaml.safe_load(file.read_text("utf-8"))
        digest = preset.get("provider", {}).get("sign", {}).get("digest")
        if digest is not None:
            text = json.dumps(digest)
            for name, value in preset["examples"].get("with", {}).items():
                text = text.replace(f"{{{name}}}", str(value))
            yield file.stem, json.loads(text)


def of_preset(digest: Mapping[str, Any]) -> float:
    secret = _rsa_key() if digest.get("rsa") else KEYS["secret_key"]
    made = {"name": "digest", "access_key": "12345678", "secret_key": secret, "session_token": "session"}
    return of(Sign.model_validate({**made, "digest": digest}), form="form" in digest or "pairs" in json.dumps(digest))


def _rsa_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def of_botocore() -> float | None:
    """The SDK's own signer, for comparison."""
    try:
        from botocore.auth import SigV4Auth  # noqa: PLC0415 -- an extra
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 -- likewise
        from botocore.credentials import Credentials  # noqa: PLC0415 -- likewise
    except ImportError:
        return None
    auth = SigV4Auth(Credentials(KEYS["access_key"], KEYS["secret_key"]), SCOPE["service"], SCOPE["region"])
    headers = {"Content-Type": "application/json", "X-Request-Id": "1234"}
    url = "https://api.example.com/v1/chat/completions?a=1&b=x%20y"
    return cost(lambda: auth.add_auth(AWSRequest("POST", url, headers, BODY)))


def main() -> None:
    for name in ALGORITHMS:
        print(f"{name:24} {of_algorithm(name):6.1f} µs")
    for name, digest in described():
        print(f"{name:24} {of_preset(digest):6.1f} µs")
    if (botocore := of_botocore()) is not None:
        print(f"{'botocore':24} {botocore:6.1f} µs")
    print(f"the aim is {AIM} µs")


if __name__ == "__main__":
    main()
