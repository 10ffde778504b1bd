export declare const defaultCache: string;
export declare function fetchPackage(
  name: string,
  version: string,
  cache: string,
  isWanted: (path: string) => boolean
): { readonly path: string; readonly bytes: Buffer }[];
