#!/usr/bin/env bash
# Checks and times emitted PyTorch projects on one GPU, in less than nine minutes.
#   bash scripts/torch-check.sh prepare DIR   here, after npm run build
#   bash scripts/torch-check.sh run DIR       in the root of the repository on a machine with a GPU, PyTorch, Triton and node;
#                                             DIR is two levels below it, as .gpu/check
# The tests compare kernels with float64, and blocks and training runs with the released code. 100 updates in f32 are
# compared with those of `mom train`, and two ranks that share the GPU with one. The times are those of bench/scale/*.mom, of
# which each runs twice: the first time compiles.
set -euo pipefail
here=$(dirname "$0")
what=$1 folder=$2
trained="quickstart chameleon baselines/hybrid"
projects="a a-dense transformer b b-dense"

case $what in
  prepare)
    mkdir -p "$folder"
    node "$here/bundle-tests.mjs" "$folder" test/targets/torch/{kernels,fixtures}.test.ts
    for spec in $trained; do
      runs=$folder/$(basename "$spec")
      set=(--set train.steps=100 --set train.precision=f32)
      node "$here/../bin/mom.mjs" compile "$here/../specs/$spec.mom" --target torch -o "$runs/project" --force "${set[@]}"
      node "$here/../bin/mom.mjs" train "$here/../specs/$spec.mom" --out "$runs/mom" "${set[@]}"
    done
    bash "$here/../bench/scale.sh" prepare "$folder/scale" $projects
    ;;
  run)
    export MOM_TORCH_PYTHON=${MOM_TORCH_PYTHON:-python3}
    for test in kernels fixtures; do
      timeout 120 node --test-reporter=spec "$folder/$test.mjs" || echo "$test failed"
    done
    port=29500
    for spec in $trained; do
      for ranks in 1 2; do
        runs=$folder/$(basename "$spec")
        port=$((port + 1))
        timeout 200 torchrun --nproc-per-node "$ranks" --master-port $port "$runs/project/train.py" \
          --out "$runs/ranks-$ranks" > "$runs/ranks-$ranks.out" 2>&1 || echo "$spec on $ranks ranks failed" &
      done
    done
    wait
    for spec in $trained; do
      runs=$folder/$(basename "$spec")
      echo "$spec:"
      node "$here/run-differences.mjs" "$runs/ranks-1" "$runs/mom" || true
      node "$here/run-differences.mjs" "$runs/ranks-2" "$runs/ranks-1" || true
    done
    timeout 60 "$MOM_TORCH_PYTHON" "$here/../bench/torch_kernels.py" "$folder/scale/a"
    for project in $projects; do
      timeout 100 torchrun --nproc-per-node 1 "$here/../bench/scale.py" "$folder/scale/$project" --kind strong --warm 1 --steps 1 \
        > "$folder/$project.out" 2>&1 &
    done
    wait
    while read -r name project options; do
      ROW_LIMIT=60 bash "$here/../bench/scale.sh" row "$folder/scale" "$name" 1 "$project" --kind strong $options
    done << 'ROWS'
a a
a-dense a-dense
a-loose a --loose
a-f32 a --precision f32
a-dense-f32 a-dense --precision f32
b b
b-dense b-dense
transformer transformer
ROWS
    bash "$here/../bench/scale.sh" table "$folder/scale"
    ;;
esac
