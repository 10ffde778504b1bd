/** GGUF headers as node-llama-cpp reads them. It trusts the file: ../model-file.ts asks the addon first whether it is whole. */
import {
  GgmlType,
  GgufInsights,
  readGgufFileInfo,
  type GgufFileInfo,
  type GgufMetadata,
  type GgufTensorInfo
} from "node-llama-cpp";

export { GgmlType };
export type { GgufFileInfo, GgufMetadata, GgufTensorInfo };

/** @param isSplit The path is that of the first part; the tensors of all parts are listed. */
export async function readGgufHeader(path: string, { isSplit }: { readonly isSplit: boolean }): Promise<GgufFileInfo> {
  return await readGgufFileInfo(path, { sourceType: "filesystem", logWarnings: false, spliceSplitFiles: isSplit });
}

export async function insightsOf(header: GgufFileInfo): Promise<GgufInsights> {
  return await GgufInsights.from(header);
}
