"""Stands in for flowo's server: accepts each report, and writes down its event and its length.

``python flowo_server.py PORT FILE``. The plugin sends one report per event of Snakemake's log and
waits for the answer; the real server would write it to PostgreSQL in that time.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ANSWER = json.dumps({"context": {"current_workflow_id": "1"}}).encode()


class _Reports(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave together and at once; else the client waits for them by turns.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        event = json.loads(content).get("event") if self.path.endswith("/reports/") else self.path
        with Path(sys.argv[2]).open("a") as file:
            file.write(json.dumps({"event": event, "bytes": len(content)}) + "\n")
        self.send_response(200)
        self.send_header("Content-Length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in the base
        """Print nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Reports).serve_forever()
