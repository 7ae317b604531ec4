"""One harmless call of each SDK of shops, chats and offices: `(url, key)`, with its own defaults for all else.

Owns: how each is pointed at a base URL. Must not know: Keyless. It runs with the SDKs' Python.
"""

from __future__ import annotations

import asyncio


def stripe(url: str, key: str) -> object:
    from stripe import StripeClient

    return StripeClient(key, base_addresses={"api": url}).v1.customers.list({"limit": 1})


def twilio(url: str, key: str) -> object:
    from twilio.rest import Client

    client = Client("AC" + "0" * 32, key)
    client.api.base_url = url
    return client.api.v2010.account.messages.list(limit=1)


def slack(url: str, key: str) -> object:
    from slack_sdk import WebClient

    return WebClient(key, base_url=f"{url}/api/").auth_test()


def notion(url: str, key: str) -> object:
    from notion_client import Client

    return Client(auth=key, base_url=url).users.me()


def hubspot(url: str, key: str) -> object:
    from hubspot import HubSpot

    api = HubSpot(access_token=key).crm.contacts.basic_api
    api.api_client.configuration.host = url
    return api.get_page(limit=1)


def salesforce(url: str, key: str) -> object:
    from simple_salesforce import Salesforce

    client = Salesforce(instance_url="https://made-up.example.com", session_id=key)
    client.base_url = f"{url}/services/data/v59.0/"
    return client.query("SELECT Id FROM Account")


def spotipy(url: str, key: str) -> object:
    from spotipy import MemoryCacheHandler, Spotify
    from spotipy.oauth2 import SpotifyClientCredentials

    SpotifyClientCredentials.OAUTH_TOKEN_URL = f"{url}/api/token"
    login = SpotifyClientCredentials("made-up", key, cache_handler=MemoryCacheHandler())
    client = Spotify(auth_manager=login)
    client.prefix = f"{url}/v1/"
    return client.search("x")


def praw(url: str, key: str) -> object:
    from praw import Reddit

    client = Reddit(client_id="x", client_secret=key, user_agent="x", oauth_url=f"{url}/", reddit_url=url)
    return [thing.title for thing in client.subreddit("a").hot(limit=1)]


def sendgrid(url: str, key: str) -> object:
    from sendgrid import SendGridAPIClient

    return SendGridAPIClient(key, host=url).client.scopes.get()


def plaid(url: str, key: str) -> object:
    from plaid import ApiClient, Configuration
    from plaid.api.plaid_api import PlaidApi
    from plaid.model.country_code import CountryCode
    from plaid.model.institutions_get_request import InstitutionsGetRequest

    api = PlaidApi(ApiClient(Configuration(host=url, api_key={"clientId": "made-up", "secret": key})))
    return api.institutions_get(InstitutionsGetRequest(count=1, offset=0, country_codes=[CountryCode("US")]))


def shopify(url: str, key: str) -> object:
    import shopify

    shopify.ShopifyResource.set_site(f"{url}/admin/api/2024-01")
    shopify.ShopifyResource.headers = {"X-Shopify-Access-Token": key}
    return shopify.Shop.current().name


def square(url: str, key: str) -> object:
    from square import Square

    return Square(token=key, base_url=url).locations.list()


def dropbox(url: str, key: str) -> object:
    import dropbox

    return dropbox.Dropbox(key).check_user("hi").result


def box3(url: str, key: str) -> object:
    import boxsdk

    boxsdk.config.API.BASE_API_URL = f"{url}/2.0"
    return boxsdk.Client(boxsdk.OAuth2("made-up", "made-up", access_token=key)).user().get().name


def box10(url: str, key: str) -> object:
    from box_sdk_gen import BaseUrls, BoxClient, BoxDeveloperTokenAuth

    client = BoxClient(BoxDeveloperTokenAuth(key)).with_custom_base_urls(
        BaseUrls(base_url=url, upload_url=url, oauth_2_url=url)
    )
    return client.users.get_user_me().name


def telegram(url: str, key: str) -> object:
    import telegram

    async def ask() -> object:
        async with telegram.Bot(key, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot") as bot:
            return await bot.get_me()

    return asyncio.run(ask())


def discord(url: str, key: str) -> object:
    import discord
    from discord.http import Route

    Route.BASE = f"{url}/api/v10"

    async def login() -> object:
        async with discord.Client(intents=discord.Intents.none()) as client:
            return await client.http.static_login(key)

    return asyncio.run(login())
