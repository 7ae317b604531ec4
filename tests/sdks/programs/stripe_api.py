"""stripe: a list."""

from __future__ import annotations

import stripe
from program import Request, main


def call(url: str) -> int:
    client = stripe.StripeClient("sk_test_made_up", base_addresses={"api": url}, max_network_retries=0)
    return len(client.v1.customers.list({"limit": 1}).data)


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
