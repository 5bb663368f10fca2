// `mom schema`: prints the JSON Schema of a spec.
import { publicSchema } from "../../front/schema.js";
import { EXIT, type Verb } from "../verb.js";

export const verb: Verb = {
  declare(command, finish) {
    command.action(() => {
      process.stdout.write(`${JSON.stringify(publicSchema(), null, 2)}\n`);
      finish(EXIT.done);
    });
  },
};
