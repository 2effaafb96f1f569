"""Places are shared by tenants, not by tasks."""

import asyncio

from syncjobs.parsers.fair_turns import Turns


def order(places: int, tasks: list[tuple[str, float]]) -> list[str]:
    """Whose tasks ended, one after the other; all ask at once."""
    ended = []

    async def work(turns: Turns, tenant: str, seconds: float) -> None:
        async with turns.turn(tenant):
            await asyncio.sleep(seconds)
            ended.append(tenant)

    async def all_of_them() -> None:
        turns = Turns(places)
        async with asyncio.TaskGroup() as group:
            for tenant, seconds in tasks:
                group.create_task(work(turns, tenant, seconds))

    asyncio.run(all_of_them())
    return ended


def test_a_tenant_of_many_long_tasks_waits_for_one_of_few():
    ended = order(1, [("busy", 0.05)] * 6 + [("calm", 0.01)] * 4)
    assert ended[0] == "busy"
    assert ended[1:5] == ["calm"] * 4, "whose tasks took the least time is next"


def test_no_tenant_has_all_places_while_another_reads():
    most = 0

    async def watched() -> None:
        turns = Turns(3)

        async def work(tenant: str) -> None:
            nonlocal most
            async with turns.turn(tenant):
                most = max(most, turns._held.get("busy", 0))
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            group.create_task(work("calm"))
            for _ in range(9):
                group.create_task(work("busy"))

    asyncio.run(watched())
    assert most == 2


def test_alone_a_tenant_has_all_places():
    async def together() -> int:
        turns, most = Turns(3), 0

        async def work() -> None:
            nonlocal most
            async with turns.turn("alone"):
                most = max(most, turns._held["alone"])
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(work())
        return most

    assert asyncio.run(together()) == 3


def test_who_is_cancelled_while_waiting_takes_no_place():
    async def cancelled() -> None:
        turns = Turns(1)
        async with turns.turn("a"):
            waiting = asyncio.create_task(turns._enter("b"))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        async with asyncio.timeout(1), turns.turn("c"):
            pass

    asyncio.run(cancelled())
