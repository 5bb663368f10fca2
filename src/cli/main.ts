// The command line: runs the verb that argv names and ends with its exit code.
import { Command, CommanderError } from "commander";
import { suggestion } from "../diagnostics/nearest.js";
import { visible } from "../diagnostics/visible.js";
import { VERSION } from "../train/version.gen.js";
import { endWith, guardStreams } from "./streams.js";
import { reportThrown } from "./thrown.js";
import { EXIT, type ExitCode, type VerbEntry } from "./verb.js";

const VERBS: readonly VerbEntry[] = [
  {
    name: "new",
    summary: "write a starter spec, from three questions or from flags",
    example: "mom new first.mom --modalities text,image --blocks mamba --own all",
    load: () => import("./verbs/new.js"),
  },
  {
    name: "check",
    summary: "report errors and warnings in specs",
    example: "mom check specs/quickstart.mom",
    load: () => import("./verbs/check.js"),
  },
  {
    name: "fmt",
    summary: "format specs",
    example: "mom fmt specs/quickstart.mom",
    load: () => import("./verbs/fmt.js"),
  },
  {
    name: "inspect",
    summary: "show parameters, FLOPs, memory and kernels of a spec",
    example: "mom inspect specs/quickstart.mom",
    load: () => import("./verbs/inspect.js"),
  },
  {
    name: "diff",
    summary: "compare two specs: their fields, parameters, FLOPs and memory",
    example: "mom diff specs/baselines/dense-mamba.mom specs/baselines/hybrid.mom",
    load: () => import("./verbs/diff.js"),
  },
  {
    name: "compile",
    summary: "write a folder that trains a spec wherever Node runs",
    example: "mom compile specs/quickstart.mom -o quickstart",
    load: () => import("./verbs/compile.js"),
  },
  {
    name: "train",
    summary: "compile a spec and train it",
    example: "mom train specs/quickstart.mom",
    load: () => import("./verbs/train.js"),
  },
  {
    name: "ablate",
    summary: "train every variant of an ablation and report the effects",
    example: "mom ablate specs/emoji.mom projections --list",
    load: () => import("./verbs/ablate.js"),
  },
  {
    name: "watch",
    summary: "show runs in the browser while they train",
    example: "mom watch runs",
    load: () => import("./verbs/watch.js"),
  },
  {
    name: "report",
    summary: "write runs as one page, or compare them in a table for the terminal or a paper",
    example: "mom report runs --format text",
    load: () => import("./verbs/report.js"),
  },
  {
    name: "eval",
    summary: "compute a trained model's losses by modality, on held-out or training documents",
    example: "mom eval runs/quickstart",
    load: () => import("./verbs/eval.js"),
  },
  {
    name: "data",
    summary: "show a data set, fit codebooks, download and generate data",
    example: "mom data asterisk --out data/asterisk",
    load: () => import("./verbs/data.js"),
  },
  {
    name: "sample",
    summary: "sample from a trained model: continue a text, draw a picture, describe a picture",
    example: 'mom sample runs/quickstart --prompt "red apple" --modality image',
    load: () => import("./verbs/sample.js"),
  },
  {
    name: "trace",
    summary: "run steps on given tensors and write every output, loss and gradient",
    example:
      "mom trace test/parity/block.mom --stack --tensors test/fixtures/block/m2-in+x+dt+out.safetensors --out /tmp/made.safetensors",
    load: () => import("./verbs/trace.js"),
  },
  {
    name: "bench",
    summary: "time a training step, kernel by kernel, against the device's limits",
    example: "mom bench specs/quickstart.mom",
    load: () => import("./verbs/bench.js"),
  },
  {
    name: "explain",
    summary: "describe a field, a kind or an error code",
    example: "mom explain train.optimizer.lr",
    load: () => import("./verbs/explain.js"),
  },
  {
    name: "schema",
    summary: "print the JSON Schema of a spec: every field with its type, range, default and meaning",
    example: "mom schema",
    load: () => import("./verbs/schema.js"),
  },
  {
    name: "lsp",
    summary: "run the language server for editors: diagnostics, completion, hover, rename and more",
    example: "mom lsp",
    load: () => import("./verbs/lsp.js"),
  },
  {
    name: "doctor",
    summary: "list the devices, what is missing and how to install it",
    example: "mom doctor",
    load: () => import("./verbs/doctor.js"),
  },
];

/** Verbs whose output is written unchanged: a protocol, or a dialogue that is drawn on the terminal. */
const EXACT = new Set(["lsp", "new"]);

/** The exit code if the process ended now. */
let code: ExitCode = EXIT.done;

/** Runs one command line, without the program's name, and returns the exit code. */
async function run(argv: readonly string[]): Promise<ExitCode> {
  const program = new Command("mom")
    .description("Compiles a .mom spec of a multimodal state-space model to WebGPU kernels and trains it.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(visible(text)) })
    .addHelpText("after", "\nExamples:\n  mom check specs/quickstart.mom\n  mom train specs/quickstart.mom\n")
    .showHelpAfterError("(`mom --help` lists the commands)")
    .helpCommand(false);
  const [first] = argv;
  for (const entry of VERBS) {
    const command = program.command(entry.name).description(entry.summary);
    command
      .addHelpText("after", `\nExample:\n  ${entry.example}\n`)
      .showHelpAfterError(`(\`mom ${entry.name} --help\` shows its options)`);
    // Only the named verb is loaded, so a check does not wait for the modules of training.
    if (entry.name === first)
      (await entry.load()).verb.declare(command, (given) => {
        code = given;
      });
  }
  if (first !== undefined && !first.startsWith("-") && !VERBS.some(({ name }) => name === first)) {
    const names = VERBS.map(({ name }) => name);
    process.stderr.write(
      `error: unknown command \`${visible(first)}\`. ${suggestion(first, names) ?? ""}\n(\`mom --help\` lists the commands)\n`,
    );
    return EXIT.wrongUsage;
  }
  if (first === undefined) {
    program.outputHelp({ error: true });
    return EXIT.wrongUsage;
  }
  await program.parseAsync([...argv], { from: "user" });
  return code;
}

/** Reports a thrown value and returns its exit code. */
const explain = (thrown: unknown): ExitCode => {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.wrongUsage;
  return reportThrown(thrown);
};

guardStreams(() => code, EXACT.has(process.argv[2] ?? ""));
code = await run(process.argv.slice(2)).catch(explain);
endWith(code);
