"""What the model reads: one micro-batch, its rows sorted by modality."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx


class Losses(NamedTuple):
    """The weighted loss of a micro-batch, and sums of losses by name."""

    total: Tensor
    sums: dict[str, Tensor]


@dataclass
class Batch:
    """Sequences of positions. `rows` are their positions, those of modality 0 first.

    Products then read the rows of a modality as one slice. The convolution, the scan
    and attention put rows in the order of their sequences and back.
    """

    sequences: int
    length: int
    sizes: Tensor  # [modalities] rows of each, on the CPU
    order: Tensor  # [rows] the position of each row, in [0, sequences * length)
    place: Tensor  # [rows] the row of each position
    ends: Tensor  # [modalities] the rows of each and of those before it
    fields: dict[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        return self.fields[name]

    def get(self, name: str) -> Tensor | None:
        return self.fields.get(name)

    def to(self, device: torch.device) -> "Batch":
        """On a device, but for `sizes`. Copies from pinned memory do not wait."""

        def moved(x: Tensor) -> Tensor:
            return x.to(device, non_blocking=True)

        return replace(
            self,
            order=moved(self.order),
            place=moved(self.place),
            ends=moved(self.ends),
            fields={name: moved(x) for name, x in self.fields.items()},
        )

    def in_sequence(self, x: Tensor) -> Tensor:
        """x [rows, ...] as [sequences, length, ...]."""
        moved: Tensor = Permute.apply(x, self.place, self.order)
        return moved.unflatten(0, (self.sequences, self.length))

    def in_rows(self, x: Tensor) -> Tensor:
        """The inverse: x [sequences, length, ...] as [rows, ...]."""
        return Permute.apply(x.flatten(0, 1), self.order, self.place)


class Permute(torch.autograd.Function):
    """x[order]. The gradient goes the other way, so it needs no sums."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return x[order]

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, None, None]:
        (inverse,) = ctx.saved_tensors
        return grad[inverse], None, None
