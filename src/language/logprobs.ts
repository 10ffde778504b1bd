/** Logits of a position → natural logarithms of probabilities, of the token that was taken and of the likeliest ones. */

export interface Logprob {
  readonly token: number;
  readonly logprob: number;
}

/**
 * As the model itself has it: before the temperature, the sampler and a grammar change anything.
 *
 * @param logits (vocabulary)
 * @param top How many of the likeliest tokens are wanted, the likeliest first.
 */
export function logprobsOf(
  logits: Float32Array,
  taken: number,
  top: number
): { readonly logprob: number; readonly top: readonly Logprob[] } {
  let max = -Infinity;
  for (const logit of logits) if (logit > max) max = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - max);
  const logSum = max + Math.log(sum);
  const best: number[] = [];
  const at = (token: number): number => logits[token] ?? -Infinity;
  for (let token = 0; top > 0 && token < logits.length; token += 1) {
    if (best.length === top && at(token) <= at(best[top - 1] ?? 0)) continue;
    const place = best.findIndex((other) => at(other) < at(token));
    best.splice(place < 0 ? best.length : place, 0, token);
    if (best.length > top) best.pop();
  }
  return { logprob: at(taken) - logSum, top: best.map((token) => ({ token, logprob: at(token) - logSum })) };
}
