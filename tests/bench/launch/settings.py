"""What every part is told: how much, how often, where, with which programs."""
import dataclasses
import os
import pathlib

SLOTS = 2


@dataclasses.dataclass(frozen=True)
class Settings:
    tasks: int = 20_000
    rounds: int = 5
    place: str = "/var/tmp"  # working directories and state folders
    build: pathlib.Path = pathlib.Path(os.environ.get("MPIBATCH_BUILD", "build/bench")).resolve()
    mpirun: str = os.environ.get("MPIRUN") or "mpirun"

    def program(self, name):
        return str(self.build / name)


def keep_to_the_slots():
    """All that is started has as many CPUs as slots: so a larger machine gives nobody an advantage, and any number of
    ranks has that many slots in all."""
    mine = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, mine[:SLOTS])
