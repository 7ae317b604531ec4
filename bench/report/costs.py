"""The parts of the report that are about Keyless alone: what a policy costs, what a request executes. Pure."""

from __future__ import annotations

from bench.aims import BEFORE, COMMIT
from bench.measure import Figure
from bench.report.tables import NONE, plain, spread, table, titled
from bench.results import Results
from bench.scenarios import SCENARIOS

OFF = "keyless+all-off"
ROLES = {
    OFF: "no clients, no access log",
    "keyless": "no clients, access log on (the default)",
    "keyless+all-on": "client key and Origin checked, access log on",
}


def _policies(results: Results) -> str:
    """`refusal` has a request of its own, and so a table."""
    parts = [*_roles(results)]
    with_it, without = (results.figure("refusal", label, "cpu_us") for label in ("keyless+refusal", "keyless"))
    if with_it is not None:
        row = [SCENARIOS["refusal"].title, spread(with_it), spread(without), _over(with_it, without)]
        parts.append(table(["Keyless, CPU µs / request", "with", "without", "ratio"], [row]))
    return "\n\n".join(["### What a policy costs", *parts]) if parts else ""


def _roles(results: Results) -> list[str]:
    """A table and a remark on it, or nothing."""
    rows = []
    for label, words in ROLES.items():
        if results.figure("policies", label, "cpu_us") is not None:
            row = [words]
            for scenario, metric in (("policies", "cpu_us"), ("policies-counted", "instructions")):
                figure, off = (results.figure(scenario, one, metric) for one in (label, OFF))
                row += [spread(figure), _over(figure, off)]
            rows.append(row)
    head = [SCENARIOS["policies"].title, "CPU µs / request", "x all off", "instructions", "x all off"]
    remark = (
        "Metrics are counted in each of them: there is no switch for that. The instructions are those in user space; "
        "the kernel's half of a request is the same with and without."
    )
    return [table(head, rows), remark] if rows else []


def _over(figure: Figure | None, other: Figure | None) -> str:
    return NONE if figure is None else plain(figure.over(other))


def _instructions(results: Results) -> str:
    rows = []
    for label in results.contenders("instructions"):
        figure = results.figure("instructions", label, "instructions")
        before = BEFORE.get(label)
        if figure is not None and before is not None:
            rows.append([titled(results, label), spread(figure), f"{before:,}", plain(figure.middle / before)])
    if not rows:
        return ""
    head = [SCENARIOS["instructions"].title, "instructions / request", f"at commit {COMMIT}", "ratio"]
    remark = (
        "Counted by Valgrind's callgrind while 32 connections ask in lock-step; the load's own are left out, and what "
        "is done at the start or once. Neighbours on the machine don't change the count. The kernel's part, about half "
        "of the CPU time, is not in it."
    )
    return f"### Instructions in user space\n\n{table(head, rows)}\n\n{remark}"


SECTIONS = (_policies, _instructions)
