"""Writes the same documents as the layouts that people have: JSON Lines, WebDataset, Parquet, a table and a folder.

    python3 make.py DOCUMENTS OUT

DOCUMENTS is a folder with documents.jsonl, one {"id", "text", "image", "audio"} per line, where text, image and audio may
be missing, and the files that it names. Needs pyarrow.
"""

import csv
import io
import json
import pathlib
import shutil
import sys
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq


def jsonl(documents, source, out):
    out.mkdir(parents=True)
    with open(out / "documents.jsonl", "w", encoding="utf-8") as file:
        for one in documents:
            segments = [{key: one[key]} for key in ("text", "image", "audio") if key in one]
            file.write(json.dumps({"id": one["id"], "segments": segments}, ensure_ascii=False) + "\n")
    for one in documents:
        for key in ("image", "audio"):
            if key in one:
                shutil.copy(source / one[key], out / one[key])


def webdataset(documents, source, out, shards=4):
    """With `tarfile`, as most do: members of a sample share their name, which has dots in some samples' endings."""
    out.mkdir(parents=True)
    size = -(-len(documents) // shards)
    for shard in range(shards):
        with tarfile.open(out / f"{shard:05d}.tar", "w") as tar:
            for one in documents[shard * size : (shard + 1) * size]:
                members = {"json": json.dumps({"id": one["id"]}).encode()}
                if "text" in one:
                    members["txt"] = one["text"].encode()
                for key in ("image", "audio"):
                    if key in one:
                        ending = "b.jpg" if one[key].endswith(".b.jpg") else one[key].rsplit(".", 1)[1]
                        members[ending] = (source / one[key]).read_bytes()
                for ending, data in members.items():
                    info = tarfile.TarInfo(f"set/{one['id']}.{ending}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))


def parquet(documents, source, out):
    """Structs of bytes and a path, as Hugging Face's `datasets` writes pictures and recordings."""
    out.mkdir(parents=True)
    file = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("id", pa.string()), ("caption", pa.string()), ("image", file), ("audio", file)])

    def struct(one, key):
        return {"bytes": (source / one[key]).read_bytes(), "path": one[key]} if key in one else None

    rows = [
        {"id": d["id"], "caption": d.get("text"), "image": struct(d, "image"), "audio": struct(d, "audio")}
        for d in documents
    ]
    half = len(rows) // 2
    for name, part, compression in (("000", rows[:half], "snappy"), ("001", rows[half:], "zstd")):
        table = pa.Table.from_pylist(part, schema=schema)
        pq.write_table(table, out / f"{name}.parquet", compression=compression, row_group_size=40)


def table(documents, source, out):
    """As a spreadsheet writes it: a byte order mark, CR LF, quotes, and line breaks in cells."""
    out.mkdir(parents=True)
    with open(out / "captions.csv", "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "caption", "file", "sound"])
        for one in documents:
            writer.writerow([one["id"], one.get("text", ""), one.get("image", ""), one.get("audio", "")])
    for one in documents:
        for key in ("image", "audio"):
            if key in one:
                shutil.copy(source / one[key], out / one[key])


def folder(documents, source, out):
    """An image folder with metadata, as Hugging Face reads it."""
    out.mkdir(parents=True)
    with open(out / "metadata.jsonl", "w", encoding="utf-8") as file:
        for one in documents:
            row = {"file_name": one.get("image"), "caption": one.get("text"), "sound": one.get("audio")}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    for one in documents:
        for key in ("image", "audio"):
            if key in one:
                shutil.copy(source / one[key], out / one[key])


def main():
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    with open(source / "documents.jsonl", encoding="utf-8") as file:
        documents = [json.loads(line) for line in file]
    for write in (jsonl, webdataset, parquet, table, folder):
        write(documents, source, out / write.__name__)
    print(len(documents), "documents")


main()
