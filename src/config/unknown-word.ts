/** What is said of a word that is not one of the known ones. */
import { nearest } from "../model/nearest.ts";

/** Says that a word is not one of the known ones. A long word is not repeated: it may be a secret in the wrong place. */
export function unknownWord(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  const shown = word.length <= 20 ? `"${word}" is not one of them` : "is not one of them";
  return meant ? `${shown}; did you mean "${meant}"?` : shown;
}
