/** Google's Gemini API, as gemini speaks it. */
import type { Api, Call, SpokenFailure } from "./api.ts";
import { field, items, str, textOf } from "./json.ts";
import { events, json, type Reply } from "./reply.ts";
import type { Turn } from "./script.ts";

const METHOD = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

export const gemini: Api = {
  turn({ path, body }): Turn | null {
    const model = METHOD.exec(path)?.[1];
    if (model === undefined) return null;
    const contents = items(field(body, "contents"));
    const asked = contents.findLastIndex(
      (content) => field(content, "role") === "user" && !isResult(content),
    );
    return {
      api: "gemini",
      model,
      prompt: textOf(field(contents[asked], "parts")),
      step: contents.slice(asked + 1).filter(isResult).length,
    };
  },
  answer(call, step) {
    // A wish for JSON is the CLI's own: which model to take, who speaks next.
    if (field(field(call.body, "generationConfig"), "responseMimeType") === "application/json") {
      return reply(call, { text: JSON.stringify(SIDE_ANSWER) });
    }
    if ("say" in step) return reply(call, { text: step.say });
    const args = { command: step.shell, description: "a scripted step", is_background: false };
    return reply(call, { functionCall: { name: "run_shell_command", args } });
  },
  failure,
};

const SIDE_ANSWER = {
  reasoning: "fake",
  complexity_reasoning: "fake",
  complexity_score: 10,
  model_choice: "flash",
  next_speaker: "user",
};

function isResult(content: unknown): boolean {
  return items(field(content, "parts")).some((part) => field(part, "functionResponse") !== undefined);
}

function reply({ path, query, number }: Call, part: Readonly<Record<string, unknown>>): Reply {
  const answer = {
    candidates: [{ index: 0, content: { role: "model", parts: [part] }, finishReason: "STOP" }],
    usageMetadata: {
      promptTokenCount: 1200,
      cachedContentTokenCount: 1000,
      candidatesTokenCount: 30,
      totalTokenCount: 1230,
    },
    modelVersion: str(METHOD.exec(path)?.[1]),
    responseId: `r_${number}`,
  };
  if (path.endsWith(":generateContent")) return json(200, answer);
  return query.get("alt") === "sse" ? events([answer], false) : json(200, [answer]);
}

function failure(failure: SpokenFailure): Reply {
  const error = (code: number, status: string, message: string, details: readonly unknown[] = []) =>
    json(code, { error: { code, message, status, details } });
  switch (failure) {
    case "unauthorized":
      return error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "API_KEY_INVALID",
          domain: "googleapis.com",
        },
      ]);
    case "rate_limited":
      return error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).");
    case "usage_limit":
      return error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", [
        {
          "@type": "type.googleapis.com/google.rpc.QuotaFailure",
          violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaValue: "50" }],
        },
      ]);
    case "server_error":
      return error(500, "INTERNAL", "An internal error has occurred.");
  }
}
