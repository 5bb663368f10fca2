"""When a run stops, who may write to its folder, and how it ended.

`mom ablate --target torch` starts train.py with `--lock`, since it holds the lock of
the run. Then train.py saves and stops when it reads a byte from stdin, and ends when
stdin closes, because the process that started it is gone.
"""

import json
import os
import signal
import threading
import time
from pathlib import Path

import torch
import torch.distributed as dist

IN_USE = 75  # the exit code if another process has taken the run over
GONE = 1  # the exit code if the process that started this one is gone
TRUST = 1.0  # seconds for which a lock that was seen counts as held
ENDED = "ended.json"


class Stopping:
    """Whether any rank was asked to stop, by SIGTERM or Ctrl-C."""

    def __init__(self, device: torch.device) -> None:
        self.asked, self.device = False, device
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        """The second time, the signal ends this process at once."""
        self.ask()
        signal.signal(number, signal.SIG_DFL)

    def ask(self) -> None:
        self.asked = True

    def wanted(self) -> bool:
        anywhere = torch.tensor([float(self.asked)], device=self.device)
        dist.all_reduce(anywhere)
        return anywhere.item() > 0

    def listen(self) -> None:
        """Also stops at a byte on stdin, and ends this process when stdin closes."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        # Without Python's buffer, whose lock would be held when the interpreter ends.
        while os.read(0, 1):
            self.ask()
        os._exit(GONE)


class Lock:
    """A file and its contents while the run is this process's own. None of a rank that
    writes no records, or of a run that nobody else takes."""

    def __init__(self, held: tuple[str, str] | None) -> None:
        self.held = held
        self.seen = -TRUST

    def check(self) -> None:
        """Ends this process if the run is no longer its own. Called before a write."""
        if self.held is None or time.monotonic() - self.seen < TRUST:
            return
        path, contents = self.held
        try:
            found = Path(path).read_text()
        except FileNotFoundError:
            found = None
        if found != contents:
            os._exit(IN_USE)
        self.seen = time.monotonic()


def write_ending(folder: Path, how: str, step: int) -> None:
    """Records how a process ended: torchrun has one exit code for every failure.

    @param how: finished, stopped or diverged, after this step
    """
    aside = folder / f"{ENDED}.writing"
    aside.write_text(json.dumps({"how": how, "step": step}) + "\n")
    aside.replace(folder / ENDED)
