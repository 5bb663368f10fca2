// Every mistake there is: its number, which never changes hands, its name, and what it means.
// Numbers go by rooms of a hundred; a mistake that is no more leaves a gap.

/** What is said of a mistake wherever it is met. */
export interface Mistake {
  readonly number: number;
  /** `error` where nothing is said: a warning tells of what is legal and surely unwanted. */
  readonly severity?: "warning";
  /** What goes wrong, in a few words; a message may name the bracket or the word that it is about. */
  readonly title: string;
  /** Why it is a mistake, and what to do instead. */
  readonly meaning: string;
}

const MISTAKES_BY_NAME = {
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
    meaning: "The spec that was named on the command line is not there.",
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
    meaning: "A file that the spec names is a folder, a FIFO or a device, or you lack the permission to read it.",
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
  // The model and its training
  "name-taken": {
    number: 301,
    title: "Name taken",
    meaning: "Modalities and blocks share their names with paths, so each name is one thing.",
  },
  "no-text-modality": {
    number: 302,
    title: "No text modality",
    meaning:
      "Document ends, padding and the marks around pictures are tokens, and tokens belong to a `bytes` or `tokens` modality.",
  },
  "unknown-modality": {
    number: 303,
    title: "Unknown modality",
    meaning: "The name is that of no modality of the spec.",
  },
  "unknown-block": { number: 304, title: "Unknown block", meaning: "The name is that of no block of the spec." },
  "unused-block": {
    number: 305,
    severity: "warning",
    title: "Unused block",
    meaning: "The block is declared and `layers` does not name it: it costs nothing and does nothing.",
  },
  "not-layers": {
    number: 306,
    title: "Not a stack of blocks",
    meaning: "`layers` is made of blocks, of sums, and of whole numbers times them: `2 * (mixer + dense) + mixer`.",
  },
  "too-many-layers": { number: 307, title: "Too many layers", meaning: "A stack has a limited number of layers." },
  "group-misses": {
    number: 308,
    title: "Modality in no group",
    meaning: "Every modality uses some copy of a projection that is decoupled in groups.",
  },
  "group-repeats": {
    number: 309,
    title: "Modality in two groups",
    meaning: "A modality uses one copy of a projection.",
  },
  "part-twice": { number: 310, title: "Part listed twice", meaning: "A projection is decoupled once." },
  "part-absent": {
    number: 311,
    severity: "warning",
    title: "No such part",
    meaning: "The block leaves out what is decoupled.",
  },
  "decoupled-from-none": {
    number: 312,
    severity: "warning",
    title: "Nothing to decouple from",
    meaning:
      "A projection is decoupled in a spec with one modality, or so that all modalities share one copy: that is the shared projection.",
  },
  "heads-do-not-divide": {
    number: 313,
    title: "Heads do not fit",
    meaning: "The heads of attention share the channels evenly.",
  },
  "kv-heads-do-not-divide": {
    number: 314,
    title: "Heads of keys do not fit",
    meaning: "Each head of keys and values serves as many query heads as the others.",
  },
  "head-too-large": {
    number: 315,
    title: "Heads too large",
    meaning: "Kernels of attention hold a head in registers, up to a limit of channels.",
  },
  "carry-with-attention": {
    number: 316,
    title: "Nothing to carry",
    meaning: "Only recurrent blocks hand a state on from one sequence to the next.",
  },
  "patch-does-not-divide": {
    number: 317,
    title: "Patches do not fit",
    meaning: "Patches tile a picture: its height is a multiple of theirs, its width too. Sizes are height times width.",
  },
  "length-too-small": {
    number: 318,
    title: "Sequence too short",
    meaning: "A sequence holds a whole picture and its two marks at least.",
  },
  "length-leaves-chunk": {
    number: 319,
    severity: "warning",
    title: "Length leaves most of a chunk",
    meaning:
      "The scan goes through a sequence in chunks, and a last one that is nearly empty takes as long as a full one.",
  },
  "vocabulary-missing": {
    number: 320,
    title: "No vocabulary",
    meaning: "The modality says neither how many ids it has nor where that is written.",
  },
  "vocabulary-too-small": {
    number: 321,
    title: "Vocabulary too small",
    meaning: "The marks of a spec are among the ids of the modality that owns them, and leave none for tokens.",
  },
  "vocabulary-uneven": {
    number: 322,
    severity: "warning",
    title: "Vocabulary of no even size",
    meaning:
      "The head multiplies by the whole vocabulary, and its kernels read four numbers at a time, where sizes are multiples of four. Up to three ids that are never used cost less.",
  },
  tokenizer: {
    number: 323,
    title: "Tokenizer that cannot be used",
    meaning:
      "A tokenizer.json gives the same ids as the Python library `tokenizers`, or is refused: an option that is not supported is named before anything is trained.",
  },
  codebook: {
    number: 324,
    title: "Codebook that cannot be read",
    meaning: "The codes of a codebook are counted from its file before anything is trained.",
  },
  "no-objective": {
    number: 325,
    severity: "warning",
    title: "Modality without objective",
    meaning: "Nothing is learned of a modality that has no objective, but for what it lends to others as context.",
  },
  "objective-does-not-fit": {
    number: 326,
    title: "Objective does not fit",
    meaning: "`cross_entropy` predicts tokens and codes, `ddpm` and its like pictures.",
  },
  "weight-of-nothing": {
    number: 327,
    severity: "warning",
    title: "Objective of weight 0",
    meaning: "An objective whose weight is 0 is computed and teaches nothing.",
  },
  "warmup-too-long": {
    number: 328,
    severity: "warning",
    title: "Warm-up never ends",
    meaning: "The learning rate rises until the run ends and never reaches what the spec says.",
  },
  // Ablations
  "missing-vary": { number: 401, title: "Nothing varies", meaning: "An ablation varies at least one path." },
  "unknown-path": {
    number: 402,
    title: "Unknown path",
    meaning:
      "A path begins with a block or a section and goes from field to field: `mixer.d_state`, `train.optimizer.lr`. `mom explain` knows them.",
  },
  "path-to-group": {
    number: 403,
    title: "Path of a group",
    meaning: "What varies is a field with a value, not a group of fields.",
  },
  "varied-twice": {
    number: 404,
    title: "Varied twice",
    meaning: "Two paths of one ablation lead to the same field, or one into the other.",
  },
  "not-values": {
    number: 405,
    title: "Not a list of values",
    meaning: "What a path takes is a list, or a call that makes one: `subsets`, `grid`, `range`, `sample`.",
  },
  "value-does-not-fit": {
    number: 406,
    title: "Value does not fit",
    meaning: "With this value in its place the spec would be wrong.",
  },
  "empty-range": { number: 407, title: "Empty range", meaning: "A range that ends before it begins has no values." },
  "log-of-negative": {
    number: 408,
    title: "Logarithm of zero or less",
    meaning: "On a logarithmic scale there is no zero.",
  },
  "too-many-variants": {
    number: 409,
    title: "Too many variants",
    meaning: "Paths multiply, and an ablation may have a limited number of variants.",
  },
  "too-many-ablations": {
    number: 410,
    title: "Too many ablations",
    meaning: "A spec may have a limited number of `ablate` blocks.",
  },
  "baseline-not-varied": {
    number: 411,
    title: "Baseline of what does not vary",
    meaning: "The baseline names the values of one arm, so it names paths that vary.",
  },
  "baseline-not-a-variant": { number: 412, title: "No such arm", meaning: "The baseline is one of the arms." },
  "nothing-to-widen": {
    number: 413,
    title: "No baseline to widen",
    meaning: "`widen_baseline` makes the baseline as large as the widest arm, so there has to be a baseline.",
  },
  "equal-arms": {
    number: 414,
    title: "Two arms are the same spec",
    meaning: "Arms that are spelled differently and mean the same are compared with themselves.",
  },
  "repeated-seed": { number: 415, title: "A seed twice", meaning: "Replicates with one seed are one run." },
  "wrong-arm": {
    number: 416,
    title: "An arm is no right spec",
    meaning: "One of the combinations makes a spec that is wrong.",
  },
  "no-ablation": {
    number: 417,
    title: "No ablation in the spec",
    meaning: "The file has no `ablate` block, so there is nothing to make.",
  },
  "unknown-ablation": {
    number: 418,
    title: "No such ablation",
    meaning: "The file has no `ablate` block of that name.",
  },
  "which-ablation": {
    number: 419,
    title: "Which ablation?",
    meaning: "The file has several `ablate` blocks; `--name` chooses one.",
  },
  "no-variant": {
    number: 420,
    title: "No such variant",
    meaning: "Variants are numbered from 0, as `--list` shows them.",
  },
  "nothing-trained": {
    number: 421,
    title: "Nothing has been trained",
    meaning: "A report is made from runs, and there are none yet.",
  },
  // Runs and their files
  "run-exists": {
    number: 501,
    title: "The output folder exists",
    meaning: "A run never writes over another. `--resume` goes on with it, `--out` takes another folder.",
  },
  "run-in-use": {
    number: 502,
    title: "The run is being trained",
    meaning: "Two processes that write one run would spoil it.",
  },
  "no-run": { number: 503, title: "Not a run", meaning: "The folder lacks what every run has." },
  "no-checkpoint": {
    number: 504,
    title: "No such checkpoint",
    meaning: "The run has not come to that checkpoint, or keeps it no longer.",
  },
  "bad-checkpoint": {
    number: 505,
    title: "Not a whole checkpoint",
    meaning: "Something of the checkpoint is missing or cut off.",
  },
  "no-whole-checkpoint": {
    number: 506,
    title: "No checkpoint is whole",
    meaning: "None of the checkpoints can be read.",
  },
  "damaged-checkpoint": {
    number: 507,
    severity: "warning",
    title: "Damaged checkpoint",
    meaning:
      "The last checkpoint cannot be read, and the one before it is used instead: what came after it is trained again.",
  },
  "damaged-metrics": {
    number: 508,
    title: "Damaged metrics",
    meaning: "The record of losses has a line that is none.",
  },
  "other-spec": {
    number: 509,
    title: "The spec has changed",
    meaning: "A run goes on as what it began: with another spec it would be another run.",
  },
  "other-data": {
    number: 510,
    title: "The data have changed",
    meaning: "A run goes on with the documents that it began with, or its numbers would mean nothing.",
  },
  "other-init": {
    number: 511,
    title: "Other weights to start from",
    meaning: "The weights that a run began with have changed on the disk.",
  },
  "other-kernels": {
    number: 512,
    severity: "warning",
    title: "Other kernels than before",
    meaning:
      "The run goes on with other variants of kernels than it began with: as near to the truth, but not the same to the last bit.",
  },
  disk: {
    number: 513,
    title: "The disk refused a write",
    meaning: "What was being written is not there, and what was there before still is.",
  },
  "folder-exists": {
    number: 514,
    title: "The compiled folder exists",
    meaning:
      "A compiled folder is not written over another: `--force` makes one anew that holds nothing else, `-o` names another.",
  },
  "other-format": {
    number: 515,
    title: "A run of another format",
    meaning:
      "An earlier version of mom made the run. It can be evaluated, sampled and used as `init`, but not resumed exactly.",
  },
  "lost-metrics": {
    number: 516,
    severity: "warning",
    title: "Missing records",
    meaning:
      "The record of losses or of times is missing or incomplete. The run goes on, and its report has a gap; the weights do not depend on it.",
  },
  // Devices
  "too-large": {
    number: 601,
    title: "Too large for the device",
    meaning: "Something of the step is larger than what the device can bind or hold at once.",
  },
  diverged: {
    number: 602,
    title: "Training diverged",
    meaning: "A loss or a gradient stopped being a number. The checkpoint before it is whole.",
  },
} as const satisfies Readonly<Record<string, Mistake>>;

/** The readable name of a mistake. */
export type MistakeName = keyof typeof MISTAKES_BY_NAME;

/** Names in the order of their numbers. */
export const MISTAKES: Readonly<Record<MistakeName, Mistake>> = MISTAKES_BY_NAME;

export const MISTAKE_NAMES = Object.keys(MISTAKES) as MistakeName[];

/** What is printed, and what `mom explain` unfolds: `MOM0103`. */
export const codeOf = (name: MistakeName): string => `MOM${String(MISTAKES[name].number).padStart(4, "0")}`;

/** A name by itself or by its code, in either case; undefined where there is none. */
export function mistakeNamed(text: string): MistakeName | undefined {
  return MISTAKE_NAMES.find((name) => name === text.toLowerCase() || codeOf(name) === text.toUpperCase());
}
