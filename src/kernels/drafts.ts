// Kernels of whole programs as drafts: each op's variants, those that a device would run, and the tables that they read.
import { admits, type Choices, type Profile } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import type { Stretch } from "../ir/tensor.js";
import { type DraftChoice, type KernelSettings, settingsFor } from "./draft.js";
import type { DraftPhase } from "./emit.js";
import { realise } from "./realise.js";
import { sharedDrafts } from "./shared-drafts.js";
import { type Table, tableName } from "./tables.js";

export interface KernelOptions {
  readonly profile: Profile;
  /** Only the variant that a device of this profile would run, or all that it admits. */
  readonly variants: "first" | "all";
  /** Forces a variant by name wherever an op has it. */
  readonly force?: string;
  /** The variants that these nodes take, where the profile admits them. */
  readonly choices?: Choices | undefined;
  readonly settings?: KernelSettings;
}

/**
 * The phase of each program, a node for each op.
 * @param parts of the arenas
 */
export function draftPhases(
  programs: readonly Program[],
  parts: readonly Stretch[],
  options: KernelOptions,
): DraftPhase[] {
  const settings = options.settings ?? settingsFor(options.profile);
  return programs.map((program): DraftPhase => {
    const drafted = sharedDrafts(program, (op, key) =>
      choose(realise(program, op, settings, parts), key, op.kind, options),
    );
    const nodes = program.ops.map((op) => {
      const { key, choices, madeFor } = drafted(op);
      return { label: op.kind, op: { program, op, madeFor }, key, choices };
    });
    return { name: program.name, nodes };
  });
}

function choose(choices: readonly DraftChoice[], key: string, label: string, options: KernelOptions): DraftChoice[] {
  const { profile, force, variants, choices: chosen = {} } = options;
  const admitted = choices.filter(({ requires, variant }) => admits(profile, requires) || variant === force);
  const wanted =
    admitted.find(({ variant }) => variant === force) ?? admitted.find(({ variant }) => variant === chosen[key]);
  const [first] = admitted;
  if (!first) throw new Error(`no kernel of ${label} runs on ${profile.name}`);
  if (wanted) return [wanted];
  return variants === "first" ? [first] : admitted;
}

/** Most bytes that any of the choices wants in each scratch slot. */
export function scratchOf(choices: readonly DraftChoice[]): number[] {
  const slots = Math.max(...choices.map((c) => c.scratch.length));
  return Array.from({ length: slots }, (_, slot) => Math.max(...choices.map((c) => c.scratch[slot] ?? 0)));
}

/** The tables of all phases, by name. */
export function tablesOf(phases: readonly DraftPhase[]): Map<string, Table> {
  const tables = new Map<string, Table>();
  const drafts = new Set(phases.flatMap(({ nodes }) => nodes.map(({ choices }) => choices)));
  const bindings = [...drafts].flatMap((choices) => choices.flatMap((c) => c.dispatches.flatMap((d) => d.bindings)));
  for (const { target } of bindings) if (target.kind === "table") tables.set(tableName(target.table), target.table);
  return tables;
}
