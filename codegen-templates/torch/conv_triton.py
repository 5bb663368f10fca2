"""The causal depthwise convolution on GPUs, as Triton kernels.

A program takes E_BLOCK channels of T positions of a sequence. None adds to memory that
another one writes, so the same inputs give the same bits.
"""

# ruff: noqa: ANN001, ANN202 (kernels take pointers and numbers)

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import FunctionCtx

T = 32  # positions of a program
E_BLOCK = 64  # channels of a program
WARPS = 2


@triton.jit
def _rows(values, t, s, e, wanted, place, L, E):
    """values [R, E] at positions [T] and channels [E_BLOCK], in f32, or 0."""
    row = tl.load(place + s * L + t, mask=wanted, other=0)
    mask = wanted[:, None] & (e < E)[None, :]
    found = tl.load(values + row[:, None] * E + e[None, :], mask=mask, other=0.0)
    return found.to(tl.float32)


@triton.jit
def _forward(
    x, weight, bias, place, document, y, L, E,
    TAPS: tl.constexpr, RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """y [R, E]."""
    s = tl.program_id(2)
    t = tl.program_id(0) * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    own = tl.load(document + s * L + t, mask=exists, other=-1) if RESET else t
    found = tl.zeros([STEPS, WIDTH], tl.float32)
    found += tl.load(bias + e, mask=e < E, other=0.0)[None, :]
    for back in tl.static_range(TAPS):
        seen = exists & (t >= back)
        if RESET:
            then = tl.load(document + s * L + t - back, mask=seen, other=-2)
            seen = seen & (then == own)
        w = tl.load(weight + (TAPS - 1 - back) * E + e, mask=e < E, other=0.0)
        found += w[None, :] * _rows(x, t - back, s, e, seen, place, L, E)
    row = tl.load(place + s * L + t, mask=exists, other=0)
    mask = exists[:, None] & (e < E)[None, :]
    at = row[:, None] * E + e[None, :]
    tl.store(y + at, found.to(y.dtype.element_ty), mask=mask)


@triton.jit
def _backward(
    x, weight, dy, place, document, dx, dweight, dbias, L, E, chunks,
    TAPS: tl.constexpr, RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """dx [R, E]; parts of dweight [sequences, chunks, TAPS, E] and of dbias
    [sequences, chunks, E]."""
    c, s = tl.program_id(0), tl.program_id(2)
    t = c * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    own = tl.load(document + s * L + t, mask=exists, other=-1) if RESET else t
    dys = _rows(dy, t, s, e, exists, place, L, E)
    part = s * chunks + c
    found = tl.zeros([STEPS, WIDTH], tl.float32)
    for back in tl.static_range(TAPS):
        seen = exists & (t >= back)
        later = exists & (t + back < L)
        if RESET:
            then = tl.load(document + s * L + t - back, mask=seen, other=-2)
            seen = seen & (then == own)
            then = tl.load(document + s * L + t + back, mask=later, other=-2)
            later = later & (then == own)
        tap = TAPS - 1 - back
        w = tl.load(weight + tap * E + e, mask=e < E, other=0.0)
        found += w[None, :] * _rows(dy, t + back, s, e, later, place, L, E)
        products = dys * _rows(x, t - back, s, e, seen, place, L, E)
        at = (part * TAPS + tap) * E + e
        tl.store(dweight + at, tl.sum(products, 0), mask=e < E)
    tl.store(dbias + part * E + e, tl.sum(dys, 0), mask=e < E)
    row = tl.load(place + s * L + t, mask=exists, other=0)
    mask = exists[:, None] & (e < E)[None, :]
    at = row[:, None] * E + e[None, :]
    tl.store(dx + at, found.to(dx.dtype.element_ty), mask=mask)


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        place: Tensor,
        document: Tensor | None,
    ) -> Tensor:
        sequences, L = place.shape
        taps, E = weight.shape
        grid = (triton.cdiv(L, T), triton.cdiv(E, E_BLOCK), sequences)
        y = torch.empty_like(x)
        shape = (L, E, taps, document is not None, T, E_BLOCK)
        _forward[grid](x, weight, bias, place, document, y, *shape, num_warps=WARPS)
        ctx.save_for_backward(x, weight, place, document)
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, place, document = ctx.saved_tensors
        sequences, L = place.shape
        taps, E = weight.shape
        chunks = triton.cdiv(L, T)
        grid = (chunks, triton.cdiv(E, E_BLOCK), sequences)
        dx = torch.empty_like(x)
        dweight = weight.new_empty(sequences, chunks, taps, E)
        dbias = weight.new_empty(sequences, chunks, E)
        _backward[grid](
            *(x, weight, dy.contiguous(), place, document, dx, dweight, dbias),
            *(L, E, chunks, taps, document is not None, T, E_BLOCK),
            num_warps=WARPS,
        )
        return dx, dweight.sum((0, 1)), dbias.sum((0, 1)), None, None


def conv(
    x: Tensor, weight: Tensor, bias: Tensor, place: Tensor, document: Tensor | None
) -> Tensor:
    """ops.conv, in f32 inside. E channels.

    x [R, E]; weight [taps, E]; bias [E]; place [sequences, L], the row of each
    position; document [sequences, L], its number, or None if all are one.
    """
    tensors = (x, weight.float(), bias.float())
    where = (None if x is None else x.int().contiguous() for x in (place, document))
    return _Conv.apply(*(x.contiguous() for x in tensors), *where)
