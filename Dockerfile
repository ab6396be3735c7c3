# Build:  docker build -t security-feed-aggregator .
# Run:    docker run -d --name feeds -p 127.0.0.1:8080:8080 -v feeds-data:/data -v ./feeds.yaml:/config/feeds.yaml:ro \
#             --init --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges security-feed-aggregator
# Ask:    docker exec feeds aggregator status          (any command: the options below come from the environment)

FROM python:3.13-slim AS build

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY aggregator ./aggregator
COPY rules ./rules

# Wheels only, so that no compiler is needed and nothing of a dependency runs while it is installed; the program itself
# is the one thing that is built. Byte-compiled here, since the running container may not write.
RUN python -m venv --without-pip /opt/aggregator \
    && python -m pip --python /opt/aggregator/bin/python install \
        --no-cache-dir --disable-pip-version-check --root-user-action ignore --compile \
        --only-binary :all: --no-binary security-feed-aggregator \
        --constraint constraints.txt '.[notify]'


FROM python:3.13-slim

LABEL org.opencontainers.image.title="security-feed-aggregator" \
      org.opencontainers.image.description="A feed aggregator and mirror for security news" \
      org.opencontainers.image.licenses="Apache-2.0"

# A fixed number, so that a folder of the host can be handed to it: chown 10001:10001 FOLDER
RUN groupadd --system --gid 10001 aggregator \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin aggregator \
    && install -d -o 10001 -g 10001 -m 0750 /data

COPY --from=build /opt/aggregator /opt/aggregator
COPY feeds.yaml /config/feeds.yaml

ENV PATH=/opt/aggregator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AGGREGATOR_CONFIG=/config/feeds.yaml \
    AGGREGATOR_DATA=/data \
    AGGREGATOR_HOST=0.0.0.0 \
    AGGREGATOR_PORT=8080

USER 10001:10001
# Where Python looks for a place for temporary files when /tmp cannot be written.
WORKDIR /data
VOLUME /data
EXPOSE 8080

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['AGGREGATOR_PORT'] + '/health', timeout=4)"]

ENTRYPOINT ["aggregator", "--config", "/config/feeds.yaml", "--data", "/data"]
CMD ["run"]
