#!/bin/sh
#SBATCH --job-name=mom-report
#SBATCH --output=logs/report-%j.txt
# Writes the report when all tasks of the array have ended, however they ended.
. "$SLURM_SUBMIT_DIR/sweep.sh"
cd -- "$project" || exit
mom --report
