/** Plain pages for a person's browser: what stands on an issue or a pull request. Nothing can be changed here. */
import { layout } from "./layout.ts";
import { escapeHtml, type PathOfNumber, renderMarkdown } from "./markdown.ts";
import { isDraft, iso } from "./shapes.ts";
import type { Issue, Reaction, Repo, State, User } from "./state.ts";
import { findIssue, fullName } from "./state.ts";

const EMOJI: Readonly<Record<string, string>> = {
  "+1": "👍",
  "-1": "👎",
  laugh: "😄",
  hooray: "🎉",
  confused: "😕",
  heart: "❤️",
  rocket: "🚀",
  eyes: "👀",
};

export function homePage(state: State): string {
  const repos = state.repos.filter((repo) => !repo.private);
  const items = repos.map((repo) => `<li>${link(`/${fullName(repo)}`, fullName(repo))}</li>`);
  return layout("Local forge", `<h1>Local forge</h1><ul class="list">${items.join("")}</ul>`);
}

export function repoPage(repo: Repo): string {
  const rows = [...repo.issues].reverse().map((issue) => {
    const kind = issue.pull ? "pull request" : "issue";
    return `<li>${badge(issue)} ${link(pathOf(issue), issue.title)} <small>#${issue.number}, ${kind}</small>${labels(issue)}</li>`;
  });
  const name = escapeHtml(fullName(repo));
  return layout(
    fullName(repo),
    `<h1>${name}</h1><ul class="list">${rows.join("") || "<li>No issues yet.</li>"}</ul>`,
  );
}

/** `diff` is given for a pull request. */
export function issuePage(state: State, issue: Issue, diff: string | null): string {
  const pathOfNumber: PathOfNumber = (number) => {
    const other = findIssue(issue.repo, number);
    return other && pathOf(other);
  };
  const text = (markdown: string) => renderMarkdown(markdown, pathOfNumber);
  const parts = [
    `<p>${link(`/${fullName(issue.repo)}`, fullName(issue.repo))}</p>`,
    `<h1>${escapeHtml(issue.title)} <small>#${issue.number}</small></h1>`,
    `<p>${badge(issue)} ${branches(issue)}${labels(issue)}${time(state, issue)}</p>`,
    card("description", issue.by, issue.createdAt, text(issue.body), issue.reactions, ""),
    ...issue.comments.map((one) =>
      card(
        `issuecomment-${one.id}`,
        one.by,
        one.createdAt,
        text(one.body),
        one.reactions,
        one.edits ? "edited" : "",
      ),
    ),
    ...(issue.pull?.reviews ?? []).map((one) =>
      card(`review-${one.id}`, one.by, one.at, text(one.body), [], `review, ${one.state.toLowerCase()}`),
    ),
    diff === null ? "" : `<h2>Changes</h2><pre class="diff">${diffLines(diff)}</pre>`,
  ];
  return layout(`${issue.title} #${issue.number}`, parts.join("\n"));
}

function pathOf(issue: Issue): string {
  return `/${fullName(issue.repo)}/${issue.pull ? "pulls" : "issues"}/${issue.number}`;
}

function link(path: string, text: string): string {
  return `<a href="${escapeHtml(path)}">${escapeHtml(text)}</a>`;
}

function badge(issue: Issue): string {
  const word = issue.pull && isDraft(issue) && issue.state === "open" ? "draft" : issue.state;
  return `<span class="badge ${word}">${word}</span>`;
}

function branches({ pull }: Issue): string {
  if (pull === null) return "";
  return `<code>${escapeHtml(pull.head)}</code> into <code>${escapeHtml(pull.base)}</code>`;
}

function labels(issue: Issue): string {
  return issue.labels.map(({ name }) => ` <span class="label">${escapeHtml(name)}</span>`).join("");
}

function time(state: State, issue: Issue): string {
  const seconds = issue.times.reduce((sum, entry) => sum + entry.seconds, 0);
  const running = [...state.stopwatches.values()].some((one) => one.issue === issue);
  const words = [seconds > 0 ? `${seconds} s booked` : "", running ? "clock running" : ""].filter(Boolean);
  return words.length > 0 ? ` <small>⏱ ${words.join(", ")}</small>` : "";
}

function card(
  id: string,
  by: User,
  at: number,
  html: string,
  reactions: readonly Reaction[],
  note: string,
): string {
  const when = iso(at).replace("T", " ").replace("Z", " UTC");
  const faces = reactions.map(
    (one) => `<span title="${escapeHtml(one.by.login)}">${EMOJI[one.content] ?? ""}</span>`,
  );
  return `<article id="${id}"><header><b>${escapeHtml(by.login)}</b> ${when} <small>${note}</small></header>
<div class="text">${html || "<p><i>No text.</i></p>"}</div>
${faces.length > 0 ? `<footer>${faces.join(" ")}</footer>` : ""}</article>`;
}

function diffLines(diff: string): string {
  const classOf = (line: string) =>
    line.startsWith("@@") ? "at" : line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "";
  return diff
    .split("\n")
    .map((line) => `<span class="${classOf(line)}">${escapeHtml(line)}</span>`)
    .join("\n");
}
