/** Where the contract's tests play: one world, one receiver of its webhooks, a fresh repository for each test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Forge } from "../../../src/forges/forge.ts";
import type { Delivery, Event } from "../../../src/model/event.ts";
import type { RepoRef } from "../../../src/model/run.ts";
import type { ForgeWorld, WorldDelivery, WorldUser } from "../../fakes/forge-world.ts";

export interface ForgeSubject {
  readonly world: ForgeWorld;
  /** The adapter for the world's bot, made with the secret last set. */
  forgeWith(changes?: ForgeChanges): Forge;
  /** Makes the organisation too. */
  createTeam(org: string, team: string, members: readonly string[]): Promise<void>;
}

export interface ForgeChanges {
  readonly timeoutMs?: number;
  /** With a token, key or App that the forge does not know. */
  readonly badCredentials?: boolean;
}

export interface Setting extends ForgeSubject {
  readonly forge: Forge;
  /** A new repository with a `README.md`, and `ada`, who may write to it. */
  repo(): Promise<Place>;
  /** The first delivery about the repository that fits, as the webhook's receiver would hand it on. */
  delivered(place: Place, fits: (delivery: WorldDelivery) => boolean): Promise<WorldDelivery>;
  /** The events of all deliveries about the repository, when there are at least so many. */
  events(place: Place, atLeast: number): Promise<readonly Event[]>;
  close(): Promise<void>;
}

export interface Place {
  /** `owner/name` */
  readonly name: string;
  readonly ref: RepoRef;
  readonly ada: WorldUser;
}

const SECRET = "a secret of more than sixteen characters";

export async function settingOf(subject: ForgeSubject): Promise<Setting> {
  const { world } = subject;
  const receiver = createServer((req, res) => {
    req.resume().on("end", () => res.writeHead(204).end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  world.setHook(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, SECRET);
  const forge = subject.forgeWith();
  const ada = await world.createUser("ada");
  let count = 0;
  const about = (place: Place) => world.deliveries().filter((one) => repoIn(one) === place.name);
  return {
    world,
    forgeWith: subject.forgeWith,
    createTeam: subject.createTeam,
    forge,
    async repo() {
      count += 1;
      const name = await world.createRepo({
        owner: "acme",
        name: `app-${count}`,
        files: { "README.md": "# App\n" },
      });
      await world.grant(name, "ada", "write");
      return { name, ref: { forge: forge.name, owner: "acme", name: `app-${count}` }, ada };
    },
    async delivered(place, fits) {
      await world.waitFor(() => about(place).some(fits), "a delivery");
      const found = about(place).find(fits);
      if (!found) throw new Error("the delivery is gone");
      return found;
    },
    async events(place, atLeast) {
      const read = () => about(place).flatMap((one) => forge.parse(received(forge, one)));
      await world.waitFor(() => read().length >= atLeast, `${atLeast} events`);
      return read();
    },
    async close() {
      await world.close();
      receiver.closeAllConnections();
      await new Promise((resolve) => receiver.close(resolve));
    },
  };
}

/** What the webhook room would put into the inbox. */
export function received(forge: Forge, { headers, body }: WorldDelivery): Delivery {
  const identity = forge.identify(headers);
  if (identity === null) throw new Error("the forge does not know its own webhook");
  return { ...identity, forge: forge.name, body, receivedAt: 0 };
}

function repoIn({ body }: WorldDelivery): string | undefined {
  return (JSON.parse(body) as { repository?: { full_name?: string } }).repository?.full_name;
}
