/**
 * What `codex:review` is told: a review of the pull request, elsewhere of the last two commits. The prompt follows as
 * what the review is for.
 */

const LAST_COMMITS =
  "Review the last two commits of this repository: read `git diff HEAD~2` (all commits, if there are fewer).";

const INSTRUCTIONS = `Look for:
- bugs: what breaks, and with which input
- security: what an attacker could do with it
- missing tests: which behaviour could break without a test failing
- naming: what is called something it is not

Change nothing: no edits, no commits, no new files.

Answer with "pass" or "fail" on the first line, then the specifics: file, line, what is wrong, what would be right.`;

/** `from` is the commit the pull request left its base at; null when there is none. */
export function reviewPrompt(prompt: string, from: string | null): string {
  const what =
    from === null ? LAST_COMMITS : `Review what this pull request changes: read \`git diff ${from} HEAD\`.`;
  const review = `${what}\n\n${INSTRUCTIONS}`;
  return prompt.trim() === "" ? review : `${review}\n\nWhat the review is for:\n\n${prompt}`;
}
