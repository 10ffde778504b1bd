/** `pull`: a model from the hub into the folder of weights, or into another folder to carry it over. */
import { resolve } from "node:path";
import { printJson } from "../terminal/output.js";
import { printModels, reportModel } from "../model/print-models.js";
import { pullWithProgress } from "../model/pull-model.js";
import type { PullArguments } from "../commands/pull.js";

export async function pull(args: PullArguments): Promise<void> {
  const model = await pullWithProgress(args.id, {
    home: args.to === undefined ? undefined : resolve(args.to),
    mmproj: args.mmproj,
    acceptTerms: args["accept-terms"]
  });
  if (args.json === true) printJson(reportModel(model));
  else printModels([model]);
}
