"""The batches of training and validation, number for number those of mom.

`data/order.safetensors` holds the documents of each sequence, in the order of training.
The shards beside it hold the documents. Times and noise come from counter-based random
numbers that depend only on the seed, the document, its epoch and the segment, so they
are the same on any number of ranks.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from batch import Batch

FOLDER = Path(__file__).parent
PURPOSES = {
    "timestep": 3,
    "noise": 4,
    "evaluation_timestep": 7,
    "evaluation_noise": 8,
}


def read_config() -> dict:
    return json.loads((FOLDER / "config.json").read_text())


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file, which are read from the disk when they are used."""
    types = {"I32": np.int32, "U8": np.uint8, "F32": np.float32}
    file = np.memmap(path, np.uint8, mode="r")
    start = 8 + int(file[:8].view(np.uint64)[0])
    header = json.loads(bytes(file[8:start]))
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = file[start + begin : start + end].view(types[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
    return tensors


# Random numbers


def philox(key: tuple[int, int], counter: tuple[int, int, int, int]) -> list[int]:
    """Philox 4x32-10 (Salmon et al. 2011): four 32-bit words."""
    word = 0xFFFFFFFF
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (b >> 32) ^ x1 ^ k0, b & word, (a >> 32) ^ x3 ^ k1, a & word
        k0, k1 = (k0 + 0x9E3779B9) & word, (k1 + 0xBB67AE85) & word
    return [x0, x1, x2, x3]


def philox_key(purpose: str, seed: int) -> tuple[int, int]:
    word = 0xFFFFFFFF
    return seed & word, (PURPOSES[purpose] * 0x9E3779B9 & word) ^ (seed >> 32)


class Stream:
    """The random numbers of a purpose under a seed, for a document's segment."""

    def __init__(self, purpose: str, seed: int, *counter: int) -> None:
        self.words = self._words(philox_key(purpose, seed), counter)

    @staticmethod
    def _words(key: tuple[int, int], counter: tuple[int, ...]) -> Iterator[int]:
        block = 0
        while True:
            yield from philox(key, (block, *counter))
            block += 1

    def uniform(self) -> float:
        return next(self.words) / 2**32

    def normal(self) -> float:
        radius = math.sqrt(-2 * math.log((next(self.words) + 1) / 2**32))
        return radius * math.cos(2 * math.pi * self.uniform())

    def below(self, limit: int) -> int:
        accepted = 2**32 - 2**32 % limit
        while (value := next(self.words)) >= accepted:
            pass
        return value % limit


# Objectives of items


def waves(times: list[float]) -> np.ndarray:
    """[cos, sin] of t * exp(-ln 10000 * k / 128), k = 0..127: [times, 256]."""
    rates = np.exp(-math.log(10000) * np.arange(128) / 128)
    angles = np.asarray(times, np.float64)[:, None] * rates
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


class Diffusion:
    """DDPM with the cosine schedule: one timestep in 1..steps for each item."""

    finished = 1

    def __init__(self, steps: int = 1, weight: float = 0, **_) -> None:
        self.steps, self.weight = steps, weight

    def draw(self, numbers: Stream) -> int:
        return 1 + numbers.below(self.steps)

    def level(self, t: float) -> tuple[float, float]:
        """The factors of the clean item and of the noise."""

        def f(s: float) -> float:
            return math.cos((s / self.steps + 0.008) / 1.008 * math.pi / 2) ** 2

        kept = f(t) / f(0)
        return math.sqrt(kept), math.sqrt(1 - kept)

    def times(self, name: str, times: list[float]) -> tuple[str, np.ndarray]:
        """What the model reads of the items' times: rows of a table of waves."""
        return f"timestep.{name}", np.asarray(times, np.int64)


class Read(Diffusion):
    """Items that are only read: clean, at t = 0."""

    finished = 0

    def draw(self, numbers: Stream) -> int:
        return 0


class Flow:
    """Rectified flow: one t in (0, 1) for each item."""

    finished = 0

    def __init__(self, time: str, weight: float, **_) -> None:
        self.time, self.weight = time, weight

    def draw(self, numbers: Stream) -> float:
        if self.time == "uniform":
            return numbers.uniform() + 2**-33
        return 1 / (1 + math.exp(-numbers.normal()))

    def level(self, t: float) -> tuple[float, float]:
        return 1 - t, t

    def times(self, name: str, times: list[float]) -> tuple[str, np.ndarray]:
        seen = waves([1000 * t for t in times])
        return f"waves.{name}", seen.astype(np.float32)


ITEM_OBJECTIVES = {"ddpm": Diffusion, "rectified_flow": Flow}


def item_objective(fields: dict | None) -> Diffusion | Flow:
    return Read() if fields is None else ITEM_OBJECTIVES[fields["kind"]](**fields)


# Documents


class Segment(NamedTuple):
    """Consecutive positions of one modality: ids, or one item."""

    modality: int
    counted: bool  # whether it has a loss
    content: np.ndarray  # ids of the vocabulary [n], or numbers [positions, columns]
    number: int  # its index in the document as written


class Documents:
    """The documents of the prepared shards, numbered from 0."""

    def __init__(self, config: dict) -> None:
        groups = config["data"]
        names = groups["training"] + [
            shard for group in groups["validation"] for shard in group["shards"]
        ]
        self.model = config["model"]
        self.shards = [read_safetensors(FOLDER / "data" / name) for name in names]
        self.ends = np.cumsum([len(shard["documents"]) for shard in self.shards])
        self.uncounted = [
            set(shard.get("uncounted", np.empty(0)).tolist()) for shard in self.shards
        ]

    def segments(self, document: int, bits: int) -> list[Segment]:
        """In order. bits: 1 if reversed, plus 2 if only the last one is kept."""
        at = int(np.searchsorted(self.ends, document, side="right"))
        shard = self.shards[at]
        rows = shard["documents"]
        row = document - (int(self.ends[at - 1]) if at > 0 else 0)
        begin = int(rows[row, 0])
        end = int(rows[row + 1, 0]) if row + 1 < len(rows) else len(shard["segments"])
        found = [self._segment(at, i, i - begin) for i in range(begin, end)]
        ordered = found[::-1] if bits & 1 else found
        return ordered[-1:] if bits & 2 else ordered

    def _segment(self, at: int, row: int, number: int) -> Segment:
        shard = self.shards[at]
        modality, begin, end = shard["segments"][row].tolist()
        item = self.model["modalities"][modality]["item"]
        if item is None:
            first = self.model["vocabulary"]["first"][modality]
            content = shard["tokens"][begin:end] + first
        else:
            content = shard[f"pictures.{modality}"][begin]
        return Segment(modality, row not in self.uncounted[at], content, number)


def patches(picture: np.ndarray, item: dict) -> np.ndarray:
    """[height, width, channels] as [positions, columns]; pixels scaled to [-1, 1]."""
    high, wide = item["patch_height"], item["patch_width"]
    values = picture / 127.5 - 1 if item["pixels"] else picture
    rows, columns = item["height"] // high, item["width"] // wide
    split = values.reshape(rows, high, columns, wide, -1)
    return split.transpose(0, 2, 1, 3, 4).reshape(item["positions"], item["columns"])


# Sequences


@dataclass
class Item:
    """An item at a position of a sequence."""

    modality: int
    position: int
    counted: bool
    key: tuple[int, int, int]  # document, epoch, segment
    content: np.ndarray


@dataclass
class Sequence:
    """One sequence of documents. Arrays are [length]."""

    tokens: np.ndarray  # 0 at items, the padding id at padding
    modality: np.ndarray
    document: np.ndarray  # from 0; -1 at padding
    counted: np.ndarray  # whether a position has a loss
    items: list[Item]


def pack(documents: Documents, pieces: np.ndarray, length: int) -> Sequence:
    """A sequence of documents. pieces [n, 3]: document, epoch, order (`segments`)."""
    vocabulary = documents.model["vocabulary"]
    owner = vocabulary["owner"]
    sequence = Sequence(
        tokens=np.full(length, vocabulary["padding"], np.int64),
        modality=np.full(length, owner, np.int64),
        document=np.full(length, -1, np.int64),
        counted=np.ones(length, bool),
        items=[],
    )
    end = 0

    def put(tokens: np.ndarray | int, modality: int, count: int = 1) -> None:
        nonlocal end
        sequence.tokens[end : end + count] = tokens
        sequence.modality[end : end + count] = modality
        end += count

    for number, (document, epoch, bits) in enumerate(pieces.tolist()):
        begin = end
        for segment in documents.segments(document, bits):
            modality, first = segment.modality, end
            span = vocabulary["spans"][modality]
            item = documents.model["modalities"][modality]["item"]
            if span is not None:
                put(span["begin"], owner)
            if item is None:
                put(segment.content, modality, len(segment.content))
            else:
                key = (document, epoch, segment.number)
                sequence.items.append(
                    Item(modality, end, segment.counted, key, segment.content)
                )
                put(0, modality, item["positions"])
            if span is not None:
                put(span["end"], owner)
            sequence.counted[first:end] &= segment.counted
        put(vocabulary["document_end"], owner)
        sequence.document[begin:end] = number
    return sequence


# Batches

Rows = Callable[[np.ndarray], np.ndarray]


@dataclass
class Counts:
    """Positions in the means of an update's losses, by modality."""

    ids: list[int]
    items: list[int]


class Batches:
    """Sequences as the batches that the model reads.

    `purpose`: in training, times and noise are drawn from the seed in each epoch; in an
    evaluation they depend on the document only, and documents never see each other.
    """

    def __init__(self, config: dict, device: torch.device) -> None:
        self.config, self.device = config, device
        self.length = config["data"]["length"]
        self.model = config["model"]
        self.objectives = config["objectives"]
        self.is_item = np.array(
            [modality["item"] is not None for modality in self.model["modalities"]]
        )
        has_loss = np.array([objective is not None for objective in self.objectives])
        self.learns_ids = has_loss & ~self.is_item
        self.documents = Documents(config)
        self.order = read_safetensors(FOLDER / "data" / "order.safetensors")
        self.constants = {
            constant["name"]: torch.from_numpy(constant_table(constant)).to(device)
            for constant in self.model["constants"]
        }

    def sequences(self, first: int, end: int, prefix: str = "") -> list[Sequence]:
        """Sequences of the order; beyond its end they are padding.

        prefix: `validation.0.` for a validation set.
        """
        ends = self.order[f"{prefix}sequences"]
        pieces = self.order[f"{prefix}pieces"]
        found = []
        for i in range(first, end):
            own = pieces[ends[i] : ends[i + 1]] if i + 1 < len(ends) else pieces[:0]
            found.append(pack(self.documents, own, self.length))
        return found

    def count(self, prefix: str = "") -> int:
        return len(self.order[f"{prefix}sequences"]) - 1

    def counts(self, sequences: list[Sequence]) -> Counts:
        modalities = len(self.is_item)
        ids, items = [0] * modalities, [0] * modalities
        for sequence in sequences:
            _, of = self._targets(sequence)
            for modality in range(modalities):
                ids[modality] += int((of == modality).sum())
            for item in sequence.items:
                if item.counted:
                    shape = self.model["modalities"][item.modality]["item"]
                    items[item.modality] += shape["positions"]
        return Counts(ids, items)

    def _targets(self, sequence: Sequence) -> tuple[np.ndarray, np.ndarray]:
        """The id that each position predicts and its modality; -1 for none.

        A position predicts the next one if both hold ids of the same document.
        """
        modality, document = sequence.modality, sequence.document
        predicts = (
            (document[:-1] >= 0)
            & (document[:-1] == document[1:])
            & ~self.is_item[modality[:-1]]
            & self.learns_ids[modality[1:]]
            & sequence.counted[1:]
        )
        target = np.full(self.length, -1, np.int64)
        of = np.full(self.length, -1, np.int64)
        target[:-1][predicts] = sequence.tokens[1:][predicts]
        of[:-1][predicts] = modality[1:][predicts]
        return target, of

    def batch(self, sequences: list[Sequence], counts: Counts, purpose: str) -> Batch:
        """On the CPU, with constants on the device.

        @param counts: of all sequences of the update, on all ranks
        """
        evaluates = purpose == "evaluation"
        modality = np.stack([s.modality for s in sequences])
        document = np.stack([s.document for s in sequences])
        order = np.argsort(modality.reshape(-1), kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        sizes = np.bincount(modality.reshape(-1), minlength=len(self.is_item))

        def rows(values: np.ndarray) -> np.ndarray:
            return values.reshape(len(order), *values.shape[2:])[order]

        tokens = np.stack([s.tokens for s in sequences])
        absent = self.is_item[modality] | (document < 0)
        fields = {
            "modality": rows(modality),
            "embedded": rows(np.where(absent, -1, tokens)),
            **self._target_fields(sequences, counts, rows),
            **self._attention_fields(sequences, document, evaluates, rows),
        }
        if evaluates or self.config["data"]["reset"]:
            starts = document[:, 1:] != document[:, :-1]
            fields["reset"] = np.pad(starts, ((0, 0), (1, 0)), constant_values=True)
            fields["reset"] = fields["reset"].astype(np.int64)
        seed = 0 if evaluates else self.config["train"]["seed"]
        noise = "evaluation_noise" if evaluates else "noise"
        fields["noise_key"] = np.array(philox_key(noise, seed), np.int64)
        for index in np.flatnonzero(self.is_item):
            fields |= self._item_fields(index, sequences, counts, evaluates, place)
        return Batch(
            sequences=len(sequences),
            length=self.length,
            sizes=torch.from_numpy(sizes),
            order=self._tensor(order),
            place=self._tensor(place),
            ends=self._tensor(sizes.cumsum().astype(np.int32)),
            fields=self.constants
            | {name: self._tensor(values) for name, values in fields.items()},
        )

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        """In memory from which copies to a GPU do not wait."""
        found = torch.from_numpy(np.ascontiguousarray(values))
        return found.pin_memory() if self.device.type == "cuda" else found

    def _target_fields(
        self, sequences: list[Sequence], counts: Counts, rows: Rows
    ) -> dict[str, np.ndarray]:
        if not self.learns_ids.any():
            return {}
        found = [self._targets(sequence) for sequence in sequences]
        target, of = (np.stack(parts) for parts in zip(*found, strict=True))
        total = max(1, sum(counts.ids))
        weights = [
            objective["weight"] / total if learns else 0
            for objective, learns in zip(self.objectives, self.learns_ids, strict=True)
        ]
        scale = np.where(of >= 0, np.array(weights)[of], 0).astype(np.float32)
        return {
            "target": rows(target),
            "target_scale": rows(scale),
            "target_class": rows(of),
        }

    def _attention_fields(
        self,
        sequences: list[Sequence],
        document: np.ndarray,
        evaluates: bool,
        rows: Rows,
    ) -> dict[str, np.ndarray]:
        """The keys that each position sees, and its position for RoPE.

        Padding sees only itself. `both`: the positions of an item see each other.
        """
        if not self.model["attention"]:
            return {}
        t = np.broadcast_to(np.arange(self.length), document.shape)
        starts = document[:, 1:] != document[:, :-1]
        begun = np.where(np.pad(starts, ((0, 0), (1, 0)), constant_values=True), t, 0)
        first = np.maximum.accumulate(begun, axis=1)
        # All padding counts as one document here, but sees only itself below.
        resets = evaluates or self.config["data"]["reset"]
        own = first if resets else np.zeros_like(t)
        fields = {"position": rows(t - own)}
        for spans in self.model["attention"]:
            # Without keys, a position sees all before it. Only padding then sees more.
            if not resets and not (spans == "both" and self.is_item.any()):
                continue
            low = np.where(document < 0, t, own)
            high = t.copy()
            for row, sequence in enumerate(sequences if spans == "both" else []):
                for item in sequence.items:
                    shape = self.model["modalities"][item.modality]["item"]
                    end = item.position + shape["positions"]
                    high[row, item.position : end] = end - 1
            fields[f"keys.{spans}"] = np.stack([low, high], axis=-1)
        return fields

    def _item_fields(
        self,
        modality: int,
        sequences: list[Sequence],
        counts: Counts,
        evaluates: bool,
        place: np.ndarray,
    ) -> dict[str, np.ndarray]:
        described = self.model["modalities"][modality]
        name, shape = described["name"], described["item"]
        positions, columns = shape["positions"], shape["columns"]
        objective = item_objective(self.objectives[modality])
        draws = "evaluation_timestep" if evaluates else "timestep"
        seed = 0 if evaluates else self.config["train"]["seed"]
        index = np.full(len(place), -1, np.int64)
        level = np.zeros((len(place), 2), np.float32)
        scale = np.zeros(len(place), np.float32)
        clean = np.zeros((len(place), columns), np.float32)
        times: list[float] = []
        items: list[tuple[int, ...]] = []
        for row, sequence in enumerate(sequences):
            for item in sequence.items:
                if item.modality != modality:
                    continue
                document, epoch, segment = item.key
                at = place[row * self.length + item.position]
                here = slice(at, at + positions)
                t = objective.finished
                if item.counted:
                    t = objective.draw(Stream(draws, seed, document, epoch, segment))
                    if objective.weight > 0:
                        scale[here] = objective.weight / counts.items[modality]
                index[here] = len(items)
                level[here] = objective.level(t)
                clean[here] = patches(item.content, shape)
                times.append(t)
                items.append((at, segment, document, epoch))
        if not items:  # The model still computes one item, which no row reads.
            times, items = [0], [(0, 0, 0, 0)]
        time_name, time_values = objective.times(name, times)
        return {
            f"index.{name}": index,
            f"level.{name}": level,
            f"scale.{name}": scale,
            f"clean.{name}": clean,
            f"item.{name}": np.array(items, np.int64),
            time_name: time_values,
        }


def constant_table(constant: dict) -> np.ndarray:
    """A table that the model reads, computed in float64."""
    if constant["is"] == "timesteps":
        return waves(list(range(constant["steps"] + 1))).astype(np.float32)
    pairs = constant["head"] // 2
    rates = constant["theta"] ** (-2 * np.arange(pairs) / constant["head"])
    angles = np.arange(constant["positions"])[:, None] * rates
    table = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return table.reshape(len(angles), -1).astype(np.float32)


def mean_losses(
    config: dict, counts: Counts, sums: dict[str, list[float]]
) -> tuple[float, dict[str, float]]:
    """The weighted loss and the mean loss of each modality, from sums of all ranks."""
    losses: dict[str, float] = {}
    total = 0.0
    for index, modality in enumerate(config["model"]["modalities"]):
        objective = config["objectives"][index]
        is_item = modality["item"] is not None
        count = (counts.items if is_item else counts.ids)[index]
        if objective is None or count == 0:
            continue
        name = modality["name"]
        found = sums[item_sum(name)][0] if is_item else sums["loss.tokens"][index]
        losses[name] = found / count
        total += objective["weight"] * found / (count if is_item else sum(counts.ids))
    return total, losses


def item_sum(name: str) -> str:
    """The name of the sum of a modality's losses; `loss.tokens` is that of ids."""
    return "loss.tokens of items" if name == "tokens" else f"loss.{name}"
