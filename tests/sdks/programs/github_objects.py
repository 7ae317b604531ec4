"""PyGithub: eager objects, each of which asks for the next by a URL of its reply; and an upload to another host."""

from __future__ import annotations

import tempfile
from pathlib import Path

from github import Auth, Github
from program import Request, main


def call(url: str) -> str:
    github = Github(base_url=url, auth=Auth.Token("made-up-secret"), retry=None)
    repository = github.get_repo("o/r")
    release = repository.get_release(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asset.txt"
        path.write_text("content")
        asset = release.upload_asset(str(path))
    return f"{repository.owner.name} {[each.name for each in repository.get_branches()]} {asset.name}"


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
