# The images of Trellis: `npm run images`, or any builder after `npm run build`:
#   docker build --target node -t trellis-node .
#   docker build --target operator -t trellis-operator .
#   docker build --target agent -t trellis-agent --build-arg BASE=... .   with nft, tc and ip in the base, too
# Node and the libraries it loads are taken out of the base; nothing else of it is left: no shell, no package manager.
# BASE is any image with Node 26 at /usr/local/bin/node and the C library that Node is linked with.
ARG BASE=docker.io/library/node:26-slim

FROM ${BASE} AS files
COPY tools/image-files.ts LICENSE /build/
COPY dist /build/dist
COPY node_modules /build/node_modules
RUN ["/usr/local/bin/node", "/build/image-files.ts", "/build", "/image"]

# Both images begin with this layer: a machine that runs both stores it once.
FROM scratch AS runtime
COPY --from=files /image/runtime/ /
ENV PATH=/usr/local/bin
USER 65532:65532
WORKDIR /app

FROM runtime AS node
COPY --from=files /image/node/ /app/
# What a node process runs with stands in operator/local/program.ts; `npm run images` gives it here.
ARG NODE_OPTIONS
ARG MALLOC_ARENA_MAX
ENV NODE_OPTIONS=${NODE_OPTIONS} MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX}
ENTRYPOINT ["/usr/local/bin/node", "/app/node.js"]
EXPOSE 4001 4002 8080 8081
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trellis-node" \
      org.opencontainers.image.description="A node of a Trellis testnet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM runtime AS operator
COPY --from=files /image/operator/ /app/
ENTRYPOINT ["/usr/local/bin/node", "/app/operator.js"]
EXPOSE 8081 8082
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trellis-operator" \
      org.opencontainers.image.description="Runs Trellis testnets on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Root, because the kernel takes rules from root only; the pod gives it NET_ADMIN and nothing else.
FROM runtime AS agent
COPY --from=files /image/agent/ /
USER 0:0
# Fails here when the base had no such program.
RUN ["/usr/sbin/nft", "--version"]
RUN ["/usr/sbin/tc", "-V"]
ENV PATH=/usr/local/bin:/usr/sbin
ENTRYPOINT ["/usr/local/bin/node", "/app/agent.js"]
EXPOSE 7075
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trellis-agent" \
      org.opencontainers.image.description="Makes the faults of Trellis experiments in the network of a node" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
