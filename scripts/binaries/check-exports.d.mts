export function checkExports(
  imports: readonly string[],
  libraries: readonly { name: string; exports: readonly string[] }[]
): string[];
