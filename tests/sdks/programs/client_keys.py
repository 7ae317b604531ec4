"""Calls an API with the SDK of that name, whose only key is a client's: `client_keys.py NAME URL KEY`.

What an SDK thinks of the made-up answer does not matter here: what reached the API does.
"""

from __future__ import annotations

import asyncio
import sys


def algolia_like(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/1/indexes", headers={"x-algolia-api-key": key}, timeout=9)


def basic(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/x", auth=(key, ""), timeout=9)


def gemini_live(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/ws?key={key}", timeout=9)


def stale_beside(url: str, key: str) -> None:
    import requests

    requests.get(f"{url}/x", headers={"Authorization": "Bearer stale", "x-api-key": key}, timeout=9)


def deepgram(url: str, key: str) -> None:
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    where = DeepgramClientEnvironment(base=url, production="ws://x", agent="ws://x", agent_rest=url)
    DeepgramClient(api_key=key, environment=where).manage.v1.projects.list()


def assemblyai(url: str, key: str) -> None:
    import assemblyai

    assemblyai.settings.base_url, assemblyai.settings.api_key = url, key
    assemblyai.Transcriber().list_transcripts()


def elevenlabs(url: str, key: str) -> None:
    from elevenlabs import ElevenLabs

    ElevenLabs(base_url=url, api_key=key).models.list()


def github(url: str, key: str) -> None:
    from github import Auth, Github

    _ = Github(auth=Auth.Token(key), base_url=url, retry=None).get_repo("a/b", lazy=True).get_issues().totalCount


def discord(url: str, key: str) -> None:
    import discord
    from discord.http import Route

    Route.BASE = f"{url}/api/v10"

    async def login() -> None:
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.http.static_login(key)

    asyncio.run(login())


def elasticsearch(url: str, key: str) -> None:
    from elasticsearch import Elasticsearch

    Elasticsearch(url, api_key=key).info()


def twilio(url: str, key: str) -> None:
    from twilio.rest import Client

    client = Client("AC" + "0" * 32, key)
    client.api.base_url = url
    client.api.v2010.account.messages.list(limit=1)


def jira(url: str, key: str) -> None:
    from jira import JIRA

    JIRA(server=url, basic_auth=("me@example.com", key), get_server_info=False, max_retries=0).myself()


def gitlab(url: str, key: str) -> None:
    from gitlab import Gitlab

    Gitlab(url, private_token=key).version()


def plaid(url: str, key: str) -> None:
    from plaid import ApiClient, Configuration
    from plaid.api.plaid_api import PlaidApi
    from plaid.model.country_code import CountryCode
    from plaid.model.institutions_get_request import InstitutionsGetRequest

    api = PlaidApi(ApiClient(Configuration(host=url, api_key={"clientId": "made-up", "secret": key})))
    api.institutions_get(InstitutionsGetRequest(count=1, offset=0, country_codes=[CountryCode("US")]))


def shopify(url: str, key: str) -> None:
    import shopify

    shopify.ShopifyResource.set_site(f"{url}/admin/api/2024-01")
    shopify.ShopifyResource.headers = {"X-Shopify-Access-Token": key}
    shopify.Shop.current()


def wechat(url: str, key: str) -> None:
    from wechatpy import WeChatClient

    WeChatClient.API_BASE_URL = f"{url}/cgi-bin/"
    WeChatClient("made-up", "made-up", access_token=key).get("getcallbackip")


def tushare(url: str, key: str) -> None:
    import tushare
    from tushare.pro.client import DataApi

    DataApi._DataApi__http_url = f"{url}/dataapi"
    tushare.pro_api(key).query("stock_basic")


def telegram(url: str, key: str) -> None:
    import telegram

    async def ask() -> None:
        async with telegram.Bot(key, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot") as bot:
            await bot.get_me()

    asyncio.run(ask())


def sentry(url: str, key: str) -> None:
    import sentry_sdk

    sentry_sdk.init(dsn=f"{url}/1".replace("://", f"://{key}@"))
    sentry_sdk.capture_message("made-up")
    sentry_sdk.flush(9)


def erniebot(url: str, key: str) -> None:
    import erniebot

    erniebot.api_type, erniebot.api_base_url, erniebot.access_token = "qianfan", url, key
    erniebot.ChatCompletion.create(model="ernie-3.5", messages=[{"role": "user", "content": "x"}])


def wandb(url: str, key: str) -> None:
    import wandb

    _ = wandb.Api(overrides={"base_url": url}, api_key=key).viewer


def spotify(url: str, key: str) -> None:
    from spotipy import MemoryCacheHandler, Spotify
    from spotipy.oauth2 import SpotifyClientCredentials

    SpotifyClientCredentials.OAUTH_TOKEN_URL = f"{url}/api/token"
    login = SpotifyClientCredentials("made-up", key, cache_handler=MemoryCacheHandler())
    client = Spotify(auth_manager=login, retries=0)
    client.prefix = f"{url}/v1/"
    client.search("x")


def reddit(url: str, key: str) -> None:
    from praw import Reddit

    client = Reddit(client_id="x", client_secret=key, user_agent="x", oauth_url=f"{url}/", reddit_url=url)
    next(iter(client.subreddit("a").hot(limit=1)))


def qianfan(url: str, key: str) -> None:
    import qianfan

    qianfan.get_config().BASE_URL = url
    chat = qianfan.ChatCompletion(ak="made-up", sk=key)
    chat.do(model="ERNIE-Speed", messages=[{"role": "user", "content": "x"}], retry_count=1)


def baidu_aip(url: str, key: str) -> None:
    from aip import AipOcr
    from aip.base import AipBase

    AipBase._AipBase__accessTokenUrl = f"{url}/oauth/2.0/token"
    AipOcr._AipOcr__generalBasicUrl = f"{url}/rest/2.0/ocr/v1/general_basic"
    AipOcr("made-up", "made-up", key).basicGeneral(b"x")


def aliyun_query(url: str, key: str) -> None:
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkcore.request import CommonRequest

    request = CommonRequest()
    request.set_domain(url.partition("://")[2])
    request.set_version("2014-05-26")
    request.set_action_name("DescribeRegions")
    request.set_protocol_type("http")
    AcsClient(key, "made-up", "cn-hangzhou", auto_retry=False).do_action_with_exception(request)


def s3_presigned(url: str, key: str) -> None:
    import boto3
    import requests
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key="made-up",
        region_name="us-east-1",
        config=Config(signature_version="s3v4"),
    )
    requests.get(client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}), timeout=9)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
