"""Builds some 120 small tokenizers and writes the ids of Hugging Face's `tokenizers` for 100 texts with each.

    OUT=test/data/tokenizer python scripts/tokenizer_table.py

Needs `pip install tokenizers==0.23`, and no network. Writes $OUT/tokenizer-table.json.gz:

    texts        the texts
    tokenizers   name, tokenizer (the text of its tokenizer.json), ids (a list for each text, of
                 `encode(text, add_special_tokens=False)`, or the message of an exception),
                 decoded (the result of `decode(ids, skip_special_tokens=False)`, or null if it is the text)
    skipped      tokenizers that cannot be built, with reasons
"""
import base64
import gzip
import json
import os
import struct
import sys

import tokenizers
from tokenizers import Tokenizer, trainers

CORPUS = [
    "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox doesn't.",
    "Selective state spaces scan a sequence from left to right, and never look back!",
    "It's what they've said: we'll train 128 tokens on 2 GPUs in 3.14 hours, I'm sure you'd agree.",
    "Häuser, Straßen und Bäume: schöne Grüße aus Köln. Die Straße ist weiß.",
    "Les élèves ont déjà mangé à la crêperie, où l'été naïf s'achève. Ça coûte 10 €.",
    "Η ΟΔΟΣ ΣΟΦΟΣ ο σοφός λέγει τους λόγους. ΑΣ ΣΑΣ",
    "Привет, мир! Как дела? Это простой пример текста.",
    "日本語のテキストをここに書きます。東京は大きい。 中文字符也在这里。 한국어 문장입니다.",
    "שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก",
    "def scan(x, n=10):\n    for i in range(n):\n        x[i] += 1  # in place\n    return x\n",
    "const f = (a) => ({ ...a, b: `${a}` });\tif (x !== null && y >= 0x1F) { return; }",
    "emoji 😀 👍🏽 👨‍👩‍👧‍👦 ❤️ 🇩🇪 and ★ ☆ symbols © ® ™ ½ ² ﬁ",
    "https://example.org/path?query=1&b=two#frag user_name@example.com snake_case camelCase CONSTANT",
    "aaa aaaa aaaaa bbb abab ababab the the the end end. --- ... !!! ??? ((())) [[x]] {{y}}",
    "low lower lowest new newer newest wide wider widest play playing played player unplayable",
] * 2

TEXTS = [
    # plain
    "Hello, world!", "The quick brown fox jumps over the lazy dog.", "hello", "Hello", "HELLO WORLD", "a", "the", "x y",
    "I'm sure they've said it's what we'll do; you'd agree, he's 'quoted' 'S 'LL", "the-final--countdown",
    "low lower lowest unplayable antidisestablishmentarianism", "well-known state-of-the-art (and more).",
    "Mr. Smith went to Washington, D.C., on Jan. 5th... didn't he?!", "end. End, end; end: END!", "_under_score_ __init__",
    # accents and other letters of Latin
    "Häuser und Straßen", "crème brûlée à la façon de l'été", "ÀÉÎÕÜ àéîõü", "Straße STRASSE ẞ ß ﬀ ﬁ ﬃ ſ", "İstanbul ıspanak I i İ",
    "Ångström Ångström", "e\u0301 é E\u0301 É", "a\u0308o\u0308u\u0308 äöü", "ǅ ǆ Ǆ ŉ ǰ", "Ｆｕｌｌ ｗｉｄｔｈ １２３ ！？", "x² ½ ⅓ ① Ⅳ ㎏ ™ ℃", "đ ø ł Đ Ø Ł",
    # Greek, Cyrillic
    "ΣΑΣ", "ΟΔΟΣ ΣΟΦΟΣ σοφός Σ", "ΑΣ. ΑΣ' ΑΣ1 ΑΣΑ Σ", "ά ᾳ ΐ Ω Ω Ὀδυσσεύς", "Привет, мир! Ёлка ёж Й й", "ЖЗИ жзи",
    # CJK, Korean, Thai, Indic
    "日本語のテキスト", "東京は大きい。中文字符", "中a文b字1", "カタカナ ひらがな ｶﾀｶﾅ が か\u3099", "한국어 문장 각 \u1100\u1161\u11a8", "สวัสดีชาวโลก", "नमस्ते दुनिया", "𠀀𪜀 㐀 豈 々〆ー",
    # emoji
    "😀", "👨‍👩‍👧‍👦 family", "👍🏽👍 ok", "❤️ ❤ ☺️", "🇩🇪🇫🇷 flags", "a🍣b", "1️⃣ #️⃣", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    # right to left
    "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم", "مُحَمَّد لا ﷺ", "abc שלום 123 \u200fדג\u200e",
    # spaces and control characters
    "", " ", "  ", "     ", "\n", "\t", "\r\n", "a  b   c    d", " leading", "trailing ", "  both  ", "line one\nline two\r\nline three\n\n\nend",
    "tab\tseparated\t\tvalues", "a\u0085c", "\u0085", "\ufeffbom \ufeff", "a\u00a0b\u00a0", "a\u200bb\u200cc\u200dd\u2060e", "a\u3000b\u2003c\u2028d\u2029e\u1680f",
    "a\x00b\x01c\x07d\x1fe\x7f", "a\x0bb\x0cc\x1cd\x1de\u180ef", "soft\u00adhyphen \u0378 \ue000 \ufffd \ufff9", " \u00a0 \u2009",
    # combining marks
    "z\u0351\u036b\u0343a\u0329\u030al\u0316g\u0317o\u031f", "q\u0307\u0323 q\u0323\u0307", "\u0301 \u0301a", "n\u0303\u0303 ñ",
    # digits and code
    "1234567890", "3.14 1,000,000 1e-5 0x1F ٣٤٥ ४५ Ⅷ", "on 2 GPUs x2 2x 12ab34", "def f(x):\n    return x[0] + 1  # one\n",
    "if (x !== null && y >= 0x1F) { a->b; c::d }", "https://example.org/path?query=1&b=two#frag", "$100 €50 £20 +5 =7 <tag> ^caret `tick` ~tilde |pipe| \\back\\",
    "¿Qué? ¡Sí! «Guillemets» „German“ “curly” ‘single’ … – — ・。、",
    # long runs
    "a" * 200, "the " * 40, "-" * 70, " " * 40 + "x", "ab" * 60, "😀" * 20, "supercalifragilistic" * 6,
    # added tokens, in words and next to spaces
    "<s>start</s>", "cat cats concat cat.", "a<mask>b <mask> c  <mask>  d<mask>", "[CLS] the [MASK] dog [SEP] [cls]", "<|endoftext|>end<|endoftext|> <|ENDOFTEXT|>",
    "café cafe CAFÉ scat éclair", "the▁dog▁ ▁x _ ▁▁", "Ġthe Ċ ##ing </w> <0x41> <unk> [UNK]",
]


def charsmap(rules):
    """A SentencePiece character map: a double array of UTF-8 keys, and the texts that replace them."""
    blob, places = bytearray(), {}
    for key, value in rules.items():
        places[key.encode()] = len(blob)
        blob += value.encode() + b"\0"
    tree = {}
    for key, place in places.items():
        node = tree
        for byte in key:
            node = node.setdefault(byte, {})
        node[-1] = place
    units, used, todo = {0: 0}, {0}, [(0, tree)]
    while todo:
        position, node = todo.pop(0)
        labels = [0 if label == -1 else label for label in node]
        base = 1
        while any((base ^ label) in used or (base ^ label) == 0 for label in labels):
            base += 1
        units[position] = units.get(position, 0) | ((position ^ base) << 10) | (0x100 if -1 in node else 0)
        for label, child in node.items():
            at = base ^ (0 if label == -1 else label)
            used.add(at)
            if label == -1:
                units[at] = 0x80000000 | child
            else:
                units[at] = label
                todo.append((at, child))
    size = (max(units) // 256 + 1) * 256
    array = b"".join(struct.pack("<I", units.get(at, 0)) for at in range(size))
    return base64.b64encode(struct.pack("<I", len(array)) + array + bytes(blob)).decode()


NMT_LIKE = charsmap({
    "\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u3000": " ", "\u200b": "", "\u00ad": "", "ﬁ": "fi", "ﬀ": "ff", "²": "2", "½": "1⁄2",
    "①": "1", "™": "TM", "Ｆ": "F", "ｕ": "u", "ｌ": "l", "！": "!", "？": "?", "e\u0301": "é", "E\u0301": "É", "a\u0308": "ä", "か\u3099": "が",
    "\u1100\u1161\u11a8": "각", "℃": "°C", "…": "...", "Å": "Å",
})
FOLDING = charsmap({**{chr(c): chr(c).lower() for c in range(65, 91)}, "Ä": "ä", "É": "é", "Σ": "σ", "ς": "σ", "ß": "ss", "İ": "i̇", "Ａ": "a", "\u0085": " "})


def norm(kind, **fields):
    return {"type": kind, **fields}


def seq(*parts):
    return {"type": "Sequence", "normalizers": list(parts)}


def pres(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def bert(**changes):
    return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True, **changes}


def byte_level(prefix=False, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def metaspace(scheme="always", split=True, char="▁"):
    return {"type": "Metaspace", "replacement": char, "prepend_scheme": scheme, "split": split}


def split(pattern, behavior="Isolated", invert=False, string=False):
    return {"type": "Split", "pattern": {"String" if string else "Regex": pattern}, "behavior": behavior, "invert": invert}


def added(content, **changes):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **changes}


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = pres(
    split(r"\p{N}{1,3}"), split(r"[一-龥぀-ゟ゠-ヿ]+"),
    split(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
    byte_level(regex=False),
)

BEHAVIOURS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
W, WS = norm("Whitespace"), norm("WhitespaceSplit")
SPECIALS = [added("<s>", special=True), added("</s>", special=True), added("<mask>", special=True, lstrip=True)]
ENDOFTEXT = [added("<|endoftext|>", special=True)]
BERT_TOKENS = [added(token, special=True) for token in ("[UNK]", "[CLS]", "[SEP]", "[MASK]")]
BERT_POST = {"type": "BertProcessing", "sep": ["[SEP]", 0], "cls": ["[CLS]", 1]}
ROBERTA_POST = {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False}
TEMPLATE_POST = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}},
}
BYTE_POST = byte_level(True)


def bpe(**changes):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": {}, "merges": [], **changes}


def wordpiece(**changes):
    return {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {}, **changes}


def unigram(**changes):
    return {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [["<unk>", 0.0]], **changes}


def wordlevel(**changes):
    return {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {}, **changes}


CASES = []


def case(name, model, normalizer=None, pre=None, post=None, tokens=(), decoder=None, size=320, alphabet=None, few=False, **more):
    CASES.append(dict(name=name, model=model, normalizer=normalizer, pre=pre, post=post, tokens=list(tokens), decoder=decoder,
                      size=size, alphabet=alphabet, few=few, **more))


BL_DECODER = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
MS_DECODER = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
WP_DECODER = {"type": "WordPiece", "prefix": "##", "cleanup": True}
LLAMA_DECODER = {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
LLAMA_NORM = seq(norm("Prepend", prepend="▁"), norm("Replace", pattern={"String": " "}, content="▁"))

# The kinds that published models use.
case("gpt2", bpe(), pre=byte_level(), post=BYTE_POST, tokens=ENDOFTEXT, decoder=BL_DECODER, alphabet="bytes", size=450)
case("roberta", bpe(), pre=byte_level(), post=ROBERTA_POST, tokens=[added("<s>", special=True), added("<mask>", special=True, lstrip=True)], decoder=BL_DECODER, alphabet="bytes", size=400)
case("llama2", bpe(unk_token="<unk>", fuse_unk=True, byte_fallback=True), LLAMA_NORM, None, TEMPLATE_POST, [added("<unk>", special=True), *SPECIALS], LLAMA_DECODER, fallback=True)
case("llama3", bpe(ignore_merges=True), pre=pres(split(CL100K), byte_level(regex=False)), post=BYTE_POST, tokens=ENDOFTEXT, decoder=BL_DECODER, alphabet="bytes", size=450)
case("qwen2", bpe(), norm("NFC"), pres(split(QWEN), byte_level(regex=False)), BYTE_POST, ENDOFTEXT, BL_DECODER, alphabet="bytes", size=450)
case("gpt4o", bpe(), None, pres(split(O200K), byte_level(regex=False)), BYTE_POST, ENDOFTEXT, BL_DECODER, alphabet="bytes", size=450)
case("deepseek", bpe(), None, DEEPSEEK, BYTE_POST, ENDOFTEXT, BL_DECODER, alphabet="bytes", size=450)
case("gpt-neox", bpe(), norm("NFC"), byte_level(), BYTE_POST, [*ENDOFTEXT, added("  ", normalized=True), added("    ", normalized=True)], BL_DECODER, alphabet="bytes", size=400)
case("gemma", bpe(unk_token="<unk>", fuse_unk=True, byte_fallback=True), norm("Replace", pattern={"String": " "}, content="▁"),
     split(" ", "MergedWithPrevious", string=True), TEMPLATE_POST, [added("<unk>", special=True), *SPECIALS], LLAMA_DECODER, fallback=True)
case("mistral-metaspace", bpe(unk_token="<unk>", fuse_unk=True, byte_fallback=True), None, metaspace("first", False), TEMPLATE_POST, [added("<unk>", special=True), *SPECIALS], LLAMA_DECODER, fallback=True)
case("starcoder", bpe(), None, pres(norm("Digits", individual_digits=True), byte_level()), BYTE_POST, ENDOFTEXT, BL_DECODER, alphabet="bytes", size=400)
case("clip", bpe(unk_token="<|endoftext|>", end_of_word_suffix="</w>"), seq(norm("NFC"), norm("Replace", pattern={"Regex": r"\s+"}, content=" "), norm("Lowercase")),
     pres(split(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "Removed", True), byte_level()), None, ENDOFTEXT,
     {"type": "BPEDecoder", "suffix": "</w>"}, alphabet="bytes", size=600)
case("bert-uncased", wordpiece(), bert(), norm("BertPreTokenizer"), BERT_POST, BERT_TOKENS, WP_DECODER, size=400)
case("bert-cased", wordpiece(), bert(lowercase=False), norm("BertPreTokenizer"), BERT_POST, BERT_TOKENS, WP_DECODER, size=400)
case("t5", unigram(), seq(norm("Precompiled", precompiled_charsmap=NMT_LIKE)), pres(WS, metaspace()), None, [added("</s>", special=True)], MS_DECODER, size=300)
case("xlm-roberta", unigram(), seq(norm("Precompiled", precompiled_charsmap=NMT_LIKE), norm("Replace", pattern={"Regex": " {2,}"}, content=" ")), metaspace(), TEMPLATE_POST,
     [added("<s>", special=True), added("<mask>", special=True, lstrip=True)], MS_DECODER, size=300)
case("albert", unigram(), seq(norm("Replace", pattern={"String": "``"}, content='"'), norm("NFKD"), norm("StripAccents"), norm("Lowercase"), norm("Precompiled", precompiled_charsmap=NMT_LIKE)),
     pres(WS, metaspace()), None, BERT_TOKENS, MS_DECODER, size=260)
case("word-level", wordlevel(), None, W, None, [added("[UNK]", special=True)], size=120)

# Each normalizer, with models that keep every character.
for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"):
    case(f"normalizer {kind}", bpe(unk_token="<unk>"), norm(kind), W if kind in ("NFC", "Nmt") else None, tokens=[added("<unk>", special=True)], every=True, size=340)
case("normalizer ByteLevel", bpe(), norm("ByteLevel"), None, None, ENDOFTEXT, BL_DECODER, alphabet="bytes", size=330)
case("normalizer ByteLevel, split", bpe(), norm("ByteLevel"), split("Ġ", "MergedWithNext", string=True), None, ENDOFTEXT, BL_DECODER, alphabet="bytes", size=330)
for left, right in ((True, True), (True, False), (False, True)):
    case(f"normalizer Strip {left} {right}", bpe(unk_token="<unk>"), norm("Strip", strip_left=left, strip_right=right), tokens=[added("<unk>", special=True)], every=True)
case("normalizer Replace string", bpe(unk_token="<unk>"), norm("Replace", pattern={"String": "the"}, content="<THE>"), tokens=[added("<unk>", special=True)], every=True)
case("normalizer Replace regex", bpe(unk_token="<unk>"), norm("Replace", pattern={"Regex": r"[0-9]+|\s"}, content="$0"), tokens=[added("<unk>", special=True)], every=True)
case("normalizer Prepend", bpe(unk_token="<unk>", fuse_unk=True), norm("Prepend", prepend="ab"), tokens=[added("<unk>", special=True), added("cat")], every=True)
for name, changes in {"accents kept": dict(strip_accents=False), "accents, cased": dict(strip_accents=True, lowercase=False), "no cleaning": dict(clean_text=False),
                      "no CJK": dict(handle_chinese_chars=False), "nothing": dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)}.items():
    case(f"normalizer BertNormalizer {name}", bpe(unk_token="<unk>"), bert(**changes), tokens=[added("<unk>", special=True)], every=True)
case("normalizer Precompiled folding", unigram(), norm("Precompiled", precompiled_charsmap=FOLDING), metaspace(), size=280)
case("normalizer Precompiled alone", bpe(unk_token="<unk>"), norm("Precompiled", precompiled_charsmap=NMT_LIKE), tokens=[added("<unk>", special=True)], every=True)
case("normalizer Sequence", bpe(unk_token="<unk>"), seq(norm("NFKD"), norm("StripAccents"), norm("Lowercase"), norm("Strip", strip_left=True, strip_right=True)), WS, tokens=[added("<unk>", special=True)], every=True)

# Each pre-tokenizer.
for behaviour in BEHAVIOURS:
    case(f"Split string {behaviour}", wordlevel(), None, split("-", behaviour, string=True), size=150)
    case(f"Split regex {behaviour}", bpe(), None, split(r"[aeiou]+|\s|[.!?-]", behaviour), size=320, every=True)
    case(f"Split inverted {behaviour}", bpe(), None, split(r"\w+", behaviour, True), size=320, every=True)
    case(f"Punctuation {behaviour}", wordpiece(), None, pres(WS, norm("Punctuation", behavior=behaviour)), tokens=[added("[UNK]", special=True)], size=330)
case("Split word boundaries", bpe(), None, split(r"\b\d+\b|(?<=[a-z])(?=[A-Z])|^\s+|\s+$", "Isolated"), every=True)
for name, scheme, splits in (("always", "always", True), ("always whole", "always", False), ("never", "never", True), ("first", "first", True), ("first whole", "first", False)):
    case(f"Metaspace {name}", bpe(unk_token="<unk>"), None, metaspace(scheme, splits), None, [added("<unk>", special=True), added("<s>", special=True), added("cat")],
         {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}, every=True)
case("Metaspace underscore", unigram(), None, metaspace(char="_"), size=260, decoder={"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": True})
case("Whitespace BPE", bpe(), None, W, every=True)
case("WhitespaceSplit BPE", bpe(), None, WS, every=True)
case("Digits together", bpe(), None, norm("Digits", individual_digits=False), every=True)
case("Digits one by one", wordpiece(), None, pres(W, norm("Digits", individual_digits=True)), tokens=[added("[UNK]", special=True)])
case("CharDelimiterSplit", wordlevel(), None, norm("CharDelimiterSplit", delimiter=" "), size=150)
case("BertPreTokenizer BPE", bpe(), None, norm("BertPreTokenizer"), every=True)
case("UnicodeScripts", bpe(), None, norm("UnicodeScripts"), every=True)
case("UnicodeScripts unigram", unigram(), norm("NFKC"), pres(W, norm("UnicodeScripts")), size=280)
case("FixedLength", bpe(), None, norm("FixedLength", length=5), every=True)
case("ByteLevel prefix", bpe(), None, byte_level(True), BYTE_POST, ENDOFTEXT, BL_DECODER, alphabet="bytes")
case("ByteLevel prefix, added", bpe(), None, byte_level(True, False), BYTE_POST, [added("cat"), added("<mask>", rstrip=True, lstrip=True)], BL_DECODER, alphabet="bytes")
case("ByteLevel after whitespace", bpe(), norm("NFD"), pres(WS, byte_level(True)), BYTE_POST, ENDOFTEXT, BL_DECODER, alphabet="bytes")

# Options of the models.
case("BPE no unknown", bpe(), None, W, few=True, size=90)
case("BPE unknown", bpe(unk_token="<unk>"), None, W, None, [added("<unk>", special=True)], few=True, size=90)
case("BPE unknown fused", bpe(unk_token="<unk>", fuse_unk=True), None, W, None, [added("<unk>", special=True)], few=True, size=90)
case("BPE unknown not in vocabulary", bpe(unk_token="<missing>"), None, W, few=True, size=90)
case("BPE continuing prefix", bpe(unk_token="<unk>", continuing_subword_prefix="##"), None, W, None, [added("<unk>", special=True)], size=340)
case("BPE prefix and suffix", bpe(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"), None, WS, None, [added("<unk>", special=True)], size=340)
case("BPE suffix", bpe(unk_token="<unk>", end_of_word_suffix="</w>"), None, W, None, [added("<unk>", special=True)], {"type": "BPEDecoder", "suffix": "</w>"}, size=340)
case("BPE byte fallback, not fused", bpe(unk_token="<unk>", byte_fallback=True), None, metaspace(), None, [added("<unk>", special=True)], LLAMA_DECODER, fallback=True, few=True)
case("BPE some bytes", bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True), None, metaspace(), None, [added("<unk>", special=True)], LLAMA_DECODER, fallback="some", few=True)
case("BPE ignore_merges", bpe(unk_token="<unk>", ignore_merges=True), None, W, None, [added("<unk>", special=True)], whole=["jumping", "concat", "Hello", "café"], every=True)
case("BPE whole words without ignore_merges", bpe(unk_token="<unk>"), None, W, None, [added("<unk>", special=True)], whole=["jumping", "concat", "Hello", "café"], every=True)
case("WordPiece short words", wordpiece(max_input_chars_per_word=8), None, W, None, [added("[UNK]", special=True)])
case("WordPiece other prefix", wordpiece(continuing_subword_prefix="@@", unk_token="<unk>"), norm("Lowercase"), WS, None, [added("<unk>", special=True)], {"type": "WordPiece", "prefix": "@@", "cleanup": False})
case("WordPiece no prefix", wordpiece(continuing_subword_prefix=""), None, W, None, [added("[UNK]", special=True)], size=200)
case("WordPiece no unknown", wordpiece(unk_token="[MISSING]"), None, W, few=True, size=90)
case("Unigram byte fallback", unigram(byte_fallback=True), None, metaspace(), None, [], LLAMA_DECODER, fallback=True, few=True, size=200)
case("Unigram some bytes", unigram(byte_fallback=True), None, metaspace(), fallback="some", few=True, size=200)
case("Unigram no unknown", unigram(), None, W, few=True, size=120, unk_id=None)
case("Unigram no pre-tokenizer", unigram(), norm("NFC"), None, size=300)
case("Unigram unknown in the middle", unigram(), None, W, few=True, size=120, unk_id=3)
case("WordLevel no unknown", wordlevel(unk_token="[MISSING]"), None, W, size=120)
case("WordLevel lines", wordlevel(), norm("Lowercase"), split(r"\n+", "Removed"), size=60)
case("WordLevel BertPreTokenizer", wordlevel(), bert(), norm("BertPreTokenizer"), None, BERT_TOKENS, size=150)

# Added tokens.
for single in (False, True):
    for strip in ({}, dict(lstrip=True), dict(rstrip=True), dict(lstrip=True, rstrip=True)):
        name = " ".join([*strip, "single_word" if single else "any place"])
        case(f"added {name}", bpe(), None, W, None, [added("cat", single_word=single, **strip), added("<mask>", special=True, single_word=single, **strip)], every=True, size=300)
case("added normalized", bpe(), norm("Lowercase"), W, None, [added("CAFÉ", normalized=True), added("[CLS]", normalized=True), added("Hello", normalized=True), added("<|endoftext|>", normalized=True)], every=True)
case("added not normalized", bpe(), norm("Lowercase"), W, None, [added("CAFÉ"), added("[CLS]"), added("Hello"), added("<|endoftext|>")], every=True)
case("added, accents stripped", wordpiece(), seq(norm("NFD"), norm("StripAccents"), norm("Lowercase")), W, None, [added("[UNK]", special=True), added("café", normalized=True), added("éclair", normalized=False)])
case("added overlapping", bpe(), None, None, None, [added("cat"), added("cats"), added("at"), added("concat", single_word=True), added("the d"), added("aaa"), added("  ")], every=True)
case("added empty and blank", bpe(), None, byte_level(), None, [added(" "), added("\n\n"), added("\u0085"), added("\ufeff")], BL_DECODER, alphabet="bytes")
case("added prepended", bpe(unk_token="<unk>"), LLAMA_NORM, None, None, [added("<unk>", special=True), added("cat", normalized=True), added("<s>", special=True), added("the", normalized=True, single_word=True)], every=True)
case("added in vocabulary", bpe(), None, W, None, [added("the", single_word=True), added("a", special=True)], every=True)

# Settings of the whole file.
case("truncation", bpe(), None, W, every=True, truncation={"direction": "Right", "max_length": 6, "strategy": "LongestFirst", "stride": 0})
case("truncation left", bpe(), None, W, every=True, truncation={"direction": "Left", "max_length": 6, "strategy": "LongestFirst", "stride": 0})
case("padding fixed", bpe(), None, W, every=True, padding={"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"})
case("padding to a batch", bpe(), None, W, every=True, padding={"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"})


def trainer_for(made, unknown):
    model, size = made["model"], made["size"]
    specials = [token["content"] for token in made["tokens"] if token["special"] and token["content"] != "a"]
    if unknown is not None and unknown not in specials and "MISSING" not in unknown.upper():
        specials = [unknown, *specials]
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet() if made["alphabet"] == "bytes" else []
    if made.get("every"):
        alphabet = sorted(set("".join(CORPUS)) | {chr(c) for c in range(32, 127)})
    if model["type"] == "BPE":
        extra = {key: model[key] for key in ("continuing_subword_prefix", "end_of_word_suffix") if model[key] is not None}
        limit = {"limit_alphabet": 60} if made["few"] else {}
        return trainers.BpeTrainer(vocab_size=max(size, len(alphabet) + 60) if alphabet else size, special_tokens=specials, initial_alphabet=alphabet,
                                   show_progress=False, **limit, **extra)
    if model["type"] == "WordPiece":
        limit = {"limit_alphabet": 60} if made["few"] else {}
        return trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials, continuing_subword_prefix=model["continuing_subword_prefix"], show_progress=False, **limit)
    if model["type"] == "Unigram":
        return trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>", *[s for s in specials if s != "<unk>"]], unk_token="<unk>", show_progress=False)
    return trainers.WordLevelTrainer(vocab_size=size, special_tokens=specials, show_progress=False)


def built(made):
    model = made["model"]
    shell = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": made["normalizer"], "pre_tokenizer": made["pre"],
             "post_processor": None, "decoder": None, "model": model}
    learner = Tokenizer.from_str(json.dumps(shell))
    corpus = CORPUS
    if made["few"]:
        corpus = [text for text in CORPUS if text.isascii()]
    learner.train_from_iterator(corpus, trainer_for(made, model.get("unk_token")))
    learnt = json.loads(learner.to_str())["model"]
    for key, value in model.items():
        if key not in ("vocab", "merges"):
            learnt[key] = value
    vocabulary = learnt["vocab"]
    extra = list(made.get("whole", []))
    if made.get("fallback"):
        some = range(256) if made["fallback"] is True else range(0x80, 0xE4)
        extra += [f"<0x{byte:02X}>" for byte in some]
    if model["type"] == "Unigram":
        vocabulary += [[token, -12.0] for token in extra]
        learnt["unk_id"] = made.get("unk_id", 0)
        size = len(vocabulary)
        ids = {token: place for place, (token, _) in enumerate(vocabulary)}
    else:
        for token in extra:
            vocabulary.setdefault(token, len(vocabulary))
        size, ids = len(vocabulary), vocabulary
    tokens, taken = [], size
    for token in made["tokens"]:
        if token["content"] in ids:
            tokens.append({"id": ids[token["content"]], **token})
        else:
            tokens.append({"id": taken, **token})
            taken += 1
    shell.update(model=learnt, added_tokens=sorted(tokens, key=lambda token: token["id"]), post_processor=made["post"], decoder=made["decoder"],
                 truncation=made.get("truncation"), padding=made.get("padding"))
    return json.dumps(shell, ensure_ascii=False, separators=(",", ":"))


def ids_of(tokenizer, text):
    try:
        return tokenizer.encode(text, add_special_tokens=False).ids
    except BaseException as error:  # A Rust panic is not an Exception.
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"


def text_of(tokenizer, ids, text):
    if isinstance(ids, str):
        return None
    try:
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return None
    return None if decoded == text else decoded


def main(out):
    texts = list(dict.fromkeys(TEXTS))
    rows, skipped = [], []
    for made in CASES:
        try:
            source = built(made)
            tokenizer = Tokenizer.from_str(source)
            ids = [ids_of(tokenizer, text) for text in texts]
            rows.append({"name": made["name"], "tokenizer": source, "ids": ids, "decoded": [text_of(tokenizer, own, text) for own, text in zip(ids, texts)]})
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            skipped.append({"name": made["name"], "why": f"{type(error).__name__}: {error}"})
            print(f"skipped {made['name']}: {error}", file=sys.stderr)
    table = {"made by": f"tokenizers {tokenizers.__version__}", "texts": texts, "tokenizers": rows, "skipped": skipped}
    packed = gzip.compress(json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0)
    with open(os.path.join(out, "tokenizer-table.json.gz"), "wb") as file:
        file.write(packed)
    raised = sum(isinstance(ids, str) for row in rows for ids in row["ids"])
    print(f"{len(rows)} tokenizers x {len(texts)} texts with tokenizers {tokenizers.__version__}: {len(packed)} bytes; {len(skipped)} skipped, {raised} texts raise")


main(os.environ.get("OUT", "."))
