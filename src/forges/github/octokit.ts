/**
 * The Octokit to construct Probot with: no retries and no throttling of its own, so that an effect fails at once and
 * its owner decides when to try again. Given as a function because Probot puts its own throttle settings over plain
 * defaults, and would then let a pull request wait for three seconds after a comment.
 */
import { ProbotOctokit } from "probot";

export const GithubOctokit: typeof ProbotOctokit = ProbotOctokit.defaults((options: object) => ({
  ...options,
  retry: { enabled: false },
  throttle: { enabled: false },
}));
