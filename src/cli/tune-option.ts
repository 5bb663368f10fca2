// The option `--tune` of the verbs that train on a device.
import { Option } from "commander";
import { DEFAULT_TUNE } from "../api/tuning.js";
import { TUNE_MODES } from "../tune/tune.js";

export const tuneOption = (): Option =>
  new Option(
    "--tune <mode>",
    "how kernel variants are chosen. off: the first that the device supports; cached: the fastest, if it was measured before; full: measure the others",
  )
    .choices(TUNE_MODES)
    .default(DEFAULT_TUNE);
