export function checkAddon(bytes: Buffer, path: string): string[];
