// What goes wrong with runs, their files and devices. Numbers from 500.
import type { Mistake } from "./spec.js";

export const RUN = {
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
  "no-f16": {
    number: 603,
    title: "No 16-bit floats",
    meaning: "The spec asks for `precision: f16`, and the device computes with 32-bit floats alone.",
    example: [
      "The spec asks for precision f16, and webgpu-default has no 16-bit floats.",
      "Set precision: f32, or take another device.",
    ],
  },
  "no-adapter": {
    number: 604,
    title: "No device",
    meaning: "No adapter that Dawn accepts is installed, or it gives no device. `mom doctor` shows what is missing.",
    example: ["There is no adapter to run on.", "`mom doctor` shows what is missing and how to get it."],
  },
  "device-failed": {
    number: 605,
    title: "The device failed",
    meaning: "The device was lost, ran out of memory, or computes wrongly. The last checkpoint is whole.",
    example: ["The device was lost: unknown.", "Run the command again; `--resume` goes on from the last checkpoint."],
  },
  // What commands are given: options, files, data, weights
  "bad-option": {
    number: 701,
    title: "Option refused",
    meaning: "An option of a command or of the API asks for what the model, the data or the run can't give.",
    example: ["--share names speech, which is no modality of the spec.", "Name a modality of the spec."],
  },
  "bad-environment": {
    number: 702,
    title: "Environment variable refused",
    meaning: "A variable of the environment that mom reads has a value that it can't use.",
    example: ['MOM_DECODER_SECONDS is "soon"', "Give a number of seconds above 0, or unset it."],
  },
  "cannot-sample": {
    number: 703,
    title: "Nothing to sample",
    meaning: "The model has not learned what is asked of it, or the prompt leaves no room for it.",
    example: [
      "There is nothing to go on from, and how a document begins is never learned.",
      "Begin it with --prompt or --image, or ask for another modality than the text's with --modality.",
    ],
  },
  "file-exists": {
    number: 704,
    title: "File exists",
    meaning: "mom writes over no file that you may still need.",
    example: ["first.mom exists, and nothing is written over.", "Give another path, or --force."],
  },
  "bad-record": {
    number: 705,
    title: "Malformed run file",
    meaning: "A file that a run or a compiled folder keeps is not what mom writes. No weight depends on it.",
    example: [
      "runs/emoji/metrics.jsonl: line 12 is not JSON.",
      "Restore the file from a copy, or remove it: no weight depends on it.",
    ],
  },
  "bad-compiled-folder": {
    number: 706,
    title: "Damaged compiled folder",
    meaning: "A folder of `mom compile` lacks a file, or its plan is not one that its trainer can run.",
    example: ["kernels/head.wgsl is missing", "Put it back. Compile the spec again with `mom compile`."],
  },
  "bad-checksum": {
    number: 707,
    title: "Checksum does not match",
    meaning: "A file is not what the list of SHA-256 sums beside it says.",
    example: [
      "model.safetensors is not what its sum in SHA256SUMS says.",
      "Restore the file from where it came from; if you changed it on purpose, remove the list or write it again.",
    ],
  },
  "bad-json-line": {
    number: 708,
    title: "Malformed JSON Lines file",
    meaning: "A data file holds one JSON object a line, in UTF-8.",
    example: ["pets.jsonl:3: not JSON (Unexpected end of JSON input)", 'Like this: {"segments": [{"text": "a cat"}]}'],
  },
  "bad-document": {
    number: 709,
    title: "Malformed document",
    meaning: "A document is a list of segments, each of a kind that a modality of the model takes.",
    example: [
      "pets.jsonl:3: a segment of an unknown kind, with picture",
      'Like this: {"segments": [{"text": "a cat"}, {"image": "cat.png"}]}',
    ],
  },
  "bad-picture": {
    number: 710,
    title: "Unreadable picture",
    meaning: "A picture is a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file whose pixels fit in memory.",
    example: [
      "pets.jsonl:3: not an image that can be read (unsupported image format)",
      "Use a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file.",
    ],
  },
  "bad-recording": {
    number: 711,
    title: "Unreadable recording",
    meaning: "A recording is a WAV file of uncompressed samples or a FLAC file, whole and of a usual rate.",
    example: ['low.wav: the file has no "data" chunk', "Save it again as a WAV file."],
  },
  "bad-latent": {
    number: 712,
    title: "Unreadable latent",
    meaning: "A latent is an array of finite numbers of the modality's shape, in a NumPy or safetensors file.",
    example: [
      "pets.jsonl:3: the latent has the shape [4,8,8], not [4,16,16]",
      "Encode the picture again with the sizes of the spec.",
    ],
  },
  "bad-tensors": {
    number: 713,
    title: "Malformed safetensors file",
    meaning: "A safetensors file is a header in JSON and the tensors that it names, one after the other, without gaps.",
    example: [
      "model.safetensors: the header claims 9000 bytes, and 4096 follow",
      "The file is cut off: download or copy it again.",
    ],
  },
  "untokenizable-text": {
    number: 714,
    title: "Text without tokens",
    meaning: "The tokenizer gives no ids to the text, as the Python library `tokenizers` does not.",
    example: [
      'pets.jsonl:3: the text has "☃", which the vocabulary lacks, and the tokenizer has no unknown token (unk_id)',
      "Remove it from the text, or use a tokenizer whose vocabulary covers it.",
    ],
  },
  "bad-shard": {
    number: 715,
    title: "Damaged data cache",
    meaning: "Prepared data are kept in a cache, and a file of it is not whole or not of this model.",
    example: [
      "shard-0.safetensors: the shard's checksum does not match its contents",
      "Remove the file; the data are prepared again.",
    ],
  },
  "no-documents": {
    number: 716,
    title: "No documents",
    meaning: "The data hold nothing to learn from, or nothing is held out to measure with.",
    example: ["no document is left to learn from: 1 in all, 1 held out", "Add documents, or lower data.held_out."],
  },
  "document-too-long": {
    number: 717,
    title: "Document too long",
    meaning: "A document must fit into a sequence, or the data carry it from one sequence to the next.",
    example: [
      "pets.jsonl:3 takes 900 positions, and data.length is 512",
      "Raise data.length, or shorten the document.",
    ],
  },
  "other-weights": {
    number: 718,
    title: "Weights do not fit",
    meaning: "The weights to start from, or a checkpoint's state, are not those of the model in the spec.",
    example: [
      "embed.weight is 512×256 in the spec, and 300×256 in init.safetensors.",
      "Give the spec the sizes, modalities and vocabulary that those weights have, or leave that tensor out of a copy of the file.",
    ],
  },
  "no-weights": {
    number: 719,
    title: "No weights there",
    meaning: "`init`, `mom eval` and `mom sample` take the folder of a run, a checkpoint or a safetensors file.",
    example: [
      "emoji.mom is a spec, which has no weights of its own.",
      "Name the folder of a run, or a checkpoint's folder with --checkpoint.",
    ],
  },
  "other-tensors": {
    number: 720,
    title: "Tensors do not fit",
    meaning: "`mom trace` reads tensors by name, in the shapes that the spec gives them.",
    example: [
      "The tensors lack batch.0.modality.",
      "Write it into the file; `mom trace --help` names what is read, and --prefix is what stands before parameters.",
    ],
  },
  "missing-program": {
    number: 721,
    title: "Missing program or package",
    meaning: "What another program or an npm package does is not done: it is missing, or it failed.",
    example: ["there is no program espeak-ng here", "On Debian or Ubuntu: apt-get install espeak-ng"],
  },
  "bad-message": {
    number: 722,
    title: "Malformed message",
    meaning:
      "`mom lsp` speaks the language server protocol over its standard input and output: headers, a blank line, JSON.",
    example: ["The header has no Content-Length.", "`mom lsp` is started by an editor."],
  },
} as const satisfies Readonly<Record<string, Mistake>>;
