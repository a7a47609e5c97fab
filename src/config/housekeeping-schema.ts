/** What is removed when it is no longer of use, as it is written in agents.yaml. */
import { z } from "zod";
import * as field from "./fields.ts";

export const housekeeping = z.strictObject({
  every: field.durationFrom("1m").default("1h").meta({ description: "How often it is looked for." }),
  workspaces: keep("1h", "7d", "none").prefault({}).meta({
    description: "Checkouts and homes of ended runs, and spare checkouts, since they were last of use.",
  }),
  mirrors: keep("1h", "30d", "none").prefault({}).meta({
    description: "Bare copies of repositories, since their last run; the next run of one fetches it anew.",
  }),
  logs: keep("1h", "30d", "1g")
    .prefault({})
    .meta({ description: "Readable logs of ended runs, since they were written." }),
  deliveries: z
    .strictObject({
      age: field.age("4d").default("30d").meta({
        description:
          "Longest time they are kept once they are dealt with. Forges are asked again for what is three days old.",
      }),
    })
    .prefault({})
    .meta({
      description: "Webhooks, answers given to forges, and copies of logs in PostgreSQL.",
    }),
});

function keep(shortest: string, age: string, size: string) {
  return z.strictObject({
    age: field.age(shortest).default(age).meta({ description: "Longest time they are kept." }),
    size: field.room
      .default(size)
      .meta({ description: "Most room they take up together; beyond it the oldest go first." }),
  });
}
