# The bot as an image: `docker build --tag video-bot .`; docs/deploy.md says how to run it.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PATH=/opt/video-bot/bin:$PATH
RUN python -m venv /opt/video-bot
COPY constraints.txt pyproject.toml ./
# Every file is compared with its hash; the tools for development go again.
RUN pip install --quiet --require-hashes --requirement constraints.txt
COPY README.md LICENSE ./
COPY bot bot
COPY storage storage
COPY sandbox sandbox
RUN pip install --quiet --no-deps --no-build-isolation . \
    && pip uninstall --quiet --yes $(python -c "import re, tomllib; \
        extras = tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']; \
        print(*(re.match(r'[\w-]+', one)[0] for one in extras['dev']))")

FROM python:3.11-slim-bookworm
# The first process of a container must reap what others leave behind; tini does that alone.
RUN apt-get update --quiet=2 \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin video-bot \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/video-bot /opt/video-bot
# All that is ever written is in the one volume: the store, files on their way, matplotlib's cache.
ENV PATH=/opt/video-bot/bin:$PATH \
    DATABASE_URL=sqlite:////data/video-bot.db \
    TMPDIR=/data \
    MPLCONFIGDIR=/data/matplotlib \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; \
bot = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 3000), timeout=4); \
bot.request('GET', '/healthz'); \
sys.exit(bot.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--", "python", "-m", "bot"]
CMD ["run"]
