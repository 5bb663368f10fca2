#!/bin/sh
# Hides all GPUs but one from a command: sh isolate.sh SLOT COMMAND. Runs in a mount namespace of its own.
set -eu
slot=$1
shift
number=0
for device in /dev/nvidia[0-9]*; do
  number=$((number + 1))
  [ "$number" = "$slot" ] || mount --bind /dev/null "$device"
done
exec "$@"
