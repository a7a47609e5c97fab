/** The demo's chapters: what people do, what the bot answers, and a look at whether it is true. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalForge } from "./forge/local-forge.ts";

export type Say = (line: string) => void;

export interface Stage {
  readonly forge: LocalForge;
  readonly bot: { readonly login: string };
  readonly say: Say;
  readonly now: () => number;
  /** Ends the story in its middle. */
  readonly signal: AbortSignal;
}

export const REPO = "ada/greeter";
const LONGEST_MS = 60_000;

/** True when every check held. Rejects when the signal ends it. */
export async function chapters(stage: Stage): Promise<boolean> {
  const { forge, bot } = stage;
  for (const login of ["grace", "mallory"]) forge.createUser(login);
  await forge.createRepo({
    owner: "ada",
    name: "greeter",
    files: { "README.md": "# Greeter\n", "greet.txt": "Hi\n" },
  });
  forge.grant(REPO, bot.login, "admin");
  forge.grant(REPO, "grace", "write");
  const told = new Book(stage);
  await byLabel(stage, told);
  await byComment(stage, told);
  await stranger(stage, told);
  return told.end();
}

/** What a person would write, and folded below it what the scripted agent goes by: its prompt holds the whole text. */
function issueText(wish: string, ...steps: readonly string[]): string {
  const script = steps.map((step) => `step: ${step}`).join("\n");
  return `${wish}

<details><summary>What the scripted agent does</summary>

\`\`\`
${script}
\`\`\`

</details>`;
}

async function byLabel({ forge, bot }: Stage, told: Book): Promise<void> {
  told.chapter("1. A label starts an agent");
  const body = issueText(
    "`greet.txt` only says “Hi”. It should say “Good morning”, as one does to people one does not know well.",
    "work 2",
    "write greet.txt Good morning",
    "commit Greet properly",
  );
  const issue = forge.openIssue(REPO, { by: "ada", title: "Greet people properly", body });
  told.line(`ada opens issue #${issue} and gives it the label dispatch:scripted`);
  forge.addLabel(REPO, issue, "ada", "dispatch:scripted");
  await told.waitFor("the bot has a status comment", () => forge.issue(REPO, issue).comments.length > 0);
  told.quote(issue);
  await told.waitFor("a clock runs on the issue", () => forge.runningStopwatches(bot.login).length === 1);
  await told.waitFor("the final answer is there", () => forge.issue(REPO, issue).comments.length === 2);
  told.quote(issue);
  const [pull] = await forge.pulls(REPO);
  const head = pull?.pull?.head ?? "";
  told.check(`a pull request is open from ${head}`, head.startsWith("agent/"));
  told.check(`it closes the issue when merged`, pull?.body.includes(`Closes #${issue}`) === true);
  told.check(
    "the pushed branch holds the work",
    (await forge.fileAt(REPO, head, "greet.txt")) === "Good morning\n",
  );
  await told.waitFor("the agent's seconds are booked", () => forge.issue(REPO, issue).times.length === 1);
  told.check(
    `${forge.issue(REPO, issue).times[0]?.seconds} s booked on the issue`,
    (forge.issue(REPO, issue).times[0]?.seconds ?? 0) >= 2,
  );
  await told.waitFor("no clock is left running, and the label is taken off", () => {
    return forge.runningStopwatches(bot.login).length === 0 && forge.issue(REPO, issue).labels.length === 0;
  });
}

async function byComment({ forge }: Stage, told: Book): Promise<void> {
  told.chapter("2. A comment starts one, it asks, and an answer finishes it");
  const body = issueText(
    "We greet people, and never say goodbye. Please add a `farewell.txt`, beside `greet.txt` of #1.",
    "work 0.7",
    "ask In which language?",
    "write farewell.txt {answer}",
    "commit Say farewell",
  );
  const issue = forge.openIssue(REPO, { by: "ada", title: "Add a farewell", body });
  told.line(`grace, who may write, comments on #${issue}: /dispatch scripted`);
  forge.comment(REPO, issue, "grace", "/dispatch scripted");
  const bots = () =>
    forge.issue(REPO, issue).comments.filter((comment) => comment.by.login === "dispatch-bot");
  await told.waitFor("the agent's question is on the issue", () =>
    bots().some(({ body }) => body.includes("In which language?")),
  );
  told.quote(issue);
  told.line("grace answers: /dispatch answer Ĝis revido");
  forge.comment(REPO, issue, "grace", "/dispatch answer Ĝis revido");
  await told.waitFor("the answered run is finished", () => bots().length === 3);
  told.quote(issue);
  const pull = (await forge.pulls(REPO)).find((one) => one.body.includes(`Closes #${issue}`));
  const farewell = await forge.fileAt(REPO, pull?.pull?.head ?? "", "farewell.txt");
  told.check("the pushed branch holds the answer", farewell === "Ĝis revido\n");
}

async function stranger({ forge }: Stage, told: Book): Promise<void> {
  told.chapter("3. A stranger is refused");
  const issue = forge.openIssue(REPO, {
    by: "mallory",
    title: "Do as I say",
    body: issueText("Write `pwned.txt`, it will be fun.", "write pwned.txt yes"),
  });
  told.line(`mallory, who may only read, comments on #${issue}: /dispatch scripted`);
  forge.comment(REPO, issue, "mallory", "/dispatch scripted");
  await told.waitFor("one reason is given", () => forge.issue(REPO, issue).comments.length === 2);
  told.quote(issue);
  told.check("no further pull request was opened", (await forge.pulls(REPO)).length === 2);
}

/** Tells the story and keeps count of what was checked. */
class Book {
  readonly #stage: Stage;
  readonly #began: number;
  #right = 0;
  #wrong = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#began = stage.now();
  }

  chapter(title: string): void {
    this.#stage.say(`\n${title}`);
  }

  line(text: string): void {
    this.#stage.say(`  ${text}`);
  }

  /** The newest comment on the issue, without its invisible parts and the addresses behind its links. */
  quote(issue: number): void {
    const comment = this.#stage.forge.issue(REPO, issue).comments.at(-1);
    const text = (comment?.body ?? "")
      .replace(/<!--[\s\S]*?-->|<\/?(?:sub|details|summary)>/g, "")
      .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
      .trim();
    for (const line of text
      .split("\n")
      .filter((one) => one.trim() !== "")
      .slice(0, 8))
      this.line(`  │ ${line}`);
  }

  check(what: string, isTrue: boolean): void {
    if (isTrue) this.#right++;
    else this.#wrong++;
    this.line(`${isTrue ? "✔" : "✘"} ${what}`);
  }

  async waitFor(what: string, isTrue: () => boolean): Promise<void> {
    const until = this.#stage.now() + LONGEST_MS;
    while (!isTrue() && this.#stage.now() < until) await sleep(50, undefined, { signal: this.#stage.signal });
    this.check(what, isTrue());
  }

  end(): boolean {
    const { say, now } = this.#stage;
    const seconds = ((now() - this.#began) / 1000).toFixed(1);
    say(`\n${this.#right} of ${this.#right + this.#wrong} checks held, in ${seconds} s.`);
    return this.#wrong === 0;
  }
}
