#!/usr/bin/env bash
# Checks and times emitted PyTorch projects on one GPU, in less than nine minutes.
#   bash scripts/torch-check.sh prepare DIR   here, after npm run build
#   bash scripts/torch-check.sh run DIR       in the root of the repository on a machine with a GPU, PyTorch, Triton and node;
#                                             DIR is two levels below it, as .gpu/check
# The tests compare kernels with float64, blocks and training runs with the released code, and two ranks that share the GPU
# with one. The times are those of bench/scale/*.mom, of which each runs twice: the first time compiles.
set -euo pipefail
here=$(dirname "$0")
what=$1 folder=$2
projects="a a-dense transformer b b-dense"

case $what in
  prepare)
    mkdir -p "$folder"
    node "$here/bundle-tests.mjs" "$folder" test/targets/torch/{kernels,fixtures,train}.test.ts
    bash "$here/../bench/scale.sh" prepare "$folder/scale" $projects
    ;;
  run)
    export MOM_TORCH_PYTHON=${MOM_TORCH_PYTHON:-python3}
    for test in kernels fixtures train; do
      timeout 120 node --test-reporter=spec "$folder/$test.mjs" || echo "$test failed"
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
