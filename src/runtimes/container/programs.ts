/** Looks for an agent's program inside an image, once for each image and program, before anything is started. */
import { posix } from "node:path";
import { Refusal } from "../../model/errors.ts";
import { type Answer, wordsOf } from "./cli.ts";

export interface Programs {
  /** Its absolute path; a Refusal says what to do when it is not there. `image` names what is always the same. */
  find(image: string, name: string, path: string): Promise<string>;
}

const NOT_FOUND = 44;

/** An entry that is no absolute path would be one of the checkout: never run a program from there. */
const LOOK = `name=$1 IFS=:
case $name in /*) [ -x "$name" ] && printf %s "$name" && exit; exit ${NOT_FOUND} ;; esac
for dir in $2; do
  case $dir in /*) [ -f "$dir/$name" ] && [ -x "$dir/$name" ] && printf %s "$dir/$name" && exit ;; esac
done
exit ${NOT_FOUND}`;

/** `look` runs a script inside an image and tells what it printed. */
export function createPrograms(
  look: (image: string, script: string, args: readonly string[]) => Promise<Answer>,
): Programs {
  const known = new Map<string, Promise<string>>();
  return {
    find(image, name, path) {
      const key = JSON.stringify([image, name, path]);
      const found = known.get(key) ?? look(image, LOOK, [name, path]).then((answer) => pathIn(answer, name));
      known.set(key, found);
      // It may be installed, or the engine mended, by the next time.
      found.catch(() => known.delete(key));
      return found;
    },
  };
}

function pathIn(answer: Answer, name: string): string {
  if (answer.code === 0 && posix.isAbsolute(answer.stdout)) return answer.stdout;
  if (answer.code === NOT_FOUND) {
    throw new Refusal(
      `starting ${name}: no executable ${name} in the image`,
      `Use an image that has ${name}, or build it in (\`dispatch.image\`).`,
    );
  }
  throw new Refusal(
    `starting ${name}: the image can not be looked into: ${wordsOf(answer)}`,
    "Use an image that has a POSIX shell at /bin/sh.",
  );
}
