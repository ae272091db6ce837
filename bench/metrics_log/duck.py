"""The same sums by DuckDB; run with a Python that has it. Arguments: the file, the number of threads."""

from __future__ import annotations

import sys

import duckdb

COLUMNS = {
    "time": "DOUBLE", "service": "VARCHAR", "route": "VARCHAR", "version": "VARCHAR", "status": "INTEGER",
    "request_time": "DOUBLE", "upstream_status": "VARCHAR",
}  # fmt: skip
QUERY = """
SELECT (time // 100)::BIGINT AS slice, service, route, version,
       CASE WHEN request_time > 0 THEN ceil(ln(request_time * 1000) / ln(1.01 / 0.99)) END AS bucket,
       count(*), count(*) FILTER (status >= 500), count(*) FILTER (contains(upstream_status, ',')), sum(request_time)
FROM read_json(?, format = 'newline_delimited', columns = ?) GROUP BY ALL
"""

connection = duckdb.connect(config={"threads": int(sys.argv[2])})
rows = connection.execute(QUERY, [sys.argv[1], COLUMNS]).fetchall()
print(sum(row[5] for row in rows))
