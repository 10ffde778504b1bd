/** All slices that were found → those of one series, without pictures that are no slices. */
import { MedGemmaError } from "../errors.js";
import { groupBy } from "../shared/group-by.js";
import type { LeftOut, Slice } from "./types.js";

export interface ChosenSeries {
  readonly slices: readonly Slice[];
  readonly leftOut: readonly LeftOut[];
}

/** Words of ImageType, value 3 and later, for pictures computed from slices: reformations, projections (PS3.3 C.8.16.1.3 and makers'). */
const computed =
  /^(?:MPR|CPR|MIP|MINIP|MEAN|PROJECTION IMAGE|REFORMATTED|RESAMPLED|VOLUME RENDERING|VRT|SSD|3D|SCREEN SAVE|CSA MPR.*|CSA MIP.*)$/;

/** Secondary Capture Image Storage and its multi-frame kinds (PS3.4 B.5). */
const secondaryCapture = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(?:\.[1-4])?$/;

/**
 * @param options.index From 1, in the list that the error gives.
 * @param options.join Takes the images of a study and modality for one series.
 * @param options.name What to call the input in messages.
 * @throws MedGemmaError IMAGE_UNREADABLE when nothing is a slice; INVALID_ARGUMENT when there are several series and none is chosen
 */
export function chooseSeries(
  found: readonly Slice[],
  {
    index,
    join = false,
    name
  }: { readonly index: number | undefined; readonly join?: boolean | undefined; readonly name: string }
): ChosenSeries {
  const all = [
    ...groupBy(found, (slice) =>
      join ? `${slice.studyInstanceUid ?? ""} ${slice.modality ?? ""}` : slice.seriesInstanceUid
    ).values()
  ]
    .sort(bySeriesNumber)
    .map(withoutOthers);
  const candidates = all.filter(({ slices }) => slices.length > 0);
  if (candidates.length === 0) {
    const why = all.flatMap(({ leftOut }) => leftOut.map(describeLeftOut)).join(", ");
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has no slice of a series${why === "" ? "" : `, only ${why}`}. Give the files as single pictures.`,
      { remedy: { option: "images" } }
    );
  }
  const chosen = candidates[(index ?? 1) - 1];
  if (chosen === undefined || (index === undefined && candidates.length > 1))
    throw choiceNeeded(candidates, index, name);
  const onlyOthers = all.filter(({ slices }) => slices.length === 0).flatMap(({ leftOut }) => leftOut);
  const otherSeries = candidates.length - 1;
  return {
    slices: chosen.slices,
    leftOut: [...chosen.leftOut, ...onlyOthers, ...counted(otherSeries, "other series")]
  };
}

export function describeLeftOut({ count, why }: LeftOut): string {
  return `${count} ${count === 1 ? why : (plurals[why] ?? why)}`;
}

const plurals: Readonly<Record<string, string>> = {
  localizer: "localizers",
  "secondary capture": "secondary captures",
  "copy of another file": "copies of other files",
  "duplicate of a position": "duplicates of positions"
};

/** None when the count is 0. */
export function counted(count: number, why: string): LeftOut[] {
  return count === 0 ? [] : [{ count, why }];
}

function withoutOthers(slices: readonly Slice[]): ChosenSeries {
  const kinds = groupBy(slices, kindOf);
  const [pictures = [], derived = []] = [kinds.get("slice"), kinds.get("derived")];
  const leftOut = [
    ...counted(kinds.get("localizer")?.length ?? 0, "localizer"),
    ...counted(kinds.get("capture")?.length ?? 0, "secondary capture")
  ];
  // A series of nothing but reformations is one, and whoever names it wants it.
  if (pictures.length === 0) return { slices: derived, leftOut };
  return { slices: pictures, leftOut: [...leftOut, ...counted(derived.length, "derived (MPR, MIP or the like)")] };
}

function kindOf({ imageType, sopClassUid }: Slice): "slice" | "localizer" | "capture" | "derived" {
  if (imageType.includes("LOCALIZER")) return "localizer";
  if (secondaryCapture.test(sopClassUid ?? "")) return "capture";
  return imageType[0] === "DERIVED" && imageType.slice(2).some((word) => computed.test(word)) ? "derived" : "slice";
}

/** Then by UID, so that the list is the same every time. */
function bySeriesNumber([a]: readonly Slice[], [b]: readonly Slice[]): number {
  const difference = (a?.seriesNumber ?? Infinity) - (b?.seriesNumber ?? Infinity);
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return (a?.seriesInstanceUid ?? "") < (b?.seriesInstanceUid ?? "") ? -1 : 1;
}

function choiceNeeded(candidates: readonly ChosenSeries[], index: number | undefined, name: string): MedGemmaError {
  const listed = candidates.map(({ slices }, place) => {
    const number = slices[0]?.seriesNumber ?? null;
    return `${place + 1}: ${slices[0]?.modality ?? "unknown modality"}, ${slices.length === 1 ? "1 slice" : `${slices.length} slices`}${number === null ? "" : `, Series Number ${number}`}`;
  });
  const shown = listed.length > 20 ? [...listed.slice(0, 20), "…"] : listed;
  const areSingle = candidates.length > 2 && candidates.every(({ slices }) => slices.length === 1);
  const what =
    index !== undefined
      ? `There is no series ${index}`
      : `Choose one with the option index${areSingle ? ", or take the slices for one series with join" : ""}`;
  return new MedGemmaError(
    "INVALID_ARGUMENT",
    `${name} holds ${candidates.length} series (${shown.join("; ")}). ${what}.`,
    { remedy: { option: "index", also: areSingle ? ["join"] : [] } }
  );
}
