/** What decides which native binary fits: system, processor, C library, and the program that loads it. */

export interface Platform {
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
  /** Linux only. `version` is that of glibc; musl does not tell its own. */
  readonly libc: { readonly name: "glibc" | "musl"; readonly version: string | null } | null;
  readonly node: string;
  readonly electron: string | null;
}

let known: Platform | undefined;

export function currentPlatform(): Platform {
  known ??= {
    platform: process.platform,
    arch: process.arch,
    libc: process.platform === "linux" ? readLibc() : null,
    node: process.versions.node,
    electron: process.versions.electron ?? null
  };
  return known;
}

/** "linux-x64, glibc 2.36, Node 22.11.0" */
export function describePlatform({ platform, arch, libc, node, electron }: Platform = currentPlatform()): string {
  const parts = [`${platform}-${arch}`];
  if (libc !== null) parts.push(libc.version === null ? libc.name : `${libc.name} ${libc.version}`);
  parts.push(`Node ${node}`);
  if (electron !== null) parts.push(`Electron ${electron}`);
  return parts.join(", ");
}

/** The folder in prebuilds/ for a platform: "linux-x64", "linux-x64-musl", "darwin-arm64". */
export function prebuildFolder({ platform, arch, libc }: Platform = currentPlatform()): string {
  return `${platform}-${arch}${libc?.name === "musl" ? "-musl" : ""}`;
}

/** What to do where no binary loads. */
export function howToInstall({ libc }: Platform = currentPlatform()): string {
  return libc?.name === "musl"
    ? "node-llama-cpp has no libraries for musl: use a system with glibc, in Docker node:22-slim instead of node:22-alpine."
    : "Install again without omitting optional dependencies, or install git, CMake and a C++20 compiler and run the command again.";
}

/** Node's own report names the glibc that it runs on, and none on musl. */
function readLibc(): NonNullable<Platform["libc"]> {
  const { report } = process as { readonly report?: NodeJS.ProcessReport & { excludeNetwork?: boolean } };
  if (report === undefined) return { name: "glibc", version: null };
  const before = report.excludeNetwork ?? false;
  report.excludeNetwork = true; // would look up the names of all peers
  const { header } = report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  report.excludeNetwork = before;
  const version = header.glibcVersionRuntime;
  return version === undefined ? { name: "musl", version: null } : { name: "glibc", version };
}
