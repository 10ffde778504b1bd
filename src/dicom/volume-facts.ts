/**
 * What tells the frames of one volume from those of another in the same series. dcm2niix, 3D Slicer and highdicom look at the
 * same attributes; makers keep b values in elements of their own.
 */
import type { DataSet } from "./data-set.js";
import { tags, type Tag } from "./tags.js";

/** null: the file does not say. Texts and times are for comparison alone, and stand in no message. */
export interface VolumeFacts {
  readonly acquisitionNumber: number | null;
  /** Temporal Position Identifier or Index. */
  readonly temporalPosition: number | null;
  readonly echoNumber: number | null;
  /** In milliseconds, as the following. */
  readonly echoTime: number | null;
  readonly inversionTime: number | null;
  /** Since the R wave. */
  readonly triggerTime: number | null;
  /** Of the cardiac cycle, in percent. */
  readonly cardiacPhase: number | null;
  readonly flipAngle: number | null;
  readonly kvp: number | null;
  /** In s/mm². */
  readonly bValue: number | null;
  /** Of the diffusion gradient, three cosines. */
  readonly gradient: readonly number[] | null;
  /** HHMMSS.ffffff as in the file. */
  readonly acquisitionTime: string | null;
  readonly contentTime: string | null;
  /** Image Type, or Frame Type of an enhanced file: magnitude, phase, water, fat … */
  readonly imageType: string | null;
  readonly kernel: string | null;
}

/** @param frame From 0; in enhanced files all of it stands in functional groups. */
export function readVolumeFacts(dataSet: DataSet, frame: number): VolumeFacts {
  const group = (tag: Tag) => dataSet.functionalGroup(tag, frame);
  const content = group(tags.FrameContentSequence);
  const diffusion = group(tags.MRDiffusionSequence);
  const direction = diffusion.items(tags.DiffusionGradientDirectionSequence)[0] ?? diffusion;
  const cardiac = group(tags.CardiacSynchronizationSequence);
  const [frameType] = [tags.MRImageFrameTypeSequence, tags.CTImageFrameTypeSequence].map((tag) => group(tag)).filter((item) => item.has(tags.FrameType));
  return {
    acquisitionNumber: content.word(tags.FrameAcquisitionNumber) ?? dataSet.number(tags.AcquisitionNumber) ?? null,
    temporalPosition: content.long(tags.TemporalPositionIndex) ?? dataSet.number(tags.TemporalPositionIdentifier) ?? null,
    echoNumber: dataSet.number(tags.EchoNumbers) ?? null,
    echoTime: doubleOf(group(tags.MREchoSequence), tags.EffectiveEchoTime) ?? dataSet.number(tags.EchoTime) ?? null,
    inversionTime: dataSet.number(tags.InversionTime) ?? null,
    triggerTime: doubleOf(cardiac, tags.NominalCardiacTriggerDelayTime) ?? dataSet.number(tags.TriggerTime) ?? null,
    cardiacPhase: doubleOf(cardiac, tags.NominalPercentageOfCardiacPhase) ?? null,
    flipAngle: dataSet.number(tags.FlipAngle) ?? null,
    kvp: dataSet.number(tags.KVP) ?? null,
    bValue: doubleOf(diffusion, tags.DiffusionBValue) ?? makersBValue(dataSet) ?? null,
    gradient: three(direction.doubles(tags.DiffusionGradientOrientation)) ?? (isSiemens(dataSet) ? three(dataSet.doubles(tags.SiemensDiffusionGradientDirection)) : null),
    acquisitionTime: dataSet.text(tags.AcquisitionTime) ?? null,
    contentTime: dataSet.text(tags.ContentTime) ?? null,
    imageType: frameType?.texts(tags.FrameType).join("\\") ?? textsOf(dataSet, tags.ImageType),
    kernel: textsOf(group(tags.CTReconstructionSequence), tags.ConvolutionKernel) ?? textsOf(dataSet, tags.ConvolutionKernel)
  };
}

/** Of Siemens (IS), GE (IS, of which the first counts; GE adds 10^9 to say how it was found) and Philips (FL). */
function makersBValue(dataSet: DataSet): number | undefined {
  if (isSiemens(dataSet)) return dataSet.number(tags.SiemensBValue);
  if (dataSet.text(tags.GECreator)?.startsWith("GEMS_PARM") === true) {
    const value = dataSet.number(tags.GEBValue);
    return value === undefined ? undefined : value % 1e9;
  }
  return dataSet.text(tags.PhilipsCreator)?.startsWith("Philips Imaging") === true ? dataSet.float(tags.PhilipsBValue) : undefined;
}

function isSiemens(dataSet: DataSet): boolean {
  return dataSet.text(tags.SiemensMosaicCreator)?.startsWith("SIEMENS MR") === true;
}

function doubleOf(dataSet: DataSet, tag: Tag): number | undefined {
  const [value] = dataSet.doubles(tag);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function textsOf(dataSet: DataSet, tag: Tag): string | null {
  const texts = dataSet.texts(tag);
  return texts.length === 0 ? null : texts.join("\\");
}

function three(values: readonly number[]): readonly number[] | null {
  return values.length === 3 && values.every(Number.isFinite) ? values : null;
}
