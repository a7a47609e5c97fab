/** What codex asks an Ollama before it works with one of its models; the work itself is the Responses API. */
import type { Call } from "./api.ts";
import { field, str } from "./json.ts";
import { json, type Reply } from "./reply.ts";

/** The models it says it has; any other is "pulled" at once. */
const MODELS = ["devstral-24b", "lemer", "lemma", "lemmy", "lemrd"];

/** Null when the call is none of Ollama's. */
export function ollama({ path, body }: Call): Reply | null {
  switch (path) {
    case "/api/version":
      return json(200, { version: "0.21.0" });
    case "/api/tags":
      return json(200, {
        models: MODELS.map((name) => ({ name, model: name, size: 1, digest: "0", details: {} })),
      });
    case "/api/show":
      return json(200, {
        model_info: {},
        capabilities: ["tools", "completion"],
        name: str(field(body, "model")),
      });
    case "/api/pull":
      return json(200, { status: "success" });
    case "/v1/models":
      return json(200, {
        object: "list",
        data: MODELS.map((id) => ({ id, object: "model", owned_by: "fake" })),
      });
    default:
      return null;
  }
}
