"""boto3 with an API key of Bedrock: it takes https alone, and both from variables."""

from __future__ import annotations

import boto3
from program import REGION, Request, main


def call(url: str) -> str:
    bedrock = boto3.client("bedrock-runtime", region_name=REGION)
    said = bedrock.converse(modelId="a-model", messages=[{"role": "user", "content": [{"text": "hi"}]}])
    return said["output"]["message"]["content"][0]["text"]


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
