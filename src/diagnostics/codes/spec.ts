// Errors in how a spec is written: its text, its fields and values, the files that it names. Numbers 1 to 299.

/** What all occurrences of an error have in common. */
export interface ErrorEntry {
  readonly number: number;
  /** Default: `error`. A warning flags a valid setting that is probably unintended. */
  readonly severity?: "warning";
  /** A noun phrase. A message can replace it by one that names the bracket or the word. */
  readonly title: string;
  /** What the error means. */
  readonly meaning: string;
  /** A message and its help, if no spec can show the error. */
  readonly example?: readonly [message: string, help: string];
}

export const SPEC = {
  // How a spec is written
  "source-too-large": {
    number: 1,
    title: "File too large",
    meaning:
      "A spec can have at most 1 MiB. Move shared parts into files that others import, and data into data files.",
  },
  "strange-character": {
    number: 2,
    title: "Unknown character",
    meaning:
      "Outside of strings and comments a spec consists of names, numbers and `{ } ( ) [ ] : , * +`. Curly quotes from a word processor are the most common cause.",
  },
  "foreign-comment": {
    number: 3,
    title: "Wrong comment syntax",
    meaning: "A comment starts with `//` and ends at the end of its line. `///` documents the entry below it.",
  },
  "single-quotes": { number: 4, title: "Single quotes", meaning: "Strings need double quotes." },
  "unclosed-string": {
    number: 5,
    title: "Unclosed string",
    meaning: "A string must end on the line on which it starts.",
  },
  "bad-escape": {
    number: 6,
    title: "Unknown escape",
    meaning: 'In a string a backslash can be followed by `"`, `\\`, `n`, `t`, or `u` and four hex digits.',
  },
  "broken-number": {
    number: 7,
    title: "Invalid number",
    meaning:
      "Numbers look like `10`, `1e-4`, `0.5` or `65_536`. Sizes look like `32x32`, height times width. There are no units.",
  },
  "hyphen-in-name": {
    number: 8,
    title: "Hyphen in a name",
    meaning: "Names consist of letters, digits and `_`. There is no subtraction.",
  },
  "equals-sign": { number: 9, title: "`=` for `:`", meaning: "An entry is a name, a colon and a value." },
  semicolon: { number: 10, title: "Semicolon", meaning: "An entry ends at the end of its line, or at a comma." },
  "missing-separator": {
    number: 11,
    title: "Missing separator",
    meaning:
      "Two entries on one line need a comma between them. So do the items of a list and the arguments of a call, even on separate lines.",
  },
  "extra-comma": {
    number: 12,
    title: "Extra comma",
    meaning: "A comma separates two items. A single trailing comma is allowed.",
  },
  "brace-on-own-line": {
    number: 13,
    title: "`{` on its own line",
    meaning: "A newline ends an entry, so the `{` of a group must be on the line of its name.",
  },
  "missing-close": {
    number: 14,
    title: "Unclosed bracket",
    meaning:
      "A bracket is still open where the indentation, or the names that follow, suggest that it should be closed.",
  },
  "extra-close": {
    number: 15,
    title: "Unmatched bracket",
    meaning: "A closing bracket has no opening one. Often the bracket before it is the extra one.",
  },
  "wrong-close": { number: 16, title: "Mismatched brackets", meaning: "A bracket is closed by one of another kind." },
  "nested-too-deep": {
    number: 17,
    title: "Nesting too deep",
    meaning: "Brackets are nested beyond the limit.",
  },
  "misplaced-sum": {
    number: 18,
    title: "Arithmetic",
    meaning: "`*` and `+` combine blocks in `layers`. Everywhere else, write the resulting number.",
  },
  "needs-name": {
    number: 19,
    title: "Missing name",
    meaning: "Modalities, blocks and ablations need a name: `block mixer: mamba { … }`.",
  },
  "takes-no-name": {
    number: 20,
    title: "Unexpected name",
    meaning: "Only modalities, blocks and ablations have names.",
  },
  "unnamed-argument": {
    number: 21,
    title: "Argument without a name",
    meaning: "The arguments of a call are named, as in `adamw(lr: 1e-3)`, except for one that some calls take without.",
  },
  "second-positional": {
    number: 22,
    title: "Second argument without a name",
    meaning: "A call takes at most one argument without a name.",
  },
  unexpected: {
    number: 23,
    title: "Syntax error",
    meaning: "This cannot start an entry or a value.",
  },
  // Fields and values
  duplicate: {
    number: 101,
    title: "Duplicate key",
    meaning:
      "A key can have only one value in a group. If a file imports another one that sets the same key, the importing file wins.",
  },
  "reserved-name": {
    number: 102,
    title: "Reserved name",
    meaning:
      "Modalities and blocks cannot have the name of a section or a common field, since paths such as `train.seed` would be ambiguous.",
  },
  "unknown-field": {
    number: 103,
    title: "Unknown field",
    meaning: "The group has no such field. `mom explain` lists the fields of each group and kind.",
  },
  "missing-field": { number: 104, title: "Missing field", meaning: "A required field is missing." },
  "unknown-kind": {
    number: 105,
    title: "Unknown kind",
    meaning: "The field takes one of several kinds, and this is not one of them.",
  },
  "missing-kind": { number: 106, title: "Missing kind", meaning: "The value must name its kind." },
  "wrong-type": {
    number: 107,
    title: "Wrong type",
    meaning: "The value has another type than the field: a string for a number, or a number for a size.",
  },
  "out-of-range": {
    number: 108,
    title: "Out of range",
    meaning: "The value has the right type, but is outside the range of the field.",
  },
  "unknown-word": { number: 109, title: "Unknown value", meaning: "The field takes one of a fixed list of words." },
  "wrong-count": {
    number: 110,
    title: "Wrong number of items",
    meaning: "The list has more or fewer items than the field allows.",
  },
  "nothing-to-explain": {
    number: 111,
    title: "Unknown topic",
    meaning: "`mom explain` takes the path of a field, a kind, or the code of an error.",
  },
  "no-name": {
    number: 112,
    title: "Invalid name",
    meaning:
      "A key in a JSON spec must be a name of the language, or several names joined by dots, so that it can be written in a `.mom` file.",
  },
  // Files and imports
  "file-missing": {
    number: 201,
    title: "File not found",
    meaning: "The spec on the command line, or a file that the data or an option names, does not exist.",
  },
  "import-missing": {
    number: 202,
    title: "Imported file not found",
    meaning: "The path of an import is relative to the importing file.",
  },
  "import-outside": {
    number: 203,
    title: "Import outside the project",
    meaning:
      "A spec can read only files in its project: the folder of the nearest package.json, or else its own. Symbolic links are resolved first. `--allow DIR` or MOM_ALLOW allows another folder.",
  },
  "import-cycle": {
    number: 204,
    title: "Circular import",
    meaning: "A file cannot import itself, directly or indirectly.",
  },
  "import-inside": {
    number: 205,
    title: "Import inside a group",
    meaning: "An `import` must be outside of all groups, since it imports a whole file.",
  },
  "too-many-imports": {
    number: 206,
    title: "Too many imports",
    meaning: "The number of files of a spec is limited.",
  },
  "nothing-to-remove": {
    number: 207,
    title: "Nothing to remove",
    meaning: "`remove` removes an imported modality, block or ablation, and no imported file has this one.",
  },
  "file-outside": {
    number: 208,
    title: "File outside the project",
    meaning:
      "A spec can name only files in its project, so that a spec from someone else cannot read your other files. `--allow DIR` or MOM_ALLOW allows another folder.",
  },
  "file-unreadable": {
    number: 211,
    title: "Unreadable file",
    meaning:
      "A file that the spec, its data or an option names is missing, is not a regular file, or you lack the permission to read it.",
  },
  "not-utf-8": {
    number: 209,
    title: "Invalid UTF-8",
    meaning: "Specs must be UTF-8. `mom fmt` does not rewrite a file in which it would lose a character.",
  },
  "not-json": {
    number: 210,
    title: "Invalid JSON",
    meaning: "A spec in a `.json` file, or one that is given to `mom fmt --from json`, must be valid JSON.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
