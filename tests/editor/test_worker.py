"""The model thread: which job is next, and which never runs."""

import asyncio
import threading

import pytest

from synthkit.editor.worker import GivenUpError, ModelThread, Rank


class Held:
    """A thread that is kept busy until `release`, so that jobs pile up behind."""

    def __init__(self):
        self.thread, self.release, self.order = ModelThread(), threading.Event(), []
        began = threading.Event()
        self.thread.submit(lambda cancelled: (began.set(), self.release.wait(10)), Rank.OPEN)
        assert began.wait(10)

    def submit(self, name, rank):
        return self.thread.submit(lambda cancelled: self.order.append(name) or name, rank)

    def finish(self, *jobs):
        self.release.set()
        asyncio.run(every(jobs))


async def every(jobs):
    for job in jobs:
        assert await job.wait()


def test_the_lowest_rank_goes_first_and_then_the_oldest():
    held = Held()
    ranks = [
        ("thumb 1", Rank.THUMBNAIL),
        ("render 1", Rank.RENDER),
        ("open", Rank.OPEN),
        ("thumb 2", Rank.THUMBNAIL),
    ]
    jobs = [held.submit(name, rank) for name, rank in [*ranks, ("render 2", Rank.RENDER)]]
    held.finish(*jobs)
    assert held.order == ["open", "render 1", "render 2", "thumb 1", "thumb 2"]
    assert jobs[2].result() == "open"


def test_a_job_that_is_cancelled_while_it_waits_never_runs():
    held = Held()
    first, second = held.submit("first", Rank.RENDER), held.submit("second", Rank.RENDER)
    first.cancel()
    held.finish(first, second)
    assert held.order == ["second"]
    with pytest.raises(GivenUpError):
        first.result()


def test_a_job_that_runs_hears_that_it_is_cancelled():
    began, heard = threading.Event(), threading.Event()

    def work(cancelled):
        began.set()
        while not cancelled():
            pass
        heard.set()
        raise ValueError("as a rendering does")

    job = ModelThread().submit(work, Rank.RENDER)
    assert began.wait(10)
    job.cancel()
    assert heard.wait(10)
    asyncio.run(every([job]))
    with pytest.raises(GivenUpError):
        job.result()


def test_the_error_of_a_job_is_raised_where_its_result_is_asked_for_and_the_thread_goes_on():
    thread = ModelThread()
    job, after = (
        thread.submit(lambda cancelled: 1 / 0, Rank.RENDER),
        thread.submit(lambda cancelled: 5, Rank.RENDER),
    )
    asyncio.run(every([job, after]))
    with pytest.raises(ZeroDivisionError):
        job.result()
    assert after.result() == 5


def test_waiting_ends_with_what_else_is_waited_for():
    held = Held()
    job = held.submit("late", Rank.RENDER)

    async def wait():
        return await job.wait(unless=asyncio.sleep(0.01))

    assert asyncio.run(wait()) is False and job.awaited == 0
    with pytest.raises(GivenUpError):
        job.result()
    held.finish(job)
    assert job.result() == "late"
