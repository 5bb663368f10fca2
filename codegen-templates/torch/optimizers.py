"""AdamW and Muon on sharded parameters.

Each rank updates its own shard. The state is named as in mom's checkpoints: `m.NAME`
and `v.NAME`, or `momentum.NAME`.
"""

import re
import sys
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, Shard
from torch.optim.adamw import adamw

Rate = Callable[[float], float]


def pattern(name: str) -> str:
    """A parameter's name with `*` in place of the numbers of layers and groups."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", name)


def local(tensor: Tensor) -> Tensor:
    """This rank's shard, in the same memory."""
    return tensor.detach().to_local() if isinstance(tensor, DTensor) else tensor


def shard_of(whole: Tensor, like: Tensor) -> Tensor:
    """The part of a whole tensor that this rank has of `like`."""
    if not isinstance(like, DTensor):
        return whole
    (placement,) = like.placements
    if not isinstance(placement, Shard):
        return whole
    parts = whole.chunk(like.device_mesh.size(), placement.dim)
    rank = like.device_mesh.get_local_rank()
    return parts[rank] if rank < len(parts) else whole[:0]


def whole_of(shard: Tensor, like: Tensor) -> Tensor:
    """The whole tensor of all ranks' shards, which are those of `like`."""
    if not isinstance(like, DTensor):
        return shard
    mesh, placements = like.device_mesh, like.placements
    sharded = DTensor.from_local(
        shard, mesh, placements, shape=like.shape, stride=like.stride()
    )
    return sharded.full_tensor()


def sum_gradients(model: nn.Module) -> None:
    """Adds the gradients of all ranks, where each rank has all weights."""
    gradients = [parameter.grad for parameter in model.parameters()]
    whole = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(whole)
    parts = whole.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def gradient_norm(model: nn.Module) -> Tensor:
    """The norm of all gradients, of which each rank has its shards or all."""
    gradients = [parameter.grad for parameter in model.parameters()]
    total = torch.nn.utils.get_total_norm([local(one) for one in gradients]).square()
    if any(isinstance(one, DTensor) for one in gradients):
        dist.all_reduce(total)
    return total.sqrt()


class AdamW:
    """AdamW as in PyTorch, without decay of vectors and A_log."""

    def __init__(self, named: dict[str, Tensor], settings: dict) -> None:
        self.named, self.settings = named, settings
        self.decayed: dict[bool, list[str]] = {True: [], False: []}
        for name in named:
            self.decayed[pattern(name) not in settings["no_decay"]].append(name)
        self.state = {
            f"{slot}.{name}": torch.zeros_like(parameter.detach())
            for slot in "mv"
            for name, parameter in named.items()
        }

    def step(self, updates: int, rate: Rate, factor: Tensor) -> None:
        """@param updates: those before; factor: of the gradients, to clip them"""
        lr, (beta1, beta2) = rate(self.settings["lr"]), self.settings["betas"]
        for decays, names in self.decayed.items():
            if not names:
                continue
            # FSDP may move a shard, so shards are looked up each time.
            gradients = [local(self.named[name].grad) for name in names]
            torch._foreach_mul_(gradients, factor)
            adamw(
                [local(self.named[name]) for name in names],
                gradients,
                [local(self.state[f"m.{name}"]) for name in names],
                [local(self.state[f"v.{name}"]) for name in names],
                max_exp_avg_sqs=[],
                # One for each parameter: the function adds 1 to them.
                state_steps=list(factor.new_full((len(names),), updates).unbind()),
                fused=True,
                amsgrad=False,
                beta1=beta1,
                beta2=beta2,
                lr=lr,
                weight_decay=self.settings["weight_decay"] if decays else 0.0,
                eps=self.settings["eps"],
                maximize=False,
            )


class Muon:
    """Muon (Jordan et al. 2024): matrices move by their momentum with its singular
    values brought near 1. Whole matrices are gathered one at a time, in f32."""

    def __init__(self, named: dict[str, Tensor], settings: dict) -> None:
        self.named, self.settings = named, settings
        self.state = {
            f"momentum.{name}": torch.zeros_like(parameter.detach())
            for name, parameter in named.items()
        }

    def step(self, updates: int, rate: Rate, factor: Tensor) -> None:
        lr, decay = rate(self.settings["lr"]), self.settings["weight_decay"]
        beta = self.settings["momentum"]
        moving = self._with_gradient()
        for (name, parameter), moves in zip(self.named.items(), moving, strict=True):
            if not moves:
                continue
            gradient = local(parameter.grad) * factor
            momentum = local(self.state[f"momentum.{name}"])
            momentum.lerp_(gradient, 1 - beta)
            step = whole_of(gradient.lerp(momentum, beta), parameter)
            moved = shard_of(orthogonal(step), parameter)
            rows, columns = parameter.shape
            value = local(parameter)
            value.mul_(1 - lr * decay)
            value.sub_(moved, alpha=lr * max(1, rows / columns) ** 0.5)

    def _with_gradient(self) -> list[bool]:
        """Whether each matrix has a gradient other than zeros: one without data for its
        owner keeps its value and its momentum."""
        found = torch.stack([local(p.grad).any() for p in self.named.values()]).float()
        dist.all_reduce(found)
        return (found > 0).tolist()


def orthogonal(u: Tensor) -> Tensor:
    """u with singular values near 1, by five Newton-Schulz steps."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = u / (u.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(5):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


def optimizers_of(model: nn.Module, settings: dict) -> list[AdamW | Muon]:
    """The optimizers of the model's parameters, by the state that config.json lists."""
    named = dict(model.named_parameters())
    made: list[AdamW | Muon] = []
    for part in settings["state"]:
        own = {n: p for n, p in named.items() if pattern(n) in part["parameters"]}
        if part["slots"] == ["momentum"]:
            made.append(Muon(own, settings))
        else:
            rest = {**settings, **settings.get("rest", {})}
            made.append(AdamW(own, rest))
    missing = named.keys() - {name for one in made for name in one.named}
    if missing:
        listed = ", ".join(sorted(missing))
        sys.exit(f"No optimizer has {listed}. List it in config.json: optimizer.state.")
    return made
