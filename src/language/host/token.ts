/** The id of a token, as the host numbers them. */
export type { Token } from "node-llama-cpp";
