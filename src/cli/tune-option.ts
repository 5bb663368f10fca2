// `--tune`, for the verbs that train on a device.
import { Option } from "commander";
import { DEFAULT_TUNE } from "../api/tuning.js";
import { TUNE_MODES } from "../tune/tune.js";

export const tuneOption = (): Option =>
  new Option(
    "--tune <mode>",
    "which of a kernel's variants run: off: the first that the device takes; cached: the fastest, where that was measured before; full: measure what was not",
  )
    .choices(TUNE_MODES)
    .default(DEFAULT_TUNE);
