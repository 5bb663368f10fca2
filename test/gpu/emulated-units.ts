// Matrix units in software, to test their kernels on any adapter with f16. Lane l of 32 holds row l / 2 of a result and eight
// of its columns, from 8 (l % 2) on; of a left matrix that row, and of a right matrix those columns.
import type { OpenDevice } from "../../src/gpu/dawn.js";

const LOAD = /subgroupMatrixLoad<subgroup_matrix_(left|right|result)<f\d\d, 16, 16>, (row|col)_major>\(&(\w+), /g;
const STORE = /subgroupMatrixStore<row_major>\(&(\w+), /g;
const MATRIX = /subgroup_matrix_(left|right|result)<f\d\d, 16, 16>/g;

const TYPES = { left: "Left", right: "Right", result: "Result" } as const;
type Side = keyof typeof TYPES;

/** The numbers of an element of a kernel's array: 4 for vectors. */
function numbersIn(source: string, name: string): 1 | 4 {
  const type = new RegExp(`var<[^>]+> ${name}: array<(vec4<f\\d\\d>|f\\d\\d)`).exec(source)?.[1];
  if (type === undefined) throw new Error(`matrices are loaded from ${name}, which is no array of numbers`);
  return type.startsWith("vec4") ? 4 : 1;
}

/** WGSL that fills `m` with what a lane holds. `FOUR(line, four)` is four adjacent numbers of the matrix in memory. */
const FILLS = {
  left: {
    row: "for (var i = 0u; i < 4u; i++) { m.row[i] = FOUR(r, i); }",
    col: "for (var d = 0u; d < 16u; d++) { m.row[d / 4u][d % 4u] = FOUR(d, r / 4u)[r % 4u]; }",
  },
  right: {
    row: "for (var d = 0u; d < 16u; d++) { m.first[d] = FOUR(d, c); m.second[d] = FOUR(d, c + 1u); }",
    col: `for (var i = 0u; i < 4u; i++) {
    let first = transpose(mat4x4(FOUR(4u * c, i), FOUR(4u * c + 1u, i), FOUR(4u * c + 2u, i), FOUR(4u * c + 3u, i)));
    let second = transpose(mat4x4(FOUR(4u * c + 4u, i), FOUR(4u * c + 5u, i), FOUR(4u * c + 6u, i), FOUR(4u * c + 7u, i)));
    for (var j = 0u; j < 4u; j++) { m.first[4u * i + j] = first[j]; m.second[4u * i + j] = second[j]; }
  }`,
  },
  result: { row: "m.first = FOUR(r, c); m.second = FOUR(r, c + 1u);" },
} as const;

/** A kernel for matrix units as one that runs without them. Other kernels stay as they are. */
function emulated(source: string): string {
  if (!source.includes("subgroup_matrix")) return source;
  const helpers = new Map<string, string>();
  const body = source
    .replace(", chromium_experimental_subgroup_matrix", "")
    .replace(/^diagnostic\(off, chromium\.subgroup_matrix_uniformity\);$/m, "")
    .replace(LOAD, (_, side: Side, order: string, name: string) => {
      const fill = (FILLS[side] as Readonly<Record<string, string>>)[order];
      if (fill === undefined) throw new Error(`no emulation of a ${side} matrix by ${order}`);
      const helper = `load_${side}_${order}_${name}`;
      const four =
        numbersIn(source, name) === 4
          ? `vec4<f32>(${name}[at + line * stride + four])`
          : `vec4(${[0, 1, 2, 3].map((i) => `f32(${name}[at + line * stride + 4u * four + ${i}u])`).join(", ")})`;
      helpers.set(
        `four_${name}`,
        `fn four_${name}(at: u32, stride: u32, line: u32, four: u32) -> vec4<f32> { return ${four}; }`,
      );
      helpers.set(
        helper,
        `fn ${helper}(at: u32, stride: u32) -> ${TYPES[side]} {
  let r = emulated_lane / 2u;
  let c = emulated_lane % 2u * 2u;
  var m: ${TYPES[side]};
  ${fill.replaceAll("FOUR(", `four_${name}(at, stride, `)}
  return m;
}`,
      );
      return `${helper}(`;
    })
    .replace(STORE, (_, name: string) => {
      const helper = `store_${name}`;
      const write =
        numbersIn(source, name) === 4
          ? `let at = first + emulated_lane / 2u * stride + emulated_lane % 2u * 2u;
  ${name}[at] = m.first;
  ${name}[at + 1u] = m.second;`
          : `let at = first + emulated_lane / 2u * stride + emulated_lane % 2u * 8u;
  for (var i = 0u; i < 4u; i++) { ${name}[at + i] = m.first[i]; ${name}[at + 4u + i] = m.second[i]; }`;
      helpers.set(helper, `fn ${helper}(first: u32, m: Result, stride: u32) {\n  ${write}\n}`);
      return `${helper}(`;
    })
    .replaceAll("subgroupMatrixMultiplyAccumulate(", "multiplied(")
    .replaceAll(MATRIX, (_, side: Side) => TYPES[side]);
  const main = body.replace(
    /(fn main\([^{]*local_invocation_index\) (\w+): u32[^{]*\{)/,
    (_, head: string, index: string) => `${head}\n  emulated_lane = ${index} % 32u;`,
  );
  if (main === body) throw new Error("a kernel on matrix units does not name its local invocation");
  return `${main}
struct Left { row: array<vec4<f32>, 4> }
struct Right { first: array<vec4<f32>, 16>, second: array<vec4<f32>, 16> }
struct Result { first: vec4<f32>, second: vec4<f32> }
var<private> emulated_lane: u32;
fn multiplied(a: Left, b: Right, c: Result) -> Result {
  var sum = c;
  for (var d = 0u; d < 16u; d++) {
    sum.first += a.row[d / 4u][d % 4u] * b.first[d];
    sum.second += a.row[d / 4u][d % 4u] * b.second[d];
  }
  return sum;
}
${[...helpers.values()].join("\n")}
`;
}

/** A device that runs kernels for matrix units without them, with a profile that admits these kernels. */
export function emulating({ device, profile }: OpenDevice): Pick<OpenDevice, "device" | "profile"> {
  const make = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => make({ ...descriptor, code: emulated(descriptor.code) });
  return { device, profile: { ...profile, kind: "gpu", subgroup: { min: 32, max: 32 }, matrix: true } };
}
