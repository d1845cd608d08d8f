# Stageline's worker, projector and web page; the command says which: docker run stageline worker
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY processors processors
COPY projections projections
# No extras: no test tools, and no local Kafka and Valkey, which are containers of their own here.
RUN python -m venv /opt/stageline && /opt/stageline/bin/pip install --no-cache-dir .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/stageline --create-home stageline
COPY --from=build /opt/stageline /opt/stageline
ENV PATH=/opt/stageline/bin:$PATH PYTHONUNBUFFERED=1 STAGELINE_HOME=/var/lib/stageline
WORKDIR /var/lib/stageline
USER 10001
ENTRYPOINT ["stageline"]
CMD ["--help"]
