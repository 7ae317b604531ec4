"""The command: which peers and scenarios, then the run, then the report."""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench import load, machine, report
from bench.load import LoadError
from bench.peers import PEERS
from bench.peers.keyless import CHECKOUT
from bench.peers.peer import Peer
from bench.process import StartError
from bench.results import Results, read
from bench.scenarios import SCENARIOS, STARTS, Scenario, Start
from bench.site import open_site
from bench.stand import QUICK, Contender, Pace, Stand, rounds, say

PAGE = Path("docs/performance.md")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Keyless beside other proxies.")
    parser.add_argument("--quick", action="store_true", help="one short round of everything, in about two minutes")
    parser.add_argument("--only", metavar="PEER,...", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--scenario", metavar="NAME,...", help=f"of {', '.join([*STARTS, *SCENARIOS])}")
    parser.add_argument("--all", action="store_true", help="what is measured only if named, too")
    parser.add_argument("--rounds", type=int, help="instead of 3")
    parser.add_argument("--checkout", type=Path, metavar="DIR", help="measure the `proxy` package found there")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE} although the run was partial or quick")
    parser.add_argument("--render", action="store_true", help=f"write {PAGE} anew from the last written run")
    return parser.parse_args()


def chosen(listed: str | None, known: list[str]) -> list[str]:
    """Raises SystemExit for a name that isn't known."""
    names = known if listed is None else [name for name in listed.split(",") if name]
    for name in names:
        if name not in known:
            raise SystemExit(f"unknown: {name}; known are {', '.join(known)}")
    return names


def usual(options: argparse.Namespace) -> list[str]:
    """Where no one has named any."""
    rows: list[Start | Scenario] = [start for start in STARTS.values() if options.all or not start.asked]
    return [row.name for row in [*rows, *SCENARIOS.values()] if not (options.quick and row.slow)]


def present(names: list[str], results: Results) -> dict[str, Peer]:
    """The peers that can run here; the others are noted with what they lack."""
    found = {}
    for name in names:
        peer = PEERS[name]
        lack = peer.missing()
        if lack is not None:
            results.skipped[name] = lack
            say(f"skipped {name}: {lack}")
            continue
        results.versions[name] = peer.version()
        found[name] = peer
    return found


def run(stand: Stand, peers: dict[str, Peer], scenarios: list[str], results: Results) -> None:
    for name in scenarios:
        begun = time.monotonic()
        if stand.time_is_up:
            results.skipped[name] = "the time for a run was up"
            say(f"skipped {name}: time is up")
        elif name in STARTS:
            _start(stand, STARTS[name], peers, results)
        else:
            _scenario(stand, SCENARIOS[name], peers, results)
        say(f"  {name} took {time.monotonic() - begun:.0f} s")


def _scenario(stand: Stand, scenario: Scenario, peers: dict[str, Peer], results: Results) -> None:
    lack = scenario.missing()
    if lack is not None:
        results.skipped[scenario.name] = lack
        say(f"skipped {scenario.name}: {lack}")
        return
    say(f"{scenario.name}: {scenario.title}")
    contenders = scenario.contenders(peers)
    origin = scenario.origin(stand.site)
    samples, failures = rounds(stand, contenders, origin, scenario.warm_up, scenario.turn, scenario.rounds(stand.pace))
    results.samples[scenario.name] = samples
    if failures:
        results.failures[scenario.name] = failures


def _start(stand: Stand, start: Start, peers: dict[str, Peer], results: Results) -> None:
    if "keyless" not in peers:
        return
    say(f"{start.name}: {start.title}")
    contender = Contender(peers["keyless"], start.feature)
    try:
        sample = start.turn(stand, contender)
    except (StartError, LoadError, OSError) as error:
        results.failures[start.name] = {contender.label: str(error)}
        say(f"  {contender.label}: {error}")
        return
    results.samples[start.name] = {contender.label: [sample]}
    say("  " + "  ".join(f"{name} {value:.2f}" for name, value in sample.items()))


def pace_of(options: argparse.Namespace) -> Pace:
    pace = QUICK if options.quick else Pace()
    return pace if options.rounds is None else Pace(**(vars(pace) | {"rounds": options.rounds}))


def measure(options: argparse.Namespace) -> Results:
    pace = pace_of(options)
    proxy_cpus, load_cpus = machine.cpus()
    machine.raise_open_files()
    scenarios = chosen(options.scenario, [*STARTS, *SCENARIOS]) if options.scenario else usual(options)
    results = Results(machine.describe(), load.generator(), "", pace.rounds)
    known = [name for name, peer in PEERS.items() if not (options.quick and peer.slow)]
    peers = present(chosen(options.only, list(PEERS)) if options.only else known, results)
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keyless-bench-")))
        folder.chmod(0o755)  # nginx's worker may be another user
        site = open_site(stack, folder, load_cpus, pace.blob)
        results.upstream = site.server
        stand = Stand(site, pace, proxy_cpus, load_cpus, begun + pace.total)
        try:
            run(stand, peers, scenarios, results)
        except KeyboardInterrupt:
            say("stopped; this is what there is:")
    results.seconds = time.monotonic() - begun
    return results


def main() -> None:
    options = arguments()
    if options.render:
        report.publish(read(report.record(PAGE)), PAGE)
        return
    if options.checkout is not None:
        os.environ[CHECKOUT] = str(options.checkout.resolve())
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell starts what is in the background with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    results = measure(options)
    print(report.markdown(results))
    whole = not (options.quick or options.only or options.scenario or options.checkout)
    if whole or options.write:
        report.publish(results, PAGE)
        say(f"written: {PAGE}")


if __name__ == "__main__":
    main()
