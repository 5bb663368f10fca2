"""Converts checkpoints between this project and mom.

python convert.py run/checkpoints/step-100 mom-100    # for mom eval and mom sample
python convert.py mom-100 run/checkpoints/step-100    # and back
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint import FileSystemReader

from data import read_config


def read_checkpoint(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a DCP checkpoint, in this process."""
    metadata = FileSystemReader(folder).read_metadata().state_dict_metadata
    tensors = {
        name: torch.empty(about.size, dtype=about.properties.dtype)
        for name, about in metadata.items()
    }
    dcp.load(tensors, checkpoint_id=folder)
    return tensors


def is_state(name: str) -> bool:
    """Whether a tensor belongs to the optimizer: `m.NAME`, `momentum.NAME`."""
    slots = {
        slot
        for part in read_config()["train"]["optimizer"]["state"]
        for slot in part["slots"]
    }
    return name.split(".")[0] in slots


def to_mom(source: Path, target: Path) -> None:
    """Writes a DCP checkpoint as one of mom's: safetensors, state.json, checksums."""
    tensors = read_checkpoint(source)
    step = int(tensors.pop("step"))
    target.mkdir(parents=True)
    parts = {
        "weights": {n: t for n, t in tensors.items() if not is_state(n)},
        "optimizer": {n: t for n, t in tensors.items() if is_state(n)},
    }
    files = []
    for name, part in parts.items():
        path = target / f"{name}.safetensors"
        about = {"step": str(step)}
        save_file({n: t.contiguous() for n, t in part.items()}, path, metadata=about)
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        files.append({"name": path.name, "bytes": len(data), "sha256": digest})
    state = {
        "position": {"epoch": 0, "index": 0, "micro": 0},
        "seed": read_config()["train"]["seed"],
        "data": 0,
        "choices": {},
    }
    text = json.dumps({"format": 2, "step": step, "files": files, "state": state})
    (target / "state.json").write_text(text + "\n")
    sums = [f"{one['sha256']}  {one['name']}\n" for one in files]
    digest = hashlib.sha256((target / "state.json").read_bytes()).hexdigest()
    sums.append(f"{digest}  state.json\n")
    (target / "SHA256SUMS").write_text("".join(sums))


def from_mom(source: Path, target: Path) -> None:
    """Writes mom's checkpoint as one of DCP, to continue it with --resume."""
    tensors = load_file(source / "weights.safetensors")
    tensors |= load_file(source / "optimizer.safetensors")
    step = json.loads((source / "state.json").read_text())["step"]
    state = {**tensors, "step": torch.tensor(step)}
    dcp.save(state, checkpoint_id=target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="the checkpoint to read")
    parser.add_argument("target", type=Path, help="the folder to write")
    options = parser.parse_args()
    if options.target.exists():
        sys.exit(f"{options.target} exists. Name another folder.")
    if (options.source / ".metadata").exists():
        to_mom(options.source, options.target)
    else:
        from_mom(options.source, options.target)


if __name__ == "__main__":
    main()
