#!/usr/bin/env bash
# Times emitted PyTorch projects on one GPU and on several of a host, a row of rows.jsonl at a time.
#   bash bench/scale.sh prepare DIR [NAME …]   here, after npm run build: the projects of bench/scale/*.mom, without weights
#   bash bench/scale.sh run DIR [N …]          on the machine with GPUs and PyTorch: the rows that rows.jsonl lacks, on N GPUs each
#   bash bench/scale.sh row DIR ROW N NAME …   the same for one row, with options of scale.py
#   bash bench/scale.sh table DIR              the table, with efficiencies and differences of losses
set -euo pipefail
here=$(dirname "$0")
what=$1 folder=$2
shift 2

prepare() {
  node "$here/scale-documents.mjs" "$here/scale/documents.jsonl"
  mkdir -p "$folder"
  for name in ${*:-1.4b 760m a transformer b}; do
    node "$here/../bin/mom.mjs" compile "$here/scale/$name.mom" --target torch -o "$folder/$name" --force
    rm "$folder/$name/start.safetensors"
  done
}

# A row, unless it is there: NAME of the row, GPUs, project, options of scale.py.
row() {
  local name=$1 gpus=$2 project=$3
  shift 3
  if grep -qs "\"row\": \"$name\"" "$folder/rows.jsonl"; then return; fi
  local begun=$SECONDS
  if timeout "${ROW_LIMIT:-300}" torchrun --nproc-per-node "$gpus" --log-dir "$folder/logs/$name" --redirects 2 \
    "$here/scale.py" "$folder/$project" "$@" > "$folder/$name.out"; then
    sed -n "s/^{/{\"row\": \"$name\", /p" "$folder/$name.out" >> "$folder/rows.jsonl"
    echo "$name: $((SECONDS - begun)) s"
  else
    echo "$name: failed after $((SECONDS - begun)) s; see $folder/logs/$name"
  fi
}

run() {
  for n in "$@"; do
    row "1.4b-$n" "$n" 1.4b --kind weak --warm 5 --steps 10
    row "760m-$n" "$n" 760m --kind strong --warm 10 --steps 40
    row "a-f32-$n" "$n" a --kind strong --precision f32
    row "b-strong-$n" "$n" b --kind strong
    for project in a b transformer; do row "$project-$n" "$n" $project --kind weak; done
    if [ "$n" -gt 1 ]; then
      row "760m-replicated-$n" "$n" 760m --kind strong --warm 10 --steps 40 --replicate
      row "b-strong-replicated-$n" "$n" b --kind strong --replicate
      for project in a b transformer; do row "$project-replicated-$n" "$n" $project --kind weak --replicate; done
    fi
  done
  local most=${*: -1}
  row "save-on-$most" "$most" 760m --kind strong --warm 2 --steps 3 --save "$folder/checkpoints"
  row "load-on-1" 1 760m --kind strong --warm 2 --steps 3 --load "$folder/checkpoints"
  rm -rf "$folder/checkpoints"
}

case $what in
  prepare) prepare "$@" ;;
  run) run "${@:-1}" ;;
  row) row "$@" ;;
  table) node "$here/scale-table.mjs" "$folder/rows.jsonl" ;;
esac
