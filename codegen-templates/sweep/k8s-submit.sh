#!/bin/sh
# Submits the ablation to Kubernetes and waits for the report. Options are those of kubectl, for example: --namespace=lab
# The volume must hold the project's files under the same paths. Delete the jobs and submit again to train what is left.
set -eu
cd -- "$(dirname -- "$0")"
kubectl apply "$@" -f volume.json -f spec.json -f train.json
echo "Training. Follow it with: kubectl get -f train.json"
until [ -n "$(kubectl get "$@" -f train.json -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')" ]; do sleep 10; done
kubectl apply "$@" -f report.json
kubectl wait "$@" --for=condition=complete --timeout=1h -f report.json
