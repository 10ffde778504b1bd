/** A path → an open slide of whatever format. */
import { stat } from "node:fs/promises";
import { MedGemmaError } from "../errors.js";
import { tags, TiffFile, type TiffDirectory } from "../tiff/tiff-file.js";
import { openDicomSlide } from "./formats/dicom.js";
import { openGenericTiff } from "./formats/generic-tiff.js";
import { isLeica, openLeicaScn } from "./formats/leica-scn.js";
import { isNdpi, openNdpi } from "./formats/ndpi.js";
import { isOme, openOmeTiff } from "./formats/ome-tiff.js";
import { isPhilips, openPhilipsTiff } from "./formats/philips-tiff.js";
import { isTrestle, openTrestle } from "./formats/trestle.js";
import { isVentana, openVentana } from "./formats/ventana.js";
import type { OpenSlide, SlideContent } from "./level.js";
import { explainFile, refuseByEnding } from "./other-formats.js";
import { asSlideError, openSource } from "./slide-source.js";

/**
 * @param path A file; of DICOM also a folder.
 * @param name What to call it in messages.
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function openSlide(path: string, name: string): Promise<OpenSlide> {
  if (await isFolder(path, name)) return await openDicomSlide(path, name, true);
  const source = await openSource(path, name);
  try {
    refuseByEnding(path, name);
    if (source.head.toString("latin1", 128) === "DICM") {
      await source.close();
      return await openDicomSlide(path, name, false);
    }
    const file = TiffFile.of(name, source, source.head, /\.ndpi$/i.test(path));
    if (file === null) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} ${explainFile(source.head)}`);
    const content = await openTiff(file, await file.directories());
    return { notes: [], ...content, name, close: source.close };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function isFolder(path: string, name: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw asSlideError(error, path, name);
  }
}

/** Formats that are TIFF by their container alone, before those that are TIFF altogether. */
async function openTiff(file: TiffFile, pages: readonly TiffDirectory[]): Promise<SlideContent> {
  const [first] = pages;
  if (first === undefined) throw file.damaged("it has no picture");
  if (await isVentana(first)) return await openVentana(file, pages);
  if (isNdpi(first)) return await openNdpi(file, pages);
  const description = (await first.text(tags.imageDescription)) ?? "";
  if (isLeica(description)) return await openLeicaScn(file, pages, description);
  if (isPhilips(description)) return await openPhilipsTiff(file, pages, description);
  if (isOme(description)) return await openOmeTiff(file, pages, description);
  if (await isTrestle(first)) return await openTrestle(file, pages, description);
  return await openGenericTiff(file, pages);
}
