// The job files of an ablation: what the scripts contain, and names that a shell or Kubernetes could misread.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Cluster, kubernetesFiles } from "../../src/ablate/emit/kubernetes.js";
import { quoted } from "../../src/ablate/emit/quote.js";
import { shellFiles } from "../../src/ablate/emit/shell.js";
import { slurmFiles } from "../../src/ablate/emit/slurm.js";
import { type JobFiles, type Sweep, sweepScript } from "../../src/ablate/emit/sweep.js";
import { TARGETS } from "../../src/ablate/emit/targets.js";
import { EXITS } from "../../src/ablate/folder.js";
import { EXIT } from "../../src/cli/verb.js";

const SWEEP: Sweep = {
  name: "size",
  runs: 12,
  jobs: 4,
  gpus: 1,
  target: TARGETS.wgsl,
  project: "/home/ana/project",
  program: ["node", "mom.mjs"],
  out: "runs/a-size",
  file: "a.mom",
  options: ["--set", "train.steps=20"],
};
const CLUSTER: Cluster = { image: "lab/mom:1", spec: "model {}\n", specFolder: "specs", bytes: 3 * 2 ** 30 + 1 };
/** Names that mean something to a shell, to YAML or to Kubernetes. */
const ODD = [
  "$(touch pwned)",
  "`touch pwned`",
  "'; touch pwned; '",
  '"$HOME"',
  "a\nb: [c, *d, &e, !f]\n- g",
  "\\",
  "é 名 \u{1f98a}",
  "-rf",
  "$(INDEX) $$(INDEX)",
  "%j # {{ x }}",
  "",
];

test("the file that scripts read", () => {
  expect(sweepScript(SWEEP)).toMatchInlineSnapshot(`
    "# The ablation that these jobs run. The scripts beside this file read it.
    project='/home/ana/project'
    runs=12
    at_a_time=4
    gpus=1
    choose_gpus=mount
    retries=3
    # Ends the shell that calls it.
    mom() {
      exec 'node' 'mom.mjs' 'ablate' '--out' 'runs/a-size' '--set' 'train.steps=20' "$@" -- 'a.mom' 'size'
    }
    # Whether a run that ended with this exit code may succeed if it is tried again.
    worth_retry() {
      case $1 in 0 | 1 | 2 | 4 | 75) return 1 ;; esac
    }
    "
  `);
});

test("every shell script is valid, and only sweep.sh contains names", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-emit-"));
  const odd = { ...SWEEP, name: "zebra", project: "/zebra", out: "zebra", file: "zebra.mom", options: ["zebra"] };
  const all = [slurmFiles(odd), shellFiles(odd), kubernetesFiles(odd, CLUSTER)];
  for (const [name, text] of all.flatMap((files) => [...files]).filter(([name]) => name.endsWith(".sh"))) {
    writeFileSync(join(folder, name), text);
    execFileSync("sh", ["-n", join(folder, name)]);
    expect(text.includes("zebra"), name).toBe(name === "sweep.sh");
  }
  rmSync(folder, { recursive: true });
});

test("a shell takes every name as one word and runs nothing in it", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-emit-"));
  const print = ["node", "-e", "process.stdout.write(JSON.stringify(process.argv.slice(1)))", "--"];
  const sweep = {
    ...SWEEP,
    program: print,
    project: ODD.join(""),
    options: ODD,
    out: ODD[2] as string,
    file: ODD[4] as string,
  };
  writeFileSync(join(folder, "sweep.sh"), sweepScript(sweep));
  const run = (script: string) => execFileSync("sh", ["-c", script], { cwd: folder, encoding: "utf8" });
  const printed: unknown = JSON.parse(run(". ./sweep.sh; mom --index 3"));
  expect(printed).toEqual(["ablate", "--out", sweep.out, ...ODD, "--index", "3", "--", sweep.file, "size"]);
  expect(run('. ./sweep.sh; printf %s "$project"')).toBe(sweep.project);
  expect(readdirSync(folder)).toEqual(["sweep.sh"]);
  rmSync(folder, { recursive: true });
  expect(() => quoted("a\0b")).toThrow("null character");
});

test("runs that would end in the same way are not tried again", () => {
  expect(EXITS.inUse).toBe(EXIT.inUse);
  const again = (code: number) =>
    execFileSync("sh", ["-c", `${sweepScript(SWEEP)}\nif worth_retry ${code}; then echo again; fi`], {
      encoding: "utf8",
    });
  const tried = Object.entries(EXIT).filter(([, code]) => again(code) !== "");
  expect(tried.map(([name]) => name)).toEqual(["deviceFailed", "fault", "interrupted"]);
});

const parsed = (files: JobFiles, name: string) => JSON.parse(files.get(name) ?? "") as Record<string, unknown>;

test("a Kubernetes job has an index for each run, a GPU each, and retries what may succeed", () => {
  const files = kubernetesFiles(SWEEP, CLUSTER);
  expect([...files.keys()]).toEqual(["volume.json", "spec.json", "train.json", "report.json", "submit.sh"]);
  expect(parsed(files, "volume.json")).toMatchObject({ spec: { resources: { requests: { storage: "4Gi" } } } });
  expect(parsed(files, "train.json")).toMatchObject({
    spec: {
      completionMode: "Indexed",
      completions: 12,
      parallelism: 4,
      template: { spec: { containers: [{ resources: { limits: { "nvidia.com/gpu": "1" } } }] } },
    },
  });
  const { spec } = parsed(files, "train.json") as { spec: { template: { spec: { containers: [object] } } } };
  expect(spec.template.spec.containers[0]).toMatchInlineSnapshot(`
    {
      "args": [
        "mom.mjs",
        "ablate",
        "--out",
        "runs/a-size",
        "--set",
        "train.steps=20",
        "--index",
        "$(INDEX)",
        "--",
        "/project/specs/ablation.mom",
        "size",
      ],
      "command": [
        "node",
      ],
      "env": [
        {
          "name": "INDEX",
          "valueFrom": {
            "fieldRef": {
              "fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']",
            },
          },
        },
      ],
      "image": "lab/mom:1",
      "name": "mom",
      "resources": {
        "limits": {
          "nvidia.com/gpu": "1",
        },
      },
      "volumeMounts": [
        {
          "mountPath": "/project",
          "name": "project",
        },
        {
          "mountPath": "/project/specs/ablation.mom",
          "name": "spec",
          "readOnly": true,
          "subPath": "ablation.mom",
        },
      ],
      "workingDir": "/project",
    }
  `);
});

test("a run by PyTorch gets all of its GPUs, and memory that its processes share", () => {
  const sweep = { ...SWEEP, target: TARGETS.torch, gpus: 4 };
  const { spec } = parsed(kubernetesFiles(sweep, CLUSTER), "train.json") as { spec: { template: { spec: object } } };
  expect(spec.template.spec).toMatchObject({
    containers: [
      {
        resources: { limits: { "nvidia.com/gpu": "4" } },
        volumeMounts: [{}, {}, { name: "shared-memory", mountPath: "/dev/shm" }],
      },
    ],
    volumes: [{}, {}, { name: "shared-memory", emptyDir: { medium: "Memory" } }],
  });
  const report = parsed(kubernetesFiles(sweep, CLUSTER), "report.json");
  expect(JSON.stringify(report)).not.toMatch(/nvidia|shared-memory/);
  expect(slurmFiles(sweep).get("submit.sh")).toContain('--gres="gpu:$gpus"');
});

test("a slot of the shell's jobs is as many GPUs as a run has, among those that the caller chose", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-emit-"));
  const program = ["sh", "-c", 'echo "$CUDA_VISIBLE_DEVICES"', "--"];
  const sweep = { ...SWEEP, target: TARGETS.torch, gpus: 2, project: folder, program };
  for (const [name, text] of shellFiles(sweep)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "logs"));
  const seen = (slot: number, chosen?: string): string => {
    const { CUDA_VISIBLE_DEVICES: _, ...env } = process.env;
    execFileSync("sh", ["train.sh", `${slot}`, `${slot}`], {
      cwd: folder,
      env: { ...env, ...(chosen !== undefined && { CUDA_VISIBLE_DEVICES: chosen }) },
    });
    return readFileSync(join(folder, `logs/${slot}.txt`), "utf8");
  };
  expect([1, 2].map((slot) => seen(slot))).toEqual(["0,1\n", "2,3\n"]);
  expect([3, 4].map((slot) => seen(slot, "7,6,5,4,3,2,GPU-1,GPU-0"))).toEqual(["3,2\n", "GPU-1,GPU-0\n"]);
  const refused = spawnSync("sh", ["run.sh"], {
    cwd: folder,
    env: { ...process.env, CUDA_VISIBLE_DEVICES: "0,1,2" },
    encoding: "utf8",
  });
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("4 runs at a time need 8 GPUs, and there are 3.");
  rmSync(folder, { recursive: true });
});

test("Kubernetes expands nothing in names, and takes them as names of objects", () => {
  for (const odd of ODD) {
    const files = kubernetesFiles({ ...SWEEP, name: odd, options: [odd] }, { ...CLUSTER, spec: odd });
    const { metadata, spec } = parsed(files, "train.json") as {
      metadata: { name: string };
      spec: { template: { spec: { containers: [{ args: string[] }] } } };
    };
    expect(metadata.name).toMatch(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/);
    expect(parsed(files, "spec.json")).toMatchObject({ data: { "ablation.mom": odd } });
    // As the kubelet does it: two signs are one, and only a single one begins a reference.
    const args = spec.template.spec.containers[0].args.map((text) =>
      text.replaceAll(/\$\$|\$\((\w+)\)/g, (found, name) => (found === "$$" ? "$" : name === "INDEX" ? "7" : found)),
    );
    expect(args).toEqual([
      "mom.mjs",
      "ablate",
      "--out",
      "runs/a-size",
      odd,
      "--index",
      "7",
      "--",
      "/project/specs/ablation.mom",
      odd,
    ]);
  }
});
