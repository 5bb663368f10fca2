"""Trains the model on any number of GPUs, or on CPUs.

torchrun --nproc-per-node 8 train.py --out runs/first
"""

import argparse
import contextlib
import math
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.elastic.multiprocessing.errors import record
from torch.distributed.fsdp import fully_shard

from batch import Batch, Losses
from checkpoints import Checkpoints, steps_in
from data import FOLDER, Batches, Counts, mean_losses, read_config, read_safetensors
from metrics import Recorder
from model import Model
from optimizers import (
    gradient_norm,
    local,
    optimizers_of,
    shard_of,
    sum_gradients,
)
from supervision import ENDED, Lock, Stopping, write_ending

DIVERGED = 4  # the exit code if the gradients are not finite


def learning_rate(train: dict, step: int, peak: float) -> float:
    """The rate of the update after `step` others: a linear warm-up to the peak, then
    constant, or a cosine down to `floor` times the peak at the last step."""
    schedule = train["schedule"]
    warmup = schedule["warmup"]
    if step < warmup:
        return peak * (step + 1) / warmup
    if schedule["kind"] == "constant":
        return peak
    span = train["steps"] - 1 - warmup
    done = 0.0 if span <= 0 else min(1.0, (step - warmup) / span)
    floor = schedule["floor"]
    return peak * (floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2)


@dataclass
class Update:
    """A rank's micro-batches of one update, and counts over all ranks."""

    batches: list[Batch]
    counts: Counts
    tokens: int


class Trainer:
    """One rank's part of the training."""

    def __init__(
        self, config: dict, device: torch.device, bf16: bool, replicate: bool = False
    ) -> None:
        self.config, self.train, self.device = config, config["train"], device
        self.bf16, self.replicate = bf16, replicate
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self.batches = Batches(config, device)
        check_order(self.train, self.batches.count())
        with torch.device("meta"):
            self.model = Model(self.train["recompute"])
        shards = self.world > 1 and not replicate
        self.to_sum = shard(self.model, device) if shards else 1.0
        self.model.to_empty(device=device)
        self.load_weights(FOLDER / "start.safetensors")
        self.optimizers = optimizers_of(self.model, self.train["optimizer"])
        self.step = 0

    @torch.no_grad()
    def load_weights(self, path: Path) -> None:
        """Each rank reads its shards of the weights in a safetensors file."""
        weights = read_safetensors(path)
        named = dict(self.model.named_parameters())
        wrong = sorted(
            {n for n in named if n in weights and weights[n].shape != named[n].shape}
            | named.keys() ^ weights.keys()
        )
        if wrong:
            sys.exit(f"{path.name} and model.py differ in {', '.join(wrong)}.")
        for name, parameter in named.items():
            whole = torch.from_numpy(weights[name].copy())
            local(parameter).copy_(shard_of(whole, parameter))

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint holds: weights, and the optimizers' state."""
        state = {name: p.detach() for name, p in self.model.named_parameters()}
        for optimizer in self.optimizers:
            state |= optimizer.state
        return state

    def update(self, step: int) -> Update:
        """This rank's batches of the update after `step` others.

        An update has batch * accumulate sequences, and each rank takes as many of them.
        """
        size = self.train["batch"] * self.train["accumulate"]
        sequences = self.batches.sequences(step * size, (step + 1) * size)
        share = size // self.world
        own = sequences[self.rank * share : (self.rank + 1) * share]
        counts = self.batches.counts(sequences)
        width = self.train["batch"]
        return Update(
            batches=[
                self.batches.batch(own[i : i + width], counts, "training")
                for i in range(0, share, width)
            ],
            counts=counts,
            tokens=sum(int((s.document >= 0).sum()) for s in sequences),
        )

    def losses(self, batch: Batch) -> Losses:
        """The model's losses in the run's precision."""
        batch = batch.to(self.device)
        if not self.bf16:
            return self.model(batch)
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.model(batch)

    def apply(self, update: Update) -> dict:
        """One update of the weights. @returns its record"""
        sums: dict[str, Tensor] = {}
        for batch in update.batches:
            found = self.losses(batch)
            (found.total * self.to_sum).backward()
            for name, value in found.sums.items():
                sums[name] = sums.get(name, 0) + value.detach().double()
        if self.replicate and self.world > 1:
            sum_gradients(self.model)
        norm = gradient_norm(self.model)
        # Before anything waits for the GPU. Gradients that are not finite end the run,
        # and no checkpoint gets the weights that they make.
        self.move(norm)
        loss, losses = self.reduced(update.counts, sums)
        record = {"step": self.step + 1, "loss": loss, "losses": losses}
        record["lr"] = learning_rate(
            self.train, self.step, self.train["optimizer"]["lr"]
        )
        record["gradient_norm"] = norm.item()
        if math.isfinite(record["gradient_norm"]):
            self.step += 1
        return record

    @torch.no_grad()
    def move(self, norm: Tensor) -> None:
        """Updates the weights by gradients, clipped by their norm."""
        clip = self.train["clip"]
        factor = torch.ones_like(norm)
        if clip is not None:
            factor = (clip / (norm + 1e-6)).clamp(max=1)
        for optimizer in self.optimizers:
            optimizer.step(
                self.step,
                lambda peak: learning_rate(self.train, self.step, peak),
                factor,
            )
        self.model.zero_grad()

    def reduced(
        self, counts: Counts, sums: dict[str, Tensor]
    ) -> tuple[float, dict[str, float]]:
        """The mean losses of sums over all ranks."""
        whole = torch.cat(list(sums.values()))
        dist.all_reduce(whole)
        parts = whole.split([len(value) for value in sums.values()])
        named = {name: part.tolist() for name, part in zip(sums, parts, strict=True)}
        return mean_losses(self.config, counts, named)

    @torch.no_grad()
    def validate(self) -> dict | None:
        """Mean losses of the held-out documents: over all, and over each named set."""
        names = [one["name"] for one in self.config["data"]["validation"]] or [None]
        all_counts: list[Counts] = []
        all_sums: list[dict[str, Tensor]] = []
        sets: dict[str, dict] = {}
        for index, name in enumerate(names):
            prefix = f"validation.{index}."
            count = self.batches.count(prefix)
            if count == 0:
                continue
            counts, sums = self.evaluate(prefix, count)
            all_counts.append(counts)
            all_sums.append(sums)
            if name is not None:
                loss, losses = self.reduced(counts, sums)
                sets[name] = {"loss": loss, "losses": losses}
        if not all_counts:
            return None
        total = Counts(
            ids=[sum(n) for n in zip(*(c.ids for c in all_counts), strict=True)],
            items=[sum(n) for n in zip(*(c.items for c in all_counts), strict=True)],
        )
        joined = {name: sum(s[name] for s in all_sums) for name in all_sums[0]}
        loss, losses = self.reduced(total, joined)
        named = {"sets": sets} if sets else {}
        return {"step": self.step, "loss": loss, "losses": losses, **named}

    def evaluate(self, prefix: str, count: int) -> tuple[Counts, dict[str, Tensor]]:
        """This rank's sums of losses over a validation set."""
        sums: dict[str, Tensor] = {}
        sequences = self.batches.sequences(0, count, prefix)
        counts = self.batches.counts(sequences)
        width = self.train["batch"]
        # All ranks run the model equally often. Missing sequences are padding.
        for first in range(0, count, width * self.world):
            begin = first + self.rank * width
            own = self.batches.sequences(begin, begin + width, prefix)
            found = self.losses(self.batches.batch(own, counts, "evaluation"))
            for name, value in found.sums.items():
                sums[name] = sums.get(name, 0) + value.double()
        return counts, sums


def shard(model: Model, device: torch.device) -> float:
    """Shards the model's weights over all ranks, layer by layer.

    @returns the factor of the losses that makes FSDP's gradients those of the sum of
    the ranks' losses. FSDP averages over the ranks; through gloo, however, PyTorch 2.6
    adds, so a gradient of 1 on each rank is tried.
    """
    ranks = dist.get_world_size()
    mesh = init_device_mesh(device.type, (ranks,))
    # On CPUs, PyTorch 2.6 fails to gather weights again for the backward pass.
    again = device.type != "cpu"
    for layer in model.layers:
        fully_shard(layer, mesh=mesh, reshard_after_forward=again)
    fully_shard(model, mesh=mesh, reshard_after_forward=False)

    probe = nn.Linear(1, ranks, bias=False, device=device)
    fully_shard(probe, mesh=mesh)
    probe(torch.ones(1, 1, device=device)).sum().backward()
    return ranks / local(probe.weight.grad).item()


def check_order(train: dict, sequences: int) -> None:
    """The order of the documents ends with the last update that mom planned."""
    needed = train["steps"] * train["batch"] * train["accumulate"]
    if needed > sequences:
        sys.exit(
            f"{train['steps']} steps read {needed} sequences, but data/ orders only "
            f"{sequences}. Change the spec and write the project again."
        )


def check_ranks(train: dict, world: int) -> None:
    size = train["batch"] * train["accumulate"]
    if size % world != 0:
        sys.exit(
            f"An update has {size} sequences (batch * accumulate), which {world} ranks "
            "cannot share equally. Use a number of ranks that divides it."
        )


def open_device() -> torch.device:
    """This rank's device, after joining the other ranks."""
    if "RANK" not in os.environ:
        store = dist.HashStore()
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=0, world_size=1)
        return device
    if not torch.cuda.is_available():
        dist.init_process_group("gloo")
        return torch.device("cpu")
    # NCCL needs a GPU for each rank; ranks that share one talk through gloo.
    gpus = torch.cuda.device_count()
    shared = int(os.environ["LOCAL_WORLD_SIZE"]) > gpus
    dist.init_process_group("cpu:gloo,cuda:gloo" if shared else "cpu:gloo,cuda:nccl")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]) % gpus)
    torch.cuda.set_device(device)
    return device


def complete_cpu_streams() -> None:
    """Adds what FSDP calls on a stream and PyTorch 2.6 lacks on CPUs, where there is
    nothing to wait for."""
    if not hasattr(torch.cpu.Stream, "record_event"):
        torch.cpu.Stream.record_event = lambda *_: torch.cpu.Event()
        torch.cpu.Stream.wait_event = lambda *_: None


def make_exact() -> None:
    """The same run gives the same numbers, in f32 without TF32."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # Nothing reads memory before it is written, so filling it only costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def open_run(out: Path, resume: bool, copy_spec: bool) -> None:
    """Makes the folder of a new run; the first rank does, before the others go on."""
    if dist.get_rank() == 0:
        if out.exists() and not resume:
            sys.exit(f"{out} exists. Continue that run with --resume, or name another.")
        if resume and not out.exists():
            sys.exit(f"{out} does not exist. Start a run there without --resume.")
        (out / "checkpoints").mkdir(parents=True, exist_ok=True)
        (out / ENDED).unlink(missing_ok=True)
        if copy_spec:
            for name in ("spec.mom", "config.json"):
                shutil.copy(FOLDER / name, out / name)
    dist.barrier()


@record
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("run"), help="its folder")
    parser.add_argument("--resume", action="store_true", help="continue that run")
    parser.add_argument("--precision", choices=["f32", "bf16"])
    parser.add_argument(
        "--replicate",
        action="store_true",
        help="all weights on each GPU; faster for models that fit",
    )
    parser.add_argument(
        "--lock",
        nargs=2,
        metavar=("FILE", "CONTENTS"),
        help="end when the file has other contents, or stdin closes",
    )
    options = parser.parse_args()
    config = read_config()
    train = config["train"]
    precision = options.precision or ("f32" if train["precision"] == "f32" else "bf16")
    make_exact()
    complete_cpu_streams()
    device = open_device()
    check_ranks(train, dist.get_world_size())
    stopping = Stopping(device)
    if options.lock:
        stopping.listen()
    first = dist.get_rank() == 0
    lock = Lock(options.lock if first else None)
    lock.check()
    # Before the folder is made, so that an error leaves none.
    trainer = Trainer(config, device, precision == "bf16", options.replicate)
    # A program that holds the lock has written the spec itself.
    open_run(options.out, options.resume, copy_spec=options.lock is None)
    checkpoints = Checkpoints(options.out / "checkpoints", train["keep"])
    saved = steps_in(checkpoints.folder)
    if options.resume and saved:
        if saved[-1] > train["steps"]:
            sys.exit(f"The run has made {saved[-1]} of {train['steps']} steps.")
        checkpoints.load(saved[-1], trainer.state())
        trainer.step = saved[-1]
    dist.barrier()
    lock.check()
    recorder = Recorder(options.out, trainer.step) if first else None

    with contextlib.closing(checkpoints), ThreadPoolExecutor(1) as ahead:
        run(trainer, checkpoints, recorder, stopping, lock, ahead)
    dist.barrier()
    if first:
        how = "finished" if trainer.step == train["steps"] else "stopped"
        write_ending(options.out, how, trainer.step)
    dist.destroy_process_group()


def run(
    trainer: Trainer,
    checkpoints: Checkpoints,
    recorder: Recorder | None,
    stopping: Stopping,
    lock: Lock,
    ahead: ThreadPoolExecutor,
) -> None:
    """All updates that are left. The next batch is made while this one trains."""
    train = trainer.train
    following = ahead.submit(trainer.update, trainer.step)
    while trainer.step < train["steps"]:
        began = time.time()
        update = following.result()
        if trainer.step + 1 < train["steps"]:
            following = ahead.submit(trainer.update, trainer.step + 1)
        step = trainer.step + 1
        found = trainer.apply(update)
        if recorder is not None:
            lock.check()
            recorder.training(found, update.tokens, time.time() - began)
            if step % 10 == 0 or step in (1, train["steps"]):
                print(f"step {step}/{train['steps']}  loss {found['loss']:.4f}")
        if trainer.step < step:
            print(f"The gradients of step {step} are not finite.", file=sys.stderr)
            checkpoints.finish()
            if recorder is not None:
                write_ending(recorder.folder, "diverged", step)
            os._exit(DIVERGED)
        last = step == train["steps"]
        if last or step % train["validate_every"] == 0:
            validation = trainer.validate()
            if recorder is not None and validation is not None:
                lock.check()
                recorder.validation(validation)
        stops = stopping.wanted()
        if last or stops or step % train["checkpoint_every"] == 0:
            lock.check()
            checkpoints.save(step, trainer.state())
        if stops and not last:
            if recorder is not None:
                print(f"Stopped after step {step}. Continue with --resume.")
            return


if __name__ == "__main__":
    main()
