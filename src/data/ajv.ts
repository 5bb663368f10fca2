// Everything used from Ajv. The build bundles this file, because the published package loads about sixty files.
export { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from "ajv";
