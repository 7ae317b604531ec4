"""One harmless call of each SDK of clouds, databases and code hosts: `(url, key)`, with its own defaults for all else.

Owns: how each is pointed at a base URL. Must not know: Keyless. It runs with the SDKs' Python.
"""

from __future__ import annotations

from typing import Any


def _boto3(service: str, **options: Any) -> Any:
    import boto3

    return boto3.client(service, region_name="eu-west-1", **options)


def bedrock(url: str, key: str) -> object:
    client = _boto3("bedrock-runtime", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key="made-up")
    return client.invoke_model(modelId="m", body=b"{}")


def bedrock_bearer(url: str, key: str) -> object:
    import os

    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = key
    return _boto3("bedrock-runtime", endpoint_url=url).invoke_model(modelId="m", body=b"{}")


def s3(url: str, key: str) -> object:
    client = _boto3("s3", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key="made-up")
    return client.get_object(Bucket="bucket", Key="key")


def azure_identity(url: str, key: str) -> object:
    from azure.identity import ClientSecretCredential

    login = ClientSecretCredential("tenant", "made-up", key, authority=url, disable_instance_discovery=True)
    return login.get_token("https://management.azure.com/.default")


def azure_core(url: str, key: str) -> object:
    import time

    from azure.core import PipelineClient
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
    from azure.core.rest import HttpRequest

    class MadeUp:
        def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
            return AccessToken(key, int(time.time()) + 3600)

    with PipelineClient(url, policies=[RetryPolicy(), BearerTokenCredentialPolicy(MadeUp(), "a-scope")]) as client:
        reply = client.send_request(HttpRequest("GET", client.format_url("/things")))
        reply.raise_for_status()
        return reply.json()


def gcs(url: str, key: str) -> object:
    from google.cloud.storage import Client
    from google.oauth2.credentials import Credentials

    client = Client("project", credentials=Credentials(key), client_options={"api_endpoint": url})
    return [bucket.name for bucket in client.list_buckets()]


def msgraph(url: str, key: str) -> object:
    import asyncio

    from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator
    from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider as Bearer
    from msgraph import GraphRequestAdapter, GraphServiceClient

    class MadeUp(AccessTokenProvider):
        async def get_authorization_token(self, uri: str, additional_authentication_context: Any = None) -> str:
            return key

        def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
            return AllowedHostsValidator([])

    async def ask() -> object:
        adapter = GraphRequestAdapter(Bearer(MadeUp()))
        adapter.base_url = f"{url}/v1.0"
        return await GraphServiceClient(request_adapter=adapter).me.get()

    return asyncio.run(ask())


def k8s(url: str, key: str) -> object:
    from kubernetes.client import ApiClient, Configuration, CoreV1Api

    config = Configuration(host=url)
    config.api_key, config.api_key_prefix = {"authorization": key}, {"authorization": "Bearer"}
    return CoreV1Api(ApiClient(config)).list_namespace(limit=1)


def databricks(url: str, key: str) -> object:
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient(host=url, token=key).current_user.me()


def snowflake(url: str, key: str) -> object:
    from snowflake.connector import connect

    host, _, port = url.partition("://")[2].partition(":")
    where = {"host": host, "port": int(port), "protocol": "http", "account": "a"}
    with connect(user="made-up", password=key, login_timeout=30, **where) as connection:
        return connection.cursor().execute("select 1").fetchone()


def es(url: str, key: str) -> object:
    from elasticsearch import Elasticsearch

    return Elasticsearch(url, api_key=key).info()


def sentry(url: str, key: str) -> object:
    import sentry_sdk

    sentry_sdk.init(dsn=f"{url}/1".replace("://", f"://{key}@"))
    sentry_sdk.capture_message("made-up")
    return sentry_sdk.flush(9)


def github(url: str, key: str) -> object:
    from github import Auth, Github

    return Github(auth=Auth.Token(key), base_url=url).get_repo("o/r").owner.name


def github_lazy(url: str, key: str) -> object:
    from github import Auth, Github

    return [
        branch.name for branch in Github(auth=Auth.Token(key), base_url=url).get_repo("o/r", lazy=True).get_branches()
    ]


def gitlab(url: str, key: str) -> object:
    from gitlab import Gitlab

    return Gitlab(url, private_token=key).projects.get(1).name


gitlab_bearer = gitlab


def jira(url: str, key: str) -> object:
    from jira import JIRA

    return JIRA(server=url, basic_auth=("me@example.com", key), get_server_info=False).myself()
