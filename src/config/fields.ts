/**
 * The kinds of values agents.yaml is made of. `title` says in words what is allowed: it is shown in errors, in editors
 * and in docs/configuration.md.
 */
import { z } from "zod";
import { DURATION, durationMs, durationText, LONGEST_MS, OLDEST_MS, SIZE } from "./units.ts";

export const duration = z
  .string()
  .regex(DURATION)
  .refine(noLonger(LONGEST_MS), "is longer than 240h")
  .meta({ title: "a duration such as 90s, 30m or 2h" });

/** A duration of at least `shortest`, itself one. */
export const durationFrom = (shortest: string) =>
  duration
    .refine(noShorter(shortest), `is shorter than ${shortest}`)
    .meta({ title: `a duration from ${shortest}` });

/** How often something is done, or `never`. */
export const interval = (shortest: string) =>
  z
    .string()
    .regex(or("never", DURATION))
    .refine(noLonger(LONGEST_MS), "is longer than 240h")
    .refine(noShorter(shortest), `is shorter than ${shortest}`)
    .meta({ title: `a duration from ${shortest}, or never` });

/** How old something may become, or `none`. */
export const age = (shortest: string) =>
  z
    .string()
    .regex(or("none", DURATION))
    .refine(noLonger(OLDEST_MS), `is longer than ${durationText(OLDEST_MS)}`)
    .refine(noShorter(shortest), `is shorter than ${shortest}`)
    .meta({ title: `an age from ${shortest} on such as 12d, or none` });

/** How much of something may be kept, or `none`. */
export const room = z.string().regex(or("none", SIZE)).meta({ title: "a size such as 512m or 20g, or none" });

function or(word: string, pattern: RegExp): RegExp {
  return new RegExp(`^${word}$|${pattern.source}`);
}

/** Says nothing of what is no duration: the pattern has refused it already. */
function noLonger(longestMs: number) {
  return (text: string): boolean => !DURATION.test(text) || durationMs(text) <= longestMs;
}

function noShorter(shortest: string) {
  return (text: string): boolean => !DURATION.test(text) || durationMs(text) >= durationMs(shortest);
}

export const size = z.string().regex(SIZE).meta({ title: "a size such as 512k, 256m or 4g" });

export const count = z.int().min(1).max(1_000_000).meta({ title: "a whole number from 1" });

export const flag = z.boolean().meta({ title: "true or false" });

export const text = z.string().trim().min(1).meta({ title: "a text that is not empty" });

export const path = z
  .string()
  .min(1)
  .meta({ title: "a path; a relative one starts at the folder of this file" });

export const containerUser = z
  .string()
  .regex(/^[1-9]\d{0,8}:\d{1,9}$/)
  .meta({ title: "a user's and a group's number such as 1000:1000, the user not 0" });

export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .meta({ title: "a URL that begins with https:// or http://" });

export const variable = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]*$/)
  .meta({ title: "the name of an environment variable, such as CODEBERG_TOKEN, never its value" });

export const plainVariable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .meta({ title: "an environment variable's name" });

export const plainValue = z.string().meta({ title: "a text; numbers and true or false in quotes" });

export const forgeName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/)
  .meta({ title: "a forge's name: small letters, digits and -" });

export const agentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]*$/)
  .meta({ title: "an agent's name: small letters, digits, - and _" });

/** `name` or `name:model`. */
export const agentChoice = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]*(:[A-Za-z0-9][A-Za-z0-9._:/-]*)?$/)
  .meta({ title: "an agent, or an agent and a model: codex, codex:gpt-5" });

export const modelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*$/)
  .meta({ title: "a model's name" });

export const login = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._[\]-]*$/)
  .meta({ title: "a login on the forge" });

export const team = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .meta({ title: "organisation/team" });

export const repositoryPattern = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*\/([A-Za-z0-9._-]+|\*)$/)
  .meta({ title: "owner/name, or owner/* for all of an owner's" });

export const templateName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)
  .meta({ title: "a template's name" });

const NETWORK_CHOICES = ["open", "allowlist", "none"] as const;
export const network = z.enum(NETWORK_CHOICES).meta({ title: NETWORK_CHOICES.join(", ") });

/** `host`, `*.host` or an address, each with a port or without. */
export const hostPattern = z
  .string()
  .regex(/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$/)
  .meta({ title: "a host, or *.host for all below it, with or without :port" });

export const RUNTIME_CHOICES = ["auto", "native", "docker", "podman", "apple"] as const;
export const runtime = z.enum(RUNTIME_CHOICES).meta({ title: RUNTIME_CHOICES.join(", ") });
