"""`keyless status`: how the running proxy's tokens are."""

from __future__ import annotations

import time

from proxy.admin.report import ProviderReport, SessionReport, Status
from proxy.admin.told import shown
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    command_app,
    load_or_exit,
    print_json,
    print_rows,
)
from proxy.cli.kit.running import Wanted, ask_or_exit, read_or_exit

app = command_app()


@app.command()
def status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show the providers and routes of the proxy that runs with this config."""
    document = ask_or_exit(config, load_or_exit(config), Wanted("status", (), "GET", "status"))
    if as_json:
        print_json(document)
        return
    running = read_or_exit(Status.read, document)
    print(f"keyless {running.version}{f' ({running.build})' if running.build else ''}")
    for reason in running.held_back or ():
        print(f"held back until SIGHUP or a restart: {reason}")
    head = ("provider", "state", "generation", "expires", "mints", "replays", "")
    print_rows([head, *(_provider(name, report, time.time()) for name, report in running.providers.items())])
    routes = [(prefix, route.provider or "none", route.upstream) for prefix, route in running.routes.items()]
    print_rows([("route", "provider", "upstream"), *routes])
    if running.sessions:
        sessions = [(each.name, _ends(each, time.time()), " ".join(each.routes)) for each in running.sessions]
        print_rows([("session", "ends", "routes"), *sessions])


def _provider(name: str, report: ProviderReport, now: float) -> tuple[str, ...]:
    remarks = [report.last_error] if report.last_error else []
    if report.skew is not None:
        remarks.append(f"its clock is {abs(report.skew):.0f} s {'ahead of' if report.skew > 0 else 'behind'} ours")
    if report.upstream is not None:
        remarks.append(f"its API is at {report.upstream}")
    if report.next_attempt_at is not None:
        remarks.append(f"next try in {shown.duration(report.next_attempt_at - now)}")
    numbers = (str(report.mints), str(report.replays))
    return (name, report.state, str(report.generation), _left(report, now), *numbers, "; ".join(remarks))


def _ends(session: SessionReport, now: float) -> str:
    return "with its command" if session.until is None else f"in {shown.duration(session.until - now)}"


def _left(report: ProviderReport, now: float) -> str:
    if report.expires_at is None:
        return "never" if report.state == "static" else "-"
    left = report.expires_at - now
    return f"in {shown.duration(left)}" if left > 0 else f"{shown.duration(-left)} ago"
