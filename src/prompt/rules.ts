/** The sentences every prompt ends with, whatever the template says. Pure. */

export interface RuleFacts {
  readonly mode: "work" | "review";
  readonly branch: string | null;
  /** The branch a pull request is opened against, or null. */
  readonly base: string | null;
  readonly isPull: boolean;
}

const ASKING = `If you cannot go on without an answer (something is unclear, or a decision is not yours), write your question
  to a file named \`BLOCKED.md\` at the top of the checkout and stop. Its text is shown to the people on the issue,
  and you are started again with their answer. Do not commit that file.`;

export function rules(facts: RuleFacts): string {
  return facts.mode === "work" ? workRules(facts) : reviewRules(facts);
}

function workRules({ branch }: RuleFacts): string {
  const where = branch ? ` You are on the branch \`${branch}\`; stay on it.` : "";
  return `- Stay in this directory, the repository's checkout.${where}
- Commit your work with clear messages that say why. Do not rewrite commits that were there before.
- Do not push, and do not open a pull request: that is done for you when you have ended, and you have no access.
- Run the repository's own checks and tests where you can, and say in your last message what you ran.
- ${ASKING}
- End with a short message of what you did and what is left: people read it on the issue.`;
}

function reviewRules(facts: RuleFacts): string {
  return `- Review ${subject(facts)}.
- Change nothing: no edits, no commits, no pushes. Your last message is the result, published as a review.
- Look for bugs, security holes, missing tests and misleading names. Give each finding its file and line, what goes
  wrong and how to mend it; leave out what is only taste.
- Say plainly in the first line whether it is a pass or a fail.
- ${ASKING}`;
}

function subject({ isPull, base }: RuleFacts): string {
  if (base !== null && isPull) return `what this pull request changes (\`git diff origin/${base}...HEAD\`)`;
  if (isPull) return "what this pull request changes, against the branch of origin it is to be merged into";
  return "the last two commits (`git diff HEAD~2`), unless the task names something else";
}
