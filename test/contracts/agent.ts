/** What every agent adapter must do, whatever its CLI: the rules of `agents/agent.ts`, held by one suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Agent, AgentResult, LaunchRequest, LaunchSpec } from "../../src/agents/agent.ts";

export interface AgentSample {
  readonly name: string;
  create(): Agent;
  /** Models that mean something of their own to the adapter, and one plain one. */
  readonly models: readonly (string | null)[];
  /** False for a CLI that takes no prompt. */
  readonly takesPrompt: boolean;
  /** Lines of a run that went well. Empty: told by the exit code alone. */
  readonly success: readonly string[];
  /** A line that is fatal; null when the CLI has none. */
  readonly fatal: string | null;
}

export const REQUEST: LaunchRequest = {
  model: null,
  prompt: "Fix the greeting.",
  paths: { checkout: "/workspace/repo", meta: "/workspace/.meta", home: "/home/agent" },
  resume: null,
  sessionId: "5a833948-f54d-4423-a1d7-9f3fa47dbc8a",
  reviewFrom: "0123456789abcdef0123456789abcdef01234567",
  endpoint: null,
};

const EARLIER_SESSION = "01a204c0-6d79-7692-8b34-2a75e5a14c76";

export function describeAgentContract(sample: AgentSample): void {
  describe(`the agent contract, for ${sample.name}`, () => {
    describeLaunch(sample);
    describeReader(sample);
  });
}

function describeLaunch({ create, models, takesPrompt }: AgentSample): void {
  const each = (check: (spec: LaunchSpec, agent: Agent) => void, request: Partial<LaunchRequest> = {}) => {
    for (const model of models) {
      for (const resume of [null, EARLIER_SESSION]) {
        const agent = create();
        check(agent.launch({ ...REQUEST, model, resume, ...request }), agent);
      }
    }
  };

  test("the program is the first argument", () => {
    each((spec, agent) => assert.equal(spec.argv[0], agent.program.name));
  });

  test("the prompt is never an argument, and arrives whole on stdin or in a file", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12, unit: "binary" }), (words) => {
        const prompt = `-${words}`;
        each(
          (spec) => {
            assert.ok(spec.argv.every((argument) => !argument.includes(prompt)));
            const given = [spec.stdin, ...spec.files.map(({ content }) => content)];
            assert.equal(
              given.some((text) => text.includes(prompt)),
              takesPrompt,
            );
          },
          { prompt },
        );
      }),
      { numRuns: 50 },
    );
  });

  test("secrets are named, never held", () => {
    each((spec) => {
      assert.ok(spec.secretEnv.every((name) => /^[A-Z][A-Z0-9_]*$/.test(name)));
      assert.deepEqual(
        spec.secretEnv.filter((name) => name in spec.env),
        [],
      );
    });
  });

  test("an endpoint is used with its token in place of the key, and the token is no argument and in no file", () => {
    for (const model of models) {
      const provider = create().provider(model);
      if (provider === null || provider.baseUrl === null) continue;
      const variable = provider.keys[0]?.variable ?? null;
      const endpoint = { url: "http://127.0.0.1:9/provider", token: "token-of-the-run", variable };
      const { endpointEnv, argv, files } = create().launch({ ...REQUEST, model, endpoint });
      assert.ok([...Object.values(endpointEnv), ...argv].some((text) => text.includes(endpoint.url)));
      if (variable !== null) assert.equal(endpointEnv[variable], endpoint.token);
      assert.ok(!JSON.stringify([argv, files]).includes(endpoint.token));
    }
    each((spec) => assert.deepEqual(spec.endpointEnv, {}));
  });

  test("files stay inside the run's folders", () => {
    each((spec) => {
      for (const { path } of spec.files) {
        assert.ok(!path.startsWith("/") && !path.split("/").includes(".."), path);
      }
    });
  });

  test("every path in the arguments is one of the run's, in its normal form", () => {
    each((spec) => {
      const paths = spec.argv.slice(1).filter((argument) => argument.startsWith("/"));
      for (const path of paths) assert.match(path, /^\/workspace\/(repo|\.meta)(\/[\w.-]+)?$/);
    });
  });

  test("the same request is launched in the same way", () => {
    const agent = create();
    const request = { ...REQUEST, model: models[0] ?? null };
    assert.deepEqual(agent.launch(request), agent.launch(request));
  });
}

function describeReader({ create, success, fatal }: AgentSample): void {
  const read = (lines: readonly string[], exitCode: number | null): AgentResult => {
    const reader = create().reader();
    for (const line of lines) reader.line(line, "stdout");
    return reader.end(exitCode);
  };

  test("a run that went well is ok, with nothing to explain", () => {
    const { ok, failure, cause, resetsAt } = read(success, 0);
    assert.deepEqual(
      { ok, failure, cause, resetsAt },
      { ok: true, failure: null, cause: null, resetsAt: null },
    );
  });

  test("each prefix of a good run that lacks its end is no success, however it exited", () => {
    for (let length = 0; length < success.length; length += 1) {
      for (const exitCode of [0, 1, null]) {
        const result = read(success.slice(0, length), exitCode);
        assert.equal(result.ok, false, `after ${length} lines`);
        assert.ok(result.failure);
        assert.ok(result.cause);
      }
    }
  });

  test("a fatal event is never made good, before or after the success event", () => {
    if (fatal === null) return;
    for (const lines of [
      [fatal, ...success],
      [...success, fatal],
    ]) {
      const result = read(lines, 0);
      assert.equal(result.ok, false);
      assert.ok(result.failure);
    }
  });

  test("junk of any kind neither throws nor succeeds", () => {
    const cut = fc
      .tuple(
        fc.constantFrom(...success, ...(fatal === null ? [""] : [fatal])),
        fc.double({ min: 0, max: 1, noNaN: true }),
      )
      .map(([line, share]) => line.slice(0, Math.floor((line.length - 1) * share)));
    const line = fc.oneof(fc.string({ unit: "binary" }), fc.json(), wrongShapes, cut);
    const stream = fc.constantFrom("stdout" as const, "stderr" as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(line, stream), { maxLength: 20 }), (lines) => {
        const reader = create().reader();
        for (const [text, from] of lines) assert.ok(Array.isArray(reader.line(text, from)));
        assert.equal(reader.end(1).ok, false);
      }),
    );
  });

  test("nothing on stderr can make a success", () => {
    const reader = create().reader();
    for (const line of success) reader.line(line, "stderr");
    assert.equal(reader.end(1).ok, false);
  });

  test("a line of many megabytes is passed over", () => {
    const reader = create().reader();
    const pad = " ".repeat(4 * 1024 * 1024);
    // Valid JSON, and fatal if it were read.
    reader.line(`${fatal ?? "junk"}${pad}`, "stdout");
    for (const line of success) reader.line(line, "stdout");
    const result = reader.end(0);
    assert.equal(result.ok, true);
    assert.ok((result.lastMessage ?? "").length < 100_000);
  });

  test("readers of one agent do not share what they read", () => {
    const agent = create();
    const first = agent.reader();
    for (const line of success) first.line(line, "stdout");
    assert.equal(agent.reader().end(1).ok, false);
  });

  test("a session id that could be read as an option or a path is not taken", () => {
    for (const id of ["--config=x", "-x", "../../etc/passwd", "", "a b"]) {
      const forged = success.map((line) =>
        line.replaceAll(/"(thread_id|session_id)":"[^"]*"/g, `"$1":${JSON.stringify(id)}`),
      );
      assert.equal(read(forged, 0).session, null);
    }
  });
}

/** Events of the right name with values of the wrong shape. */
const wrongShapes = fc
  .record({
    type: fc.constantFrom(
      "thread.started",
      "item.completed",
      "assistant",
      "system",
      "rate_limit_event",
      "init",
      "message",
      "finding",
    ),
    item: fc.anything({ maxDepth: 2 }),
    message: fc.anything({ maxDepth: 2 }),
    content: fc.anything({ maxDepth: 2 }),
    rate_limit_info: fc.anything({ maxDepth: 2 }),
    usage: fc.anything({ maxDepth: 2 }),
    stats: fc.anything({ maxDepth: 2 }),
  })
  .map((value) => JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner)));
