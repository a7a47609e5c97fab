/** The parts of Forgejo's webhooks that we read. Only what is named here is taken; the rest of a payload is ignored. */
import { z } from "zod";

const user = z.object({ id: z.number().int(), login: z.string() });

const subject = z.object({
  number: z.number().int().positive(),
  title: z.string(),
  body: z.string().nullish(),
  user,
  labels: z.array(z.object({ name: z.string() })).nullish(),
  html_url: z.string(),
  updated_at: z.iso.datetime({ offset: true }),
  closed_at: z.iso.datetime({ offset: true }).nullish(),
  /** On issues: null, not absent, when it is no pull request. */
  pull_request: z.unknown().optional(),
});

/** `repository.permissions` is left out on purpose: on label events it is the poster's, not the sender's. */
const repository = z.object({ name: z.string(), owner: z.object({ login: z.string() }) });

export const commentPayload = z.object({
  action: z.string(),
  issue: subject,
  is_pull: z.boolean().nullish(),
  comment: z.object({
    id: z.number().int(),
    body: z.string(),
    created_at: z.iso.datetime({ offset: true }),
  }),
  repository,
  sender: user,
});

export const issuePayload = z
  .object({
    action: z.string(),
    issue: subject.nullish(),
    pull_request: subject.nullish(),
    repository,
    sender: user,
    /** In no webhook: `replay.ts` writes it, from the issue's timeline. */
    added_label: z.object({ name: z.string(), created_at: z.iso.datetime({ offset: true }) }).optional(),
  })
  .refine(({ issue, pull_request }) => issue || pull_request, "neither issue nor pull_request");

export type Subject = z.infer<typeof subject>;
export type PayloadUser = z.infer<typeof user>;
export type PayloadRepository = z.infer<typeof repository>;
