/** The API's stopwatches and times, with Forgejo's refusals. */
import { addTime, startStopwatch, stopStopwatch } from "../actions/time.ts";
import type { Instance } from "../instance.ts";
import { mayWrite } from "../rights.ts";
import { ApiNo, type ApiRequest, page, type Route, route } from "../router.ts";
import { iso, timeShape } from "../shapes.ts";
import type { Issue } from "../state.ts";
import { issueOf } from "./lookup.ts";

const ISSUE = "/repos/:owner/:repo/issues/:index";

export function timeRoutes(instance: Instance): Route[] {
  return [...stopwatchRoutes(instance), ...bookRoutes(instance)];
}

function stopwatchRoutes(instance: Instance): Route[] {
  const trackable = (request: ApiRequest): Issue => {
    const issue = issueOf(instance, request);
    const allowed = issue.repo.timeTracking && mayWrite(issue.repo, request.by);
    if (!allowed) throw new ApiNo(403, "Cannot use stopwatch");
    return issue;
  };
  const end = (book: boolean, status: number) => (request: ApiRequest) => {
    if (stopStopwatch(instance, trackable(request), request.by, book)) return { status };
    throw new ApiNo(409, "cannot stop a non existent stopwatch");
  };
  return [
    route(`POST ${ISSUE}/stopwatch/start`, (request) => {
      if (startStopwatch(instance, trackable(request), request.by)) return { status: 201 };
      throw new ApiNo(409, "cannot start a stopwatch again if it already exists");
    }),
    route(`POST ${ISSUE}/stopwatch/stop`, end(true, 201)),
    route(`DELETE ${ISSUE}/stopwatch/delete`, end(false, 204)),
    route("GET /user/stopwatches", (request) => {
      const running = instance.state.stopwatches.get(request.by.id);
      return page(running ? [running] : [], request.query, ({ issue, startedAt }) => ({
        created: iso(startedAt),
        seconds: Math.floor((instance.now() - startedAt) / 1000),
        issue_index: issue.number,
        issue_title: issue.title,
        repo_owner_name: issue.repo.owner.login,
        repo_name: issue.repo.name,
      }));
    }),
  ];
}

function bookRoutes(instance: Instance): Route[] {
  return [
    route(`GET ${ISSUE}/times`, (request) => {
      const issue = issueOf(instance, request);
      if (!issue.repo.timeTracking) throw new ApiNo(404, "Timetracker is disabled");
      const user = request.query.get("user");
      const since = Date.parse(request.query.get("since") ?? "1970-01-01");
      const times = issue.times.filter((one) => one.at >= since && (user === null || one.by.login === user));
      return page(times, request.query, (entry) => timeShape(instance.url, issue, entry));
    }),
    route(`POST ${ISSUE}/times`, (request) => {
      const issue = issueOf(instance, request);
      if (!issue.repo.timeTracking) throw new ApiNo(400, "time tracking disabled");
      if (!mayWrite(issue.repo, request.by)) throw new ApiNo(403, "user has no permission");
      const { time, created } = request.body;
      if (typeof time !== "number" || !Number.isInteger(time) || time === 0)
        throw new ApiNo(422, "[Time]: Required");
      const at = typeof created === "string" ? Date.parse(created) : instance.now();
      // `user_name` counts only for administrators of the instance, of whom there are none; others get no error.
      const entry = addTime(instance, issue, request.by, time, Math.floor(at / 1000) * 1000);
      return { status: 200, body: timeShape(instance.url, issue, entry) };
    }),
  ];
}
