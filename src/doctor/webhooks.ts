/** Could a forge reach us? The way it would come is tried from here, as far as that can be done from here. */
import type { ForgeConfig } from "../config/config.ts";
import { fails, type Judged, passes, warns } from "../model/finding.ts";
import type { DoctorDeps } from "./doctor.ts";

const CHECK = "webhooks";
const TRY_MS = 10_000;

/** What came back; a status of 0 is no answer at all. */
export interface Answer {
  readonly status: number;
  /** It answers as our own door does when nothing is sent: with 405, and that it takes POST. */
  readonly ours: boolean;
  /** Why there was no answer. */
  readonly why: string;
}

export interface Way {
  readonly url: string;
  readonly path: string;
  readonly listen: string;
  readonly answer: Answer;
  /** Our own server answers on this machine. */
  readonly serving: boolean;
}

export async function tryWebhooks(deps: DoctorDeps, forge: ForgeConfig): Promise<Judged> {
  const { config } = deps;
  if (forge.webhookProxy !== null) return judgeChannel(await ask(deps, forge.webhookProxy));
  if (config.publicUrl === null)
    return warns(
      CHECK,
      "could not be tried: this server's own address is not known",
      "set dispatch.public_url in agents.yaml",
    );
  const path = pathOf(forge, config.forges);
  const url = `${config.publicUrl.replace(/\/+$/, "")}${path}`;
  const host = ["0.0.0.0", "::"].includes(config.host) ? "127.0.0.1" : config.host;
  const local = await ask(deps, `http://${host}:${config.port}${path}`);
  const listen = `${host}:${config.port}`;
  return judgeWay({ url, path, listen, serving: local.ours, answer: await ask(deps, url) });
}

/** Where `setup github` and `forge add-hook` send a forge's webhooks. */
function pathOf(forge: ForgeConfig, all: readonly ForgeConfig[]): string {
  const first = all.find(({ name }) => name === "github") ?? all.find(({ kind }) => kind === "github");
  return forge === first ? "/api/github/webhooks" : `/api/webhooks/${encodeURIComponent(forge.name)}`;
}

async function ask({ fetch }: DoctorDeps, url: string): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(TRY_MS);
    const { status, headers, body } = await fetch(url, { redirect: "manual", signal });
    await body?.cancel();
    return { status, ours: status === 405 && headers.get("allow") === "POST", why: "" };
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown };
    return { status: 0, ours: false, why: cause instanceof Error ? cause.message : "no answer in time" };
  }
}

export function judgeChannel({ status, why }: Answer): Judged {
  if (status >= 200 && status < 400) return passes(CHECK, "come by a channel, which answers");
  const detail = `the channel ${status === 0 ? `cannot be reached: ${why}` : `answers ${status}`}`;
  return fails(CHECK, detail, "make another channel at smee.io, and set it in .env and at the forge");
}

export function judgeWay({ url, path, listen, answer, serving }: Way): Judged {
  const heard = answer.status === 0 ? `cannot be reached: ${answer.why}` : `answers ${answer.status}`;
  if (answer.ours)
    return passes(CHECK, `${url} leads here; whether the forge may go there, only it can tell`);
  if (!serving)
    return warns(
      CHECK,
      `could not be tried: no server of ours answers on ${listen}, and ${url} ${heard}`,
      "start the server, then try again",
    );
  return fails(
    CHECK,
    `${url} ${heard}`,
    `let the proxy in front pass ${path} on to ${listen}, and see to names and firewall`,
  );
}
