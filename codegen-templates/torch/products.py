"""Products of rows that are sorted by modality, each with its modality's weight.

They are operators, so that PyTorch's compiler neither looks inside nor compiles again
for other numbers of rows: `sizes`, the rows of each modality, is a tensor on the CPU.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx


@torch.library.custom_op(
    "mom::grouped_product",
    mutates_args=(),
    schema="(Tensor x, Tensor[] weights, int[] of, Tensor sizes) -> Tensor",
)
def grouped_product(
    x: Tensor, weights: Sequence[Tensor], of: Sequence[int], sizes: Tensor
) -> Tensor:
    """Rows of modality i times the transpose of weights[of[i]]; 0 if of[i] is -1.

    x [R, K], weights [N, K]; result [R, N].
    """
    y = x.new_empty(len(x), len(weights[0]))
    parts = sizes.tolist()
    for rows, result, group in zip(x.split(parts), y.split(parts), of, strict=True):
        if group < 0:
            result.zero_()
        else:
            torch.mm(rows, weights[group].T, out=result)
    return y


@torch.library.custom_op(
    "mom::grouped_product_weights",
    mutates_args=(),
    schema="(Tensor dy, Tensor x, int copies, int[] of, Tensor sizes) -> Tensor[]",
)
def _weight_gradients(
    dy: Tensor, x: Tensor, copies: int, of: Sequence[int], sizes: Tensor
) -> list[Tensor]:
    """The gradients of the weights. dy [R, N], x [R, K]; results [N, K]."""
    found = [dy.new_zeros(dy.shape[1], x.shape[1]) for _ in range(copies)]
    parts = sizes.tolist()
    for grads, rows, group in zip(dy.split(parts), x.split(parts), of, strict=True):
        if group >= 0:
            found[group].addmm_(grads.T, rows)
    return found


@grouped_product.register_fake
def _(x: Tensor, weights: Sequence[Tensor], of: Sequence[int], sizes: Tensor) -> Tensor:
    return x.new_empty(len(x), len(weights[0]))


@_weight_gradients.register_fake
def _(
    dy: Tensor, x: Tensor, copies: int, of: Sequence[int], sizes: Tensor
) -> list[Tensor]:
    return [dy.new_empty(dy.shape[1], x.shape[1]) for _ in range(copies)]


def _save(ctx: FunctionCtx, inputs: tuple, output: Tensor) -> None:
    x, weights, ctx.of, sizes = inputs
    ctx.save_for_backward(x, sizes, *weights)


def _gradients(
    ctx: FunctionCtx, dy: Tensor
) -> tuple[Tensor | None, list[Tensor], None, None]:
    x, sizes, *weights = ctx.saved_tensors
    dy = dy.contiguous()
    dx = None
    if ctx.needs_input_grad[0]:
        transposed = [weight.T for weight in weights]
        dx = grouped_product(dy, transposed, ctx.of, sizes)
    return dx, _weight_gradients(dy, x, len(weights), ctx.of, sizes), None, None


grouped_product.register_autograd(_gradients, setup_context=_save)
