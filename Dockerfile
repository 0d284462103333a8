# The gateway in a container: no compiler anywhere, for amd64 and arm64.
# Built once for every platform: nothing of what is copied below depends on the processor.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
COPY drivers ./drivers
RUN npm run build && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production UV_THREADPOOL_SIZE=24
# The group of serial ports; its number is that of Debian.
RUN groupadd --system amr && useradd --system --gid amr --groups dialout --home-dir /var/lib/amr amr \
  && install -d -o amr -g amr -m 0700 /var/lib/amr
WORKDIR /opt/amr
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY config ./config
RUN ln -s /opt/amr/dist/src/amr.js /usr/local/bin/amr && chmod +x /opt/amr/dist/src/amr.js
USER amr
VOLUME /var/lib/amr
HEALTHCHECK --interval=20s --timeout=10s --start-period=30s CMD ["amr", "status"]
ENTRYPOINT ["amr"]
CMD ["run", "/etc/amr/gateway.yaml"]
