"""What the worker runs. A task is a line: its body goes through the runner."""

from typing import Any

from syncjobs import sync
from syncjobs.uploads import supervisor


async def gmail_sync(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, sync.body)


async def dropbox_sync(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, sync.body)


async def gdrive_sync(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, sync.body)


async def zoho_mail_sync(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, sync.body)


async def answer_question(ctx: dict[str, Any], question_id: str) -> None:
    await ctx["answerer"].answer(ctx, question_id)


async def read_upload(ctx: dict[str, Any], upload_id: str) -> None:
    await supervisor.run(upload_id)


TASKS = (gmail_sync, dropbox_sync, gdrive_sync, zoho_mail_sync, answer_question, read_upload)
