# Datasette beside the aggregator; see compose.yaml.
FROM python:3.13-slim

RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
        --only-binary :all: "datasette>=0.65,<1"

# The aggregator's user: the database is not for others.
USER 10001:10001
EXPOSE 8001

ENTRYPOINT ["datasette", "serve", "/data/aggregator.db", "--host", "0.0.0.0", "--port", "8001"]
CMD ["--metadata", "/config/datasette.yaml", "--setting", "truncate_cells_html", "200", \
     "--setting", "sql_time_limit_ms", "3000"]
