// What is taken from Ajv, in one place: the build bundles this file, because Ajv as it is published loads some sixty files.
export { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from "ajv";
