"""The parts of the report: each is a function of a run, and empty where the run has nothing for it. Pure."""

from __future__ import annotations

from bench.aims import AIMS, added_latency
from bench.report import costs, growth
from bench.report.tables import NONE, middle, plain, spread, table, titled
from bench.results import Results
from bench.scenarios import SCENARIOS
from bench.svg import number

LOOPS = ("post2k", "tls", "tls-listener", "reply64k")
PEAK = ("peak MiB", "peak_mib")


def _machine(results: Results) -> str:
    machine = results.machine
    return (
        f"Measured {machine.date} on {machine.cores} cores of {machine.cpu}, Linux {machine.kernel}, Python "
        f"{machine.python}, in {results.seconds / 60:.0f} minutes: medians of {results.rounds} interleaved "
        f"round{'s' if results.rounds != 1 else ''}, in brackets the lowest and the highest. Load from "
        f"{results.generator}, 32 keep-alive connections; upstream: {results.upstream}, one worker. Every proxy "
        "has one worker on a core of its own; load and upstream share the other."
    )


def _aims(results: Results) -> str:
    rows = []
    for aim in AIMS:
        value = aim.figure(results)
        bound = f"{'at most' if aim.at_most else 'at least'} {aim.bound:g} {aim.unit}".strip()
        if value is None:
            rows.append([aim.text, bound, "not measured", NONE])
        else:
            rows.append([aim.text, bound, f"{number(value)} {aim.unit}".strip(), "yes" if aim.met(value) else "**no**"])
    return "### Aims\n\n" + table(["aim", "bound", "measured", "met"], rows)


def _main(results: Results) -> str:
    labels = results.contenders("get500")
    if not labels:
        return ""
    head = ["500-byte JSON GET", "CPU µs / request", "x Envoy", "x naive", "requests/s", "p50 µs", "p99 µs"]
    head += ["added at 1 connection, µs", PEAK[0]]
    rows = []
    for label in labels:
        cpu, rps, p50, p99, peak = (
            results.figure("get500", label, metric) for metric in ("cpu_us", "rps", "p50_us", "p99_us", "peak_mib")
        )
        over = [cpu.over(results.figure("get500", name, "cpu_us")) if cpu else None for name in ("envoy", "naive")]
        added = added_latency(results, label)
        row = [titled(results, label), spread(cpu), *map(plain, over), *map(spread, (rps, p50, p99))]
        rows.append([*row, plain(added), middle(peak)])
    image = "![CPU per request](performance/cpu.svg)"
    return f"### Plain requests\n\n{table(head, rows)}\n\n{image}"


def _loops(results: Results) -> str:
    names = [name for name in LOOPS if results.contenders(name)]
    labels = dict.fromkeys(label for name in names for label in results.contenders(name) if label != "direct")
    if not labels:
        return ""
    head = ["CPU µs / request"]
    for name in names:
        head += [SCENARIOS[name].title, "x Envoy"]
    rows = []
    for label in labels:
        row = [titled(results, label)]
        for name in names:
            cpu = results.figure(name, label, "cpu_us")
            row += [spread(cpu), plain(cpu.over(results.figure(name, "envoy", "cpu_us")) if cpu else None)]
        rows.append(row)
    image = "\n\n![CPU per request, TLS upstream](performance/tls.svg)" if "tls" in names else ""
    return f"### Other requests\n\n{table(head, rows)}{image}"


def _bulk(results: Results) -> str:
    labels = dict.fromkeys([*results.contenders("down"), *results.contenders("up")])
    if not labels:
        return ""
    head = [
        "1 GiB on one connection",
        "down MiB/s",
        "up MiB/s",
        "down CPU s",
        "up CPU s",
        "down peak MiB",
        "up peak MiB",
    ]
    rows = []
    for label in labels:
        rates = [spread(results.figure(way, label, "mib_s")) for way in ("down", "up")]
        others = [results.figure(way, label, metric) for metric in ("cpu_s", "peak_mib") for way in ("down", "up")]
        rows.append([titled(results, label), *rates, *map(middle, others)])
    return "### Large bodies\n\n" + table(head, rows)


def _streams(results: Results) -> str:
    parts = []
    metrics = ("late_p50_ms", "late_p99_ms", "late_max_ms", "core", "peak_mib", "events_s", "lost")
    head = ["p50 ms", "p99 ms", "max ms", "core", "peak MiB", "events/s", "lost"]
    for name, what, columns in (("sse500", "an event's delay", 7), ("first-byte", "the first event's delay", 3)):
        rows = [
            [titled(results, label), *(middle(results.figure(name, label, metric)) for metric in metrics[:columns])]
            for label in results.contenders(name)
        ]
        if rows:
            parts.append(table([f"{SCENARIOS[name].title}, {what}", *head[:columns]], rows))
    if not parts:
        return ""
    if results.contenders("sse500"):
        parts.append("![Delay](performance/streams.svg)")
    return "### Event streams, 20 events/s each\n\n" + "\n\n".join(parts)


def _idle(results: Results) -> str:
    parts = []
    for name, head, metrics in (
        ("memory", ["resident MiB"], ("resident_mib",)),
        (
            "idle",
            ["resident MiB", "KiB each", "connections", "lost"],
            ("resident_mib", "kib_each", "answered", "lost"),
        ),
    ):
        rows = [
            [titled(results, label), *(middle(results.figure(name, label, metric)) for metric in metrics)]
            for label in results.contenders(name)
        ]
        if rows:
            parts.append(table([SCENARIOS[name].title, *head], rows))
    if results.contenders("idle"):
        parts.append("![Memory](performance/idle.svg)")
    return "\n\n".join(["### Memory when nothing happens", *parts]) if parts else ""


def _single_lines(results: Results) -> str:
    lines = []
    rotated = results.samples.get("rotation", {}).get("keyless+rotation")
    if rotated:
        one = rotated[0]
        lines.append(
            f"Token rotation every second, the API taking only the newest two: {one['requests']:,.0f} requests, "
            f"{one['minted']:.0f} tokens, **{one['failed']:.0f} failed**."
        )
    first = results.samples.get("first-answer", {}).get("keyless+2000-issuers")
    if first:
        one = first[0]
        lines.append(
            f"With 2,000 issuers, a route each, `keyless run` listens after {one['start_s']:.1f} s and answers "
            f"{one['answer_s']:.2f} s later (slowest {one['slowest_s']:.2f} s), for {one['answer_cpu_s']:.2f} s of CPU."
        )
    several = results.samples.get("workers", {}).get("keyless+2-workers")
    if several:
        one = several[0]
        lines.append(
            f"Two workers, load from their own cores: {one['several_us']:.1f} µs of CPU per request, "
            f"{one['ratio']:.2f} (± {one['ratio_give']:.2f}) of one worker's there; a worker takes "
            f"{one['worker_mib']:.1f} MiB (PSS)."
        )
    started = results.samples.get("start", {}).get("keyless")
    if started:
        one = started[0]
        lines.append(f"`keyless run` listens after {one['start_s']:.2f} s (slowest {one['slowest_s']:.2f} s).")
    fresh = results.samples.get("make-run", {}).get("keyless")
    if fresh:
        one = fresh[0]
        lines.append(
            f"`make run` in a fresh clone answers after {one['first_answer_s']:.0f} s, for {one['cpu_s']:.0f} s of "
            "CPU; what pip downloads was there."
        )
    return "\n".join(f"- {line}" for line in lines)


def _left_out(results: Results) -> str:
    lines = [f"- {name}: {why}" for name, why in results.skipped.items()]
    for scenario, failures in results.failures.items():
        lines += [f"- {scenario}, {label}: {why}" for label, why in failures.items()]
    return "### Left out\n\n" + "\n".join(lines) if lines else ""


SECTIONS = (
    _machine,
    _aims,
    _main,
    _loops,
    *costs.SECTIONS,
    _bulk,
    _streams,
    _idle,
    *growth.SECTIONS,
    _single_lines,
    _left_out,
)
