/** What happened on a forge, in our words. Adapters turn payloads into these; nothing else reads a payload. */
import type { Actor, IssueSnapshot, RepoRef } from "./run.ts";

/** A webhook as it arrived, signature already checked, on disk before it was answered. */
export interface Delivery {
  /** The forge's delivery id; unique with `forge`. */
  readonly id: string;
  readonly forge: string;
  /** The event's name as the forge's header gives it. */
  readonly event: string;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

interface EventBase {
  readonly repo: RepoRef;
  readonly issue: IssueSnapshot;
  readonly by: Actor & { readonly bot: boolean };
  /** Epoch milliseconds on the forge's clock. */
  readonly at: number;
  /** The same for two deliveries of the same happening. */
  readonly key: string;
}

export interface CommentCreated extends EventBase {
  readonly kind: "comment";
  readonly commentId: string;
  readonly body: string;
}

/** Labels changed. GitHub names the added one; Forgejo only tells the whole new set. */
export interface LabelsChanged extends EventBase {
  readonly kind: "labels";
  readonly added: string | null;
  readonly labels: readonly string[];
}

/** The issue was closed or deleted, or the pull request merged: a queued run for it has lost its point. */
export interface IssueClosed extends EventBase {
  readonly kind: "closed";
}

export type Event = CommentCreated | LabelsChanged | IssueClosed;
