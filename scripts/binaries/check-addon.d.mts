export function checkAddon(bytes: Buffer, path: string, version: string): string[];
export function checkReach(bytes: Buffer): string[];
