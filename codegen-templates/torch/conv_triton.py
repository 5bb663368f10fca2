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

T = 16  # positions of a program
E_BLOCK = 64  # channels of a program
WARPS = 1


@triton.jit
def _rows(values, stride, t, s, e, wanted, place, L, E):
    """values [R, E] at positions [T] and channels [E_BLOCK], in f32, or 0. Their rows
    are `stride` apart."""
    row = tl.load(place + s * L + t, mask=wanted, other=0).to(tl.int64)
    mask = wanted[:, None] & (e < E)[None, :]
    found = tl.load(values + row[:, None] * stride + e[None, :], mask=mask, other=0.0)
    return found.to(tl.float32)


@triton.jit
def _tap(weight, tap, e, E, TAPS: tl.constexpr, groups, GROUPED: tl.constexpr):
    """weight [groups, TAPS, E] of a tap: [1 or T, E_BLOCK]."""
    if GROUPED:
        at = (groups[:, None] * TAPS + tap) * E + e[None, :]
        found = tl.load(weight + at, mask=(e < E)[None, :], other=0.0)
    else:
        found = tl.load(weight + tap * E + e, mask=e < E, other=0.0)[None, :]
    return found


@triton.jit
def _forward(
    x, x_stride, weight, bias, place, group, document, y, L, E,
    TAPS: tl.constexpr, GROUPED: tl.constexpr, RESET: tl.constexpr,
    STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    s = tl.program_id(2)
    t = tl.program_id(0) * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    groups = tl.load(group + s * L + t, mask=exists, other=0) if GROUPED else t
    own = tl.load(document + s * L + t, mask=exists, other=-1) if RESET else t
    found = tl.zeros([STEPS, WIDTH], tl.float32)
    found += _tap(bias, 0, e, E, 1, groups, GROUPED)
    for back in tl.static_range(TAPS):
        seen = exists & (t >= back)
        if RESET:
            then = tl.load(document + s * L + t - back, mask=seen, other=-2)
            seen = seen & (then == own)
        w = _tap(weight, TAPS - 1 - back, e, E, TAPS, groups, GROUPED)
        found += w * _rows(x, x_stride, t - back, s, e, seen, place, L, E)
    row = tl.load(place + s * L + t, mask=exists, other=0).to(tl.int64)
    mask = exists[:, None] & (e < E)[None, :]
    at = row[:, None] * E + e[None, :]
    tl.store(y + at, found.to(y.dtype.element_ty), mask=mask)


@triton.jit
def _backward(
    x, x_stride, weight, dy, place, group, document, dx, dweight, dbias, L, E, chunks,
    TAPS: tl.constexpr, GROUPS: tl.constexpr, GROUPED: tl.constexpr,
    RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """dx [R, E]; parts of dweight [sequences, chunks, groups, TAPS, E] and of dbias
    [sequences, chunks, groups, E]."""
    c, s = tl.program_id(0), tl.program_id(2)
    t = c * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    groups = tl.load(group + s * L + t, mask=exists, other=0) if GROUPED else t
    own = tl.load(document + s * L + t, mask=exists, other=-1) if RESET else t
    dys = _rows(dy, E, t, s, e, exists, place, L, E)
    part = (s * chunks + c).to(tl.int64) * GROUPS
    found = tl.zeros([STEPS, WIDTH], tl.float32)
    for back in tl.static_range(TAPS):
        seen = exists & (t >= back)
        later = exists & (t + back < L)
        at = s * L + t + back
        if RESET:
            then = tl.load(document + s * L + t - back, mask=seen, other=-2)
            seen = seen & (then == own)
            then = tl.load(document + at, mask=later, other=-2)
            later = later & (then == own)
        later_groups = tl.load(group + at, mask=later, other=0) if GROUPED else t
        w = _tap(weight, TAPS - 1 - back, e, E, TAPS, later_groups, GROUPED)
        found += w * _rows(dy, E, t + back, s, e, later, place, L, E)
        products = dys * _rows(x, x_stride, t - back, s, e, seen, place, L, E)
        for g in tl.static_range(GROUPS):
            ours = (
                tl.where(groups[:, None] == g, products, 0.0) if GROUPED else products
            )
            to = ((part + g) * TAPS + TAPS - 1 - back) * E + e
            tl.store(dweight + to, tl.sum(ours, 0), mask=e < E)
    for g in tl.static_range(GROUPS):
        ours = tl.where(groups[:, None] == g, dys, 0.0) if GROUPED else dys
        tl.store(dbias + (part + g) * E + e, tl.sum(ours, 0), mask=e < E)
    row = tl.load(place + s * L + t, mask=exists, other=0).to(tl.int64)
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
        group: Tensor | None,
        document: Tensor | None,
    ) -> Tensor:
        sequences, L = place.shape
        _, taps, E = weight.shape
        grid = (triton.cdiv(L, T), triton.cdiv(E, E_BLOCK), sequences)
        y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
        where = (place, group, document)
        flags = (group is not None, document is not None, T, E_BLOCK)
        _forward[grid](
            *(x, x.stride(0), weight, bias, *where, y, L, E, taps, *flags),
            num_warps=WARPS,
        )
        ctx.save_for_backward(x, weight, *where)
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, *where = ctx.saved_tensors
        place, group, document = where
        sequences, L = place.shape
        groups, taps, E = weight.shape
        chunks = triton.cdiv(L, T)
        grid = (chunks, triton.cdiv(E, E_BLOCK), sequences)
        dx = torch.empty(x.shape, dtype=x.dtype, device=x.device)
        dweight = weight.new_empty(sequences, chunks, groups, taps, E)
        dbias = weight.new_empty(sequences, chunks, groups, E)
        flags = (groups, group is not None, document is not None, T, E_BLOCK)
        _backward[grid](
            *(x, x.stride(0), weight, dy.contiguous(), *where, dx, dweight, dbias),
            *(L, E, chunks, taps, *flags),
            num_warps=WARPS,
        )
        return dx, dweight.sum((0, 1)), dbias.sum((0, 1)), None, None, None


def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    place: Tensor,
    group: Tensor | None,
    document: Tensor | None,
) -> Tensor:
    """ops.conv, in f32 inside. E channels.

    x [R, E]; weight [groups, taps, E]; bias [groups, E]; place [sequences, L], the row
    of each position; group [sequences, L], its group in the weights, or None for one
    group; document [sequences, L], its number, or None if all are one.
    """
    x = x if x.stride(1) == 1 else x.contiguous()
    where = (
        None if one is None else one.int().contiguous()
        for one in (place, group, document)
    )
    weights = (one.float().contiguous() for one in (weight, bias))
    return _Conv.apply(x, *weights, *where)
