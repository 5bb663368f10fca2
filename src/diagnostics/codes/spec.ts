// Mistakes in how a spec is written: its text, its fields and values, the files that it names. Numbers 1 to 299.

/** What is said of a mistake wherever it is met. */
export interface Mistake {
  readonly number: number;
  /** `error` where nothing is said: a warning tells of what is legal and surely unwanted. */
  readonly severity?: "warning";
  /** What goes wrong, in a few words; a message may name the bracket or the word that it is about. */
  readonly title: string;
  /** Why it is a mistake, and what to do instead. */
  readonly meaning: string;
  /** Of a mistake that is in no spec: a message, and the help below it. */
  readonly example?: readonly [message: string, help: string];
}

export const SPEC = {
  // How a spec is written
  "source-too-large": {
    number: 1,
    title: "File too large",
    meaning:
      "A spec is read as a whole, and 1 MiB is more than a person writes. Put what is shared into files that others import.",
  },
  "strange-character": {
    number: 2,
    title: "Unknown character",
    meaning:
      "Outside of texts and comments a spec is made of names, numbers, and `{ } ( ) [ ] : , * +`. Quotes that a word processor has turned are the most frequent of the strangers.",
  },
  "foreign-comment": {
    number: 3,
    title: "Comment of another language",
    meaning:
      "A comment begins with `//` and ends with its line; one that begins with `///` documents the entry below it.",
  },
  "single-quotes": { number: 4, title: "Single quotes", meaning: "Text stands in double quotes." },
  "unclosed-string": { number: 5, title: "Unclosed text", meaning: "A text ends on the line on which it begins." },
  "bad-escape": {
    number: 6,
    title: "Unknown escape",
    meaning: 'In a text a backslash stands before `"`, `\\`, `n`, `t` or a `u` with four hex digits.',
  },
  "broken-number": {
    number: 7,
    title: "Not a number",
    meaning:
      "Numbers are written as `10`, `1e-4`, `0.5` or `65_536`, sizes as `32x32`: height times width. There are no units.",
  },
  "hyphen-in-name": {
    number: 8,
    title: "Hyphen in a name",
    meaning: "Names are letters, digits and `_`. A hyphen would read as a subtraction, and there is none.",
  },
  "equals-sign": { number: 9, title: "`=` for `:`", meaning: "An entry is a name, a colon and a value." },
  semicolon: { number: 10, title: "Semicolon", meaning: "An entry ends with its line, or with a comma." },
  "missing-separator": {
    number: 11,
    title: "Separator missing",
    meaning:
      "Two entries on one line need a comma between them, and so do the items of a list and the arguments of a call, wherever lines end.",
  },
  "extra-comma": {
    number: 12,
    title: "Comma too many",
    meaning: "A comma separates two things; there may be one after the last.",
  },
  "brace-on-own-line": {
    number: 13,
    title: "`{` on its own line",
    meaning: "A line that ends an entry ends it: the `{` of a group stands on the line of its name.",
  },
  "missing-close": {
    number: 14,
    title: "Bracket never closed",
    meaning: "A bracket is still open where, by indentation or by the names that follow, it should have been closed.",
  },
  "extra-close": {
    number: 15,
    title: "Bracket too many",
    meaning: "A bracket closes what none has opened; often the one before it is the one too many.",
  },
  "wrong-close": { number: 16, title: "Brackets do not match", meaning: "A bracket is closed by one of another kind." },
  "nested-too-deep": {
    number: 17,
    title: "Nested too deep",
    meaning: "Brackets stand in one another beyond the limit, which no model needs.",
  },
  "misplaced-sum": {
    number: 18,
    title: "Arithmetic",
    meaning:
      "`*` and `+` stack blocks in `layers`. Everywhere else a number is written out, so that a spec says what it says.",
  },
  "needs-name": {
    number: 19,
    title: "Name missing",
    meaning: "Modalities, blocks and ablations are called something: `block mixer: mamba { … }`.",
  },
  "takes-no-name": {
    number: 20,
    title: "Name too many",
    meaning: "Only modalities, blocks and ablations have names of their own.",
  },
  "unnamed-argument": {
    number: 21,
    title: "Argument without a name",
    meaning: "The arguments of a call are named, `adamw(lr: 1e-3)`, but for the one that some calls take without.",
  },
  "second-positional": {
    number: 22,
    title: "Second argument without a name",
    meaning: "A call takes one argument without a name at most.",
  },
  unexpected: {
    number: 23,
    title: "Unexpected word",
    meaning: "Something stands where an entry or a value cannot begin.",
  },
  // Fields and values
  duplicate: {
    number: 101,
    title: "Given twice",
    meaning:
      "A key has one value in a group. Two files may give it, where one imports the other; the importing file wins.",
  },
  "reserved-name": {
    number: 102,
    title: "Reserved name",
    meaning:
      "Names of sections and of what every spec has cannot be names of modalities or blocks: paths such as `train.seed` would mean two things.",
  },
  "unknown-field": {
    number: 103,
    title: "Unknown field",
    meaning: "The group has no such field. `mom explain` tells the fields of each group and kind.",
  },
  "missing-field": { number: 104, title: "Missing field", meaning: "A field that has no default is not given." },
  "unknown-kind": {
    number: 105,
    title: "Unknown kind",
    meaning: "What stands there has kinds, and this is none of them.",
  },
  "missing-kind": { number: 106, title: "Kind missing", meaning: "The value has to say of which kind it is." },
  "wrong-type": {
    number: 107,
    title: "Wrong type",
    meaning: "The value is of another type than the field: a text where a number belongs, a number where a size does.",
  },
  "out-of-range": {
    number: 108,
    title: "Out of range",
    meaning: "The value is of the right type, and outside of what the field may be.",
  },
  "unknown-word": { number: 109, title: "Unknown word", meaning: "The field takes one of a few words." },
  "wrong-count": {
    number: 110,
    title: "Wrong number of items",
    meaning: "The list has more or fewer items than the field takes.",
  },
  "nothing-to-explain": {
    number: 111,
    title: "Nothing to explain",
    meaning: "`mom explain` knows paths of fields, kinds, and the codes of mistakes.",
  },
  "no-name": {
    number: 112,
    title: "Not a name",
    meaning:
      "A key of a spec in JSON is a name of the language, or several joined by dots: it must be possible to write it.",
  },
  // Files and imports
  "file-missing": {
    number: 201,
    title: "File not found",
    meaning: "The spec that was named on the command line, or a file that the data or an option name, is not there.",
  },
  "import-missing": {
    number: 202,
    title: "Imported file not found",
    meaning: "Paths of imports are relative to the file in which they stand.",
  },
  "import-outside": {
    number: 203,
    title: "Import outside the project",
    meaning:
      "A spec may read what is in its project: the folder of the nearest package.json, or else of the file that was named. Links are followed first. `--allow DIR`, or MOM_ALLOW, opens another folder.",
  },
  "import-cycle": {
    number: 204,
    title: "Imports in a circle",
    meaning: "A file cannot import itself, by whatever way.",
  },
  "import-inside": {
    number: 205,
    title: "Import inside a group",
    meaning: "A file is imported as a whole, so `import` stands outside of every group.",
  },
  "too-many-imports": {
    number: 206,
    title: "Too many imports",
    meaning: "A spec may come from a limited number of files.",
  },
  "nothing-to-remove": {
    number: 207,
    title: "Nothing to remove",
    meaning: "`remove` takes away what an imported file gives, and none gives this.",
  },
  "file-outside": {
    number: 208,
    title: "File outside the project",
    meaning:
      "A spec may only name files in its project, so that a spec from elsewhere cannot read your other files. `--allow DIR`, or MOM_ALLOW, opens another folder.",
  },
  "file-unreadable": {
    number: 211,
    title: "Unreadable file",
    meaning:
      "A file that the spec, its data or an option name is missing, a folder, a FIFO or a device, or you lack the permission to read it.",
  },
  "not-utf-8": {
    number: 209,
    title: "Not UTF-8",
    meaning: "Specs are UTF-8. `mom fmt` rewrites no file in which it would lose a character.",
  },
  "not-json": {
    number: 210,
    title: "Not JSON",
    meaning: "A file that ends with `.json`, or is given to `mom fmt --from json`, is a spec in JSON, to the letter.",
  },
} as const satisfies Readonly<Record<string, Mistake>>;
