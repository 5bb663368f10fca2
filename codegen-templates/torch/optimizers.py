"""AdamW and Muon on sharded parameters.

Each rank updates its own shard. The state is named as in mom's checkpoints: `m.NAME`
and `v.NAME`, or `momentum.NAME`.
"""

import re
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, Shard

Rate = Callable[[float], float]


def pattern(name: str) -> str:
    """A parameter's name with `*` in place of the numbers of layers and groups."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", name)


def local(tensor: Tensor) -> Tensor:
    """This rank's shard, in the same memory."""
    return tensor.detach().to_local() if isinstance(tensor, DTensor) else tensor


def shard_of(whole: Tensor, like: DTensor) -> Tensor:
    """The part of a whole tensor that this rank has of `like`."""
    (placement,) = like.placements
    if not isinstance(placement, Shard):
        return whole
    parts = whole.chunk(like.device_mesh.size(), placement.dim)
    rank = like.device_mesh.get_local_rank()
    return parts[rank] if rank < len(parts) else whole[:0]


def gradient_norm(model: nn.Module) -> Tensor:
    """The norm of all gradients on all ranks."""
    shards = [local(p.grad) for p in model.parameters() if p.grad is not None]
    total = torch.nn.utils.get_total_norm(shards).square()
    dist.all_reduce(total)
    return total.sqrt()


class AdamW:
    """AdamW as in PyTorch, without decay of vectors and A_log."""

    def __init__(self, named: dict[str, DTensor], settings: dict) -> None:
        self.named, self.settings = named, settings
        self.shards = {name: local(parameter) for name, parameter in named.items()}
        self.state: dict[str, Tensor] = {}
        kept: list[Tensor] = []
        decayed: list[Tensor] = []
        for name, shard in self.shards.items():
            frozen = pattern(name) in settings["no_decay"]
            (kept if frozen else decayed).append(shard)
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed}, {"params": kept, "weight_decay": 0}],
            betas=tuple(settings["betas"]),
            eps=settings["eps"],
            weight_decay=settings["weight_decay"],
        )
        for name, parameter in named.items():
            m, v = (torch.zeros_like(parameter.detach()) for _ in range(2))
            self.state |= {f"m.{name}": m, f"v.{name}": v}
            self.optimizer.state[self.shards[name]] = {
                "step": torch.tensor(0.0),
                "exp_avg": local(m),
                "exp_avg_sq": local(v),
            }

    def step(self, updates: int, rate: Rate, factor: Tensor) -> None:
        """@param updates: those before; factor: of the gradients, to clip them"""
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.settings["lr"])
        for name, shard in self.shards.items():
            shard.grad = local(self.named[name].grad) * factor
            self.optimizer.state[shard]["step"].fill_(updates)
        self.optimizer.step()
        self.optimizer.zero_grad()


class Muon:
    """Muon (Jordan et al. 2024): matrices move by their momentum with its singular
    values brought near 1. Whole matrices are gathered one at a time, in f32."""

    def __init__(self, named: dict[str, DTensor], settings: dict) -> None:
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
            step = DTensor.from_local(
                gradient.lerp(momentum, beta),
                parameter.device_mesh,
                parameter.placements,
                shape=parameter.shape,
                stride=parameter.stride(),
            )
            moved = shard_of(orthogonal(step.full_tensor()), parameter)
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
    return made
