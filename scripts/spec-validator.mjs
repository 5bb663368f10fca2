// Makes the module that validates specs. Ajv compiles the schema when mom is built, so a check neither loads Ajv's compiler
// nor generates code at run time.
import { _, Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { buildSync } from "esbuild";

/** A custom keyword with the condition that a value must satisfy. */
const keyword = (name, type, passes) => ({
  keyword: name,
  ...(type && { type }),
  error: { message: `must pass "${name}" keyword validation`, params: _`{}` },
  code: (context) => context.pass(passes(context)),
});

/** The options of Ajv, at build time and in tests. */
export const OPTIONS = {
  allErrors: true,
  verbose: true,
  discriminator: true,
  useDefaults: true,
  allowUnionTypes: true,
  strictRequired: false,
  validateSchema: false,
  keywords: ["unit", "named", "call", "positional", "syntax", "listed", "unnamed", "endings", "like"],
};

/**
 * @param schema the schema of specs, with one definition, `layer`
 * @param home the import path of the module that exports the schema, whose nodes are in errors
 * @param folder the folder from which packages are resolved
 * @returns the text of a module that exports `validate`
 */
export function specValidator(schema, home, folder) {
  const ajv = new Ajv({ ...OPTIONS, code: { source: true, esm: true } });
  // Smaller numbers would be 0 in the 32-bit numbers of a device.
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
