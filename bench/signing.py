"""What it costs to sign one request, by algorithm: `python -m bench.signing`.

From the draft to the signed draft: a chat call of half a kilobyte with four headers and two parameters. CPU time of
this thread, the best of several rounds, less what the draft itself costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

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
KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
SCOPE = {"region": "eu-west-1", "service": "bedrock"}


def drafted(clock: Callable[[], Now]) -> Draft:
    draft = Draft("POST", ORIGIN, b"/", b"/v1/chat/completions", LINES.copy())
    draft.query, draft.body, draft.clock = b"a=1&b=x%20y", BODY, clock
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
    signing = Sign.model_validate({"name": name, **KEYS, **scope}).signing()
    now = Now(0.0, 1767323045.0)
    token = Token.eternal(KEYS["secret_key"], now)
    return cost(lambda: signing.place(drafted(lambda: now), token)) - cost(lambda: drafted(lambda: now))


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
        print(f"{name:12} {of_algorithm(name):6.1f} µs")
    if (botocore := of_botocore()) is not None:
        print(f"{'botocore':12} {botocore:6.1f} µs")
    print(f"the aim is {AIM} µs")


if __name__ == "__main__":
    main()
