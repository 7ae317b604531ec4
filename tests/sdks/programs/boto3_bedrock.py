"""boto3, Bedrock: a model by its own protocol and by Converse."""

from __future__ import annotations

import re

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from program import MADE_UP, REAL, REGION, Request, main


def call(url: str) -> str:
    access, secret = MADE_UP
    bedrock = boto3.client(
        "bedrock-runtime",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )
    model = "anthropic.claude-v2:1"
    bedrock.invoke_model(modelId=model, body=b'{"prompt": "hello"}')["body"].read()
    said = bedrock.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "你好"}]}])
    return said["output"]["message"]["content"][0]["text"]


def judge(request: Request) -> dict[str, str]:
    named = re.search("SignedHeaders=([^,]+)", request.headers["authorization"])[1]
    sent = AWSRequest(request.method, request.url, request.only(named), request.body)
    sent.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(*REAL), "bedrock", REGION)
    signature = auth.signature(auth.string_to_sign(sent, auth.canonical_request(sent)), sent)
    scope = f"{REAL[0]}/{auth.credential_scope(sent)}"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={named}, Signature={signature}"}


main(call, judge)
