/** The App's own token: a JWT signed with its private key. */
import { createPublicKey, createSign, createVerify } from "node:crypto";

export function signJwt(privateKey: string, appId: number): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: now - 60, exp: now + 300, iss: appId })}`;
  return `${content}.${createSign("RSA-SHA256").update(content).sign(privateKey, "base64url")}`;
}

export function isSignedBy(privateKey: string, jwt: string): boolean {
  const [head, claims, signature = ""] = jwt.split(".");
  const verify = createVerify("RSA-SHA256").update(`${head}.${claims}`);
  return verify.verify(createPublicKey(privateKey), signature, "base64url");
}
