/**
 * What tells the frames of one volume from those of another in the same series. dcm2niix, 3D Slicer and highdicom look at the
 * same attributes; makers keep b values in elements of their own.
 */
import type { DataSet } from "./data-set.js";
import { tags, type Tag } from "./tags.js";

/** null: the file does not say. Texts and times are for comparison alone, and stand in no message. */
export interface VolumeFacts {
  readonly acquisitionNumber: number | null;
  /** Temporal Position Identifier or Index; of nuclear medicine the time slice, time slot or phase. */
  readonly temporalPosition: number | null;
  /** Of an enhanced file: which of its stacks, and which place in it. */
  readonly stackId: string | null;
  readonly inStackPosition: number | null;
  /** Dimension Index Values of a frame: what they count is said elsewhere, and may be anything. */
  readonly dimensions: readonly number[];
  readonly echoNumber: number | null;
  /** In milliseconds, as the following. */
  readonly echoTime: number | null;
  readonly inversionTime: number | null;
  readonly repetitionTime: number | null;
  /** Since the R wave. */
  readonly triggerTime: number | null;
  /** Of PET, since the series began. */
  readonly frameReferenceTime: number | null;
  /** Of the cardiac cycle, in percent. */
  readonly cardiacPhase: number | null;
  readonly flipAngle: number | null;
  readonly kvp: number | null;
  /** In s/mm². */
  readonly bValue: number | null;
  /** Of the diffusion gradient, three cosines. */
  readonly gradient: readonly number[] | null;
  /** Of PET: slices of all times counted through. */
  readonly imageIndex: number | null;
  /** Of nuclear medicine. */
  readonly energyWindow: number | null;
  readonly detector: number | null;
  /** YYYYMMDDHHMMSS.ffffff as in the file, the date where there is one. */
  readonly acquisitionTime: string | null;
  readonly contentTime: string | null;
  /** Image Type, or Frame Type of an enhanced file: magnitude, phase, water, fat … */
  readonly imageType: string | null;
  /** MAGNITUDE, PHASE, REAL or IMAGINARY, where Image Type does not say it. */
  readonly component: string | null;
  readonly kernel: string | null;
  readonly contrastAgent: string | null;
}

/** @param frame From 0; in enhanced files all of it stands in functional groups. */
export function readVolumeFacts(dataSet: DataSet, frame: number): VolumeFacts {
  const group = (tag: Tag) => dataSet.functionalGroup(tag, frame);
  const content = group(tags.FrameContentSequence);
  const diffusion = group(tags.MRDiffusionSequence);
  const direction = diffusion.items(tags.DiffusionGradientDirectionSequence)[0] ?? diffusion;
  const cardiac = group(tags.CardiacSynchronizationSequence);
  const timing = group(tags.MRTimingAndRelatedParametersSequence);
  const contrast = group(tags.ContrastBolusUsageSequence);
  const frameTypes = [tags.MRImageFrameTypeSequence, tags.CTImageFrameTypeSequence].map((tag) => group(tag));
  const [frameType] = frameTypes.filter((item) => item.has(tags.FrameType));
  const vector = (tag: Tag) => dataSet.word(tag, { index: frame });
  return {
    acquisitionNumber: content.word(tags.FrameAcquisitionNumber) ?? dataSet.number(tags.AcquisitionNumber) ?? null,
    temporalPosition:
      content.long(tags.TemporalPositionIndex) ??
      dataSet.number(tags.TemporalPositionIdentifier) ??
      vector(tags.TimeSliceVector) ??
      vector(tags.TimeSlotVector) ??
      vector(tags.PhaseVector) ??
      null,
    stackId: content.text(tags.StackID) ?? null,
    inStackPosition: content.long(tags.InStackPositionNumber) ?? null,
    dimensions: content.longs(tags.DimensionIndexValues),
    echoNumber: dataSet.number(tags.EchoNumbers) ?? null,
    echoTime: doubleOf(group(tags.MREchoSequence), tags.EffectiveEchoTime) ?? dataSet.number(tags.EchoTime) ?? null,
    inversionTime:
      doubleOf(group(tags.MRModifierSequence), tags.InversionTimes) ?? dataSet.number(tags.InversionTime) ?? null,
    repetitionTime: timing.number(tags.RepetitionTime) ?? null,
    triggerTime: doubleOf(cardiac, tags.NominalCardiacTriggerDelayTime) ?? dataSet.number(tags.TriggerTime) ?? null,
    frameReferenceTime: dataSet.number(tags.FrameReferenceTime) ?? null,
    cardiacPhase: cardiac.float(tags.NominalPercentageOfCardiacPhase) ?? null,
    flipAngle: timing.number(tags.FlipAngle) ?? null,
    kvp: group(tags.CTXRayDetailsSequence).number(tags.KVP) ?? null,
    bValue: doubleOf(diffusion, tags.DiffusionBValue) ?? makersBValue(dataSet) ?? null,
    gradient: three(direction.doubles(tags.DiffusionGradientOrientation)) ?? makersGradient(dataSet),
    imageIndex: dataSet.word(tags.ImageIndex) ?? null,
    energyWindow: vector(tags.EnergyWindowVector) ?? null,
    detector: vector(tags.DetectorVector) ?? null,
    acquisitionTime:
      content.text(tags.FrameAcquisitionDateTime) ??
      dateAndTime(dataSet, tags.AcquisitionDate, tags.AcquisitionTime) ??
      dataSet.text(tags.AcquisitionDateTime) ??
      null,
    contentTime:
      content.text(tags.FrameReferenceDateTime) ?? dateAndTime(dataSet, tags.ContentDate, tags.ContentTime) ?? null,
    imageType: frameType?.texts(tags.FrameType).join("\\") ?? textsOf(dataSet, tags.ImageType),
    component: frameTypes.flatMap((item) => item.text(tags.ComplexImageComponent) ?? [])[0] ?? componentOfGE(dataSet),
    kernel:
      textsOf(group(tags.CTReconstructionSequence), tags.ConvolutionKernel) ?? textsOf(dataSet, tags.ConvolutionKernel),
    contrastAgent: contrast.text(tags.ContrastBolusAgentPhase) ?? dataSet.text(tags.ContrastBolusAgent) ?? null
  };
}

const [siemens, ge, geAcquisition, philips, philipsMr] = [
  /^SIEMENS MR HEADER/,
  /^GEMS_PARM/,
  /^GEMS_ACQU/,
  /^Philips Imaging/i,
  /^Philips MR Imaging/i
];

/** Of Siemens (IS), GE (IS, of which the first counts; GE adds 10^9 to say how it was found) and Philips (FL). */
function makersBValue(dataSet: DataSet): number | undefined {
  const [ofSiemens, ofGe, ofPhilips] = [
    dataSet.ofMaker(tags.SiemensBValue, siemens),
    dataSet.ofMaker(tags.GEBValue, ge),
    dataSet.ofMaker(tags.PhilipsBValue, philips)
  ];
  if (ofSiemens !== null) return dataSet.number(ofSiemens);
  if (ofGe !== null) {
    const value = dataSet.number(ofGe);
    return value === undefined ? undefined : value % 1e9;
  }
  return ofPhilips === null ? undefined : dataSet.float(ofPhilips);
}

/** Of Siemens (FD), GE (DS) and Philips (FL); GE's are of the picture, not of the patient, which does for telling directions apart. */
function makersGradient(dataSet: DataSet): readonly number[] | null {
  const ofSiemens = dataSet.ofMaker(tags.SiemensDiffusionGradientDirection, siemens);
  if (ofSiemens !== null) return three(dataSet.doubles(ofSiemens));
  const ofGe = [tags.GEDiffusionGradientX, tags.GEDiffusionGradientY, tags.GEDiffusionGradientZ].flatMap(
    (tag) => dataSet.ofMaker(tag, geAcquisition) ?? []
  );
  // GE keeps other things in these elements where nothing was weighted.
  if (ofGe.length > 0)
    return (makersBValue(dataSet) ?? 0) > 0 ? three(ofGe.flatMap((tag) => dataSet.number(tag) ?? [])) : null;
  const ofPhilips = [
    tags.PhilipsDiffusionGradientX,
    tags.PhilipsDiffusionGradientY,
    tags.PhilipsDiffusionGradientZ
  ].flatMap((tag) => dataSet.ofMaker(tag, philipsMr) ?? []);
  return three(ofPhilips.flatMap((tag) => dataSet.float(tag) ?? []));
}

/** GE's Raw Data Type. */
function componentOfGE(dataSet: DataSet): string | null {
  const tag = dataSet.ofMaker(tags.GERawDataType, ge);
  const value = tag === null ? undefined : dataSet.word(tag);
  return value === undefined ? null : (["MAGNITUDE", "PHASE", "REAL", "IMAGINARY"][value] ?? null);
}

function dateAndTime(dataSet: DataSet, date: Tag, time: Tag): string | undefined {
  const text = dataSet.text(time);
  return text === undefined ? undefined : `${dataSet.text(date) ?? ""}${text}`;
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
