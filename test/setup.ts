import { generate } from "../scripts/generate.mjs";

export const setup = (): void => generate();
