// An inspection as text: sections of aligned columns, with colours on a terminal.
import type { createColors } from "picocolors";
import type { DoesNotFit, Inspection, KernelUse, MemoryUse, Stretch } from "./inspection.js";

type Colours = ReturnType<typeof createColors>;
type Row = readonly string[];

export const exact = (n: number): string => n.toLocaleString("en-US");

/** A number with three digits and a unit, such as 291 M or 1.71 G. */
export function short(n: number): string {
  const units = ["", " k", " M", " G", " T", " P"];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, n)) / 3)));
  const scaled = n / 1000 ** step;
  return `${step === 0 ? Math.round(scaled) : Number(scaled.toPrecision(3))}${units[step]}`;
}

/** A size such as 12.3 MiB. */
export function size(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const scaled = bytes / 1024 ** step;
  return `${step === 0 ? bytes : scaled.toFixed(scaled < 100 ? 1 : 0)} ${units[step]}`;
}

/** A table with a bold heading. The first column is aligned left, the others right. */
function section(c: Colours, title: string, heads: Row, rows: readonly Row[]): string {
  const all = [[title, ...heads], ...rows.map(([first = "", ...rest]) => [`  ${first}`, ...rest])];
  const widths = all.reduce<number[]>((w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)), []);
  const lines = all.map((row, i) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    const [first = "", ...rest] = cells;
    return (i === 0 ? [c.bold(first), ...rest.map(c.dim)] : [first, ...rest]).join("   ").trimEnd();
  });
  return `${lines.join("\n")}\n`;
}

function stretch({ first, last, block, kind, sizes, copies }: Stretch): Row {
  const numbers = Object.entries(sizes).map(([name, value]) => `${name} ${value}`);
  const split = Object.entries(copies).map(([part, groups]) => `${part} × ${groups}`);
  const where = first === last ? `${first}` : `${first}–${last}`;
  return [where, `${block} (${kind})`, [numbers.join(", "), split.join(", ") || "all shared"].join("; ")];
}

/** A table with all columns aligned left. */
function table(c: Colours, title: string, rows: readonly Row[]): string {
  const widths = rows.reduce<number[]>((w, row) => row.map((cell, i) => Math.max(w[i] ?? 0, cell.length)), []);
  const lines = rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("   ")}`.trimEnd());
  return `${[c.bold(title), ...lines].join("\n")}\n`;
}

function memory(c: Colours, { profile, batch, length }: Inspection, { total, roles }: MemoryUse): string {
  const rows = roles.map(({ role, bytes, buffers }) => [role, size(bytes), exact(bytes), String(buffers)]);
  const title = `Memory on ${profile}: batch ${batch}, length ${length}`;
  return section(c, title, ["", "bytes", "buffers"], [...rows, ["total", size(total), exact(total), ""]]);
}

function doesNotFit(c: Colours, inspection: Inspection, use: DoesNotFit): string {
  const { pieces, limit, fits } = use;
  const shown = pieces.slice(0, 5).map(({ what, bytes }) => [what, size(bytes)]);
  const more = pieces.length > shown.length ? [[`… and ${pieces.length - shown.length} more`, ""]] : [];
  const remedy =
    fits === undefined
      ? "No known profile is large enough. Use a smaller batch, length or model."
      : `\`--device ${fits}\` is large enough.`;
  return [
    `${memory(c, inspection, use)}\n`,
    `  ${c.red("does not fit")}: a binding is limited to ${size(limit)}, which is too small for\n`,
    section(c, "", [], [...shown, ...more]).replace(/^.*\n/, ""),
    `  ${c.cyan("help")} ${remedy}\n`,
  ].join("");
}

function kernels(c: Colours, { profile, accumulate }: Inspection, use: KernelUse): string {
  const families = [...new Set(use.families.map(({ family }) => family))].map((family) => {
    const variants = use.families.filter((one) => one.family === family);
    return [family, variants.map(({ variant, kernels: n }) => `${variant} ${n}`).join(", ")];
  });
  const phases = use.phases.map(({ phase, dispatches }) => [phase, exact(dispatches)]);
  const times = accumulate === 1 ? "gradients + update" : `${accumulate} × gradients + update`;
  return [
    table(c, `Kernels for ${profile}: ${exact(use.count)}`, families),
    section(c, "Dispatches", [], [...phases, [`one step (${times})`, exact(use.step)]]),
  ].join("\n");
}

/** Whether the backward pass recomputes something. */
export const recomputes = ({ modalities }: Inspection): boolean => modalities.some((m) => m.again > 0);

/** The cost of a token for each modality: parameters, FLOPs forward, in training, and recomputed if there are any. */
export const tokenRows = (inspection: Inspection): string[][] =>
  inspection.modalities.map(({ modality, parameters, forward, training, again }) => [
    modality,
    exact(parameters),
    short(forward),
    short(training),
    ...(recomputes(inspection) ? [short(again)] : []),
  ]);

const CONVENTION = [
  "A matrix product of m × k by k × n counts 2·m·n·k; each +, ×, ÷, exp, log and √ counts 1. A position uses its own",
  "group's weights only. Recomputation and the update are not counted. A token is counted as",
  "predicting the next one; a patch includes its share of its picture's timestep. `--json` has the formula of each op.",
];

export function inspectionText(inspection: Inspection, c: Colours): string {
  const { parameters, stack, memory: use } = inspection;
  const share = (n: number): string => `${((100 * n) / parameters.total).toFixed(1)} %`;
  const counted = (label: string, { total, active }: { total: number; active: number }): Row => [
    label,
    exact(total),
    exact(active),
    share(total),
  ];
  const layers = parameters.layers.filter((one) => one.layers > 0);
  return [
    section(
      c,
      "Parameters",
      ["total", "active", "share"],
      [
        ["total", `${exact(parameters.total)}`, exact(parameters.active), ""],
        ...parameters.parts.map((part) => counted(part.part, part)),
      ],
    ),
    section(
      c,
      "Layers by kind",
      ["total", "active", "share"],
      [...layers.map((one) => counted(`${one.layers} × ${one.block} (${one.kind})`, one))],
    ),
    section(
      c,
      "Cost per token",
      ["parameters", "FLOPs forward", "FLOPs training", ...(recomputes(inspection) ? ["recomputed"] : [])],
      tokenRows(inspection),
    ),
    `${CONVENTION.map((line) => `  ${c.dim(line)}`).join("\n")}\n`,
    table(c, `Stack: d_model ${inspection.d_model}, vocabulary ${exact(inspection.vocabulary)}`, stack.map(stretch)),
    "pieces" in use ? doesNotFit(c, inspection, use) : memory(c, inspection, use),
    ...(inspection.kernels ? [kernels(c, inspection, inspection.kernels)] : []),
  ].join("\n");
}
