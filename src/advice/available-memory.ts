/** Bytes that this process could still take: of the machine, or of the container that it runs in. */
export function availableMemory(): number {
  return process.availableMemory();
}
