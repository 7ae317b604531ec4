"""Records: a value of several parts, declared as a dataclass is. What is made of one stays as it was made.

Owns: what a record can do: it is compared, hashed and shown by its parts. Must not know: any record.

A frozen dataclass costs 0.6 ms when it is declared, as it compiles six functions of its own, and seventy of them were a
tenth of each start. A record compiles one, its constructor. That nothing sets its parts later, mypy sees to alone.
Classes in modules that are compiled (pyproject.toml) stay dataclasses, as mypyc knows no other decorator: with no more
than the constructor, for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(declared: type[T]) -> type[T]:
    """What it defines itself, it keeps."""
    own = set(vars(declared))
    made = dataclass(slots=True, eq=False, repr=False)(declared)
    parts = fields(made)  # type: ignore[arg-type]  # it is one since the line above
    compared = _parts_of(tuple(part.name for part in parts if part.compare))
    shown = tuple(part.name for part in parts if part.repr)

    def equal(self: Any, other: object) -> bool:
        return bool(compared(self) == compared(other)) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(compared(self))

    def written(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    for name, method in (("__eq__", equal), ("__hash__", hashed), ("__repr__", written)):
        if name not in own:
            setattr(made, name, method)
    return made


def _parts_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda whole: tuple([getattr(whole, name) for name in names])
