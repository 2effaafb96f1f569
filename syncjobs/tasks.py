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


async def run_task(ctx: dict[str, Any], task_id: str) -> None:
    await ctx["task_runner"].run(ctx)


def tasks() -> list[Function]:
    """arq's functions: a sync task per provider, and tasks for heavy questions, uploads,
    messages and the project's own tasks."""
    syncs = [func(sync_connection, name=provider.task, keep_result=0) for provider in PROVIDERS]
    others = (answer_question, read_upload, deliver, run_task)
    return [*syncs, *(func(task, keep_result=0) for task in others)]
