/** Webhook payloads in Forgejo's shape, by hand: as real ones, with its nulls and without what only GitHub has. */
import type { Delivery } from "../../../src/model/event.ts";

export const ADA = { id: 7, login: "ada", username: "ada", full_name: "", email: "ada@noreply.localhost" };

export function repository(more: object = {}) {
  return {
    id: 1,
    name: "app",
    full_name: "acme/app",
    owner: { id: 2, login: "acme", username: "acme" },
    // As on label events: the poster's, who happens to own the repository.
    permissions: { admin: true, push: true, pull: true },
    ...more,
  };
}

export function subject(more: object = {}) {
  return {
    id: 100,
    number: 3,
    title: "Title",
    body: "Body",
    user: ADA,
    labels: [],
    assignee: null,
    assignees: null,
    html_url: "https://forge.example/acme/app/issues/3",
    state: "open",
    created_at: "2026-11-01T10:00:00+01:00",
    updated_at: "2026-11-01T10:05:00+01:00",
    closed_at: null,
    pull_request: null,
    ...more,
  };
}

export function delivery(event: string, payload: object): Delivery {
  const body = JSON.stringify({ repository: repository(), sender: ADA, ...payload });
  return { id: "1", forge: "codeberg", event, body, receivedAt: 0 };
}
