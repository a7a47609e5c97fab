/**
 * Takes the key out of what a provider answers: some repeat it in an error ("invalid key: …"). Byte for byte and of the
 * same length, so that a Content-Length stays true. Nothing is held back but an end that may be the key's beginning.
 */
import { Transform } from "node:stream";

export function concealing(secret: string): Transform {
  const key = Buffer.from(secret, "utf8");
  let kept: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const bytes = Buffer.concat([kept, chunk]);
      for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length))
        bytes.fill("*", at, at + key.length);
      const open = openEnd(bytes, key);
      kept = bytes.subarray(bytes.length - open);
      done(null, bytes.subarray(0, bytes.length - open));
    },
    flush(done) {
      done(null, kept);
    },
  });
}

/** How many bytes at the end may be the beginning of the key. */
function openEnd(bytes: Buffer, key: Buffer): number {
  const most = Math.min(bytes.length, key.length - 1);
  for (let length = most; length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(key.subarray(0, length))) return length;
  }
  return 0;
}
