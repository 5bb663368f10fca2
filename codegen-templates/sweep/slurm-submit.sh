#!/bin/sh
# Submits the ablation to Slurm: an array with one task for each run, and a report that waits for the array.
# Options are those of sbatch and apply to both, for example: sh submit.sh --partition=long --time=04:00:00
# Submit again to train what is left: runs that are done end at once, the others continue from their checkpoints.
set -eu
cd -- "$(dirname -- "$0")"
. ./sweep.sh
mkdir -p logs

# Slurm's usual limit (MaxArraySize) is 1001, so more runs than that are several arrays.
size=1000
first=0
arrays=
while [ "$first" -lt "$runs" ]; do
  last=$((runs - first - 1))
  [ "$last" -lt "$size" ] || last=$((size - 1))
  id=$(FIRST=$first sbatch --parsable --export=ALL --array="0-$last${at_a_time:+%$at_a_time}" \
    ${gpus:+--gres="gpu:$gpus"} "$@" train.sh)
  arrays=$arrays:${id%%;*}
  first=$((first + size))
done
report=$(sbatch --parsable --dependency="afterany$arrays" "$@" report.sh)
echo "Array$(echo "$arrays" | tr : ' '), report ${report%%;*}. Logs: $PWD/logs"
