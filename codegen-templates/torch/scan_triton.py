"""The selective scan on GPUs, as Triton kernels.

A program takes WIDTH channels of a sequence, holds their states in registers and goes
from position to position, K of them at a time, so that their numbers are loaded
together. If that makes too few programs for a GPU, sequences are cut into chunks, and
the states between chunks are found first.

No kernel adds to memory that another program writes, so the same inputs give the same
bits. Nothing is divided by a product of decays, which can be too small for f32.
"""

# ruff: noqa: ANN001, ANN202 (kernels take pointers and numbers)

import math
from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import FunctionCtx

K = 4  # positions that a program loads together
STATES = 512  # of a program
PROGRAMS = 3072  # that keep a GPU busy
SHORTEST = 64  # positions of a chunk
LN_2 = tl.constexpr(math.log(2))


@triton.jit
def _places(place, s, first, L, K: tl.constexpr):
    """The places of K positions of a sequence; 0 for those that do not exist."""
    places = ()
    for k in tl.static_range(K):
        t = first + k
        places += (tl.load(place + s * L + t, mask=t < L, other=0),)
    return places


@triton.jit
def _row(place, RESET: tl.constexpr):
    """The row of a place, in 64 bits."""
    if RESET:
        place = tl.where(place < 0, -1 - place, place)
    return place.to(tl.int64)


@triton.jit
def _of_channels(values, places, first, e, L, E, K: tl.constexpr, RESET: tl.constexpr):
    """values [R, E] of K positions: K times [WIDTH], 0 where none exist."""
    found = ()
    for k in tl.static_range(K):
        row = _row(places[k], RESET)
        mask = (first + k < L) & (e < E)
        found += (tl.load(values + row * E + e, mask=mask, other=0.0),)
    return found


@triton.jit
def _of_states(values, s, first, n, L, N, K: tl.constexpr):
    """values [sequences, L, N] of K positions: K times [N_BLOCK]."""
    found = ()
    for k in tl.static_range(K):
        t = first + k
        mask = (t < L) & (n < N)
        found += (tl.load(values + (s * L + t) * N + n, mask=mask, other=0.0),)
    return found


@triton.jit
def _tile(values, first, n, e, N, E):
    """values [..., N, E] from an index on: [N_BLOCK, WIDTH]."""
    mask = (n < N)[:, None] & (e < E)[None, :]
    at = tl.cast(first, tl.int64) * N * E + (n[:, None] * E + e[None, :])
    return tl.load(values + at, mask=mask, other=0.0)


@triton.jit
def _put(values, first, n, e, N, E, tile):
    """Stores what `_tile` loads."""
    mask = (n < N)[:, None] & (e < E)[None, :]
    at = tl.cast(first, tl.int64) * N * E + (n[:, None] * E + e[None, :])
    tl.store(values + at, tile, mask=mask)


@triton.jit
def _decay(delta, rate, place, RESET: tl.constexpr):
    """What a position leaves of the state before: exp2(delta rate), or 0 where a
    document starts."""
    decay = tl.exp2(delta[None, :] * rate)
    if RESET:
        decay = tl.where(place < 0, 0.0, decay)
    return decay


@triton.jit
def _forward(
    u, delta, B, C, A, D, place, group, made, decayed, y, kept,
    L, N, E, chunks, blocks,
    N_BLOCK: tl.constexpr, WIDTH: tl.constexpr, K: tl.constexpr,
    GROUPED: tl.constexpr, RESET: tl.constexpr,
    OUTPUTS: tl.constexpr, KEEPS: tl.constexpr,
):  # fmt: skip
    """Goes through a chunk of K * blocks positions.

    Without OUTPUTS, it finds what the chunk makes of the state 0, and the product of
    its decays: made, decayed [sequences, chunks, N, E]. With OUTPUTS, it finds y [R, E]
    from those of the chunks before, and with KEEPS also kept [sequences, chunks *
    blocks, N, E], the states before each K positions.
    """
    c, s = tl.program_id(0), tl.program_id(2)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    n = tl.arange(0, N_BLOCK)
    rate = _tile(A, 0, n, e, N, E)
    here = s * chunks + c
    h = tl.zeros([N_BLOCK, WIDTH], tl.float32)
    whole = tl.zeros([N_BLOCK, WIDTH], tl.float32) + 1.0
    skip = tl.load(D + e, mask=e < E, other=0.0)
    if OUTPUTS:
        for i in range(c):
            decay = _tile(decayed, s * chunks + i, n, e, N, E)
            h = _tile(made, s * chunks + i, n, e, N, E) + decay * h
    first = c * blocks * K
    places = _places(place, s, first, L, K)
    us = _of_channels(u, places, first, e, L, E, K, RESET)
    deltas = _of_channels(delta, places, first, e, L, E, K, RESET)
    bs = _of_states(B, s, first, n, L, N, K)
    cs = _of_states(C, s, first, n, L, N, K)
    next_places = _places(place, s, first + K, L, K)
    for block in range(blocks):
        first = (c * blocks + block) * K
        # The next positions are loaded while these are worked on.
        next_us = _of_channels(u, next_places, first + K, e, L, E, K, RESET)
        next_deltas = _of_channels(delta, next_places, first + K, e, L, E, K, RESET)
        next_bs = _of_states(B, s, first + K, n, L, N, K)
        next_cs = _of_states(C, s, first + K, n, L, N, K)
        later_places = _places(place, s, first + 2 * K, L, K)
        if KEEPS:
            _put(kept, here * blocks + block, n, e, N, E, h)
        for k in tl.static_range(K):
            t = first + k
            d = deltas[k].to(tl.float32)
            x = us[k].to(tl.float32)
            if GROUPED:
                at = tl.load(group + s * L + t, mask=t < L, other=0)
                rate = _tile(A, at, n, e, N, E)
                skip = tl.load(D + at * E + e, mask=e < E, other=0.0)
            decay = _decay(d, rate, places[k], RESET)
            h = decay * h + (x * d)[None, :] * bs[k][:, None]
            if OUTPUTS:
                found = tl.sum(cs[k][:, None] * h, 0) + skip * x
                row = _row(places[k], RESET)
                mask = (t < L) & (e < E)
                tl.store(y + row * E + e, found.to(y.dtype.element_ty), mask=mask)
            else:
                whole = whole * decay
        us, deltas, bs, cs = next_us, next_deltas, next_bs, next_cs
        places, next_places = next_places, later_places
    if not OUTPUTS:
        _put(made, here, n, e, N, E, h)
        _put(decayed, here, n, e, N, E, whole)


@triton.jit
def _chunk_gradients(
    dy, delta, C, A, place, group, made,
    L, N, E, chunks, blocks,
    N_BLOCK: tl.constexpr, WIDTH: tl.constexpr, K: tl.constexpr,
    GROUPED: tl.constexpr, RESET: tl.constexpr,
):  # fmt: skip
    """made [sequences, chunks, N, E]: the gradient of the state before a chunk, from
    the outputs of the chunk alone."""
    c, s = tl.program_id(0), tl.program_id(2)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    n = tl.arange(0, N_BLOCK)
    rate = _tile(A, 0, n, e, N, E)
    dh = tl.zeros([N_BLOCK, WIDTH], tl.float32)
    for step in range(blocks):
        first = (c * blocks + blocks - 1 - step) * K
        places = _places(place, s, first, L, K)
        dys = _of_channels(dy, places, first, e, L, E, K, RESET)
        deltas = _of_channels(delta, places, first, e, L, E, K, RESET)
        cs = _of_states(C, s, first, n, L, N, K)
        for k in tl.static_range(K - 1, -1, -1):
            d = deltas[k].to(tl.float32)
            if GROUPED:
                at = tl.load(group + s * L + first + k, mask=first + k < L, other=0)
                rate = _tile(A, at, n, e, N, E)
            decay = _decay(d, rate, places[k], RESET)
            dh = decay * (dh + dys[k].to(tl.float32)[None, :] * cs[k][:, None])
    _put(made, s * chunks + c, n, e, N, E, dh)


@triton.jit
def _backward(
    u, delta, B, C, A, D, dy, place, group, kept, made, decayed,
    du, ddelta, dB, dC, dA, dD,
    L, N, E, chunks, blocks, groups,
    N_BLOCK: tl.constexpr, WIDTH: tl.constexpr, K: tl.constexpr,
    GROUPED: tl.constexpr, RESET: tl.constexpr,
):  # fmt: skip
    """du, ddelta [R, E]; parts of dB, dC [blocks of channels, sequences, L, N], of dA
    [sequences, chunks, groups, N, E] and of dD [sequences, chunks, groups, E], which
    are 0 before if there are groups."""
    c, s = tl.program_id(0), tl.program_id(2)
    e = tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    n = tl.arange(0, N_BLOCK)
    rate = _tile(A, 0, n, e, N, E)
    part = (tl.program_id(1) * tl.num_programs(2) + s).to(tl.int64) * L
    here = s * chunks + c
    # The gradient of the state before the next position.
    dh = tl.zeros([N_BLOCK, WIDTH], tl.float32)
    for i in range(chunks - 1 - c):
        there = (s + 1) * chunks - 1 - i
        decay = _tile(decayed, there, n, e, N, E)
        dh = _tile(made, there, n, e, N, E) + decay * dh
    dAs = tl.zeros([N_BLOCK, WIDTH], tl.float32)
    dDs = tl.zeros([WIDTH], tl.float32)
    skip = tl.load(D + e, mask=e < E, other=0.0)
    for step in range(blocks):
        block = blocks - 1 - step
        first = (c * blocks + block) * K
        places = _places(place, s, first, L, K)
        us = _of_channels(u, places, first, e, L, E, K, RESET)
        deltas = _of_channels(delta, places, first, e, L, E, K, RESET)
        dys = _of_channels(dy, places, first, e, L, E, K, RESET)
        bs = _of_states(B, s, first, n, L, N, K)
        cs = _of_states(C, s, first, n, L, N, K)
        h = _tile(kept, here * blocks + block, n, e, N, E)
        hs, decays = (h,), ()
        for k in tl.static_range(K):
            d = deltas[k].to(tl.float32)
            if GROUPED:
                at = tl.load(group + s * L + first + k, mask=first + k < L, other=0)
                rate = _tile(A, at, n, e, N, E)
            decay = _decay(d, rate, places[k], RESET)
            h = decay * h + (us[k].to(tl.float32) * d)[None, :] * bs[k][:, None]
            hs += (h,)
            decays += (decay,)
        for k in tl.static_range(K - 1, -1, -1):
            t = first + k
            x, d = us[k].to(tl.float32), deltas[k].to(tl.float32)
            g = dys[k].to(tl.float32)
            dh += g[None, :] * cs[k][:, None]
            states = (t < L) & (n < N)
            dcs = tl.sum(g[None, :] * hs[k + 1], 1)
            dbs = tl.sum(dh * (x * d)[None, :], 1)
            tl.store(dC + (part + t) * N + n, dcs, mask=states)
            tl.store(dB + (part + t) * N + n, dbs, mask=states)
            added = tl.sum(dh * bs[k][:, None], 0)
            dh = decays[k] * dh
            exponent = dh * hs[k]
            if GROUPED:
                at = tl.load(group + s * L + t, mask=t < L, other=0)
                rate = _tile(A, at, n, e, N, E)
                skip = tl.load(D + at * E + e, mask=e < E, other=0.0)
                own = here * groups + at
                sum_A = _tile(dA, own, n, e, N, E) + exponent * d[None, :]
                _put(dA, own, n, e, N, E, sum_A)
                sum_D = tl.load(dD + own * E + e, mask=e < E, other=0.0)
                tl.store(dD + own * E + e, sum_D + g * x, mask=e < E)
            else:
                dAs += exponent * d[None, :]
                dDs += g * x
            slope = tl.sum(exponent * rate, 0) * LN_2
            row = _row(places[k], RESET)
            mask = (t < L) & (e < E)
            dus = added * d + skip * g
            ddeltas = added * x + slope
            tl.store(du + row * E + e, dus.to(du.dtype.element_ty), mask=mask)
            tl.store(
                ddelta + row * E + e, ddeltas.to(ddelta.dtype.element_ty), mask=mask
            )
    if not GROUPED:
        _put(dA, here, n, e, N, E, dAs)
        tl.store(dD + here * E + e, dDs, mask=e < E)


class Division(NamedTuple):
    """What a program works on."""

    width: int  # channels
    columns: int  # blocks of so many channels
    chunks: int  # of each sequence
    blocks: int  # of K positions in each chunk


def divide(sequences: int, L: int, E: int, N: int) -> Division:
    """Divides a scan into STATES a program and, if that makes few programs, chunks."""
    width = max(1, min(32, STATES // triton.next_power_of_2(N)))
    columns = triton.cdiv(E, width)
    length = triton.cdiv(L, triton.cdiv(PROGRAMS, sequences * columns))
    blocks = triton.cdiv(max(SHORTEST, length), K)
    return Division(width, columns, triton.cdiv(L, blocks * K), blocks)


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
        group: Tensor | None,
        resets: bool,
    ) -> Tensor:
        sequences, L, N = B.shape
        E = u.shape[1]
        width, columns, chunks, blocks = divide(sequences, L, E, N)
        grid = (chunks, columns, sequences)
        A = A / math.log(2)  # for exp2
        made, decayed = (A.new_empty(sequences, chunks, N, E) for _ in range(2))
        y = torch.empty_like(u)
        keeps = any(ctx.needs_input_grad)
        kept = A.new_empty(sequences, chunks * blocks, N, E) if keeps else None

        def go(outputs: bool) -> None:
            _forward[grid](
                *(u, delta, B, C, A, D, place, group, made, decayed, y, kept),
                *(L, N, E, chunks, blocks, triton.next_power_of_2(N), width, K),
                *(group is not None, resets, outputs, outputs and keeps),
                num_warps=1,
            )

        if chunks > 1:
            go(False)
        go(True)
        ctx.save_for_backward(u, delta, B, C, A, D, place, group, decayed, kept)
        ctx.resets = resets
        return y

    @staticmethod
    def backward(ctx: FunctionCtx, dy: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, B, C, A, D, place, group, decayed, kept = ctx.saved_tensors
        dy = dy.contiguous()
        sequences, L, N = B.shape
        E, groups = u.shape[1], A.shape[0]
        width, columns, chunks, blocks = divide(sequences, L, E, N)
        grid = (chunks, columns, sequences)
        sizes = (L, N, E, chunks, blocks)
        shape = (triton.next_power_of_2(N), width, K, group is not None, ctx.resets)
        made = torch.empty_like(decayed)
        if chunks > 1:
            _chunk_gradients[grid](
                *(dy, delta, C, A, place, group, made, *sizes, *shape), num_warps=1
            )
        du, ddelta = torch.empty_like(u), torch.empty_like(delta)
        dB, dC = (B.new_empty(columns, sequences, L, N) for _ in range(2))
        dA = A.new_zeros(sequences, chunks, groups, N, E)
        dD = A.new_zeros(sequences, chunks, groups, E)
        _backward[grid](
            *(u, delta, B, C, A, D, dy, place, group, kept, made, decayed),
            *(du, ddelta, dB, dC, dA, dD, *sizes, groups, *shape),
            num_warps=1,
        )
        sums = dB.sum(0), dC.sum(0), dA.sum((0, 1)), dD.sum((0, 1))
        return du, ddelta, *sums, None, None, None


def scan(
    u: Tensor,
    delta: Tensor,
    B: Tensor,
    C: Tensor,
    A: Tensor,
    D: Tensor,
    place: Tensor,
    group: Tensor | None,
    reset: Tensor | None,
) -> Tensor:
    """ops.scan, in f32 inside. E channels, N states of each.

    u, delta [R, E]; B, C [sequences, L, N]; A [groups, N, E]; D [groups, E]; place
    [sequences, L], the row of each position; group [sequences, L], its group in A and
    D, or None for one group; reset [sequences, L], 1 where a document starts.
    """
    if reset is not None:
        place = torch.where(reset == 0, place, -1 - place)
    tensors = (u, delta, B.float(), C.float(), A.float(), D.float())
    where = (None if x is None else x.int().contiguous() for x in (place, group))
    return _Scan.apply(*(x.contiguous() for x in tensors), *where, reset is not None)
