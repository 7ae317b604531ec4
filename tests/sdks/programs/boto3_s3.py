"""boto3, S3: objects, a list, a presigned URL."""

from __future__ import annotations

import re
from urllib.request import urlopen

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from program import MADE_UP, REAL, REGION, Request, main


def call(url: str) -> str:
    access, secret = MADE_UP
    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        aws_session_token="made-up-token",
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, signature_version="s3v4"),
    )
    s3.put_object(Bucket="bucket", Key="a b/ü+c", Body=b"content", Metadata={"note": "a  b"})
    got = s3.get_object(Bucket="bucket", Key="a b/ü+c")["Body"].read().decode()
    listed = s3.list_objects_v2(Bucket="bucket", Prefix="a b/", Delimiter="/")["KeyCount"]
    presigned = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "a b"}, ExpiresIn=60)
    return f"{got} {listed} {urlopen(presigned).read().decode()}"


def judge(request: Request) -> dict[str, str]:
    proof = request.headers["authorization"]
    named = re.search("SignedHeaders=([^,]+)", proof)[1]
    sent = AWSRequest(request.method, request.url, request.only(named), request.body)
    sent.context["timestamp"] = request.headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials(*REAL), "s3", REGION)
    signature = auth.signature(auth.string_to_sign(sent, auth.canonical_request(sent)), sent)
    scope = f"{REAL[0]}/{auth.credential_scope(sent)}"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={named}, Signature={signature}"}


main(call, judge)
