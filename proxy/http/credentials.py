"""The headers in which APIs look for a credential, by their names in lower case.

Must not know: which of them pass a proxy, or whose credential stands in one.
"""

from __future__ import annotations

from typing import Final

KEY_HEADERS: Final = (
    *(b"x-api-key", b"api-key", b"x-goog-api-key", b"private-token", b"job-token", b"x-auth-token", b"xi-api-key"),
    *(b"x-amz-security-token", b"ocp-apim-subscription-key", b"x-shopify-access-token", b"x-appbuilder-authorization"),
)
"""Where SDKs put a key, in the order in which they are looked at."""
OF_PRESETS: Final = frozenset(
    (
        *(b"access-token", b"apikey", b"dd-api-key", b"dd-application-key", b"plaid-client-id", b"plaid-secret"),
        *(b"x-acs-dingtalk-access-token", b"x-algolia-api-key", b"x-auth-key", b"x-figma-token", b"x-license-key"),
        *(b"x-postmark-account-token", b"x-postmark-server-token", b"x-qw-api-key", b"x-subscription-token"),
        *(b"x-tableau-auth", b"x-vault-token", b"token", b"x-access-token", b"x-nls-token"),
    )
)
"""Where the APIs of the shipped presets look for a credential besides."""
OF_CREDENTIALS: Final = frozenset((b"authorization", *KEY_HEADERS)) | OF_PRESETS
"""All of these, but for what belongs to cookies and to proxies."""
