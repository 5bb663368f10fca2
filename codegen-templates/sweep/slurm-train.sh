#!/bin/sh
#SBATCH --job-name=mom-train
#SBATCH --output=logs/%A_%a.txt
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
# One run of the ablation, as a task of a Slurm array. Before its time limit it saves, and continues in another round.
. "$SLURM_SUBMIT_DIR/sweep.sh"
cd -- "$project" || exit

child=
trap '[ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
mom --index "$((FIRST + SLURM_ARRAY_TASK_ID))" &
child=$!
wait "$child"
code=$?
# The signal ended the wait, not the run, which is saving.
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done

again=no
[ "$code" = 130 ] && again=yes
worth_retry "$code" && [ "${SLURM_RESTART_COUNT:-0}" -lt "$retries" ] && again=yes
# A cancelled task is no longer running, and stays cancelled.
if [ "$again" = yes ] && [ "$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)" = RUNNING ]; then
  echo "Ended with code $code; queued again."
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
