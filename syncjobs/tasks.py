"""The tasks of a worker. Each runs its body through the runner."""

from typing import Any

from arq.worker import Function, func

from syncjobs import sync
from syncjobs.providers import PROVIDERS


async def sync_connection(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, sync.body)


async def answer_question(ctx: dict[str, Any], question_id: str) -> None:
    await ctx["answerer"].answer(ctx, question_id)


def tasks() -> list[Function]:
    """arq's functions: a sync task for each provider, under its name, and heavy questions."""
    syncs = [func(sync_connection, name=each.task, keep_result=0) for each in PROVIDERS]
    return [*syncs, func(answer_question, keep_result=0)]
