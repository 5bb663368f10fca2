#!/bin/sh
# Runs the ablation on this machine with GNU parallel, then writes the report.
# Run it again to train what is left: runs that are done end at once, the others continue from their checkpoints.
set -eu
cd -- "$(dirname -- "$0")"
. ./sweep.sh
mkdir -p logs
found=$(ls -d /dev/nvidia[0-9]* 2>/dev/null | wc -l)
if [ -n "$gpus" ] && [ "$found" -gt 0 ] && [ "${at_a_time:-1}" -gt "$found" ]; then
  echo "$at_a_time runs at a time need $at_a_time GPUs, and there are $found. Emit the jobs with --jobs $found." >&2
  exit 2
fi
seq 0 "$((runs - 1))" |
  parallel --jobs "${at_a_time:-1}" --joblog logs/jobs.tsv --retries "$((retries + 1))" --line-buffer \
    sh ./train.sh '{}' '{%}' || true
(cd -- "$project" && mom --report)
