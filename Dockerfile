# The gateway in a container. docs/docker.md says how to run it.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run build && mkdir /packed && npm pack --workspace packages/gateway --ignore-scripts --pack-destination /packed

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="moltbot" org.opencontainers.image.licenses="MIT"
COPY --from=build /packed /packed
RUN npm install --global --ignore-scripts --omit=dev /packed/*.tgz && npm cache clean --force && rm -r /packed \
  && install --directory --owner=node --group=node --mode=0700 /data
ENV NODE_ENV=production MOLTBOT_STATE_DIR=/data XDG_CACHE_HOME=/data/.cache
USER node
WORKDIR /data
VOLUME /data
EXPOSE 18789 18793
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["moltbot", "health"]
# A container has an address of its own: what listens on its loopback only cannot be reached from outside.
CMD ["moltbot", "gateway", "--bind", "lan"]
