/** What happened to issues and pull requests, as GitHub's lists tell it; the emulator forgets pull requests' part. */
import { at, numberAt, textAt } from "./api.ts";

export interface IssueEvent {
  readonly repo: string;
  readonly number: number;
  /** As the API gives it. */
  readonly json: { readonly event: string; readonly created_at: string };
}

const TOLD = ["labeled", "unlabeled", "closed", "reopened"];

export class History {
  readonly events: IssueEvent[] = [];
  /** `owner/name#1` → when it was last changed or spoken on. */
  readonly #touched = new Map<string, string>();

  /** Takes a webhook's event and payload. An event has the time its webhook gives the issue. */
  take(event: string, payload: object): void {
    const about = at(payload, event === "pull_request" ? "pull_request" : "issue");
    const repo = textAt(payload, "repository", "full_name");
    const number = numberAt(about, "number");
    if (Number.isNaN(number)) return;
    const changed = textAt(about, "updated_at");
    const spoken = textAt(payload, "comment", "created_at");
    this.#touched.set(`${repo}#${number}`, later(changed, spoken));
    const action = textAt(payload, "action");
    if (event === "issue_comment" || !TOLD.includes(action)) return;
    const json = {
      id: this.events.length + 1,
      event: action,
      actor: at(payload, "sender"),
      created_at: changed,
      label: at(payload, "label") ?? null,
    };
    this.events.push({ repo, number, json });
  }

  /** The later of what the emulator says and what happened. */
  updatedAt(repo: string, number: number, said: string): string {
    return later(said, this.#touched.get(`${repo}#${number}`) ?? "");
  }
}

function later(one: string, other: string): string {
  return one > other ? one : other;
}
