// The command line: argv to a verb, its outcome to an exit code.
import { Command, CommanderError } from "commander";
import { suggestion } from "../diagnostics/nearest.js";
import { visible } from "../diagnostics/visible.js";
import { version } from "./project.js";
import { endWith, guardStreams } from "./streams.js";
import { tell } from "./thrown.js";
import { EXIT, type ExitCode, type VerbEntry } from "./verb.js";

const VERBS: readonly VerbEntry[] = [
  {
    name: "new",
    summary: "write a spec to start from, by three questions or by flags",
    example: "mom new first.mom --modalities text,image --blocks mamba --own all",
    load: () => import("./verbs/new.js"),
  },
  {
    name: "check",
    summary: "say what is wrong with specs",
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
    summary: "tell parameters, FLOPs, memory and kernels of a spec",
    example: "mom inspect specs/quickstart.mom",
    load: () => import("./verbs/inspect.js"),
  },
  {
    name: "diff",
    summary: "say what changes from one spec to another, and what both cost",
    example: "mom diff specs/baselines/dense-mamba.mom specs/baselines/hybrid.mom",
    load: () => import("./verbs/diff.js"),
  },
  {
    name: "compile",
    summary: "make a folder that trains a spec wherever Node is",
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
    summary: "train every variant of an ablation, and say which is better",
    example: "mom ablate specs/emoji.mom projections --list",
    load: () => import("./verbs/ablate.js"),
  },
  {
    name: "eval",
    summary: "compute a trained model's losses by modality, on held-out documents or others",
    example: "mom eval runs/quickstart",
    load: () => import("./verbs/eval.js"),
  },
  {
    name: "data",
    summary: "fetch and make data, fit codebooks",
    example: "mom data asterisk --out data/asterisk",
    load: () => import("./verbs/data.js"),
  },
  {
    name: "sample",
    summary: "sample from a trained model: continue a text, draw a picture, say what a picture shows",
    example: 'mom sample runs/quickstart --prompt "red apple" --modality image',
    load: () => import("./verbs/sample.js"),
  },
  {
    name: "trace",
    summary: "make steps on given tensors and write all that they make",
    example:
      "mom trace test/parity/block.mom --stack --tensors test/fixtures/block/m2-in+x+dt+out.safetensors --out /tmp/made.safetensors",
    load: () => import("./verbs/trace.js"),
  },
  {
    name: "bench",
    summary: "time a training step on a device, kernel by kernel, against what the device could do",
    example: "mom bench specs/quickstart.mom",
    load: () => import("./verbs/bench.js"),
  },
  {
    name: "explain",
    summary: "say what a field, a kind or the code of a mistake means",
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
    summary: "serve editors: diagnostics, completion, hover, rename and more, over the language server protocol",
    example: "mom lsp",
    load: () => import("./verbs/lsp.js"),
  },
  {
    name: "doctor",
    summary: "say which adapters there are, what is missing and how to get it",
    example: "mom doctor",
    load: () => import("./verbs/doctor.js"),
  },
];

/** Verbs that write what no filter may touch: a protocol, or a dialogue drawn on the terminal. */
const EXACT = new Set(["lsp", "new"]);

/** What the process would end with now. */
let code: ExitCode = EXIT.done;

/** Runs one command line (without the program's own name) and gives the exit code. */
async function run(argv: readonly string[]): Promise<ExitCode> {
  const program = new Command("mom")
    .description("Compiles a .mom spec of a multi-modal state-space model to WebGPU kernels, and trains it.")
    .version(version())
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(visible(text)) })
    .addHelpText("after", "\nExamples:\n  mom check specs/quickstart.mom\n  mom train specs/quickstart.mom\n")
    .showHelpAfterError("(`mom --help` lists the verbs)")
    .helpCommand(false);
  const [first] = argv;
  for (const entry of VERBS) {
    const command = program.command(entry.name).description(entry.summary);
    command
      .addHelpText("after", `\nExample:\n  ${entry.example}\n`)
      .showHelpAfterError(`(\`mom ${entry.name} --help\` tells more)`);
    // Only the verb that is named is loaded, so that a check never waits for what training needs.
    if (entry.name === first)
      (await entry.load()).verb.declare(command, (given) => {
        code = given;
      });
  }
  if (first !== undefined && !first.startsWith("-") && !VERBS.some(({ name }) => name === first)) {
    const names = VERBS.map(({ name }) => name);
    process.stderr.write(
      `error: there is no verb \`${visible(first)}\`. ${suggestion(first, names) ?? ""}\n(\`mom --help\` lists the verbs)\n`,
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

/** What a thrown value means to the shell. */
const explain = (thrown: unknown): ExitCode => {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.wrongUsage;
  return tell(thrown);
};

guardStreams(() => code, EXACT.has(process.argv[2] ?? ""));
code = await run(process.argv.slice(2)).catch(explain);
endWith(code);
