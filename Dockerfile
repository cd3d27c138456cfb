# syntax=docker/dockerfile:1
# Everything is installed in the first stage; the second has no compiler, no pip cache and no source control.
FROM python:3.13.7-slim-trixie AS built

WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt requirements-oidc.txt ./
# What only tests need stays out.
RUN grep -v '^pytest' requirements.txt > product.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement product.txt --requirement requirements-oidc.txt \
    && /venv/bin/pip uninstall --yes pip

FROM python:3.13.7-slim-trixie

LABEL org.opencontainers.image.title="Aniworld" \
      org.opencontainers.image.description="Self-hosted manager for a series library" \
      org.opencontainers.image.licenses="MIT"

# tini collects ended processes; the PostgreSQL client makes backups of a PostgreSQL.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client tini tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1000 aniworld \
    && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /data --shell /usr/sbin/nologin aniworld \
    && mkdir -p /data/backups /library \
    && chown -R aniworld:aniworld /data /library

COPY --from=built /venv /venv
WORKDIR /app
COPY manage.py LICENSE ./
COPY aniworld aniworld
COPY providers providers
COPY library library
COPY downloads downloads
COPY integrations integrations
COPY docker/entrypoint.sh /usr/local/bin/entrypoint
COPY docker/healthcheck.py /usr/local/bin/healthcheck
RUN /venv/bin/python -m compileall -q /app && chmod 755 /usr/local/bin/entrypoint /usr/local/bin/healthcheck

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    LIBRARY_DIR=/library \
    HOST=0.0.0.0 \
    PORT=8000 \
    PUID=1000 \
    PGID=1000 \
    UMASK=022

VOLUME ["/data", "/library"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["healthcheck"]

# The entrypoint gives the data folder to PUID and PGID and goes on as them: nothing of the program runs as root.
ENTRYPOINT ["tini", "--", "entrypoint"]
CMD ["python", "manage.py", "up"]
