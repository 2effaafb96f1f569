"""The tasks of a worker. Each runs its body through the runner."""

from typing import Any

from arq.worker import Function, func

from syncjobs import sync
from syncjobs.providers import PROVIDERS
from syncjobs.uploads import upload_supervisor


async def sync_connection(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, sync.body)


async def answer_question(ctx: dict[str, Any], question_id: str) -> None:
    await ctx["answerer"].answer(ctx, question_id)


async def read_upload(ctx: dict[str, Any], upload_id: str) -> None:
    await upload_supervisor.run(ctx, upload_id)


async def deliver(ctx: dict[str, Any], endpoint_id: str) -> None:
    await ctx["deliverer"].deliver(ctx, endpoint_id)


def tasks() -> list[Function]:
    """arq's functions: a sync task per provider, and tasks for heavy questions, uploads and
    messages."""
    syncs = [func(sync_connection, name=provider.task, keep_result=0) for provider in PROVIDERS]
    others = [func(task, keep_result=0) for task in (answer_question, read_upload, deliver)]
    return [*syncs, *others]
