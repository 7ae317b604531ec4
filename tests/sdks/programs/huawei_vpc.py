"""huaweicloudsdkcore: a call with access and secret key."""

from __future__ import annotations

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkvpc.v2 import CreateVpcOption, CreateVpcRequest, CreateVpcRequestBody, ListVpcsRequest, VpcClient
from program import MADE_UP, REAL, Request, main


def call(url: str) -> str:
    keys = BasicCredentials(*MADE_UP, project_id="project")
    vpc = VpcClient.new_builder().with_credentials(keys).with_endpoint(url).build()
    body = CreateVpcRequestBody(vpc=CreateVpcOption(name="测试"))
    made = vpc.create_vpc(CreateVpcRequest(body=body))
    return f"{made.vpc.id} {vpc.list_vpcs(ListVpcsRequest(limit=1)).vpcs}"


def judge(request: Request) -> dict[str, str]:
    named = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    sent = SdkRequest(
        request.method,
        "http",
        request.headers["host"],
        request.path,
        query_params=list(request.params.items()),
        header_params=request.only(named),
        body=request.body or None,
    )
    return {"authorization": Signer(BasicCredentials(*REAL)).sign(sent).header_params["Authorization"]}


main(call, judge)
