"""The records of a run: metrics.jsonl, timing.jsonl and TensorBoard events."""

import json
import math
import struct
import time
from pathlib import Path


class Recorder:
    """Writes the records of a run, after removing those beyond `step`."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self.events = folder / "events.out.tfevents.0"
        for name in ("metrics.jsonl", "timing.jsonl"):
            _truncate_lines(folder / name, step)
        _truncate_events(self.events, step)
        self.began = time.time()
        self.before, self.tokens = _spent(folder / "timing.jsonl")
        if not self.events.exists():
            self.events.write_bytes(_frame(_double(1, time.time()) + _version()))

    def training(self, record: dict, tokens: int, seconds: float) -> None:
        """@param seconds: of this update, which trained on that many tokens"""
        self._write("train", record)
        self.tokens += tokens
        spent = self.before + time.time() - self.began
        timing = {"step": record["step"], "seconds": spent}
        timing |= {"tokens_per_second": tokens / seconds, "tokens": self.tokens}
        _append(self.folder / "timing.jsonl", timing)

    def validation(self, record: dict) -> None:
        self._write("validation", record)

    def _write(self, kind: str, record: dict) -> None:
        _append(self.folder / "metrics.jsonl", {"kind": kind, **record})
        scalars = {f"{kind}/loss": record["loss"]}
        scalars |= {f"{kind}/loss/{m}": x for m, x in record["losses"].items()}
        for name, found in record.get("sets", {}).items():
            scalars[f"{kind}/{name}/loss"] = found["loss"]
            for modality, loss in found["losses"].items():
                scalars[f"{kind}/{name}/loss/{modality}"] = loss
        for name in ("lr", "gradient_norm"):
            if name in record:
                scalars[f"{kind}/{name}"] = record[name]
        values = b"".join(
            _nested(1, _nested(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
            for tag, value in scalars.items()
        )
        step = b"\x10" + _varint(record["step"])
        event = _double(1, time.time()) + step + _nested(5, values)
        with self.events.open("ab") as file:
            file.write(_frame(event))


def _append(path: Path, record: dict) -> None:
    with path.open("a") as file:
        file.write(json.dumps(_finite(record), separators=(",", ":")) + "\n")


def _finite(value: object) -> object:
    """JSON has no NaN and no infinity: both become null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _truncate_lines(path: Path, step: int) -> None:
    """Keeps complete lines of steps up to `step`."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        if not line.endswith("\n") or json.loads(line)["step"] > step:
            break
        kept.append(line)
    path.write_text("".join(kept))


def _spent(path: Path) -> tuple[float, int]:
    """The seconds and tokens of a run so far."""
    lines = path.read_text().splitlines() if path.exists() else []
    last = json.loads(lines[-1]) if lines else {"seconds": 0, "tokens": 0}
    return last["seconds"], last["tokens"]


def _truncate_events(path: Path, step: int) -> None:
    """Keeps complete records of steps up to `step`. A record: length, its checksum, an
    event, its checksum."""
    if not path.exists():
        return
    data = path.read_bytes()
    end = 0
    while end + 12 <= len(data):
        (size,) = struct.unpack_from("<Q", data, end)
        event = data[end + 12 : end + 12 + size]
        whole = end + 16 + size
        if whole > len(data) or _step_of(event) > step:
            break
        end = whole
    path.write_bytes(data[:end])


def _step_of(event: bytes) -> int:
    """The step of an event: field 2, after the 9 bytes of its time."""
    if event[9:10] != b"\x10":
        return 0
    step = 0
    for at, byte in enumerate(event[10:]):
        step |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            break
    return step


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _nested(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _double(field: int, value: float) -> bytes:
    return bytes([field << 3 | 1]) + struct.pack("<d", value)


def _version() -> bytes:
    return _nested(3, b"brain.Event:2")


def _frame(data: bytes) -> bytes:
    size = struct.pack("<Q", len(data))
    return size + _masked_crc(size) + data + _masked_crc(data)


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc_table()


def _masked_crc(data: bytes) -> bytes:
    """CRC-32C as TensorFlow's records mask it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
