/** The routes of the server, and what each request must pass before it reaches one. */
import { Hono } from "hono";
import { checkCaller, checkToken, type AccessOptions } from "./access.js";
import type { Answering } from "./answering.js";
import type { FileStore } from "./file-store.js";
import { asHttpError, HttpError } from "./http-error.js";
import type { Metrics } from "./metrics.js";
import type { ModelPool } from "./model-pool.js";
import { chatCompletions } from "./openai/chat-completions.js";
import { fileRoutes } from "./openai/files.js";
import { describeModel, listModels } from "./openai/models.js";
import { responses } from "./openai/responses.js";
import { openApiDocument } from "./openapi.js";
import { readJson } from "./request-body.js";

export interface AppServices {
  readonly access: AccessOptions;
  readonly answering: Answering;
  readonly files: FileStore;
  readonly pool: ModelPool;
  readonly metrics: Metrics;
  /** Of one request. */
  readonly maxBytes: number;
  /** Whether the model that is loaded first is there. */
  readonly isReady: () => boolean;
}

export function createApp(services: AppServices): Hono {
  const { access, pool, metrics, maxBytes, isReady } = services;
  const app = new Hono();

  app.use(async (context, next) => {
    checkCaller(context.req.raw, access);
    const origin = context.req.header("origin");
    const isNamed = origin !== undefined && access.origins.includes(origin);
    if (context.req.method === "OPTIONS" && isNamed) return preflight(origin);
    await next();
    const { headers } = context.res;
    headers.set("x-content-type-options", "nosniff");
    headers.set("cache-control", headers.get("cache-control") ?? "no-store");
    if (isNamed) {
      headers.set("access-control-allow-origin", origin);
      headers.set("vary", "Origin");
    }
    return undefined;
  });
  app.onError((error) => {
    const failure = asHttpError(error);
    return Response.json(failure.body, { status: failure.status, headers: failure.headers });
  });
  app.notFound((context) => {
    const failure = new HttpError(
      404,
      "unknown_route",
      `There is no ${context.req.method} ${context.req.path.slice(0, 100)} here. /openapi.json lists what there is.`
    );
    return Response.json(failure.body, { status: failure.status });
  });

  // Open and without detail, for what starts and watches the server.
  app.get("/health", () =>
    isReady()
      ? Response.json({ status: "ok" })
      : Response.json({ status: "loading model" }, { status: 503, headers: { "retry-after": "5" } })
  );

  app.use(async (context, next) => {
    checkToken(context.req.raw, access);
    await next();
  });
  app.get("/v1/models", () => Response.json(listModels(pool)));
  app.get("/v1/models/:id", (context) => Response.json(describeModel(pool, context.req.param("id"))));
  app.post(
    "/v1/chat/completions",
    async ({ req }) => await chatCompletions(await readJson(req.raw, maxBytes), services, req.raw.signal)
  );
  app.post(
    "/v1/responses",
    async ({ req }) => await responses(await readJson(req.raw, maxBytes), services, req.raw.signal)
  );
  fileRoutes(app, services.files, maxBytes);
  app.get("/metrics", async () => {
    const { type, body } = await metrics.text();
    return new Response(body, { headers: { "content-type": type } });
  });
  app.get("/openapi.json", () => Response.json(openApiDocument()));
  return app;
}

/** For the origins that are named, and without cookies, which the server does not know. */
function preflight(origin: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, POST, DELETE",
      "access-control-allow-headers": "authorization, content-type",
      "access-control-max-age": "600",
      vary: "Origin"
    }
  });
}
