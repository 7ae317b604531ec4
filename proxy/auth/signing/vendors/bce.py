"""Baidu's bce-auth-v1 (cloud.baidu.com/doc/Reference/s/Njwvz1wot). The body takes no part."""

from __future__ import annotations

from proxy.auth.signing.canonical import encoded, hmac_sha256, parameters, path_encoded_once
from proxy.auth.signing.request import Keys, Moment, Signable, Signed

SECONDS = 1800
_USUAL = ("content-length", "content-type", "content-md5")


def bce(request: Signable, keys: Keys, moment: Moment, lifetime: int = SECONDS) -> Signed:
    """The names are said, as the default set has Content-Length in it, which is written after this. A header that is
    empty is left out.
    """
    ours = {"x-bce-date": moment.iso}
    if keys.session is not None:
        ours["x-bce-security-token"] = keys.session
    chosen = request.chosen(ours, lambda name: name.startswith("x-bce-") or name in _USUAL)
    if request.signed:
        chosen = {name: value for name, value in chosen.items() if name in request.signed}
    chosen = {name: value.strip() for name, value in chosen.items() if value.strip()}
    prefix = f"bce-auth-v1/{keys.access}/{moment.iso}/{lifetime}"
    key = hmac_sha256(keys.secret.encode(), prefix).hex()
    headers = "\n".join(sorted(f"{encoded(name)}:{encoded(value)}" for name, value in chosen.items()))
    text = f"{request.method}\n{path_encoded_once(request.path)}\n{_query(request.query)}\n{headers}"
    names = "" if request.signed == () else ";".join(chosen)
    return Signed({**ours, "Authorization": f"{prefix}/{names}/{hmac_sha256(key.encode(), text).hex()}"})


def _query(query: str) -> str:
    pairs = parameters(query, plus=False)
    return "&".join(
        sorted(f"{encoded(name)}={encoded(value)}" for name, value in pairs if name.lower() != "authorization")
    )
