/**
 * The public surface of medgemma-local. For research and development; not a medical device. docs/reference/api.md shows it in this order,
 * each comment a chapter.
 */

// Load a model
export { loadMedGemma } from "./loading/load-lazily.js";
export type { LoadedModel, LoadOptions, ModelSource } from "./chat/types.js";
export type { MedGemma, EncodedImage } from "./chat/medgemma.js";
export type { EncodeOptions } from "./chat/encode-images.js";
export type { ComputeOptions } from "./loading/load-options.js";
export type { ScaledAdapter } from "./language/lora/lora-adapter.js";
export type { ImageCacheOptions } from "./vision/vision-model.js";
export type { GpuBackend } from "./native/backend.js";
export type { MissedGpu } from "./native/missed-gpu.js";

// Ask
export type { Chat } from "./chat/chat.js";
export type {
  AskOptions,
  AssistantTurn,
  ChatOptions,
  ChatTurn,
  LoadChatOptions,
  PromptPart,
  RepeatOptions,
  UserTurn
} from "./chat/types.js";
export type { AnswerOptions } from "./chat/answer-options.js";
export type { SamplerSettings } from "./language/host/sampler-options.js";
export type { ImageOptions } from "./image/image-options.js";
export type { Reply } from "./chat/reply.js";
export type { ReplyChunk, ReplyProgress } from "./chat/types.js";
export type { StandardResult, StandardSchema } from "./language/schema/standard-schema.js";

// Answers
export type {
  Answer,
  AnswerImage,
  AnswerLogprob,
  AnswerRequest,
  Provenance,
  RequestImage,
  StopReason,
  TokenLogprob
} from "./chat/types.js";
export type { LocatedBox, RejectedBox } from "./chat/locate-boxes.js";
export type { FileIdentity } from "./models/identify-file.js";

// Answers again
export { loadingOf, readAnswerRecord, repeatAnswer, withImagesAt } from "./chat/answer-record.js";
export type { AnswerRecord } from "./chat/types.js";
export type { RepeatedAnswer } from "./chat/answer-record.js";
export type { AnswerComparison, AnswerDifference } from "./chat/compare-answers.js";

// Errors
export { errorCodes, MedGemmaError } from "./errors.js";
export type { MedGemmaErrorCode, MedGemmaErrorOptions } from "./errors.js";
export type { Remedy, RemedyCommand, RemedyOption } from "./remedy.js";

// Pictures
export { decodeImage } from "./image/decode.js";
export { prepareImage } from "./image/prepare.js";
export { drawBoxes } from "./image/draw-boxes.js";
export type { DrawnBox } from "./image/draw-boxes.js";
export type {
  CropImage,
  DecodedImage,
  DicomOptions,
  ImageFit,
  ImagePreprocessing,
  ImageRendering,
  ImageSource,
  PixelBox,
  PlainImageSource,
  Square,
  SquareImage
} from "./image/types.js";
export type { ShownWindow, WindowFunction } from "./dicom/voi.js";
export type { WindowChoice, WindowPreset } from "./dicom/window-choice.js";

// Series of CT and MR
export { readSeries } from "./series/read-series.js";
export { recipeForModel } from "./series/recipes.js";
export type { RecipeName, ValueRange } from "./series/recipes.js";
export type { SeriesChoices } from "./series/series-options.js";
export type {
  Gap,
  LeftOut,
  Modality,
  Series,
  SeriesAsked,
  SeriesOptions,
  SeriesProgress,
  SeriesSummary,
  SliceOrder
} from "./series/types.js";

// Pathology slides
export { readSlide } from "./slide/read-slide.js";
export type { SlideChoices } from "./slide/slide-options.js";
export type {
  MagnificationSource,
  Slide,
  SlideAsked,
  SlideOptions,
  SlideProgress,
  SlideSummary
} from "./slide/types.js";

// Presets
export { listPresets, loadPreset } from "./presets/load-preset.js";
export { composePrompt } from "./presets/compose-prompt.js";
export { presetOptions } from "./presets/preset-options.js";
export type { Preset } from "./presets/preset.js";
export type { DatedImage, PromptMaterial } from "./presets/compose-prompt.js";

// Serve
export { createServer } from "./server/start.js";
export type { MedGemmaServer } from "./server/create-server.js";
export type { ListenOptions, ServerOptions } from "./server/server-options.js";
export type { ServedModel } from "./server/served-model.js";

// Models on the disk
export { readCatalog } from "./models/catalog.js";
export { pullModel } from "./models/pull.js";
export { installedModels } from "./models/installed.js";
export { storedModels } from "./models/stored-models.js";
export { importModels } from "./models/import.js";
export { verifyModels } from "./models/verify.js";
export { removeModel } from "./models/remove.js";
export type { Catalog, CatalogFile, CatalogModel, Quantization } from "./models/catalog.js";
export type { PullOptions, PullProgress } from "./models/pull.js";
export type { InstalledModel } from "./models/installed.js";
export type { StoredModel, StoredModelFile } from "./models/stored-models.js";
export type { ManifestFile, ModelOrigin } from "./models/manifest.js";
export type { ImportOptions, ImportProgress } from "./models/import.js";
export type { SkippedFile } from "./models/import-candidates.js";
export type { CheckOptions } from "./models/check-file.js";
export type { VerifiedFile } from "./models/verify.js";
export type { RemovedModel } from "./models/remove.js";
export type { WaitOptions } from "./models/model-folder.js";
