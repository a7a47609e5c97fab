/** What `codex:review` is told: a review of the last two commits. The prompt follows as what the review is for. */

const INSTRUCTIONS = `Review the last two commits of this repository: read \`git diff HEAD~2\` (all commits, if there are fewer).

Look for:
- bugs: what breaks, and with which input
- security: what an attacker could do with it
- missing tests: which behaviour could break without a test failing
- naming: what is called something it is not

Change nothing: no edits, no commits, no new files.

Answer with "pass" or "fail" on the first line, then the specifics: file, line, what is wrong, what would be right.`;

export function reviewPrompt(prompt: string): string {
  return prompt.trim() === "" ? INSTRUCTIONS : `${INSTRUCTIONS}\n\nWhat the review is for:\n\n${prompt}`;
}
