#!/bin/sh
# Runs the ablation on this machine with GNU parallel, then writes the report.
# Run it again to train what is left: runs that are done end at once, the others continue from their checkpoints.
set -eu
cd -- "$(dirname -- "$0")"
. ./sweep.sh
mkdir -p logs
found=$(ls -d /dev/nvidia[0-9]* 2>/dev/null | wc -l)
# Only some of them, if the caller has chosen.
[ "$choose_gpus" != cuda ] || [ -z "${CUDA_VISIBLE_DEVICES:-}" ] || found=$(echo "$CUDA_VISIBLE_DEVICES" | tr , '\n' | wc -l)
needed=$((${at_a_time:-1} * ${gpus:-0}))
if [ "$found" -gt 0 ] && [ "$needed" -gt "$found" ]; then
  echo "${at_a_time:-1} runs at a time need $needed GPUs, and there are $found. Emit the jobs with a lower --jobs or --gpus." >&2
  exit 2
fi
seq 0 "$((runs - 1))" |
  parallel --jobs "${at_a_time:-1}" --joblog logs/jobs.tsv --retries "$((retries + 1))" --line-buffer \
    sh ./train.sh '{}' '{%}' || true
(cd -- "$project" && mom --report)
