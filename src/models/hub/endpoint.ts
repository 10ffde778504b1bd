/** Which hub is asked, and whether any may be: from the environment, as Hugging Face's own programs read it. */
import { isProtected } from "../../shared/environment.js";

/** HF_ENDPOINT, else the Hugging Face hub. As it is given; nobody has checked it. */
export function hubEndpoint(env: NodeJS.ProcessEnv = process.env): string {
  const endpoint = env.HF_ENDPOINT ?? "";
  return endpoint === "" ? "https://huggingface.co" : endpoint;
}

/** No connection at all: `--offline`, which sets MEDGEMMA_OFFLINE, or the variable of Hugging Face's own programs; any word but one for "off". */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  return [env.MEDGEMMA_OFFLINE, env.HF_HUB_OFFLINE].some(isProtected);
}
