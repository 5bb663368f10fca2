// Errors about runs, their files, devices, options and data. Numbers from 500.
import type { ErrorEntry } from "./spec.js";

export const RUN = {
  // Runs and their files
  "run-exists": {
    number: 501,
    title: "The output folder exists",
    meaning: "A run never overwrites another. `--resume` continues it; `--out` selects another folder.",
  },
  "run-in-use": {
    number: 502,
    title: "Run in use",
    meaning: "Another process is training this run. Two processes would corrupt it.",
  },
  "no-run": { number: 503, title: "Not a run", meaning: "The folder does not contain a run." },
  "no-checkpoint": {
    number: 504,
    title: "Missing checkpoint",
    meaning: "The run has not reached this checkpoint, or has deleted it.",
  },
  "bad-checkpoint": {
    number: 505,
    title: "Invalid checkpoint",
    meaning: "A file of the checkpoint is missing, truncated or changed.",
  },
  "no-whole-checkpoint": {
    number: 506,
    title: "No intact checkpoint",
    meaning: "All checkpoints of the run are damaged.",
  },
  "damaged-checkpoint": {
    number: 507,
    severity: "warning",
    title: "Damaged checkpoint",
    meaning: "The newest checkpoint is damaged, so the previous one is used. The steps after it are trained again.",
  },
  "damaged-metrics": {
    number: 508,
    title: "Damaged metrics",
    meaning: "A line in the record of losses is invalid.",
  },
  "other-spec": {
    number: 509,
    title: "The spec has changed",
    meaning:
      "A resume can change steps, rates, schedule, batch, validation and checkpoints. With another value of any other field, it would not be the same run.",
  },
  "other-data": {
    number: 510,
    title: "The data have changed",
    meaning: "A run can be resumed only with the documents that it was trained on, and more of them at the end.",
  },
  "other-init": {
    number: 511,
    title: "The initial weights have changed",
    meaning: "The weights that the run started from have changed on disk.",
  },
  "other-kernels": {
    number: 512,
    severity: "warning",
    title: "Different kernels",
    meaning:
      "The run continues with other kernel variants than it started with. They are equally accurate, but the results are not identical to the last bit.",
  },
  disk: {
    number: 513,
    title: "Write failed",
    meaning: "The disk refused a write. The new file was not written; an existing one is unchanged.",
  },
  "folder-exists": {
    number: 514,
    title: "The compiled folder exists",
    meaning:
      "`mom compile` does not overwrite an existing folder. `--force` replaces one that `mom compile` made; `-o` selects another.",
  },
  "other-format": {
    number: 515,
    title: "Run of another format",
    meaning:
      "An earlier version of mom made this run. It can be evaluated, sampled and used as `init`, but not resumed exactly.",
  },
  "lost-metrics": {
    number: 516,
    severity: "warning",
    title: "Missing records",
    meaning:
      "The record of losses or of times is missing or incomplete. The run continues, and its report has a gap; the weights are not affected.",
  },
  "other-trainer": {
    number: 519,
    title: "Run of another trainer",
    meaning:
      "PyTorch began this run of an ablation and mom should continue it, or the other way round. Neither reads the other's checkpoints.",
    example: [
      "PyTorch began the run in runs/a-size/variants/0f3c, so mom itself cannot continue it.",
      "Continue it with `--target torch`, or remove that folder to start the run again.",
    ],
  },
  "tracker-failed": {
    number: 518,
    severity: "warning",
    title: "Tracker failed",
    meaning:
      "The module that `--track` names threw an error, took too long, or was slower than the run. The run itself is not affected.",
  },
  // Devices
  "too-large": {
    number: 601,
    title: "Too large for the device",
    meaning: "A tensor or buffer of the step exceeds what the device can bind or hold at once.",
  },
  diverged: {
    number: 602,
    title: "Training diverged",
    meaning: "A loss or a gradient became NaN or infinite. The checkpoint before it is intact.",
  },
  "no-f16": {
    number: 603,
    title: "No f16 support",
    meaning: "The spec sets `precision: f16`, and the device has no 16-bit floats.",
    example: [
      "The spec sets `precision: f16`, but webgpu-default has no 16-bit floats.",
      "Set precision: f32, or use another device.",
    ],
  },
  "no-adapter": {
    number: 604,
    title: "No device",
    meaning: "No adapter was found, or it provides no device. `mom doctor` shows what is missing.",
    example: ["No adapter was found.", "`mom doctor` shows what is missing and how to install it."],
  },
  "device-failed": {
    number: 605,
    title: "Device failure",
    meaning: "The device was lost, ran out of memory, or computes wrong results. The last checkpoint is intact.",
    example: ["The device was lost: unknown.", "Run the command again; `--resume` continues from the last checkpoint."],
  },
  // Arguments of commands: options, files, data, weights
  "bad-option": {
    number: 701,
    title: "Invalid option",
    meaning: "An option of a command or of the API does not fit the model, the data or the run.",
    example: ["--share names speech, which is not a modality of the spec.", "Name a modality of the spec."],
  },
  "bad-environment": {
    number: 702,
    title: "Invalid environment variable",
    meaning: "An environment variable that mom reads has an invalid value.",
    example: ['MOM_DECODER_SECONDS is "soon"', "Set it to a number of seconds above 0, or unset it."],
  },
  "cannot-sample": {
    number: 703,
    title: "Nothing to sample",
    meaning: "The model was not trained to do this, or the prompt leaves no room for a sample.",
    example: [
      "The prompt is empty, and models are not trained to predict how a document starts.",
      "Add --prompt or --image, or select a modality other than text with --modality.",
    ],
  },
  "file-exists": {
    number: 704,
    title: "File exists",
    meaning: "mom does not overwrite a file that you may still need.",
    example: ["first.mom already exists.", "Choose another path, or add --force."],
  },
  "bad-record": {
    number: 705,
    title: "Malformed run file",
    meaning: "A file of a run or a compiled folder is not in the format that mom writes. The weights are not affected.",
    example: [
      "runs/emoji/metrics.jsonl: line 12 is not JSON.",
      "Restore the file from a copy, or remove it. The weights are not affected.",
    ],
  },
  "bad-compiled-folder": {
    number: 706,
    title: "Damaged compiled folder",
    meaning: "A file of a compiled folder is missing, or its plan is invalid.",
    example: ["kernels/head.wgsl is missing", "Restore it, or compile the spec again with `mom compile`."],
  },
  "bad-checksum": {
    number: 707,
    title: "Checksum mismatch",
    meaning: "The contents of a file do not match its SHA-256 checksum in the list beside it.",
    example: [
      "model.safetensors does not match its checksum in SHA256SUMS.",
      "Restore the original file. If you changed it on purpose, remove or update the list.",
    ],
  },
  "bad-json-line": {
    number: 708,
    title: "Malformed JSON Lines file",
    meaning: "A data file must have one JSON object per line, in UTF-8.",
    example: ["pets.jsonl:3: not JSON (Unexpected end of JSON input)", 'Like this: {"segments": [{"text": "a cat"}]}'],
  },
  "bad-document": {
    number: 709,
    title: "Malformed document",
    meaning: "A document is a list of segments, and a modality of the model must accept each segment.",
    example: [
      "pets.jsonl:3: unknown kind of segment, with picture",
      'Like this: {"segments": [{"text": "a cat"}, {"image": "cat.png"}]}',
    ],
  },
  "bad-picture": {
    number: 710,
    title: "Unreadable picture",
    meaning: "A picture must be a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file whose pixels fit in memory.",
    example: [
      "pets.jsonl:3: the image cannot be read (unsupported image format)",
      "Use a PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG file.",
    ],
  },
  "bad-recording": {
    number: 711,
    title: "Unreadable recording",
    meaning:
      "A recording must be an intact WAV file with uncompressed samples, or an intact FLAC file, with a common sample rate.",
    example: ['low.wav: the file has no "data" chunk', "Save it again as a WAV file."],
  },
  "wrong-layout": {
    number: 723,
    title: "File of another layout",
    meaning: "A source reads one layout of files. This file has another one, which another source reads.",
    example: [
      "shards/000.parquet: it is a Parquet file, which `files` does not read",
      'Use parquet("shards/000.parquet", text: caption, image: image).',
    ],
  },
  "bad-latent": {
    number: 712,
    title: "Unreadable latent",
    meaning: "A latent must be an array of finite numbers in the modality's shape, in a NumPy or safetensors file.",
    example: [
      "pets.jsonl:3: the latent has the shape [4,8,8], not [4,16,16]",
      "Encode the picture again with the sizes of the spec.",
    ],
  },
  "bad-tensors": {
    number: 713,
    title: "Malformed safetensors file",
    meaning: "A safetensors file is a JSON header followed by the tensors that it lists, in order and without gaps.",
    example: [
      "model.safetensors: the header should have 9000 bytes, but only 4096 follow",
      "The file is truncated: download or copy it again.",
    ],
  },
  "untokenizable-text": {
    number: 714,
    title: "Text without tokens",
    meaning: "The tokenizer gives no ids for a text; the Python library `tokenizers` raises an error for it, too.",
    example: [
      'pets.jsonl:3: the text has "☃", which is not in the vocabulary, and the tokenizer has no unknown token (unk_id)',
      "Remove it from the text, or use a tokenizer whose vocabulary covers it.",
    ],
  },
  "bad-shard": {
    number: 715,
    title: "Damaged data cache",
    meaning: "A file in the cache of prepared data is damaged, or belongs to another model.",
    example: [
      "shard-0.safetensors: the shard's checksum does not match its contents",
      "Remove the file; the data are prepared again.",
    ],
  },
  "no-documents": {
    number: 716,
    title: "No documents",
    meaning: "There are no documents to train on, or none are held out for validation.",
    example: ["no document is left to train on: 1 in total, 1 held out", "Add documents, or lower data.held_out."],
  },
  "document-too-long": {
    number: 717,
    title: "Document too long",
    meaning:
      "A document must fit into a sequence, unless its source cuts it off (`long: cut`) or splits it (`long: split`), or `carry` continues it in the next one.",
    example: [
      "pets.jsonl:3 takes 900 positions, but data.length is 512",
      "Raise data.length, or add `long: cut` or `long: split` to the source.",
    ],
  },
  "other-weights": {
    number: 718,
    title: "Weights do not fit",
    meaning: "The initial weights, or the state of a checkpoint, do not match the model in the spec.",
    example: [
      "embed.weight has the shape [512, 256] in the spec, but [300, 256] in init.safetensors.",
      "Use the sizes, modalities and vocabulary of those weights in the spec, or remove that tensor from a copy of the file.",
    ],
  },
  "no-weights": {
    number: 719,
    title: "No weights",
    meaning: "`init`, `mom eval` and `mom sample` take the folder of a run, a checkpoint or a safetensors file.",
    example: [
      "emoji.mom is a spec, which has no weights.",
      "Pass the folder of a run, or a checkpoint's folder with --checkpoint.",
    ],
  },
  "other-tensors": {
    number: 720,
    title: "Tensors do not fit",
    meaning: "`mom trace` reads tensors by name, with the shapes that follow from the spec.",
    example: [
      "The tensor batch.0.modality is missing.",
      "Add it to the file. `mom trace --help` lists the tensors; --prefix is the prefix of the parameters' names.",
    ],
  },
  "missing-program": {
    number: 721,
    title: "Missing program or package",
    meaning: "Another program or an npm package is missing, or it failed.",
    example: ["the program espeak-ng is not installed", "On Debian or Ubuntu: apt-get install espeak-ng"],
  },
  "bad-message": {
    number: 722,
    title: "Malformed message",
    meaning:
      "`mom lsp` speaks the language server protocol on standard input and output: headers, an empty line, JSON.",
    example: ["The header has no Content-Length.", "`mom lsp` should be started by an editor."],
  },
  "port-in-use": {
    number: 724,
    title: "Port not available",
    meaning: "`mom watch` cannot serve its page on this port.",
    example: ["The port 8080 is in use.", "Choose another with --port, or omit the option."],
  },
  "bad-tracker": {
    number: 725,
    title: "Invalid tracker",
    meaning: "The module that `--track` names cannot be loaded, or has no function that a run calls.",
    example: [
      "track.mjs exports none of `start`, `step`, `sample` and `end`.",
      "Export at least one of them as a function.",
    ],
  },
  "run-taken-over": {
    number: 726,
    title: "Run taken over",
    meaning:
      "This process showed no sign of life for two minutes, because it was paused or its machine was cut off from the shared folder. A process on another machine resumed its run, and this one stopped without writing to it.",
    example: [
      "Another process has taken over runs/size/variants/1f2e3d4c5b6a.",
      "This process was paused or cut off for so long that the run was resumed elsewhere, where it continues.",
    ],
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
