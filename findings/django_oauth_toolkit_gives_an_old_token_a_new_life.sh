#!/bin/sh
# django-oauth-toolkit 3.4.1 (a token endpoint) on Django 5.2.19, CPython 3.11: refresh tokens rotate, with a grace period, so that a
# client whose first answer was lost may send the old one again (REFRESH_TOKEN_GRACE_PERIOD_SECONDS).
#
# Expected: the tokens of the first answer again, with what is left of their life in `expires_in`.
# Seen: the tokens of the first answer, with the `expires_in` of a new one. A client that reckons by it sends a dead token for as
# long as it was late, at most the grace period.
#
# Output seen (lives of 30 s, asked again after 5 s):
#   first: expires_in 30
#   again: the same access token, expires_in 30; it is good for less than 26 s
#
# Keyless: what an issuer tells is a plan only: an API's refusal renews the token, whatever its end was to be (docs/tokens.md). Exits
# 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'django-oauth-toolkit==3.4.1' 'django==5.2.19'
cat > "$folder/ask.py" <<'PYTHON'
import sys
import time
import warnings

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="made-up" * 10,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
    LOGGING_CONFIG=None,
    OAUTH2_PROVIDER={"ACCESS_TOKEN_EXPIRE_SECONDS": 30, "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 60},
)
warnings.simplefilter("ignore")
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

urlpatterns = [path("o/", include("oauth2_provider.urls"))]
call_command("migrate", verbosity=0)
user = User.objects.create_user("made-up", password="made-up")
Application.objects.create(
    user=user, client_type="confidential", authorization_grant_type="password", client_id="made-up-id", client_secret="made-up-key"
)


def token(**form):
    reply = Client().post("/o/token/", {"client_id": "made-up-id", "client_secret": "made-up-key", **form})
    assert reply.status_code == 200, reply.content
    return reply.json()


login = token(grant_type="password", username="made-up", password="made-up")
first = token(grant_type="refresh_token", refresh_token=login["refresh_token"])
time.sleep(5)
again = token(grant_type="refresh_token", refresh_token=login["refresh_token"])
left = (AccessToken.objects.get().expires - timezone.now()).total_seconds()
same = "the same" if again["access_token"] == first["access_token"] else "another"
print("first: expires_in", first["expires_in"])
print(f"again: {same} access token, expires_in {again['expires_in']}; it is good for {'less' if left < 26 else 'more'} than 26 s")
sys.exit(0 if same == "the same" and first["expires_in"] == again["expires_in"] == 30 and left < 26 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" 2>/dev/null
