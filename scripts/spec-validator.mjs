// The validator of specs as a module of its own: Ajv compiles the schema once, when mom is built. So a check neither
// loads Ajv's compiler nor makes code while it runs.
import { _, Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { buildSync } from "esbuild";

/** A keyword of our own, by the condition that a value passes. */
const keyword = (name, type, passes) => ({
  keyword: name,
  ...(type && { type }),
  error: { message: `must pass "${name}" keyword validation`, params: _`{}` },
  code: (context) => context.pass(passes(context)),
});

/** How Ajv reads the schema, whether it is compiled when mom is built or, in a test, at run time. */
export const OPTIONS = {
  allErrors: true,
  verbose: true,
  discriminator: true,
  useDefaults: true,
  allowUnionTypes: true,
  strictRequired: false,
  validateSchema: false,
  keywords: ["unit", "named", "call", "positional", "syntax"],
};

/**
 * @param schema the spec's, with one definition, `layer`
 * @param home the module that exports the schema, as the validator imports it: errors carry its nodes
 * @param folder where packages are found from
 * @returns the text of a module that exports `validate`
 */
export function specValidator(schema, home, folder) {
  const ajv = new Ajv({ ...OPTIONS, code: { source: true, esm: true } });
  // Smaller numbers would be 0 on a device, whose numbers have 32 bits.
  ajv.addKeyword(
    keyword("leastNonzero", "number", ({ data, schema }) => _`${data} === 0 || Math.abs(${data}) >= ${schema}`),
  );
  ajv.addKeyword(
    keyword(
      "words",
      undefined,
      ({ data, schemaCode }) => _`typeof ${data} != "string" || ${schemaCode}.includes(${data})`,
    ),
  );
  const code = standaloneCode
    .default(ajv, ajv.compile(schema))
    .replace("export default validate0;", "")
    .replaceAll(JSON.stringify(schema), "schema")
    .replaceAll(JSON.stringify(schema.$defs.layer), "schema.$defs.layer");
  const { outputFiles } = buildSync({
    stdin: { contents: `import { schema } from ${JSON.stringify(home)};\n${code}`, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    external: [home],
    logLevel: "error",
  });
  return outputFiles[0].text;
}
