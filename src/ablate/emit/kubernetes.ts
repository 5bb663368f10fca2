// Kubernetes: an Indexed Job with one index for each run, the spec as a ConfigMap, and a volume that all pods share. The
// manifests are JSON, which is YAML in which no text needs care.
import { contentHash } from "../../data/content-hash.js";
import { argument } from "./quote.js";
import { FINAL, type JobFiles, RETRIES, type Sweep } from "./sweep.js";
import { SWEEP_TEMPLATES } from "./templates.gen.js";

export interface Cluster {
  /** A container image with Node and mom, in which `mom` is a command. */
  readonly image: string;
  /** The resolved spec, with the one ablation. */
  readonly spec: string;
  /** The folder of the spec, relative to the project's; "." if they are the same. */
  readonly specFolder: string;
  /** Bytes that all runs may need at the same time. The data come on top. */
  readonly bytes: number;
}

const KEY = "ablation.mom";
const MOUNT = "/project";
/** Time for a pod to save before it is killed. */
const GRACE_SECONDS = 120;

export function kubernetesFiles(sweep: Sweep, cluster: Cluster): JobFiles {
  const name = objectName(sweep.name, cluster.spec);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return new Map([
    ["volume.json", json(volume(name, cluster))],
    ["spec.json", json({ ...object("v1", "ConfigMap", `${name}-spec`), data: { [KEY]: cluster.spec } })],
    ["train.json", json(training(name, sweep, cluster))],
    ["report.json", json(reporting(name, sweep, cluster))],
    ["submit.sh", SWEEP_TEMPLATES["k8s-submit"]],
  ]);
}

/** A DNS label for an ablation; the hash distinguishes names that differ only in other characters. */
function objectName(name: string, spec: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 24);
  return `mom-${plain}-${contentHash(`${name}\n${spec}`).slice(0, 8)}`.replaceAll(/-+/g, "-");
}

const object = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, metadata: { name } });

const volume = (name: string, { bytes }: Cluster) => ({
  ...object("v1", "PersistentVolumeClaim", name),
  spec: {
    accessModes: ["ReadWriteMany"],
    resources: { requests: { storage: `${Math.max(1, Math.ceil(bytes / 2 ** 30))}Gi` } },
  },
});

function pod(name: string, sweep: Sweep, cluster: Cluster, choice: readonly string[], gpus: number) {
  const path = `${MOUNT}/${cluster.specFolder === "." ? "" : `${cluster.specFolder}/`}${KEY}`;
  const { before, after } = sweep.target.command({ ...sweep, file: path });
  const fieldPath = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    containers: [
      {
        name: "mom",
        image: cluster.image,
        command: before.slice(0, 1).map(argument),
        args: [...before.slice(1).map(argument), ...choice, "--", ...after.map(argument)],
        workingDir: MOUNT,
        ...(choice.includes(INDEX) && { env: [{ name: "INDEX", valueFrom: { fieldRef: { fieldPath } } }] }),
        ...(gpus > 0 && { resources: { limits: { "nvidia.com/gpu": String(gpus) } } }),
        volumeMounts: [
          { name: "project", mountPath: MOUNT },
          { name: "spec", mountPath: path, subPath: KEY, readOnly: true },
          ...(gpus > 1 ? [{ name: "shared-memory", mountPath: "/dev/shm" }] : []),
        ],
      },
    ],
    volumes: [
      { name: "project", persistentVolumeClaim: { claimName: name } },
      { name: "spec", configMap: { name: `${name}-spec` } },
      // Processes of one run exchange gradients through it, and a container's own has 64 MiB.
      ...(gpus > 1 ? [{ name: "shared-memory", emptyDir: { medium: "Memory" } }] : []),
    ],
  };
}

/** Kubernetes replaces it by the index of the pod. */
const INDEX = "$(INDEX)";

const training = (name: string, sweep: Sweep, cluster: Cluster) => ({
  ...object("batch/v1", "Job", name),
  spec: {
    completionMode: "Indexed",
    completions: sweep.runs,
    parallelism: Math.min(sweep.runs, sweep.jobs ?? sweep.runs),
    backoffLimitPerIndex: RETRIES,
    podFailurePolicy: {
      rules: [
        // A pod that was moved, or whose variant another pod trains, is no failure of its index.
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        { action: "Ignore", onExitCodes: { operator: "In", values: [FINAL.inUse] } },
        { action: "FailIndex", onExitCodes: { operator: "In", values: [...FINAL.wrong] } },
      ],
    },
    template: { spec: pod(name, sweep, cluster, ["--index", INDEX], sweep.gpus) },
  },
});

const reporting = (name: string, sweep: Sweep, cluster: Cluster) => ({
  ...object("batch/v1", "Job", `${name}-report`),
  spec: { backoffLimit: RETRIES, template: { spec: pod(name, sweep, cluster, ["--report"], 0) } },
});
