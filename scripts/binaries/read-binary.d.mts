export interface Binary {
  readonly format: "elf" | "mach-o" | "pe";
  readonly arch: string;
  /** What it calls itself: DT_SONAME, LC_ID_DYLIB, the name in the export table. */
  readonly name: string;
  readonly libraries: readonly string[];
  /** Those that are loaded when a function of theirs is called first; PE alone has them. */
  readonly delayed?: readonly string[];
  readonly exports: readonly string[];
  readonly imports: readonly string[];
  /** Versions of symbols that are needed, such as GLIBC_2.34; ELF alone has them. */
  readonly versions: readonly string[];
}
export function readBinary(bytes: Buffer): Binary[];
