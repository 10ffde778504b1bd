/** How far computed numbers are from known ones. */

/**
 * Root of the mean squared difference over the root of the mean squared expected value: 0 is equal, 1 has nothing in common.
 * NaN or Infinity among the computed values gives Infinity.
 *
 * @param values All values of a stage.
 * @param expected Every `every`-th of them.
 */
export function relativeError(values: Float32Array, expected: readonly number[] | Float32Array, every = 1): number {
  if (Math.ceil(values.length / every) !== expected.length) return Infinity;
  let difference = 0;
  let size = 0;
  for (const [index, value] of expected.entries()) {
    difference += ((values[index * every] ?? Number.NaN) - value) ** 2;
    size += value ** 2;
  }
  const error = Math.sqrt(difference / size);
  return Number.isFinite(error) ? error : Infinity;
}
