"""One harmless call of each SDK of model vendors: `(url, key)`, with its own defaults for all else.

Owns: how each is pointed at a base URL. Must not know: Keyless. It runs with the SDKs' Python.
"""

from __future__ import annotations

from typing import Any

HELLO: Any = [{"role": "user", "content": "hello"}]


def openai(url: str, key: str) -> object:
    from openai import OpenAI

    return OpenAI(base_url=f"{url}/v1", api_key=key).chat.completions.create(model="m", messages=HELLO)


def azureopenai(url: str, key: str) -> object:
    from openai import AzureOpenAI

    client = AzureOpenAI(azure_endpoint=url, api_key=key, api_version="2024-10-21")
    return client.chat.completions.create(model="m", messages=HELLO)


def azureopenai_ad(url: str, key: str) -> object:
    from openai import AzureOpenAI

    client = AzureOpenAI(azure_endpoint=url, azure_ad_token_provider=lambda: key, api_version="2024-10-21")
    return client.chat.completions.create(model="m", messages=HELLO)


def anthropic(url: str, key: str) -> object:
    from anthropic import Anthropic

    return Anthropic(base_url=url, api_key=key).messages.create(model="m", max_tokens=9, messages=HELLO)


def genai(url: str, key: str) -> object:
    from google.genai import Client
    from google.genai.types import HttpOptions

    client = Client(api_key=key, http_options=HttpOptions(base_url=url))
    return client.models.generate_content(model="gemini-2.5-pro", contents="hello")


def mistral(url: str, key: str) -> object:
    from mistralai.client import Mistral

    return Mistral(server_url=url, api_key=key).chat.complete(model="m", messages=HELLO)


def cohere(url: str, key: str) -> object:
    from cohere import ClientV2

    return ClientV2(base_url=url, api_key=key).chat(model="m", messages=HELLO)


def groq(url: str, key: str) -> object:
    from groq import Groq

    return Groq(base_url=url, api_key=key).chat.completions.create(model="m", messages=HELLO)


def together(url: str, key: str) -> object:
    from together import Together

    return Together(base_url=url, api_key=key).chat.completions.create(model="m", messages=HELLO)


def replicate(url: str, key: str) -> object:
    from replicate import Client

    return Client(base_url=url, api_token=key).predictions.get("p")


def hf(url: str, key: str) -> object:
    from huggingface_hub import InferenceClient

    return InferenceClient(base_url=url, api_key=key).chat_completion(HELLO, model="m")


def elevenlabs(url: str, key: str) -> object:
    from elevenlabs import ElevenLabs

    return ElevenLabs(base_url=url, api_key=key).models.list()


def deepgram(url: str, key: str) -> object:
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    socket = url.replace("http", "ws", 1)
    where = DeepgramClientEnvironment(base=url, production=socket, agent=socket, agent_rest=url)
    return DeepgramClient(api_key=key, environment=where).manage.v1.projects.list()


def assemblyai(url: str, key: str) -> object:
    import assemblyai

    assemblyai.settings.base_url, assemblyai.settings.api_key = url, key
    return assemblyai.Transcriber().list_transcripts()


def ollama(url: str, key: str) -> object:
    from ollama import Client

    return Client(host=url, headers={"Authorization": f"Bearer {key}"}).chat(model="m", messages=HELLO)


def _litellm(model: str, base: str, key: str) -> object:
    import litellm

    return litellm.completion(model=model, messages=HELLO, api_base=base, api_key=key)


def litellm_anthropic(url: str, key: str) -> object:
    return _litellm("anthropic/claude-sonnet-4-5", url, key)


def litellm_gemini(url: str, key: str) -> object:
    return _litellm("gemini/gemini-2.5-pro", f"{url}/v1beta", key)


def litellm_dashscope(url: str, key: str) -> object:
    return _litellm("dashscope/qwen-plus", f"{url}/compatible-mode/v1", key)


def litellm_volc(url: str, key: str) -> object:
    return _litellm("volcengine/doubao", f"{url}/api/v3", key)


def lc_openai(url: str, key: str) -> object:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(base_url=f"{url}/v1", api_key=key, model="m").invoke("hello")


def lc_anthropic(url: str, key: str) -> object:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(base_url=url, api_key=key, model="m").invoke("hello")


def zai(url: str, key: str) -> object:
    from zai import ZaiClient

    client = ZaiClient(base_url=f"{url}/api/paas/v4", api_key=key)
    return client.chat.completions.create(model="m", messages=HELLO)


def zai_jwt(url: str, key: str) -> object:
    from zai import ZaiClient

    client = ZaiClient(base_url=f"{url}/api/paas/v4", api_key=f"{key}.made-up", disable_token_cache=False)
    return client.chat.completions.create(model="m", messages=HELLO)


def zhipuai(url: str, key: str) -> object:
    from zhipuai import ZhipuAI

    client = ZhipuAI(base_url=f"{url}/api/paas/v4", api_key=key)
    return client.chat.completions.create(model="m", messages=HELLO)


def coze(url: str, key: str) -> object:
    from cozepy import Coze, TokenAuth

    return Coze(auth=TokenAuth(key), base_url=url).workspaces.list().items


def pinecone(url: str, key: str) -> object:
    from pinecone import Pinecone

    return Pinecone(api_key=key, host=url).list_indexes()


def qdrant(url: str, key: str) -> object:
    from qdrant_client import QdrantClient

    return QdrantClient(url=url, api_key=key, check_compatibility=False).get_collections()


def wandb(url: str, key: str) -> object:
    import wandb

    return wandb.Api(overrides={"base_url": url}, api_key=key).viewer.username


def mlflow(url: str, key: str) -> object:
    import os

    from mlflow import MlflowClient

    os.environ["MLFLOW_TRACKING_TOKEN"] = key
    return MlflowClient(tracking_uri=url).search_experiments(max_results=1)
