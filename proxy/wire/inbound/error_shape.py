"""Errors of our own as the SDKs of an API's vendor read them (docs/errors.md#shapes).

Owns: where each vendor's SDKs look for an error's kind and words, and what they call the kinds. Must not know: routes,
connections. Only an error that is answered comes here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from proxy.errors import Fault
from proxy.http.error_shape import ErrorShape

Document = dict[str, Any]
Headers = tuple[tuple[str, str], ...]
_BY_STATUS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_ANTHROPIC = _BY_STATUS | {
    404: "not_found_error",
    413: "request_too_large",
    424: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_GOOGLE = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    424: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_AWS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_OAUTH = {
    401: "invalid_client",
    403: "unauthorized_client",
    424: "unauthorized_client",
    429: "temporarily_unavailable",
}
_OF_SERVER = -32000
"""JSON-RPC 2.0 §5.1 leaves this one to servers."""
_NONE = "none"
_S3 = {
    400: "InvalidRequest",
    401: "AccessDenied",
    403: "AccessDenied",
    405: "MethodNotAllowed",
    413: "EntityTooLarge",
    429: "SlowDown",
    500: "InternalError",
    503: "SlowDown",
}


def shaped(error: Fault, shape: ErrorShape | None, request_id: str = "") -> tuple[Headers, bytes]:
    """Headers of its own, and the body. Anthropic's SDKs know `request_id`, too.

    The members of the shape count where names collide; all else stays (RFC 9457 §3.2 allows members of one's own).
    """
    document = error.problem()
    if request_id:
        document["request_id"] = request_id
    return ((), _json(document)) if shape is None else _SHAPES[shape](error, document)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n"


def _openai(error: Fault, document: Document) -> tuple[Headers, bytes]:
    kind = _BY_STATUS.get(error.status, _side(error, "invalid_request_error", "server_error"))
    inner = {"message": document["message"], "type": kind, "param": None, "code": error.code}
    return (), _json(document | {"error": inner})


def _anthropic(error: Fault, document: Document) -> tuple[Headers, bytes]:
    kind = _ANTHROPIC.get(error.status, _side(error, "invalid_request_error", "api_error"))
    inner = {"type": kind, "message": document["message"], "code": error.code}
    return (), _json(document | {"type": "error", "error": inner})


def _google(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """google.rpc.Status as JSON (google/rpc/code.proto, error_details.proto). Its clients wait as RetryInfo says."""
    details: list[Document] = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": error.code.upper(), "domain": "keyless"}
    ]
    if error.advice is not None and error.advice[0] == "Retry-After":
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{error.advice[1]}s"})
    kind = _GOOGLE.get(error.status, _side(error, "INVALID_ARGUMENT", "INTERNAL"))
    inner = {"code": error.status, "message": document["message"], "status": kind, "details": details}
    return (), _json(document | {"error": inner})


def _aws(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """REST-JSON takes the kind from the header, JSON 1.x from `__type`; both read `message`."""
    kind = _AWS.get(error.status) or _camel(error) + "Exception"
    return (("x-amzn-errortype", kind),), _json(document | {"__type": kind})


def _s3(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """OSS, COS and OBS answer so, too. What JSON has besides are elements of the same names. COS's SDK reads none of it
    unless each of the first four holds a text.
    """
    own = {"Code": _S3.get(error.status) or _camel(error), "Message": document["message"]}
    own |= {"Resource": _NONE, "RequestId": _NONE}
    rest = {name: document[name] for name in document.keys() - {"code", "message", "error"}}
    lines = [
        f"<{name}>{escape(str(value), quote=False)}</{name}>"
        for name, value in (own | dict(sorted(rest.items()))).items()
    ]
    xml = '<?xml version="1.0" encoding="UTF-8"?>\n<Error>' + "".join(lines) + "</Error>\n"
    return (), xml.encode("utf-8")


def _mcp(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """JSON-RPC 2.0 §5.1; which request it answers is known by the exchange, as the SDKs take it."""
    inner = {"code": _OF_SERVER, "message": document["message"], "data": {"code": error.code}}
    return (), _json(document | {"jsonrpc": "2.0", "id": None, "error": inner})


def _oauth(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """RFC 6749 §5.2, of a token endpoint: which characters a description may have, too."""
    kind = _OAUTH.get(error.status, _side(error, "invalid_request", "temporarily_unavailable"))
    told = re.sub(r"[^ !#-\[\]-~]", "'", document["message"])
    return (), _json(document | {"error": kind, "error_description": told})


def _bce(_: Fault, document: Document) -> tuple[Headers, bytes]:
    """Baidu's cloud; its SDK takes an error for a broken answer that has no `requestId`."""
    return (), _json(document | {"requestId": _NONE})


def _elasticsearch(error: Fault, document: Document) -> tuple[Headers, bytes]:
    cause = {"type": error.code, "reason": document["message"]}
    return (), _json(document | {"error": cause | {"root_cause": [cause]}})


def _errcode(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """WeChat, WeCom, and DingTalk's older API."""
    return (), _json(document | {"errcode": error.status, "errmsg": document["message"]})


def _msg(error: Fault, document: Document) -> tuple[Headers, bytes]:
    """Feishu and Coze: a number and words."""
    return (), _json(document | {"code": error.status, "msg": document["message"]})


def _telegram(error: Fault, document: Document) -> tuple[Headers, bytes]:
    return (), _json(document | {"ok": False, "error_code": error.status, "description": document["message"]})


def _tos(error: Fault, document: Document) -> tuple[Headers, bytes]:
    own = {"Code": _S3.get(error.status) or _camel(error), "Message": document["message"], "RequestId": _NONE}
    return (), _json(document | own)


def _side(error: Fault, asker: str, server: str) -> str:
    return asker if error.status < 500 else server


def _camel(error: Fault) -> str:
    return "".join(word.capitalize() for word in error.code.split("_"))


_SHAPES: dict[ErrorShape, Callable[[Fault, Document], tuple[Headers, bytes]]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "aws": _aws,
    "s3": _s3,
    "mcp": _mcp,
    "oauth": _oauth,
    "bce": _bce,
    "elasticsearch": _elasticsearch,
    "errcode": _errcode,
    "msg": _msg,
    "telegram": _telegram,
    "tos": _tos,
}
