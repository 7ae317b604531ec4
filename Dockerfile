# The wheel is built apart, so that the image holds no build tools and runs as nobody in particular.
FROM python:3.12-slim AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY proxy ./proxy
RUN KEYLESS_COMPILE=1 pip wheel --no-cache-dir --wheel-dir /wheels '.[redis,otel]'

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels 'keyless[redis,otel]' \
 && useradd --system --uid 10001 --home-dir /etc/keyless keyless
# What many connections have used goes back to the system once they are gone (proxy/memory.py).
ENV PYTHONMALLOC=malloc
WORKDIR /etc/keyless
COPY deploy/config.yaml ./config.yaml
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/-/healthz', timeout=2)"]
# SIGTERM drains; the config listens on 0.0.0.0, which Keyless refuses without client keys (or `anyone: true`).
ENTRYPOINT ["keyless"]
CMD ["run", "-c", "config.yaml"]
