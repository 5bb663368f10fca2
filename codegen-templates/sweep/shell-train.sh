#!/bin/sh
# One run of the ablation: sh train.sh INDEX SLOT. A slot, from 1, is the GPUs of one run.
. ./sweep.sh
folder=$PWD
cd -- "$project" || exit
if [ -n "$gpus" ] && [ "$choose_gpus" = cuda ]; then
  first=$((($2 - 1) * gpus))
  last=$((first + gpus - 1))
  all=${CUDA_VISIBLE_DEVICES:-$(seq -s , 0 "$last")}
  CUDA_VISIBLE_DEVICES=$(echo "$all" | cut -d , -f "$((first + 1))-$((last + 1))")
  export CUDA_VISIBLE_DEVICES
elif [ -n "$gpus" ] && [ "$(ls -d /dev/nvidia[0-9]* 2>/dev/null | wc -l)" -gt 1 ] && [ -z "${ONE_GPU:-}" ]; then
  # The GPU cannot be chosen by name, so the run sees only its own. Without root, in a user namespace.
  cd -- "$folder" || exit
  user=
  [ "$(id -u)" = 0 ] || user='--user --map-root-user'
  ONE_GPU=yes exec unshare $user --mount sh ./isolate.sh "$2" sh ./train.sh "$1" "$2"
fi

try=0
while :; do
  code=0
  (mom --index "$1") >>"$folder/logs/$1.txt" 2>&1 || code=$?
  try=$((try + 1))
  worth_retry "$code" && [ "$code" != 130 ] && [ "$try" -le "$retries" ] || break
  echo "Run $1 ended with code $code; trying again."
done
[ "$code" = 0 ] || echo "Run $1 ended with code $code; its messages are in logs/$1.txt."
# Another try of a run that failed for good would fail again.
worth_retry "$code" || exit 0
exit "$code"
