"""The selective scan on GPUs, as Triton kernels.

A sequence is cut into chunks of T positions. A program takes E_BLOCK channels of a
chunk and goes through their N states, one at a time. Three kernels make each direction:

1. Each chunk alone: the state that it makes of nothing, and the product of its decays.
2. From chunk to chunk: the state before each chunk; backward, the gradient after it.
3. Each chunk again, from there, with its results.

No kernel adds to memory that another program writes, so the same inputs give the same
bits. Nothing is divided by a product of decays, which can be too small for f32.
"""

# ruff: noqa: ANN001, ANN202 (kernels take pointers and numbers)

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import FunctionCtx

T = 32  # positions of a chunk
E_BLOCK = 32  # channels of a program
WARPS = 1
CARRIED = 256  # states that a program of the second kind carries


@triton.jit
def _then(a, b, next_a, next_b):
    """The step h -> a h + b, and then h -> next_a h + next_b, as one step."""
    return a * next_a, b * next_a + next_b


@triton.jit
def _rows(values, row, e, exists, E):
    """values [R, E] at rows [T] and channels [E_BLOCK], in f32; 0 where none exist."""
    mask = exists[:, None] & (e < E)[None, :]
    found = tl.load(values + row[:, None] * E + e[None, :], mask=mask, other=0.0)
    return found.to(tl.float32)


@triton.jit
def _decay(deltas, A, n, e, E, starts, RESET: tl.constexpr):
    """What each position leaves of state n before it: exp(delta A), or 0 where a
    document starts."""
    rate = tl.load(A + n * E + e, mask=e < E, other=0.0)[None, :]
    decay = tl.exp(deltas * rate)
    if RESET:
        decay = tl.where(starts[:, None] != 0, 0.0, decay)
    return rate, decay


@triton.jit
def _chunk_states(
    u, delta, B, A, place, reset, made, decayed, L, E, chunks,
    N: tl.constexpr, RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """made, decayed [sequences, chunks, N, E]: what a chunk makes of the state 0, and
    the product of its decays."""
    c, s = tl.program_id(0), tl.program_id(2)
    t = c * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    row = tl.load(place + s * L + t, mask=exists, other=0)
    starts = tl.load(reset + s * L + t, mask=exists, other=0) if RESET else t
    deltas = _rows(delta, row, e, exists, E)
    inputs = _rows(u, row, e, exists, E) * deltas
    last = (tl.arange(0, STEPS) == STEPS - 1)[:, None] & (e < E)[None, :]
    for n in range(N):
        _, decay = _decay(deltas, A, n, e, E, starts, RESET)
        b = tl.load(B + (s * N + n) * L + t, mask=exists, other=0.0)
        whole, h = tl.associative_scan((decay, inputs * b[:, None]), 0, _then)
        at = ((s * chunks + c) * N + n) * E + e[None, :] + tl.zeros_like(row)[:, None]
        tl.store(made + at, h, mask=last)
        tl.store(decayed + at, whole, mask=last)


@triton.jit
def _carry(
    made, decayed, chunks, states, REVERSE: tl.constexpr, WIDTH: tl.constexpr
):  # fmt: skip
    """Replaces made [sequences, chunks, states] by what comes into each chunk."""
    at = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)
    exists = at < states
    first = tl.program_id(1) * chunks
    carried = tl.zeros([WIDTH], tl.float32)
    for i in range(chunks):
        c = chunks - 1 - i if REVERSE else i
        here = (first + c) * states + at
        own = tl.load(made + here, mask=exists, other=0.0)
        decay = tl.load(decayed + here, mask=exists, other=0.0)
        tl.store(made + here, carried, mask=exists)
        carried = own + decay * carried


@triton.jit
def _outputs(
    u, delta, B, C, A, D, place, reset, before, y, L, E, chunks,
    N: tl.constexpr, RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """y [R, E], from the state before each chunk."""
    c, s = tl.program_id(0), tl.program_id(2)
    t = c * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    row = tl.load(place + s * L + t, mask=exists, other=0)
    starts = tl.load(reset + s * L + t, mask=exists, other=0) if RESET else t
    deltas = _rows(delta, row, e, exists, E)
    us = _rows(u, row, e, exists, E)
    inputs = us * deltas
    found = us * tl.load(D + e, mask=e < E, other=0.0)[None, :]
    for n in range(N):
        _, decay = _decay(deltas, A, n, e, E, starts, RESET)
        b = tl.load(B + (s * N + n) * L + t, mask=exists, other=0.0)
        cs = tl.load(C + (s * N + n) * L + t, mask=exists, other=0.0)
        at = ((s * chunks + c) * N + n) * E + e
        h0 = tl.load(before + at, mask=e < E, other=0.0)
        whole, h = tl.associative_scan((decay, inputs * b[:, None]), 0, _then)
        found += cs[:, None] * (h + whole * h0[None, :])
    at = row[:, None] * E + e[None, :]
    mask = exists[:, None] & (e < E)[None, :]
    tl.store(y + at, found.to(y.dtype.element_ty), mask=mask)


@triton.jit
def _chunk_gradients(
    dy, delta, C, A, place, reset, made, L, E, chunks,
    N: tl.constexpr, RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """made [sequences, chunks, N, E]: the gradient of the state before a chunk, from
    the outputs of the chunk alone."""
    c, s = tl.program_id(0), tl.program_id(2)
    t = c * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    row = tl.load(place + s * L + t, mask=exists, other=0)
    starts = tl.load(reset + s * L + t, mask=exists, other=0) if RESET else t
    deltas = _rows(delta, row, e, exists, E)
    dys = _rows(dy, row, e, exists, E)
    first = (tl.arange(0, STEPS) == 0)[:, None] & (e < E)[None, :]
    for n in range(N):
        _, decay = _decay(deltas, A, n, e, E, starts, RESET)
        cs = tl.load(C + (s * N + n) * L + t, mask=exists, other=0.0)
        steps = (decay, decay * dys * cs[:, None])
        _, dh = tl.associative_scan(steps, 0, _then, reverse=True)
        at = ((s * chunks + c) * N + n) * E + e[None, :] + tl.zeros_like(row)[:, None]
        tl.store(made + at, dh, mask=first)


@triton.jit
def _gradients(
    u, delta, B, C, A, D, dy, place, reset, before, after,
    du, ddelta, dB, dC, dA, dD, L, E, chunks,
    N: tl.constexpr, RESET: tl.constexpr, STEPS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """du, ddelta [R, E]; parts of dB, dC [blocks of channels, sequences, N, L], of dA
    [sequences, chunks, N, E] and of dD [sequences, chunks, E]."""
    c, s = tl.program_id(0), tl.program_id(2)
    t = c * STEPS + tl.arange(0, STEPS)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    exists = t < L
    channels = e < E
    row = tl.load(place + s * L + t, mask=exists, other=0)
    starts = tl.load(reset + s * L + t, mask=exists, other=0) if RESET else t
    deltas = _rows(delta, row, e, exists, E)
    us = _rows(u, row, e, exists, E)
    dys = _rows(dy, row, e, exists, E)
    inputs = us * deltas
    # The decays of the next positions. What comes from after the chunk was decayed
    # there, so the decay that follows the chunk's last position counts as 1.
    follows = exists & (tl.arange(0, STEPS) < STEPS - 1) & (t + 1 < L)
    next_at = s * L + t + 1
    next_row = tl.load(place + next_at, mask=follows, other=0)
    next_deltas = _rows(delta, next_row, e, follows, E)
    next_starts = tl.load(reset + next_at, mask=follows, other=0) if RESET else t
    dinputs = tl.zeros([STEPS, WIDTH], tl.float32)
    ddeltas = tl.zeros([STEPS, WIDTH], tl.float32)
    batch = tl.num_programs(2)
    for n in range(N):
        rate, decay = _decay(deltas, A, n, e, E, starts, RESET)
        _, next_decay = _decay(next_deltas, A, n, e, E, next_starts, RESET)
        bs = tl.load(B + (s * N + n) * L + t, mask=exists, other=0.0)
        cs = tl.load(C + (s * N + n) * L + t, mask=exists, other=0.0)
        at = ((s * chunks + c) * N + n) * E + e
        h0 = tl.load(before + at, mask=channels, other=0.0)
        dh0 = tl.load(after + at, mask=channels, other=0.0)
        added = inputs * bs[:, None]
        whole, h = tl.associative_scan((decay, added), 0, _then)
        h += whole * h0[None, :]
        steps = (next_decay, dys * cs[:, None])
        whole, dh = tl.associative_scan(steps, 0, _then, reverse=True)
        dh += whole * dh0[None, :]
        part = ((tl.program_id(1) * batch + s) * N + n) * L + t
        tl.store(dC + part, tl.sum(dys * h, 1), mask=exists)
        tl.store(dB + part, tl.sum(dh * inputs, 1), mask=exists)
        dinputs += dh * bs[:, None]
        # The gradient of the exponent, delta A: dh times the part of h from before.
        exponent = dh * (h - added)
        ddeltas += exponent * rate
        tl.store(dA + at, tl.sum(exponent * deltas, 0), mask=channels)
    skip = tl.load(D + e, mask=channels, other=0.0)[None, :]
    tl.store(dD + (s * chunks + c) * E + e, tl.sum(dys * us, 0), mask=channels)
    at = row[:, None] * E + e[None, :]
    mask = exists[:, None] & channels[None, :]
    dus = dinputs * deltas + dys * skip
    ddeltas += dinputs * us
    tl.store(du + at, dus.to(du.dtype.element_ty), mask=mask)
    tl.store(ddelta + at, ddeltas.to(ddelta.dtype.element_ty), mask=mask)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        u: Tensor,
        delta: Tensor,
        B: Tensor,
        C: Tensor,
        A: Tensor,
        D: Tensor,
        place: Tensor,
        reset: Tensor | None,
    ) -> Tensor:
        sequences, N, L = B.shape
        E = u.shape[1]
        chunks = triton.cdiv(L, T)
        before = A.new_empty(sequences, chunks, N, E)
        decayed = torch.empty_like(before)
        y = torch.empty_like(u)
        check_size(u, before)
        grid = (chunks, triton.cdiv(E, E_BLOCK), sequences)
        shape = (L, E, chunks, N, reset is not None, T, E_BLOCK)
        _chunk_states[grid](
            *(u, delta, B, A, place, reset, before, decayed, *shape), num_warps=WARPS
        )
        carry(before, decayed, reverse=False)
        _outputs[grid](
            *(u, delta, B, C, A, D, place, reset, before, y, *shape), num_warps=WARPS
        )
        ctx.save_for_backward(u, delta, B, C, A, D, place, reset, before, decayed)
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, dy: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, B, C, A, D, place, reset, before, decayed = ctx.saved_tensors
        dy = dy.contiguous()
        sequences, N, L = B.shape
        E = u.shape[1]
        chunks, blocks = before.shape[1], triton.cdiv(E, E_BLOCK)
        grid = (chunks, blocks, sequences)
        shape = (L, E, chunks, N, reset is not None, T, E_BLOCK)
        after = torch.empty_like(before)
        _chunk_gradients[grid](
            *(dy, delta, C, A, place, reset, after, *shape), num_warps=WARPS
        )
        carry(after, decayed, reverse=True)
        du, ddelta = torch.empty_like(u), torch.empty_like(delta)
        dB, dC = B.new_empty(2, blocks, sequences, N, L)
        dA = A.new_empty(sequences, chunks, N, E)
        dD = A.new_empty(sequences, chunks, E)
        _gradients[grid](
            *(u, delta, B, C, A, D, dy, place, reset, before, after),
            *(du, ddelta, dB, dC, dA, dD, *shape),
            num_warps=WARPS,
        )
        sums = dB.sum(0), dC.sum(0), dA.sum((0, 1)), dD.sum((0, 1))
        return du, ddelta, *sums, None, None


def check_size(*tensors: Tensor) -> None:
    """Kernels count elements in 32 bits."""
    if max(one.numel() for one in tensors) >= 2**31:
        raise ValueError("the batch is too large for the scan: use a smaller one")


def carry(made: Tensor, decayed: Tensor, reverse: bool) -> None:
    """made, decayed [sequences, chunks, N, E]: the second kernel, in place."""
    sequences, chunks, N, E = made.shape
    grid = (triton.cdiv(N * E, CARRIED), sequences)
    _carry[grid](
        made, decayed, chunks, N * E, reverse, CARRIED, num_warps=CARRIED // 32
    )


def scan(
    u: Tensor,
    delta: Tensor,
    B: Tensor,
    C: Tensor,
    A: Tensor,
    D: Tensor,
    place: Tensor,
    reset: Tensor | None,
) -> Tensor:
    """ops.scan, in f32 inside. E channels, N states of each.

    u, delta [R, E]; B, C [sequences, N, L]; A [N, E]; D [E]; place [sequences, L], the
    row of each position; reset [sequences, L], 1 where a document starts.
    """
    tensors = (u, delta, B.float(), C.float(), A.float(), D.float())
    where = (None if x is None else x.int().contiguous() for x in (place, reset))
    return _Scan.apply(*(x.contiguous() for x in tensors), *where)
