"""The enrichment of a tenant, step by step: each layer and link type in an order that each can rest
on those before it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from uuid import UUID

from graph.enrich.counts import Counts
from graph.enrich.payments import Payments, load
from graph.errors import GraphError


class LayerUnknown(GraphError):
    """No step goes by that name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, and the module whose `enrich(user_id, payments) -> Counts` it is.

    `moves`: what it writes is among what later steps are given (entities, payments).
    """

    name: str
    module: str
    moves: bool = False


STEPS: tuple[Step, ...] = (
    Step("resolution", "graph.enrich.resolving", moves=True),
    Step("same_transaction", "graph.enrich.same_transaction"),
    Step("reversals", "graph.enrich.reversals"),
    Step("settles", "graph.enrich.settlements"),
    Step("fees", "graph.enrich.fees"),
    Step("references", "graph.enrich.references"),
    Step("temporal", "graph.enrich.temporal"),
    Step("seasonal", "graph.enrich.seasonal"),
    Step("pattern", "graph.enrich.patterns"),
    Step("prediction", "graph.enrich.predictions"),
    Step("cross_platform", "graph.enrich.cross_platform"),
    Step("fraud", "graph.enrich.duplicates"),
    Step("causal", "graph.enrich.causal"),
    Step("change", "graph.enrich.changes"),
    Step("root_cause", "graph.enrich.root_causes"),
)


@dataclass(frozen=True, slots=True)
class Done:
    """What a step wrote, and how long it took."""

    layer: str
    rows_added: int
    rows_changed: int
    rows_removed: int
    seconds: float


Progress = Callable[[str], None]


def names() -> list[str]:
    return [step.name for step in STEPS]


def enrich(
    user_id: UUID, layers: Sequence[str] | None = None, progress: Progress | None = None
) -> list[Done]:
    """Run these steps (all, if none are named) in their order; `progress` hears each one's name.

    One transaction a step: a step that fails leaves those before it in place. Raises
    LayerUnknown for a name that is none.
    """
    chosen = _chosen(layers)
    done: list[Done] = []
    payments: Payments | None = None
    for step in chosen:
        if progress:
            progress(step.name)
        start = time.perf_counter()
        payments = load(user_id) if payments is None else payments
        counts: Counts = import_module(step.module).enrich(user_id, payments)
        seconds = time.perf_counter() - start
        done.append(Done(step.name, counts.added, counts.changed, counts.removed, seconds))
        if step.moves:
            payments = None
    return done


def _chosen(layers: Sequence[str] | None) -> list[Step]:
    unknown = sorted(set(layers or ()) - set(names()))
    if unknown:
        raise LayerUnknown(f"No layer is {unknown[0]!r}. There are: {', '.join(names())}.")
    return [step for step in STEPS if not layers or step.name in layers]
