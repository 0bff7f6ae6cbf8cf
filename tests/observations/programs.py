"""What the tests of the rules share: what `run.explain()` says of a program."""

import asyncio
import dataclasses

from helpers import Shop
from helpers.observations.observation import Observation
from helpers.recorder import record
from helpers.recording import Recording
from helpers.virtual.run import simulate


def found(main) -> dict[str, Observation]:
    """The observations on a simulated run of `main()`, by rule; of each rule one at most."""
    return by_rule(simulate(main()))


def by_rule(run: Recording) -> dict[str, Observation]:
    rules = [each.rule for each in run.explain()]
    assert len(set(rules)) == len(rules), str(run.explain())
    return {each.rule: each for each in run.explain()}


def real(main) -> Recording:
    """The recording of `main()` in real time."""
    async def outer():
        return await record(main())

    return asyncio.run(outer())


def as_if_real(main) -> Recording:
    """The recording of a simulated run of `main()`, said to be of real time: what a busy machine cannot change."""
    return dataclasses.replace(simulate(main()), clock="real")


def shops(number: int = 3, latency: float = 0.2) -> list[Shop]:
    """Some shops that answer after this time."""
    return [Shop(f"shop {each}", latency=latency) for each in range(number)]
