"""Prints the ids of Hugging Face's `tokenizers` for each line of a text, for comparison with mom.

    python scripts/tokenizer_ids.py specs/emoji-tokenizer.json test/data/tokenizer/lines.txt > test/data/tokenizer/ids.json

Needs `pip install tokenizers`. Lines are encoded without line ends and without special tokens.
"""
import json
import sys

import tokenizers


def main(tokenizer_path: str, text_path: str) -> None:
    tokenizer = tokenizers.Tokenizer.from_file(tokenizer_path)
    with open(text_path, encoding="utf-8", newline="") as file:
        lines = file.read().removesuffix("\n").split("\n")
    ids = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
    decoded = [tokenizer.decode(line, skip_special_tokens=False) for line in ids]
    if decoded != lines:
        raise SystemExit("A line does not decode to itself.")
    print(json.dumps({"made by": f"tokenizers {tokenizers.__version__}", "ids": ids}))


main(*sys.argv[1:])
