/**
 * What a client may send to /v1/chat/completions. OpenAI's names, and llama.cpp's for what OpenAI lacks; what is ours stands under
 * "medgemma". A field that would change the answer and is not supported is refused, never passed over.
 */
import * as z from "zod";

const windowChoice = z
  .union([z.string(), z.int(), z.strictObject({ center: z.number(), width: z.number() })])
  .describe(
    'Which values become black and white: { center, width }, a preset for CT ("lung"), "full", or the number of a window of the file'
  );

/** How images are shown; the library's names. */
export const imageSettings = {
  fit: z.enum(["pad", "stretch", "crops"]).optional().describe("How an image becomes a square"),
  aspect: z.boolean().optional().describe("Whether pixels that are not square are made square first"),
  window: windowChoice.optional(),
  frame: z.int().min(1).optional().describe("Frame of a DICOM file, from 1")
};

/** Of an image part: how it is shown, and whether it is of an earlier study. */
const imageExtension = z.strictObject({
  ...imageSettings,
  prior: z
    .union([z.boolean(), z.strictObject({ date: z.string() })])
    .optional()
    .describe("An image of an earlier study, with its date where the model should know it")
});

const seriesSettings = {
  slices: z.int().min(1).optional(),
  index: z.int().min(1).optional(),
  volume: z.int().min(1).optional(),
  join: z.boolean().optional(),
  recipe: z.string().optional(),
  modality: z.enum(["CT", "MR"]).optional(),
  window: windowChoice.optional()
};

const textPart = z.strictObject({ type: z.literal("text"), text: z.string() });

const imagePart = z.strictObject({
  type: z.literal("image_url"),
  image_url: z
    .union([z.string(), z.strictObject({ url: z.string(), detail: z.enum(["auto", "low", "high"]).optional() })])
    .describe("A data URL: PNG, JPEG, DICOM, and whatever else the library reads. Nothing is fetched."),
  medgemma: imageExtension.optional()
});

const filePart = z.strictObject({
  type: z.literal("file"),
  file: z
    .strictObject({ file_id: z.string().optional(), file_data: z.string().optional(), filename: z.string().optional() })
    .describe("An image: a file of /v1/files, or a data URL"),
  medgemma: imageExtension.optional()
});

const bytesPart = z.strictObject({
  type: z.literal("image_bytes"),
  image_bytes: z.strictObject({ input_bytes: z.string() }).describe("Base64, as Google's MedGemma container takes it"),
  medgemma: imageExtension.optional()
});

const seriesPart = z.strictObject({
  type: z.literal("medgemma_series"),
  medgemma_series: z
    .strictObject({ file_ids: z.array(z.string()).min(1), ...seriesSettings })
    .describe("The files of a CT or MR series, in any order: its slices stand here, each with its number")
});

const userPart = z.discriminatedUnion("type", [textPart, imagePart, filePart, bytesPart, seriesPart]);

const texts = z.union([z.string(), z.array(textPart)]);
const name = z.string().optional();

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.string() })
});

const message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content: texts, name }),
  z.strictObject({ role: z.literal("developer"), content: texts, name }),
  z.strictObject({ role: z.literal("user"), content: z.union([z.string(), z.array(userPart)]), name }),
  z.strictObject({
    role: z.literal("assistant"),
    content: texts.nullish(),
    name,
    refusal: z.null().optional(),
    audio: z.null().optional(),
    annotations: z.array(z.unknown()).optional(),
    function_call: z.null().optional(),
    tool_calls: z.array(toolCall).nullish(),
    reasoning_content: z.string().nullish().describe("Not sent again: Google leaves old thoughts out"),
    reasoning: z.string().nullish(),
    medgemma: z.unknown().optional()
  }),
  z.strictObject({ role: z.literal("tool"), content: texts, tool_call_id: z.string(), name })
]);

const jsonSchema = z.record(z.string(), z.unknown());

const responseFormat = z.union([
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object"), schema: jsonSchema.optional() }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z
      .strictObject({
        name: z.string().optional(),
        description: z.string().optional(),
        schema: jsonSchema,
        strict: z.boolean().nullish()
      })
      .optional(),
    schema: jsonSchema.optional(),
    name: z.string().optional(),
    strict: z.boolean().nullish()
  })
]);

export const tool = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({
    name: z.string().regex(/^[\w-]{1,64}$/),
    description: z.string().optional(),
    parameters: jsonSchema.optional(),
    strict: z.boolean().nullish()
  })
});

const toolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: z.string() }) })
]);

/** What only this server knows. */
const extension = z.strictObject({
  ...imageSettings,
  preset: z.string().optional().describe("Name of a preset that the library lists"),
  think: z.boolean().optional().describe("Let the model think before it answers"),
  thoughtBudget: z.int().min(0).optional().describe("Longest thought in tokens"),
  boxes: z.boolean().optional().describe("Report boxes that the answer names, in pixels of the images"),
  priority: z.number().min(-1000).max(1000).optional()
});

/** No-ops: clients send them, and they change nothing here. */
const ignored = {
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
  store: z.boolean().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  service_tier: z.string().nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  cache_prompt: z.boolean().nullish()
};

/** Taken with the only value that is true here. */
const fixed = {
  n: z.literal(1).nullish(),
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logit_bias: z.strictObject({}).nullish(),
  modalities: z.tuple([z.literal("text")]).nullish(),
  audio: z.null().optional(),
  prediction: z.null().optional(),
  verbosity: z.literal("medium").nullish(),
  functions: z.tuple([]).nullish(),
  function_call: z.literal("none").nullish()
};

export const chatRequest = z.strictObject({
  model: z.string().optional().describe("A name that /v1/models lists. Default: the first"),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .nullish(),
  max_completion_tokens: z.int().min(1).nullish().describe("Longest answer in tokens, the thought included"),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(10).nullish().describe("Default 0: the likeliest token, always"),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().min(0.1).max(10).nullish(),
  repetition_penalty: z.number().min(0.1).max(10).nullish(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
  response_format: responseFormat.nullish(),
  tools: z.array(tool).max(64).nullish(),
  tool_choice: toolChoice.nullish(),
  medgemma: extension.nullish(),
  ...ignored,
  ...fixed
});

export type ChatRequest = z.infer<typeof chatRequest>;
export type RequestMessage = ChatRequest["messages"][number];
export type UserContentPart = z.infer<typeof userPart>;
export type ImageSettings = z.infer<z.ZodObject<typeof imageSettings>>;
export type ToolDeclaration = z.infer<typeof tool>;
