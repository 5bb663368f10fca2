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
} as const satisfies Readonly<Record<string, Mistake>>;
