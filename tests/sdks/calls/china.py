"""One harmless call of each SDK of Chinese vendors: `(url, key)`, with its own defaults for all else.

Owns: how each is pointed at a base URL. Must not know: Keyless. It runs with the SDKs' Python.
"""

from __future__ import annotations

from typing import Any

HELLO: Any = [{"role": "user", "content": "你好"}]


def _host(url: str) -> str:
    return url.partition("://")[2]


def lc_qianfan(url: str, key: str) -> object:
    import qianfan
    from langchain_community.chat_models import QianfanChatEndpoint

    qianfan.get_config().BASE_URL = url
    return QianfanChatEndpoint(qianfan_ak="made-up", qianfan_sk=key, model="ERNIE-Speed").invoke("你好")


def lc_tongyi(url: str, key: str) -> object:
    import dashscope
    from langchain_community.llms import Tongyi

    dashscope.base_http_api_url = f"{url}/api/v1"
    return Tongyi(api_key=key, model="qwen-plus").invoke("你好")


def dashscope(url: str, key: str) -> object:
    import dashscope

    dashscope.base_http_api_url = f"{url}/api/v1"
    return dashscope.Generation.call("qwen-plus", messages=HELLO, api_key=key)


def qianfan1(url: str, key: str) -> object:
    import qianfan

    qianfan.get_config().BASE_URL = url
    return qianfan.ChatCompletion(ak="made-up", sk=key).do(model="ERNIE-Speed", messages=HELLO)


def qianfan2(url: str, key: str) -> object:
    import qianfan

    qianfan.get_config().CONSOLE_API_BASE_URL, qianfan.get_config().BEARER_TOKEN = url, key
    return qianfan.ChatCompletion(version="2").do(model="ernie-speed-8k", messages=HELLO)


def qianfan2_iam(url: str, key: str) -> object:
    import qianfan

    config = qianfan.get_config()
    config.CONSOLE_API_BASE_URL, config.IAM_BASE_URL = url, url
    config.ACCESS_KEY, config.SECRET_KEY = key, "made-up"
    return qianfan.ChatCompletion(version="2").do(model="ernie-speed-8k", messages=HELLO)


def baiduaip(url: str, key: str) -> object:
    from aip import AipOcr
    from aip.base import AipBase

    AipBase._AipBase__accessTokenUrl = f"{url}/oauth/2.0/token"
    AipOcr._AipOcr__generalBasicUrl = f"{url}/rest/2.0/ocr/v1/general_basic"
    return AipOcr("made-up", "made-up", key).basicGeneral(b"x")


def ark(url: str, key: str) -> object:
    from volcenginesdkarkruntime import Ark

    return Ark(base_url=f"{url}/api/v3", api_key=key).chat.completions.create(model="m", messages=HELLO)


def erniebot(url: str, key: str) -> object:
    import erniebot

    erniebot.api_type, erniebot.api_base_url, erniebot.access_token = "qianfan", url, key
    return erniebot.ChatCompletion.create(model="ernie-3.5", messages=HELLO)


def appbuilder(url: str, key: str) -> object:
    import os

    os.environ |= {"GATEWAY_URL": url, "APPBUILDER_TOKEN": key}
    import appbuilder

    return appbuilder.get_model_list(key)


def appbuilder_v2(url: str, key: str) -> object:
    import os

    os.environ |= {"GATEWAY_URL_V2": url, "APPBUILDER_TOKEN": key}
    import appbuilder

    return appbuilder.KnowledgeBase(secret_key=key).get_knowledge_base_list()


def tushare(url: str, key: str) -> object:
    import tushare
    from tushare.pro.client import DataApi

    DataApi._DataApi__http_url = f"{url}/dataapi"
    return tushare.pro_api(key).query("stock_basic")


def lark(url: str, key: str) -> object:
    import lark_oapi
    from lark_oapi.api.im.v1 import ListChatRequest

    client = lark_oapi.Client.builder().app_id("made-up").app_secret(key).domain(url).build()
    reply = client.im.v1.chat.list(ListChatRequest.builder().build())
    return f"{reply.code} {reply.msg}"


def wechatpy(url: str, key: str) -> object:
    from wechatpy import WeChatClient

    WeChatClient.API_BASE_URL = f"{url}/cgi-bin/"
    return WeChatClient("made-up", "made-up", access_token=key).misc.get_wechat_ips()


# ---------------------------------------------------------------------------------------------- that sign


def bos(url: str, key: str) -> object:
    from baidubce.auth.bce_credentials import BceCredentials
    from baidubce.bce_client_configuration import BceClientConfiguration
    from baidubce.services.bos.bos_client import BosClient

    config = BceClientConfiguration(credentials=BceCredentials(key, "made-up"), endpoint=url)
    return BosClient(config).get_object_as_string("bucket", "key")


def tencent(url: str, key: str) -> object:
    from tencentcloud.cvm.v20170312.cvm_client import CvmClient
    from tencentcloud.cvm.v20170312.models import DescribeInstancesRequest

    return _tencent(CvmClient, url, key).DescribeInstances(DescribeInstancesRequest())


def tencent_cn(url: str, key: str) -> object:
    from tencentcloud.hunyuan.v20230901.hunyuan_client import HunyuanClient
    from tencentcloud.hunyuan.v20230901.models import GetTokenCountRequest

    asked = GetTokenCountRequest()
    asked.Prompt = "你好"
    return _tencent(HunyuanClient, url, key).GetTokenCount(asked)


def _tencent(client: Any, url: str, key: str) -> Any:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    profile = ClientProfile(httpProfile=HttpProfile(endpoint=_host(url), protocol="http"))
    return client(Credential(key, "made-up"), "ap-guangzhou", profile)


def tea(url: str, key: str) -> object:
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_ecs20140526.models import DescribeRegionsRequest
    from alibabacloud_tea_openapi.models import Config

    config = Config(access_key_id=key, access_key_secret="made-up", endpoint=_host(url), protocol="HTTP")
    return Client(config).describe_regions(DescribeRegionsRequest()).body


def aliyun(url: str, key: str) -> object:
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkcore.request import CommonRequest

    request = CommonRequest()
    request.set_domain(_host(url))
    request.set_version("2014-05-26")
    request.set_action_name("DescribeRegions")
    request.set_protocol_type("http")
    return AcsClient(key, "made-up", "cn-hangzhou").do_action_with_exception(request)


def huawei(url: str, key: str) -> object:
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkvpc.v2 import ListVpcsRequest, VpcClient

    keys = BasicCredentials(key, "made-up", project_id="project")
    return VpcClient.new_builder().with_credentials(keys).with_endpoint(url).build().list_vpcs(ListVpcsRequest())


def cos(url: str, key: str) -> object:
    from qcloud_cos import CosConfig, CosS3Client

    config = CosConfig(Region="ap-guangzhou", SecretId=key, SecretKey="made-up", Domain=_host(url), Scheme="http")
    return CosS3Client(config).get_object(Bucket="bucket-1250000000", Key="key")


def oss(url: str, key: str) -> object:
    import oss2

    bucket = oss2.Bucket(oss2.AuthV4(key, "made-up"), url, "bucket", region="cn-hangzhou", is_cname=True)
    return bucket.get_object("key").read()


def oss2v(url: str, key: str) -> object:
    import alibabacloud_oss_v2 as oss

    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(key, "made-up")
    config.region, config.endpoint, config.use_cname = "cn-hangzhou", url, True
    return oss.Client(config).get_object(oss.GetObjectRequest(bucket="bucket", key="key")).body.read()


def tos(url: str, key: str) -> object:
    import tos

    client = tos.TosClientV2(key, "made-up", url, "cn-beijing", is_custom_domain=True)
    return client.get_object("bucket", "key").read()


def obs(url: str, key: str) -> object:
    from obs import ObsClient

    client = ObsClient(key, "made-up", server=url, path_style=True)
    return client.getObject("bucket", "key", loadStreamInMemory=True)


def volc_visual(url: str, key: str) -> object:
    from volcengine.visual.VisualService import VisualService

    service = VisualService()
    service.set_ak(key)
    service.set_sk("made-up")
    service.set_host(_host(url))
    service.set_scheme("http")
    return service.cv_process({"req_key": "x"})


def qiniu(url: str, key: str) -> object:
    import qiniu

    qiniu.set_default(default_uc_host=url)
    return qiniu.BucketManager(qiniu.Auth(key, "made-up")).buckets()
