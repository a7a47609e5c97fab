/** How accounts come into the fake: people sit down in places of the emulator, the App makes itself known to it. */
import { type ApiRequest, asked, numberAt, textAt } from "./api.ts";
import { type Account, type Directory, placeToken } from "./directory.ts";
import { APP, type Emulator } from "./emulator.ts";
import { signJwt } from "./jwt.ts";
import { must } from "./pipeline.ts";

/** Gives an account of the emulator's a name. */
export async function seat(
  directory: Directory,
  emulator: Emulator,
  login: string,
  bot = false,
): Promise<Account> {
  const place = directory.freePlace();
  const token = placeToken(place);
  const account = { place, login, bot, token, id: 0 };
  directory.accounts.push(account);
  const known = must(await emulator.request(asked("GET", `/users/${login}`, token)), `making ${login}`);
  account.id = numberAt(known, "id");
  return account;
}

/** The emulator makes the App's own account when the App first does something; so it does something. */
export async function seatApp(directory: Directory, emulator: Emulator, owner: Account): Promise<Account> {
  const login = `${APP.slug}[bot]`;
  const send = async (request: ApiRequest) => must(await emulator.request(request), `making ${login}`);
  await send(asked("POST", "/user/repos", owner.token, { name: "nothing", auto_init: true }));
  await send(asked("POST", `/repos/${owner.login}/nothing/issues`, owner.token, { title: "nothing" }));
  const jwt = signJwt(emulator.privateKey, APP.id);
  const installation = await send(asked("GET", `/repos/${owner.login}/nothing/installation`, jwt));
  const path = `/app/installations/${numberAt(installation, "id")}/access_tokens`;
  const token = textAt(await send(asked("POST", path, jwt, {})), "token");
  const issue = `/repos/${owner.login}/nothing/issues/1`;
  const comment = await send(asked("POST", `${issue}/comments`, token, { body: "nothing" }));
  const account = { place: login, id: numberAt(comment, "user", "id"), login, bot: true, token };
  directory.accounts.push(account);
  return account;
}
