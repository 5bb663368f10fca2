"""Times training steps of an emitted PyTorch project on the GPUs that torchrun gives it, and prints a row as JSON.

  torchrun --nproc-per-node 2 bench/scale.py PROJECT --kind weak --precision bf16

weak: each GPU takes `batch` sequences of an update; strong: all GPUs together take them. A project without
start.safetensors starts from random weights, the same on any number of GPUs.

--save DIR: writes a checkpoint after the timed steps while it trains five more. --load DIR: makes those five steps again
from that checkpoint. The losses of a row are those of all its steps, for comparisons.
"""

import argparse
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("project", type=Path)
parser.add_argument("--kind", choices=["weak", "strong"], required=True)
parser.add_argument("--precision", choices=["f32", "bf16"], default="bf16")
parser.add_argument("--warm", type=int, default=10)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--replicate", action="store_true", help="all weights on each GPU")
parser.add_argument("--loose", action="store_true", help="without deterministic algorithms")
parser.add_argument("--save", type=Path)
parser.add_argument("--load", type=Path)
options = parser.parse_args()
sys.path.insert(0, str(options.project.resolve()))

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
import train  # noqa: E402
from checkpoints import Checkpoints  # noqa: E402

AFTER = 5  # steps after a checkpoint


@torch.no_grad()
def random_weights(self: train.Trainer, _: Path) -> None:
    """Weights as usual at the start of training; each from its place among all."""
    for place, (name, parameter) in enumerate(self.model.named_parameters()):
        numbers = torch.Generator(self.device).manual_seed(place)
        if name.endswith("A_log"):
            states = torch.arange(1, parameter.shape[1] + 1, device=self.device)
            whole = states.log().expand(parameter.shape)
        elif parameter.ndim == 1:
            value = -4.0 if "dt_proj" in name else float("norm" in name or name.endswith("D"))
            whole = torch.full(parameter.shape, value, device=self.device)
        else:
            whole = torch.randn(parameter.shape, generator=numbers, device=self.device) * 0.02
        train.local(parameter).copy_(train.shard_of(whole, parameter))


def main() -> None:
    train.make_exact()
    if options.loose:
        torch.use_deterministic_algorithms(False)
    device = train.open_device()
    rank, world = dist.get_rank(), dist.get_world_size()
    config = train.read_config()
    total = options.warm + options.steps + AFTER
    config["train"] |= {"steps": total, "accumulate": world if options.kind == "weak" else 1}
    if not (options.project / "start.safetensors").exists():
        train.Trainer.load_weights = random_weights
    trainer = train.Trainer(config, device, options.precision == "bf16", options.replicate)
    checkpoints = Checkpoints(options.save or options.load or Path("unused"), 1)
    timed = options.warm + options.steps
    if options.load:
        checkpoints.load(timed, trainer.state())
        trainer.step = timed

    first = trainer.step + 1
    row = {"project": options.project.name, "kind": options.kind, "precision": options.precision, "gpus": world}
    row["replicated"] = options.replicate
    seconds, losses, tokens = [], [], 0
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(trainer.update, trainer.step)
        while trainer.step < (total if options.save or options.load else timed):
            if trainer.step == timed and options.save:
                began = time.perf_counter()
                checkpoints.save(trainer.step, trainer.state())
                row["save_returns_s"] = round(time.perf_counter() - began, 3)
            began = time.perf_counter()
            update = following.result()
            if trainer.step + 1 < total:
                following = ahead.submit(trainer.update, trainer.step + 1)
            losses.append(trainer.apply(update)["loss"])
            torch.cuda.synchronize()
            seconds.append(time.perf_counter() - began)
            tokens = update.tokens
    if options.save:
        began = time.perf_counter()
        checkpoints.finish()
        row["save_waits_s"] = round(time.perf_counter() - began, 3)
        row["steps_while_saving_ms"] = [round(1e3 * one, 1) for one in seconds[timed:]]
    measured = seconds[options.warm : timed] or seconds
    step = torch.tensor([statistics.median(measured), float(torch.cuda.max_memory_allocated())], device=device)
    dist.all_reduce(step, dist.ReduceOp.MAX)
    row["step_ms"] = round(1e3 * step[0].item(), 2)
    row["tokens_per_s"] = round(tokens / step[0].item())
    row["peak_gib"] = round(step[1].item() / 2**30, 2)
    row |= {"first_step": first, "losses": losses, "device": torch.cuda.get_device_name(), "torch": torch.__version__}
    if rank == 0:
        print(json.dumps(row), flush=True)
    dist.destroy_process_group()


main()
