export function checkAddon(bytes: Buffer, path: string, version: string): string[];
