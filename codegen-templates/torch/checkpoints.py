"""Checkpoints by torch.distributed.checkpoint (DCP), written while training goes on.

`checkpoints/step-N` is complete once it has `.metadata`, which DCP writes last. Any
number of ranks can load it.
"""

import shutil
import sys
from concurrent.futures import Future
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor
from torch.distributed.checkpoint import FileSystemReader

State = dict[str, Tensor]


def steps_in(folder: Path) -> list[int]:
    """Steps with a complete checkpoint, ascending."""
    return sorted(int(path.parent.name[5:]) for path in folder.glob("step-*/.metadata"))


class Checkpoints:
    """The checkpoints of a run. Only the newest are kept."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        # Checkpoints are written beside training, so their messages need own channels.
        self.group = dist.new_group(backend="gloo")
        self.writing: Future | None = None

    def save(self, step: int, state: State) -> None:
        """Starts to write a checkpoint. `state` may change as soon as this returns."""
        self.finish()
        path = self.folder / f"step-{step}"
        if dist.get_rank() == 0 and path.exists():
            shutil.rmtree(path)
        dist.barrier(self.group)
        copies = {
            name: tensor.detach().clone() if tensor.device.type == "cpu" else tensor
            for name, tensor in state.items()
        }
        whole = {**copies, "step": torch.tensor(step)}
        self.writing = dcp.async_save(
            whole, checkpoint_id=path, process_group=self.group
        )

    def finish(self) -> None:
        """Waits for the checkpoint that is being written, then removes old ones."""
        if self.writing is None:
            return
        self.writing.result()
        self.writing = None
        dist.barrier(self.group)
        if dist.get_rank() == 0:
            for step in steps_in(self.folder)[: -self.keep]:
                shutil.rmtree(self.folder / f"step-{step}")

    def close(self) -> None:
        self.finish()

    def load(self, step: int, state: State) -> None:
        """Reads a checkpoint into the tensors of `state`."""
        path = self.folder / f"step-{step}"
        found = FileSystemReader(path).read_metadata().state_dict_metadata.keys()
        differing = sorted((found - {"step"}) ^ state.keys())
        if differing:
            sys.exit(f"{path} and this model differ in {', '.join(differing)}.")
        dcp.load(state, checkpoint_id=path, process_group=self.group)
