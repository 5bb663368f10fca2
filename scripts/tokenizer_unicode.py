"""Writes src/tokenizer/unicode.gen.ts: the character classes of Hugging Face's `tokenizers`, determined with the library.

    python scripts/tokenizer_unicode.py > src/tokenizer/unicode.gen.ts

Needs `pip install tokenizers==0.23.2`, and no network. Parts of the library use Unicode versions 8 to 16, and JavaScript
uses the version of its engine, whose classes have other characters. The module therefore lists each class.
"""
import tokenizers
from tokenizers import AddedToken, NormalizedString, Regex, Tokenizer, models, normalizers, pre_tokenizers

POINTS = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
CHARS = [chr(point) for point in POINTS]
ALL = "".join(CHARS)
BERT = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)


def removed(normalizer, text=ALL):
    """The characters that a normalizer removes from a text with every character."""
    return set(text) - set(normalizer.normalize_str(text))


def matched(pattern):
    return removed(normalizers.Replace(Regex(pattern), ""))


def changed(normalizer):
    return {char for char in CHARS if normalizer.normalize_str(char) != char}


def single(pre_tokenizer):
    """The characters that are separate pieces between letters."""
    return {char for char in CHARS if [part for part, _ in pre_tokenizer.pre_tokenize_str(f"a{char}a")] == ["a", char, "a"]}


def spaces():
    split = pre_tokenizers.WhitespaceSplit()
    return {char for char in CHARS if len(split.pre_tokenize_str(f"a{char}a")) == 2}


def words():
    """The characters next to which an added token with `single_word` is not recognized."""
    tokenizer = Tokenizer(models.BPE(vocab={" ": 0}, merges=[]))
    tokenizer.add_tokens([AddedToken("q", single_word=True, normalized=False)])
    token = tokenizer.token_to_id("q")
    return {char for char in CHARS if char != "q" and token not in tokenizer.encode(f"q{char}").ids} | {"q"}


def normal_form_characters():
    """The characters that a normal form can change, move or compose. Every other character ends a normalized segment."""
    forms = [normalizers.NFD(), normalizers.NFKD(), normalizers.NFC(), normalizers.NFKC()]
    decomposed = set().union(*map(changed, forms))
    found = set(decomposed)
    for char in decomposed:
        found |= set(forms[0].normalize_str(char)) | set(forms[1].normalize_str(char))
    nfd = forms[0]
    # Marks of a class above 1 move behind U+0334 (class 1), and marks of class 1 before U+0301 (class 230).
    found |= {char for char in CHARS if nfd.normalize_str(f"a{char}\u0334") != f"a{nfd.normalize_str(char)}\u0334"}
    found |= {char for char in CHARS if nfd.normalize_str(f"a\u0301{char}") != f"a\u0301{nfd.normalize_str(char)}"}
    return found


def ranges(chars):
    found = []
    for point in sorted(map(ord, chars)):
        if found and point == found[-1][1] + 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def base36(number):
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if number == 0:
            return digits


def packed(chars):
    """Alternating gaps and lengths in base 36, each minus one except the first."""
    numbers, end = [], -1
    for first, last in ranges(chars):
        numbers += [first - end - 1, last - first]
        end = last
    return " ".join(map(base36, numbers))


def main():
    classes = {
        f"regex {name}": matched(rf"\p{{{name}}}")
        for name in "L Lu Ll Lt Lm Lo M Mn N Nd P S Z Han Hiragana Katakana Hangul".split()
    }
    classes["regex word"] = matched(r"\w")
    classes["space"] = spaces()
    classes["word"] = {char for char in CHARS if pre_tokenizers.Whitespace().pre_tokenize_str(f"a{char}a")[0][0] == f"a{char}a"}
    assert classes["word"] == words()
    assert classes["space"] == matched(r"\s") and classes["regex Nd"] == matched(r"\d")
    classes["punctuation"] = single(pre_tokenizers.Punctuation())
    assert classes["punctuation"] == single(pre_tokenizers.BertPreTokenizer())
    classes["number"] = single(pre_tokenizers.Digits(individual_digits=True))
    classes["accent"] = removed(normalizers.StripAccents())
    accents = normalizers.BertNormalizer(**{**BERT, "strip_accents": True})
    classes["BERT accent"] = {char for char in CHARS if accents.normalize_str(char) == ""}
    cleaning = normalizers.BertNormalizer(**{**BERT, "clean_text": True})
    classes["control"] = {char for char in CHARS if cleaning.normalize_str(char) == ""}
    classes["BERT space"] = {char for char in CHARS if cleaning.normalize_str(char) == " "}
    chinese = normalizers.BertNormalizer(**{**BERT, "handle_chinese_chars": True})
    classes["CJK"] = {char for char in CHARS if chinese.normalize_str(char) == f" {char} "}
    classes["cased"] = changed(normalizers.Lowercase())
    nmt = normalizers.Nmt()
    classes["Nmt dropped"] = {char for char in CHARS if nmt.normalize_str(char) == ""}
    classes["Nmt space"] = {char for char in CHARS if nmt.normalize_str(char) == " "}
    classes["normal form"] = normal_form_characters()
    print(f"// Generated by scripts/tokenizer_unicode.py with tokenizers {tokenizers.__version__}; do not edit.\n")
    print("/** The character classes of the Python library, as gaps and lengths of ranges (see classes.ts). */")
    print("export const CLASSES = {")
    for name, chars in classes.items():
        key = name if name.isalpha() else f'"{name}"'
        print(f'  {key}: "{packed(chars)}",')
    print("} as const;")


main()
