/** The OpenAPI document, from the schemas that check the requests. */
import * as z from "zod";
import { packageVersion } from "../shared/package-version.js";
import { chatRequest } from "./openai/chat-request.js";
import { responsesRequest } from "./openai/responses-request.js";

export function openApiDocument(): object {
  const id = { name: "id", in: "path", required: true, schema: { type: "string" } };
  return {
    openapi: "3.1.0",
    info: {
      title: "medgemma-local",
      version: packageVersion(),
      description:
        "MedGemma on your own machine, in OpenAI's shapes. For research and development; not a medical device. What is ours stands under medgemma."
    },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }],
    paths: {
      "/health": { get: operation("Whether the server is ready", { security: [] }) },
      "/metrics": { get: operation("Numbers for Prometheus") },
      "/v1/models": { get: operation("The models that answer") },
      "/v1/models/{id}": { get: operation("One of them", { parameters: [id] }) },
      "/v1/chat/completions": { post: operation("Answer a conversation", { requestBody: json(chatRequest) }) },
      "/v1/responses": {
        post: operation("Answer a conversation; nothing is kept", { requestBody: json(responsesRequest) })
      },
      "/v1/files": {
        get: operation("The files that were sent"),
        post: operation("Send an image or a slice, to ask about it often", { requestBody: form })
      },
      "/v1/files/{id}": {
        get: operation("One of them", { parameters: [id] }),
        delete: operation("Delete it", { parameters: [id] })
      }
    }
  };
}

const form = {
  required: true,
  content: {
    "multipart/form-data": {
      schema: {
        type: "object",
        properties: { file: { type: "string", format: "binary" }, purpose: { type: "string" } },
        required: ["file"]
      }
    }
  }
};

function json(schema: z.ZodType): object {
  return { required: true, content: { "application/json": { schema: z.toJSONSchema(schema, { io: "input" }) } } };
}

function operation(summary: string, more: object = {}): object {
  const error = { description: "An error: { error: { message, type, param, code } }" };
  return { summary, ...more, responses: { "200": { description: "Done" }, "4XX": error, "5XX": error } };
}
