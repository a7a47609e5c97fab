# The bot itself, not the agents. Two stages: the compiler stays behind. It starts agents beside itself, in containers,
# through the socket of a docker or podman that is handed in: docs/operations.md says what that means and how to avoid
# it. All state is in DATA_DIR, which must be mounted at the same path that it has on the host.
ARG BASE=node:24-slim
# Where the client that talks to the socket comes from; it speaks to docker, and to podman's service.
ARG CLIENT=docker:28-cli

FROM ${CLIENT} AS client

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${BASE}
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git tini \
  && rm -rf /var/lib/apt/lists/*
COPY --from=client /usr/local/bin/docker /usr/local/bin/docker
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json app.yml agents.schema.json ./
COPY templates ./templates
COPY images ./images
RUN mkdir /srv/agent-dispatch && chown node:node /srv/agent-dispatch
# The base's own user, with the id 1000. Another one (`--user`) works as well, if DATA_DIR is that user's.
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/srv/agent-dispatch
VOLUME /srv/agent-dispatch
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Takes in what is left behind when something ends, and hands signals on.
ENTRYPOINT ["tini", "--", "node", "dist/main.js"]
CMD ["start"]
