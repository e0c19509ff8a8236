"""Processes of kernels, and the lines to them."""

from __future__ import annotations

import asyncio
import os
import signal

import psutil

from omegaml_lab.runtime.kernels.kernels import KernelSource

TIMES = 3


def test_who_is_cancelled_while_he_connects_leaves_no_threads_and_no_files() -> None:
    async def connected() -> tuple[int, int, int, int]:
        me = psutil.Process()
        async with KernelSource().start("python3", environment={}) as kernel:
            (await kernel.connect()).stop_channels()
            await asyncio.sleep(0.5)
            before = me.num_threads(), me.num_fds()
            os.kill(kernel.process.pid, signal.SIGSTOP)  # it does not answer
            for _ in range(TIMES):
                connecting = asyncio.create_task(kernel.connect())
                await asyncio.sleep(0.5)
                connecting.cancel()
                await asyncio.gather(connecting, return_exceptions=True)
            await asyncio.sleep(0.5)
            return *before, me.num_threads(), me.num_fds()

    threads, files, threads_after, files_after = asyncio.run(connected())
    assert threads_after < threads + TIMES
    assert files_after < files + TIMES
