/** The table of agents and variants: which command line each becomes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILT_IN_AGENTS, createAgents } from "../../src/agents/registry.ts";
import { splitAgent } from "../../src/model/run.ts";
import { REQUEST } from "../contracts/agent.ts";
import { agentConfig } from "./settings.ts";

const agents = createAgents(
  Object.fromEntries(BUILT_IN_AGENTS.map((name) => [name, agentConfig(name)])),
  () => 0,
);

const CODEX =
  "codex exec --json --dangerously-bypass-approvals-and-sandbox --skip-git-repo-check --disable plugins" +
  " -c check_for_update_on_startup=false -c analytics.enabled=false -c allow_login_shell=false" +
  " -c shell_environment_policy.inherit=all -c shell_environment_policy.include_only=" +
  '["PATH","HOME","TMPDIR","USER","LOGNAME","SHELL","TERM","NO_COLOR","CI","TZ","LANG","LANGUAGE","LC_*","*_PROXY",' +
  '"SSL_CERT_FILE","SSL_CERT_DIR","NODE_EXTRA_CA_CERTS","GIT_AUTHOR_*","GIT_COMMITTER_*","GIT_TERMINAL_PROMPT",' +
  '"AGENT_DISPATCH_RUN","NODE_USE_ENV_PROXY"]' +
  " -C /workspace/repo -o /workspace/.meta/agent-codex.log";
const CLAUDE =
  "claude -p --output-format stream-json --verbose --dangerously-skip-permissions" +
  ` --session-id ${REQUEST.sessionId} --append-system-prompt-file /workspace/.meta/claude-system-prompt.md`;
const GEMINI = "gemini --yolo --skip-trust --output-format stream-json";
const OLLAMA = "--oss --local-provider ollama -m";
const REVIEW = `coderabbit review --agent --base-commit ${REQUEST.reviewFrom}`;

const TABLE: readonly (readonly [agent: string, mode: "work" | "review", argv: string])[] = [
  ["gemini", "work", `${GEMINI} --session-id ${REQUEST.sessionId}`],
  ["gemini:flash", "work", `${GEMINI} -m gemini-2.5-flash --session-id ${REQUEST.sessionId}`],
  ["gemini:gemini-3-pro", "work", `${GEMINI} -m gemini-3-pro --session-id ${REQUEST.sessionId}`],
  ["codex", "work", `${CODEX} -`],
  ["codex:gpt-5.4-mini", "work", `${CODEX} -m gpt-5.4-mini -`],
  ["codex:a:b", "work", `${CODEX} -m a:b -`],
  ["codex:lemer", "work", `${CODEX} --profile lemer -`],
  ["codex:lemma", "work", `${CODEX} --profile lemma -`],
  ["codex:lemmy", "work", `${CODEX} --profile lemmy -`],
  ["codex:lemrd", "work", `${CODEX} --profile lemrd -`],
  ["codex:review", "review", `${CODEX} -`],
  ["claude", "work", CLAUDE],
  ["claude:opus", "work", `${CLAUDE} --model opus`],
  ["coderabbit", "review", `${REVIEW} -c CLAUDE.md --no-color`],
  ["coderabbit:committed", "review", `${REVIEW} --type committed -c CLAUDE.md --no-color`],
  ["local", "work", `${CODEX} ${OLLAMA} devstral-24b -`],
  ["local:qwen3:8b", "work", `${CODEX} ${OLLAMA} qwen3:8b -`],
  ["local:lemer", "work", `${CODEX} --profile lemer -`],
  ["local:lemma", "work", `${CODEX} --profile lemma -`],
  ["local:lemmy", "work", `${CODEX} --profile lemmy -`],
  ["local:lemrd", "work", `${CODEX} --profile lemrd -`],
];

for (const [name, mode, argv] of TABLE) {
  test(`${name} runs: ${argv.slice(0, argv.indexOf(" "))} for ${mode}`, () => {
    const { pool, model } = splitAgent(name);
    const agent = agents.get(pool);
    assert.ok(agent);
    assert.equal(agent.launch({ ...REQUEST, model }).argv.join(" "), argv);
    assert.equal(agent.mode(model), mode);
  });
}

test("an earlier session is resumed by each CLI's own option", () => {
  const resume = "01a204c0-6d79-7692-8b34-2a75e5a14c76";
  const argvOf = (name: string) =>
    agents
      .get(name)
      ?.launch({ ...REQUEST, resume })
      .argv.join(" ") ?? "";
  assert.equal(argvOf("codex"), `${CODEX} resume ${resume} -`);
  assert.equal(argvOf("claude"), CLAUDE.replace(`--session-id ${REQUEST.sessionId}`, `--resume ${resume}`));
  assert.equal(argvOf("gemini"), `${GEMINI} --resume ${resume}`);
  assert.ok(argvOf("local").endsWith(`resume ${resume} -`));
});

test("each agent is given its own provider's keys and no other's", () => {
  const keys = Object.fromEntries(
    [...agents].map(([name, agent]) => [name, agent.launch(REQUEST).secretEnv]),
  );
  assert.deepEqual(keys, {
    codex: ["CODEX_API_KEY", "OPENAI_API_KEY"],
    claude: ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"],
    gemini: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    coderabbit: ["CODERABBIT_API_KEY"],
    local: [],
  });
});

test("each agent says where its provider is, and a program of the admin's is not known to have one", () => {
  const providers = [...agents].map(([name, agent]) => {
    const provider = agent.provider(null);
    return [name, provider?.baseUrl, provider?.keys.map(({ variable, header }) => `${variable} ${header}`)];
  });
  assert.deepEqual(providers, [
    ["codex", "https://api.openai.com/v1", ["CODEX_API_KEY authorization"]],
    [
      "claude",
      "https://api.anthropic.com",
      [
        "ANTHROPIC_AUTH_TOKEN authorization",
        "ANTHROPIC_API_KEY x-api-key",
        "CLAUDE_CODE_OAUTH_TOKEN authorization",
      ],
    ],
    ["gemini", "https://generativelanguage.googleapis.com", ["GEMINI_API_KEY x-goog-api-key"]],
    ["coderabbit", null, []],
    ["local", "http://127.0.0.1:11434", []],
  ]);
});

test("an admin's own address is the provider's, and does not lead past an endpoint", () => {
  const endpoint = { url: "http://127.0.0.1:9/provider", token: "token-of-the-run", variable: null };
  for (const [name, setting, written, is] of [
    ["codex", "OPENAI_BASE_URL", "https://llm.example.com/v1", "https://llm.example.com/v1"],
    ["claude", "ANTHROPIC_BASE_URL", "https://llm.example.com", "https://llm.example.com"],
    ["gemini", "GOOGLE_GEMINI_BASE_URL", "https://llm.example.com", "https://llm.example.com"],
    ["local", "CODEX_OSS_BASE_URL", "http://10.0.0.7:11434/v1", "http://10.0.0.7:11434"],
  ] as const) {
    const config = { ...agentConfig(name), env: { [setting]: written } };
    const agent = createAgents({ [name]: config }, () => 0).get(name);
    assert.equal(agent?.provider(null)?.baseUrl, is);
    const { argv, env } = agent!.launch({ ...REQUEST, endpoint });
    const led = name === "codex" ? argv.join(" ") : (env[setting] ?? "");
    assert.ok(led.includes(endpoint.url), `${name}: ${led}`);
  }
});

test("claude and coderabbit are made for the host, the others for a container", () => {
  const homes = Object.fromEntries([...agents].map(([name, agent]) => [name, agent.home]));
  const container = "container";
  const native = "native";
  assert.deepEqual(homes, {
    codex: container,
    claude: native,
    gemini: container,
    coderabbit: native,
    local: container,
  });
});
